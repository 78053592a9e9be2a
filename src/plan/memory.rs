//! Predicted peak memory of the process, stage by stage.

use super::types::*;
use super::{Optimizer, StagePlan, StatisticsOrigin};
use crate::augment::SampleGraph;
use crate::data::lengths;
use crate::graph::Graph;

/// Records per forward pass when features are read.
pub const READ_BATCH: usize = Reading::BATCH;

/// The program itself: code, thread stacks, the allocator's first pages.
const PROGRAM: f64 = 60.0 * 1024.0 * 1024.0;
/// The program before its first stage.
const PLANNING: f64 = 40.0 * 1024.0 * 1024.0;
/// What an allocator holds back, and scratch of products, beside the tensors that come and go: so many times those. Parameters and what
/// an optimiser remembers of them stay where they are.
const SLACK: f64 = 1.3;
/// What the threads' heaps keep of what was freed in other sizes: this share of the tensors, at most so many bytes. Measured over the
/// recipes (`cargo bench --bench memory`).
const KEPT_SHARE: f64 = 1.0 / 3.0;
const KEPT_MOST: f64 = 40.0 * 1024.0 * 1024.0;
/// Batches that the loader keeps ready: two, and one for each of two threads.
const READY: usize = 4;
/// What each further thread of the loader keeps for itself: its heap, and a picture while it is decoded. Measured on JPEGs of 160 by 160
/// and 224 by 224 pixels with 1, 2 and 8 threads.
const WORKER: f64 = 9.0 * 1024.0 * 1024.0;
/// Bytes of a number.
const F32: f64 = 4.0;

/// Predicts the memory of a plan's stages.
pub struct Memory {
    /// Bytes of the data sets that are held in memory.
    data: f64,
    /// Bytes that data sets take for a moment while a stage runs.
    passing: f64,
    /// The same before the first stage, of what is measured there: that is given back.
    before: f64,
    /// Threads of the loader beyond two.
    workers: usize,
    /// Threads that keep something for themselves: all of them, where records come out of pages that several share.
    keeping: usize,
}

impl Memory {
    /// Adds up what the whole plan holds.
    pub fn new(plan: &Plan) -> Self {
        let measured: Vec<usize> = plan
            .stages
            .iter()
            .filter_map(|stage| {
                let Body::Train(training) = &stage.body else {
                    return None;
                };
                let origin = training.normalized.as_ref()?.origin;
                let measured = matches!(origin, StatisticsOrigin::Measured { .. });
                measured.then(|| training.data.dataset.resident_key())
            })
            .collect();
        let mut known: Vec<(usize, f64)> = Vec::new();
        let (mut passing, mut before) = (0.0_f64, 0.0_f64);
        let mut paged = false;
        for stage in &plan.stages {
            for (_, view) in stage.data() {
                let bytes = view.dataset.resident_bytes() as f64;
                // splits of one file, or views of one split, hold it once
                let key = view.dataset.resident_key();
                if known.iter().any(|(own, _)| *own == key) {
                    continue;
                }
                known.push((key, bytes));
                let moment = match measured.contains(&key) {
                    true => &mut before,
                    false => &mut passing,
                };
                *moment = moment.max(view.dataset.passing_bytes() as f64);
                paged |= view.dataset.passing_bytes() > 0;
            }
        }
        let workers = RunSettings::new(&plan.recipe.run).workers();
        Self {
            data: known.iter().map(|(_, bytes)| bytes).sum(),
            passing,
            before,
            workers: workers.saturating_sub(2),
            keeping: match paged {
                true => workers,
                false => workers.saturating_sub(2),
            },
        }
    }

    /// Bytes at the worst moment of one stage.
    pub fn stage(&self, stage: &StagePlan) -> u64 {
        let slots = |optimizer: &Optimizer| match optimizer {
            Optimizer::Sgd { momentum, .. } if *momentum == 0.0 => 0,
            Optimizer::Sgd { .. } | Optimizer::Lars { .. } | Optimizer::Adagrad { .. } => 1,
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } | Optimizer::LazyAdam { .. } => 2,
        };
        let train = |graph: &Graph, settings: &Settings| {
            let slots = slots(&settings.optimizer);
            match settings.recompute {
                true => graph.peak_memory_in_segments(settings.batch, slots) as f64,
                false => graph.peak_memory(settings.batch, true, slots) as f64,
            }
        };
        let judged = |e: &Evaluation| {
            let own = e.heads.as_ref().map(|heads| &heads.own.train);
            let encoder = judging(e, width_of(e), usize::MAX, own, &train) + table(e);
            let taught = e.taught.as_ref().and_then(|taught| taught.heads.as_ref());
            let taught = taught.map_or(0.0, |heads| {
                let records = heads.records.as_ref();
                let queue = records.map_or(0.0, |own| batches(&own.samples, heads.settings.batch));
                train(&heads.own.train, &heads.settings) + queue
            });
            encoder.max(taught)
        };
        let tensors = match &stage.body {
            Body::Fit(_) => 0.0,
            Body::Train(t) => {
                let kept = F32
                    * t.graph.parameter_count() as f64
                    * (1 + slots(&t.settings.optimizer)) as f64;
                let monitor = t.monitor.as_ref().map_or(0.0, |monitor| {
                    let (evaluation, bank) = (&monitor.evaluation, monitor.bank);
                    let own = evaluation.heads.as_ref().map(|heads| &heads.own.train);
                    let wide = width_of(evaluation);
                    kept + judging(evaluation, wide, bank, own, &train) + table(evaluation)
                });
                let ready = match t.settings.by_length {
                    true => lengths::SPAN as f64,
                    false => 1.0,
                };
                let queue = ready * batches(&t.samples, t.settings.batch);
                let work = kept + super::epoch::held(t, read);
                train(&t.graph, &t.settings).max(monitor).max(work) + queue
            }
            Body::Evaluate(e) => {
                let told = e.told.as_ref();
                let told = told.map(|told| told.graph.peak_memory(READ_BATCH, false, 0) as f64);
                let encoder = judged(e).max(e.beside.as_deref().map_or(0.0, judged));
                let encoder = encoder.max(told.unwrap_or(0.0));
                let raw = e.heads.as_ref().map(|heads| &heads.raw.train);
                match &e.reading {
                    Some(reading) => {
                        encoder.max(working(e, pixels(reading), usize::MAX, raw, &train))
                    }
                    None => encoder,
                }
            }
            Body::Export(e) => {
                let table = e.table.as_ref();
                // the model, the rows, and the file with up to 12 bytes a number
                let numbers = table.map_or(0, |(table, _)| table.rows * table.dim);
                e.graph.peak_memory(1, false, 0) as f64 + (3.0 + 3.0) * F32 * numbers as f64
            }
        };
        let staying = match &stage.body {
            // with their gradients
            Body::Train(t) => t.graph.parameter_count() * (2 + slots(&t.settings.optimizer)),
            Body::Evaluate(e) => match &e.reading {
                Some(reading) => reading.graph.parameter_count(),
                None => 0,
            },
            Body::Fit(_) | Body::Export(_) => 0,
        };
        let staying = (F32 * staying as f64).min(tensors);
        let kept = (KEPT_SHARE * tensors).min(KEPT_MOST);
        let one = match &stage.body {
            Body::Train(t) => batches(&t.samples, t.settings.batch),
            Body::Evaluate(e) => match (&e.reading, &e.heads) {
                (Some(reading), _) => batches(&reading.samples, reading.batch),
                (
                    None,
                    Some(Heads {
                        records: Some(records),
                        settings,
                        ..
                    }),
                ) => batches(&records.samples, settings.batch),
                (None, _) => {
                    let told = e.told.as_ref();
                    told.and_then(|told| told.ways.first())
                        .map_or(0.0, |way| batches(&way.samples, READ_BATCH))
                }
            },
            Body::Fit(_) | Body::Export(_) => 0.0,
        } / READY as f64;
        let further = match one > 0.0 {
            true => self.workers as f64 * one + self.keeping as f64 * WORKER,
            false => 0.0,
        };
        let going = SLACK * (tensors - staying);
        let running = PROGRAM + self.passing + staying + going + kept + further;
        (self.data + running.max(PLANNING + self.before)) as u64
    }
}

/// The rows of an encoder's table: in the model, as they were read, and where they are multiplied.
fn table(evaluation: &Evaluation) -> f64 {
    let numbers = evaluation.table.as_ref();
    3.0 * F32 * numbers.map_or(0, |table| table.rows * table.dim) as f64
}

/// Reading one batch of features: the graph, and the batches that the loader keeps ready.
fn read(reading: &Reading) -> f64 {
    let Reading {
        graph,
        samples,
        batch,
        ..
    } = reading;
    graph.peak_memory(*batch, false, 0) as f64 + batches(samples, *batch)
}

/// Batches that the loader keeps ready.
fn batches(samples: &SampleGraph, batch: usize) -> f64 {
    let record: usize = samples.outputs().iter().map(|(_, ty)| ty.bytes()).sum();
    (record * batch * READY) as f64
}

/// Numbers that stand for one record where no encoder has read it, without its label.
fn pixels(reading: &Reading) -> usize {
    if let Some((_, _, width)) = reading.raw {
        return width;
    }
    let seen = reading.samples.outputs().iter();
    let seen = seen.filter(|(_, ty)| ty.as_label().is_none());
    seen.map(|(_, ty)| ty.numbers()).sum()
}

/// Numbers that an evaluator keeps of each record.
fn width_of(evaluation: &Evaluation) -> usize {
    let places = evaluation
        .reading
        .iter()
        .flat_map(|reading| &reading.places);
    places.map(|(_, _, dim)| *dim).sum()
}

/// Rows of `wide` numbers are read, of the first split at most `most`, then judged.
fn judging(
    evaluation: &Evaluation,
    wide: usize,
    most: usize,
    trained: Option<&Graph>,
    train: &dyn Fn(&Graph, &Settings) -> f64,
) -> f64 {
    let reading = evaluation
        .reading
        .as_ref()
        .map_or(0.0, |reading| read(reading) + held(evaluation, wide, most));
    reading.max(working(evaluation, wide, most, trained, train))
}

/// An evaluator on rows of `wide` numbers: the rows, what it holds beside them, what it trains.
fn working(
    evaluation: &Evaluation,
    wide: usize,
    most: usize,
    trained: Option<&Graph>,
    train: &dyn Fn(&Graph, &Settings) -> f64,
) -> f64 {
    let own = evaluation
        .evaluator()
        .map_or(0, |evaluator| evaluator.working(&evaluation.records(most)));
    let training = match (trained, &evaluation.heads) {
        (Some(graph), Some(heads)) => train(graph, &heads.settings),
        _ => 0.0,
    };
    held(evaluation, wide, most) + F32 * own as f64 + training
}

/// Rows of `wide` numbers of the splits that are held: of those that heads are trained with, the ones that must be there.
fn held(evaluation: &Evaluation, wide: usize, most: usize) -> f64 {
    let all = evaluation.heads.is_none();
    let records = evaluation.splits.iter().zip(evaluation.records(most));
    let held = records.filter(|(split, _)| all || split.want.required);
    F32 * (wide * held.map(|(_, records)| records).sum::<usize>()) as f64
}

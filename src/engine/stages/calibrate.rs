//! Predicted time: a few real steps of each stage, timed and scaled up.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Instant;

use super::failure::Failure;
use super::features::Through;
use super::fit::Batches;
use super::times::Times;
use super::{Run, Silent};
use crate::data::evenly;
use crate::data::kmeans::lloyd;
use crate::engine::{Batch, Device, HostTensor, Model, Trainer};
use crate::graph::{DType, EpochWork, Graph, Op};
use crate::language::Diagnostic;
use crate::plan::{
    Body, DataView, Evaluation, Plan, Reading, Records, RunSettings, Settings, StagePlan, Training,
};

/// Steps that warm caches and threads up.
const WARM: usize = 3;
/// Steps that are timed.
const TIMED: usize = 12;
/// Records that are read for timing features.
const RECORDS: usize = 1024;

/// Predicted seconds of each stage.
///
/// # Errors
/// The data can't be read, or a step fails.
pub fn calibrate(plan: &Plan) -> Result<Vec<f64>, Box<Diagnostic>> {
    let start = plan
        .stages
        .first()
        .map_or_else(Default::default, |stage| stage.span);
    let settings = RunSettings::new(&plan.recipe.run);
    super::super::set_threads(settings.threads)
        .map_err(|error| Failure::from(error).diagnostic(start))?;
    let run = Run {
        plan,
        workers: settings.workers(),
        device: Device::open(&settings.device)
            .map_err(|error| Failure::from(error).diagnostic(start))?,
        settings,
        directory: None,
        beside: Vec::new(),
        stages: BTreeMap::new(),
        manifests: BTreeMap::new(),
        times: RefCell::new(Times::nowhere()),
        told: Default::default(),
    };
    plan.stages
        .iter()
        .map(|stage| {
            run.seconds(stage)
                .map_err(|failure| failure.diagnostic(stage.span))
        })
        .collect()
}

impl Run<'_> {
    fn seconds(&self, stage: &StagePlan) -> Result<f64, Failure> {
        match &stage.body {
            Body::Fit(f) => {
                let began = Instant::now();
                let (read, all) = f.learn_some(RECORDS)?;
                Ok(began.elapsed().as_secs_f64() * all as f64 / read.max(1) as f64)
            }
            Body::Train(t) => {
                let mut stream = self.stream(
                    &t.data.dataset,
                    &t.samples,
                    &t.bindings,
                    &t.settings,
                    t.data.span,
                    0,
                    0,
                )?;
                let steps = self.step_seconds(&t.graph, &t.settings, stream.as_mut())?
                    * t.settings.steps as f64;
                let readings = match &t.monitor {
                    Some(m) => {
                        let once = self.judging_seconds(&m.evaluation, m.bank, 1.0, 0.0)?;
                        once * (t.settings.steps / m.every) as f64
                    }
                    None => 0.0,
                };
                let epochs = t
                    .settings
                    .steps
                    .div_ceil(t.settings.batches_per_epoch.max(1));
                let work = match epochs {
                    0 => 0.0,
                    epochs => self.epoch_seconds(t)? * epochs as f64,
                };
                Ok(steps + readings + work)
            }
            Body::Evaluate(e) => {
                let own = self.judging_seconds(e, usize::MAX, 2.0, 1.0)?;
                Ok(match &e.beside {
                    Some(beside) => own + self.judging_seconds(beside, usize::MAX, 1.0, 0.0)?,
                    None => own,
                })
            }
            Body::Export(_) => Ok(0.0),
        }
    }

    /// Seconds of columns with an encoder, and of those without, reading at most so many records of the first split.
    fn judging_seconds(
        &self,
        evaluation: &Evaluation,
        most: usize,
        encoders: f64,
        raw: f64,
    ) -> Result<f64, Failure> {
        let mut seconds = 0.0;
        // what heads choose by is read with them
        let all = evaluation.heads.is_none();
        let read = evaluation.splits.iter();
        let read = read.filter(|split| all || split.want.required);
        if let (Some(reading), Some(split)) = (&evaluation.reading, read.clone().next_back()) {
            let records = evaluation.records(most).into_iter().take(read.count());
            let records = records.sum::<usize>() as f64;
            seconds += encoders * records * self.read_seconds(reading, &split.data)?;
        }
        if let (Some(heads), Some(first)) = (&evaluation.heads, evaluation.splits.first()) {
            let settings = &heads.settings;
            for (graphs, times) in [(&heads.own, encoders), (&heads.raw, raw)] {
                if times == 0.0 {
                    continue;
                }
                let graph = &graphs.train;
                let mut stream: Box<dyn Batches> = match &heads.records {
                    None => Box::new(Zeros::new(graph, settings)),
                    Some(Records {
                        samples, bindings, ..
                    }) => {
                        let (dataset, span) = (&first.data.dataset, first.data.span);
                        self.stream(dataset, samples, bindings, settings, span, 0, 0)?
                    }
                };
                let step = self.step_seconds(graph, settings, stream.as_mut())?;
                seconds += times * step * settings.steps as f64;
            }
        }
        Ok(seconds)
    }

    fn step_seconds(
        &self,
        graph: &Graph,
        settings: &Settings,
        batches: &mut dyn Batches,
    ) -> Result<f64, Failure> {
        let model = Model::init(graph, self.settings.seed, &self.device)?;
        let mut trainer = Trainer::new(
            model,
            settings.optimizer.clone(),
            settings.groups.clone(),
            0,
        );
        let mut began = Instant::now();
        let warm = WARM.min(settings.steps as usize);
        let timed = TIMED.min(settings.steps as usize).max(1);
        for step in 0..warm + timed {
            if step == warm {
                self.device.sync();
                began = Instant::now();
            }
            let mut parts = Vec::new();
            for _ in 0..settings.accumulate {
                parts.push(batches.next()?);
            }
            trainer.step(
                graph,
                &parts,
                settings.optimizer.rate() * 1e-3,
                settings.clip,
            )?;
        }
        self.device.sync();
        Ok(began.elapsed().as_secs_f64() / timed as f64)
    }

    /// Seconds of the work before one epoch.
    fn epoch_seconds(&self, training: &Training) -> Result<f64, Failure> {
        let mut seconds = 0.0;
        for reading in &training.fillings {
            let records = training.data.dataset.len() as f64;
            seconds += records * self.read_seconds(reading, &training.data)?;
        }
        for work in &training.graph.work {
            let EpochWork::KMeans { centres, .. } = work else {
                continue;
            };
            let sizes = |state: &crate::graph::State| [state.shape[0], state.shape[1].max(1)];
            let Some([k, width]) = training.graph.state_of(*centres).map(sizes) else {
                continue;
            };
            // one iteration over as many rows as keep a core busy for a moment
            let rows: Vec<f32> = (0..k.max(RECORDS) * width).map(|i| i as f32).collect();
            let centres = rows[..k * width].to_vec();
            let began = Instant::now();
            lloyd(&rows, width, centres, 1, &mut |_| true);
            let pairs = 2.0 * (k * rows.len() / width) as f64;
            let distances = crate::plan::epoch::distances(&training.graph, work);
            seconds += began.elapsed().as_secs_f64() * distances / pairs;
        }
        Ok(seconds)
    }

    /// Seconds to read one record's features.
    fn read_seconds(&self, reading: &Reading, data: &DataView) -> Result<f64, Failure> {
        let model = self.fresh(&reading.graph)?;
        let vars: Vec<_> = reading.places.iter().map(|(_, var, _)| *var).collect();
        let read = Through::Graph(&reading.graph, &model, &vars, &reading.shorter);
        let some = |records: usize| DataView {
            dataset: evenly(data.dataset.clone(), records),
            ..data.clone()
        };
        self.features(&some(256), reading, &read, "", "", &mut Silent)?;
        let (some, began) = (some(RECORDS), Instant::now());
        self.features(&some, reading, &read, "", "", &mut Silent)?;
        Ok(began.elapsed().as_secs_f64() / some.dataset.len().max(1) as f64)
    }
}

/// Batches of zeros of the sizes that a graph wants.
struct Zeros(Batch);

impl Zeros {
    fn new(graph: &Graph, settings: &Settings) -> Self {
        let mut batch = Batch::new();
        for node in &graph.nodes {
            let Op::Input(name) = &node.op else {
                continue;
            };
            let shape: Vec<usize> = node
                .shape
                .iter()
                .map(|size| size.at(settings.batch))
                .collect();
            let count = shape.iter().product();
            let tensor = match node.dtype {
                DType::F32 => HostTensor::f32(vec![0.0; count], &shape),
                DType::Int => HostTensor::int(vec![0; count], &shape),
            };
            batch.insert(name.clone(), tensor);
        }
        Self(batch)
    }
}

impl Batches for Zeros {
    fn next(&mut self) -> Result<Batch, Failure> {
        Ok(self.0.clone())
    }
}

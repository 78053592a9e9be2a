//! The heavy work that evaluators ask for: rows multiplied, heads trained.

use super::failure::{Failure, stopped};
use super::features::{BATCH, View, bound};
use super::fit::{Batches, Fit};
use super::valid::readings;
use super::work::Work;
use super::{Run, Watch, quiet, stop_asked};
use crate::data::kmeans::best_of;
use crate::engine::inputs::graph_of;
use crate::engine::{
    Batch, HostTensor, Model, Rows as DeviceRows, Trainer, features as evaluate, numbers,
};
use crate::evaluation::{
    Failed, Features, Heads, LABEL, Lab, Measured, Read, Rows, Scene, Shuffled, answers,
};
use crate::graph::{Graph, Totals};
use crate::language::codes::Code;
use crate::plan;

/// Rows that go through a head at once.
const ROWS: usize = 1024;

/// What one column is made on.
pub(super) struct Bench<'a> {
    run: &'a Run<'a>,
    work: &'a Work<'a>,
    watch: &'a mut dyn Watch,
    failure: Option<Failure>,
}

impl<'a> Bench<'a> {
    pub fn new(run: &'a Run<'a>, work: &'a Work<'a>, watch: &'a mut dyn Watch) -> Self {
        Self {
            run,
            work,
            watch,
            failure: None,
        }
    }

    /// Why something failed.
    pub fn why(self) -> Option<Failure> {
        self.failure
    }

    /// Keeps why.
    fn keep<T>(&mut self, made: Result<T, Failure>) -> Result<T, Failed> {
        made.map_err(|failure| {
            self.failure.get_or_insert(failure);
            Failed
        })
    }

    /// What is trained, and its graphs for what is judged now.
    fn heads(&self) -> Result<(&'a plan::Heads, &'a plan::Graphs), Failure> {
        let heads = self.work.evaluation.heads.as_ref().ok_or_else(unread)?;
        Ok(match self.work.whose.is_raw() {
            true => (heads, &heads.raw),
            false => (heads, &heads.own),
        })
    }

    /// Their evaluation graph on shorter texts.
    fn shorter(&self) -> &'a [Graph] {
        let heads = self.work.evaluation.heads.as_ref();
        let records = heads.and_then(|heads| heads.records.as_ref());
        match self.work.whose.is_raw() {
            true => &[],
            false => records.map_or(&[], |records| &records.shorter),
        }
    }

    fn train_heads(&mut self, data: &Read, valid: Option<&Read>) -> Result<Model, Failure> {
        let (run, work) = (self.run, self.work);
        let (heads, graphs) = self.heads()?;
        let (graph, eval, settings) = (&graphs.train, &graphs.eval, &heads.settings);
        let stage = work.stage.name.as_str();
        let names = work.places();
        let model = match &heads.records {
            None => run.fresh(graph)?,
            Some(_) => run.start(work, graph)?,
        };
        let own = work.data(0);
        let mut batches = |epoch: u64, index: u64| -> Result<Box<dyn Batches + '_>, Failure> {
            match (data, &heads.records, &own) {
                (Read::Rows(features), ..) => Ok(Box::new(RowBatches {
                    names: &names,
                    features,
                    rows: Shuffled::new(
                        run.settings.seed,
                        features.records,
                        settings.batch,
                        settings.batches_per_epoch,
                        epoch * settings.batches_per_epoch + index,
                    ),
                })),
                (Read::Records(_), Some(records), Some(data)) => {
                    let stream: Box<dyn Batches> = run.stream(
                        &data.dataset,
                        &records.samples,
                        &records.bindings,
                        settings,
                        data.span,
                        epoch,
                        index,
                    )?;
                    Ok(stream)
                }
                _ => Err(unread()),
            }
        };
        let frozen = heads.records.as_ref();
        let frozen = frozen.and_then(|records| records.frozen.as_deref());
        let Some(directory) = work.directory else {
            let quiet = quiet::Training {
                stage,
                graph,
                settings,
                frozen,
                span: work.stage.span,
            };
            return quiet.train(run, model, &mut batches, self.watch);
        };
        let fit = Fit {
            stage,
            name: work.whose.part(),
            graph,
            shorter: &[],
            settings,
            directory,
            frozen,
            collapse: None,
            before_epoch: None,
            span: work.stage.span,
            keeps_end: false,
        };
        let shorter = self.shorter();
        let mut reading = |trainer: &Trainer, step: u64, watch: &mut dyn Watch| {
            let last = settings.watches() && step == settings.steps;
            match (valid, &heads.records) {
                (Some(_), _) if !last && !step.is_multiple_of(settings.valid_every()) => {
                    Ok(Vec::new())
                }
                (Some(Read::Rows(features)), _) => {
                    row_losses(run, eval, &trainer.result(), &names, features)
                }
                (Some(Read::Records(split)), Some(records)) => {
                    let model = trainer.result();
                    split_view(work, *split, records, settings, |view| {
                        run.valid(
                            (eval, shorter),
                            &model,
                            view,
                            &records.bindings,
                            stage,
                            watch,
                        )
                    })
                }
                _ => Ok(Vec::new()),
            }
        };
        fit.train(run, model, &mut batches, &mut reading, self.watch)
    }
}

impl Lab for Bench<'_> {
    fn rows<'l>(&'l mut self, rows: Vec<f32>, width: usize) -> Result<Box<dyn Rows + 'l>, Failed> {
        let rows = DeviceRows::new(&self.run.device, rows, width).map_err(Failure::from);
        let rows = self.keep(rows)?;
        Ok(Box::new(Multiplied { bench: self, rows }))
    }

    fn k_means(
        &mut self,
        rows: &[f32],
        width: usize,
        k: usize,
        starts: usize,
    ) -> Result<Vec<u32>, Failed> {
        let stage = &self.work.stage.name;
        self.watch.begin(stage, "k-means", 0, starts as u64);
        let watch = &mut *self.watch;
        let found = best_of(rows, width, k, starts, &mut |done| {
            watch.advance(done as u64);
            !stop_asked()
        });
        self.keep(found.ok_or_else(|| stopped(stage)))
    }

    fn scene(&mut self, record: usize) -> Result<Scene, Failed> {
        let scene = match stop_asked() {
            true => Err(stopped(&self.work.stage.name)),
            false => self.run.scene(self.work, record),
        };
        self.keep(scene)
    }

    fn train<'l>(
        &'l mut self,
        data: &Read,
        valid: Option<&Read>,
    ) -> Result<Box<dyn Heads + 'l>, Failed> {
        let trained = self.train_heads(data, valid);
        let model = self.keep(trained)?;
        Ok(Box::new(Trained { bench: self, model }))
    }
}

/// Rows on the device.
struct Multiplied<'l, 'a> {
    bench: &'l mut Bench<'a>,
    rows: DeviceRows,
}

impl Rows for Multiplied<'_, '_> {
    fn products(&mut self, queries: &[f32]) -> Result<Vec<f32>, Failed> {
        let products = match stop_asked() {
            true => Err(stopped(&self.bench.work.stage.name)),
            false => self.rows.products(queries).map_err(Failure::from),
        };
        self.bench.keep(products)
    }

    fn weighted(&mut self, weights: &[f32]) -> Result<Vec<f32>, Failed> {
        let sums = match stop_asked() {
            true => Err(stopped(&self.bench.work.stage.name)),
            false => self.rows.weighted(weights).map_err(Failure::from),
        };
        self.bench.keep(sums)
    }
}

/// Heads with what they have learnt.
struct Trained<'l, 'a> {
    bench: &'l mut Bench<'a>,
    model: Model,
}

impl Trained<'_, '_> {
    fn ask(
        &mut self,
        of: &Read,
        see: &mut dyn FnMut(usize, &[f32], &[u32]),
    ) -> Result<(), Failure> {
        let (run, work) = (self.bench.run, self.bench.work);
        let (heads, graphs) = self.bench.heads()?;
        let (model, eval) = (&self.model, &graphs.eval);
        let shorter = self.bench.shorter();
        let mut answer = |fields: &Batch, labels: &[u32]| -> Result<(), Failure> {
            let graph = graph_of(shorter, eval, fields);
            let made = evaluate(graph, model, fields, &answers(graph))?;
            for (head, logits) in made.iter().enumerate() {
                see(head, logits.as_f32().unwrap_or_default(), labels);
            }
            Ok(())
        };
        match (of, &heads.records) {
            (Read::Rows(features), _) => {
                let names = work.places();
                let all: Vec<u32> = (0..features.records as u32).collect();
                for rows in all.chunks(ROWS) {
                    answer(&gather(&names, features, rows), &labels_of(features, rows))?;
                }
                Ok(())
            }
            (Read::Records(split), Some(records)) => {
                let said = work.evaluation.splits.get(*split);
                let said = said.map_or("", |split| split.want.said);
                let watch = &mut *self.bench.watch;
                split_view(work, *split, records, &heads.settings, |view| {
                    let mut seen = 0;
                    run.read(view, &work.stage.name, said, watch, &mut |batch, watch| {
                        if batch.size == 0 {
                            return Ok(());
                        }
                        let fields = std::mem::take(&mut batch.fields);
                        let fields: Batch = bound(fields, &records.bindings).collect();
                        let Some(HostTensor::Int { data: labels, .. }) = fields.get(LABEL) else {
                            return Ok(());
                        };
                        let labels: Vec<u32> = labels.iter().map(|label| *label as u32).collect();
                        answer(&fields, &labels)?;
                        seen += labels.len() as u64;
                        watch.advance(seen);
                        Ok(())
                    })
                })
            }
            _ => Err(unread()),
        }
    }
}

impl Heads for Trained<'_, '_> {
    fn answers(
        &mut self,
        of: &Read,
        see: &mut dyn FnMut(usize, &[f32], &[u32]),
    ) -> Result<(), Failed> {
        let asked = self.ask(of, see);
        self.bench.keep(asked)
    }
}

/// A split as records in the view of evaluation.
fn split_view<T>(
    work: &Work<'_>,
    split: usize,
    records: &plan::Records,
    settings: &plan::Settings,
    see: impl FnOnce(&View<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let data = work.data(split).ok_or_else(unread)?;
    see(&View {
        data: &data,
        samples: &records.view,
        batch: BATCH,
        on_bad: settings.on_bad,
        by_length: !work.whose.is_raw() && !records.shorter.is_empty(),
        epoch: 0,
    })
}

/// An evaluator asks for what it did not say it wants.
fn unread() -> Failure {
    let message = "an evaluator asks for what it did not say it wants";
    Failure::new(Code::Unavailable, message)
}

/// Objectives and metrics over rows.
fn row_losses(
    run: &Run<'_>,
    eval: &Graph,
    model: &Model,
    names: &[String],
    features: &Features,
) -> Result<Vec<Measured>, Failure> {
    let all: Vec<u32> = (0..features.records as u32).collect();
    let mut totals = Totals::of(eval);
    let wanted = totals.wanted();
    for (number, rows) in all.chunks(ROWS).enumerate() {
        let batch = gather(names, features, rows);
        let seed = run.settings.seed;
        let values = numbers(eval, model, &batch, &wanted, seed, number as u64)?;
        totals.add(&values, rows.len());
    }
    Ok(readings(eval, &totals))
}

/// Batches of rows.
struct RowBatches<'a> {
    names: &'a [String],
    features: &'a Features,
    rows: Shuffled,
}

impl Batches for RowBatches<'_> {
    fn next(&mut self) -> Result<Batch, Failure> {
        let rows = self.rows.next_batch();
        Ok(gather(self.names, self.features, &rows))
    }
}

fn labels_of(features: &Features, rows: &[u32]) -> Vec<u32> {
    let label = |row: &u32| features.labels.get(*row as usize).copied();
    rows.iter().filter_map(label).collect()
}

/// Rows of each place and their classes, under the names of the heads' inputs.
fn gather(names: &[String], features: &Features, rows: &[u32]) -> Batch {
    let mut batch = Batch::new();
    for (index, name) in names.iter().enumerate() {
        let dim = features.dims[index];
        let mut data = Vec::with_capacity(rows.len() * dim);
        for row in rows {
            let row = *row as usize;
            data.extend_from_slice(&features.places[index][row * dim..(row + 1) * dim]);
        }
        batch.insert(name.clone(), HostTensor::f32(data, &[rows.len(), dim]));
    }
    let labels: Vec<i64> = labels_of(features, rows)
        .into_iter()
        .map(i64::from)
        .collect();
    let count = labels.len();
    batch.insert(LABEL.into(), HostTensor::int(labels, &[count]));
    batch
}

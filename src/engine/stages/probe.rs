//! Classifiers on frozen features: of the trained encoder, of the untrained one, of pixels.

use super::failure::Failure;
use super::features::{Features, Read};
use super::fit::{Batches, Fit};
use super::valid::Means;
use super::{Run, StageDirectory, Watch};
use crate::data::Philox;
use crate::engine::{Batch, HostTensor, features as evaluate, losses};
use crate::graph::Graph;
use crate::plan::{Probe, Settings, StagePlan};
use crate::report::ResultRow;

/// Rows of features in a shuffled order that its epoch decides.
struct Rows<'a> {
    names: &'a [String],
    features: &'a Features,
    seed: u64,
    batch: usize,
    per_epoch: u64,
    number: u64,
    order: (u64, Vec<u32>),
}

impl Batches for Rows<'_> {
    fn next(&mut self) -> Result<Batch, Failure> {
        let epoch = self.number / self.per_epoch;
        if self.order.1.is_empty() || self.order.0 != epoch {
            let mut rng = Philox::new(self.seed, &[Philox::part("probe"), epoch]);
            self.order = (epoch, rng.permutation(self.features.labels.len()));
        }
        let start = (self.number % self.per_epoch) as usize * self.batch;
        self.number += 1;
        // records that were left out make the epoch shorter than planned: it starts again
        let order = self.order.1.iter().copied().cycle();
        let rows: Vec<u32> = order.skip(start).take(self.batch).collect();
        Ok(gather(self.names, self.features, &rows))
    }
}

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
    let labels = rows
        .iter()
        .map(|row| i64::from(features.labels[*row as usize]))
        .collect();
    batch.insert("label".into(), HostTensor::int(labels, &[rows.len()]));
    batch
}

/// Scales every feature of all splits by the mean and the deviation of the first.
fn standardize(train: &mut Features, others: &mut [Features]) {
    for (place, dim) in train.dims.clone().into_iter().enumerate() {
        let rows = train.labels.len().max(1) as f64;
        let mut mean = vec![0f64; dim];
        let mut square = vec![0f64; dim];
        for row in train.places[place].chunks_exact(dim) {
            for (j, x) in row.iter().enumerate() {
                mean[j] += f64::from(*x);
                square[j] += f64::from(*x) * f64::from(*x);
            }
        }
        let scale: Vec<(f32, f32)> = mean
            .iter()
            .zip(&square)
            .map(|(sum, square)| {
                let mean = sum / rows;
                let std = (square / rows - mean * mean).max(0.0).sqrt();
                // a feature that never changes says nothing: it becomes 0
                (
                    mean as f32,
                    if std > 1e-6 { (1.0 / std) as f32 } else { 0.0 },
                )
            })
            .collect();
        for features in std::iter::once(&mut *train).chain(others.iter_mut()) {
            for row in features.places[place].chunks_exact_mut(dim) {
                for (x, (mean, inverse)) in row.iter_mut().zip(&scale) {
                    *x = (*x - mean) * inverse;
                }
            }
        }
    }
}

/// `10 epochs`
pub(super) fn epochs(settings: &Settings) -> String {
    match (settings.steps as f64 / settings.steps_per_epoch()).round() {
        1.0 => "1 epoch".into(),
        n => format!("{n} epochs"),
    }
}

/// Accuracy of logits `[rows, classes]`, in f64 counts.
pub(super) fn right(logits: &[f32], labels: impl Iterator<Item = u32>, classes: usize) -> usize {
    logits
        .chunks_exact(classes)
        .zip(labels)
        .filter(|(row, label)| {
            let mut best = 0;
            for class in 1..classes {
                if row[class] > row[best] {
                    best = class;
                }
            }
            best as u32 == *label
        })
        .count()
}

impl Run<'_> {
    pub(super) fn probe(
        &self,
        stage: &StagePlan,
        probe: &Probe,
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<Vec<ResultRow>, Failure> {
        let vars: Vec<_> = probe
            .reading
            .places
            .iter()
            .map(|(_, var, _)| *var)
            .collect();
        let places: Vec<String> = probe
            .reading
            .places
            .iter()
            .map(|(name, ..)| name.clone())
            .collect();
        let graph = &probe.reading.graph;
        let trained = self.trained(&probe.from, graph)?;
        let untrained = self.untrained(&probe.from, graph)?;
        let pixels = ["pixels".to_owned()];
        let mut columns = Vec::new();
        for (name, read, head, eval, names) in [
            (
                "",
                Read::Places(graph, &trained, vars.clone()),
                &probe.head,
                &probe.head_eval,
                &places[..],
            ),
            (
                "untrained",
                Read::Places(graph, &untrained, vars.clone()),
                &probe.head,
                &probe.head_eval,
                &places[..],
            ),
            (
                "pixels",
                Read::Pixels,
                &probe.raw,
                &probe.raw_eval,
                &pixels[..],
            ),
        ] {
            columns.push(self.judge(
                stage,
                probe,
                directory,
                name,
                &read,
                (head, eval),
                names,
                watch,
            )?);
        }
        let rows: Vec<ResultRow> = places
            .iter()
            .enumerate()
            .map(|(i, place)| ResultRow {
                stage: stage.name.clone(),
                evaluator: probe.evaluator.clone(),
                protocol: format!(
                    "at {place}, {}, {}",
                    epochs(&probe.settings),
                    probe.reading.protocol
                ),
                metric: "accuracy".into(),
                value: columns[0][i],
                untrained: Some(columns[1][i]),
                raw: Some(columns[2][0]),
                supervised: None,
                left_out: Default::default(),
                repaired: Default::default(),
            })
            .collect();
        let best = rows.iter().map(|row| row.value).fold(0.0, f64::max);
        watch.end(&format!("{} · {:.1}%", stage.name, 100.0 * best));
        Ok(rows)
    }

    /// Trains the heads on one kind of features and returns their test accuracies.
    #[allow(clippy::too_many_arguments)]
    fn judge(
        &self,
        stage: &StagePlan,
        probe: &Probe,
        directory: &StageDirectory,
        name: &str,
        read: &Read<'_>,
        (head, eval): (&Graph, &Graph),
        names: &[String],
        watch: &mut dyn Watch,
    ) -> Result<Vec<f64>, Failure> {
        let what = if name.is_empty() { "trained" } else { name };
        let mut train = self.features(
            &probe.train,
            &probe.reading,
            read,
            &stage.name,
            &format!("{what} features"),
            watch,
        )?;
        let mut others = Vec::new();
        for (view, split) in std::iter::once((&probe.test, "test"))
            .chain(probe.valid.iter().map(|valid| (valid, "validation")))
        {
            others.push(self.features(
                view,
                &probe.reading,
                read,
                &stage.name,
                &format!("{what} {split} features"),
                watch,
            )?);
        }
        standardize(&mut train, &mut others);
        let test = &others[0];
        let fit = Fit {
            stage: &stage.name,
            name,
            graph: head,
            settings: &probe.settings,
            directory,
            frozen: None,
            before_epoch: None,
            span: stage.span,
        };
        let settings = &probe.settings;
        let features = &train;
        let model = fit.train(
            self,
            self.fresh(head)?,
            &mut |epoch, index| {
                Ok(Box::new(Rows {
                    names,
                    features,
                    seed: self.settings.seed,
                    batch: settings.batch,
                    per_epoch: settings.batches_per_epoch,
                    number: epoch * settings.batches_per_epoch + index,
                    order: (0, Vec::new()),
                }))
            },
            &mut |trainer, step, _| {
                let last = settings.watches() && step == settings.steps;
                match others.get(1) {
                    Some(valid) if last || step % settings.valid_every() == 0 => {
                        let model = trainer.result();
                        let all: Vec<u32> = (0..valid.labels.len() as u32).collect();
                        let mut means = Means::new();
                        for (number, rows) in all.chunks(1024).enumerate() {
                            let batch = gather(names, valid, rows);
                            let seed = self.settings.seed;
                            let values = losses(eval, &model, &batch, seed, number as u64)?;
                            means.add(&values, rows.len());
                        }
                        Ok(means.readings(eval))
                    }
                    _ => Ok(Vec::new()),
                }
            },
            watch,
        )?;
        let vars: Vec<_> = eval
            .places
            .iter()
            .filter(|place| place.name.ends_with("/logits"))
            .map(|place| place.var)
            .collect();
        let mut found = vec![0usize; vars.len()];
        let all: Vec<u32> = (0..test.labels.len() as u32).collect();
        for rows in all.chunks(1024) {
            let logits = evaluate(eval, &model, &gather(names, test, rows), &vars)?;
            for (index, logits) in logits.iter().enumerate() {
                let labels = rows.iter().map(|row| test.labels[*row as usize]);
                found[index] += right(logits.as_f32().unwrap_or(&[]), labels, probe.classes);
            }
        }
        Ok(found
            .iter()
            .map(|n| *n as f64 / test.labels.len().max(1) as f64)
            .collect())
    }
}

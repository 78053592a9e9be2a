//! The loss of a split that is not trained on.

use std::sync::Arc;

use super::Run;
use super::failure::{Failure, interrupted};
use super::features::{host, on_bad_sample};
use super::watch::{Watch, stop_asked};
use crate::augment::SampleGraph;
use crate::data::{Loader, LoaderOptions};
use crate::engine::{Batch, Model, losses};
use crate::graph::Graph;
use crate::plan::DataView;

/// A split as the graph's inputs.
pub(super) struct View<'a> {
    /// The split.
    pub data: &'a DataView,
    /// What makes a batch of its records.
    pub samples: &'a Arc<SampleGraph>,
    /// From the fields of the batch to the graph's inputs.
    pub bindings: &'a [(String, String)],
    /// Records per forward pass.
    pub batch: usize,
    /// Goes without records that can't be read.
    pub skip: bool,
}

/// Means over batches, each as heavy as it is large.
pub(super) struct Means {
    sums: Vec<f64>,
    rows: usize,
}

impl Means {
    pub fn new() -> Self {
        Self {
            sums: Vec::new(),
            rows: 0,
        }
    }

    pub fn add(&mut self, values: &[f64], rows: usize) {
        self.sums.resize(values.len(), 0.0);
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum += value * rows as f64;
        }
        self.rows += rows;
    }

    /// `valid.loss`, the sum of the objectives, then each metric by its name.
    pub fn readings(self, graph: &Graph) -> Vec<(String, f64)> {
        let rows = self.rows.max(1) as f64;
        let objectives = graph.objectives.len();
        let loss = self.sums.iter().take(objectives).sum::<f64>() / rows;
        let metrics = graph.metrics.iter().zip(self.sums.iter().skip(objectives));
        let mut read = vec![("valid.loss".to_owned(), loss)];
        read.extend(metrics.map(|(named, sum)| (format!("valid.{}", named.name), sum / rows)));
        read
    }
}

impl Run<'_> {
    /// Objectives and metrics of a graph over a split: every record once, in order, always in the same views.
    pub(super) fn valid(
        &self,
        graph: &Graph,
        model: &Model,
        view: &View<'_>,
        stage: &str,
        watch: &mut dyn Watch,
    ) -> Result<Vec<(String, f64)>, Failure> {
        let total = view.data.dataset.len();
        watch.begin(stage, "validation", 0, total as u64);
        let loader = Loader::new(
            view.data.dataset.clone(),
            view.samples.clone(),
            LoaderOptions {
                on_bad_sample: on_bad_sample(view.skip),
                ..LoaderOptions::evaluation(view.batch, self.settings.seed, self.workers)
            },
        )
        .map_err(|error| Failure::from(error).at(view.data.span))?;
        let mut means = Means::new();
        for batch in loader {
            if stop_asked() {
                return Err(interrupted(stage, 0));
            }
            let batch = batch.map_err(|error| Failure::from(error).at(view.data.span))?;
            for bad in &batch.skipped {
                self.left_out(stage, bad, watch);
            }
            let (rows, number) = (batch.size, batch.index);
            if rows == 0 {
                continue;
            }
            let mut fields = Batch::new();
            for (name, field) in batch.fields {
                if let Some((_, input)) = view.bindings.iter().find(|(own, _)| *own == name) {
                    fields.insert(input.clone(), host(field));
                }
            }
            let values = losses(graph, model, &fields, self.settings.seed, number)?;
            means.add(&values, rows);
            watch.advance(means.rows as u64);
        }
        Ok(means.readings(graph))
    }
}

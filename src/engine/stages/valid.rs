//! The loss of a split that is not trained on.

use super::Run;
use super::failure::Failure;
use super::features::{View, bound};
use super::watch::Watch;
use crate::engine::{Batch, Model, losses};
use crate::evaluation::{Measure, Measured};
use crate::graph::Graph;

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
    pub fn readings(self, graph: &Graph) -> Vec<Measured> {
        let rows = self.rows.max(1) as f64;
        let objectives = graph.objectives.len();
        let loss = self.sums.iter().take(objectives).sum::<f64>() / rows;
        let metrics = graph.metrics.iter().zip(self.sums.iter().skip(objectives));
        let mut read = vec![Measured {
            series: "valid.loss".into(),
            value: loss,
            measure: Measure::ERROR,
        }];
        read.extend(metrics.map(|(named, sum)| Measured {
            series: format!("valid.{}", named.name),
            value: sum / rows,
            measure: Measure::named(&named.name).unwrap_or(Measure::SCORE),
        }));
        read
    }
}

impl Run<'_> {
    /// Objectives and metrics of a graph over a split: every record once, in order, always in the same views. `bindings`: from
    /// the fields of the batch to the graph's inputs.
    pub(super) fn valid(
        &self,
        graph: &Graph,
        model: &Model,
        view: &View<'_>,
        bindings: &[(String, String)],
        stage: &str,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Measured>, Failure> {
        let mut means = Means::new();
        self.read(view, stage, "validation", watch, &mut |batch, watch| {
            let (rows, number) = (batch.size, batch.index);
            if rows == 0 {
                return Ok(());
            }
            let fields: Batch = bound(std::mem::take(&mut batch.fields), bindings).collect();
            let values = losses(graph, model, &fields, self.settings.seed, number)?;
            means.add(&values, rows);
            watch.advance(means.rows as u64);
            Ok(())
        })?;
        Ok(means.readings(graph))
    }
}

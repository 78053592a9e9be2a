//! The loss of a split that is not trained on.

use super::Run;
use super::failure::Failure;
use super::features::{View, bound};
use super::watch::Watch;
use crate::engine::inputs::graph_of;
use crate::engine::{Batch, Model, numbers};
use crate::evaluation::{Measure, Measured};
use crate::graph::{Graph, Totals};

/// `valid.loss`, the sum of the objectives, then each metric by its name.
pub(super) fn readings(graph: &Graph, totals: &Totals) -> Vec<Measured> {
    let values = totals.values();
    let (objectives, metrics) = values.split_at(graph.objectives.len().min(values.len()));
    let mut read = vec![Measured {
        series: "valid.loss".into(),
        value: objectives.iter().sum(),
        measure: Measure::ERROR,
    }];
    let metrics = graph.metrics.iter().zip(metrics);
    read.extend(metrics.map(|(named, value)| Measured {
        series: format!("valid.{}", named.name),
        value: *value,
        measure: Measure::named(&named.name).unwrap_or(Measure::SCORE),
    }));
    read
}

impl Run<'_> {
    /// Objectives and metrics of a graph over a split: every record once, always in the same views; where the view is by length, those of
    /// the graphs `shorter` that were traced for its texts. `bindings`: from the fields of the batch to the graph's inputs.
    pub(super) fn valid(
        &self,
        (graph, shorter): (&Graph, &[Graph]),
        model: &Model,
        view: &View<'_>,
        bindings: &[(String, String)],
        stage: &str,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Measured>, Failure> {
        let mut totals = Totals::of(graph);
        let mut seen = 0;
        self.read(view, stage, "validation", watch, &mut |batch, watch| {
            let (rows, number) = (batch.size, batch.index);
            if rows == 0 {
                return Ok(());
            }
            let fields: Batch = bound(std::mem::take(&mut batch.fields), bindings).collect();
            let graph = graph_of(shorter, graph, &fields);
            let wanted = Totals::of(graph).wanted();
            let values = numbers(graph, model, &fields, &wanted, self.settings.seed, number)?;
            totals.add(&values, rows);
            seen += rows as u64;
            watch.advance(seen);
            Ok(())
        })?;
        Ok(readings(graph, &totals))
    }
}

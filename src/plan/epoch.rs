//! Work before each epoch: how states are filled, and what that costs.

use super::build::Planner;
use super::tree::grouped;
use super::types::*;
use super::units::{bytes, flops};
use crate::data::OnBadSample;
use crate::graph::{EpochWork, Graph, Op, StateId};
use crate::language::checked::Stage;

/// Bytes of a number.
const F32: usize = 4;

impl Planner<'_> {
    /// How the states are filled that the graph fills, in the order of its work: each record of the split as the view of
    /// evaluation shows it. `None`: the error is noted.
    pub(super) fn fillings(
        &mut self,
        stage: &Stage,
        graph: &Graph,
        encoder: &Reader,
        data: &DataView,
        on_bad: OnBadSample,
    ) -> Option<Vec<Reading>> {
        let mut fillings = Vec::new();
        for work in &graph.work {
            let EpochWork::Fill {
                state,
                graph: inner,
                output,
            } = work
            else {
                continue;
            };
            let state = graph.state_of(*state)?;
            // values of the size that the graph takes, which need not be that of whole ones
            let view = Reader {
                sample: encoder.sample.shaped(&taken(inner)?)?,
                ..encoder.clone()
            };
            let (samples, protocol) = self.evaluation_view(&view, data, stage.call.name_span)?;
            let width = state.shape.iter().skip(1).product();
            fillings.push(Reading {
                shorter: Vec::new(),
                graph: (**inner).clone(),
                places: vec![(state.name.clone(), *output, width)],
                raw: None,
                samples,
                protocol,
                on_bad,
                batch: Reading::BATCH,
            });
        }
        Some(fillings)
    }
}

/// The shape of one value that a graph takes: channels, height and width of a picture.
fn taken(graph: &Graph) -> Option<Vec<usize>> {
    let input = graph
        .nodes
        .iter()
        .find(|node| matches!(node.op, Op::Input(_)))?;
    input.shape.iter().skip(1).map(|n| n.known()).collect()
}

/// The work before each epoch, a line each, with its cost.
pub(super) fn describe(training: &Training) -> Vec<String> {
    let mut fillings = training.fillings.iter();
    let graph = &training.graph;
    let line = |work: &EpochWork| match work {
        EpochWork::Fill { state, .. } => {
            let (state, reading) = (graph.state_of(*state)?, fillings.next()?);
            let records = state.shape.first().copied().unwrap_or(0);
            let size = F32 * state.shape.iter().product::<usize>();
            Some(format!(
                "fills `{}` {:?} ({}): {} forward passes more, {}; {}",
                state.name,
                state.shape,
                bytes(size as u64),
                grouped(records),
                flops(records as f64 * reading.graph.costs(1).1.flops),
                reading.protocol
            ))
        }
        EpochWork::KMeans {
            bank,
            centres,
            iterations,
            ..
        } => {
            let (bank, centres) = (graph.state_of(*bank)?, graph.state_of(*centres)?);
            Some(format!(
                "k-means of `{}` into {} clusters, {iterations} iterations: {}",
                bank.name,
                centres.shape.first().copied().unwrap_or(0),
                flops(distances(graph, work) * bank.shape.get(1).copied().unwrap_or(0) as f64)
            ))
        }
    };
    graph.work.iter().filter_map(line).collect()
}

/// How many distances between a row and a centre k-means takes: those of its first centres, of each iteration, and the last
/// ones. 0 for other work.
pub fn distances(graph: &Graph, work: &EpochWork) -> f64 {
    let EpochWork::KMeans {
        bank,
        centres,
        iterations,
        ..
    } = work
    else {
        return 0.0;
    };
    let rows = |id| {
        let state = graph.state_of(id);
        state
            .and_then(|state| state.shape.first().copied())
            .unwrap_or(0) as f64
    };
    rows(*bank) * rows(*centres) * (*iterations as f64 + 2.0)
}

/// Bytes in host memory at the worst moment of the work, beside the states themselves; `read` says what reading a batch takes.
pub(super) fn held(training: &Training, read: impl Fn(&Reading) -> f64) -> f64 {
    let sizes = |id: StateId| {
        let state = training.graph.state_of(id);
        (F32 * state.map_or(0, |state| state.shape.iter().product::<usize>())) as f64
    };
    let mut fillings = training.fillings.iter();
    // what is filled stays until all work is done; k-means reads a copy and keeps a distance and a cluster for each row
    let mut kept = 0.0;
    let mut most: f64 = 0.0;
    for work in &training.graph.work {
        let during = match work {
            EpochWork::Fill { state, .. } => {
                kept += sizes(*state);
                fillings.next().map_or(0.0, &read)
            }
            EpochWork::KMeans {
                bank,
                centres,
                clusters,
                ..
            } => sizes(*bank) + 3.0 * sizes(*centres) + 4.0 * sizes(*clusters),
        };
        most = most.max(kept + during);
    }
    most
}

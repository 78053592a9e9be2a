//! Where a loss that is not a number comes from.

use super::super::draw::Draw;
use super::super::error::describe;
use super::super::host::Batch;
use super::super::model::Model;
use super::super::program::Program;
use super::super::sum::sum;
use super::super::value::Value;
use super::{Gradients, run_watched};
use crate::graph::{Graph, Var};

/// The first node whose value has a NaN or an infinity, found by running the batch again: `Log in head`.
pub(crate) fn first_not_finite(
    graph: &Graph,
    program: &Program,
    model: &Model,
    batch: &Batch,
    draw: Draw,
    known: Vec<(Var, Value)>,
) -> Option<(Var, String)> {
    let mut first = None;
    let mut watch = |var: Var, value: &Value| {
        if first.is_none() && value.is_float() {
            let finite = value
                .clone()
                .flat()
                .ok()
                .map(|t| sum(t.mul_scalar(0.0)).into_scalar::<f32>() == 0.0);
            if finite == Some(false) {
                first = Some((var, describe(graph, var)));
            }
        }
    };
    run_watched(
        graph,
        program,
        model,
        batch,
        draw,
        Gradients::None,
        known,
        Some(&mut watch),
    )
    .ok()?;
    first
}

//! Runs the nodes of a graph in order.

mod finite;
mod forks;
mod node;
mod norm;

use std::collections::BTreeMap;

pub(crate) use finite::first_not_finite;
use forks::Forks;

use super::device::Kernels;
use super::draw::Draw;
use super::error::{EngineError, Result};
use super::host::Batch;
use super::inputs;
use super::kernels::Left;
use super::model::Model;
use super::program::Program;
use super::value::Value;
use crate::graph::{DType, Graph, Var};

/// How the parameters enter.
pub(crate) enum Gradients<'a> {
    /// Nothing is recorded.
    None,
    /// Parameters record, except those for which this is true.
    Except(&'a dyn Fn(&str) -> bool),
    /// The same; of these tables only the rows that are read record.
    Rows(&'a dyn Fn(&str) -> bool, &'a BTreeMap<Var, String>),
}

/// Rows of a table that were read, and record.
pub(crate) struct Taken {
    /// The table.
    pub(crate) parameter: String,
    /// Which rows `[R]`.
    pub(crate) index: Value,
    /// `[R, d]`
    pub(crate) rows: Value,
}

/// What a run gives.
pub(crate) struct Outcome {
    /// The values asked for.
    pub(crate) values: Vec<Value>,
    /// Buffers that moved; the model still has the old ones.
    pub(crate) buffers: BTreeMap<String, Value>,
    /// Whether a scalar held a gradient back.
    pub(crate) gated: bool,
    /// What operations leave for each other's gradients while the tape is walked, by the value that they read.
    pub(crate) left: Vec<(Var, Left)>,
    /// Rows of tables that record.
    pub(crate) taken: Vec<Taken>,
}

struct Runner<'a> {
    graph: &'a Graph,
    model: &'a Model,
    batch: &'a Batch,
    size: usize,
    draw: Draw,
    gradients: Gradients<'a>,
    moved: BTreeMap<String, Value>,
    gated: bool,
    taken: Vec<Taken>,
    /// The batch norm that runs has run in this step: its statistics stay.
    again: bool,
    /// The operand of the operation that runs which others read too, and what they leave for its gradient; taken by the operation.
    fork: Option<(usize, Left)>,
}

/// Runs `program` on a batch. Each value is freed at its last use, so burn can work in place.
///
/// # Errors
/// The batch does not fit the graph, the model lacks a tensor, or a node is not what the tracer said.
pub(crate) fn run(
    graph: &Graph,
    program: &Program,
    model: &Model,
    batch: &Batch,
    draw: Draw,
    gradients: Gradients<'_>,
) -> Result<Outcome> {
    let known = Vec::new();
    run_watched(graph, program, model, batch, draw, gradients, known, None)
}

/// The same; the values of the program's `known` nodes are there. `watch` sees every node's value, so no kernel takes several
/// nodes at once.
#[allow(clippy::too_many_arguments)]
pub(crate) fn run_watched(
    graph: &Graph,
    program: &Program,
    model: &Model,
    batch: &Batch,
    draw: Draw,
    gradients: Gradients<'_>,
    known: Vec<(Var, Value)>,
    mut watch: Option<&mut dyn FnMut(Var, &Value)>,
) -> Result<Outcome> {
    let mut runner = Runner {
        graph,
        model,
        batch,
        size: inputs::batch_size(graph, batch)?,
        draw,
        gradients,
        moved: BTreeMap::new(),
        gated: false,
        taken: Vec::new(),
        again: false,
        fork: None,
    };
    let mut forks = Forks::default();
    let mut left = program.reads.clone();
    let mut values: Vec<Option<Value>> = vec![None; graph.nodes.len()];
    for (var, value) in known {
        values[var.0 as usize] = Some(value);
    }
    let chains = watch.is_none() && model.device().kernels() == Kernels::Fast;
    for var in &program.order {
        if chains && program.inside[var.0 as usize] {
            continue;
        }
        let node = graph.node(*var);
        let chain = program.chains.get(var).filter(|_| chains);
        let sources = match chain {
            Some(chain) => chain.sources(graph),
            None => node.inputs.clone(),
        };
        let mut operands = Vec::with_capacity(sources.len());
        for input in &sources {
            let value = take(graph, &mut values, &mut left, *input)?;
            operands.push(forks.read(*input, value));
        }
        let forked = match chain {
            None if program.feeds.get(var.0 as usize) == Some(&true) => {
                forks.first(&sources, &left)
            }
            _ => None,
        };
        forks.of.retain(|var, _| left[var.0 as usize] > 0);
        runner.fork = forked.clone();
        let shape: Vec<usize> = node.shape.iter().map(|size| size.at(runner.size)).collect();
        let value = match chain {
            Some(chain) => runner.chain(*var, chain, program, operands)?,
            None => runner.node(*var, node, program, operands, &shape)?,
        };
        if value.shape() != shape || value.is_float() != (node.dtype == DType::F32) {
            let reason = format!(
                "gives {}, the graph says {:?} {shape:?}",
                value.describe(),
                node.dtype
            );
            return Err(EngineError::node(graph, *var, reason));
        }
        if let Some((index, left)) = forked
            && runner.fork.take().is_none()
        {
            forks.add(sources[index], left, &value);
        }
        if let Some(watch) = &mut watch {
            watch(*var, &value);
        }
        values[var.0 as usize] = Some(value);
    }
    let results = program
        .wanted
        .iter()
        .map(|var| take(graph, &mut values, &mut left, *var))
        .collect::<Result<_>>()?;
    Ok(Outcome {
        values: results,
        buffers: runner.moved,
        gated: runner.gated,
        left: forks.left,
        taken: runner.taken,
    })
}

/// Moves a value out at its last use, else copies the handle.
fn take(graph: &Graph, values: &mut [Option<Value>], left: &mut [u32], var: Var) -> Result<Value> {
    let slot = &mut values[var.0 as usize];
    let left = &mut left[var.0 as usize];
    *left = left.saturating_sub(1);
    let value = if *left == 0 {
        slot.take()
    } else {
        slot.clone()
    };
    value.ok_or_else(|| EngineError::node(graph, var, "is read before it is made"))
}

//! Runs the nodes of a graph in order.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use burn::tensor::module;

use super::dropout;
use super::error::{EngineError, Result, describe};
use super::host::Batch;
use super::inputs;
use super::model::Model;
use super::ops::{self, Operands};
use super::program::Program;
use super::value::{Value, on_float, on_pair};
use crate::graph::{BufferId, DType, Graph, Mode, Node, Op, Var};

/// What random nodes draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Draw {
    /// Of the run.
    pub(crate) seed: u64,
    /// Optimiser steps done before.
    pub(crate) step: u64,
    /// Which batch of the step, where gradients are accumulated.
    pub(crate) micro: u64,
}

/// How the parameters enter.
pub(crate) enum Gradients<'a> {
    /// Nothing is recorded.
    None,
    /// Parameters record, except those for which this is true.
    Except(&'a dyn Fn(&str) -> bool),
}

/// What a run gives.
pub(crate) struct Outcome {
    /// The values asked for.
    pub(crate) values: Vec<Value>,
    /// Buffers that moved; the model still has the old ones.
    pub(crate) buffers: BTreeMap<String, Value>,
}

struct Runner<'a> {
    graph: &'a Graph,
    model: &'a Model,
    batch: &'a Batch,
    size: usize,
    draw: Draw,
    gradients: Gradients<'a>,
    moved: BTreeMap<String, Value>,
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
    run_watched(
        graph,
        program,
        model,
        batch,
        draw,
        gradients,
        &mut |_, _| {},
    )
}

/// The same; `watch` sees every node's value.
pub(crate) fn run_watched(
    graph: &Graph,
    program: &Program,
    model: &Model,
    batch: &Batch,
    draw: Draw,
    gradients: Gradients<'_>,
    watch: &mut dyn FnMut(Var, &Value),
) -> Result<Outcome> {
    let mut runner = Runner {
        graph,
        model,
        batch,
        size: inputs::batch_size(graph, batch)?,
        draw,
        gradients,
        moved: BTreeMap::new(),
    };
    let mut left = program.reads.clone();
    let mut values: Vec<Option<Value>> = vec![None; graph.nodes.len()];
    for var in &program.order {
        let node = graph.node(*var);
        let mut operands = Vec::with_capacity(node.inputs.len());
        for input in &node.inputs {
            operands.push(take(graph, &mut values, &mut left, *input)?);
        }
        let shape: Vec<usize> = node.shape.iter().map(|size| size.at(runner.size)).collect();
        let value = runner.node(*var, node, program, operands, &shape)?;
        if value.shape() != shape || value.is_float() != (node.dtype == DType::F32) {
            let reason = format!(
                "gives {}, the graph says {:?} {shape:?}",
                value.describe(),
                node.dtype
            );
            return Err(EngineError::node(graph, *var, reason));
        }
        watch(*var, &value);
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

impl Runner<'_> {
    fn node(
        &mut self,
        var: Var,
        node: &Node,
        program: &Program,
        operands: Vec<Value>,
        shape: &[usize],
    ) -> Result<Value> {
        let device = self.model.device();
        let fail = |reason: String| EngineError::node(self.graph, var, reason);
        match &node.op {
            Op::Input(name) => {
                let field = inputs::fitting(node, name, self.batch, self.size)?;
                Value::upload(field, device.burn()).map_err(fail)
            }
            Op::Parameter(id) => {
                let parameter = self
                    .graph
                    .parameters
                    .get(id.0 as usize)
                    .ok_or_else(|| fail("has no parameter of its number".into()))?;
                let value = self.model.parameter(&parameter.name)?.clone();
                Ok(match self.gradients {
                    Gradients::Except(frozen) if !frozen(&parameter.name) => value,
                    _ => value.inner(),
                })
            }
            Op::Dropout(p) => {
                let x = Operands(operands.into_iter()).next().map_err(fail)?;
                if self.graph.mode == Mode::Eval || *p <= 0.0 {
                    return Ok(x);
                }
                let name = program.masks.get(&var).copied().unwrap_or_default();
                let mask = dropout::mask(self.draw, name, *p, shape.iter().product());
                let mask = Value::of_f32(mask, shape, device.burn()).map_err(fail)?;
                on_pair!((x, mask), (x, mask) => Ok(x.mul(mask).into()), _other => Err(fail("wants numbers".into())))
            }
            Op::BatchNorm {
                epsilon,
                momentum,
                mean,
                variance,
            } => {
                let mut operands = Operands(operands.into_iter());
                let x = operands.next().map_err(fail)?;
                let gamma = operands.tensor::<1>().map_err(fail)?;
                let beta = operands.tensor::<1>().map_err(fail)?;
                let old_mean = self.buffer(var, *mean)?;
                let old_variance = self.buffer(var, *variance)?;
                if self.graph.mode == Mode::Eval {
                    return on_float!(x, x => Ok(module::batch_norm(x, gamma, beta, old_mean, old_variance, *epsilon).into()),
                        _other => Err(fail("wants numbers".into())));
                }
                let channels = shape.get(1).copied().unwrap_or(1).max(1);
                let n = (shape.iter().product::<usize>() / channels) as f64;
                let (output, batch_mean, batch_variance) = on_float!(x, x => {
                    let done = module::batch_norm_train(x, gamma, beta, *epsilon);
                    (Value::from(done.output), done.mean, done.variance)
                }, _other => return Err(fail("wants numbers".into())));
                let unbiased = if n > 1.0 { n / (n - 1.0) } else { 1.0 };
                self.move_buffer(*mean, old_mean, batch_mean, *momentum, 1.0);
                self.move_buffer(*variance, old_variance, batch_variance, *momentum, unbiased);
                Ok(output)
            }
            op => {
                let size = match op {
                    Op::Slice { start: size, .. } | Op::Count(size) => size.at(self.size),
                    _ => 0,
                };
                ops::apply(op, operands, shape, size, device.burn()).map_err(fail)
            }
        }
    }

    fn buffer(&self, var: Var, id: BufferId) -> Result<Tensor<1>> {
        let buffer = self
            .graph
            .buffers
            .get(id.0 as usize)
            .ok_or_else(|| EngineError::node(self.graph, var, "has no buffer of its number"))?;
        let value = match self.moved.get(&buffer.name) {
            Some(moved) => moved,
            None => self.model.buffer(&buffer.name)?,
        };
        value
            .clone()
            .try_into()
            .map_err(|reason: String| EngineError::node(self.graph, var, reason))
    }

    /// `(1 - momentum) old + momentum * scale * new`, outside autodiff.
    fn move_buffer(
        &mut self,
        id: BufferId,
        old: Tensor<1>,
        new: Tensor<1>,
        momentum: f64,
        scale: f64,
    ) {
        let moved = old.mul_scalar(1.0 - momentum) + new.inner().mul_scalar(momentum * scale);
        if let Some(buffer) = self.graph.buffers.get(id.0 as usize) {
            self.moved.insert(buffer.name.clone(), moved.into());
        }
    }
}

/// The first node whose value has a NaN or an infinity, found by running the batch again: `Log in head`.
pub(crate) fn first_not_finite(
    graph: &Graph,
    program: &Program,
    model: &Model,
    batch: &Batch,
    draw: Draw,
) -> Option<(Var, String)> {
    let mut first = None;
    let mut watch = |var: Var, value: &Value| {
        if first.is_none() && value.is_float() {
            let finite = value
                .clone()
                .flat()
                .ok()
                .map(|t| super::sum::sum(t.mul_scalar(0.0)).into_scalar::<f32>() == 0.0);
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
        &mut watch,
    )
    .ok()?;
    first
}

//! Runs the nodes of a graph in order.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use burn::tensor::module;

use super::device::Kernels;
use super::dropout;
use super::error::{EngineError, Result, describe};
use super::host::Batch;
use super::inputs;
use super::kernels::{self, Fork, Left, Normalise};
use super::model::Model;
use super::ops::{self, Operands};
use super::program::{Chain, Program};
use super::random;
use super::value::{Value, on_float, on_pair};
use crate::graph::{Binary, BufferId, Clock, DType, Graph, Mode, Node, Op, Unary, Var};
use crate::plan::Precision;

/// What random nodes draw from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Draw {
    /// Of the run.
    pub(crate) seed: u64,
    /// Where the run stands.
    pub(crate) clock: Clock,
    /// Which batch of the step, where gradients are accumulated.
    pub(crate) micro: u64,
}

impl Draw {
    /// Where nothing is trained: the batch of this number.
    pub(crate) fn still(seed: u64, micro: u64) -> Self {
        Self {
            seed,
            clock: Clock::start(),
            micro,
        }
    }
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
    /// Whether a scalar held a gradient back.
    pub(crate) gated: bool,
    /// What operations leave for each other's gradients while the tape is walked, by the value that they read.
    pub(crate) left: Vec<(Var, Left)>,
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
    })
}

/// Values whose gradients are summed by the first operation that reads them.
#[derive(Default)]
struct Forks {
    of: BTreeMap<Var, Fork>,
    left: Vec<(Var, Left)>,
}

impl Forks {
    /// A value as another operation reads it.
    fn read(&self, var: Var, value: Value) -> Value {
        match self.of.get(&var) {
            Some(fork) => kernels::pass(fork, value),
            None => value,
        }
    }

    /// The first operand that others will read and nobody sums for.
    fn first(&self, sources: &[Var], left: &[u32]) -> Option<(usize, Left)> {
        let once = |var: &Var| sources.iter().filter(|other| *other == var).count() == 1;
        let index = sources
            .iter()
            .position(|var| left[var.0 as usize] > 0 && once(var) && !self.of.contains_key(var))?;
        Some((index, Left::default()))
    }

    fn add(&mut self, var: Var, left: Left, first: &Value) {
        if let Some(fork) = kernels::fork(left.clone(), first) {
            self.of.insert(var, fork);
            self.left.push((var, left));
        }
    }
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
            Op::Read(id) => {
                let state = self
                    .graph
                    .states
                    .get(id.0 as usize)
                    .ok_or_else(|| fail("has no state of its number".into()))?;
                Ok(self.model.state(&state.name)?.clone())
            }
            Op::Scalar(scalar) => {
                let value = scalar.at(&self.draw.clock).map_err(fail)?;
                Value::of_f32(vec![value as f32], &[1], device.burn()).map_err(fail)
            }
            Op::When(gate) => {
                let x = Operands(operands.into_iter()).next().map_err(fail)?;
                if gate.at(&self.draw.clock).map_err(fail)? > 0.0 {
                    return Ok(x);
                }
                self.gated = true;
                Ok(x.inner())
            }
            Op::Random(kind) => {
                let name = program.masks.get(&var).copied().unwrap_or_default();
                let drawn = random::draw(*kind, self.draw, name, shape);
                Value::upload(&drawn, device.burn()).map_err(fail)
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
                let statistics = [*mean, *variance];
                self.again = program.again.get(var.0 as usize).copied().unwrap_or(false);
                self.batch_norm(var, *epsilon, *momentum, statistics, operands, false)
            }
            op => {
                let size = match op {
                    Op::Slice { start: size, .. } | Op::Count(size) => size.at(self.size),
                    _ => 0,
                };
                if program.precision == Precision::Bf16 && is_product(op) {
                    let operands = operands.into_iter().map(Value::bf16).collect();
                    return ops::apply(op, operands, shape, size, device.burn())
                        .map(Value::f32)
                        .map_err(fail);
                }
                // reading an index back would hold up a GPU, and the CPU backends panic at a wrong one
                if matches!(device.name(), "flex" | "ndarray") {
                    ops::check_index(op, &operands).map_err(fail)?;
                }
                let operands = match device.kernels() {
                    Kernels::Fast => match kernels::apply(op, operands, self.fork.clone()) {
                        Ok(value) => {
                            self.fork = None;
                            return Ok(value);
                        }
                        Err(operands) => operands,
                    },
                    Kernels::Reference => operands,
                };
                ops::apply(op, operands, shape, size, device.burn()).map_err(fail)
            }
        }
    }

    /// Several nodes in one kernel; one after the other where it does not know them.
    fn chain(
        &mut self,
        var: Var,
        chain: &Chain,
        program: &Program,
        operands: Vec<Value>,
    ) -> Result<Value> {
        let graph = self.graph;
        let sizes = |var: Var, size: usize| -> Vec<usize> {
            let node = graph.node(var);
            node.shape.iter().map(|s| s.at(size)).collect()
        };
        match chain {
            Chain::Norm { norm, .. } => {
                let Op::BatchNorm {
                    epsilon,
                    momentum,
                    mean,
                    variance,
                } = graph.node(*norm).op
                else {
                    return Err(EngineError::node(graph, *norm, "is no batch norm"));
                };
                let statistics = [mean, variance];
                self.again = program.again.get(norm.0 as usize).copied().unwrap_or(false);
                self.batch_norm(*norm, epsilon, momentum, statistics, operands, true)
            }
            Chain::Heads { parts, .. } => {
                let shape = sizes(var, self.size);
                if program.precision == Precision::F32
                    && let Op::Attention { scale } = graph.node(var).op
                    && let Some(value) = kernels::joined_attention(&operands, shape[1], scale)
                {
                    return Ok(value);
                }
                let mut split = Vec::with_capacity(3);
                for (part, mut value) in parts.iter().zip(operands) {
                    for step in part {
                        let shape = sizes(*step, self.size);
                        value =
                            self.node(*step, graph.node(*step), program, vec![value], &shape)?;
                    }
                    split.push(value);
                }
                self.node(var, graph.node(var), program, split, &shape)
            }
        }
    }

    /// `operands`: the map, gamma, beta, and the shortcut that is added, if any; `relu`: whether a ReLU follows.
    fn batch_norm(
        &mut self,
        var: Var,
        epsilon: f64,
        momentum: f64,
        [mean, variance]: [BufferId; 2],
        mut operands: Vec<Value>,
        relu: bool,
    ) -> Result<Value> {
        let old_mean = self.buffer(var, mean)?;
        let old_variance = self.buffer(var, variance)?;
        let shape = operands.first().map(Value::shape).unwrap_or_default();
        let channels = shape.get(1).copied().unwrap_or(1).max(1);
        let n = (shape.iter().product::<usize>() / channels) as f64;
        let unbiased = if n > 1.0 { n / (n - 1.0) } else { 1.0 };
        if self.model.device().kernels() == Kernels::Fast {
            let inputs = operands;
            let of = Normalise {
                inputs,
                epsilon,
                relu,
            };
            let refused = if self.graph.mode == Mode::Eval {
                match kernels::normalise(of, old_mean.clone(), old_variance.clone()) {
                    Ok(value) => return Ok(value),
                    Err(of) => of,
                }
            } else {
                match kernels::batch_norm(of) {
                    Ok((value, batch_mean, batch_variance)) => {
                        self.move_buffer(mean, old_mean, batch_mean, momentum, 1.0);
                        self.move_buffer(
                            variance,
                            old_variance,
                            batch_variance,
                            momentum,
                            unbiased,
                        );
                        return Ok(value);
                    }
                    Err(of) => of,
                }
            };
            operands = refused.inputs;
        }
        let fail = |reason: String| EngineError::node(self.graph, var, reason);
        let mut operands = Operands(operands.into_iter());
        let x = operands.next().map_err(fail)?;
        let gamma = operands.tensor::<1>().map_err(fail)?;
        let beta = operands.tensor::<1>().map_err(fail)?;
        let shortcut = operands.next().ok();
        let output = if self.graph.mode == Mode::Eval {
            on_float!(x, x => module::batch_norm(x, gamma, beta, old_mean, old_variance, epsilon).into(),
                _other => return Err(fail("wants numbers".into())))
        } else {
            let (output, batch_mean, batch_variance) = on_float!(x, x => {
                let done = module::batch_norm_train(x, gamma, beta, epsilon);
                (Value::from(done.output), done.mean, done.variance)
            }, _other => return Err(fail("wants numbers".into())));
            self.move_buffer(mean, old_mean, batch_mean, momentum, 1.0);
            self.move_buffer(variance, old_variance, batch_variance, momentum, unbiased);
            output
        };
        let device = self.model.device().burn();
        let fail = |reason: String| EngineError::node(self.graph, var, reason);
        let output = match shortcut {
            Some(shortcut) => {
                let sum = Op::Binary(Binary::Add);
                ops::apply(&sum, vec![output, shortcut], &shape, 0, device).map_err(fail)?
            }
            None => output,
        };
        match relu {
            true => {
                let relu = Op::Unary(Unary::Relu);
                ops::apply(&relu, vec![output], &shape, 0, device).map_err(fail)
            }
            false => Ok(output),
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
        if self.again {
            return;
        }
        let moved = old.mul_scalar(1.0 - momentum) + new.inner().mul_scalar(momentum * scale);
        if let Some(buffer) = self.graph.buffers.get(id.0 as usize) {
            self.moved.insert(buffer.name.clone(), moved.into());
        }
    }
}

/// Operations whose operands are rounded where the precision says so.
fn is_product(op: &Op) -> bool {
    matches!(
        op,
        Op::Linear
            | Op::MatMul
            | Op::Conv2d { .. }
            | Op::ConvTranspose2d { .. }
            | Op::Attention { .. }
    )
}

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
        known,
        Some(&mut watch),
    )
    .ok()?;
    first
}

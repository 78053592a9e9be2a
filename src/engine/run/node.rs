//! One node, or several in one kernel.

use super::super::device::Kernels;
use super::super::error::{EngineError, Result};
use super::super::ops::{self, Operands};
use super::super::program::{Chain, Program};
use super::super::value::{Value, on_pair};
use super::super::{dropout, inputs, kernels, random};
use super::{Gradients, Runner, Taken};
use crate::graph::{Mode, Node, Op, Var};
use crate::plan::Precision;

impl Runner<'_> {
    pub(super) fn node(
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
                    Gradients::Rows(frozen, tables)
                        if !frozen(&parameter.name) && !tables.contains_key(&var) =>
                    {
                        value
                    }
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
                if self.graph.mode == Mode::Eval || *p <= 0.0 || self.graph.runs_still(node) {
                    return Ok(x);
                }
                let name = program.masks.get(&var).copied().unwrap_or_default();
                let elements = shape.iter().product();
                let x = match device.kernels() {
                    Kernels::Fast => {
                        let draws = dropout::draws(self.draw, name, *p, elements);
                        match kernels::dropout(x, draws) {
                            Ok(value) => return Ok(value),
                            Err(x) => x,
                        }
                    }
                    Kernels::Reference => x,
                };
                let mask = dropout::mask(self.draw, name, *p, elements);
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
                let table = node.inputs.first().and_then(|from| self.table(op, *from));
                let index = table.as_ref().and_then(|_| operands.get(1).cloned());
                let read = match (&table, device.kernels()) {
                    (Some(_), Kernels::Fast) => kernels::read_rows(&operands),
                    _ => None,
                };
                let value = match read {
                    Some(rows) => rows,
                    None => ops::apply(op, operands, shape, size, device.burn()).map_err(fail)?,
                };
                let (Some(parameter), Some(index)) = (table, index) else {
                    return Ok(value);
                };
                let rows = value.leaf();
                self.taken.push(Taken {
                    parameter,
                    index,
                    rows: rows.clone(),
                });
                Ok(rows)
            }
        }
    }

    /// The table that an operation reads rows of, where they record and it does not.
    fn table(&self, op: &Op, from: Var) -> Option<String> {
        match (op, &self.gradients) {
            (Op::Take(0), Gradients::Rows(frozen, tables)) => {
                tables.get(&from).filter(|name| !frozen(name)).cloned()
            }
            _ => None,
        }
    }

    /// Several nodes in one kernel; one after the other where it does not know them.
    pub(super) fn chain(
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
            Chain::Chosen { softmax, .. } => {
                if let Some(value) = kernels::chosen_log_softmax(&operands) {
                    return Ok(value);
                }
                let mut operands = operands.into_iter();
                let x = operands.next().into_iter().collect();
                let shape = sizes(*softmax, self.size);
                let log_p = self.node(*softmax, graph.node(*softmax), program, x, &shape)?;
                let both = std::iter::once(log_p).chain(operands).collect();
                let shape = sizes(var, self.size);
                self.node(var, graph.node(var), program, both, &shape)
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

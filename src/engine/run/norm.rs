//! Batch norm, whose running statistics move with each call.

use burn::tensor::{Tensor, module};

use super::super::device::Kernels;
use super::super::error::{EngineError, Result};
use super::super::kernels::{self, Normalise};
use super::super::ops::{self, Operands};
use super::super::value::{Value, on_float};
use super::Runner;
use crate::graph::{Binary, BufferId, Mode, Op, Unary, Var};

impl Runner<'_> {
    /// `operands`: the map, gamma, beta, and the shortcut that is added, if any; `relu`: whether a ReLU follows.
    pub(super) fn batch_norm(
        &mut self,
        var: Var,
        epsilon: f64,
        momentum: f64,
        [mean, variance]: [BufferId; 2],
        mut operands: Vec<Value>,
        relu: bool,
    ) -> Result<Value> {
        let node = self.graph.node(var);
        let still = self.graph.mode == Mode::Eval || self.graph.runs_still(node);
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
            let refused = if still {
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
        let output = if still {
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

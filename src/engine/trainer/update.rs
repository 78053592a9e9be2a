//! How parameters move: clipping, the optimiser, slow copies, the moving average.

use std::collections::BTreeMap;

use super::super::backward::Sums;
use super::super::error::{EngineError, Result};
use super::super::groups::{Treatment, treatment};
#[cfg(feature = "capture")]
use super::super::host::Batch;
use super::super::optimizer::decay_of;
use super::super::sum::{device_failed, norms};
use super::super::table::Sum;
use super::super::value::Value;
use super::Trainer;
use crate::graph::Graph;
use crate::plan::Optimizer;

impl Trainer {
    /// Slow copies: `momentum * copy + (1 - momentum) * source`.
    pub(super) fn follow(&mut self, graph: &Graph) -> Result<()> {
        for ema in &graph.emas {
            let momentum = ema.momentum.at(&self.clock()).map_err(script_failed)?;
            for (source, copy) in graph.slow_pairs(ema) {
                let source = self.model.parameter(&source)?.clone().inner();
                let slow = self.model.take_parameter(&copy)?.inner();
                let shape = slow.shape();
                let source = source.flat().map_err(device_failed)?;
                let slow = slow.flat().map_err(device_failed)?;
                let moved = slow.mul_scalar(momentum) + source.mul_scalar(1.0 - momentum);
                let moved = Value::from(moved).reshape(&shape).map_err(device_failed)?;
                self.model.put_parameter(&copy, moved);
            }
        }
        Ok(())
    }

    /// Sets parameters that a step has moved beyond their bounds to the nearer of both.
    pub(super) fn keep_within(&mut self, graph: &Graph) -> Result<()> {
        for bound in &graph.bounds {
            let value = self.model.take_parameter(&bound.parameter)?.inner();
            let shape = value.shape();
            let value = value.flat().map_err(device_failed)?;
            let value = Value::from(value.clamp(bound.least, bound.most));
            let value = value.reshape(&shape).map_err(device_failed)?;
            self.model.put_parameter(&bound.parameter, value);
        }
        Ok(())
    }

    /// Scales the gradients so that their global norm is at most `limit`; returns the norm before.
    pub(super) fn clip(&self, graph: &Graph, sums: &mut Sums, limit: f64) -> Result<f64> {
        let norms = norms(sums.values().map(Sum::flat))?;
        let norm = norms.iter().map(|n| n * n).sum::<f64>().sqrt();
        if !norm.is_finite() {
            return Err(EngineError::NotFinite {
                objective: "the gradient's norm".into(),
                value: norm,
                step: self.step,
                node: None,
                span: graph
                    .objectives
                    .first()
                    .map(|objective| graph.node(objective.var).span)
                    .unwrap_or_default(),
            });
        }
        let factor = limit / (norm + 1e-6);
        if factor < 1.0 {
            *sums = scaled(std::mem::take(sums), factor);
        }
        Ok(norm)
    }

    /// Updates every parameter that has a gradient, in name order.
    pub(super) fn update(
        &mut self,
        phase: &str,
        optimizer: &Optimizer,
        sums: Sums,
        rate: f64,
    ) -> Result<()> {
        let mut measured = BTreeMap::new();
        if matches!(optimizer, Optimizer::Lars { .. }) {
            let mut tensors = Vec::with_capacity(2 * sums.len());
            for (name, gradient) in &sums {
                let value = self.model.parameter(name)?.clone().inner();
                tensors.push(value.flat().map_err(device_failed)?);
                tensors.push(gradient.flat());
            }
            let norms = norms(tensors.into_iter())?;
            measured = sums
                .keys()
                .cloned()
                .zip(norms.chunks(2).map(|pair| [pair[0], pair[1]]))
                .collect();
        }
        for (name, gradient) in sums {
            let value = self.model.take_parameter(&name)?;
            let shape = value.shape();
            let treatment = self.treatment(optimizer, &name, shape.len());
            let flat = value.inner().flat().map_err(device_failed)?;
            let memory = self.memories.entry(phase.to_owned()).or_default();
            let kernels = self.model.device().kernels();
            let updated = match gradient {
                Sum::Rows(rows) => {
                    let rate = rate * treatment.rate;
                    memory.update_rows(optimizer, rate, &name, flat, rows, kernels)
                }
                Sum::Whole(gradient) => memory.update(
                    optimizer,
                    rate,
                    treatment,
                    &name,
                    [flat, gradient],
                    measured.get(&name).copied(),
                    kernels,
                ),
            };
            let updated = Value::from(updated)
                .reshape(&shape)
                .map_err(device_failed)?;
            self.model.put_parameter(&name, updated);
        }
        Ok(())
    }

    /// One update by gradients that come from elsewhere, to record its calls.
    ///
    /// # Errors
    /// A gradient is of a parameter that the model does not have.
    #[cfg(feature = "capture")]
    pub fn update_by(&mut self, gradients: &Batch, rate: f64) -> Result<()> {
        let device = self.model.device().burn();
        let sums = gradients
            .iter()
            .map(|(name, gradient)| {
                let data = gradient.as_f32().unwrap_or_default().to_vec();
                let n = data.len();
                let value = Value::of_f32(data, &[n], device).and_then(Value::flat);
                Ok((name.clone(), Sum::Whole(value.map_err(device_failed)?)))
            })
            .collect::<Result<Sums>>()?;
        self.step += 1;
        let optimizer = self.optimizer.clone();
        self.update("", &optimizer, sums, rate)
    }

    pub(super) fn treatment(&self, optimizer: &Optimizer, name: &str, rank: usize) -> Treatment {
        let mut treatment = treatment(&self.groups, decay_of(optimizer), name, rank);
        treatment.rate *= self.rates.get(name).copied().unwrap_or(1.0);
        treatment
    }

    /// `decay * average + (1 - decay) * value`, for parameters and buffers.
    pub(super) fn move_average(&mut self) -> Result<()> {
        let Some(average) = &mut self.average else {
            return Ok(());
        };
        for (name, value) in self.model.tensors() {
            let shape = value.shape();
            let value = value.flat().map_err(device_failed)?;
            let moved = match average.tensors.remove(name) {
                Some(old) => {
                    let old = old.flat().map_err(device_failed)?;
                    old.mul_scalar(average.decay) + value.mul_scalar(1.0 - average.decay)
                }
                None => value,
            };
            let moved = Value::from(moved).reshape(&shape).map_err(device_failed)?;
            average.tensors.insert(name.clone(), moved);
        }
        Ok(())
    }
}

pub(super) fn script_failed(reason: String) -> EngineError {
    EngineError::Script { reason }
}

pub(super) fn scaled(sums: Sums, factor: f64) -> Sums {
    sums.into_iter()
        .map(|(name, sum)| (name, sum.times(factor)))
        .collect()
}

//! Training steps: forward, backward, clipping, update.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, Transaction};

use super::error::{EngineError, Result};
use super::groups::{Group, Treatment, treatment};
use super::host::{Batch, HostTensor};
use super::model::Model;
use super::optimizer::{Memory, Moments, decay_of};
use super::program::Program;
use super::run::{Draw, Gradients, first_not_finite, run};
use super::sum::{device_failed, norms};
use super::value::{Value, on_float};
use crate::graph::{Graph, Var};
use crate::plan::Optimizer;

/// A model in training.
pub struct Trainer {
    model: Model,
    optimizer: Optimizer,
    groups: Vec<Group>,
    memory: Memory,
    seed: u64,
    step: u64,
}

/// What a step found. Means over the batches of the step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepReport {
    /// Objectives by name, in declared order.
    pub objectives: Vec<(String, f64)>,
    /// Metrics by name, in declared order.
    pub metrics: Vec<(String, f64)>,
    /// Global norm of the gradient before clipping, where it is clipped.
    pub gradient_norm: Option<f64>,
}

/// Everything that training goes on from, in host memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainerState {
    /// Optimiser steps done.
    pub step: u64,
    /// By name.
    pub parameters: BTreeMap<String, HostTensor>,
    /// By name.
    pub buffers: BTreeMap<String, HostTensor>,
    /// The optimiser's memory by parameter name.
    pub moments: BTreeMap<String, Moments>,
}

/// Sums of gradients by parameter name.
type Sums = BTreeMap<String, Tensor<1>>;

impl Trainer {
    /// Starts training. `seed` is what dropout masks are drawn from.
    pub fn new(model: Model, optimizer: Optimizer, groups: Vec<Group>, seed: u64) -> Self {
        Self {
            model,
            optimizer,
            groups,
            memory: Memory::default(),
            seed,
            step: 0,
        }
    }

    /// The model as it is now.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The model, to be changed between steps.
    pub fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    /// The model, when training is over.
    pub fn into_model(self) -> Model {
        self.model
    }

    /// Optimiser steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// One optimiser step at learning rate `rate`: gradients are the mean over `batches`; `clip` is the largest global
    /// norm that they keep (Pascanu et al., 2013; PyTorch's `clip_grad_norm_`). What is minimised is the sum of the objectives.
    /// A parameter that no objective reaches stays as it is.
    ///
    /// # Errors
    /// A batch does not fit the graph; an objective or the gradient's norm is NaN or infinite. Then nothing has changed.
    pub fn step(
        &mut self,
        graph: &Graph,
        batches: &[Batch],
        rate: f64,
        clip: Option<f64>,
    ) -> Result<StepReport> {
        let mut before = BTreeMap::new();
        let result = self.gradients(graph, batches, &mut before);
        let done = result.and_then(|(mut sums, mut report)| {
            report.gradient_norm = clip
                .map(|limit| self.clip(graph, &mut sums, limit))
                .transpose()?;
            self.update(sums, rate)?;
            Ok(report)
        });
        match done {
            Ok(report) => {
                self.step += 1;
                Ok(report)
            }
            Err(error) => {
                for (name, value) in before {
                    self.model.put_buffer(name, value);
                }
                Err(error)
            }
        }
    }

    /// Mean gradients and what the step reports. `before`: buffers that were moved, as they were.
    fn gradients(
        &mut self,
        graph: &Graph,
        batches: &[Batch],
        before: &mut BTreeMap<String, Value>,
    ) -> Result<(Sums, StepReport)> {
        let wanted: Vec<Var> = graph
            .objectives
            .iter()
            .chain(&graph.metrics)
            .map(|named| named.var)
            .collect();
        let program = Program::new(graph, &wanted);
        let mut sums = Sums::new();
        let mut totals = vec![0.0; wanted.len()];
        for (micro, batch) in batches.iter().enumerate() {
            let draw = Draw {
                seed: self.seed,
                step: self.step,
                micro: micro as u64,
            };
            let frozen = |name: &str| self.treatment(name, 2).rate == 0.0;
            let gradients = Gradients::Except(&frozen);
            let outcome = run(graph, &program, &self.model, batch, draw, gradients)?;
            let results = scalars(graph, &wanted, outcome.values)?;
            let (losses, _) = results.split_at(graph.objectives.len());
            let Some(loss) = losses.iter().cloned().reduce(|a, b| a + b) else {
                return Err(EngineError::NothingToTrain);
            };
            if !loss.is_tracked() {
                return Err(EngineError::NothingToTrain);
            }
            let read = results.iter().fold(Transaction::default(), |all, x| {
                all.register(x.clone().inner())
            });
            self.collect(graph, &loss, &mut sums)?;
            drop((loss, results));
            let read = read.try_execute().map_err(device_failed)?;
            for (index, data) in read.into_iter().enumerate() {
                let value = data.iter::<f32>().next().map(f64::from).unwrap_or(f64::NAN);
                if index < graph.objectives.len() && !value.is_finite() {
                    return Err(self.not_finite(graph, &program, batch, draw, index, value));
                }
                totals[index] += value;
            }
            for (name, value) in outcome.buffers {
                let old = self.model.buffer(&name)?.clone();
                before.entry(name.clone()).or_insert(old);
                self.model.put_buffer(name, value);
            }
        }
        let n = batches.len().max(1) as f64;
        if batches.len() > 1 {
            sums = scaled(sums, 1.0 / n);
        }
        let mut named = graph
            .objectives
            .iter()
            .chain(&graph.metrics)
            .zip(totals)
            .map(|(named, total)| (named.name.clone(), total / n));
        let report = StepReport {
            objectives: named.by_ref().take(graph.objectives.len()).collect(),
            metrics: named.collect(),
            gradient_norm: None,
        };
        Ok((sums, report))
    }

    /// Walks the tape backwards and adds the parameters' gradients to `sums`.
    fn collect(&self, graph: &Graph, loss: &Tensor<1>, sums: &mut Sums) -> Result<()> {
        let mut gradients = loss.backward();
        for parameter in &graph.parameters {
            let value = self.model.parameter(&parameter.name)?;
            let gradient = on_float!(value, t => t.grad_remove(&mut gradients).map(Value::from), _other => None);
            let Some(gradient) = gradient else { continue };
            let gradient = gradient.flat().map_err(device_failed)?;
            let sum = match sums.remove(&parameter.name) {
                Some(sum) => sum + gradient,
                None => gradient,
            };
            sums.insert(parameter.name.clone(), sum);
        }
        Ok(())
    }

    /// Scales the gradients so that their global norm is at most `limit`; returns the norm before.
    fn clip(&self, graph: &Graph, sums: &mut Sums, limit: f64) -> Result<f64> {
        let norms = norms(sums.values().cloned())?;
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
    fn update(&mut self, sums: Sums, rate: f64) -> Result<()> {
        let mut measured = BTreeMap::new();
        if matches!(self.optimizer, Optimizer::Lars { .. }) {
            let mut tensors = Vec::with_capacity(2 * sums.len());
            for (name, gradient) in &sums {
                let value = self.model.parameter(name)?.clone().inner();
                tensors.push(value.flat().map_err(device_failed)?);
                tensors.push(gradient.clone());
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
            let treatment = self.treatment(&name, shape.len());
            let flat = value.inner().flat().map_err(device_failed)?;
            let updated = self.memory.update(
                &self.optimizer,
                rate,
                treatment,
                &name,
                [flat, gradient],
                measured.get(&name).copied(),
            );
            let updated = Value::from(updated)
                .reshape(&shape)
                .map_err(device_failed)?;
            self.model.put_parameter(&name, updated.leaf());
        }
        Ok(())
    }

    fn treatment(&self, name: &str, rank: usize) -> Treatment {
        treatment(&self.groups, decay_of(&self.optimizer), name, rank)
    }

    fn not_finite(
        &self,
        graph: &Graph,
        program: &Program,
        batch: &Batch,
        draw: Draw,
        objective: usize,
        value: f64,
    ) -> EngineError {
        let objective = &graph.objectives[objective];
        let first = first_not_finite(graph, program, &self.model, batch, draw);
        let var = first.as_ref().map_or(objective.var, |(var, _)| *var);
        EngineError::NotFinite {
            objective: format!("objective `{}`", objective.name),
            value,
            step: self.step,
            node: first.map(|(_, name)| name),
            span: graph.node(var).span,
        }
    }

    /// A copy of everything that training goes on from.
    ///
    /// # Errors
    /// A parameter is NaN or infinite: such a state must not replace a good one.
    pub fn state(&self) -> Result<TrainerState> {
        let parameters = self.model.parameter_values()?;
        for (name, tensor) in &parameters {
            let bad = tensor
                .as_f32()
                .and_then(|data| data.iter().find(|x| !x.is_finite()));
            if let Some(bad) = bad {
                return Err(EngineError::NotFinite {
                    objective: format!("parameter `{name}`"),
                    value: f64::from(*bad),
                    step: self.step,
                    node: None,
                    span: Default::default(),
                });
            }
        }
        Ok(TrainerState {
            step: self.step,
            parameters,
            buffers: self.model.buffer_values()?,
            moments: self.memory.download()?,
        })
    }

    /// Goes on from a state. The model has the same tensors.
    ///
    /// # Errors
    /// The state has other tensors than the model.
    pub fn restore(&mut self, state: &TrainerState) -> Result<()> {
        let names: Vec<String> = self
            .model
            .parameters()
            .chain(self.model.buffers())
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in names {
            let tensor = state
                .parameters
                .get(&name)
                .or_else(|| state.buffers.get(&name))
                .ok_or(EngineError::TensorMissing { name: name.clone() })?;
            self.model.set(&name, tensor)?;
        }
        self.memory = Memory::upload(&state.moments, self.model.device().plain());
        self.step = state.step;
        Ok(())
    }
}

fn scaled(sums: Sums, factor: f64) -> Sums {
    sums.into_iter()
        .map(|(name, sum)| (name, sum.mul_scalar(factor)))
        .collect()
}

fn scalars(graph: &Graph, wanted: &[Var], values: Vec<Value>) -> Result<Vec<Tensor<1>>> {
    wanted
        .iter()
        .zip(values)
        .map(|(var, value)| {
            value
                .try_into()
                .map_err(|reason: String| EngineError::node(graph, *var, reason))
        })
        .collect()
}

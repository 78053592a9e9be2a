//! Training steps: forward, backward, clipping, update.

use std::collections::BTreeMap;

use super::backward::{self, Sums};
use super::error::{EngineError, Result};
use super::groups::{Treatment, layer_rates, treatment};
use super::host::{Batch, HostTensor};
use super::model::Model;
use super::optimizer::{Memory, Moments, decay_of};
use super::run::Draw;
use super::sum::{device_failed, norms};
use super::value::Value;
use crate::graph::Graph;
use crate::plan::{Group, Optimizer, Precision, Settings};

/// A model in training.
pub struct Trainer {
    model: Model,
    optimizer: Optimizer,
    groups: Vec<Group>,
    memory: Memory,
    /// Factors on the rate that `layer_decay` gives.
    rates: BTreeMap<String, f64>,
    average: Option<Average>,
    precision: Precision,
    seed: u64,
    step: u64,
}

/// A moving average of parameters and buffers.
struct Average {
    decay: f64,
    tensors: BTreeMap<String, Value>,
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
    /// The moving average of parameters and buffers, where there is one.
    pub average: BTreeMap<String, HostTensor>,
}

impl Trainer {
    /// Starts training. `seed` is what dropout masks are drawn from.
    pub fn new(model: Model, optimizer: Optimizer, groups: Vec<Group>, seed: u64) -> Self {
        Self {
            model,
            optimizer,
            groups,
            memory: Memory::default(),
            rates: BTreeMap::new(),
            average: None,
            precision: Precision::F32,
            seed,
            step: 0,
        }
    }

    /// The same with what else a stage's settings say about how parameters move.
    pub fn with_settings(mut self, settings: &Settings, graph: &Graph) -> Self {
        if let Some(decay) = settings.layer_decay {
            self.rates = layer_rates(graph, decay);
        }
        self.precision = settings.precision;
        if settings.recompute {
            self.model.set_recompute(true);
        }
        self.average = settings.average.map(|decay| Average {
            decay,
            tensors: self.tensors(),
        });
        self
    }

    fn tensors(&self) -> BTreeMap<String, Value> {
        self.model
            .tensors()
            .map(|(name, value)| (name.clone(), value))
            .collect()
    }

    /// The model as it is now.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The model, to be changed between steps.
    pub fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    /// The model that the stage gives: the moving average where there is one, else the model as it is now.
    pub fn result(&self) -> Model {
        match &self.average {
            Some(average) => self.model.with(&average.tensors),
            None => self.model.clone(),
        }
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
                self.move_average()?;
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
        let mut program = backward::program(graph);
        program.precision = self.precision;
        let mut sums = Sums::new();
        let mut totals = vec![0.0; program.wanted.len()];
        for (micro, batch) in batches.iter().enumerate() {
            let draw = Draw {
                seed: self.seed,
                step: self.step,
                micro: micro as u64,
            };
            let frozen = |name: &str| self.treatment(name, 2).rate == 0.0;
            let model = &self.model;
            let pass = backward::pass(graph, &program, model, batch, draw, &frozen, &mut sums)?;
            for (total, value) in totals.iter_mut().zip(pass.values) {
                *total += value;
            }
            for (name, value) in pass.buffers {
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
                self.model.device().kernels(),
            );
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
                Ok((name.clone(), value.map_err(device_failed)?))
            })
            .collect::<Result<Sums>>()?;
        self.step += 1;
        self.update(sums, rate)
    }

    fn treatment(&self, name: &str, rank: usize) -> Treatment {
        let mut treatment = treatment(&self.groups, decay_of(&self.optimizer), name, rank);
        treatment.rate *= self.rates.get(name).copied().unwrap_or(1.0);
        treatment
    }

    /// `decay * average + (1 - decay) * value`, for parameters and buffers.
    fn move_average(&mut self) -> Result<()> {
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
            average: match &self.average {
                Some(average) => super::model::download(&average.tensors)?,
                None => BTreeMap::new(),
            },
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
        if let Some(average) = &mut self.average {
            for (name, value) in &mut average.tensors {
                let tensor = state
                    .average
                    .get(name)
                    .ok_or(EngineError::TensorMissing { name: name.clone() })?;
                *value =
                    Value::upload(tensor, self.model.device().burn()).map_err(device_failed)?;
            }
        }
        self.memory = Memory::upload(&state.moments, self.model.device().burn());
        self.step = state.step;
        Ok(())
    }
}

fn scaled(sums: Sums, factor: f64) -> Sums {
    sums.into_iter()
        .map(|(name, sum)| (name, sum.mul_scalar(factor)))
        .collect()
}

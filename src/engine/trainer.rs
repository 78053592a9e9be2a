//! Training steps: forward, backward, clipping, update.

use std::collections::BTreeMap;

use super::backward::{self, Sums, TurnProgram};
use super::error::{EngineError, Result};
use super::groups::{Treatment, layer_rates, treatment};
use super::host::{Batch, HostTensor};
use super::model::Model;
use super::optimizer::{Memory, Moments, decay_of};
use super::run::Draw;
use super::schedule::learning_rate;
use super::sum::{device_failed, norms};
use super::value::Value;
use crate::graph::{Clock, Graph, Named, Var};
use crate::plan::{Group, Optimizer, Precision, Schedule, Settings};

/// A model in training.
pub struct Trainer {
    model: Model,
    optimizer: Optimizer,
    groups: Vec<Group>,
    /// What optimisers remember, by objective; by the empty name where it has no parameters of its own.
    memories: BTreeMap<String, Memory>,
    /// Optimisers of objectives that have their own.
    named: BTreeMap<String, Optimizer>,
    schedule: Option<Schedule>,
    /// How long the run is.
    run: Clock,
    /// Factors on the rate that `layer_decay` gives.
    rates: BTreeMap<String, f64>,
    average: Option<Average>,
    precision: Precision,
    /// Whether the backward pass runs segments of the forward pass again.
    recompute: bool,
    seed: u64,
    step: u64,
}

/// What a step that fails puts back.
#[derive(Default)]
struct Before {
    buffers: BTreeMap<String, Value>,
    states: BTreeMap<String, Value>,
    whole: Option<(Model, BTreeMap<String, Memory>)>,
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
    /// By name.
    pub states: BTreeMap<String, HostTensor>,
    /// The optimiser's memory by parameter name; `OBJECTIVE:NAME` where the objective has parameters of its own.
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
            memories: BTreeMap::new(),
            named: BTreeMap::new(),
            schedule: None,
            run: Clock::start(),
            rates: BTreeMap::new(),
            average: None,
            precision: Precision::F32,
            recompute: false,
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
        self.named.clone_from(&settings.optimizers);
        self.schedule = Some(settings.schedule.clone());
        self.run = Clock {
            step: 0,
            steps: settings.steps,
            steps_per_epoch: settings.steps_per_epoch(),
        };
        self.recompute = settings.recompute;
        self.average = settings.average.map(|decay| Average {
            decay,
            tensors: self.tensors(),
        });
        self
    }

    /// How long the run is, for scalars that change with the step.
    pub fn with_run(mut self, run: Clock) -> Self {
        self.run = run;
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
    /// norm that they keep (Pascanu et al., 2013; PyTorch's `clip_grad_norm_`). Objectives that share their parameters are added
    /// up; those with parameters of their own take turns, each forward, backward and update. Then states get what was assigned to
    /// them, and slow copies follow. A parameter that no objective reaches stays as it is.
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
        let device = self.model.device().clone();
        device.on_threads(|| self.step_there(graph, batches, rate, clip))
    }

    fn step_there(
        &mut self,
        graph: &Graph,
        batches: &[Batch],
        rate: f64,
        clip: Option<f64>,
    ) -> Result<StepReport> {
        let turns = backward::turns(graph, self.precision, self.recompute);
        if turns.is_empty() {
            return Err(EngineError::NothingToTrain);
        }
        let mut before = Before::default();
        if turns.len() > 1 {
            // a later turn may fail after an earlier one has moved its parameters
            before.whole = Some((self.model.clone(), self.memories.clone()));
        }
        let done = self.take_turns(graph, &turns, batches, rate, clip, &mut before);
        match done {
            Ok(report) => {
                self.follow(graph)?;
                self.step += 1;
                self.move_average()?;
                Ok(report)
            }
            Err(error) => {
                match before.whole {
                    Some((model, memories)) => (self.model, self.memories) = (model, memories),
                    None => {
                        for (name, value) in before.buffers {
                            self.model.put_buffer(name, value);
                        }
                        for (name, value) in before.states {
                            self.model.put_state(&name, value);
                        }
                    }
                }
                Err(error)
            }
        }
    }

    fn clock(&self) -> Clock {
        Clock {
            step: self.step,
            ..self.run
        }
    }

    fn take_turns(
        &mut self,
        graph: &Graph,
        turns: &[TurnProgram],
        batches: &[Batch],
        rate: f64,
        clip: Option<f64>,
        before: &mut Before,
    ) -> Result<StepReport> {
        let n = batches.len().max(1) as f64;
        let mut objectives = vec![0.0; graph.objectives.len()];
        let mut metrics = vec![0.0; graph.metrics.len()];
        let mut kept: Vec<Vec<(Var, Value)>> = vec![Vec::new(); batches.len()];
        let mut norm = None;
        for turn in turns {
            let mut sums = Sums::new();
            for (micro, batch) in batches.iter().enumerate() {
                let draw = Draw {
                    seed: self.seed,
                    clock: self.clock(),
                    micro: micro as u64,
                };
                let frozen = |name: &str| self.treatment(&self.optimizer, name, 2).rate == 0.0;
                let known = backward::known(&kept[micro], turn);
                let model = &self.model;
                let pass =
                    backward::pass(graph, turn, model, batch, draw, &frozen, known, &mut sums)?;
                for (index, value) in turn.turn.phase.objectives.iter().zip(pass.objectives) {
                    objectives[*index] += value / n;
                }
                for (total, value) in metrics.iter_mut().zip(pass.metrics) {
                    *total += value / n;
                }
                kept[micro].extend(pass.kept);
                for (name, value) in pass.buffers {
                    let old = self.model.buffer(&name)?.clone();
                    before.buffers.entry(name.clone()).or_insert(old);
                    self.model.put_buffer(name, value);
                }
                // the next batch reads what this one has assigned
                for (assign, (value, rows)) in graph.assigns.iter().zip(pass.assigned) {
                    let Some(state) = graph.state_of(assign.state) else {
                        continue;
                    };
                    let old = self.model.state(&state.name)?.clone();
                    before
                        .states
                        .entry(state.name.clone())
                        .or_insert_with(|| old.clone());
                    let next = match rows {
                        Some(index) => old.with_rows(index, value).map_err(|why| {
                            let rows = assign.rows.unwrap_or(assign.value);
                            let why = format!("the state `{}` {why}", state.name);
                            EngineError::node(graph, rows, why)
                        })?,
                        None => value,
                    };
                    self.model.put_state(&state.name, next);
                }
            }
            if batches.len() > 1 {
                sums = scaled(sums, 1.0 / n);
            }
            if let Some(limit) = clip {
                let own = self.clip(graph, &mut sums, limit)?;
                norm = Some(norm.unwrap_or(0.0f64).hypot(own));
            }
            let name = turn.turn.phase.name.as_deref();
            let optimizer = name.and_then(|name| self.named.get(name)).cloned();
            let own = match (&optimizer, &self.schedule) {
                (Some(optimizer), Some(schedule)) => learning_rate(
                    schedule,
                    optimizer.rate(),
                    self.step,
                    self.run.steps,
                    self.run.steps_per_epoch,
                )
                .map_err(script_failed)?,
                _ => rate,
            };
            let optimizer = optimizer.unwrap_or_else(|| self.optimizer.clone());
            self.update(name.unwrap_or_default(), &optimizer, sums, own)?;
        }
        let named = |list: &[Named], values: Vec<f64>| {
            let names = list.iter().map(|named| named.name.clone());
            names.zip(values).collect()
        };
        Ok(StepReport {
            objectives: named(&graph.objectives, objectives),
            metrics: named(&graph.metrics, metrics),
            gradient_norm: norm,
        })
    }

    /// Slow copies: `momentum * copy + (1 - momentum) * source`.
    fn follow(&mut self, graph: &Graph) -> Result<()> {
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
    fn update(&mut self, phase: &str, optimizer: &Optimizer, sums: Sums, rate: f64) -> Result<()> {
        let mut measured = BTreeMap::new();
        if matches!(optimizer, Optimizer::Lars { .. }) {
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
            let treatment = self.treatment(optimizer, &name, shape.len());
            let flat = value.inner().flat().map_err(device_failed)?;
            let memory = self.memories.entry(phase.to_owned()).or_default();
            let updated = memory.update(
                optimizer,
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
        let optimizer = self.optimizer.clone();
        self.update("", &optimizer, sums, rate)
    }

    fn treatment(&self, optimizer: &Optimizer, name: &str, rank: usize) -> Treatment {
        let mut treatment = treatment(&self.groups, decay_of(optimizer), name, rank);
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

    fn moments(&self) -> Result<BTreeMap<String, Moments>> {
        let mut all = BTreeMap::new();
        for (phase, memory) in &self.memories {
            for (name, moments) in memory.download()? {
                let name = match phase.is_empty() {
                    true => name,
                    false => format!("{phase}:{name}"),
                };
                all.insert(name, moments);
            }
        }
        Ok(all)
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
            states: self.model.state_values()?,
            moments: self.moments()?,
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
        for (name, tensor) in &state.states {
            self.model.set_state(name, tensor)?;
        }
        let mut parts: BTreeMap<String, BTreeMap<String, Moments>> = BTreeMap::new();
        for (name, moments) in &state.moments {
            let (phase, name) = name.split_once(':').unwrap_or(("", name));
            let part = parts.entry(phase.to_owned()).or_default();
            part.insert(name.to_owned(), moments.clone());
        }
        let device = self.model.device().burn();
        self.memories = parts
            .into_iter()
            .map(|(phase, moments)| (phase, Memory::upload(&moments, device)))
            .collect();
        self.step = state.step;
        Ok(())
    }
}

fn script_failed(reason: String) -> EngineError {
    EngineError::Script { reason }
}

fn scaled(sums: Sums, factor: f64) -> Sums {
    sums.into_iter()
        .map(|(name, sum)| (name, sum.mul_scalar(factor)))
        .collect()
}

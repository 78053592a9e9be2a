//! Training steps: forward, backward, clipping, update.

mod state;
mod update;

use std::collections::BTreeMap;

pub use state::TrainerState;
use update::{scaled, script_failed};

use super::backward::{self, Sums, TurnProgram};
use super::draw::Draw;
use super::error::{EngineError, Result};
use super::groups::layer_rates;
use super::host::Batch;
use super::model::Model;
use super::ops::with_rows;
use super::optimizer::Memory;
use super::schedule::learning_rate;
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

/// A batch with its graph, and what of that runs in each turn.
struct Traced<'s> {
    graph: &'s Graph,
    turns: std::rc::Rc<[TurnProgram]>,
    batch: &'s Batch,
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

    /// The same with products and convolutions in this precision.
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
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
        self.step_of(&vec![graph; batches.len()], batches, rate, clip)
    }

    /// The same, of which each batch has a graph of its own: one task, traced for inputs of several sizes.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn step_of(
        &mut self,
        graphs: &[&Graph],
        batches: &[Batch],
        rate: f64,
        clip: Option<f64>,
    ) -> Result<StepReport> {
        let device = self.model.device().clone();
        device.on_threads(|| self.step_there(graphs, batches, rate, clip))
    }

    fn step_there(
        &mut self,
        graphs: &[&Graph],
        batches: &[Batch],
        rate: f64,
        clip: Option<f64>,
    ) -> Result<StepReport> {
        let Some(graph) = graphs.first() else {
            return Err(EngineError::NothingToTrain);
        };
        let mut traced: Vec<Traced> = Vec::with_capacity(batches.len());
        for (graph, batch) in graphs.iter().zip(batches) {
            let same = traced.iter().find(|own| std::ptr::eq(own.graph, *graph));
            let turns = match same {
                Some(own) => own.turns.clone(),
                None => backward::turns(graph, self.precision, self.recompute).into(),
            };
            traced.push(Traced {
                graph,
                turns,
                batch,
            });
        }
        let turns = traced.iter().map(|part| part.turns.len());
        let turns = turns.min().unwrap_or(0);
        if turns == 0 {
            return Err(EngineError::NothingToTrain);
        }
        let mut before = Before::default();
        if turns > 1 {
            // a later turn may fail after an earlier one has moved its parameters
            before.whole = Some((self.model.clone(), self.memories.clone()));
        }
        let done = self.take_turns(graph, turns, &traced, rate, clip, &mut before);
        match done {
            Ok(report) => {
                self.keep_within(graph)?;
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

    /// `whole`: what all of the graphs agree in is asked of this one.
    fn take_turns(
        &mut self,
        whole: &Graph,
        turns: usize,
        parts: &[Traced<'_>],
        rate: f64,
        clip: Option<f64>,
        before: &mut Before,
    ) -> Result<StepReport> {
        let n = parts.len().max(1) as f64;
        let mut objectives = vec![0.0; whole.objectives.len()];
        let mut metrics = vec![0.0; whole.metrics.len()];
        let mut kept: Vec<Vec<(Var, Value)>> = vec![Vec::new(); parts.len()];
        let mut norm = None;
        for number in 0..turns {
            let mut sums = Sums::new();
            let name = parts[0].turns[number].turn.phase.name.clone();
            let name = name.as_deref();
            let optimizer = name.and_then(|name| self.named.get(name)).cloned();
            let by_rows = optimizer.as_ref().unwrap_or(&self.optimizer).leaves_still()
                && self.groups.is_empty();
            for (micro, part) in parts.iter().enumerate() {
                let Traced { graph, batch, .. } = *part;
                let turn = &part.turns[number];
                let draw = Draw {
                    seed: self.seed,
                    clock: self.clock(),
                    micro: micro as u64,
                };
                let frozen = |name: &str| self.treatment(&self.optimizer, name, 2).rate == 0.0;
                let known = backward::known(&kept[micro], turn);
                let model = &self.model;
                let pass = backward::pass(
                    graph, turn, model, batch, draw, &frozen, by_rows, known, &mut sums,
                )?;
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
                        Some(index) => with_rows(old, index, value).map_err(|why| {
                            let rows = assign.rows.unwrap_or(assign.value);
                            let why = format!("the state `{}` {why}", state.name);
                            EngineError::node(graph, rows, why)
                        })?,
                        None => value,
                    };
                    self.model.put_state(&state.name, next);
                }
            }
            if parts.len() > 1 {
                sums = scaled(sums, 1.0 / n);
            }
            if let Some(limit) = clip {
                let own = self.clip(whole, &mut sums, limit)?;
                norm = Some(norm.unwrap_or(0.0f64).hypot(own));
            }
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
            objectives: named(&whole.objectives, objectives),
            metrics: named(&whole.metrics, metrics),
            gradient_norm: norm,
        })
    }
}

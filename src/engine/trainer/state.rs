//! What training goes on from.

use std::collections::BTreeMap;

use super::super::error::{EngineError, Result};
use super::super::host::HostTensor;
use super::super::model::download;
use super::super::optimizer::{Memory, Moments};
use super::super::sum::device_failed;
use super::super::value::Value;
use super::Trainer;

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
                Some(average) => download(&average.tensors)?,
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

//! Parameters and buffers by name. One model serves every graph that uses these names: a training trace and an evaluation
//! trace share it, and a stage takes over another's encoder.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::device::Device;
use super::error::{EngineError, Result};
use super::host::HostTensor;
use super::init;
use super::sum::device_failed;
use super::value::Value;
use crate::graph::{DType, Graph, Init};

/// The tensors of a model, on one device. Cloning is cheap: the tensors are shared until one of the models changes.
#[derive(Clone, Debug)]
pub struct Model {
    device: Device,
    parameters: BTreeMap<String, Value>,
    buffers: BTreeMap<String, Value>,
    states: BTreeMap<String, Value>,
}

impl Model {
    /// A model without tensors.
    pub fn empty(device: &Device) -> Self {
        Self {
            device: device.clone(),
            parameters: BTreeMap::new(),
            buffers: BTreeMap::new(),
            states: BTreeMap::new(),
        }
    }

    /// The tensors of a graph with their first values, each drawn from the seed and its own name.
    ///
    /// # Errors
    /// A tensor has a rank that the engine does not know.
    pub fn init(graph: &Graph, seed: u64, device: &Device) -> Result<Self> {
        let mut model = Self::empty(device);
        model.extend(graph, seed)?;
        Ok(model)
    }

    /// Adds the graph's tensors that are not there yet.
    ///
    /// # Errors
    /// A tensor is there with other sizes, or has a rank that the engine does not know.
    pub fn extend(&mut self, graph: &Graph, seed: u64) -> Result<()> {
        for parameter in &graph.parameters {
            check(&self.parameters, &parameter.name, &parameter.shape)?;
        }
        for buffer in &graph.buffers {
            check(&self.buffers, &buffer.name, &buffer.shape)?;
        }
        let fresh: Vec<(String, Vec<usize>, Vec<f32>)> = graph
            .parameters
            .par_iter()
            .filter(|parameter| {
                !self.parameters.contains_key(&parameter.name) && !graph.is_slow(&parameter.name)
            })
            .map(|parameter| {
                let data =
                    init::draw_shape(parameter.init, &parameter.shape, seed, &parameter.name);
                (parameter.name.clone(), parameter.shape.clone(), data)
            })
            .collect();
        for (name, shape, data) in fresh {
            let value = self.placed(&name, data, &shape)?;
            self.put_parameter(&name, value);
        }
        for ema in &graph.emas {
            for (source, copy) in graph.slow_pairs(ema) {
                if !self.parameters.contains_key(&copy) {
                    let value = self.parameter(&source)?.clone().inner();
                    self.put_parameter(&copy, value);
                }
            }
        }
        for state in &graph.states {
            if self.states.contains_key(&state.name) {
                continue;
            }
            let value = match state.dtype {
                DType::F32 => {
                    let data = init::draw_shape(state.init, &state.shape, seed, &state.name);
                    self.placed(&state.name, data, &state.shape)?
                }
                DType::Int => {
                    let start = match state.init {
                        Init::Constant(value) => value as i64,
                        _ => 0,
                    };
                    let data = vec![start; state.shape.iter().product()];
                    let host = HostTensor::int(data, &state.shape);
                    Value::upload(&host, self.device.burn()).map_err(device_failed)?
                }
            };
            self.states.insert(state.name.clone(), value);
        }
        for buffer in &graph.buffers {
            if !self.buffers.contains_key(&buffer.name) {
                let data = vec![buffer.start; buffer.shape.iter().product()];
                let value = self.placed(&buffer.name, data, &buffer.shape)?;
                self.buffers.insert(buffer.name.clone(), value);
            }
        }
        Ok(())
    }

    /// Copies parameters and buffers whose names start with `from` out of another model, renamed to start with `to`.
    /// Those that this model does not have are added. Returns how many there were.
    ///
    /// # Errors
    /// A tensor is here with other sizes; then nothing is changed.
    pub fn adopt(&mut self, other: &Model, from: &str, to: &str) -> Result<usize> {
        let renamed = |tensors: &BTreeMap<String, Value>| -> Vec<(String, Value)> {
            tensors
                .iter()
                .filter_map(|(name, value)| {
                    let rest = name.strip_prefix(from)?;
                    Some((format!("{to}{rest}"), value.clone()))
                })
                .collect()
        };
        let parameters = renamed(&other.parameters);
        let buffers = renamed(&other.buffers);
        for (name, value) in &parameters {
            check(&self.parameters, name, &value.shape())?;
        }
        for (name, value) in &buffers {
            check(&self.buffers, name, &value.shape())?;
        }
        let count = parameters.len() + buffers.len();
        for (name, value) in parameters {
            self.put_parameter(&name, value.inner());
        }
        self.buffers.extend(buffers);
        Ok(count)
    }

    /// The device that holds the tensors.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Names and sizes of the parameters, in name order.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, Vec<usize>)> {
        self.parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.shape()))
    }

    /// Names and sizes of the buffers, in name order.
    pub fn buffers(&self) -> impl Iterator<Item = (&str, Vec<usize>)> {
        self.buffers
            .iter()
            .map(|(name, value)| (name.as_str(), value.shape()))
    }

    /// A copy of a parameter, a buffer or a state in host memory.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn get(&self, name: &str) -> Result<HostTensor> {
        let value = self
            .parameters
            .get(name)
            .or_else(|| self.buffers.get(name))
            .or_else(|| self.states.get(name))
            .ok_or_else(|| EngineError::TensorMissing { name: name.into() })?;
        value.clone().inner().download().map_err(device_failed)
    }

    /// Replaces a parameter or a buffer.
    ///
    /// # Errors
    /// There is none of this name, or it has other sizes.
    pub fn set(&mut self, name: &str, tensor: &HostTensor) -> Result<()> {
        let (data, shape) = match tensor {
            HostTensor::F32 { data, shape } => (data, shape),
            HostTensor::Int { data, shape } => {
                return Err(EngineError::TensorMismatch {
                    name: format!("{name} of {} whole numbers", data.len()),
                    has: shape.clone(),
                    wanted: shape.clone(),
                });
            }
        };
        let value = self.placed(name, data.clone(), shape)?;
        if self.parameters.contains_key(name) {
            check(&self.parameters, name, shape)?;
            self.put_parameter(name, value);
        } else if self.buffers.contains_key(name) {
            check(&self.buffers, name, shape)?;
            self.buffers.insert(name.to_owned(), value);
        } else {
            return Err(EngineError::TensorMissing { name: name.into() });
        }
        Ok(())
    }

    /// Every parameter in host memory, in name order.
    ///
    /// # Errors
    /// The device fails.
    pub fn parameter_values(&self) -> Result<BTreeMap<String, HostTensor>> {
        download(&self.parameters)
    }

    /// Every buffer in host memory, in name order.
    ///
    /// # Errors
    /// The device fails.
    pub fn buffer_values(&self) -> Result<BTreeMap<String, HostTensor>> {
        download(&self.buffers)
    }

    /// Every state in host memory, in name order.
    ///
    /// # Errors
    /// The device fails.
    pub fn state_values(&self) -> Result<BTreeMap<String, HostTensor>> {
        download(&self.states)
    }

    /// Replaces a state.
    ///
    /// # Errors
    /// There is none of this name, or it has other sizes or another element type.
    pub fn set_state(&mut self, name: &str, tensor: &HostTensor) -> Result<()> {
        let value = Value::upload(tensor, self.device.burn()).map_err(device_failed)?;
        let own = self.state(name)?;
        if own.shape() != value.shape() || own.is_float() != value.is_float() {
            return Err(EngineError::TensorMismatch {
                name: name.into(),
                has: value.shape(),
                wanted: own.shape(),
            });
        }
        self.put_state(name, value);
        Ok(())
    }

    /// The states by name.
    pub(crate) fn states(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.states
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    pub(crate) fn state(&self, name: &str) -> Result<&Value> {
        self.states
            .get(name)
            .ok_or_else(|| EngineError::TensorMissing { name: name.into() })
    }

    pub(crate) fn put_state(&mut self, name: &str, value: Value) {
        self.states.insert(name.to_owned(), value);
    }

    pub(crate) fn parameter(&self, name: &str) -> Result<&Value> {
        self.parameters
            .get(name)
            .ok_or_else(|| EngineError::TensorMissing { name: name.into() })
    }

    pub(crate) fn buffer(&self, name: &str) -> Result<&Value> {
        self.buffers
            .get(name)
            .ok_or_else(|| EngineError::TensorMissing { name: name.into() })
    }

    /// Takes a parameter out, so that burn may change it in place; [`Self::put_parameter`] brings it back.
    pub(crate) fn take_parameter(&mut self, name: &str) -> Result<Value> {
        self.parameters
            .remove(name)
            .ok_or_else(|| EngineError::TensorMissing { name: name.into() })
    }

    /// Stores a value as a parameter, a leaf of autodiff.
    pub(crate) fn put_parameter(&mut self, name: &str, value: Value) {
        // burn can't record calls and gradients at once
        let value = match self.device.is_recording() {
            true => value,
            false => value.leaf(),
        };
        self.parameters.insert(name.to_owned(), value);
    }

    /// Parameters and buffers by name, without autodiff.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (&String, Value)> {
        self.parameters
            .iter()
            .chain(&self.buffers)
            .map(|(name, value)| (name, value.clone().inner()))
    }

    /// The same model with these tensors in the place of its own.
    pub(crate) fn with(&self, tensors: &BTreeMap<String, Value>) -> Self {
        let mut model = self.clone();
        for (name, value) in tensors {
            if model.parameters.contains_key(name) {
                model.put_parameter(name, value.clone());
            } else {
                model.buffers.insert(name.clone(), value.clone());
            }
        }
        model
    }

    pub(crate) fn put_buffer(&mut self, name: String, value: Value) {
        self.buffers.insert(name, value);
    }

    fn placed(&self, name: &str, data: Vec<f32>, shape: &[usize]) -> Result<Value> {
        if data.len() != shape.iter().product::<usize>() {
            return Err(EngineError::TensorMismatch {
                name: name.into(),
                has: vec![data.len()],
                wanted: shape.to_vec(),
            });
        }
        Value::of_f32(data, shape, self.device.burn()).map_err(|_| EngineError::TensorMismatch {
            name: name.into(),
            has: shape.to_vec(),
            wanted: vec![1; super::value::MAX_RANK],
        })
    }
}

fn check(tensors: &BTreeMap<String, Value>, name: &str, shape: &[usize]) -> Result<()> {
    match tensors.get(name).map(Value::shape) {
        Some(wanted) if wanted != shape => Err(EngineError::TensorMismatch {
            name: name.into(),
            has: shape.to_vec(),
            wanted,
        }),
        _ => Ok(()),
    }
}

pub(crate) fn download(tensors: &BTreeMap<String, Value>) -> Result<BTreeMap<String, HostTensor>> {
    tensors
        .iter()
        .map(|(name, value)| {
            let host = value.clone().inner().download().map_err(device_failed)?;
            Ok((name.clone(), host))
        })
        .collect()
}

//! A tensor whose rank is known only at run time. burn's ranks are static; this file is where the two meet.

use burn::tensor::{Device as BurnDevice, FloatDType, Int, Tensor, TensorData};

use super::host::HostTensor;

pub(crate) use crate::graph::MAX_RANK;

/// A burn tensor of any rank up to [`MAX_RANK`], of numbers (`F`) or of whole numbers (`I`).
#[derive(Clone, Debug)]
pub(crate) enum Value {
    F1(Tensor<1>),
    F2(Tensor<2>),
    F3(Tensor<3>),
    F4(Tensor<4>),
    F5(Tensor<5>),
    F6(Tensor<6>),
    I1(Tensor<1, Int>),
    I2(Tensor<2, Int>),
    I3(Tensor<3, Int>),
    I4(Tensor<4, Int>),
    I5(Tensor<5, Int>),
    I6(Tensor<6, Int>),
}

macro_rules! conversions {
    ($($rank:literal $float:ident $int:ident;)*) => {
        $(
            impl From<Tensor<$rank>> for Value {
                fn from(tensor: Tensor<$rank>) -> Self {
                    Value::$float(tensor)
                }
            }
            impl From<Tensor<$rank, Int>> for Value {
                fn from(tensor: Tensor<$rank, Int>) -> Self {
                    Value::$int(tensor)
                }
            }
            impl TryFrom<Value> for Tensor<$rank> {
                type Error = String;
                fn try_from(value: Value) -> Result<Self, String> {
                    match value {
                        Value::$float(tensor) => Ok(tensor),
                        other => Err(format!("wants numbers of rank {}, has {}", $rank, other.describe())),
                    }
                }
            }
            impl TryFrom<Value> for Tensor<$rank, Int> {
                type Error = String;
                fn try_from(value: Value) -> Result<Self, String> {
                    match value {
                        Value::$int(tensor) => Ok(tensor),
                        other => Err(format!("wants whole numbers of rank {}, has {}", $rank, other.describe())),
                    }
                }
            }
        )*
    };
}

conversions! {
    1 F1 I1;
    2 F2 I2;
    3 F3 I3;
    4 F4 I4;
    5 F5 I5;
    6 F6 I6;
}

/// `on_float!(value, t => expression)`: the expression for a float tensor `t` of whatever rank; else the second arm.
macro_rules! on_float {
    ($value:expr, $t:ident => $body:expr, $other:ident => $else:expr) => {
        match $value {
            Value::F1($t) => $body,
            Value::F2($t) => $body,
            Value::F3($t) => $body,
            Value::F4($t) => $body,
            Value::F5($t) => $body,
            Value::F6($t) => $body,
            $other => $else,
        }
    };
}

/// `on_any!(value, t => expression)`: the expression for a tensor `t` of whatever kind and rank.
macro_rules! on_any {
    ($value:expr, $t:ident => $body:expr) => {
        match $value {
            Value::F1($t) => $body,
            Value::F2($t) => $body,
            Value::F3($t) => $body,
            Value::F4($t) => $body,
            Value::F5($t) => $body,
            Value::F6($t) => $body,
            Value::I1($t) => $body,
            Value::I2($t) => $body,
            Value::I3($t) => $body,
            Value::I4($t) => $body,
            Value::I5($t) => $body,
            Value::I6($t) => $body,
        }
    };
}

/// `on_pair!((a, b), (x, y) => expression)`: for two tensors of one kind and rank; else the last arm.
macro_rules! on_pair {
    ($pair:expr, ($x:ident, $y:ident) => $body:expr, $other:ident => $else:expr) => {
        match $pair {
            (Value::F1($x), Value::F1($y)) => $body,
            (Value::F2($x), Value::F2($y)) => $body,
            (Value::F3($x), Value::F3($y)) => $body,
            (Value::F4($x), Value::F4($y)) => $body,
            (Value::F5($x), Value::F5($y)) => $body,
            (Value::F6($x), Value::F6($y)) => $body,
            (Value::I1($x), Value::I1($y)) => $body,
            (Value::I2($x), Value::I2($y)) => $body,
            (Value::I3($x), Value::I3($y)) => $body,
            (Value::I4($x), Value::I4($y)) => $body,
            (Value::I5($x), Value::I5($y)) => $body,
            (Value::I6($x), Value::I6($y)) => $body,
            $other => $else,
        }
    };
}

pub(crate) use {on_any, on_float, on_pair};

/// The first `D` sizes; the caller has checked that there are `D`.
pub(crate) fn sizes<const D: usize>(shape: &[usize]) -> [usize; D] {
    std::array::from_fn(|i| shape[i])
}

impl Value {
    /// The sizes.
    pub(crate) fn shape(&self) -> Vec<usize> {
        on_any!(self, t => t.dims().to_vec())
    }

    /// `f32 [16, 3, 32, 32]`
    pub(crate) fn describe(&self) -> String {
        let kind = if self.is_float() { "f32" } else { "int" };
        format!("{kind} {:?}", self.shape())
    }

    /// Whether its elements are numbers rather than whole numbers.
    pub(crate) fn is_float(&self) -> bool {
        on_float!(self, _t => true, _other => false)
    }

    /// As numbers, where it holds whole numbers.
    pub(crate) fn float(self) -> Self {
        match self {
            Value::I1(t) => t.float().into(),
            Value::I2(t) => t.float().into(),
            Value::I3(t) => t.float().into(),
            Value::I4(t) => t.float().into(),
            Value::I5(t) => t.float().into(),
            Value::I6(t) => t.float().into(),
            numbers => numbers,
        }
    }

    /// Copies a host tensor to a device. Its data must be as long as its shape says.
    pub(crate) fn upload(host: &HostTensor, device: &BurnDevice) -> Result<Self, String> {
        let wanted: usize = host.shape().iter().product();
        if host.len() != wanted {
            return Err(format!(
                "has {} elements under sizes {:?}",
                host.len(),
                host.shape()
            ));
        }
        match host {
            HostTensor::F32 { data, shape } => Self::of_f32(data.clone(), shape, device),
            HostTensor::Int { data, shape } => {
                let data = TensorData::new(data.clone(), shape.clone());
                Ok(match shape.len() {
                    1 => Value::I1(Tensor::from_data(data, device)),
                    2 => Value::I2(Tensor::from_data(data, device)),
                    3 => Value::I3(Tensor::from_data(data, device)),
                    4 => Value::I4(Tensor::from_data(data, device)),
                    5 => Value::I5(Tensor::from_data(data, device)),
                    6 => Value::I6(Tensor::from_data(data, device)),
                    rank => return Err(bad_rank(rank)),
                })
            }
        }
    }

    /// Moves numbers to a device.
    pub(crate) fn of_f32(
        data: Vec<f32>,
        shape: &[usize],
        device: &BurnDevice,
    ) -> Result<Self, String> {
        let data = TensorData::new(data, shape.to_vec());
        Ok(match shape.len() {
            1 => Value::F1(Tensor::from_data(data, device)),
            2 => Value::F2(Tensor::from_data(data, device)),
            3 => Value::F3(Tensor::from_data(data, device)),
            4 => Value::F4(Tensor::from_data(data, device)),
            5 => Value::F5(Tensor::from_data(data, device)),
            6 => Value::F6(Tensor::from_data(data, device)),
            rank => return Err(bad_rank(rank)),
        })
    }

    /// Copies it to host memory.
    pub(crate) fn download(self) -> Result<HostTensor, String> {
        let shape = self.shape();
        if self.is_float() {
            let data = on_float!(self, t => t.try_into_vec_as::<f32>(), _other => Ok(Vec::new()));
            Ok(HostTensor::F32 {
                data: data.map_err(|e| e.to_string())?,
                shape,
            })
        } else {
            let data = match self {
                Value::I1(t) => t.try_into_vec_as::<i64>(),
                Value::I2(t) => t.try_into_vec_as::<i64>(),
                Value::I3(t) => t.try_into_vec_as::<i64>(),
                Value::I4(t) => t.try_into_vec_as::<i64>(),
                Value::I5(t) => t.try_into_vec_as::<i64>(),
                Value::I6(t) => t.try_into_vec_as::<i64>(),
                _ => Ok(Vec::new()),
            };
            Ok(HostTensor::Int {
                data: data.map_err(|e| e.to_string())?,
                shape,
            })
        }
    }

    /// The same elements under other sizes; their number is the same.
    pub(crate) fn reshape(self, shape: &[usize]) -> Result<Self, String> {
        if self.shape() == shape {
            return Ok(self);
        }
        Ok(match shape.len() {
            1 => on_any!(self, t => t.reshape::<1, _>(sizes::<1>(shape)).into()),
            2 => on_any!(self, t => t.reshape::<2, _>(sizes::<2>(shape)).into()),
            3 => on_any!(self, t => t.reshape::<3, _>(sizes::<3>(shape)).into()),
            4 => on_any!(self, t => t.reshape::<4, _>(sizes::<4>(shape)).into()),
            5 => on_any!(self, t => t.reshape::<5, _>(sizes::<5>(shape)).into()),
            6 => on_any!(self, t => t.reshape::<6, _>(sizes::<6>(shape)).into()),
            rank => return Err(bad_rank(rank)),
        })
    }

    /// Numbers in one row. Moves nothing where they are contiguous.
    pub(crate) fn flat(self) -> Result<Tensor<1>, String> {
        let n = self.shape().iter().product();
        self.reshape(&[n])?.try_into()
    }

    /// Without autodiff: operations on it are not recorded.
    pub(crate) fn inner(self) -> Self {
        on_any!(self, t => t.inner().into())
    }

    /// A leaf of the autodiff graph, whose gradient is kept. Whole numbers stay as they are.
    pub(crate) fn leaf(self) -> Self {
        on_float!(self, t => t.autodiff().require_grad().into(), other => other)
    }

    /// Numbers as bfloat16; whole numbers stay as they are.
    pub(crate) fn bf16(self) -> Self {
        on_float!(self, t => t.cast(FloatDType::BF16).into(), other => other)
    }

    /// Numbers as f32; whole numbers stay as they are.
    pub(crate) fn f32(self) -> Self {
        on_float!(self, t => t.cast(FloatDType::F32).into(), other => other)
    }
}

fn bad_rank(rank: usize) -> String {
    format!("rank {rank} is not between 1 and {MAX_RANK}")
}

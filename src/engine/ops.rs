//! One operation of a graph: as far as burn has it, one call of its functional API.
//!
//! Batch norm, dropout, inputs and parameters need more than their operands and stand in `run`.

use burn::tensor::activation;
use burn::tensor::module;
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{Device as BurnDevice, Int, Tensor};

use super::sum;
use super::value::{Value, on_any, on_float, on_pair, sizes};
use crate::graph::{Binary, Op, Unary};

/// Carries out an operation. `shape`: the sizes that the node has in this batch.
pub(crate) fn apply(
    op: &Op,
    inputs: Vec<Value>,
    shape: &[usize],
    starts: usize,
    device: &BurnDevice,
) -> Result<Value, String> {
    let mut inputs = Operands(inputs.into_iter());
    match op {
        Op::Eye(_) => Ok(Tensor::<2>::eye(first(shape)?, device).into()),
        Op::Arange(_) => Ok(Tensor::<1, Int>::arange(0..first(shape)? as i64, device).into()),
        Op::Unary(function) => unary(*function, inputs.next()?),
        Op::Binary(function) => binary(*function, inputs.next()?, inputs.next()?),
        Op::AddScalar(c) => add_scalar(inputs.next()?, *c),
        Op::MulScalar(c) => mul_scalar(inputs.next()?, *c),
        Op::MatMul => {
            on_pair!((inputs.next()?, inputs.next()?), (a, b) => Ok(a.matmul(b).into()), other => Err(differ(&other)))
        }
        Op::Linear => {
            let (x, weight, bias) = (inputs.next()?, inputs.tensor::<2>()?, inputs.vector()?);
            on_float!(x, x => Ok(module::linear(x, weight, bias).into()), other => Err(not_float(&other)))
        }
        Op::Conv2d {
            stride,
            padding,
            groups,
        } => {
            let (x, weight) = (inputs.tensor::<4>()?, inputs.tensor::<4>()?);
            let options = ConvOptions::new([*stride; 2], [*padding; 2], [1; 2], *groups);
            Ok(module::conv2d(x, weight, inputs.vector()?, options).into())
        }
        Op::LayerNorm { epsilon } => {
            let (x, gamma) = (inputs.next()?, inputs.tensor::<1>()?);
            let beta = inputs.vector()?;
            on_float!(x, x => Ok(module::layer_norm(x, gamma, beta, *epsilon).into()), other => Err(not_float(&other)))
        }
        Op::MaxPool {
            kernel,
            stride,
            padding,
        } => {
            let options = MaxPoolOptions::new([*kernel; 2])
                .with_stride([*stride; 2])
                .with_padding([*padding; 2]);
            Ok(module::max_pool2d(inputs.tensor::<4>()?, options).into())
        }
        Op::AvgPool {
            kernel,
            stride,
            padding,
        } => {
            let options = AvgPoolOptions::new([*kernel; 2])
                .with_stride([*stride; 2])
                .with_padding([*padding; 2]);
            Ok(module::avg_pool2d(inputs.tensor::<4>()?, options).into())
        }
        Op::Reshape => inputs.next()?.reshape(shape),
        Op::Permute(order) => permute(inputs.next()?, order),
        Op::Expand => expand(inputs.next()?, shape),
        Op::Concat(dim) => concat(inputs, *dim),
        Op::Slice { dim, .. } => {
            let length = *shape.get(*dim).ok_or("has no such dimension")?;
            Ok(on_any!(inputs.next()?, t => t.narrow(*dim, starts, length).into()))
        }
        Op::Sum(dim) => {
            on_float!(inputs.next()?, t => Ok(t.sum_dim(*dim).into()), other => Err(not_float(&other)))
        }
        Op::Mean(dim) => {
            on_float!(inputs.next()?, t => Ok(t.mean_dim(*dim).into()), other => Err(not_float(&other)))
        }
        Op::MeanAll => {
            let x = inputs.next()?.flat()?;
            let [n] = x.dims();
            Ok(sum::mean(x, n).into())
        }
        Op::Softmax(dim) => {
            on_float!(inputs.next()?, t => Ok(activation::softmax(t, *dim).into()), other => Err(not_float(&other)))
        }
        Op::LogSoftmax(dim) => {
            on_float!(inputs.next()?, t => Ok(activation::log_softmax(t, *dim).into()), other => Err(not_float(&other)))
        }
        Op::Gather(dim) => gather(inputs.next()?, inputs.next()?, *dim),
        Op::Argmax(dim) => {
            on_float!(inputs.next()?, t => Ok(t.argmax(*dim).into()), other => Err(not_float(&other)))
        }
        Op::Equal => {
            on_pair!((inputs.next()?, inputs.next()?), (a, b) => Ok(a.equal(b).float().into()), other => Err(differ(&other)))
        }
        Op::StopGradient => {
            on_float!(inputs.next()?, t => Ok(t.detach().into()), other => Ok(other))
        }
        Op::Input(_)
        | Op::Parameter(_)
        | Op::Read(_)
        | Op::Scalar(_)
        | Op::Random(_)
        | Op::When(_)
        | Op::BatchNorm { .. }
        | Op::Dropout(_) => Err("is not an operation on values alone".into()),
    }
}

/// The inputs of a node, taken one by one.
pub(crate) struct Operands(pub(crate) std::vec::IntoIter<Value>);

impl Operands {
    pub(crate) fn next(&mut self) -> Result<Value, String> {
        self.0.next().ok_or_else(|| "lacks an input".to_owned())
    }

    pub(crate) fn tensor<const D: usize>(&mut self) -> Result<Tensor<D>, String>
    where
        Tensor<D>: TryFrom<Value, Error = String>,
    {
        self.next()?.try_into()
    }

    /// An input that may be left out: a bias.
    fn vector(&mut self) -> Result<Option<Tensor<1>>, String> {
        self.0.next().map(TryInto::try_into).transpose()
    }
}

fn first(shape: &[usize]) -> Result<usize, String> {
    shape
        .first()
        .copied()
        .ok_or_else(|| "has no sizes".to_owned())
}

fn not_float(value: &Value) -> String {
    format!("wants numbers, has {}", value.describe())
}

fn differ((a, b): &(Value, Value)) -> String {
    format!(
        "wants two tensors of one kind and rank, has {} and {}",
        a.describe(),
        b.describe()
    )
}

fn unary(function: Unary, x: Value) -> Result<Value, String> {
    on_float!(x, x => Ok(match function {
        Unary::Relu => activation::relu(x),
        Unary::Gelu => activation::gelu(x),
        Unary::Exp => x.exp(),
        Unary::Log => x.log(),
        Unary::Sqrt => x.sqrt(),
    }.into()), other => Err(not_float(&other)))
}

fn binary(function: Binary, a: Value, b: Value) -> Result<Value, String> {
    on_pair!((a, b), (a, b) => Ok(match function {
        Binary::Add => a.add(b),
        Binary::Sub => a.sub(b),
        Binary::Mul => a.mul(b),
        Binary::Div => a.div(b),
    }.into()), other => Err(differ(&other)))
}

fn add_scalar(x: Value, c: f64) -> Result<Value, String> {
    Ok(on_any!(x, t => t.add_scalar(c).into()))
}

fn mul_scalar(x: Value, c: f64) -> Result<Value, String> {
    Ok(on_any!(x, t => t.mul_scalar(c).into()))
}

fn permute(x: Value, order: &[usize]) -> Result<Value, String> {
    if order.len() != x.shape().len() {
        return Err(format!(
            "orders {} dimensions of {}",
            order.len(),
            x.describe()
        ));
    }
    Ok(on_any!(x, t => permuted(t, order).into()))
}

fn permuted<const D: usize, K: burn::tensor::kind::Basic>(
    x: Tensor<D, K>,
    order: &[usize],
) -> Tensor<D, K> {
    x.permute(sizes::<D>(order).map(|dim| dim as isize))
}

fn expand(x: Value, shape: &[usize]) -> Result<Value, String> {
    if shape.len() != x.shape().len() {
        return Err(format!("can't repeat {} to {shape:?}", x.describe()));
    }
    Ok(on_any!(x, t => expanded(t, shape).into()))
}

fn expanded<const D: usize, K: burn::tensor::kind::Basic>(
    x: Tensor<D, K>,
    shape: &[usize],
) -> Tensor<D, K> {
    x.expand(sizes::<D>(shape))
}

fn concat(inputs: Operands, dim: usize) -> Result<Value, String> {
    macro_rules! by_variant {
        ($inputs:expr, $($variant:ident)*) => {
            match $inputs.first() {
                $(Some(Value::$variant(_)) => {
                    let mut tensors = Vec::with_capacity($inputs.len());
                    for value in $inputs {
                        match value {
                            Value::$variant(t) => tensors.push(t),
                            other => return Err(format!("joins tensors of different ranks, one is {}", other.describe())),
                        }
                    }
                    Ok(Tensor::cat(tensors, dim).into())
                })*
                None => Err("lacks an input".into()),
            }
        };
    }
    let inputs: Vec<Value> = inputs.0.collect();
    by_variant!(inputs, F1 F2 F3 F4 F5 F6 I1 I2 I3 I4 I5 I6)
}

fn gather(x: Value, index: Value, dim: usize) -> Result<Value, String> {
    macro_rules! by_rank {
        ($($float:ident $int:ident)*) => {
            match (x, index) {
                $((Value::$float(x), Value::$int(index)) => Ok(x.gather(dim, index).into()),
                (Value::$int(x), Value::$int(index)) => Ok(x.gather(dim, index).into()),)*
                other => Err(differ(&other)),
            }
        };
    }
    by_rank!(F1 I1 F2 I2 F3 I3 F4 I4 F5 I5 F6 I6)
}

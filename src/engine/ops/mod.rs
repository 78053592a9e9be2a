//! One operation of a graph: as far as burn has it, one call of its functional API.
//!
//! Batch norm, dropout, inputs and parameters need more than their operands and stand in `run`.
//!
//! Products, convolutions, norms and pools are here; `math` has functions of elements, `reduce` sums and extremes, `moves`
//! what computes nothing, `choice` everything by index, `resize` and `attention` what burn lacks or does otherwise.

mod attention;
mod choice;
mod math;
mod moves;
mod reduce;
mod resize;
mod windows;

use burn::tensor::activation;
use burn::tensor::module;
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, ConvTransposeOptions, MaxPoolOptions};
use burn::tensor::{Device as BurnDevice, Int, Tensor};

pub(crate) use choice::{check_index, with_rows};

use super::value::{Value, on_any, on_float, on_pair};
use crate::graph::Op;

/// Carries out an operation. `shape`: the sizes that the node has in this batch; `size`: what a size that the operation
/// itself holds is in this batch.
pub(crate) fn apply(
    op: &Op,
    inputs: Vec<Value>,
    shape: &[usize],
    size: usize,
    device: &BurnDevice,
) -> Result<Value, String> {
    let mut inputs = Operands(inputs.into_iter());
    match op {
        Op::Eye(_) => Ok(Tensor::<2>::eye(first(shape)?, device).into()),
        Op::Arange(_) => Ok(Tensor::<1, Int>::arange(0..first(shape)? as i64, device).into()),
        Op::Full(c) => {
            let n: usize = shape.iter().product();
            Value::from(Tensor::<1>::full([n], *c, device)).reshape(shape)
        }
        Op::Count(_) => Ok(Tensor::<1>::full([1], size as f64, device).into()),
        Op::Unary(function) => math::unary(*function, inputs.next()?),
        Op::Binary(function) => math::binary(*function, inputs.next()?, inputs.next()?),
        Op::AddScalar(c) => Ok(on_any!(inputs.next()?, t => t.add_scalar(*c).into())),
        Op::MulScalar(c) => Ok(on_any!(inputs.next()?, t => t.mul_scalar(*c).into())),
        Op::Pow(c) => math::pow(inputs.next()?, *c),
        Op::LeakyRelu(c) => {
            on_float!(inputs.next()?, t => Ok(activation::leaky_relu(t, *c).into()), other => Err(not_float(&other)))
        }
        Op::Clamp { min, max } => math::clamp(inputs.next()?, *min, *max),
        Op::Remainder(c) => Ok(on_any!(inputs.next()?, t => t.remainder_scalar(*c).into())),
        Op::ToFloat => Ok(inputs.next()?.float()),
        Op::ToInt => Ok(on_float!(inputs.next()?, t => t.int().into(), other => other)),
        Op::Compare(comparison) => math::compare(*comparison, inputs.next()?, inputs.next()?),
        Op::Where => choice::choose(inputs.next()?, inputs.next()?, inputs.next()?),
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
        Op::ConvTranspose2d {
            stride,
            padding,
            output_padding,
            groups,
        } => {
            let (x, weight) = (inputs.tensor::<4>()?, inputs.tensor::<4>()?);
            let options = ConvTransposeOptions::new(
                [*stride; 2],
                [*padding; 2],
                [*output_padding; 2],
                [1; 2],
                *groups,
            );
            Ok(module::conv_transpose2d(x, weight, inputs.vector()?, options).into())
        }
        Op::Attention { scale } => {
            let (q, k, v) = (inputs.next()?, inputs.next()?, inputs.next()?);
            attention::attention(q, k, v, inputs.0.next(), *scale)
        }
        Op::NegativeSampling { radius, share, bag } => {
            windows::negative_sampling(&mut inputs, *radius, *share, *bag)
        }
        Op::LayerNorm { epsilon } => {
            let x = inputs.next()?;
            let gamma = match inputs.vector()? {
                Some(gamma) => gamma,
                None => Tensor::ones([shape.last().copied().unwrap_or(1)], device),
            };
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
        Op::Permute(order) => moves::permute(inputs.next()?, order),
        Op::Expand => moves::expand(inputs.next()?, shape),
        Op::Flip(dims) => moves::flip(inputs.next()?, dims),
        Op::Concat(dim) => moves::concat(inputs.0.collect(), *dim),
        Op::Slice { dim, .. } => {
            let length = *shape.get(*dim).ok_or("has no such dimension")?;
            Ok(on_any!(inputs.next()?, t => t.narrow(*dim, size, length).into()))
        }
        Op::Resize(resampling) => resize::resize(inputs.tensor::<4>()?, *resampling, shape, device),
        Op::Sum(dim) => reduce::sum(inputs.next()?, *dim),
        Op::Mean(dim) => reduce::mean(inputs.next()?, *dim),
        Op::SumAll => Ok(super::sum::sum(inputs.next()?.flat()?).into()),
        Op::MeanAll => {
            let x = inputs.next()?.flat()?;
            let [n] = x.dims();
            Ok(super::sum::mean(x, n).into())
        }
        Op::Max(dim) => {
            on_float!(inputs.next()?, t => Ok(t.max_dim(*dim).into()), other => Err(not_float(&other)))
        }
        Op::Min(dim) => {
            on_float!(inputs.next()?, t => Ok(t.min_dim(*dim).into()), other => Err(not_float(&other)))
        }
        Op::Softmax(dim) => {
            on_float!(inputs.next()?, t => Ok(activation::softmax(t, *dim).into()), other => Err(not_float(&other)))
        }
        Op::LogSoftmax(dim) => {
            on_float!(inputs.next()?, t => Ok(activation::log_softmax(t, *dim).into()), other => Err(not_float(&other)))
        }
        Op::Gather(dim) => choice::gather(inputs.next()?, inputs.next()?, *dim),
        Op::ScatterAdd(dim) => {
            choice::scatter_add(inputs.next()?, inputs.next()?, inputs.next()?, *dim)
        }
        Op::Take(dim) => choice::take(inputs.next()?, inputs.next()?, *dim),
        Op::Argsort { descending } => choice::argsort(inputs.next()?, *descending, device),
        Op::Argmax(dim) => {
            on_float!(inputs.next()?, t => Ok(t.argmax(*dim).into()), other => Err(not_float(&other)))
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

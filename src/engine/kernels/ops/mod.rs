//! The operations that have kernels, each with its gradient. What a kernel does not know goes back to burn.

mod attention;
mod batch_norm;
mod choice;
mod elements;
mod maps;
mod products;
mod rows;
mod update;
mod windows;

pub(crate) use attention::joined_attention;
pub(crate) use batch_norm::{Normalise, batch_norm, normalise};
pub(crate) use choice::{chosen_log_softmax, read_rows};
pub(crate) use update::{Update, update, update_rows};

use super::drop::Draws;
use super::map::is_f32;
use super::tape::{Fork, Held, Left};
use crate::engine::value::{Value, on_float};
use crate::graph::{Binary, Op, Unary};

/// Carries out an operation where there is a kernel for it; else gives the inputs back. `left`: what other operations leave for the
/// gradient of the input of this number.
pub(crate) fn apply(
    op: &Op,
    inputs: Vec<Value>,
    left: Option<(usize, Left)>,
) -> Result<Value, Vec<Value>> {
    if let Op::NegativeSampling { radius, share, bag } = op {
        let done = windows::windows(&inputs, (*radius, *share, *bag));
        return done.map(|done| value(done, 2)).ok_or(inputs);
    }
    if let Op::Take(0) = op {
        let done = choice::take(&inputs, left);
        let rank = inputs.first().map_or(0, |x| x.shape().len());
        return done.map(|done| value(done, rank)).ok_or(inputs);
    }
    if !is_known(op, &inputs) {
        return Err(inputs);
    }
    let held: Option<Vec<Held>> = inputs.iter().cloned().map(held).collect();
    let Some(mut held) = held.filter(|held| held.iter().all(|x| is_f32(x.plain()))) else {
        return Err(inputs);
    };
    if let Some((index, left)) = left
        && let Some(held) = held.get_mut(index)
    {
        held.leave(left);
    }
    let rank = inputs.first().map_or(0, |x| x.shape().len());
    let done = match op {
        Op::Conv2d {
            stride,
            padding,
            groups,
        } => maps::convolve(held, [*stride, *padding, *groups]),
        Op::ConvTranspose2d {
            stride,
            padding,
            output_padding,
            groups,
        } => maps::convolve_back(held, [*stride, *padding, *output_padding, *groups]),
        Op::MaxPool {
            kernel,
            stride,
            padding,
        } => maps::max_pool(held, [*kernel, *stride, *padding]),
        Op::AvgPool {
            kernel,
            stride,
            padding,
        } => maps::average_pool(held, [*kernel, *stride, *padding]),
        Op::Unary(Unary::Relu) => elements::relu(held),
        Op::Unary(Unary::Gelu) => elements::gelu(held),
        Op::Binary(Binary::Add) => elements::add(held),
        Op::Linear => products::linear(held),
        Op::MatMul => products::matmul(held),
        Op::LayerNorm { epsilon } => rows::layer_norm(held, *epsilon),
        Op::Softmax(_) => rows::softmax(held),
        Op::LogSoftmax(_) => rows::log_softmax(held),
        Op::Attention { scale } => attention::attend(held, *scale),
        _ => None,
    };
    done.map(|done| value(done, rank)).ok_or(inputs)
}

fn is_known(op: &Op, inputs: &[Value]) -> bool {
    let shapes = || inputs.iter().map(Value::shape);
    match op {
        Op::Conv2d { .. } | Op::ConvTranspose2d { .. } => true,
        Op::MaxPool { .. } | Op::AvgPool { .. } => true,
        Op::Unary(Unary::Relu | Unary::Gelu) => true,
        Op::Linear | Op::LayerNorm { .. } | Op::MatMul => true,
        Op::Attention { .. } => true,
        Op::Softmax(dim) | Op::LogSoftmax(dim) => shapes().all(|shape| *dim + 1 == shape.len()),
        Op::Binary(Binary::Add) => true,
        _ => false,
    }
}

/// Dropout by these draws; gives the value back where it is not on `flex`.
pub(crate) fn dropout(x: Value, draws: Draws) -> Result<Value, Value> {
    let rank = x.shape().len();
    match held(x.clone()) {
        Some(held) if is_f32(held.plain()) => Ok(value(elements::dropout(held, draws), rank)),
        _ => Err(x),
    }
}

/// The fork of a value whose first operation, told of `left`, gave `first`.
pub(crate) fn fork(left: Left, first: &Value) -> Option<Fork> {
    on_float!(first.clone(), t => Fork::new(left, t), _other => None)
}

/// A value for another operation than the first that reads it.
pub(crate) fn pass(fork: &Fork, value: Value) -> Value {
    let rank = value.shape().len();
    match held(value.clone()) {
        Some(held) if held.is_tracked() && is_f32(held.plain()) => {
            self::value(fork.pass(held), rank)
        }
        _ => value,
    }
}

fn held(value: Value) -> Option<Held> {
    on_float!(value, t => Held::of(t), _other => None)
}

fn value(held: Held, rank: usize) -> Value {
    match rank {
        1 => held.tensor::<1>().into(),
        2 => held.tensor::<2>().into(),
        3 => held.tensor::<3>().into(),
        4 => held.tensor::<4>().into(),
        5 => held.tensor::<5>().into(),
        _ => held.tensor::<6>().into(),
    }
}

//! Functions of elements.

use burn::tensor::activation;

use super::super::value::{Value, on_float, on_pair};
use super::{differ, not_float};
use crate::graph::{Binary, Comparison, Unary};

/// Whole exponents up to here are products: a negative base has no real power else, and some devices say so.
const WHOLE: f64 = 64.0;

pub(super) fn unary(function: Unary, x: Value) -> Result<Value, String> {
    on_float!(x, x => Ok(match function {
        Unary::Relu => activation::relu(x),
        Unary::Gelu => activation::gelu(x),
        Unary::Exp => x.exp(),
        Unary::Log => x.log(),
        Unary::Sqrt => x.sqrt(),
        Unary::Abs => x.abs(),
        Unary::Tanh => x.tanh(),
        Unary::Sigmoid => activation::sigmoid(x),
        Unary::LogSigmoid => activation::log_sigmoid(x),
        // burn's softplus gives up its exactness at a threshold
        Unary::Softplus => activation::log_sigmoid(x.neg()).neg(),
        Unary::Silu => activation::silu(x),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
    }.into()), other => Err(not_float(&other)))
}

pub(super) fn binary(function: Binary, a: Value, b: Value) -> Result<Value, String> {
    on_pair!((a, b), (a, b) => Ok(match function {
        Binary::Add => a.add(b),
        Binary::Sub => a.sub(b),
        Binary::Mul => a.mul(b),
        Binary::Div => a.div(b),
        Binary::Max => a.max_pair(b),
        Binary::Min => a.min_pair(b),
    }.into()), other => Err(differ(&other)))
}

pub(super) fn compare(comparison: Comparison, a: Value, b: Value) -> Result<Value, String> {
    on_pair!((a, b), (a, b) => Ok(match comparison {
        Comparison::Equal => a.equal(b),
        Comparison::NotEqual => a.not_equal(b),
        Comparison::Less => a.lower(b),
        Comparison::LessEqual => a.lower_equal(b),
        Comparison::Greater => a.greater(b),
        Comparison::GreaterEqual => a.greater_equal(b),
    }.float().into()), other => Err(differ(&other)))
}

pub(super) fn pow(x: Value, c: f64) -> Result<Value, String> {
    on_float!(x, x => Ok(if c.fract() == 0.0 && c.abs() <= WHOLE {
        x.powi_scalar(c as i32)
    } else {
        x.powf_scalar(c)
    }.into()), other => Err(not_float(&other)))
}

pub(super) fn clamp(x: Value, min: f64, max: f64) -> Result<Value, String> {
    on_float!(x, x => Ok(match (min.is_finite(), max.is_finite()) {
        (true, true) => x.clamp(min, max),
        (true, false) => x.clamp_min(min),
        (false, true) => x.clamp_max(max),
        (false, false) => x,
    }.into()), other => Err(not_float(&other)))
}

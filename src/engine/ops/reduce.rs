//! Sums along a dimension.

use super::super::sum;
use super::super::value::{Value, on_float};
use super::not_float;

/// The only dimension that is not 1 holds everything: then the order of the sum is ours.
fn everything(x: &Value, dim: usize) -> bool {
    let shape = x.shape();
    shape.get(dim).copied() == Some(shape.iter().product())
}

pub(super) fn sum(x: Value, dim: usize) -> Result<Value, String> {
    if everything(&x, dim) {
        let rank = x.shape().len();
        return Value::from(sum::sum(x.flat()?)).reshape(&vec![1; rank]);
    }
    on_float!(x, t => Ok(t.sum_dim(dim).into()), other => Err(not_float(&other)))
}

pub(super) fn mean(x: Value, dim: usize) -> Result<Value, String> {
    if everything(&x, dim) {
        let rank = x.shape().len();
        let x = x.flat()?;
        let [n] = x.dims();
        return Value::from(sum::mean(x, n)).reshape(&vec![1; rank]);
    }
    on_float!(x, t => Ok(t.mean_dim(dim).into()), other => Err(not_float(&other)))
}

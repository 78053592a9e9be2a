//! What moves elements without computing.

use burn::tensor::Tensor;
use burn::tensor::kind::Basic;

use super::super::value::{Value, on_any, sizes};

pub(super) fn permute(x: Value, order: &[usize]) -> Result<Value, String> {
    if order.len() != x.shape().len() {
        return Err(format!(
            "orders {} dimensions of {}",
            order.len(),
            x.describe()
        ));
    }
    Ok(on_any!(x, t => permuted(t, order).into()))
}

fn permuted<const D: usize, K: Basic>(x: Tensor<D, K>, order: &[usize]) -> Tensor<D, K> {
    x.permute(sizes::<D>(order).map(|dim| dim as isize))
}

pub(super) fn expand(x: Value, shape: &[usize]) -> Result<Value, String> {
    if shape.len() != x.shape().len() {
        return Err(format!("can't repeat {} to {shape:?}", x.describe()));
    }
    Ok(on_any!(x, t => expanded(t, shape).into()))
}

fn expanded<const D: usize, K: Basic>(x: Tensor<D, K>, shape: &[usize]) -> Tensor<D, K> {
    x.expand(sizes::<D>(shape))
}

pub(super) fn flip(x: Value, dims: &[usize]) -> Result<Value, String> {
    Ok(on_any!(x, t => dims.iter().fold(t, |t, dim| t.flip([*dim])).into()))
}

pub(super) fn concat(inputs: Vec<Value>, dim: usize) -> Result<Value, String> {
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
    by_variant!(inputs, F1 F2 F3 F4 F5 F6 I1 I2 I3 I4 I5 I6)
}

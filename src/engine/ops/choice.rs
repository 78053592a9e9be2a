//! Choices by index, by condition, by order.

use burn::tensor::{Device as BurnDevice, IndexingUpdateOp, Int, Tensor};
use rayon::prelude::*;

use super::super::host::HostTensor;
use super::super::value::{Value, on_any, on_pair};
use super::differ;
use crate::graph::Op;

pub(super) fn gather(x: Value, index: Value, dim: usize) -> Result<Value, String> {
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

pub(super) fn scatter_add(
    x: Value,
    index: Value,
    values: Value,
    dim: usize,
) -> Result<Value, String> {
    let add = IndexingUpdateOp::Add;
    macro_rules! by_rank {
        ($($float:ident $int:ident)*) => {
            match (x, index, values) {
                $((Value::$float(x), Value::$int(index), Value::$float(values)) => Ok(x.scatter(dim, index, values, add).into()),
                (Value::$int(x), Value::$int(index), Value::$int(values)) => Ok(x.scatter(dim, index, values, add).into()),)*
                (x, index, _) => Err(differ(&(x, index))),
            }
        };
    }
    by_rank!(F1 I1 F2 I2 F3 I3 F4 I4 F5 I5 F6 I6)
}

pub(super) fn take(x: Value, index: Value, dim: usize) -> Result<Value, String> {
    let index: Tensor<1, Int> = index.try_into()?;
    Ok(on_any!(x, t => t.select(dim, index).into()))
}

/// Whether every index of a choice is there.
pub(crate) fn check_index(op: &Op, inputs: &[Value]) -> Result<(), String> {
    let (dim, x, index) = match (op, inputs) {
        (Op::Gather(dim) | Op::Take(dim), [x, index]) => (*dim, x, index),
        (Op::ScatterAdd(dim), [x, index, _]) => (*dim, x, index),
        _ => return Ok(()),
    };
    within(x, index, dim)
}

/// `x` with these rows in the place of its own: `index [R]` says which.
pub(crate) fn with_rows(x: Value, index: Value, rows: Value) -> Result<Value, String> {
    within(&x, &index, 0)?;
    let index: Tensor<1, Int> = index.try_into()?;
    on_pair!((x, rows), (x, rows) => Ok(x.select_assign(0, index, rows, IndexingUpdateOp::Assign).into()),
        _other => Err("rows of another rank or element type".into()))
}

fn within(x: &Value, index: &Value, dim: usize) -> Result<(), String> {
    let size = x.shape().get(dim).copied().unwrap_or(0) as i64;
    let HostTensor::Int { data, .. } = index.clone().download()? else {
        return Ok(());
    };
    match data.iter().find(|i| !(0..size).contains(*i)) {
        Some(wrong) => Err(format!(
            "is asked for index {wrong}, along dimension {dim} there are 0..{size}"
        )),
        None => Ok(()),
    }
}

/// a where the condition is not 0, b elsewhere; all of one shape.
pub(super) fn choose(condition: Value, a: Value, b: Value) -> Result<Value, String> {
    macro_rules! by_rank {
        ($($float:ident $int:ident)*) => {
            match (condition.float(), a, b) {
                $((Value::$float(c), Value::$float(a), Value::$float(b)) => Ok(b.mask_where(c.not_equal_scalar(0.0), a).into()),
                (Value::$float(c), Value::$int(a), Value::$int(b)) => Ok(b.mask_where(c.not_equal_scalar(0.0), a).into()),)*
                (_, a, b) => Err(differ(&(a, b))),
            }
        };
    }
    by_rank!(F1 I1 F2 I2 F3 I3 F4 I4 F5 I5 F6 I6)
}

/// A number's bits in the order of `f32::total_cmp`.
fn ranked(x: f32) -> u32 {
    let bits = x.to_bits();
    match bits >> 31 {
        0 => bits | 1 << 31,
        _ => !bits,
    }
}

/// The stable order of each row, sorted on the host: a backend's own sort need not be stable, and each has another.
pub(super) fn argsort(x: Value, descending: bool, device: &BurnDevice) -> Result<Value, String> {
    if x.shape().last().is_some_and(|n| u32::try_from(*n).is_err()) {
        return Err("sorts up to 4,294,967,295 numbers".into());
    }
    let host = x.float().inner().download()?;
    let (numbers, shape) = match host {
        HostTensor::F32 { data, shape } => (data, shape),
        HostTensor::Int { .. } => return Err("sorts numbers".into()),
    };
    let n = shape.last().copied().unwrap_or(1).max(1);
    let mut order = vec![0i64; numbers.len()];
    let rows = order.par_chunks_mut(n).zip(numbers.par_chunks(n));
    rows.for_each_init(Vec::new, |keys, (order, row)| {
        // number and place in one word: no two are equal, so that any sort is the stable one
        keys.clear();
        keys.extend(row.iter().enumerate().map(|(place, x)| {
            let rank = ranked(*x);
            let rank = if descending { !rank } else { rank };
            u64::from(rank) << 32 | place as u64
        }));
        keys.sort_unstable();
        for (to, key) in order.iter_mut().zip(keys.iter()) {
            *to = (key & u64::from(u32::MAX)) as i64;
        }
    });
    Value::upload(&HostTensor::int(order, &shape), device)
}

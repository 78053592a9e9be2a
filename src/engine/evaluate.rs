//! Forward passes without training: features at named places, products for nearest neighbours.

use super::device::Device;
use super::error::Result;
use super::host::{Batch, HostTensor};
use super::model::Model;
use super::program::Program;
use super::run::{Draw, Gradients, run};
use super::sum::device_failed;
use super::value::Value;
use crate::graph::{Graph, Var};

/// The values of `wanted` for a batch. Only the nodes that lead to them run; nothing is recorded for gradients and nothing
/// in the model changes.
///
/// # Errors
/// The batch does not fit the graph, or the model lacks a tensor of it.
pub fn features(
    graph: &Graph,
    model: &Model,
    batch: &Batch,
    wanted: &[Var],
) -> Result<Vec<HostTensor>> {
    let program = Program::new(graph, wanted);
    let draw = Draw {
        seed: 0,
        step: 0,
        micro: 0,
    };
    let outcome = run(graph, &program, model, batch, draw, Gradients::None)?;
    outcome
        .values
        .into_iter()
        .map(|value| value.download().map_err(device_failed))
        .collect()
}

/// `a bᵀ` of rows of length `width`: `[n, m]`, row-major. With rows of length 1 in norm, their cosines.
///
/// # Errors
/// The device fails.
pub fn products(device: &Device, a: &[f32], b: &[f32], width: usize) -> Result<Vec<f32>> {
    let width = width.max(1);
    let rows = |data: &[f32]| -> Result<burn::tensor::Tensor<2>> {
        let n = data.len() / width;
        Value::of_f32(data[..n * width].to_vec(), &[n, width], device.burn())
            .and_then(TryInto::try_into)
            .map_err(device_failed)
    };
    let (a, b) = (rows(a)?, rows(b)?);
    if a.dims()[0] == 0 || b.dims()[0] == 0 {
        return Ok(Vec::new());
    }
    a.matmul(b.transpose())
        .try_into_vec_as::<f32>()
        .map_err(device_failed)
}

//! Forward passes without training: features at named places, products for nearest neighbours.

use burn::tensor::Tensor;

use super::device::Device;
use super::draw::Draw;
use super::error::Result;
use super::host::{Batch, HostTensor};
use super::model::Model;
use super::program::Program;
use super::run::{Gradients, run};
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
    drawn(graph, model, batch, wanted, 0, 0)
}

/// The same for the batch of this number: what is drawn, is drawn by a seed and by that.
///
/// # Errors
/// As [`features`].
pub(crate) fn drawn(
    graph: &Graph,
    model: &Model,
    batch: &Batch,
    wanted: &[Var],
    seed: u64,
    number: u64,
) -> Result<Vec<HostTensor>> {
    let program = Program::new(graph, wanted);
    let draw = Draw::still(seed, number);
    model.device().on_threads(|| {
        let outcome = run(graph, &program, model, batch, draw, Gradients::None)?;
        outcome
            .values
            .into_iter()
            .map(|value| value.download().map_err(device_failed))
            .collect()
    })
}

/// The numbers `wanted`, `[1]` each, of a graph for the batch of this number; nothing is recorded for gradients and nothing in the
/// model changes.
///
/// # Errors
/// The batch does not fit the graph, or the model lacks a tensor of it.
pub(crate) fn numbers(
    graph: &Graph,
    model: &Model,
    batch: &Batch,
    wanted: &[Var],
    seed: u64,
    number: u64,
) -> Result<Vec<f64>> {
    let program = Program::new(graph, wanted);
    let draw = Draw::still(seed, number);
    let outcome = run(graph, &program, model, batch, draw, Gradients::None)?;
    let first = |value: Value| -> Result<f64> {
        let host = value.download().map_err(device_failed)?;
        Ok(host
            .as_f32()
            .and_then(|x| x.first())
            .map_or(f64::NAN, |x| f64::from(*x)))
    };
    outcome.values.into_iter().map(first).collect()
}

/// Rows of one length on a device, to be multiplied by others: the bank of a nearest-neighbour search.
#[derive(Clone, Debug)]
pub struct Rows {
    device: Device,
    turned: Tensor<2>,
    width: usize,
}

impl Rows {
    /// Moves `data`, rows of length `width` one after the other, to the device; on `flex` without a copy. A rest shorter than a row is
    /// left out.
    ///
    /// # Errors
    /// The device fails.
    pub fn new(device: &Device, data: Vec<f32>, width: usize) -> Result<Self> {
        let width = width.max(1);
        let turned = upload(device, data, width)?.transpose();
        Ok(Self {
            device: device.clone(),
            turned,
            width,
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.turned.dims()[1]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The dot product of each row of `queries` with each row here: `[queries, rows]`, row-major. Of rows with norm 1 these
    /// are cosines. Callers cut many queries into pieces: the result is as large as both counts multiplied.
    ///
    /// # Errors
    /// The device fails.
    pub fn products(&self, queries: &[f32]) -> Result<Vec<f32>> {
        if self.is_empty() || queries.len() < self.width {
            return Ok(Vec::new());
        }
        let queries = upload(&self.device, queries.to_vec(), self.width)?;
        queries
            .matmul(self.turned.clone())
            .try_into_vec_as::<f32>()
            .map_err(device_failed)
    }

    /// The sum of the rows here for each list of weights `[lists, rows]`: `[lists, width]`, row-major.
    ///
    /// # Errors
    /// The device fails.
    pub fn weighted(&self, weights: &[f32]) -> Result<Vec<f32>> {
        if self.is_empty() || weights.len() < self.len() {
            return Ok(Vec::new());
        }
        let weights = upload(&self.device, weights.to_vec(), self.len())?;
        weights
            .matmul(self.turned.clone().transpose())
            .try_into_vec_as::<f32>()
            .map_err(device_failed)
    }
}

/// `a bᵀ` of rows of length `width`: `[rows of a, rows of b]`, row-major.
///
/// # Errors
/// The device fails.
pub fn products(device: &Device, a: &[f32], b: &[f32], width: usize) -> Result<Vec<f32>> {
    Rows::new(device, b.to_vec(), width)?.products(a)
}

fn upload(device: &Device, mut data: Vec<f32>, width: usize) -> Result<Tensor<2>> {
    let n = data.len() / width;
    data.truncate(n * width);
    Value::of_f32(data, &[n, width], device.burn())
        .and_then(TryInto::try_into)
        .map_err(device_failed)
}

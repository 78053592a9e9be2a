//! How far the samples of a batch lie apart in what a network makes of them.

use super::error::Result;
use super::evaluate::drawn;
use super::host::{Batch, HostTensor};
use super::inputs::batch_size;
use super::model::Model;
use crate::graph::{Graph, Op, Var};

/// Samples that are looked at: enough to tell a few directions from many.
pub(crate) const ROWS: usize = 64;

/// Samples of which fewer stand for themselves: places of few long texts are looked at one by one.
const FEW: usize = 16;

/// How far rows lie apart, each scaled to length 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apart {
    /// The mean over the d directions of the standard deviation, times √d: near 1 where rows fill the sphere, 0 where they are all
    /// one (Chen & He, 2021, figure 2).
    pub spread: f64,
    /// How many directions rows vary in: (Σλ)² / Σλ² of the eigenvalues λ of their covariance, the participation ratio. From 1 to the
    /// smaller of d and the number of rows; 0 where they do not vary.
    pub rank: f64,
    /// The part of the numbers that are exactly 0.
    pub zeros: f64,
    /// How many rows there were.
    pub rows: usize,
}

impl Apart {
    /// Of rows of `d` numbers.
    pub fn of(rows: &[f32], d: usize) -> Self {
        let d = d.max(1);
        let mut unit: Vec<f64> = rows.iter().map(|x| f64::from(*x)).collect();
        let n = unit.len() / d;
        unit.truncate(n * d);
        let zeros = unit.iter().filter(|x| **x == 0.0).count() as f64 / unit.len().max(1) as f64;
        for row in unit.chunks_exact_mut(d) {
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            row.iter_mut().for_each(|x| *x /= length.max(1e-12));
        }
        let mut spread = 0.0;
        for j in 0..d {
            let column = || unit.iter().skip(j).step_by(d);
            let mean = column().sum::<f64>() / n.max(1) as f64;
            let square: f64 = column().map(|x| (x - mean) * (x - mean)).sum();
            spread += (square / n.max(1) as f64).sqrt();
            unit.iter_mut().skip(j).step_by(d).for_each(|x| *x -= mean);
        }
        // products of rows have the eigenvalues of the covariance, times n
        let row = |i: usize| &unit[i * d..(i + 1) * d];
        let (mut trace, mut squares) = (0.0, 0.0);
        for i in 0..n {
            for j in 0..=i {
                let product: f64 = row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum();
                squares += product * product * if i == j { 1.0 } else { 2.0 };
                trace += if i == j { product } else { 0.0 };
            }
        }
        Self {
            spread: spread / (d as f64).sqrt(),
            rank: if squares > 0.0 {
                trace * trace / squares
            } else {
                0.0
            },
            zeros,
            rows: n,
        }
    }
}

/// How far the first samples of a batch lie apart in some values of a graph, which runs on these alone: `[B, d]`, `[B, N, d]` by the
/// mean over N (of few samples, evenly spaced ones of all B N places), `[B, C, H, W]` by the mean over places. Nothing in the model changes. `seed` and `step` decide what is drawn.
///
/// # Errors
/// The batch does not fit the graph, or the model lacks a tensor of it.
pub(crate) fn apart(
    graph: &Graph,
    model: &Model,
    batch: &Batch,
    wanted: &[Var],
    seed: u64,
    step: u64,
) -> Result<Vec<Apart>> {
    let batch = first_samples(graph, batch)?;
    let values = drawn(graph, model, &batch, wanted, seed, step)?;
    let apart = |value: &HostTensor| {
        let (rows, d) = pooled(value);
        let most = rows.len().min(ROWS * d);
        Apart::of(&rows[..most], d)
    };
    Ok(values.iter().map(apart).collect())
}

/// The first [`ROWS`] samples of a batch; all of it where a sample is more than rows of its fields.
fn first_samples(graph: &Graph, batch: &Batch) -> Result<Batch> {
    let size = batch_size(graph, batch)?;
    if size <= ROWS {
        return Ok(batch.clone());
    }
    let mut cut = Batch::new();
    for node in &graph.nodes {
        let Op::Input(name) = &node.op else { continue };
        let (Some(field), Some(rows)) = (batch.get(name), node.shape.first()) else {
            continue;
        };
        if node.shape.iter().skip(1).any(|n| n.known().is_none()) {
            return Ok(batch.clone());
        }
        let keep = match rows.known() {
            Some(rows) => rows,
            None => rows.at(ROWS),
        };
        let numbers = keep * field.width();
        let mut shape = field.shape().to_vec();
        shape[0] = keep;
        cut.insert(name.clone(), field.first(numbers, shape));
    }
    Ok(cut)
}

/// One row of `d` numbers for each sample.
fn pooled(value: &HostTensor) -> (Vec<f32>, usize) {
    let data = value.as_f32().unwrap_or_default();
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len().max(1) as f32;
    match *value.shape() {
        [b, n, d] if b < FEW => {
            let apart = (b * n).div_ceil(ROWS).max(1);
            let rows = data.chunks_exact(d.max(1)).step_by(apart);
            (rows.flatten().copied().collect(), d)
        }
        // [B, N, d]
        [_, n, d] => {
            let mut rows = Vec::new();
            for sample in data.chunks_exact((n * d).max(1)) {
                for j in 0..d {
                    let along = sample.iter().skip(j).step_by(d.max(1));
                    rows.push(along.sum::<f32>() / n as f32);
                }
            }
            (rows, d)
        }
        // [B, C, H, W]
        [_, c, h, w] => (data.chunks_exact((h * w).max(1)).map(mean).collect(), c),
        _ => (data.to_vec(), value.width()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Device;
    use crate::graph::{DType, Mode, Size};

    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-9, "{found}, expected {wanted}");
    }

    #[test]
    fn directions_are_counted() {
        // ± each axis of three, the last one twice as often: λ = 1/4, 1/4, 1/2
        let mut rows = Vec::new();
        for axis in [0, 1, 2, 2] {
            for sign in [1.0, -1.0] {
                let mut row = [0.0; 3];
                row[axis] = sign;
                rows.extend(row);
            }
        }
        let found = Apart::of(&rows, 3);
        near(found.rank, 1.0 / (0.0625 + 0.0625 + 0.25));
        let deviations = 0.25f64.sqrt() + 0.25f64.sqrt() + 0.5f64.sqrt();
        near(found.spread, deviations / 3f64.sqrt());
        near(found.zeros, 2.0 / 3.0);
    }

    #[test]
    fn places_of_a_sample_count_as_their_mean() {
        let numbers = |n: u16| (0..n).map(f32::from).collect::<Vec<f32>>();
        let tokens = HostTensor::f32(numbers(64), &[16, 2, 2]);
        let (rows, width) = pooled(&tokens);
        assert_eq!(
            (&rows[..4], rows.len(), width),
            (&[1.0, 2.0, 5.0, 6.0][..], 32, 2)
        );
        // two long texts: every third of 140 pieces
        let long = HostTensor::f32(numbers(140), &[2, 70, 1]);
        let (rows, width) = pooled(&long);
        assert_eq!(
            (&rows[..3], rows.len(), width),
            (&[0.0, 3.0, 6.0][..], 47, 1)
        );
        let maps = HostTensor::f32(vec![1.0, 3.0, 5.0, 9.0], &[1, 2, 1, 2]);
        assert_eq!(pooled(&maps), (vec![2.0, 7.0], 2));
    }

    #[test]
    fn the_first_samples_of_a_batch_are_looked_at() {
        let mut g = Graph::new(Mode::Train);
        let shape = vec![Size::batch(), 3.into()];
        let x = g.declare_input("x", shape, DType::F32, None);
        let y = g.mul_scalar(x, 2.0).unwrap();
        let model = Model::init(&g, 0, &Device::flex()).unwrap();
        let of = |n: usize| {
            let numbers = (0..3 * n).map(|i| (0.7 * i as f32).sin()).collect();
            let batch = Batch::from([("x".to_owned(), HostTensor::f32(numbers, &[n, 3]))]);
            apart(&g, &model, &batch, &[y], 0, 0).unwrap()
        };
        assert_eq!(of(100), of(ROWS));
        assert_ne!(of(100), of(ROWS / 2));
    }

    #[test]
    fn what_is_one_has_no_spread() {
        // lengths do not count
        let found = Apart::of(&[1.0, 2.0, 2.0, 4.0, 3.0, 6.0], 2);
        assert!(found.spread < 1e-7, "{found:?}");
        let dead = Apart::of(&[0.0; 12], 3);
        assert_eq!((dead.spread, dead.rank, dead.zeros), (0.0, 0.0, 1.0));
        let along = Apart::of(&[1.0, 0.1, 1.0, -0.1, 1.0, 0.3], 2);
        assert!((along.rank - 1.0).abs() < 0.01, "{along:?}");
    }
}

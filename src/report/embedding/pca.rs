//! Principal components by orthogonal iteration.

use crate::data::Philox;

/// Vectors iterated; those beyond the second only speed up the first two.
const VECTORS: usize = 4;
const ITERATIONS: usize = 40;

/// Positions of the rows of `features` (`[n, dim]`) on the plane of their two directions of largest variance, around
/// their mean. Starts from fixed vectors; the sign of each direction is such that its largest component is positive.
pub fn principal_plane(features: &[f32], dim: usize) -> Vec<[f32; 2]> {
    if dim == 0 || features.len() < dim {
        return Vec::new();
    }
    let rows = centred(features, dim);
    let mut basis: Vec<Vec<f64>> = (0..VECTORS)
        .map(|i| {
            let mut stream = Philox::new(0, &[Philox::part("principal plane"), i as u64]);
            (0..dim).map(|_| f64::from(stream.normal())).collect()
        })
        .collect();
    orthonormalize(&mut basis);
    for _ in 0..ITERATIONS {
        for vector in &mut basis {
            // covariance times vector, without the covariance
            let mut next = vec![0.0; dim];
            for row in rows.chunks_exact(dim) {
                let along = dot(row, vector);
                next.iter_mut()
                    .zip(row)
                    .for_each(|(sum, x)| *sum += along * x);
            }
            *vector = next;
        }
        orthonormalize(&mut basis);
    }
    for vector in &mut basis {
        let largest = vector
            .iter()
            .copied()
            .max_by(|a, b| a.abs().total_cmp(&b.abs()));
        if largest.is_some_and(|x| x < 0.0) {
            vector.iter_mut().for_each(|x| *x = -*x);
        }
    }
    rows.chunks_exact(dim)
        .map(|row| [dot(row, &basis[0]) as f32, dot(row, &basis[1]) as f32])
        .collect()
}

fn centred(features: &[f32], dim: usize) -> Vec<f64> {
    let n = features.len() / dim;
    let mut mean = vec![0.0; dim];
    for row in features.chunks_exact(dim) {
        mean.iter_mut()
            .zip(row)
            .for_each(|(sum, x)| *sum += f64::from(*x) / n as f64);
    }
    let rows = features.chunks_exact(dim);
    rows.flat_map(|row| row.iter().zip(&mean).map(|(x, m)| f64::from(*x) - m))
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Gram–Schmidt, twice over each vector; one that lies in the span of those before becomes zero.
fn orthonormalize(basis: &mut [Vec<f64>]) {
    for i in 0..basis.len() {
        let (before, rest) = basis.split_at_mut(i);
        let vector = &mut rest[0];
        let start = dot(vector, vector).sqrt();
        for _ in 0..2 {
            for other in before.iter() {
                let along = dot(vector, other);
                vector
                    .iter_mut()
                    .zip(other)
                    .for_each(|(x, o)| *x -= along * o);
            }
        }
        let norm = dot(vector, vector).sqrt();
        let scale = if norm > start * 1e-10 && norm > 0.0 {
            1.0 / norm
        } else {
            0.0
        };
        vector.iter_mut().for_each(|x| *x *= scale);
    }
}

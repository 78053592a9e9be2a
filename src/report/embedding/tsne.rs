//! Exact t-SNE (van der Maaten & Hinton, 2008), with the start on the principal plane and the learning rate that
//! Kobak & Berens (2019) and Belkina et al. (2019) recommend.
//!
//! Rows are computed in parallel, each on its own and in a fixed order, so the result doesn't depend on threads.

use rayon::prelude::*;

const PERPLEXITY: f64 = 30.0;
const ITERATIONS: usize = 450;
/// Iterations with exaggerated attraction, and by how much.
const EARLY: (usize, f32) = (120, 12.0);
/// Independent sums per row: the compiler may not reorder additions, so this is what lets it use vector units.
const LANES: usize = 16;

/// Lays out the rows of `features` (`[n, dim]`), starting from `start`.
pub(super) fn tsne(features: &[f32], dim: usize, start: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let n = start.len();
    let affinity = affinities(features, dim, n);
    let (mut xs, mut ys) = shrink(start);
    let rate = (n as f32 / EARLY.1 / 4.0).max(50.0);
    let mut velocity = vec![[0.0f32; 2]; n];
    let mut gains = vec![[1.0f32; 2]; n];
    for iteration in 0..ITERATIONS {
        let early = iteration < EARLY.0;
        let (exaggeration, momentum) = if early { (EARLY.1, 0.5) } else { (1.0, 0.8) };
        let forces: Vec<Forces> = (0..n)
            .into_par_iter()
            .map(|i| Forces::on(i, &affinity[i * n..(i + 1) * n], &xs, &ys))
            .collect();
        let total: f64 = forces.iter().map(|f| f64::from(f.weight)).sum();
        let total = total.max(f64::MIN_POSITIVE) as f32;
        for (i, force) in forces.iter().enumerate() {
            for axis in 0..2 {
                let gradient = 4.0 * (exaggeration * force.pull[axis] - force.push[axis] / total);
                let gain = &mut gains[i][axis];
                let turning = (gradient > 0.0) == (velocity[i][axis] > 0.0);
                *gain = if turning {
                    (*gain * 0.8).max(0.01)
                } else {
                    *gain + 0.2
                };
                velocity[i][axis] = momentum * velocity[i][axis] - rate * *gain * gradient;
            }
            xs[i] += velocity[i][0];
            ys[i] += velocity[i][1];
        }
        centre(&mut xs);
        centre(&mut ys);
    }
    xs.into_iter().zip(ys).map(|(x, y)| [x, y]).collect()
}

/// What one point feels from all others.
struct Forces {
    pull: [f32; 2],
    push: [f32; 2],
    /// Sum of the Student-t weights.
    weight: f32,
}

impl Forces {
    fn on(i: usize, affinity: &[f32], xs: &[f32], ys: &[f32]) -> Self {
        let (x, y) = (xs[i], ys[i]);
        let mut sums = [[0.0f32; LANES]; 5];
        let mut one = |lane: usize, p: f32, other_x: f32, other_y: f32| {
            let (dx, dy) = (x - other_x, y - other_y);
            let weight = 1.0 / (1.0 + dx * dx + dy * dy);
            let (pull, push) = (p * weight, weight * weight);
            sums[0][lane] += pull * dx;
            sums[1][lane] += pull * dy;
            sums[2][lane] += push * dx;
            sums[3][lane] += push * dy;
            sums[4][lane] += weight;
        };
        let whole = xs.len() / LANES * LANES;
        for at in (0..whole).step_by(LANES) {
            let (p, px, py) = (
                &affinity[at..at + LANES],
                &xs[at..at + LANES],
                &ys[at..at + LANES],
            );
            for lane in 0..LANES {
                one(lane, p[lane], px[lane], py[lane]);
            }
        }
        for at in whole..xs.len() {
            one(0, affinity[at], xs[at], ys[at]);
        }
        let [a, b, c, d, weights] = sums.map(|lanes| lanes.iter().sum::<f32>());
        Self {
            pull: [a, b],
            push: [c, d],
            // the point's weight for itself is 1
            weight: weights - 1.0,
        }
    }
}

/// Joint probabilities `[n, n]`: symmetric, summing to 1.
fn affinities(features: &[f32], dim: usize, n: usize) -> Vec<f32> {
    let perplexity = PERPLEXITY.min((n as f64 - 1.0) / 3.0);
    let conditional: Vec<Vec<f32>> = (0..n)
        .into_par_iter()
        .map(|i| {
            let row = &features[i * dim..(i + 1) * dim];
            let distances: Vec<f32> = features
                .chunks_exact(dim)
                .map(|other| square_distance(row, other))
                .collect();
            neighbours(&distances, i, perplexity)
        })
        .collect();
    let scale = 1.0 / (2.0 * n as f32);
    let mut joint = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            joint[i * n + j] = (conditional[i][j] + conditional[j][i]) * scale;
        }
    }
    joint
}

fn square_distance(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (left, right) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = left.remainder().iter().zip(right.remainder());
    let rest: f32 = rest.map(|(a, b)| (a - b) * (a - b)).sum();
    for (a, b) in left.zip(right) {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane];
            sums[lane] += difference * difference;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Gaussian weights of one point for the others, summing to 1, at the width whose entropy is `ln(perplexity)`.
fn neighbours(distances: &[f32], i: usize, perplexity: f64) -> Vec<f32> {
    let wanted = perplexity.ln();
    let others = || distances.iter().enumerate().filter(move |(j, _)| *j != i);
    let nearest = others()
        .map(|(_, d)| f64::from(*d))
        .fold(f64::INFINITY, f64::min);
    let mean = others().map(|(_, d)| f64::from(*d)).sum::<f64>() / (distances.len() as f64 - 1.0);
    let (mut low, mut high) = (0.0, f64::INFINITY);
    // precision of the Gaussian; a start in the units of the data
    let mut beta = if mean > nearest {
        1.0 / (mean - nearest)
    } else {
        1.0
    };
    let mut weights = vec![0.0f64; distances.len()];
    let mut total = 1.0;
    for _ in 0..60 {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (j, d) in others() {
            let above = f64::from(*d) - nearest;
            weights[j] = (-beta * above).exp();
            sum += weights[j];
            weighted += weights[j] * above;
        }
        total = sum;
        let entropy = sum.ln() + beta * weighted / sum;
        if (entropy - wanted).abs() < 1e-4 {
            break;
        }
        if entropy > wanted {
            low = beta;
            beta = if high.is_finite() {
                (low + high) / 2.0
            } else {
                beta * 2.0
            };
        } else {
            high = beta;
            beta = (low + high) / 2.0;
        }
        if !beta.is_finite() || beta > 1e30 {
            break;
        }
    }
    weights.iter().map(|w| (w / total) as f32).collect()
}

/// The start, small enough that all points feel each other: standard deviation 1e-4 along x.
fn shrink(start: &[[f32; 2]]) -> (Vec<f32>, Vec<f32>) {
    let n = start.len() as f64;
    let variance = start.iter().map(|p| f64::from(p[0]).powi(2)).sum::<f64>() / n;
    let scale = if variance > 0.0 {
        1e-4 / variance.sqrt()
    } else {
        0.0
    };
    let side = |axis: usize| {
        start
            .iter()
            .map(|p| (f64::from(p[axis]) * scale) as f32)
            .collect()
    };
    (side(0), side(1))
}

fn centre(values: &mut [f32]) {
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len().max(1) as f64;
    values.iter_mut().for_each(|v| *v -= mean as f32);
}

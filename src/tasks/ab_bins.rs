//! The plane of a and b in bins (Zhang et al., 2016, §2.1), and colours out of Lab again.
//!
//! A bin is 10 × 10 wide, and is in gamut where its centre is an sRGB colour at one L of 0, 1, …, 100: Q = 225 of them. (The paper's
//! list has 313 and comes as a file with its code.)

use std::sync::LazyLock;

use crate::catalog::Result;
use crate::data::lab::{RGB, SLOPE, WHITE, linear_of_lab};
use crate::graph::{DType, Graph, Resampling, Var};

/// Side of a bin.
const SIDE: f64 = 10.0;
/// Bins that share a colour.
const NEIGHBOURS: usize = 5;
/// σ of the Gaussian that shares it, and of the one that smooths how often each bin occurs.
const SIGMA: f64 = 5.0;

/// Bins of one a, whose b are in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    a: f64,
    /// b of the first.
    first: f64,
    bins: usize,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let steps = || (-12..=12).map(|step| f64::from(step) * SIDE);
    let rows = steps().filter_map(|a| {
        let mut own = steps().filter(|b| in_gamut(a, *b));
        Some(Row {
            a,
            first: own.next()?,
            bins: 1 + own.count(),
        })
    });
    rows.collect()
});

/// Whether some L makes an sRGB colour of a and b.
fn in_gamut(a: f64, b: f64) -> bool {
    let inside = |light: f64| (-1e-6..=1.0 + 1e-6).contains(&light);
    (0..=100).any(|l| linear_of_lab([f64::from(l), a, b]).into_iter().all(inside))
}

/// Q
pub(super) fn count() -> usize {
    ROWS.iter().map(|row| row.bins).sum()
}

/// a and b of each bin's centre, by a and then by b: `[2, Q]`.
pub(super) fn centres(g: &mut Graph) -> Result<Var> {
    let (mut a, mut first, mut start) = (Vec::new(), Vec::new(), 0);
    for row in ROWS.iter() {
        a.push(g.full(vec![row.bins.into()], row.a)?);
        first.push(g.full(vec![row.bins.into()], row.first - SIDE * start as f64)?);
        start += row.bins;
    }
    let (a, first) = (g.concat(&a, 0)?, g.concat(&first, 0)?); // [Q]
    let number = g.arange(start.into());
    let number = g.to_float(number)?;
    let b = g.mul_scalar(number, SIDE)?;
    let b = g.add(b, first)?;
    g.stack(&[a, b], 0)
}

/// A colour as a distribution over few bins.
pub(super) struct Soft {
    /// The nearest bins, the nearest first: `[N, 5]`, whole numbers.
    pub bins: Var,
    /// How much of the colour each has; rows sum to 1: `[N, 5]`.
    pub shares: Var,
}

/// Z = H⁻¹(Y): each colour of `ab [N, 2]` in its five nearest bins, by a Gaussian of their distance.
pub(super) fn encode(g: &mut Graph, ab: Var, centres: Var) -> Result<Soft> {
    // |x − c|² without |x|², which is the same for all bins
    let near = near(g, ab, centres)?; // [N, Q]
    let (_, bins) = g.topk(near, NEIGHBOURS, 1)?; // [N, 5]
    let centres = g.transpose(centres, 0, 1)?; // [Q, 2]
    let own = g.take(centres, bins, 0)?; // [N, 5, 2]
    let ab = g.unsqueeze(ab, 1)?; // [N, 1, 2]
    let away = g.sub(own, ab)?;
    let away = g.mul(away, away)?;
    let away = g.sum(away, 2)?; // [N, 5, 1]
    let away = g.squeeze(away, 2)?;
    let scores = g.mul_scalar(away, -0.5 / (SIGMA * SIGMA))?;
    Ok(Soft {
        bins,
        shares: g.softmax(scores, 1)?,
    })
}

/// 2 x·c − |c|², larger where a bin is nearer: `ab [N, 2]`, `centres [2, Q]` → `[N, Q]`.
pub(super) fn near(g: &mut Graph, ab: Var, centres: Var) -> Result<Var> {
    let product = g.matmul(ab, centres)?;
    let product = g.mul_scalar(product, 2.0)?;
    let square = g.mul(centres, centres)?;
    let square = g.sum(square, 0)?; // [1, Q]
    g.sub(product, square)
}

/// How often each bin occurs, `p [Q]`, shared with the bins around by a Gaussian: p̃ `[1, Q]`.
pub(super) fn smoothed(g: &mut Graph, p: Var, centres: Var) -> Result<Var> {
    let from = g.transpose(centres, 0, 1)?; // [Q, 2]
    let near = near(g, from, centres)?; // [Q, Q]
    let scores = g.mul_scalar(near, 0.5 / (SIGMA * SIGMA))?;
    let shares = g.softmax(scores, 1)?; // a bin gives away what it has, no more
    let p = g.unsqueeze(p, 0)?;
    g.matmul(p, shares)
}

/// ((1 − λ) p̃ + λ / Q)⁻¹, so scaled that their mean under p̃ is 1 (equation 4): `p̃ [1, Q]` → `[Q]`.
pub(super) fn weights(g: &mut Graph, p: Var, lambda: f64) -> Result<Var> {
    let mixed = g.mul_scalar(p, 1.0 - lambda)?;
    let mixed = g.add_scalar(mixed, lambda / count() as f64)?;
    let w = g.pow(mixed, -1.0)?; // [1, Q]
    let mean = g.mul(w, p)?;
    let mean = g.sum(mean, 1)?;
    let w = g.div(w, mean)?;
    g.squeeze(w, 0)
}

/// How often each bin was the nearest in all batches so far, each counted alike, and before them in one where all bins are alike:
/// `[Q]`. `nearest [N]` are those of this batch; it counts from the next one on.
pub(super) fn occurrence(g: &mut Graph, nearest: Var) -> Result<Var> {
    let q = count();
    let p = g.state(
        "occurrence",
        &[q],
        crate::graph::Init::Constant(1.0 / q as f32),
        DType::F32,
    )?;
    let n = g.state(
        "batches",
        &[1],
        crate::graph::Init::Constant(1.0),
        DType::F32,
    )?;
    let (before, batches) = (g.read(p), g.read(n));
    let rows = g.shape(nearest).clone();
    let each = g.full(rows.clone(), 1.0)?;
    let none = g.full(vec![q.into()], 0.0)?;
    let counts = g.scatter_add(none, nearest, each, 0)?;
    let total = g.count(rows[0].clone());
    let now = g.div(counts, total)?;
    let after = g.add_scalar(batches, 1.0)?;
    let change = g.sub(now, before)?;
    let change = g.div(change, after)?;
    let next = g.add(before, change)?;
    g.assign(p, next)?;
    g.assign(n, after)?;
    Ok(before)
}

/// The annealed mean H(Ẑ) of `scores [N, Q]`: the mean colour under softmax(scores / T), `[N, 2]` (equation 5). T → 0 is the
/// likeliest bin, T = 1 the mean.
pub(super) fn annealed_mean(g: &mut Graph, scores: Var, centres: Var, t: f64) -> Result<Var> {
    let scores = g.mul_scalar(scores, 1.0 / t)?;
    let p = g.softmax(scores, 1)?;
    let centres = g.transpose(centres, 0, 1)?; // [Q, 2]
    g.matmul(p, centres)
}

/// `[B, C, h, w]` → `[B h w, C]`
pub(super) fn pixels(g: &mut Graph, map: Var) -> Result<Var> {
    let shape = g.shape(map).clone();
    let rows = &(&shape[0] * &shape[2]) * &shape[3];
    let last = g.permute(map, &[0, 2, 3, 1])?;
    g.reshape(last, vec![rows, shape[1].clone()])
}

/// Colours in another size: `ab [B h w, 2]` of a map like `map [B, _, h, w]` → `[B, 2, H, W]`; of other values as many as there are.
pub(super) fn enlarged(
    g: &mut Graph,
    ab: Var,
    map: Var,
    [height, width]: [usize; 2],
) -> Result<Var> {
    let (shape, values) = (g.shape(map).clone(), g.shape(ab)[1].clone());
    let ab = g.reshape(
        ab,
        vec![shape[0].clone(), shape[2].clone(), shape[3].clone(), values],
    )?;
    let ab = g.permute(ab, &[0, 3, 1, 2])?;
    g.interpolate(ab, height, width, Resampling::Bilinear)
}

/// sRGB in 0..1, what is outside cut off: `l [B, 1, H, W]` and `ab [B, 2, H, W]` → `[B, 3, H, W]`.
pub(super) fn rgb(g: &mut Graph, l: Var, ab: Var) -> Result<Var> {
    let ab = g.split(ab, 1, 2)?;
    let y = g.add_scalar(l, 16.0)?;
    let y = g.mul_scalar(y, 1.0 / 116.0)?;
    let x = g.mul_scalar(ab[0], 1.0 / 500.0)?;
    let x = g.add(y, x)?;
    let z = g.mul_scalar(ab[1], -1.0 / 200.0)?;
    let z = g.add(y, z)?;
    let z = g.clamp(z, 0.0, f64::INFINITY)?;
    let mut xyz = Vec::new();
    for (f, white) in [x, y, z].into_iter().zip(WHITE) {
        let cube = g.pow(f, 3.0)?;
        let line = g.add_scalar(f, -4.0 / 29.0)?;
        let line = g.mul_scalar(line, SLOPE)?;
        let bend = g.full(g.shape(f).clone(), 6.0 / 29.0)?;
        let high = g.greater(f, bend)?;
        let value = g.select(high, cube, line)?;
        xyz.push(g.mul_scalar(value, white)?);
    }
    let mut channels = Vec::new();
    for row in RGB {
        let mut light = g.mul_scalar(xyz[0], row[0])?;
        for (value, factor) in xyz.iter().zip(row).skip(1) {
            let term = g.mul_scalar(*value, factor)?;
            light = g.add(light, term)?;
        }
        let light = g.clamp(light, 0.0, 1.0)?;
        let curve = g.pow(light, 1.0 / 2.4)?;
        let curve = g.mul_scalar(curve, 1.055)?;
        let curve = g.add_scalar(curve, -0.055)?;
        let line = g.mul_scalar(light, 12.92)?;
        let bend = g.full(g.shape(light).clone(), 0.003_130_8)?;
        let high = g.greater(light, bend)?;
        channels.push(g.select(high, curve, line)?);
    }
    g.concat(&channels, 1)
}

#[cfg(test)]
#[path = "ab_bins_tests.rs"]
mod tests;

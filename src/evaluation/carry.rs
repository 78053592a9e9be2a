//! Labels that are carried along a clip by the likeness of features (Vondrick et al., 2018, section 4; Jabri et al., 2020, appendix).

use rayon::prelude::*;

use super::features::normalize_rows;

/// How labels are carried.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// So many of the likest places give their labels.
    pub k: usize,
    /// Frames before that are pointed at, beside the first.
    pub context: usize,
    /// τ: cosines are divided by it.
    pub temperature: f64,
    /// Places further away than this, in places, are not pointed at.
    pub radius: Option<usize>,
}

/// The labels of all frames: of features `[t, d, h, w]` and the labels of the first frame, `[h w, n]`, those of each frame, `[h w, n]`. A place
/// gets the labels of its k likest places in the first frame and in the frames before it, each by its softmax over τ.
pub fn carry(
    features: &[f32],
    [t, d, h, w]: [usize; 4],
    first: Vec<f32>,
    how: &How,
) -> Vec<Vec<f32>> {
    let s = h * w;
    let n = first.len() / s.max(1);
    let frames: Vec<Vec<f32>> = features
        .chunks_exact(d * s)
        .take(t)
        .map(|frame| by_place(frame, d, s))
        .collect();
    let mut labels = vec![first];
    for now in 1..frames.len() {
        let mut refs: Vec<usize> = (now.saturating_sub(how.context)..now).collect();
        if refs.first() != Some(&0) {
            refs.insert(0, 0);
        }
        let told: Vec<f32> = (0..s)
            .into_par_iter()
            .flat_map_iter(|place| {
                let own = &frames[now][place * d..(place + 1) * d];
                let near = nearest(&frames, &refs, own, place, ([h, w], d), how);
                told(&near, &labels, n)
            })
            .collect();
        labels.push(told);
    }
    labels
}

/// `[d, s]` → `[s, d]`, each row of length 1.
fn by_place(frame: &[f32], d: usize, s: usize) -> Vec<f32> {
    let mut rows = vec![0.0; d * s];
    for (channel, values) in frame.chunks_exact(s).enumerate() {
        for (place, value) in values.iter().enumerate() {
            rows[place * d + channel] = *value;
        }
    }
    normalize_rows(&mut rows, d);
    rows
}

/// A place of a reference.
struct Near {
    frame: usize,
    place: usize,
    /// Its softmax among those that are kept.
    weight: f32,
}

/// Sums that go on side by side: a compiler keeps the order of a single one, and so one product after the other.
const SUMS: usize = 16;

/// Of two rows of length 1 their cosine.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<SUMS>();
    let (b, b_rest) = b.as_chunks::<SUMS>();
    let mut sums = [0.0f32; SUMS];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The k likest places of the references, the likest first, of equals the earlier one.
fn nearest(
    frames: &[Vec<f32>],
    refs: &[usize],
    own: &[f32],
    place: usize,
    ([h, w], d): ([usize; 2], usize),
    how: &How,
) -> Vec<Near> {
    let (y, x) = (place / w, place % w);
    let within = |at: usize, side: usize| match how.radius {
        Some(radius) => at.saturating_sub(radius)..(at + radius + 1).min(side),
        None => 0..side,
    };
    let mut near: Vec<Near> = Vec::new();
    for frame in refs {
        for row in within(y, h) {
            for place in within(x, w).map(|column| row * w + column) {
                let other = &frames[*frame][place * d..(place + 1) * d];
                near.push(Near {
                    frame: *frame,
                    place,
                    weight: dot(own, other),
                });
            }
        }
    }
    let k = how.k.min(near.len());
    if k < near.len() {
        near.select_nth_unstable_by(k - 1, |a, b| {
            let order = b.weight.total_cmp(&a.weight);
            order.then((a.frame, a.place).cmp(&(b.frame, b.place)))
        });
        near.truncate(k);
    }
    near.sort_unstable_by(|a, b| {
        let order = b.weight.total_cmp(&a.weight);
        order.then((a.frame, a.place).cmp(&(b.frame, b.place)))
    });
    let most = near.first().map_or(0.0, |near| near.weight);
    let mut sum = 0.0;
    for near in &mut near {
        near.weight = (f64::from(near.weight - most) / how.temperature).exp() as f32;
        sum += near.weight;
    }
    near.iter_mut().for_each(|near| near.weight /= sum);
    near
}

/// The labels that these places have, `[n]`.
fn told(near: &[Near], labels: &[Vec<f32>], n: usize) -> Vec<f32> {
    let mut told = vec![0.0; n];
    for near in near {
        let own = &labels[near.frame][near.place * n..(near.place + 1) * n];
        for (sum, label) in told.iter_mut().zip(own) {
            *sum += near.weight * label;
        }
    }
    told
}

/// Labels `[h w, n]` of places as the likeliest label of each of `height` × `width` pixels: what lies between the middles of places is
/// interpolated; of equally likely ones the first.
pub fn likeliest(labels: &[f32], [h, w]: [usize; 2], [height, width]: [usize; 2]) -> Vec<usize> {
    let n = labels.len() / (h * w).max(1);
    let between = |at: usize, from: usize, to: usize| {
        let place =
            ((at as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, from as f32 - 1.0);
        let low = place.floor() as usize;
        (low, (low + 1).min(from - 1), place - place.floor())
    };
    let mut found = Vec::with_capacity(height * width);
    for y in 0..height {
        let (top, bottom, down) = between(y, h, height);
        for x in 0..width {
            let (left, right, across) = between(x, w, width);
            let label =
                |row: usize, column: usize, own: usize| labels[(row * w + column) * n + own];
            let mut best = (0, f32::NEG_INFINITY);
            for own in 0..n {
                let upper =
                    label(top, left, own) * (1.0 - across) + label(top, right, own) * across;
                let lower =
                    label(bottom, left, own) * (1.0 - across) + label(bottom, right, own) * across;
                let value = upper * (1.0 - down) + lower * down;
                if value > best.1 {
                    best = (own, value);
                }
            }
            found.push(best.0);
        }
    }
    found
}

#[cfg(test)]
#[path = "carry_tests.rs"]
mod tests;

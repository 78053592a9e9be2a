//! Lloyd's k-means over rows in host memory (Lloyd, 1982). The same bytes for any number of threads: rows find their centres side
//! by side, sums are made one after the other, in f64.

use rayon::prelude::*;

use super::Philox;

/// Rows sorted into clusters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clusters {
    /// `[k, d]`, row-major.
    pub(crate) centres: Vec<f32>,
    /// Each row's nearest centre, the first of equals.
    pub(crate) of: Vec<usize>,
}

/// The first `k` centres for rows of length `width`: one row at random, then each next one with a probability that grows with
/// the square of its distance from the nearest so far (k-means++, Arthur & Vassilvitskii, 2007).
pub(crate) fn first_centres(rows: &[f32], width: usize, k: usize, rng: &mut Philox) -> Vec<f32> {
    let n = rows.len() / width;
    let mut centres = Vec::with_capacity(k * width);
    let mut near = vec![f32::INFINITY; n];
    let mut next = rng.below(n as u32) as usize;
    for left in (0..k).rev() {
        let centre = &rows[next * width..(next + 1) * width];
        centres.extend_from_slice(centre);
        if left == 0 {
            break;
        }
        near.par_iter_mut()
            .zip(rows.par_chunks_exact(width))
            .for_each(|(near, row)| *near = near.min(distance(row, centre)));
        next = weighted(&near, rng);
    }
    centres
}

/// An index with a probability in proportion to its weight; any of them where all are 0.
fn weighted(weights: &[f32], rng: &mut Philox) -> usize {
    let total: f64 = weights.iter().copied().map(f64::from).sum();
    let mut left = rng.between(0.0, total);
    let mut last = None;
    for (index, weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
        left -= f64::from(*weight);
        last = Some(index);
        if left < 0.0 {
            break;
        }
    }
    last.unwrap_or_else(|| rng.below(weights.len() as u32) as usize)
}

/// Moves the centres `[k, width]` to the means of their rows and finds each row's nearest anew, `iterations` times or until
/// nothing changes. `go_on` hears how many iterations are done; `None`: it said no.
pub(crate) fn lloyd(
    rows: &[f32],
    width: usize,
    mut centres: Vec<f32>,
    iterations: usize,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Option<Clusters> {
    let mut of = nearest(rows, width, &centres);
    for done in 1..=iterations {
        move_centres(rows, width, &of, &mut centres);
        let before = std::mem::replace(&mut of, nearest(rows, width, &centres));
        if !go_on(done) {
            return None;
        }
        // the next means would be the same
        if of == before {
            break;
        }
    }
    Some(Clusters { centres, of })
}

/// The iterations of each start of [`best_of`].
const ITERATIONS: usize = 100;

/// The cluster of each row of `rows`, of length `width`, where the squares of the distances to `k` centres sum to least, of several starts
/// whose draws are always the same; the first of equals. `go_on` hears after each iteration how many starts are done; `None`: it said no.
pub(crate) fn best_of(
    rows: &[f32],
    width: usize,
    k: usize,
    starts: usize,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Option<Vec<u32>> {
    let mut best: Option<(f64, Clusters)> = None;
    for start in 0..starts.max(1) {
        let mut rng = Philox::new(0, &[Philox::part("k-means"), start as u64]);
        let first = first_centres(rows, width, k, &mut rng);
        let found = lloyd(rows, width, first, ITERATIONS, &mut |_| go_on(start))?;
        let own = rows.chunks_exact(width).zip(&found.of);
        let away = own.map(|(row, cluster)| {
            let centre = &found.centres[cluster * width..(cluster + 1) * width];
            f64::from(distance(row, centre))
        });
        let away: f64 = away.sum();
        if best.as_ref().is_none_or(|(least, _)| away < *least) {
            best = Some((away, found));
        }
    }
    let (_, found) = best?;
    Some(found.of.iter().map(|cluster| *cluster as u32).collect())
}

/// Of each row the nearest centre.
fn nearest(rows: &[f32], width: usize, centres: &[f32]) -> Vec<usize> {
    rows.par_chunks_exact(width)
        .map(|row| {
            let mut best = (0, f32::INFINITY);
            for (index, centre) in centres.chunks_exact(width).enumerate() {
                let away = distance(row, centre);
                if away < best.1 {
                    best = (index, away);
                }
            }
            best.0
        })
        .collect()
}

/// Each centre goes to the mean of its rows. One without rows goes to the row of the largest cluster that is farthest from its
/// centre: what lies nearer to that row is its own from then on, as in DeepCluster (Caron et al., 2018), where the largest is
/// split at random.
fn move_centres(rows: &[f32], width: usize, of: &[usize], centres: &mut [f32]) {
    let k = centres.len() / width;
    let mut counts = vec![0usize; k];
    let mut sums = vec![0f64; centres.len()];
    for (row, cluster) in rows.chunks_exact(width).zip(of) {
        counts[*cluster] += 1;
        let sum = &mut sums[cluster * width..(cluster + 1) * width];
        for (sum, x) in sum.iter_mut().zip(row) {
            *sum += f64::from(*x);
        }
    }
    for (cluster, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        for j in cluster * width..(cluster + 1) * width {
            centres[j] = (sums[j] / *count as f64) as f32;
        }
    }
    let mut taken = Vec::new();
    for empty in 0..k {
        if counts[empty] > 0 {
            continue;
        }
        let largest = (0..k).fold(0, |best, i| if counts[i] > counts[best] { i } else { best });
        let centre = &centres[largest * width..(largest + 1) * width];
        let mut farthest = (None, 0.0);
        for (index, row) in rows.chunks_exact(width).enumerate() {
            if of[index] == largest && !taken.contains(&index) {
                let away = distance(row, centre);
                if away > farthest.1 {
                    farthest = (Some(index), away);
                }
            }
        }
        // rows that are all the same can't be parted
        let Some(index) = farthest.0 else { continue };
        centres[empty * width..(empty + 1) * width]
            .copy_from_slice(&rows[index * width..(index + 1) * width]);
        taken.push(index);
        counts[empty] = counts[largest] / 2;
        counts[largest] -= counts[empty];
    }
}

/// The square of the distance between two rows. Eight sums side by side, so that the order is fixed and the loop is wide.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0f32; LANES];
    let (a, b) = (a.chunks(LANES), b.chunks(LANES));
    for (a, b) in a.zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += (x - y) * (x - y);
        }
    }
    sums.iter().sum()
}

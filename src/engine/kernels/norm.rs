//! Batch normalisation of rows `[m, c]` (pixels by channels), with the sum with a shortcut and the ReLU that may follow:
//! one pass for the statistics and one for the rest, forward and backward.

use super::memory::{Scratch, Shared, tasks, totals};
use super::simd::{Isa, Simd, kernel};

/// What follows the normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing.
    Nothing,
    /// max(y, 0)
    Relu,
}

/// Numbers of a block that stays in the nearest cache between its two passes.
const BLOCK: usize = 4096;

/// Channels whose parts one task adds up.
const CHANNELS: usize = 16;

/// Rows in a block and how many blocks there are: a function of the sizes alone.
fn blocks(m: usize, c: usize) -> (usize, usize) {
    let rows = (BLOCK / c).max(1);
    (rows, m.div_ceil(rows))
}

/// Mean and (biased) variance of each channel.
pub(crate) fn statistics(isa: Isa, x: &[f32], c: usize) -> (Vec<f32>, Vec<f32>) {
    let m = x.len() / c.max(1);
    let (rows, count) = blocks(m, c);
    let parts = Scratch::new(2 * count * c);
    let parts = parts.shared();
    let from = Shared::of(x);
    // blocks are small, so a task takes several
    let each = 8;
    tasks(count.div_ceil(each), |task| {
        for block in task * each..((task + 1) * each).min(count) {
            let some = rows.min(m - block * rows);
            // SAFETY: each block has its own part.
            unsafe {
                moments(
                    isa,
                    from.at(block * rows * c),
                    some,
                    c,
                    parts.at(2 * block * c),
                )
            };
        }
    });
    let n = m as f64;
    let size = |block: usize| rows.min(m - block * rows) as f64;
    let (mut mean, mut variance) = (vec![0.0f32; c], vec![0.0f32; c]);
    let (to_mean, to_variance) = (
        Shared::new(mean.as_mut_ptr()),
        Shared::new(variance.as_mut_ptr()),
    );
    tasks(c.div_ceil(CHANNELS), |task| {
        let first = task * CHANNELS;
        let width = CHANNELS.min(c - first);
        let (mut means, mut spreads) = ([0.0f64; CHANNELS], [0.0f64; CHANNELS]);
        // SAFETY: the tasks above wrote all parts; each task has its own channels.
        let part = |block: usize, which: usize| unsafe {
            let at = parts.at((2 * block + which) * c + first);
            std::slice::from_raw_parts(at, width)
        };
        for block in 0..count {
            for (mean, x) in means.iter_mut().zip(part(block, 0)) {
                *mean += f64::from(*x) * size(block) / n;
            }
        }
        for block in 0..count {
            let own = part(block, 0).iter().zip(part(block, 1));
            for ((spread, mean), (x, around)) in spreads.iter_mut().zip(&means).zip(own) {
                let off = f64::from(*x) - mean;
                *spread += (f64::from(*around) + size(block) * off * off) / n;
            }
        }
        for i in 0..width {
            // SAFETY: as above.
            unsafe {
                *to_mean.at(first + i) = means[i] as f32;
                *to_variance.at(first + i) = spreads[i] as f32;
            }
        }
    });
    (mean, variance)
}

kernel! {
    /// Mean and sum of squares around it of each channel of some rows: `out [2, c]`.
    ///
    /// # Safety
    /// Both are memory that the sizes fit.
    fn moments = moments_body(x: *const f32, rows: usize, c: usize, out: *mut f32)
}

#[inline(always)]
unsafe fn moments_body<S: Simd>(x: *const f32, rows: usize, c: usize, out: *mut f32) {
    for i in (0..c).step_by(S::N) {
        let n = (c - i).min(S::N);
        // SAFETY: the caller promises `rows` rows of `c` numbers.
        unsafe {
            let load = |row: usize| S::load_some(x.add(row * c + i), n);
            let mut sum = S::zero();
            for row in 0..rows {
                sum = S::add(sum, load(row));
            }
            let mean = S::mul(sum, S::splat(1.0 / rows as f32));
            let mut spread = S::zero();
            for row in 0..rows {
                let d = S::sub(load(row), mean);
                spread = S::fma(d, d, spread);
            }
            S::store_n(out.add(i), mean, n);
            S::store_n(out.add(c + i), spread, n);
        }
    }
}

/// `then((x - mean) gamma / √(variance + ε) + beta + shortcut)`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn apply(
    isa: Isa,
    x: &[f32],
    shortcut: Option<&[f32]>,
    [mean, variance, gamma, beta]: [&[f32]; 4],
    epsilon: f64,
    then: Then,
    y: &mut [f32],
) {
    let c = mean.len();
    let m = x.len() / c.max(1);
    let scale: Vec<f32> = gamma
        .iter()
        .zip(variance)
        .map(|(g, v)| (f64::from(*g) / (f64::from(*v) + epsilon).sqrt()) as f32)
        .collect();
    let [x, mean, scale, beta] = [
        Shared::of(x),
        Shared::of(mean),
        Shared::of(&scale),
        Shared::of(beta),
    ];
    let shortcut = shortcut.map_or(Shared::new(std::ptr::null_mut()), Shared::of);
    let y = Shared::new(y.as_mut_ptr());
    let rows = (16 * BLOCK / c).max(1);
    tasks(m.div_ceil(rows), |task| {
        let at = task * rows * c;
        let some = rows.min(m - task * rows);
        let shortcut = match shortcut.at(0).is_null() {
            true => std::ptr::null(),
            false => shortcut.at(at).cast_const(),
        };
        // SAFETY: each task writes its own rows.
        unsafe {
            normalise(
                isa,
                x.at(at),
                shortcut,
                mean.at(0),
                scale.at(0),
                beta.at(0),
                some,
                c,
                then == Then::Relu,
                y.at(at),
            )
        };
    });
}

kernel! {
    /// The rows of [`apply`].
    ///
    /// # Safety
    /// All is memory that the sizes fit; `shortcut` may be null.
    fn normalise = normalise_body(
        x: *const f32,
        shortcut: *const f32,
        mean: *const f32,
        scale: *const f32,
        beta: *const f32,
        rows: usize,
        c: usize,
        relu: bool,
        y: *mut f32,
    )
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn normalise_body<S: Simd>(
    x: *const f32,
    shortcut: *const f32,
    mean: *const f32,
    scale: *const f32,
    beta: *const f32,
    rows: usize,
    c: usize,
    relu: bool,
    y: *mut f32,
) {
    // row after row: memory is read in order
    for row in 0..rows {
        for i in (0..c).step_by(S::N) {
            let n = c - i;
            let at = row * c + i;
            // SAFETY: the caller promises `rows` rows of `c` numbers.
            unsafe {
                let d = S::sub(S::load_some(x.add(at), n), S::load_some(mean.add(i), n));
                let scale = S::load_some(scale.add(i), n);
                let mut v = S::fma(d, scale, S::load_some(beta.add(i), n));
                if !shortcut.is_null() {
                    v = S::add(v, S::load_some(shortcut.add(at), n));
                }
                if relu {
                    v = S::keep(v, v);
                }
                S::store_some(y.add(at), v, n);
            }
        }
    }
}

/// What [`gradient`] reads.
pub(crate) struct Known<'a> {
    pub(crate) x: &'a [f32],
    /// The result, where a shortcut was added before the ReLU.
    pub(crate) y: Option<&'a [f32]>,
    pub(crate) dy: &'a [f32],
    pub(crate) mean: &'a [f32],
    pub(crate) variance: &'a [f32],
    pub(crate) gamma: &'a [f32],
    pub(crate) beta: &'a [f32],
    pub(crate) epsilon: f64,
    pub(crate) then: Then,
}

/// Gradients of gamma and beta, of `x` into `dx`, and of the shortcut into `ds`.
pub(crate) fn gradient(
    isa: Isa,
    known: &Known<'_>,
    dx: Option<&mut [f32]>,
    ds: Option<&mut [f32]>,
) -> (Vec<f32>, Vec<f32>) {
    let c = known.mean.len();
    let m = known.x.len() / c.max(1);
    let inverse: Vec<f64> = known
        .variance
        .iter()
        .map(|v| 1.0 / (f64::from(*v) + known.epsilon).sqrt())
        .collect();
    let scale: Vec<f32> = known
        .gamma
        .iter()
        .zip(&inverse)
        .map(|(g, r)| (f64::from(*g) * r) as f32)
        .collect();
    let null = Shared::new(std::ptr::null_mut());
    let ds = ds.map_or(null, |ds| Shared::new(ds.as_mut_ptr()));
    let source = Source {
        x: Shared::of(known.x),
        y: known.y.map_or(null, Shared::of),
        dy: Shared::of(known.dy),
        ds,
        mean: Shared::of(known.mean),
        scale: Shared::of(&scale),
        beta: Shared::of(known.beta),
        c,
        relu: known.then == Then::Relu,
    };
    let (rows, count) = blocks(m, c);
    let rows = 4 * rows;
    let count = count.div_ceil(4);
    let parts = Scratch::new(2 * count * c);
    let parts = parts.shared();
    tasks(count.div_ceil(2), |task| {
        for block in 2 * task..(2 * task + 2).min(count) {
            let some = rows.min(m - block * rows);
            // SAFETY: each block has its own part and its own rows of `ds`.
            unsafe { sums(isa, source, block * rows, some, parts.at(2 * block * c)) };
        }
    });
    // SAFETY: the tasks above wrote all of it.
    let mut plain = unsafe { totals(parts, count, 2 * c) };
    let by_x = plain.split_off(c);
    let n = m as f64;
    if let Some(dx) = dx {
        let dx = Shared::new(dx.as_mut_ptr());
        // dx = scale (g - Σg / n - (x - mean) Σ g (x - mean) / (n (variance + ε)))
        let first: Vec<f32> = plain.iter().map(|s| (s / n) as f32).collect();
        let second: Vec<f32> = by_x
            .iter()
            .zip(&inverse)
            .map(|(s, r)| (s / n * r * r) as f32)
            .collect();
        let (first, second) = (Shared::of(&first), Shared::of(&second));
        // the shortcut's gradient is the one before the ReLU
        let source = match ds.is_null() {
            true => source,
            false => Source {
                dy: ds,
                relu: false,
                ..source
            },
        };
        tasks(count.div_ceil(2), |task| {
            let from = 2 * task * rows;
            let some = (2 * rows).min(m - from);
            // SAFETY: each task writes its own rows.
            unsafe {
                slope(
                    isa,
                    source,
                    from,
                    some,
                    first.at(0),
                    second.at(0),
                    dx.at(from * c),
                )
            };
        });
    }
    let gamma = by_x
        .iter()
        .zip(&inverse)
        .map(|(s, r)| (s * r) as f32)
        .collect();
    (gamma, plain.iter().map(|s| *s as f32).collect())
}

#[derive(Clone, Copy)]
struct Source {
    x: Shared,
    y: Shared,
    dy: Shared,
    ds: Shared,
    mean: Shared,
    scale: Shared,
    beta: Shared,
    c: usize,
    relu: bool,
}

impl Source {
    /// The gradient before the ReLU of `n` channels at `at`, and x - mean.
    #[inline(always)]
    unsafe fn load<S: Simd>(
        &self,
        at: usize,
        n: usize,
        [mean, scale, beta]: [S::V; 3],
    ) -> (S::V, S::V) {
        // SAFETY: the caller promises `n` numbers at `at`.
        unsafe {
            let d = S::sub(S::load_some(self.x.at(at), n), mean);
            let mut g = S::load_some(self.dy.at(at), n);
            if self.relu {
                let y = match self.y.at(0).is_null() {
                    true => S::fma(d, scale, beta),
                    false => S::load_some(self.y.at(at), n),
                };
                g = S::keep(y, g);
            }
            (g, d)
        }
    }

    #[inline(always)]
    unsafe fn channel<S: Simd>(&self, i: usize, n: usize) -> [S::V; 3] {
        // SAFETY: the caller promises channels `i..i + n`.
        unsafe {
            [
                S::load_some(self.mean.at(i), n),
                S::load_some(self.scale.at(i), n),
                S::load_some(self.beta.at(i), n),
            ]
        }
    }
}

kernel! {
    /// Σ g and Σ g (x - mean) of some rows, `out [2, c]`; writes g where the shortcut's gradient is asked for.
    ///
    /// # Safety
    /// All is memory that the sizes fit.
    fn sums = sums_body(source: Source, first: usize, rows: usize, out: *mut f32)
}

#[inline(always)]
unsafe fn sums_body<S: Simd>(source: Source, first: usize, rows: usize, out: *mut f32) {
    let c = source.c;
    // SAFETY: the caller promises these rows and room for two rows of sums.
    unsafe {
        out.write_bytes(0, 2 * c);
        // row after row: memory is read in order, the sums stay in the nearest cache
        for row in first..first + rows {
            for i in (0..c).step_by(S::N) {
                let n = c - i;
                let at = row * c + i;
                let (g, d) = source.load::<S>(at, n, source.channel::<S>(i, n));
                let (plain, by_x) = (out.add(i), out.add(c + i));
                S::store_some(plain, S::add(S::load_some(plain, n), g), n);
                S::store_some(by_x, S::fma(g, d, S::load_some(by_x, n)), n);
                if !source.ds.at(0).is_null() {
                    S::store_some(source.ds.at(at), g, n);
                }
            }
        }
    }
}

kernel! {
    /// The gradient of some rows of `x`.
    ///
    /// # Safety
    /// All is memory that the sizes fit.
    fn slope = slope_body(
        source: Source,
        from: usize,
        rows: usize,
        first: *const f32,
        second: *const f32,
        dx: *mut f32,
    )
}

#[inline(always)]
unsafe fn slope_body<S: Simd>(
    source: Source,
    from: usize,
    rows: usize,
    first: *const f32,
    second: *const f32,
    dx: *mut f32,
) {
    let c = source.c;
    for row in 0..rows {
        for i in (0..c).step_by(S::N) {
            let n = c - i;
            // SAFETY: the caller promises these rows.
            unsafe {
                let channel = source.channel::<S>(i, n);
                let (g, d) = source.load::<S>((from + row) * c + i, n, channel);
                let d = S::mul(d, S::load_some(second.add(i), n));
                let v = S::sub(S::sub(g, S::load_some(first.add(i), n)), d);
                S::store_some(dx.add(row * c + i), S::mul(v, channel[1]), n);
            }
        }
    }
}

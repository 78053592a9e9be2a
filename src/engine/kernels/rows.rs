//! Layer normalisation and softmax of rows `[m, c]`.

use super::curve::exp;
use super::memory::{Scratch, Shared, filled, tasks, totals};
use super::simd::{Isa, Simd, kernel};

/// Numbers of a task.
const PIECE: usize = 1 << 15;

fn chunks(m: usize, c: usize) -> (usize, usize) {
    let rows = (PIECE / c.max(1)).max(1);
    (rows, m.div_ceil(rows))
}

/// `(x - mean) / √(variance + ε) gamma + beta` of each row; also mean and 1/√(variance + ε) of each, `[m, 2]`.
pub(crate) fn layer_norm(
    isa: Isa,
    x: &[f32],
    gamma: &[f32],
    beta: Option<&[f32]>,
    epsilon: f64,
) -> (Vec<f32>, Vec<f32>) {
    let c = gamma.len();
    let m = x.len() / c.max(1);
    let (rows, count) = chunks(m, c);
    let null = Shared::new(std::ptr::null_mut());
    let [from, gamma, beta] = [
        Shared::of(x),
        Shared::of(gamma),
        beta.map_or(null, Shared::of),
    ];
    let mut moments = Vec::new();
    let y = filled(m * c, |y| {
        moments = filled(2 * m, |moments| {
            let (y, moments) = (
                Shared::new(y.as_mut_ptr()),
                Shared::new(moments.as_mut_ptr()),
            );
            tasks(count, |chunk| {
                let first = chunk * rows;
                let some = rows.min(m - first);
                // SAFETY: each task writes its own rows.
                unsafe {
                    layer_rows(
                        isa,
                        from.at(first * c),
                        gamma.at(0),
                        beta.at(0),
                        some,
                        c,
                        epsilon as f32,
                        y.at(first * c),
                        moments.at(2 * first),
                    )
                };
            });
        });
    });
    (y, moments)
}

kernel! {
    /// # Safety
    /// All is memory that the sizes fit; `beta` may be null.
    fn layer_rows = layer_body(
        x: *const f32,
        gamma: *const f32,
        beta: *const f32,
        rows: usize,
        c: usize,
        epsilon: f32,
        y: *mut f32,
        moments: *mut f32,
    )
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn layer_body<S: Simd>(
    x: *const f32,
    gamma: *const f32,
    beta: *const f32,
    rows: usize,
    c: usize,
    epsilon: f32,
    y: *mut f32,
    moments: *mut f32,
) {
    for row in 0..rows {
        // SAFETY: the caller promises `rows` rows of `c` numbers.
        unsafe {
            let (x, y) = (x.add(row * c), y.add(row * c));
            let mut sum = S::zero();
            for i in (0..c).step_by(S::N) {
                sum = S::add(sum, S::load_n(x.add(i), c - i));
            }
            let mean = S::sum(sum) / c as f32;
            let centre = S::splat(mean);
            let mut squares = S::zero();
            for i in (0..c).step_by(S::N) {
                let n = (c - i).min(S::N);
                let d = S::sub(S::load_n(x.add(i), n), centre);
                squares = match n == S::N {
                    true => S::fma(d, d, squares),
                    false => S::add(squares, first::<S>(S::mul(d, d), n)),
                };
            }
            let inverse = 1.0 / (S::sum(squares) / c as f32 + epsilon).sqrt();
            *moments.add(2 * row) = mean;
            *moments.add(2 * row + 1) = inverse;
            let inverse = S::splat(inverse);
            for i in (0..c).step_by(S::N) {
                let n = c - i;
                let hat = S::mul(S::sub(S::load_n(x.add(i), n), centre), inverse);
                let gamma = S::load_n(gamma.add(i), n);
                let v = match beta.is_null() {
                    true => S::mul(hat, gamma),
                    false => S::fma(hat, gamma, S::load_n(beta.add(i), n)),
                };
                S::store_n(y.add(i), v, n);
            }
        }
    }
}

/// The first `n` numbers, the others 0.
#[inline(always)]
unsafe fn first<S: Simd>(v: S::V, n: usize) -> S::V {
    let mut lanes = [0.0f32; 16];
    // SAFETY: no vector has more than 16 numbers.
    unsafe {
        S::store_n(lanes.as_mut_ptr(), v, n);
        S::load(lanes.as_ptr())
    }
}

/// Gradients of `x`, gamma and beta.
pub(crate) fn layer_norm_gradient(
    isa: Isa,
    x: &[f32],
    dy: &[f32],
    gamma: &[f32],
    moments: &[f32],
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let c = gamma.len();
    let m = x.len() / c.max(1);
    let (rows, count) = chunks(m, c);
    let parts = Scratch::new(2 * c * count);
    let parts = parts.shared();
    let [x, dy, gamma, moments] = [x, dy, gamma, moments].map(Shared::of);
    let dx = filled(m * c, |dx| {
        let dx = Shared::new(dx.as_mut_ptr());
        tasks(count, |chunk| {
            let first = chunk * rows;
            let some = rows.min(m - first);
            let at = first * c;
            // SAFETY: each task writes its own rows and its own part.
            unsafe {
                layer_slopes(
                    isa,
                    x.at(at),
                    dy.at(at),
                    gamma.at(0),
                    moments.at(2 * first),
                    some,
                    c,
                    dx.at(at),
                    parts.at(2 * c * chunk),
                )
            };
        });
    });
    // SAFETY: the tasks above wrote all of it.
    let sums = unsafe { totals(parts, count, 2 * c) };
    let sums: Vec<f32> = sums.into_iter().map(|x| x as f32).collect();
    (dx, sums[..c].to_vec(), sums[c..].to_vec())
}

kernel! {
    /// # Safety
    /// All is memory that the sizes fit.
    fn layer_slopes = slopes_body(
        x: *const f32,
        dy: *const f32,
        gamma: *const f32,
        moments: *const f32,
        rows: usize,
        c: usize,
        dx: *mut f32,
        part: *mut f32,
    )
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn slopes_body<S: Simd>(
    x: *const f32,
    dy: *const f32,
    gamma: *const f32,
    moments: *const f32,
    rows: usize,
    c: usize,
    dx: *mut f32,
    part: *mut f32,
) {
    // SAFETY: the caller promises the sizes.
    unsafe {
        part.write_bytes(0, 2 * c);
        for row in 0..rows {
            let (x, dy, dx) = (x.add(row * c), dy.add(row * c), dx.add(row * c));
            let mean = S::splat(*moments.add(2 * row));
            let inverse = S::splat(*moments.add(2 * row + 1));
            let (mut plain, mut by_x) = (S::zero(), S::zero());
            for i in (0..c).step_by(S::N) {
                let n = c - i;
                let g = S::load_n(dy.add(i), n);
                let hat = S::mul(S::sub(S::load_n(x.add(i), n), mean), inverse);
                let slope = S::mul(g, S::load_n(gamma.add(i), n));
                plain = S::add(plain, slope);
                by_x = S::fma(slope, hat, by_x);
                let dgamma = S::fma(g, hat, S::load_n(part.add(i), n));
                S::store_n(part.add(i), dgamma, n);
                let dbeta = S::add(g, S::load_n(part.add(c + i), n));
                S::store_n(part.add(c + i), dbeta, n);
            }
            let plain = S::splat(S::sum(plain) / c as f32);
            let by_x = S::splat(S::sum(by_x) / c as f32);
            for i in (0..c).step_by(S::N) {
                let n = c - i;
                let hat = S::mul(S::sub(S::load_n(x.add(i), n), mean), inverse);
                let slope = S::mul(S::load_n(dy.add(i), n), S::load_n(gamma.add(i), n));
                let v = S::sub(S::sub(slope, plain), S::mul(hat, by_x));
                S::store_n(dx.add(i), S::mul(v, inverse), n);
            }
        }
    }
}

/// Softmax of each row.
pub(crate) fn softmax(isa: Isa, x: &[f32], c: usize) -> Vec<f32> {
    let m = x.len() / c.max(1);
    let (rows, count) = chunks(m, c);
    let from = Shared::of(x);
    filled(x.len(), |y| {
        let y = Shared::new(y.as_mut_ptr());
        tasks(count, |chunk| {
            let first = chunk * rows;
            for row in first..(first + rows).min(m) {
                // SAFETY: each task writes its own rows.
                unsafe { softmax_row(isa, from.at(row * c), c, 1.0, y.at(row * c)) };
            }
        });
    })
}

kernel! {
    /// Softmax of `scale x`; gives the logarithm of the sum of exponentials.
    ///
    /// # Safety
    /// Both have `c` numbers; they may be the same.
    pub(crate) fn softmax_row = softmax_body(x: *const f32, c: usize, scale: f32, y: *mut f32) -> f32
}

#[inline(always)]
pub(crate) unsafe fn softmax_body<S: Simd>(
    x: *const f32,
    c: usize,
    scale: f32,
    y: *mut f32,
) -> f32 {
    // SAFETY: the caller promises `c` numbers.
    unsafe {
        let mut largest = S::splat(f32::NEG_INFINITY);
        let mut top = f32::NEG_INFINITY;
        let whole = c / S::N * S::N;
        for i in (0..whole).step_by(S::N) {
            largest = S::max(largest, S::load(x.add(i)));
        }
        if whole > 0 && whole < c {
            // the last vector overlaps the one before
            largest = S::max(largest, S::load(x.add(c - S::N)));
        } else {
            for i in whole..c {
                top = top.max(*x.add(i));
            }
        }
        let top = scale * top.max(S::largest(largest));
        let (factor, shift) = (S::splat(scale), S::splat(-top));
        let mut sum = S::zero();
        for i in (0..whole).step_by(S::N) {
            let e = exp::<S>(S::fma(S::load(x.add(i)), factor, shift));
            sum = S::add(sum, e);
            S::store(y.add(i), e);
        }
        let mut total = S::sum(sum);
        if whole < c {
            let e = exp::<S>(S::fma(S::load_n(x.add(whole), c - whole), factor, shift));
            S::store_n(y.add(whole), e, c - whole);
            total += S::sum(first::<S>(e, c - whole));
        }
        let inverse = S::splat(1.0 / total);
        for i in (0..c).step_by(S::N) {
            let e = S::mul(S::load_some(y.add(i), c - i), inverse);
            S::store_some(y.add(i), e, c - i);
        }
        top + total.ln()
    }
}

kernel! {
    /// `exp(scale x - log)`, in place: softmax of a row whose logarithm of the sum is known.
    ///
    /// # Safety
    /// There are `c` numbers.
    pub(crate) fn exp_row = exp_body(x: *mut f32, c: usize, scale: f32, log: f32)
}

#[inline(always)]
pub(crate) unsafe fn exp_body<S: Simd>(x: *mut f32, c: usize, scale: f32, log: f32) {
    // SAFETY: the caller promises `c` numbers.
    unsafe {
        let (factor, shift) = (S::splat(scale), S::splat(-log));
        for i in (0..c).step_by(S::N) {
            let e = exp::<S>(S::fma(S::load_some(x.add(i), c - i), factor, shift));
            S::store_some(x.add(i), e, c - i);
        }
    }
}

/// The gradient of [`softmax`]: `y (dy - Σ y dy)`.
pub(crate) fn softmax_gradient(isa: Isa, y: &[f32], dy: &[f32], c: usize) -> Vec<f32> {
    let m = y.len() / c.max(1);
    let (rows, count) = chunks(m, c);
    let (y, dy) = (Shared::of(y), Shared::of(dy));
    filled(m * c, |dx| {
        let dx = Shared::new(dx.as_mut_ptr());
        tasks(count, |chunk| {
            let first = chunk * rows;
            for row in first..(first + rows).min(m) {
                let at = row * c;
                // SAFETY: each task writes its own rows.
                unsafe { softmax_slope(isa, y.at(at), dy.at(at), c, 1.0, dx.at(at)) };
            }
        });
    })
}

kernel! {
    /// `scale y (dy - Σ y dy)`
    ///
    /// # Safety
    /// All have `c` numbers; `dy` and `dx` may be the same.
    pub(crate) fn softmax_slope = slope_body(y: *const f32, dy: *const f32, c: usize, scale: f32, dx: *mut f32)
}

#[inline(always)]
pub(crate) unsafe fn slope_body<S: Simd>(
    y: *const f32,
    dy: *const f32,
    c: usize,
    scale: f32,
    dx: *mut f32,
) {
    // SAFETY: the caller promises `c` numbers.
    unsafe {
        let mut sum = S::zero();
        for i in (0..c).step_by(S::N) {
            let n = c - i;
            sum = S::fma(S::load_some(y.add(i), n), S::load_some(dy.add(i), n), sum);
        }
        let (dot, scale) = (S::splat(S::sum(sum)), S::splat(scale));
        for i in (0..c).step_by(S::N) {
            let n = c - i;
            let d = S::sub(S::load_some(dy.add(i), n), dot);
            S::store_some(
                dx.add(i),
                S::mul(S::mul(S::load_some(y.add(i), n), d), scale),
                n,
            );
        }
    }
}

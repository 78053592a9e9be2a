//! Logarithms of the softmax of rows `[m, c]`, all of them or one of each row: cross-entropy.

use super::curve::exp;
use super::memory::{Shared, filled, tasks};
use super::simd::{Isa, Simd, kernel};

/// Numbers of a task.
const PIECE: usize = 1 << 15;
/// Numbers that are added up in 32 bits.
const SUMMED: usize = 1 << 11;

/// Runs `of` for each row.
fn rows(m: usize, c: usize, of: impl Fn(usize) + Sync + Send) {
    let some = (PIECE / c.max(1)).max(1);
    tasks(m.div_ceil(some), |piece| {
        (piece * some..((piece + 1) * some).min(m)).for_each(&of);
    });
}

/// log Σ exp of each row `[m]`.
pub(crate) fn log_sums(isa: Isa, x: &[f32], c: usize) -> Vec<f32> {
    let m = x.len() / c.max(1);
    let x = Shared::of(x);
    filled(m, |logs| {
        let logs = Shared::new(logs.as_mut_ptr());
        // SAFETY: each task writes its own rows.
        rows(m, c, |row| unsafe {
            *logs.at(row) = log_sum(isa, x.at(row * c), c);
        });
    })
}

kernel! {
    /// # Safety
    /// There are `c` numbers.
    fn log_sum = log_sum_body(x: *const f32, c: usize) -> f32
}

#[inline(always)]
unsafe fn log_sum_body<S: Simd>(x: *const f32, c: usize) -> f32 {
    // SAFETY: the caller promises `c` numbers.
    unsafe {
        let whole = c / S::N * S::N;
        let mut largest = S::splat(f32::NEG_INFINITY);
        for i in (0..whole).step_by(S::N) {
            largest = S::max(largest, S::load(x.add(i)));
        }
        let mut top = S::largest(largest);
        for i in whole..c {
            top = top.max(*x.add(i));
        }
        let shift = S::splat(-top);
        let mut total = 0.0f64;
        for start in (0..whole).step_by(SUMMED) {
            let mut sum = S::zero();
            for i in (start..(start + SUMMED).min(whole)).step_by(S::N) {
                sum = S::add(sum, exp::<S>(S::add(S::load(x.add(i)), shift)));
            }
            total += f64::from(S::sum(sum));
        }
        for i in whole..c {
            total += f64::from(*x.add(i) - top).exp();
        }
        (f64::from(top) + total.ln()) as f32
    }
}

/// x - log Σ exp x of each row.
pub(crate) fn log_softmax(isa: Isa, x: &[f32], c: usize) -> Vec<f32> {
    let m = x.len() / c.max(1);
    let from = Shared::of(x);
    filled(x.len(), |y| {
        let y = Shared::new(y.as_mut_ptr());
        // SAFETY: each task writes its own rows.
        rows(m, c, |row| unsafe {
            let x = from.at(row * c);
            let log = log_sum(isa, x, c);
            below(isa, x, log, y.at(row * c), c);
        });
    })
}

kernel! {
    /// x - log
    ///
    /// # Safety
    /// Both have `c` numbers.
    fn below = below_body(x: *const f32, log: f32, y: *mut f32, c: usize)
}

#[inline(always)]
unsafe fn below_body<S: Simd>(x: *const f32, log: f32, y: *mut f32, c: usize) {
    for i in (0..c).step_by(S::N) {
        // SAFETY: the caller promises `c` numbers.
        unsafe {
            let v = S::sub(S::load_some(x.add(i), c - i), S::splat(log));
            S::store_some(y.add(i), v, c - i);
        }
    }
}

/// The gradient of [`log_softmax`], which gave `y`: dy - exp y Σ dy.
pub(crate) fn log_softmax_gradient(isa: Isa, y: &[f32], dy: &[f32], c: usize) -> Vec<f32> {
    assert_eq!(y.len(), dy.len());
    let m = y.len() / c.max(1);
    let (y_at, dy_at) = (Shared::of(y), Shared::of(dy));
    filled(y.len(), |dx| {
        let dx = Shared::new(dx.as_mut_ptr());
        // SAFETY: each task writes its own rows.
        rows(m, c, |row| unsafe {
            let at = row * c;
            log_slopes(isa, y_at.at(at), dy_at.at(at), dx.at(at), c);
        });
    })
}

kernel! {
    /// # Safety
    /// All have `c` numbers.
    fn log_slopes = log_slopes_body(y: *const f32, dy: *const f32, dx: *mut f32, c: usize)
}

#[inline(always)]
unsafe fn log_slopes_body<S: Simd>(y: *const f32, dy: *const f32, dx: *mut f32, c: usize) {
    // SAFETY: the caller promises `c` numbers.
    unsafe {
        let mut total = 0.0f64;
        for start in (0..c).step_by(SUMMED) {
            let mut sum = S::zero();
            for i in (start..(start + SUMMED).min(c)).step_by(S::N) {
                sum = S::add(sum, S::load_some(dy.add(i), c - i));
            }
            total += f64::from(S::sum(sum));
        }
        let total = S::splat(-(total as f32));
        for i in (0..c).step_by(S::N) {
            let n = c - i;
            let p = exp::<S>(S::load_some(y.add(i), n));
            let v = S::fma(p, total, S::load_some(dy.add(i), n));
            S::store_some(dx.add(i), v, n);
        }
    }
}

/// The gradient of x_t - log Σ exp x, whose logarithms are known, for rows with the target t, times `d [m]`: d (1_t - exp(x - log)).
pub(crate) fn chosen_gradient(
    isa: Isa,
    x: &[f32],
    logs: &[f32],
    targets: &[u32],
    d: &[f32],
) -> Vec<f32> {
    let m = logs.len();
    let c = x.len() / m.max(1);
    assert!(x.len() == m * c && targets.len() == m && d.len() == m);
    assert!(targets.iter().all(|target| (*target as usize) < c));
    let from = Shared::of(x);
    filled(x.len(), |dx| {
        let dx = Shared::new(dx.as_mut_ptr());
        // SAFETY: each task writes its own rows.
        rows(m, c, |row| unsafe {
            let dx = dx.at(row * c);
            let d = d[row];
            if d == 0.0 {
                // a row that does not count
                dx.write_bytes(0, c);
                return;
            }
            chosen_slopes(isa, from.at(row * c), logs[row], d, dx, c);
            *dx.add(targets[row] as usize) += d;
        });
    })
}

kernel! {
    /// -d exp(x - log)
    ///
    /// # Safety
    /// Both have `c` numbers.
    fn chosen_slopes = chosen_slopes_body(x: *const f32, log: f32, d: f32, dx: *mut f32, c: usize)
}

#[inline(always)]
unsafe fn chosen_slopes_body<S: Simd>(x: *const f32, log: f32, d: f32, dx: *mut f32, c: usize) {
    for i in (0..c).step_by(S::N) {
        // SAFETY: the caller promises `c` numbers.
        unsafe {
            let p = exp::<S>(S::sub(S::load_some(x.add(i), c - i), S::splat(log)));
            S::store_some(dx.add(i), S::mul(p, S::splat(-d)), c - i);
        }
    }
}

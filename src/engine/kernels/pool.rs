//! Pooling of maps whose channels come last.

use super::memory::{Shared, tasks};
use super::simd::{Isa, Simd, kernel};

/// The sizes of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pooling {
    pub(crate) n: usize,
    pub(crate) c: usize,
    pub(crate) h: usize,
    pub(crate) w: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

impl Pooling {
    pub(crate) fn oh(&self) -> usize {
        (self.h + 2 * self.padding - self.kernel) / self.stride + 1
    }

    pub(crate) fn ow(&self) -> usize {
        (self.w + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Numbers of the result.
    pub(crate) fn output(&self) -> usize {
        self.n * self.oh() * self.ow() * self.c
    }

    /// Whether every window meets the map, and the index of a place in it can be kept.
    pub(crate) fn fits(&self) -> bool {
        2 * self.padding <= self.kernel
            && self.kernel <= self.h + 2 * self.padding
            && self.kernel <= self.w + 2 * self.padding
            && self.kernel < 1000
    }

    /// The places of a window along one side that are inside: `(first place, index of it in the window, how many)`.
    #[inline(always)]
    fn inside(&self, window: usize, side: usize) -> (usize, usize, usize) {
        let start = window * self.stride;
        let skipped = self.padding.saturating_sub(start);
        let first = start + skipped - self.padding;
        let count = (self.kernel - skipped).min(side.saturating_sub(first));
        (first, skipped, count)
    }
}

/// The largest number of each window into `y`, and its place in the window into `at`. NaN is larger than any number.
pub(crate) fn max(isa: Isa, pool: &Pooling, x: &[f32], y: &mut [f32], at: &mut [f32]) {
    let (x, y, at) = (
        Shared::of(x),
        Shared::new(y.as_mut_ptr()),
        Shared::new(at.as_mut_ptr()),
    );
    tasks(pool.n, |n| {
        let size = pool.oh() * pool.ow() * pool.c;
        // SAFETY: each task writes its own picture.
        unsafe {
            let x = x.at(n * pool.h * pool.w * pool.c);
            max_picture(isa, *pool, x, y.at(n * size), at.at(n * size));
        }
    });
}

kernel! {
    /// One picture of [`max`].
    ///
    /// # Safety
    /// All is memory that the sizes fit.
    fn max_picture = max_body(pool: Pooling, x: *const f32, y: *mut f32, at: *mut f32)
}

#[inline(always)]
unsafe fn max_body<S: Simd>(pool: Pooling, x: *const f32, y: *mut f32, at: *mut f32) {
    let c = pool.c;
    for oy in 0..pool.oh() {
        let (y0, r0, rows) = pool.inside(oy, pool.h);
        for ox in 0..pool.ow() {
            let (x0, s0, cols) = pool.inside(ox, pool.w);
            let to = (oy * pool.ow() + ox) * c;
            for i in (0..c).step_by(S::N) {
                let n = (c - i).min(S::N);
                // SAFETY: the places are inside the map.
                unsafe {
                    let from = x.add((y0 * pool.w + x0) * c + i);
                    let mut best = S::load_n(from, n);
                    let mut index = S::splat((r0 * pool.kernel + s0) as f32);
                    for r in 0..rows {
                        for s in 0..cols {
                            let value = S::load_n(from.add((r * pool.w + s) * c), n);
                            let tap = S::splat(((r0 + r) * pool.kernel + s0 + s) as f32);
                            (best, index) = S::larger(best, index, value, tap);
                        }
                    }
                    S::store_n(y.add(to + i), best, n);
                    S::store_n(at.add(to + i), index, n);
                }
            }
        }
    }
}

/// The gradient of [`max`]: each goes to the place that was the largest.
pub(crate) fn max_gradient(isa: Isa, pool: &Pooling, dy: &[f32], at: &[f32], dx: &mut [f32]) {
    let (dy, at, dx) = (Shared::of(dy), Shared::of(at), Shared::new(dx.as_mut_ptr()));
    tasks(pool.n, |n| {
        let size = pool.oh() * pool.ow() * pool.c;
        // SAFETY: each task writes its own picture.
        unsafe {
            let dx = dx.at(n * pool.h * pool.w * pool.c);
            spread_picture(isa, *pool, dy.at(n * size), at.at(n * size), dx);
        }
    });
}

/// The mean of each window, padding counted as zeros.
pub(crate) fn average(isa: Isa, pool: &Pooling, x: &[f32], y: &mut [f32]) {
    let (x, y) = (Shared::of(x), Shared::new(y.as_mut_ptr()));
    tasks(pool.n, |n| {
        let size = pool.oh() * pool.ow() * pool.c;
        // SAFETY: each task writes its own picture.
        unsafe {
            average_picture(
                isa,
                *pool,
                x.at(n * pool.h * pool.w * pool.c),
                y.at(n * size),
            )
        };
    });
}

/// The gradient of [`average`].
pub(crate) fn average_gradient(isa: Isa, pool: &Pooling, dy: &[f32], dx: &mut [f32]) {
    let (dy, dx) = (Shared::of(dy), Shared::new(dx.as_mut_ptr()));
    tasks(pool.n, |n| {
        let size = pool.oh() * pool.ow() * pool.c;
        // SAFETY: each task writes its own picture.
        unsafe {
            let dx = dx.at(n * pool.h * pool.w * pool.c);
            spread_picture(isa, *pool, dy.at(n * size), std::ptr::null(), dx);
        }
    });
}

kernel! {
    /// One picture of [`average`].
    ///
    /// # Safety
    /// All is memory that the sizes fit.
    fn average_picture = average_body(pool: Pooling, x: *const f32, y: *mut f32)
}

#[inline(always)]
unsafe fn average_body<S: Simd>(pool: Pooling, x: *const f32, y: *mut f32) {
    let c = pool.c;
    let share = 1.0 / (pool.kernel * pool.kernel) as f32;
    for oy in 0..pool.oh() {
        let (y0, _, rows) = pool.inside(oy, pool.h);
        for ox in 0..pool.ow() {
            let (x0, _, cols) = pool.inside(ox, pool.w);
            for i in (0..c).step_by(S::N) {
                let n = (c - i).min(S::N);
                // SAFETY: the places are inside the map.
                unsafe {
                    let from = x.add((y0 * pool.w + x0) * c + i);
                    let mut sum = S::zero();
                    for r in 0..rows {
                        for s in 0..cols {
                            sum = S::add(sum, S::load_n(from.add((r * pool.w + s) * c), n));
                        }
                    }
                    let to = y.add((oy * pool.ow() + ox) * c + i);
                    S::store_n(to, S::mul(sum, S::splat(share)), n);
                }
            }
        }
    }
}

kernel! {
    /// One picture of the gradients: to the place `at`, or in equal shares where that is null.
    ///
    /// # Safety
    /// All is memory that the sizes fit.
    fn spread_picture = spread_body(pool: Pooling, dy: *const f32, at: *const f32, dx: *mut f32)
}

#[inline(always)]
unsafe fn spread_body<S: Simd>(pool: Pooling, dy: *const f32, at: *const f32, dx: *mut f32) {
    let c = pool.c;
    let share = 1.0 / (pool.kernel * pool.kernel) as f32;
    // SAFETY: the caller promises the whole picture; the places are inside it.
    unsafe {
        dx.write_bytes(0, pool.h * pool.w * c);
        for oy in 0..pool.oh() {
            let (y0, r0, rows) = pool.inside(oy, pool.h);
            for ox in 0..pool.ow() {
                let (x0, s0, cols) = pool.inside(ox, pool.w);
                let from = (oy * pool.ow() + ox) * c;
                for i in (0..c).step_by(S::N) {
                    let n = (c - i).min(S::N);
                    let to = dx.add((y0 * pool.w + x0) * c + i);
                    let g = S::load_n(dy.add(from + i), n);
                    let best = match at.is_null() {
                        true => S::zero(),
                        false => S::load_n(at.add(from + i), n),
                    };
                    for r in 0..rows {
                        for s in 0..cols {
                            let part = match at.is_null() {
                                true => S::mul(g, S::splat(share)),
                                false => {
                                    let tap = (r0 + r) * pool.kernel + s0 + s;
                                    S::where_equal(best, S::splat(tap as f32), g)
                                }
                            };
                            let to = to.add((r * pool.w + s) * c);
                            S::store_n(to, S::add(S::load_n(to, n), part), n);
                        }
                    }
                }
            }
        }
    }
}

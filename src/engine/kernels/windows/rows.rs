//! Products and sums of rows of one length.

use crate::engine::kernels::curve::exp;
use crate::engine::kernels::simd::Simd;

/// Coefficients and rows of a sum.
pub(super) type Parts = Vec<(f32, *const f32)>;

/// The dot product of `x` with each of some rows.
#[inline(always)]
pub(super) unsafe fn dots<S: Simd>(x: *const f32, rows: &[*const f32], d: usize, out: &mut [f32]) {
    // SAFETY: the caller promises `d` numbers everywhere.
    unsafe {
        let mut first = 0;
        while first < rows.len() {
            let last = rows.len() - 1;
            let [a, b, c, e] = [
                rows[first],
                rows[(first + 1).min(last)],
                rows[(first + 2).min(last)],
                rows[(first + 3).min(last)],
            ];
            let mut sums = [S::zero(); 4];
            let mut i = 0;
            while i < d {
                let n = d - i;
                let x = S::load_some(x.add(i), n);
                sums[0] = S::fma(x, S::load_some(a.add(i), n), sums[0]);
                sums[1] = S::fma(x, S::load_some(b.add(i), n), sums[1]);
                sums[2] = S::fma(x, S::load_some(c.add(i), n), sums[2]);
                sums[3] = S::fma(x, S::load_some(e.add(i), n), sums[3]);
                i += S::N;
            }
            let sums = S::sums(sums);
            let some = (rows.len() - first).min(4);
            out[first..first + some].copy_from_slice(&sums[..some]);
            first += 4;
        }
    }
}

/// Scores s become 1 + e^(sign s), the slopes of their logarithms go to `slopes`: sign σ(sign s).
#[inline(always)]
pub(super) unsafe fn told_by<S: Simd>(scores: &mut [f32], sign: f32, slopes: &mut [f32]) {
    let n = scores.len().min(slopes.len());
    let mut i = 0;
    while i < n {
        // SAFETY: both have `n` numbers.
        unsafe {
            let at = scores.as_mut_ptr().add(i);
            let e = exp::<S>(S::mul(S::load_some(at, n - i), S::splat(sign)));
            let one = S::add(e, S::splat(1.0));
            S::store_some(at, one, n - i);
            let slope = S::mul(S::div(e, one), S::splat(sign));
            S::store_some(slopes.as_mut_ptr().add(i), slope, n - i);
        }
        i += S::N;
    }
}

/// The dot products of four rows, which have room for whole vectors and zeros behind their numbers, with each of two others.
#[inline(always)]
pub(super) unsafe fn tile<S: Simd>(
    a: [*const f32; 4],
    b: [*const f32; 2],
    d: usize,
) -> [[f32; 4]; 2] {
    let mut i = 0;
    // SAFETY: the caller promises `d` numbers everywhere, and whole vectors in `a`.
    unsafe {
        let mut sums = [[S::zero(); 4]; 2];
        while i < d {
            // no closures here: these would be compiled without the instruction set
            let first = S::load_some(b[0].add(i), d - i);
            let second = S::load_some(b[1].add(i), d - i);
            for (at, row) in a.iter().enumerate() {
                let x = S::load(row.add(i));
                sums[0][at] = S::fma(x, first, sums[0][at]);
                sums[1][at] = S::fma(x, second, sums[1][at]);
            }
            i += S::N;
        }
        [S::sums(sums[0]), S::sums(sums[1])]
    }
}

/// The dot products of four rows, as those of [`tile`] are, each with its own other.
#[inline(always)]
pub(super) unsafe fn pairs<S: Simd>(a: [*const f32; 4], b: [*const f32; 4], d: usize) -> [f32; 4] {
    let mut i = 0;
    // SAFETY: as in `tile`.
    unsafe {
        let mut sums = [S::zero(); 4];
        while i < d {
            for at in 0..4 {
                let y = S::load_some(b[at].add(i), d - i);
                sums[at] = S::fma(S::load(a[at].add(i)), y, sums[at]);
            }
            i += S::N;
        }
        S::sums(sums)
    }
}

/// `to += Σ coefficient row`
#[inline(always)]
pub(super) unsafe fn mix<S: Simd>(to: *mut f32, parts: &[(f32, *const f32)], d: usize) {
    // SAFETY: as the caller promises.
    unsafe { total::<S, true, false>(to, parts, d) }
}

/// `to = Σ coefficient row`
#[inline(always)]
pub(super) unsafe fn put<S: Simd>(to: *mut f32, parts: &[(f32, *const f32)], d: usize) {
    // SAFETY: as the caller promises.
    unsafe { total::<S, false, false>(to, parts, d) }
}

/// `to = Σ coefficient row`, where there is room for whole vectors in `to`: behind the numbers stand zeros.
#[inline(always)]
pub(super) unsafe fn put_whole<S: Simd>(to: *mut f32, parts: &[(f32, *const f32)], d: usize) {
    // SAFETY: as the caller promises.
    unsafe { total::<S, false, true>(to, parts, d) }
}

/// A sum of rows, as many vectors at once as registers hold. `ADD`: to what is there; `WHOLE`: `to` has room for whole vectors.
#[inline(always)]
unsafe fn total<S: Simd, const ADD: bool, const WHOLE: bool>(
    to: *mut f32,
    parts: &[(f32, *const f32)],
    d: usize,
) {
    let mut i = 0;
    while i < d {
        // SAFETY: there are so many vectors left, the last of which may be in part.
        unsafe {
            match (d - i).div_ceil(S::N) {
                1 => columns::<S, 1, ADD, WHOLE>(to, parts, i, d),
                2 => columns::<S, 2, ADD, WHOLE>(to, parts, i, d),
                3 => columns::<S, 3, ADD, WHOLE>(to, parts, i, d),
                4 => columns::<S, 4, ADD, WHOLE>(to, parts, i, d),
                5 => columns::<S, 5, ADD, WHOLE>(to, parts, i, d),
                6 => columns::<S, 6, ADD, WHOLE>(to, parts, i, d),
                7 => columns::<S, 7, ADD, WHOLE>(to, parts, i, d),
                _ => columns::<S, 8, ADD, WHOLE>(to, parts, i, d),
            }
        }
        i += 8 * S::N;
    }
}

/// `K` vectors of the sum, from `first` on.
#[inline(always)]
unsafe fn columns<S: Simd, const K: usize, const ADD: bool, const WHOLE: bool>(
    to: *mut f32,
    parts: &[(f32, *const f32)],
    first: usize,
    d: usize,
) {
    let last = (d - first - (K - 1) * S::N).min(S::N);
    // SAFETY: the caller promises `d` numbers everywhere, of which these are some.
    unsafe {
        let mut sums = [S::zero(); K];
        let to = to.add(first);
        if ADD {
            for (k, sum) in sums.iter_mut().enumerate() {
                let at = to.add(k * S::N);
                *sum = match k + 1 == K {
                    true => S::load_some(at, last),
                    false => S::load(at),
                };
            }
        }
        for (coefficient, row) in parts {
            let by = S::splat(*coefficient);
            let row = row.add(first);
            for (k, sum) in sums.iter_mut().enumerate() {
                let at = row.add(k * S::N);
                let x = match k + 1 == K {
                    true => S::load_n(at, last),
                    false => S::load(at),
                };
                *sum = S::fma(by, x, *sum);
            }
        }
        for (k, sum) in sums.iter().enumerate() {
            let at = to.add(k * S::N);
            match k + 1 == K && !WHOLE {
                true => S::store_some(at, *sum, last),
                false => S::store(at, *sum),
            }
        }
    }
}

//! The two inner loops that nearly all the arithmetic runs in: rows times packed columns, and sums of outer products.
//!
//! A row is not one stretch of memory but several of one length (*pieces*) at the same distances in every row: the rows of a
//! kernel window in a picture whose channels come last. So a convolution is a matrix product without an unfolded copy.

use super::memory::{Shared, tasks};
use super::simd::{Isa, Simd, kernel};

/// Rows of a matrix: where each starts, and at which distances its pieces of `len` numbers lie.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) at: *const f32,
    pub(crate) starts: &'a [usize],
    pub(crate) pieces: &'a [usize],
    pub(crate) len: usize,
}

/// Where a product goes: row `i` to `starts[i]`, `cols` numbers wide.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) at: *mut f32,
    pub(crate) starts: &'a [usize],
    pub(crate) cols: usize,
    /// Added to each row, or null.
    pub(crate) bias: *const f32,
    /// Whether it is added to what is there.
    pub(crate) add: bool,
}

kernel! {
    /// Rows times the packed panels `first..last` of a matrix, see [`pack`].
    ///
    /// # Safety
    /// Rows, panels, bias and target are memory that the sizes fit; nobody else writes the target's columns of these panels.
    pub(crate) fn multiply = multiply_body(
        a: Rows<'_>,
        panels: *const f32,
        first: usize,
        last: usize,
        out: Target<'_>,
    )
}

#[inline(always)]
pub(crate) unsafe fn multiply_body<S: Simd>(
    a: Rows<'_>,
    panels: *const f32,
    first: usize,
    last: usize,
    out: Target<'_>,
) {
    let width = 2 * S::N;
    let size = a.pieces.len() * a.len * width;
    for panel in first..last {
        // SAFETY: the caller promises panels up to `last`, each of `size` numbers.
        unsafe {
            let b = panels.add(panel * size);
            let mut row = 0;
            let count = a.starts.len();
            if S::WIDE {
                while row + 8 <= count {
                    tile::<S, 8>(a, row, b, panel * width, out);
                    row += 8;
                }
            }
            while row + 4 <= count {
                tile::<S, 4>(a, row, b, panel * width, out);
                row += 4;
            }
            while row < count {
                tile::<S, 1>(a, row, b, panel * width, out);
                row += 1;
            }
        }
    }
}

/// `R` rows times one panel.
#[inline(always)]
unsafe fn tile<S: Simd, const R: usize>(
    a: Rows<'_>,
    row: usize,
    mut b: *const f32,
    col: usize,
    out: Target<'_>,
) {
    // SAFETY: the caller promises memory for rows `row..row + R` and for the panel.
    unsafe {
        let (mut left, mut right) = ([S::zero(); R], [S::zero(); R]);
        let base: [*const f32; R] =
            std::array::from_fn(|r| a.at.wrapping_add(*a.starts.get_unchecked(row + r)));
        for piece in a.pieces {
            let from: [*const f32; R] = std::array::from_fn(|r| base[r].wrapping_add(*piece));
            for k in 0..a.len {
                let b0 = S::load(b);
                let b1 = S::load(b.add(S::N));
                b = b.add(2 * S::N);
                for r in 0..R {
                    let x = S::splat(*from[r].add(k));
                    left[r] = S::fma(x, b0, left[r]);
                    right[r] = S::fma(x, b1, right[r]);
                }
            }
        }
        put::<S, R>(left, out, row, col);
        if col + S::N < out.cols {
            put::<S, R>(right, out, row, col + S::N);
        }
    }
}

/// Writes one vector of each of `R` rows.
#[inline(always)]
unsafe fn put<S: Simd, const R: usize>(sums: [S::V; R], out: Target<'_>, row: usize, col: usize) {
    let n = (out.cols - col).min(S::N);
    // SAFETY: the caller promises the target and `col` below its columns.
    unsafe {
        let bias = match out.bias.is_null() {
            true => S::zero(),
            false => S::load_n(out.bias.add(col), n),
        };
        for r in 0..R {
            let to = out.at.add(*out.starts.get_unchecked(row + r) + col);
            let mut x = sums[r];
            if !out.bias.is_null() {
                x = S::add(x, bias);
            }
            if out.add {
                x = S::add(x, S::load_n(to, n));
            }
            if n == S::N {
                S::store(to, x);
            } else {
                S::store_n(to, x, n);
            }
        }
    }
}

kernel! {
    /// Adds the sum over rows of (row of `a`) ⊗ (row of `d`) to `out`, `[pieces · len, panel]`; `d` is one packed panel
    /// `[rows, panel]`.
    ///
    /// # Safety
    /// Rows, panel and target are memory that the sizes fit; nobody else writes the target.
    pub(crate) fn outer = outer_body(a: Rows<'_>, d: *const f32, out: *mut f32)
}

#[inline(always)]
pub(crate) unsafe fn outer_body<S: Simd>(a: Rows<'_>, d: *const f32, out: *mut f32) {
    let width = 2 * S::N;
    for (index, piece) in a.pieces.iter().enumerate() {
        let mut l = 0;
        // SAFETY: the caller promises `pieces · len` rows in the target and rows of that many numbers.
        unsafe {
            let to = out.add(index * a.len * width);
            if S::WIDE {
                while l + 8 <= a.len {
                    outer_tile::<S, 8>(a, piece + l, d, to.add(l * width));
                    l += 8;
                }
            }
            while l + 4 <= a.len {
                outer_tile::<S, 4>(a, piece + l, d, to.add(l * width));
                l += 4;
            }
            while l < a.len {
                outer_tile::<S, 1>(a, piece + l, d, to.add(l * width));
                l += 1;
            }
        }
    }
}

#[inline(always)]
unsafe fn outer_tile<S: Simd, const R: usize>(
    a: Rows<'_>,
    offset: usize,
    mut d: *const f32,
    out: *mut f32,
) {
    // SAFETY: the caller promises `R` numbers at `offset` of every row and `R` rows in the target.
    unsafe {
        let width = 2 * S::N;
        let mut left: [S::V; R] = std::array::from_fn(|r| S::load(out.add(r * width)));
        let mut right: [S::V; R] = std::array::from_fn(|r| S::load(out.add(r * width + S::N)));
        let at = a.at.wrapping_add(offset);
        for start in a.starts {
            let from = at.wrapping_add(*start);
            let d0 = S::load(d);
            let d1 = S::load(d.add(S::N));
            d = d.add(width);
            for r in 0..R {
                let x = S::splat(*from.add(r));
                left[r] = S::fma(x, d0, left[r]);
                right[r] = S::fma(x, d1, right[r]);
            }
        }
        for r in 0..R {
            S::store(out.add(r * width), left[r]);
            S::store(out.add(r * width + S::N), right[r]);
        }
    }
}

/// A matrix `[l, n]` in memory: `l` runs through three loops of (count, distance), the last innermost.
#[derive(Clone, Copy)]
pub(crate) struct Columns {
    pub(crate) at: *const f32,
    pub(crate) l: [(usize, isize); 3],
    pub(crate) n: (usize, isize),
}

// SAFETY: it is only read while it lives.
unsafe impl Sync for Columns {}
// SAFETY: as above.
unsafe impl Send for Columns {}

impl Columns {
    /// Rows of a panel.
    pub(crate) fn length(&self) -> usize {
        self.l.iter().map(|(count, _)| count).product()
    }

    /// Panels that the columns need.
    pub(crate) fn panels(&self, isa: Isa) -> usize {
        self.n.0.div_ceil(isa.panel())
    }

    /// Numbers that the packed matrix takes.
    pub(crate) fn packed(&self, isa: Isa) -> usize {
        self.panels(isa) * self.length() * isa.panel()
    }
}

/// Packs a matrix as `[panels, l, panel]`, missing columns 0.
///
/// # Safety
/// `out` has room for [`Columns::packed`] numbers.
pub(crate) unsafe fn pack(isa: Isa, matrix: Columns, out: Shared) {
    let (width, length) = (isa.panel(), matrix.length());
    tasks(matrix.panels(isa), |panel| {
        // SAFETY: each task writes its own panel.
        unsafe { pack_panel(matrix, panel * width, width, out.at(panel * length * width)) }
    });
}

/// Columns `first..first + width` of a matrix as `[l, width]`.
///
/// # Safety
/// `out` has room for them.
pub(crate) unsafe fn pack_panel(matrix: Columns, first: usize, width: usize, out: *mut f32) {
    let [(l0, s0), (l1, s1), (l2, s2)] = matrix.l;
    let (n, sn) = matrix.n;
    let cols = n.saturating_sub(first).min(width);
    let from = matrix.at.wrapping_offset(first as isize * sn);
    for i0 in 0..l0 {
        for i1 in 0..l1 {
            let from = from.wrapping_offset(i0 as isize * s0 + i1 as isize * s1);
            let to = out.wrapping_add((i0 * l1 + i1) * l2 * width);
            // SAFETY: `cols` columns and `l2` rows of the matrix are there; the caller promises the target.
            unsafe {
                if s2 == 1 && sn >= 0 {
                    transpose(from, sn as usize, to, width, cols, l2);
                    continue;
                }
                for i2 in 0..l2 {
                    let from = from.offset(i2 as isize * s2);
                    let to = to.add(i2 * width);
                    if sn == 1 {
                        from.copy_to_nonoverlapping(to, cols);
                    } else {
                        for j in 0..cols {
                            *to.add(j) = *from.offset(j as isize * sn);
                        }
                    }
                }
            }
        }
    }
    if cols < width {
        for i in 0..l0 * l1 * l2 {
            for j in cols..width {
                // SAFETY: as above.
                unsafe { *out.add(i * width + j) = 0.0 };
            }
        }
    }
}

/// `to[j, i] = from[i, j]` for `rows × cols` numbers, in blocks of 4 × 4.
///
/// # Safety
/// Both are memory that the sizes fit.
pub(crate) unsafe fn transpose(
    from: *const f32,
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
    rows: usize,
    cols: usize,
) {
    let mut i = 0;
    // SAFETY: all indices are below `rows` and `cols`.
    unsafe {
        while i + 4 <= rows {
            let mut j = 0;
            while j + 4 <= cols {
                transpose4(
                    from.add(i * from_stride + j),
                    from_stride,
                    to.add(j * to_stride + i),
                    to_stride,
                );
                j += 4;
            }
            for j in j..cols {
                for i in i..i + 4 {
                    *to.add(j * to_stride + i) = *from.add(i * from_stride + j);
                }
            }
            i += 4;
        }
        for i in i..rows {
            for j in 0..cols {
                *to.add(j * to_stride + i) = *from.add(i * from_stride + j);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transpose4(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    use std::arch::x86_64::*;
    // SAFETY: SSE is part of x86-64; the caller promises 4 × 4 numbers.
    unsafe {
        let mut a = _mm_loadu_ps(from);
        let mut b = _mm_loadu_ps(from.add(from_stride));
        let mut c = _mm_loadu_ps(from.add(2 * from_stride));
        let mut d = _mm_loadu_ps(from.add(3 * from_stride));
        _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
        _mm_storeu_ps(to, a);
        _mm_storeu_ps(to.add(to_stride), b);
        _mm_storeu_ps(to.add(2 * to_stride), c);
        _mm_storeu_ps(to.add(3 * to_stride), d);
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn transpose4(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    for i in 0..4 {
        for j in 0..4 {
            // SAFETY: the caller promises 4 × 4 numbers.
            unsafe { *to.add(j * to_stride + i) = *from.add(i * from_stride + j) };
        }
    }
}

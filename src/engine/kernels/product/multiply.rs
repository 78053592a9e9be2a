//! Rows times packed columns.

use super::super::memory::{Scratch, Shared};
use super::super::simd::{Simd, kernel};
use super::outer::add_products;
use super::transpose::transpose_to;
use super::{Rows, Target};

kernel! {
    /// Rows times the packed panels `first..last` of a matrix, see [`super::pack`].
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
    let length = a.pieces.len() * a.len;
    let size = length * width;
    let count = a.starts.len();
    // rows are packed where enough panels read them again
    let many = if a.pieces.len() > 1 {
        MANY_OF_PIECES
    } else {
        MANY
    };
    let packed_count = if last - first >= many {
        count / GROUP * GROUP
    } else {
        0
    };
    let even = |whole: usize, most: usize| whole.div_ceil(whole.div_ceil(most).max(1)).max(1);
    let slab = even(length, SLAB);
    let depth = even(slab, DEPTH);
    let packed = match packed_count {
        0 => None,
        _ => Some(Scratch::new(packed_count * slab)),
    };
    let rest = Rows {
        starts: &a.starts[packed_count..],
        ..a
    };
    // SAFETY: the caller promises panels up to `last`, each of `size` numbers, the rows and the target.
    unsafe {
        if let Some(packed) = &packed {
            for start in (0..length.max(1)).step_by(slab) {
                let end = (start + slab).min(length);
                let parts = || {
                    (start..end.max(start + 1))
                        .step_by(depth)
                        .map(|from| (from, depth.min(end - from)))
                };
                for (from, deep) in parts() {
                    let to = packed.ptr().add((from - start) * packed_count);
                    pack_groups(a, from, deep, to, packed_count);
                }
                let tiles = packed_count / GROUP;
                for panel in first..last {
                    // a part of the panel stays in the nearest cache while all rows meet it
                    for (from, deep) in parts() {
                        let b = panels.add(panel * size + from * width);
                        // meanwhile the next part comes from far away, a few lines with each tile
                        let mut next = match from + deep < end {
                            true => b.wrapping_add(deep * width),
                            false => panels.wrapping_add((panel + 1) * size + start * width),
                        };
                        let step = (deep * width).div_ceil(tiles).next_multiple_of(LINE);
                        let groups = packed.ptr().add((from - start) * packed_count);
                        let out = Target {
                            add: out.add || from > 0,
                            bias: if from > 0 { Shared::none() } else { out.bias },
                            ..out
                        };
                        for row in (0..packed_count).step_by(GROUP) {
                            let group = groups.add(row * deep);
                            for line in (0..step).step_by(LINE) {
                                S::prefetch_far(next.wrapping_add(line));
                            }
                            next = next.wrapping_add(step);
                            if S::WIDE {
                                packed_tile::<S, GROUP>(group, deep, b, row, panel * width, out);
                            } else {
                                for r in (0..GROUP).step_by(4) {
                                    let at = (row + r, panel * width);
                                    packed_tile::<S, 4>(group.add(r), deep, b, at.0, at.1, out);
                                }
                            }
                        }
                    }
                }
            }
        }
        let out = Target {
            starts: &out.starts[packed_count..],
            ..out
        };
        for panel in first..last {
            strip::<S>(rest, panels.add(panel * size), panel * width, out);
        }
    }
}

/// Numbers of a row that meet a panel at once, where rows are packed: that part of the panel fits into the nearest cache.
const DEPTH: usize = 192;
/// Numbers of a row that are packed at once: those of all rows fit into the second cache.
const SLAB: usize = 1024;
/// Rows that are packed together: with two vectors each their sums take 24 of 32 registers.
const GROUP: usize = 8;
/// Numbers of a cache line.
const LINE: usize = 16;
/// Panels from which on packing the rows is worth it, and the same for rows of several pieces.
const MANY: usize = 7;
const MANY_OF_PIECES: usize = 3;

/// Packs the numbers `from..from + deep` of the first `count` rows as groups `[deep, GROUP]`.
///
/// # Safety
/// Rows and target are memory that the sizes fit; `count` is a multiple of the group.
#[inline(always)]
unsafe fn pack_groups(a: Rows<'_>, from: usize, deep: usize, out: *mut f32, count: usize) {
    for row in (0..count).step_by(GROUP) {
        let base: [*const f32; GROUP] =
            std::array::from_fn(|r| a.at.at(a.starts[row + r]).cast_const());
        let mut k = 0;
        while k < deep {
            let (piece, at) = ((from + k) / a.len, (from + k) % a.len);
            let some = (a.len - at).min(deep - k);
            let offset = a.pieces[piece] + at;
            let rows: [*const f32; GROUP] = std::array::from_fn(|r| base[r].wrapping_add(offset));
            // SAFETY: the caller promises `len` numbers of each piece, and the groups.
            unsafe {
                let to = out.add(row * deep + k * GROUP);
                let mut i = 0;
                while i + 4 <= some {
                    let to = to.add(i * GROUP);
                    for r in (0..GROUP).step_by(4) {
                        let four = std::array::from_fn(|j| rows[r + j].add(i));
                        transpose_to(four, to.add(r), GROUP);
                    }
                    i += 4;
                }
                for i in i..some {
                    for (r, row) in rows.iter().enumerate() {
                        *to.add(i * GROUP + r) = *row.add(i);
                    }
                }
            }
            k += some;
        }
    }
}

/// `R` packed rows of a group times a part of one panel.
#[inline(always)]
unsafe fn packed_tile<S: Simd, const R: usize>(
    a: *const f32,
    deep: usize,
    b: *const f32,
    row: usize,
    col: usize,
    out: Target<'_>,
) {
    // SAFETY: the caller promises the group, the panel and the target.
    unsafe {
        let (mut left, mut right) = ([S::zero(); R], [S::zero(); R]);
        for r in 0..R {
            let to = out.at.at(*out.starts.get_unchecked(row + r) + col);
            S::prefetch(to);
            S::prefetch(to.wrapping_add(S::N));
        }
        add_products::<S, R>(a, GROUP, deep, b, [&mut left, &mut right]);
        put::<S, R>(left, out, row, col);
        if col + S::N < out.cols {
            put::<S, R>(right, out, row, col + S::N);
        }
    }
}

/// Rows times a panel.
#[inline(always)]
unsafe fn strip<S: Simd>(a: Rows<'_>, b: *const f32, col: usize, out: Target<'_>) {
    let mut row = 0;
    let count = a.starts.len();
    // SAFETY: the caller promises the rows, the panel and the target.
    unsafe {
        if S::WIDE {
            while row + 8 <= count {
                tile::<S, 8>(a, row, b, col, out);
                row += 8;
            }
        }
        while row + 4 <= count {
            tile::<S, 4>(a, row, b, col, out);
            row += 4;
        }
        while row < count {
            tile::<S, 1>(a, row, b, col, out);
            row += 1;
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
            std::array::from_fn(|r| a.at.at(*a.starts.get_unchecked(row + r)).cast_const());
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
            false => S::load_n(out.bias.at(col), n),
        };
        for r in 0..R {
            let to = out.at.at(*out.starts.get_unchecked(row + r) + col);
            let mut x = sums[r];
            if !out.bias.is_null() {
                x = S::add(x, bias);
            }
            if out.add {
                x = S::add(x, S::load_n(to, n));
            }
            S::store_some(to, x, n);
        }
    }
}

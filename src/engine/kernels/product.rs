//! The two inner loops that nearly all the arithmetic runs in: rows times packed columns, and sums of outer products.
//!
//! A row is not one stretch of memory but several of one length (*pieces*) at the same distances in every row: the rows of a
//! kernel window in a picture whose channels come last. So a convolution is a matrix product without an unfolded copy.

use std::ops::Range;

use super::memory::{Scratch, Shared, tasks};
use super::simd::{Isa, Simd, kernel};

/// Rows of a matrix: where each starts, and at which distances its pieces of `len` numbers lie.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) at: Shared,
    pub(crate) starts: &'a [usize],
    pub(crate) pieces: &'a [usize],
    pub(crate) len: usize,
}

/// Where a product goes: row `i` to `starts[i]`, `cols` numbers wide.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) at: Shared,
    pub(crate) starts: &'a [usize],
    pub(crate) cols: usize,
    /// Added to each row, or null.
    pub(crate) bias: Shared,
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

/// Columns of a block of packed rows.
pub(crate) const LEFT: usize = 8;

/// Numbers that [`pack_rows`] takes for `count` rows of `length` numbers. Blocks are a little further apart than their size, so
/// that they do not all fall into one set of the cache.
pub(crate) fn packed_rows(count: usize, length: usize) -> usize {
    length.div_ceil(LEFT) * block_rows(count)
}

fn block_rows(count: usize) -> usize {
    LEFT * count + 16
}

/// The numbers `within` of rows as blocks `[count, 8]` of 8 of them each, missing numbers 0.
///
/// # Safety
/// Rows and target are memory that the sizes fit.
pub(crate) unsafe fn pack_rows(a: Rows<'_>, within: Range<usize>, out: *mut f32) {
    let (count, length) = (a.starts.len(), within.len());
    let stride = block_rows(count);
    for (row, start) in a.starts.iter().enumerate() {
        let mut l = 0;
        let (mut piece, mut at) = (within.start / a.len.max(1), within.start % a.len.max(1));
        while l < length {
            let from = a.at.at(start + a.pieces[piece] + at);
            let some = (a.len - at).min(length - l);
            // SAFETY: the caller promises `len` numbers of each piece, and the blocks.
            unsafe { scatter(from, some, out, stride, row, l) };
            l += some;
            piece += 1;
            at = 0;
        }
        for l in length..length.next_multiple_of(LEFT) {
            // SAFETY: as above.
            unsafe { *out.add(l / LEFT * stride + row * LEFT + l % LEFT) = 0.0 };
        }
    }
}

/// `some` numbers of a row, from the `l`th on, into their blocks.
#[inline(always)]
unsafe fn scatter(
    from: *const f32,
    some: usize,
    out: *mut f32,
    stride: usize,
    row: usize,
    l: usize,
) {
    let mut done = 0;
    // SAFETY: the caller promises the numbers and the blocks.
    unsafe {
        if l.is_multiple_of(LEFT) {
            let mut to = out.add(l / LEFT * stride + row * LEFT);
            while done + LEFT <= some {
                to.cast::<[f32; LEFT]>()
                    .write_unaligned(from.add(done).cast::<[f32; LEFT]>().read_unaligned());
                to = to.add(stride);
                done += LEFT;
            }
        }
        for i in done..some {
            let l = l + i;
            *out.add(l / LEFT * stride + row * LEFT + l % LEFT) = *from.add(i);
        }
    }
}

kernel! {
    /// The sum over rows of (packed row) ⊗ (row of `d`) into `out`, `[length, panel]` with the length a multiple of 8; added to what
    /// is there unless `fresh`. `d` is one packed panel `[rows, panel]`.
    ///
    /// # Safety
    /// Rows, panel and target are memory that the sizes fit; nobody else writes the target.
    pub(crate) fn outer = outer_packed(
        packed: *const f32,
        count: usize,
        length: usize,
        d: *const f32,
        out: *mut f32,
        fresh: bool,
    )
}

#[inline(always)]
unsafe fn outer_packed<S: Simd>(
    packed: *const f32,
    count: usize,
    length: usize,
    d: *const f32,
    out: *mut f32,
    fresh: bool,
) {
    let width = 2 * S::N;
    for l in (0..length).step_by(LEFT) {
        // SAFETY: the caller promises whole blocks and their rows in the target.
        unsafe {
            let from = packed.add(l / LEFT * block_rows(count));
            let to = out.add(l * width);
            if S::WIDE {
                outer_tile::<S, 8>(from, LEFT, count, d, to, fresh);
            } else {
                outer_tile::<S, 4>(from, LEFT, count, d, to, fresh);
                outer_tile::<S, 4>(from.add(4), LEFT, count, d, to.add(4 * width), fresh);
            }
        }
    }
}

/// The same for rows of `length` numbers at equal distances.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
pub(crate) unsafe fn outer_body<S: Simd>(
    a: *const f32,
    stride: usize,
    count: usize,
    length: usize,
    d: *const f32,
    out: *mut f32,
    fresh: bool,
) {
    let width = 2 * S::N;
    let mut l = 0;
    // SAFETY: the caller promises `length` rows in the target and rows of that many numbers.
    unsafe {
        if S::WIDE {
            while l + 8 <= length {
                outer_tile::<S, 8>(a.add(l), stride, count, d, out.add(l * width), fresh);
                l += 8;
            }
        }
        while l + 4 <= length {
            outer_tile::<S, 4>(a.add(l), stride, count, d, out.add(l * width), fresh);
            l += 4;
        }
        while l < length {
            outer_tile::<S, 1>(a.add(l), stride, count, d, out.add(l * width), fresh);
            l += 1;
        }
    }
}

/// Adds `R` numbers times two vectors, `count` times: the numbers are `stride` apart, the vectors follow one another.
#[inline(always)]
unsafe fn add_products<S: Simd, const R: usize>(
    mut a: *const f32,
    stride: usize,
    count: usize,
    mut b: *const f32,
    [left, right]: [&mut [S::V; R]; 2],
) {
    for _ in 0..count {
        // SAFETY: the caller promises `count` times `R` numbers and two vectors.
        unsafe {
            let b0 = S::load(b);
            let b1 = S::load(b.add(S::N));
            for r in 0..R {
                let x = S::splat(*a.add(r));
                left[r] = S::fma(x, b0, left[r]);
                right[r] = S::fma(x, b1, right[r]);
            }
        }
        a = a.wrapping_add(stride);
        b = b.wrapping_add(2 * S::N);
    }
}

#[inline(always)]
unsafe fn outer_tile<S: Simd, const R: usize>(
    a: *const f32,
    stride: usize,
    count: usize,
    d: *const f32,
    out: *mut f32,
    fresh: bool,
) {
    // SAFETY: the caller promises `R` numbers of every row and `R` rows in the target.
    unsafe {
        let width = 2 * S::N;
        let (mut left, mut right) = ([S::zero(); R], [S::zero(); R]);
        if !fresh {
            left = std::array::from_fn(|r| S::load(out.add(r * width)));
            right = std::array::from_fn(|r| S::load(out.add(r * width + S::N)));
        }
        add_products::<S, R>(a, stride, count, d, [&mut left, &mut right]);
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
    if matrix.n.1 != 1 {
        tasks(matrix.panels(isa), |panel| {
            // SAFETY: each task writes its own panel.
            unsafe { pack_panel(matrix, panel * width, width, out.at(panel * length * width)) }
        });
        return;
    }
    // several panels at once, so that long stretches of each row are read
    let whole = matrix.n.0 / width;
    tasks(matrix.panels(isa).div_ceil(PANELS), |index| {
        let first = index * PANELS;
        // SAFETY: each task writes its own panels.
        unsafe {
            let last = (first + PANELS).min(whole);
            pack_rows_of_panels(matrix, first, last.max(first), width, out);
            if (first..first + PANELS).contains(&whole) && whole * width < matrix.n.0 {
                pack_panel(matrix, whole * width, width, out.at(whole * length * width));
            }
        }
    });
}

/// Panels that are packed together.
const PANELS: usize = 8;

/// Whole panels `first..last` of a matrix with dense rows, row after row.
///
/// # Safety
/// `out` has room for the packed matrix.
unsafe fn pack_rows_of_panels(
    matrix: Columns,
    first: usize,
    last: usize,
    width: usize,
    out: Shared,
) {
    let [(l0, s0), (l1, s1), (l2, s2)] = matrix.l;
    let size = matrix.length() * width;
    let mut to = out.at(first * size);
    for i0 in 0..l0 as isize {
        for i1 in 0..l1 as isize {
            let at = matrix.at.wrapping_offset(i0 * s0 + i1 * s1);
            let mut from = at.wrapping_add(first * width);
            for _ in 0..l2 {
                for panel in 0..last - first {
                    let (from, to) = (
                        from.wrapping_add(panel * width),
                        to.wrapping_add(panel * size),
                    );
                    // SAFETY: `width` columns of each of these panels are there; the caller promises the target.
                    unsafe {
                        if width == 32 {
                            // a size that is known is copied without a call
                            let row = from.cast::<[f32; 32]>().read_unaligned();
                            to.cast::<[f32; 32]>().write_unaligned(row);
                        } else {
                            from.copy_to_nonoverlapping(to, width);
                        }
                    }
                }
                from = from.wrapping_offset(s2);
                to = to.wrapping_add(width);
            }
        }
    }
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
                    if sn == 1 && cols == 32 {
                        // a size that is known is copied without a call
                        let row = from.cast::<[f32; 32]>().read_unaligned();
                        to.cast::<[f32; 32]>().write_unaligned(row);
                    } else if sn == 1 {
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
    // SAFETY: all indices are below `rows` and `cols`.
    unsafe {
        // a cache line of each row at a time, so that what is written stays near
        for start in (0..cols).step_by(16) {
            let end = (start + 16).min(cols);
            let mut i = 0;
            while i + 4 <= rows {
                let mut j = start;
                while j + 4 <= end {
                    transpose4(
                        from.add(i * from_stride + j),
                        from_stride,
                        to.add(j * to_stride + i),
                        to_stride,
                    );
                    j += 4;
                }
                for j in j..end {
                    for i in i..i + 4 {
                        *to.add(j * to_stride + i) = *from.add(i * from_stride + j);
                    }
                }
                i += 4;
            }
            for i in i..rows {
                for j in start..end {
                    *to.add(j * to_stride + i) = *from.add(i * from_stride + j);
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn transpose4(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    let rows = std::array::from_fn(|i| from.wrapping_add(i * from_stride));
    // SAFETY: the caller promises 4 × 4 numbers.
    unsafe { transpose_to(rows, to, to_stride) };
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transpose_to(rows: [*const f32; 4], to: *mut f32, to_stride: usize) {
    use std::arch::x86_64::*;
    // SAFETY: SSE is part of x86-64; the caller promises 4 × 4 numbers.
    unsafe {
        let mut a = _mm_loadu_ps(rows[0]);
        let mut b = _mm_loadu_ps(rows[1]);
        let mut c = _mm_loadu_ps(rows[2]);
        let mut d = _mm_loadu_ps(rows[3]);
        _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
        _mm_storeu_ps(to, a);
        _mm_storeu_ps(to.add(to_stride), b);
        _mm_storeu_ps(to.add(2 * to_stride), c);
        _mm_storeu_ps(to.add(3 * to_stride), d);
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn transpose_to(rows: [*const f32; 4], to: *mut f32, to_stride: usize) {
    for (i, row) in rows.into_iter().enumerate() {
        for j in 0..4 {
            // SAFETY: the caller promises 4 × 4 numbers.
            unsafe { *to.add(j * to_stride + i) = *row.add(j) };
        }
    }
}

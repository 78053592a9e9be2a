//! Sums of outer products.

use std::ops::Range;

use super::super::simd::{Simd, kernel};
use super::Rows;

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
pub(super) unsafe fn add_products<S: Simd, const R: usize>(
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

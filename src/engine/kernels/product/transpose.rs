//! Rows as columns.

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
pub(super) unsafe fn transpose_to(rows: [*const f32; 4], to: *mut f32, to_stride: usize) {
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
pub(super) unsafe fn transpose_to(rows: [*const f32; 4], to: *mut f32, to_stride: usize) {
    for (i, row) in rows.into_iter().enumerate() {
        for j in 0..4 {
            // SAFETY: the caller promises 4 × 4 numbers.
            unsafe { *to.add(j * to_stride + i) = *row.add(j) };
        }
    }
}

//! A matrix as packed panels of columns.

use super::super::memory::{Shared, tasks};
use super::super::simd::Isa;
use super::transpose::transpose;

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

//! Matrix products that use every thread: what `product` does, cut into tasks.

use super::memory::{Scratch, Shared, filled, tasks};
use super::product::{Columns, Rows, Target, multiply, outer, pack, pack_panel};
use super::simd::Isa;

/// Rows that one task multiplies at once.
pub(crate) const ROWS: usize = 128;
/// Numbers of a packed or summed block that stays in the second cache.
const CACHED: usize = 1 << 17;

/// The pieces that every row of a matrix has, see [`Rows`].
#[derive(Clone, Copy)]
pub(crate) struct Pieces<'a> {
    pub(crate) at: Shared,
    pub(crate) pieces: &'a [usize],
    pub(crate) len: usize,
}

impl<'a> Pieces<'a> {
    fn rows(self, starts: &'a [usize]) -> Rows<'a> {
        Rows {
            at: self.at.at(0),
            starts,
            pieces: self.pieces,
            len: self.len,
        }
    }

    fn length(self) -> usize {
        self.pieces.len() * self.len
    }
}

/// Where the rows of a result go.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) at: Shared,
    /// Added to each row, or null.
    pub(crate) bias: Shared,
}

/// `rows` rows times `matrix`; row `i` is read at `from(i)` and written at `to(i)`.
///
/// # Safety
/// All is memory that the sizes fit; nobody else writes the result.
pub(crate) unsafe fn multiply_all(
    isa: Isa,
    rows: usize,
    a: Pieces<'_>,
    from: impl Fn(usize) -> usize + Sync + Send,
    matrix: Columns,
    to: impl Fn(usize) -> usize + Sync + Send,
    place: Place,
) {
    let packed = Scratch::new(matrix.packed(isa));
    let panels = matrix.panels(isa);
    // SAFETY: the scratch has that size.
    unsafe { pack(isa, matrix, packed.shared()) };
    let packed = packed.shared();
    // few rows are split by panels too; the split depends on the sizes alone
    let chunks = rows.div_ceil(ROWS);
    let parts = 16usize.div_ceil(chunks.max(1)).min(panels).max(1);
    let each = panels.div_ceil(parts);
    tasks(chunks * parts, |index| {
        let (chunk, part) = (index / parts, index % parts);
        let first = chunk * ROWS;
        let count = ROWS.min(rows - first);
        let (mut sources, mut targets) = ([0; ROWS], [0; ROWS]);
        for i in 0..count {
            sources[i] = from(first + i);
            targets[i] = to(first + i);
        }
        let out = Target {
            at: place.at.at(0),
            starts: &targets[..count],
            cols: matrix.n.0,
            bias: match place.bias.at(0).is_null() {
                true => std::ptr::null(),
                false => place.bias.at(0),
            },
            add: false,
        };
        let last = ((part + 1) * each).min(panels);
        // SAFETY: the caller's promise; tasks differ in rows or columns of the result.
        unsafe {
            multiply(
                isa,
                a.rows(&sources[..count]),
                packed.at(0),
                part * each,
                last,
                out,
            )
        };
    });
}

/// The other factor of [`outer_all`]: rows at equal distances.
#[derive(Clone, Copy)]
pub(crate) struct Right {
    pub(crate) at: Shared,
    pub(crate) stride: usize,
    pub(crate) cols: usize,
}

/// The sum over rows of (row of `a`) ⊗ (row of `d`): `put(l, first column, numbers)` is called for every row `l` of
/// it, in stretches.
///
/// # Safety
/// All is memory that the sizes fit; `put` may be called from several threads at once, never twice for one place.
pub(crate) unsafe fn outer_all(
    isa: Isa,
    rows: usize,
    a: Pieces<'_>,
    from: impl Fn(usize) -> usize + Sync + Send,
    d: Right,
    put: impl Fn(usize, usize, &[f32]) + Sync + Send,
) {
    let (width, length, cols) = (isa.panel(), a.length(), d.cols);
    let panels = cols.div_ceil(width);
    // a task sums some panels over a part of the rows
    let wide = (CACHED / (length * width).max(1))
        .clamp(1, 4)
        .min(panels.div_ceil(8))
        .max(1);
    let strips = panels.div_ceil(wide);
    let parts = 16usize.div_ceil(strips).min(rows.div_ceil(4 * ROWS)).max(1);
    let each = rows.div_ceil(parts).next_multiple_of(ROWS);
    let size = length * width;
    let sums = Scratch::new(parts * panels * size);
    let sums = sums.shared();
    tasks(parts * strips, |index| {
        let (part, strip) = (index / strips, index % strips);
        let mine = strip * wide..((strip + 1) * wide).min(panels);
        let packed = Scratch::new(ROWS * width);
        // SAFETY: each task has its own sums; the rest is the caller's promise.
        unsafe {
            for panel in mine.clone() {
                sums.at((part * panels + panel) * size).write_bytes(0, size);
            }
            let end = ((part + 1) * each).min(rows);
            for first in (part * each..end).step_by(ROWS) {
                let count = ROWS.min(end - first);
                let mut sources = [0; ROWS];
                for (i, source) in sources.iter_mut().enumerate().take(count) {
                    *source = from(first + i);
                }
                for panel in mine.clone() {
                    let matrix = Columns {
                        at: d.at.at(first * d.stride),
                        l: [(1, 0), (1, 0), (count, d.stride as isize)],
                        n: (cols, 1),
                    };
                    pack_panel(matrix, panel * width, width, packed.ptr());
                    let sum = sums.at((part * panels + panel) * size);
                    outer(isa, a.rows(&sources[..count]), packed.ptr(), sum);
                }
            }
        }
    });
    let step = 64;
    let steps = length.div_ceil(step);
    tasks(panels * steps, |index| {
        let (panel, first) = (index / steps, index % steps * step);
        let n = width.min(cols - panel * width);
        for l in first..(first + step).min(length) {
            let mut sum = [0.0f32; 32];
            for part in 0..parts {
                for (j, sum) in sum.iter_mut().enumerate().take(n) {
                    // SAFETY: the tasks above wrote all of the sums.
                    *sum += unsafe { *sums.at((part * panels + panel) * size + l * width + j) };
                }
            }
            put(l, panel * width, &sum[..n]);
        }
    });
}

/// `y [m, n]` of `x [m, k]`, `weight [k, n]` and `bias [n]`.
pub(crate) fn linear(
    isa: Isa,
    m: usize,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    n: usize,
) -> Vec<f32> {
    let k = weight.len() / n.max(1);
    let matrix = Columns {
        at: weight.as_ptr(),
        l: [(1, 0), (1, 0), (k, n as isize)],
        n: (n, 1),
    };
    rows_by(isa, m, x, k, matrix, bias)
}

/// `dx [m, k]` of `dy [m, n]` and `weight [k, n]`.
pub(crate) fn linear_data(isa: Isa, m: usize, dy: &[f32], weight: &[f32], n: usize) -> Vec<f32> {
    let k = weight.len() / n.max(1);
    let matrix = Columns {
        at: weight.as_ptr(),
        l: [(1, 0), (1, 0), (n, 1)],
        n: (k, n as isize),
    };
    rows_by(isa, m, dy, n, matrix, None)
}

fn rows_by(
    isa: Isa,
    m: usize,
    x: &[f32],
    k: usize,
    matrix: Columns,
    bias: Option<&[f32]>,
) -> Vec<f32> {
    assert!(x.len() == m * k && bias.is_none_or(|b| b.len() == matrix.n.0));
    let n = matrix.n.0;
    filled(m * n, |y| {
        let a = Pieces {
            at: Shared::of(x),
            pieces: &[0],
            len: k,
        };
        let place = Place {
            at: Shared::new(y.as_mut_ptr()),
            bias: bias.map_or(Shared::new(std::ptr::null_mut()), Shared::of),
        };
        // SAFETY: the slices have these sizes.
        unsafe { multiply_all(isa, m, a, |i| i * k, matrix, |i| i * n, place) };
    })
}

/// `dw [k, n]` of `x [m, k]` and `dy [m, n]`.
pub(crate) fn linear_weight(isa: Isa, m: usize, x: &[f32], dy: &[f32], n: usize) -> Vec<f32> {
    let k = x.len() / m.max(1);
    assert!(dy.len() == m * n);
    filled(k * n, |dw| {
        let a = Pieces {
            at: Shared::of(x),
            pieces: &[0],
            len: k,
        };
        let to = Shared::new(dw.as_mut_ptr());
        // SAFETY: the slices have these sizes; each place is written once.
        unsafe {
            outer_all(
                isa,
                m,
                a,
                |i| i * k,
                Right {
                    at: Shared::of(dy),
                    stride: n,
                    cols: n,
                },
                |l, first, row| {
                    row.as_ptr()
                        .copy_to_nonoverlapping(to.at(l * n + first), row.len());
                },
            );
        }
    })
}

/// Matrices `[k, n]` in memory, one after the other.
pub(crate) struct Matrices<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) starts: Vec<isize>,
    /// Distances of two rows and of two columns.
    pub(crate) row: isize,
    pub(crate) col: isize,
}

/// `[m, n]` of each `[m, k]` of `a` and each matrix.
pub(crate) fn products(
    isa: Isa,
    a: &[f32],
    b: &Matrices<'_>,
    m: usize,
    k: usize,
    n: usize,
) -> Vec<f32> {
    assert!(a.len() == b.starts.len() * m * k);
    let left = Shared::of(a);
    let right = Shared::of(b.data);
    let columns = |index: usize| Columns {
        at: right.at(0).wrapping_offset(b.starts[index]),
        l: [(1, 0), (1, 0), (k, b.row)],
        n: (n, b.col),
    };
    filled(b.starts.len() * m * n, |y| {
        let y = Shared::new(y.as_mut_ptr());
        let null = Shared::new(std::ptr::null_mut());
        // a few large products are cut up, many small ones are a task each
        if b.starts.len() < 8 {
            for index in 0..b.starts.len() {
                let a = Pieces {
                    at: Shared::new(left.at(index * m * k)),
                    pieces: &[0],
                    len: k,
                };
                let place = Place {
                    at: Shared::new(y.at(index * m * n)),
                    bias: null,
                };
                // SAFETY: the matrices have these sizes.
                unsafe { multiply_all(isa, m, a, |i| i * k, columns(index), |i| i * n, place) };
            }
            return;
        }
        tasks(b.starts.len(), |index| {
            let matrix = columns(index);
            let packed = Scratch::new(matrix.packed(isa));
            let (width, size) = (isa.panel(), isa.panel() * k);
            // SAFETY: the matrices have these sizes; each task writes its own product.
            unsafe {
                for panel in 0..matrix.panels(isa) {
                    pack_panel(matrix, panel * width, width, packed.ptr().add(panel * size));
                }
                let (mut sources, mut targets) = ([0; ROWS], [0; ROWS]);
                for first in (0..m).step_by(ROWS) {
                    let count = ROWS.min(m - first);
                    for i in 0..count {
                        sources[i] = (first + i) * k;
                        targets[i] = (first + i) * n;
                    }
                    let a = Rows {
                        at: left.at(index * m * k),
                        starts: &sources[..count],
                        pieces: &[0],
                        len: k,
                    };
                    let out = Target {
                        at: y.at(index * m * n),
                        starts: &targets[..count],
                        cols: n,
                        bias: std::ptr::null(),
                        add: false,
                    };
                    multiply(isa, a, packed.ptr(), 0, matrix.panels(isa), out);
                }
            }
        });
    })
}

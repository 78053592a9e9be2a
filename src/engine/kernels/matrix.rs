//! Matrix products that use every thread: what `product` does, cut into tasks.

use super::memory::{Scratch, Shared, filled, tasks};
use super::product::{
    Columns, LEFT, Rows, Target, multiply, outer, pack, pack_panel, pack_rows, packed_rows,
};
use super::simd::Isa;

/// Rows whose outer products are summed at once.
pub(crate) const ROWS: usize = 128;
/// Rows that one task multiplies at once: many, since each panel comes from further away once for all of them.
const CHUNK: usize = 128;
/// Numbers of a block of sums that stays in the second cache.
const CACHED: usize = 1 << 18;
/// Rows of such a block.
const LENGTH: usize = 512;

/// Rows times `matrix`.
///
/// # Safety
/// All is memory that the sizes fit; nobody else writes the result.
pub(crate) unsafe fn multiply_all(isa: Isa, a: Rows<'_>, matrix: Columns, out: Target<'_>) {
    let packed = Scratch::new(matrix.packed(isa));
    let panels = matrix.panels(isa);
    // SAFETY: the scratch has that size.
    unsafe { pack(isa, matrix, packed.shared()) };
    let packed = packed.shared();
    // few rows are split by panels too; the split depends on the sizes alone
    let rows = a.starts.len();
    let chunk = even_chunk(rows, matrix.packed(isa));
    let chunks = rows.div_ceil(chunk).max(1);
    let parts = match chunks >= 8 {
        true => 1,
        false => 16usize.div_ceil(chunks).min(panels).max(1),
    };
    let each = panels.div_ceil(parts);
    tasks(chunks * parts, |index| {
        let (at, part) = (index / parts, index % parts);
        let mine = (at * chunk).min(rows)..((at + 1) * chunk).min(rows);
        let last = ((part + 1) * each).min(panels);
        let out = Target {
            starts: &out.starts[mine.clone()],
            ..out
        };
        let a = Rows {
            starts: &a.starts[mine],
            ..a
        };
        // SAFETY: the caller's promise; tasks differ in rows or columns of the result.
        unsafe { multiply(isa, a, packed.at(0), part * each, last, out) };
    });
}

/// Rows of a task, so many that two or four threads finish at about the same time: more where the other matrix, which is read
/// anew for each task, does not fit into a second cache.
fn even_chunk(rows: usize, packed: usize) -> usize {
    let most = if packed > CACHED { 2 * CHUNK } else { CHUNK };
    let longest = |chunk: usize| -> usize {
        let chunks = rows.div_ceil(chunk);
        let each = |threads| chunks.div_ceil(threads) * threads * chunk;
        each(2) + each(4)
    };
    (most - CHUNK / 2..=most)
        .rev()
        .step_by(LEFT)
        .min_by_key(|chunk| longest(*chunk))
        .unwrap_or(CHUNK)
}

/// Parts of the rows, at most `most`, so that together with `others` that differ otherwise there are about 16 tasks, and threads
/// finish at about the same time.
fn even_parts(others: usize, most: usize) -> usize {
    let wanted = 16usize.div_ceil(others).min(most).max(1);
    let idle = |parts: &usize| {
        let tasks = parts * others;
        // in 1000ths, if there are four threads
        (tasks.next_multiple_of(4) - tasks) * 1000 / tasks
    };
    (wanted.div_ceil(2)..=wanted)
        .rev()
        .min_by_key(idle)
        .unwrap_or(1)
}

/// The other factor of [`outer_all`]: rows at equal distances.
#[derive(Clone, Copy)]
pub(crate) struct Right {
    pub(crate) at: Shared,
    pub(crate) stride: usize,
    pub(crate) cols: usize,
}

/// What [`outer_all`] gives: `[parts, panels, rows of a panel, panel]`.
pub(crate) struct Sums {
    data: Scratch,
    parts: usize,
    /// Numbers of a panel.
    size: usize,
    width: usize,
    pub(crate) panels: usize,
}

// SAFETY: once made it is only read.
unsafe impl Sync for Sums {}

/// Room for a row of a panel.
pub(crate) type Row = [f32; 32];

impl Sums {
    /// Row `l` of a panel, the parts added up in order.
    pub(crate) fn row<'a>(&self, panel: usize, l: usize, to: &'a mut Row) -> &'a [f32] {
        let at = panel * self.size + l * self.width;
        assert!(panel < self.panels && (l + 1) * self.width <= self.size);
        let to = &mut to[..self.width];
        to.fill(0.0);
        for part in 0..self.parts {
            let at = part * self.panels * self.size + at;
            // SAFETY: `outer_all` wrote every row of every panel of every part.
            let more = unsafe { std::slice::from_raw_parts(self.data.ptr().add(at), self.width) };
            for (sum, x) in to.iter_mut().zip(more) {
                *sum += x;
            }
        }
        to
    }
}

/// The sum over rows of (row of `a`) ⊗ (row of `d`).
///
/// # Safety
/// All is memory that the sizes fit.
pub(crate) unsafe fn outer_all(isa: Isa, a: Rows<'_>, d: Right) -> Sums {
    let (width, length, cols) = (isa.panel(), a.pieces.len() * a.len, d.cols);
    let (rows, panels) = (a.starts.len(), cols.div_ceil(width));
    // a task sums a block of the length by some panels over a part of the rows
    let block = length
        .div_ceil(length.div_ceil(LENGTH).max(1))
        .next_multiple_of(LEFT)
        .max(1);
    let blocks = length.div_ceil(block).max(1);
    let most = (CACHED / (block * width)).clamp(1, 16);
    let fewest = panels.div_ceil(most).max(1);
    let parts = even_parts(blocks * fewest, rows / (2 * ROWS));
    // a few rows are cut by panels too
    let strips = fewest.max((8 / (blocks * parts)).min(panels));
    let wide = panels.div_ceil(strips).max(1);
    let strips = panels.div_ceil(wide);
    let each = rows.div_ceil(parts).next_multiple_of(LEFT);
    let step = each.div_ceil(each.div_ceil(ROWS).max(1)).max(1);
    let size = length.next_multiple_of(LEFT) * width;
    let data = Scratch::new(parts * panels * size);
    let sums = data.shared();
    tasks(parts * blocks * strips, |index| {
        let (part, rest) = (index / (blocks * strips), index % (blocks * strips));
        let within = rest / strips * block..((rest / strips + 1) * block).min(length);
        let mine = rest % strips * wide..((rest % strips + 1) * wide).min(panels);
        let packed = Scratch::new(ROWS * width);
        let left = Scratch::new(packed_rows(ROWS, within.len()));
        let end = ((part + 1) * each).min(rows);
        for first in (part * each..end).step_by(step) {
            let count = step.min(end - first);
            let a = Rows {
                starts: &a.starts[first..first + count],
                ..a
            };
            // SAFETY: each task has its own sums; the rest is the caller's promise.
            unsafe { pack_rows(a, within.clone(), left.ptr()) };
            for panel in mine.clone() {
                let matrix = Columns {
                    at: d.at.at(first * d.stride),
                    l: [(1, 0), (1, 0), (count, d.stride as isize)],
                    n: (cols, 1),
                };
                let fresh = first == part * each;
                let sum = sums.at((part * panels + panel) * size + within.start * width);
                // SAFETY: as above.
                unsafe {
                    pack_panel(matrix, panel * width, width, packed.ptr());
                    outer(
                        isa,
                        left.ptr(),
                        count,
                        within.len(),
                        packed.ptr(),
                        sum,
                        fresh,
                    );
                }
            }
        }
    });
    Sums {
        data,
        // parts without rows have no sums
        parts: rows.div_ceil(each.max(1)),
        size,
        width,
        panels,
    }
}

/// `0, stride, 2 stride, …`
pub(crate) fn strides(count: usize, stride: usize) -> Vec<usize> {
    (0..count).map(|i| i * stride).collect()
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
        let (from, to) = (strides(m, k), strides(m, n));
        let a = Rows {
            at: Shared::of(x),
            starts: &from,
            pieces: &[0],
            len: k,
        };
        let out = Target {
            at: Shared::new(y.as_mut_ptr()),
            starts: &to,
            cols: n,
            bias: bias.map_or(Shared::none(), Shared::of),
            add: false,
        };
        // SAFETY: the slices have these sizes.
        unsafe { multiply_all(isa, a, matrix, out) };
    })
}

/// `dw [k, n]` of `x [m, k]` and `dy [m, n]`.
pub(crate) fn linear_weight(isa: Isa, m: usize, x: &[f32], dy: &[f32], n: usize) -> Vec<f32> {
    let k = x.len() / m.max(1);
    assert!(dy.len() == m * n);
    filled(k * n, |dw| {
        let from = strides(m, k);
        let a = Rows {
            at: Shared::of(x),
            starts: &from,
            pieces: &[0],
            len: k,
        };
        let d = Right {
            at: Shared::of(dy),
            stride: n,
            cols: n,
        };
        let to = Shared::new(dw.as_mut_ptr());
        // SAFETY: the slices have these sizes.
        let sums = unsafe { outer_all(isa, a, d) };
        let width = isa.panel();
        tasks(k.div_ceil(64), |block| {
            let mut row = [0.0; 32];
            for panel in 0..sums.panels {
                let some = width.min(n - panel * width);
                for l in block * 64..((block + 1) * 64).min(k) {
                    let row = &sums.row(panel, l, &mut row)[..some];
                    // SAFETY: each task writes its own rows of the result.
                    unsafe {
                        let to = to.at(l * n + panel * width);
                        row.as_ptr().copy_to_nonoverlapping(to, some);
                    }
                }
            }
        });
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
        let (from, to) = (strides(m, k), strides(m, n));
        let rows = |index: usize| Rows {
            at: Shared::new(left.at(index * m * k)),
            starts: &from,
            pieces: &[0],
            len: k,
        };
        let target = |index: usize| Target {
            at: Shared::new(y.at(index * m * n)),
            starts: &to,
            cols: n,
            bias: Shared::none(),
            add: false,
        };
        // a few large products are cut up, many small ones are a task each
        if b.starts.len() < 8 {
            for index in 0..b.starts.len() {
                // SAFETY: the matrices have these sizes.
                unsafe { multiply_all(isa, rows(index), columns(index), target(index)) };
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
                multiply(
                    isa,
                    rows(index),
                    packed.ptr(),
                    0,
                    matrix.panels(isa),
                    target(index),
                );
            }
        });
    })
}

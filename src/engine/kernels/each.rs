//! Functions of each element.

use super::curve::normal;
use super::memory::{Scratch, Shared, tasks, totals};
use super::simd::{Isa, Simd, kernel};

/// Numbers of a task.
const PIECE: usize = 1 << 15;

fn pieces(len: usize, piece: impl Fn(usize, usize) + Sync + Send) {
    tasks(len.div_ceil(PIECE), |i| {
        piece(i * PIECE, PIECE.min(len - i * PIECE))
    });
}

/// max(x, 0); NaN stays.
pub(crate) fn relu(isa: Isa, x: &[f32], y: &mut [f32]) {
    keep(isa, x, x, y);
}

/// `g` where `x` is above 0 or NaN, else 0.
pub(crate) fn keep(isa: Isa, x: &[f32], g: &[f32], out: &mut [f32]) {
    let (x, g, out_at) = (Shared::of(x), Shared::of(g), Shared::new(out.as_mut_ptr()));
    pieces(out.len(), |at, n| {
        // SAFETY: the slices have one length; each task writes its own piece.
        unsafe { keep_piece(isa, x.at(at), g.at(at), out_at.at(at), n) };
    });
}

kernel! {
    /// # Safety
    /// All have `n` numbers.
    fn keep_piece = keep_body(x: *const f32, g: *const f32, out: *mut f32, n: usize)
}

#[inline(always)]
unsafe fn keep_body<S: Simd>(x: *const f32, g: *const f32, out: *mut f32, n: usize) {
    for i in (0..n).step_by(S::N) {
        // SAFETY: the caller promises `n` numbers.
        unsafe {
            let v = S::keep(S::load_n(x.add(i), n - i), S::load_n(g.add(i), n - i));
            S::store_n(out.add(i), v, n - i);
        }
    }
}

/// a + b
pub(crate) fn add(isa: Isa, a: &[f32], b: &[f32], out: &mut [f32]) {
    let n = out.len();
    add_at(
        isa,
        Shared::of(a),
        Shared::of(b),
        Shared::new(out.as_mut_ptr()),
        n,
    );
}

/// a + b into a.
pub(crate) fn add_to(isa: Isa, a: &mut [f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    let (n, a) = (a.len(), Shared::new(a.as_mut_ptr()));
    add_at(isa, a, Shared::of(b), a, n);
}

fn add_at(isa: Isa, a: Shared, b: Shared, out: Shared, n: usize) {
    pieces(n, |at, n| {
        // SAFETY: all have one length; each task writes its own piece, after it has read it.
        unsafe { add_piece(isa, a.at(at), b.at(at), out.at(at), n) };
    });
}

kernel! {
    /// # Safety
    /// All have `n` numbers.
    fn add_piece = add_body(a: *const f32, b: *const f32, out: *mut f32, n: usize)
}

#[inline(always)]
unsafe fn add_body<S: Simd>(a: *const f32, b: *const f32, out: *mut f32, n: usize) {
    for i in (0..n).step_by(S::N) {
        // SAFETY: the caller promises `n` numbers.
        unsafe {
            let v = S::add(S::load_n(a.add(i), n - i), S::load_n(b.add(i), n - i));
            S::store_n(out.add(i), v, n - i);
        }
    }
}

/// `row [c]` added to each row of `x [m, c]`.
pub(crate) fn add_row(isa: Isa, x: &[f32], row: &[f32], out: &mut [f32]) {
    let c = row.len();
    assert!(c > 0 && x.len() == out.len() && x.len().is_multiple_of(c));
    let (m, rows) = (x.len() / c, (PIECE / c).max(1));
    let (x, row, out) = (
        Shared::of(x),
        Shared::of(row),
        Shared::new(out.as_mut_ptr()),
    );
    tasks(m.div_ceil(rows), |piece| {
        for at in piece * rows..((piece + 1) * rows).min(m) {
            // SAFETY: the slices have these sizes; each task writes its own rows.
            unsafe { add_piece(isa, x.at(at * c), row.at(0), out.at(at * c), c) };
        }
    });
}

/// Rows whose columns are summed at once, at least: each is a row of sums that is added up later.
const SUMMED: usize = 32;

/// Sums of the columns of `x [m, c]`.
pub(crate) fn column_sums(isa: Isa, x: &[f32], c: usize) -> Vec<f32> {
    let m = x.len() / c.max(1);
    let rows = (PIECE / c.max(1)).max(SUMMED);
    let parts = m.div_ceil(rows);
    let sums = Scratch::new(parts * c);
    let (sums, from) = (sums.shared(), Shared::of(x));
    tasks(parts, |part| {
        let some = rows.min(m - part * rows);
        // SAFETY: each task has its own sums.
        unsafe { columns(isa, from.at(part * rows * c), some, c, sums.at(part * c)) };
    });
    // SAFETY: the tasks above wrote all of it.
    let sums = unsafe { totals(sums, parts, c) };
    sums.into_iter().map(|x| x as f32).collect()
}

kernel! {
    /// # Safety
    /// `x` has `rows` rows of `c` numbers, `out` has room for `c`.
    fn columns = columns_body(x: *const f32, rows: usize, c: usize, out: *mut f32)
}

#[inline(always)]
unsafe fn columns_body<S: Simd>(x: *const f32, rows: usize, c: usize, out: *mut f32) {
    for i in (0..c).step_by(S::N) {
        // SAFETY: the caller promises the sizes.
        unsafe {
            let mut sum = S::zero();
            for row in 0..rows {
                sum = S::add(sum, S::load_n(x.add(row * c + i), c - i));
            }
            S::store_n(out.add(i), sum, c - i);
        }
    }
}

/// Exact GELU, x Φ(x).
pub(crate) fn gelu(isa: Isa, x: &[f32], y: &mut [f32]) {
    let (x, n) = (Shared::of(x), y.len());
    let y = Shared::new(y.as_mut_ptr());
    pieces(n, |at, n| {
        // SAFETY: the slices have one length; each task writes its own piece.
        unsafe { gelu_piece(isa, x.at(at), y.at(at), n) };
    });
}

kernel! {
    /// # Safety
    /// Both have `n` numbers.
    fn gelu_piece = gelu_body(x: *const f32, y: *mut f32, n: usize)
}

#[inline(always)]
unsafe fn gelu_body<S: Simd>(x: *const f32, y: *mut f32, n: usize) {
    for i in (0..n).step_by(S::N) {
        // SAFETY: the caller promises `n` numbers.
        unsafe {
            let v = S::load_n(x.add(i), n - i);
            let (phi, _) = normal::<S>(v);
            S::store_n(y.add(i), S::mul(v, phi), n - i);
        }
    }
}

/// The gradient of [`gelu`]: `dy (Φ(x) + x φ(x))`.
pub(crate) fn gelu_gradient(isa: Isa, x: &[f32], dy: &[f32], dx: &mut [f32]) {
    let (x, dy, n) = (Shared::of(x), Shared::of(dy), dx.len());
    let dx = Shared::new(dx.as_mut_ptr());
    pieces(n, |at, n| {
        // SAFETY: the slices have one length; each task writes its own piece.
        unsafe { gelu_slope(isa, x.at(at), dy.at(at), dx.at(at), n) };
    });
}

kernel! {
    /// # Safety
    /// All have `n` numbers.
    fn gelu_slope = gelu_slope_body(x: *const f32, dy: *const f32, dx: *mut f32, n: usize)
}

#[inline(always)]
unsafe fn gelu_slope_body<S: Simd>(x: *const f32, dy: *const f32, dx: *mut f32, n: usize) {
    for i in (0..n).step_by(S::N) {
        // SAFETY: the caller promises `n` numbers.
        unsafe {
            let v = S::load_n(x.add(i), n - i);
            let (phi, density) = normal::<S>(v);
            let slope = S::fma(v, density, phi);
            S::store_n(dx.add(i), S::mul(S::load_n(dy.add(i), n - i), slope), n - i);
        }
    }
}

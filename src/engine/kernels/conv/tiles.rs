//! The transforms of `winograd` and the products between them, on tiles of 6 × 6.
//!
//! With the points 0, ±1, ±2 and ∞, `evaluate` takes a polynomial's coefficients to its values and its transpose `collect` takes
//! values back. Both A (of results) and G (of taps, then scaled) are `evaluate` of as many coefficients as there are results or
//! taps; B does not depend on how 6 is split.

use super::super::memory::Shared;
use super::super::product::{Rows, Target, multiply_body, outer_body};
use super::super::simd::{Simd, kernel};
use super::sizes::Conv;

/// Products of a tile.
pub(super) const POINTS: usize = 36;

/// A map `[n, h, w, c]` cut into tiles of 6 × 6 that overlap by the taps less one, and the map that comes out.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    pub(super) n: usize,
    pub(super) h: usize,
    pub(super) w: usize,
    pub(super) c: usize,
    pub(super) padding: usize,
    pub(super) oh: usize,
    pub(super) ow: usize,
    pub(super) k: usize,
    /// Side of the kernel: 3 or 5.
    pub(super) taps: usize,
}

impl Tiles {
    /// The tiles of a convolution.
    pub(super) fn of(conv: &Conv) -> Self {
        Self {
            n: conv.n,
            h: conv.h,
            w: conv.w,
            c: conv.c,
            padding: conv.padding,
            oh: conv.oh(),
            ow: conv.ow(),
            k: conv.k,
            taps: conv.kh,
        }
    }

    /// Side of a tile of the result.
    #[inline(always)]
    fn step(&self) -> usize {
        7 - self.taps
    }

    fn rows(&self) -> usize {
        self.oh.div_ceil(self.step())
    }

    fn cols(&self) -> usize {
        self.ow.div_ceil(self.step())
    }

    pub(super) fn count(&self) -> usize {
        self.n * self.rows() * self.cols()
    }

    /// Picture, first row and first column of a tile of the result.
    #[inline(always)]
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let (rows, cols) = (self.rows(), self.cols());
        (
            tile / (rows * cols),
            self.step() * (tile / cols % rows),
            self.step() * (tile % cols),
        )
    }
}

kernel! {
    /// `[count, taps², panel]` → `[36, count, panel]`
    ///
    /// # Safety
    /// Both are memory that the sizes fit.
    pub(super) fn weights = weights_body(block: *const f32, count: usize, taps: usize, turned: bool, u: *mut f32)
}

#[inline(always)]
unsafe fn weights_body<S: Simd>(
    block: *const f32,
    count: usize,
    taps: usize,
    turned: bool,
    u: *mut f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match taps {
            3 => weights_of::<S, 3>(block, count, turned, u),
            _ => weights_of::<S, 5>(block, count, turned, u),
        }
    }
}

#[inline(always)]
unsafe fn weights_of<S: Simd, const R: usize>(
    block: *const f32,
    count: usize,
    turned: bool,
    u: *mut f32,
) {
    let width = 2 * S::N;
    for i in 0..count {
        for at in [0, S::N] {
            // SAFETY: the caller promises the sizes.
            unsafe {
                let tap = |t: usize| {
                    let t = if turned { R * R - 1 - t } else { t };
                    S::load(block.add((R * R * i + t) * width + at))
                };
                let mut rows = [[S::zero(); 6]; R];
                for (r, row) in rows.iter_mut().enumerate() {
                    let taps: [S::V; R] = std::array::from_fn(|j| tap(R * r + j));
                    *row = scaled::<S>(evaluate::<S, R>(taps));
                }
                for col in 0..6 {
                    let column: [S::V; R] = std::array::from_fn(|r| rows[r][col]);
                    let column = scaled::<S>(evaluate::<S, R>(column));
                    for (row, value) in column.into_iter().enumerate() {
                        S::store(u.add(((6 * row + col) * count + i) * width + at), value);
                    }
                }
            }
        }
    }
}

/// Values of a polynomial at 0, 1, -1, 2, -2 and ∞.
#[inline(always)]
unsafe fn evaluate<S: Simd, const N: usize>(x: [S::V; N]) -> [S::V; 6] {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let (mut even, mut odd) = (x[0], x[1]);
        let (mut even2, mut odd2) = (x[0], S::mul(x[1], S::splat(2.0)));
        for j in 2..N {
            let power = S::splat((1 << j) as f32);
            if j % 2 == 0 {
                even = S::add(even, x[j]);
                even2 = S::fma(power, x[j], even2);
            } else {
                odd = S::add(odd, x[j]);
                odd2 = S::fma(power, x[j], odd2);
            }
        }
        [
            x[0],
            S::add(even, odd),
            S::sub(even, odd),
            S::add(even2, odd2),
            S::sub(even2, odd2),
            x[N - 1],
        ]
    }
}

/// The transpose of [`evaluate`].
#[inline(always)]
unsafe fn collect<S: Simd, const N: usize>(m: [S::V; 6]) -> [S::V; N] {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let (s1, s2) = (S::add(m[1], m[2]), S::sub(m[1], m[2]));
        let (s3, s4) = (S::add(m[3], m[4]), S::sub(m[3], m[4]));
        let mut x = [S::zero(); N];
        for j in 0..N {
            let power = S::splat((1 << j) as f32);
            x[j] = match j % 2 {
                0 => S::fma(power, s3, s1),
                _ => S::fma(power, s4, s2),
            };
        }
        x[0] = S::add(x[0], m[0]);
        x[N - 1] = S::add(x[N - 1], m[5]);
        x
    }
}

/// The values at each point by what the interpolation divides by.
#[inline(always)]
unsafe fn scaled<S: Simd>(m: [S::V; 6]) -> [S::V; 6] {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let (sixth, rest) = (S::splat(-1.0 / 6.0), S::splat(1.0 / 24.0));
        [
            S::mul(m[0], S::splat(0.25)),
            S::mul(m[1], sixth),
            S::mul(m[2], sixth),
            S::mul(m[3], rest),
            S::mul(m[4], rest),
            m[5],
        ]
    }
}

/// Where transformed tiles go: point `p` of tile `t` to `at + p points + t stride`.
#[derive(Clone, Copy)]
pub(super) struct Transformed {
    pub(super) at: *mut f32,
    pub(super) stride: usize,
    pub(super) points: usize,
}

kernel! {
    /// `Bᵀ x B` of channels `c..c + size` of some tiles.
    ///
    /// # Safety
    /// All is memory that the sizes fit; `zeros` are as many as channels.
    pub(super) fn input = input_body(
        tiles: Tiles,
        x: *const f32,
        zeros: *const f32,
        first: usize,
        count: usize,
        c: usize,
        size: usize,
        to: Transformed,
    )
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn input_body<S: Simd>(
    tiles: Tiles,
    x: *const f32,
    zeros: *const f32,
    first: usize,
    count: usize,
    c: usize,
    size: usize,
    to: Transformed,
) {
    for t in 0..count {
        let (n, y0, x0) = tiles.place(first + t);
        let mut from = [zeros; POINTS];
        for i in 0..6 {
            let y = (y0 + i).wrapping_sub(tiles.padding);
            for j in 0..6 {
                let col = (x0 + j).wrapping_sub(tiles.padding);
                if y < tiles.h && col < tiles.w {
                    from[6 * i + j] =
                        x.wrapping_add(((n * tiles.h + y) * tiles.w + col) * tiles.c + c);
                }
            }
        }
        let mut at = 0;
        // SAFETY: every source has `size` numbers from `c` on, and the caller promises the target.
        unsafe {
            let to_tile = to.at.add(t * to.stride);
            while at + S::N <= size {
                let d = narrow_in::<S>(|p| S::load(from[p].add(at)));
                for p in 0..POINTS {
                    S::store(to_tile.add(p * to.points + at), d[p]);
                }
                at += S::N;
            }
            if at < size {
                let d = narrow_in::<S>(|p| S::load_n(from[p].add(at), size - at));
                for p in 0..POINTS {
                    S::store_n(to_tile.add(p * to.points + at), d[p], size - at);
                }
            }
        }
    }
}

/// Bᵀ x B
#[inline(always)]
unsafe fn narrow_in<S: Simd>(load: impl Fn(usize) -> S::V) -> [S::V; POINTS] {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let mut d = [S::zero(); POINTS];
        for i in 0..6 {
            let row = differences::<S>(std::array::from_fn(|j| load(6 * i + j)));
            d[6 * i..6 * i + 6].copy_from_slice(&row);
        }
        for j in 0..6 {
            let column = differences::<S>(std::array::from_fn(|i| d[6 * i + j]));
            for i in 0..6 {
                d[6 * i + j] = column[i];
            }
        }
        d
    }
}

/// Bᵀ
#[inline(always)]
unsafe fn differences<S: Simd>(d: [S::V; 6]) -> [S::V; 6] {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let (two, four) = (S::splat(2.0), S::splat(4.0));
        let (minus_four, minus_five) = (S::splat(-4.0), S::splat(-5.0));
        let a = S::fma(minus_four, d[2], d[4]);
        let b = S::fma(minus_four, d[1], d[3]);
        let c = S::sub(d[4], d[2]);
        let e = S::mul(two, S::sub(d[3], d[1]));
        [
            S::fma(minus_five, d[2], S::fma(four, d[0], d[4])),
            S::add(a, b),
            S::sub(a, b),
            S::add(c, e),
            S::sub(c, e),
            S::fma(minus_five, d[3], S::fma(four, d[1], d[5])),
        ]
    }
}

kernel! {
    /// The 36 products of some tiles and one panel: `m [36, count, panel]`, added to what is there if `add`.
    ///
    /// # Safety
    /// All is memory that the sizes fit.
    pub(super) fn products = products_body(
        v: *const f32,
        stride: usize,
        points: usize,
        size: usize,
        count: usize,
        u: *const f32,
        m: *mut f32,
        add: bool,
    )
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn products_body<S: Simd>(
    v: *const f32,
    stride: usize,
    points: usize,
    size: usize,
    count: usize,
    u: *const f32,
    m: *mut f32,
    add: bool,
) {
    let width = 2 * S::N;
    let from: [usize; 128] = std::array::from_fn(|t| t * stride);
    let to: [usize; 128] = std::array::from_fn(|t| t * width);
    for p in 0..POINTS {
        // SAFETY: the caller promises 36 points of `count` tiles, at most 128.
        unsafe {
            let a = Rows {
                at: Shared::new(v.add(p * points).cast_mut()),
                starts: &from[..count],
                pieces: &[0],
                len: size,
            };
            let out = Target {
                at: Shared::new(m.add(p * count * width)),
                starts: &to[..count],
                cols: width,
                bias: Shared::none(),
                add,
            };
            multiply_body::<S>(a, u.add(p * size * width), 0, 1, out);
        }
    }
}

kernel! {
    /// `Aᵀ m A` into the result; whether all of it is finite.
    ///
    /// # Safety
    /// All is memory that the sizes fit; `bias` may be null.
    pub(super) fn output = output_body(
        tiles: Tiles,
        m: *const f32,
        first: usize,
        count: usize,
        k: usize,
        bias: *const f32,
        y: *mut f32,
    ) -> bool
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn output_body<S: Simd>(
    tiles: Tiles,
    m: *const f32,
    first: usize,
    count: usize,
    k: usize,
    bias: *const f32,
    y: *mut f32,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        match tiles.taps {
            3 => output_of::<S, 4>(tiles, m, first, count, k, bias, y),
            _ => output_of::<S, 2>(tiles, m, first, count, k, bias, y),
        }
    }
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn output_of<S: Simd, const M: usize>(
    tiles: Tiles,
    m: *const f32,
    first: usize,
    count: usize,
    k: usize,
    bias: *const f32,
    y: *mut f32,
) -> bool {
    let width = 2 * S::N;
    let mut finite = true;
    for t in 0..count {
        let (n, y0, x0) = tiles.place(first + t);
        let (rows, cols) = ((tiles.oh - y0).min(M), (tiles.ow - x0).min(M));
        for half in 0..2 {
            let k = k + half * S::N;
            if k >= tiles.k {
                break;
            }
            let size = (tiles.k - k).min(S::N);
            // SAFETY: the caller promises the products, the bias and the result.
            unsafe {
                let from = m.add(t * width + half * S::N);
                let mut d = [[S::zero(); M]; 6];
                for (i, row) in d.iter_mut().enumerate() {
                    *row = collect::<S, M>(std::array::from_fn(|j| {
                        S::load(from.add((6 * i + j) * count * width))
                    }));
                }
                let bias = match bias.is_null() {
                    true => S::zero(),
                    false => S::load_n(bias.add(k), size),
                };
                let mut check = S::zero();
                let to = y.add(((n * tiles.oh + y0) * tiles.ow + x0) * tiles.k + k);
                for j in 0..M {
                    let column = collect::<S, M>(std::array::from_fn(|i| d[i][j]));
                    for i in 0..M {
                        let value = S::add(column[i], bias);
                        check = S::fma(value, S::zero(), check);
                        if i < rows && j < cols {
                            let to = to.add((i * tiles.ow + j) * tiles.k);
                            S::store_some(to, value, size);
                        }
                    }
                }
                finite &= S::sum(check) == 0.0;
            }
        }
    }
    finite
}

kernel! {
    /// `A dy Aᵀ` of one panel of some tiles: `[36, count, panel]`.
    ///
    /// # Safety
    /// All is memory that the sizes fit; `zeros` are as many as channels.
    pub(super) fn gradient = gradient_body(
        tiles: Tiles,
        dy: *const f32,
        zeros: *const f32,
        first: usize,
        count: usize,
        k: usize,
        d: *mut f32,
    )
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn gradient_body<S: Simd>(
    tiles: Tiles,
    dy: *const f32,
    zeros: *const f32,
    first: usize,
    count: usize,
    k: usize,
    d: *mut f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match tiles.taps {
            3 => gradient_of::<S, 4>(tiles, dy, zeros, first, count, k, d),
            _ => gradient_of::<S, 2>(tiles, dy, zeros, first, count, k, d),
        }
    }
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn gradient_of<S: Simd, const M: usize>(
    tiles: Tiles,
    dy: *const f32,
    zeros: *const f32,
    first: usize,
    count: usize,
    k: usize,
    d: *mut f32,
) {
    let width = 2 * S::N;
    for t in 0..count {
        let (n, y0, x0) = tiles.place(first + t);
        for half in 0..2 {
            let k = k + half * S::N;
            let size = tiles.k.saturating_sub(k).min(S::N);
            // SAFETY: the caller promises the gradient and the target.
            unsafe {
                let mut rows = [[S::zero(); 6]; M];
                for (i, row) in rows.iter_mut().enumerate() {
                    let line: [S::V; M] = std::array::from_fn(|j| {
                        let (y, x) = (y0 + i, x0 + j);
                        if size == 0 || y >= tiles.oh || x >= tiles.ow {
                            return S::load(zeros);
                        }
                        let from = dy.add(((n * tiles.oh + y) * tiles.ow + x) * tiles.k + k);
                        S::load_some(from, size)
                    });
                    *row = evaluate::<S, M>(line);
                }
                let to = d.add(t * width + half * S::N);
                for j in 0..6 {
                    let column = evaluate::<S, M>(std::array::from_fn(|i| rows[i][j]));
                    for i in 0..6 {
                        S::store(to.add((6 * i + j) * count * width), column[i]);
                    }
                }
            }
        }
    }
}

kernel! {
    /// Adds `vᵀ d` of some tiles to `product [36, size, panel]`, for all 36 points.
    ///
    /// # Safety
    /// All is memory that the sizes fit.
    pub(super) fn outers = outers_body(
        v: *const f32,
        size: usize,
        count: usize,
        d: *const f32,
        product: *mut f32,
        fresh: bool,
    )
}

#[inline(always)]
unsafe fn outers_body<S: Simd>(
    v: *const f32,
    size: usize,
    count: usize,
    d: *const f32,
    product: *mut f32,
    fresh: bool,
) {
    let width = 2 * S::N;
    for p in 0..POINTS {
        // SAFETY: the caller promises 36 points of `count` tiles.
        unsafe {
            let (v, d) = (v.add(p * count * size), d.add(p * count * width));
            outer_body::<S>(
                v,
                size,
                count,
                size,
                d,
                product.add(p * size * width),
                fresh,
            );
        }
    }
}

kernel! {
    /// `Gᵀ m G`: `[36, count, panel]` → `[count, taps², panel]`.
    ///
    /// # Safety
    /// Both are memory that the sizes fit.
    pub(super) fn back = back_body(product: *const f32, count: usize, taps: usize, to: *mut f32)
}

#[inline(always)]
unsafe fn back_body<S: Simd>(product: *const f32, count: usize, taps: usize, to: *mut f32) {
    // SAFETY: the caller's promise.
    unsafe {
        match taps {
            3 => back_of::<S, 3>(product, count, to),
            _ => back_of::<S, 5>(product, count, to),
        }
    }
}

#[inline(always)]
unsafe fn back_of<S: Simd, const R: usize>(product: *const f32, count: usize, to: *mut f32) {
    let width = 2 * S::N;
    for i in 0..count {
        for at in [0, S::N] {
            // SAFETY: the caller promises the sizes.
            unsafe {
                let mut rows = [[S::zero(); R]; 6];
                for (r, row) in rows.iter_mut().enumerate() {
                    let values = std::array::from_fn(|j| {
                        S::load(product.add(((6 * r + j) * count + i) * width + at))
                    });
                    *row = collect::<S, R>(scaled::<S>(values));
                }
                for j in 0..R {
                    let column = std::array::from_fn(|r| rows[r][j]);
                    let column = collect::<S, R>(scaled::<S>(column));
                    for r in 0..R {
                        S::store(to.add((R * R * i + R * r + j) * width + at), column[r]);
                    }
                }
            }
        }
    }
}

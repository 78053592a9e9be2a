//! 3×3 convolutions with stride 1 by Winograd's F(4×4, 3×3) (Lavin & Gray, 2016): 36 products for 16 results of 9 taps each.
//!
//! ```text
//! y  = Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ x B) ] A          the gradient of x is the same with turned, transposed weights
//! dw = Gᵀ [ Σ (Bᵀ x B) ⊙ (A dy Aᵀ) ] G
//! ```
//!
//! Where a number is not finite, whole tiles become NaN; such a result is thrown away and the direct convolution, which keeps
//! NaN where it belongs, runs instead.

use std::sync::atomic::{AtomicBool, Ordering};

use super::conv::Conv;
use super::memory::{Scratch, Shared, tasks};
use super::product::{Rows, Target, multiply_body, outer_body, transpose};
use super::simd::{Isa, Simd, kernel};

/// Products of a tile.
const POINTS: usize = 36;
/// Tiles that a task transforms at once.
const TILES: usize = 64;
/// Channels that a task transforms at once where the whole weight is too large for a cache.
const BLOCK: usize = 64;
/// Numbers of a transformed weight up to which it is transformed whole.
const SMALL: usize = 36 * 128 * 160;

/// Whether the convolution and its weight gradient can run here.
pub(crate) fn fits(conv: &Conv) -> bool {
    conv.kh == 3
        && conv.kw == 3
        && conv.stride == 1
        && conv.groups == 1
        && conv.padding <= 2
        && conv.c >= 16
        && conv.k >= 16
}

/// Whether its data gradient can: a convolution with the complement of the padding.
pub(crate) fn fits_gradient(conv: &Conv) -> bool {
    fits(conv)
}

/// A map `[n, h, w, c]` cut into tiles of 6 × 6 that overlap by 2, and the map of 4 × 4 tiles that comes out.
#[derive(Clone, Copy)]
struct Tiles {
    n: usize,
    h: usize,
    w: usize,
    c: usize,
    padding: usize,
    oh: usize,
    ow: usize,
    k: usize,
}

impl Tiles {
    fn rows(&self) -> usize {
        self.oh.div_ceil(4)
    }

    fn cols(&self) -> usize {
        self.ow.div_ceil(4)
    }

    fn count(&self) -> usize {
        self.n * self.rows() * self.cols()
    }

    /// Picture, first row and first column of a tile of the result.
    #[inline(always)]
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let (rows, cols) = (self.rows(), self.cols());
        (
            tile / (rows * cols),
            4 * (tile / cols % rows),
            4 * (tile % cols),
        )
    }
}

/// A weight `[o, i, 3, 3]` as the products need it.
#[derive(Clone, Copy)]
struct Weight {
    at: Shared,
    /// Distances of outputs and inputs.
    out: usize,
    input: usize,
    /// Taps in reverse.
    turned: bool,
}

pub(crate) fn forward(
    isa: Isa,
    conv: &Conv,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) -> bool {
    let tiles = Tiles {
        n: conv.n,
        h: conv.h,
        w: conv.w,
        c: conv.c,
        padding: conv.padding,
        oh: conv.oh(),
        ow: conv.ow(),
        k: conv.k,
    };
    let weight = Weight {
        at: Shared::of(weight),
        out: 9 * conv.c,
        input: 9,
        turned: false,
    };
    run(isa, tiles, Shared::of(x), weight, bias, y)
}

pub(crate) fn data_gradient(
    isa: Isa,
    conv: &Conv,
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
) -> bool {
    let tiles = Tiles {
        n: conv.n,
        h: conv.oh(),
        w: conv.ow(),
        c: conv.k,
        padding: 2 - conv.padding,
        oh: conv.h,
        ow: conv.w,
        k: conv.c,
    };
    let weight = Weight {
        at: Shared::of(weight),
        out: 9,
        input: 9 * conv.c,
        turned: true,
    };
    run(isa, tiles, Shared::of(dy), weight, None, dx)
}

/// The convolution; whether all its results are finite.
fn run(
    isa: Isa,
    tiles: Tiles,
    x: Shared,
    weight: Weight,
    bias: Option<&[f32]>,
    y: &mut [f32],
) -> bool {
    let bias = bias.map_or(Shared::new(std::ptr::null_mut()), Shared::of);
    let y = Shared::new(y.as_mut_ptr());
    let zeros = zeros(tiles.c);
    let zeros = zeros.shared();
    let finite = AtomicBool::new(true);
    let width = isa.panel();
    let panels = tiles.k.div_ceil(width);
    let count = tiles.count();
    if POINTS * tiles.c * tiles.k <= SMALL {
        let size = POINTS * tiles.c * width;
        let u = Scratch::new(panels * size);
        let u = u.shared();
        tasks(panels, |panel| {
            let block = Scratch::new(9 * tiles.c * width);
            // SAFETY: each task writes its own panel.
            unsafe {
                panel_weights(
                    isa,
                    tiles,
                    weight,
                    panel,
                    0,
                    tiles.c,
                    block.ptr(),
                    u.at(panel * size),
                )
            };
        });
        let each = TILES
            .min((8192 / tiles.c).max(8))
            .min(count.div_ceil(8).max(8));
        tasks(count.div_ceil(each), |chunk| {
            let first = chunk * each;
            let some = each.min(count - first);
            let v = Scratch::new(POINTS * some * tiles.c);
            let m = Scratch::new(POINTS * some * width);
            // SAFETY: each task writes its own tiles of the result.
            unsafe {
                let to = Transformed {
                    at: v.ptr(),
                    stride: tiles.c,
                    points: some * tiles.c,
                };
                input(
                    isa,
                    tiles,
                    x.at(0),
                    zeros.at(0),
                    first,
                    some,
                    0,
                    tiles.c,
                    to,
                );
                for panel in 0..panels {
                    products(
                        isa,
                        v.ptr(),
                        tiles.c,
                        some * tiles.c,
                        tiles.c,
                        some,
                        u.at(panel * size),
                        m.ptr(),
                        false,
                    );
                    let good = output(
                        isa,
                        tiles,
                        m.ptr(),
                        first,
                        some,
                        panel * width,
                        bias.at(0),
                        y.at(0),
                    );
                    finite.fetch_and(good, Ordering::Relaxed);
                }
            }
        });
    } else {
        let v = Scratch::new(POINTS * count * tiles.c);
        let v = v.shared();
        let each = 16.min(count.div_ceil(8)).max(1);
        tasks(count.div_ceil(each), |chunk| {
            let first = chunk * each;
            let some = each.min(count - first);
            let to = Transformed {
                at: v.at(first * tiles.c),
                stride: tiles.c,
                points: count * tiles.c,
            };
            // SAFETY: each task writes its own tiles of the transformed map.
            unsafe {
                input(
                    isa,
                    tiles,
                    x.at(0),
                    zeros.at(0),
                    first,
                    some,
                    0,
                    tiles.c,
                    to,
                )
            };
        });
        let each = 128.min(count);
        let groups = count.div_ceil(each);
        tasks(panels * groups, |index| {
            let (panel, first) = (index / groups, index % groups * each);
            let some = each.min(count - first);
            let block = Scratch::new(9 * BLOCK * width);
            let u = Scratch::new(POINTS * BLOCK * width);
            let m = Scratch::new(POINTS * some * width);
            // SAFETY: each task writes its own panel of its own tiles of the result.
            unsafe {
                for c in (0..tiles.c).step_by(BLOCK) {
                    let size = BLOCK.min(tiles.c - c);
                    panel_weights(isa, tiles, weight, panel, c, size, block.ptr(), u.ptr());
                    let from = v.at(first * tiles.c + c);
                    products(
                        isa,
                        from,
                        tiles.c,
                        count * tiles.c,
                        size,
                        some,
                        u.ptr(),
                        m.ptr(),
                        c > 0,
                    );
                }
                let good = output(
                    isa,
                    tiles,
                    m.ptr(),
                    first,
                    some,
                    panel * width,
                    bias.at(0),
                    y.at(0),
                );
                finite.fetch_and(good, Ordering::Relaxed);
            }
        });
    }
    finite.into_inner()
}

/// The gradient of the weight; whether all of it is finite.
pub(crate) fn weight_gradient(
    isa: Isa,
    conv: &Conv,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) -> bool {
    let tiles = Tiles {
        n: conv.n,
        h: conv.h,
        w: conv.w,
        c: conv.c,
        padding: conv.padding,
        oh: conv.oh(),
        ow: conv.ow(),
        k: conv.k,
    };
    let (c, k, count) = (conv.c, conv.k, tiles.count());
    let zeros = zeros(c.max(k));
    let zeros = zeros.shared();
    let (x, dy) = (Shared::of(x), Shared::of(dy));
    let width = isa.panel();
    let panels = k.div_ceil(width);
    // a task sums blocks of input channels by panels of outputs over a part of the tiles
    let wide = panels.min(64 / width);
    let (blocks, strips) = (c.div_ceil(BLOCK), panels.div_ceil(wide));
    let parts = 16usize
        .div_ceil(blocks * strips)
        .min(count.div_ceil(2 * TILES))
        .max(1);
    let each = count.div_ceil(parts);
    let part_size = panels * c * 9 * width;
    let sums = Scratch::new(parts * part_size);
    let sums = sums.shared();
    tasks(parts * blocks * strips, |index| {
        let (part, rest) = (index / (blocks * strips), index % (blocks * strips));
        let (block, strip) = (rest / strips * BLOCK, rest % strips * wide);
        let (size, wide) = (BLOCK.min(c - block), wide.min(panels - strip));
        let step = 32.min(each);
        let v = Scratch::new(POINTS * step * size);
        let d = Scratch::new(wide * POINTS * step * width);
        let product = Scratch::new(wide * POINTS * size * width);
        // SAFETY: each task writes its own blocks of its own part of the sums.
        unsafe {
            let end = ((part + 1) * each).min(count);
            for first in (part * each..end).step_by(step) {
                let some = step.min(end - first);
                let to = Transformed {
                    at: v.ptr(),
                    stride: size,
                    points: some * size,
                };
                input(
                    isa,
                    tiles,
                    x.at(0),
                    zeros.at(0),
                    first,
                    some,
                    block,
                    size,
                    to,
                );
                for panel in 0..wide {
                    let d = d.ptr().add(panel * POINTS * step * width);
                    let from = (strip + panel) * width;
                    gradient(isa, tiles, dy.at(0), zeros.at(0), first, some, from, d);
                    let product = product.ptr().add(panel * POINTS * size * width);
                    outers(isa, v.ptr(), size, some, d, product, first == part * each);
                }
            }
            for panel in 0..wide {
                let product = product.ptr().add(panel * POINTS * size * width);
                let to = sums.at(part * part_size + ((strip + panel) * c + block) * 9 * width);
                back(isa, product, size, to);
            }
        }
    });
    let target = Shared::new(dw.as_mut_ptr());
    let finite = AtomicBool::new(true);
    tasks(panels * blocks, |index| {
        let (panel, block) = (index / blocks, index % blocks * BLOCK);
        let size = BLOCK.min(c - block);
        let cols = width.min(k - panel * width);
        let at = (panel * c + block) * 9 * width;
        // SAFETY: each task reads and writes its own block.
        unsafe {
            let first = sums.at(at);
            for part in 1..parts {
                let more = sums.at(part * part_size + at);
                for i in 0..size * 9 * width {
                    *first.add(i) += *more.add(i);
                }
            }
            let mut check = 0.0;
            for i in 0..size * 9 * width {
                check += 0.0 * *first.add(i);
            }
            finite.fetch_and(check == 0.0, Ordering::Relaxed);
            let to = target.at((panel * width * c + block) * 9);
            transpose(first, width, to, c * 9, size * 9, cols);
        }
    });
    finite.into_inner()
}

fn zeros(len: usize) -> Scratch {
    let zeros = Scratch::new(len);
    // SAFETY: it has that size.
    unsafe { zeros.ptr().write_bytes(0, len) };
    zeros
}

/// Weights of one panel and some input channels, transformed: `[36, count, panel]`. `block` is room for `9 count panel` numbers.
#[allow(clippy::too_many_arguments)]
unsafe fn panel_weights(
    isa: Isa,
    tiles: Tiles,
    weight: Weight,
    panel: usize,
    first: usize,
    count: usize,
    block: *mut f32,
    u: *mut f32,
) {
    let width = isa.panel();
    let cols = width.min(tiles.k - panel * width);
    // SAFETY: the caller promises room; the weight has these outputs and inputs.
    unsafe {
        if cols < width {
            block.write_bytes(0, 9 * count * width);
        }
        let from = weight
            .at
            .at(panel * width * weight.out + first * weight.input);
        if weight.input == 9 {
            transpose(from, weight.out, block, width, cols, 9 * count);
        } else {
            for i in 0..count {
                let to = block.add(9 * i * width);
                transpose(from.add(i * weight.input), weight.out, to, width, cols, 9);
            }
        }
        weights(isa, block, count, weight.turned, u);
    }
}

kernel! {
    /// `[count, 9, panel]` → `[36, count, panel]`
    ///
    /// # Safety
    /// Both are memory that the sizes fit.
    fn weights = weights_body(block: *const f32, count: usize, turned: bool, u: *mut f32)
}

#[inline(always)]
unsafe fn weights_body<S: Simd>(block: *const f32, count: usize, turned: bool, u: *mut f32) {
    let width = 2 * S::N;
    for i in 0..count {
        for half in 0..2 {
            let at = half * S::N;
            // SAFETY: the caller promises the sizes.
            unsafe {
                let tap = |t: usize| {
                    let t = if turned { 8 - t } else { t };
                    S::load(block.add((9 * i + t) * width + at))
                };
                let mut rows = [[S::zero(); 6]; 3];
                for (r, row) in rows.iter_mut().enumerate() {
                    *row = widen::<S>([tap(3 * r), tap(3 * r + 1), tap(3 * r + 2)]);
                }
                for col in 0..6 {
                    let column = widen::<S>([rows[0][col], rows[1][col], rows[2][col]]);
                    for (row, value) in column.into_iter().enumerate() {
                        S::store(u.add(((6 * row + col) * count + i) * width + at), value);
                    }
                }
            }
        }
    }
}

/// G
#[inline(always)]
unsafe fn widen<S: Simd>(g: [S::V; 3]) -> [S::V; 6] {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let sixth = S::splat(1.0 / 6.0);
        let e = S::mul(S::add(g[0], g[2]), S::splat(-1.0 / 6.0));
        let f = S::fma(g[0], S::splat(1.0 / 24.0), S::mul(g[2], sixth));
        let a = S::mul(g[1], sixth);
        let b = S::mul(g[1], S::splat(1.0 / 12.0));
        [
            S::mul(g[0], S::splat(0.25)),
            S::sub(e, a),
            S::add(e, a),
            S::add(f, b),
            S::sub(f, b),
            g[2],
        ]
    }
}

/// Where transformed tiles go: point `p` of tile `t` to `at + p points + t stride`.
#[derive(Clone, Copy)]
struct Transformed {
    at: *mut f32,
    stride: usize,
    points: usize,
}

kernel! {
    /// `Bᵀ x B` of channels `c..c + size` of some tiles.
    ///
    /// # Safety
    /// All is memory that the sizes fit; `zeros` are as many as channels.
    fn input = input_body(
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
    fn products = products_body(
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
    fn output = output_body(
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
    let width = 2 * S::N;
    let mut finite = true;
    for t in 0..count {
        let (n, y0, x0) = tiles.place(first + t);
        let (rows, cols) = ((tiles.oh - y0).min(4), (tiles.ow - x0).min(4));
        for half in 0..2 {
            let k = k + half * S::N;
            if k >= tiles.k {
                break;
            }
            let size = (tiles.k - k).min(S::N);
            // SAFETY: the caller promises the products, the bias and the result.
            unsafe {
                let from = m.add(t * width + half * S::N);
                let mut d = [[S::zero(); 4]; 6];
                for (i, row) in d.iter_mut().enumerate() {
                    *row = gather::<S>(std::array::from_fn(|j| {
                        S::load(from.add((6 * i + j) * count * width))
                    }));
                }
                let bias = match bias.is_null() {
                    true => S::zero(),
                    false => S::load_n(bias.add(k), size),
                };
                let mut check = S::zero();
                let to = y.add(((n * tiles.oh + y0) * tiles.ow + x0) * tiles.k + k);
                for j in 0..4 {
                    let column = gather::<S>(std::array::from_fn(|i| d[i][j]));
                    for i in 0..4 {
                        let value = S::add(column[i], bias);
                        check = S::fma(value, S::zero(), check);
                        if i < rows && j < cols {
                            let to = to.add((i * tiles.ow + j) * tiles.k);
                            if size == S::N {
                                S::store(to, value);
                            } else {
                                S::store_n(to, value, size);
                            }
                        }
                    }
                }
                finite &= S::sum(check) == 0.0;
            }
        }
    }
    finite
}

/// Aᵀ
#[inline(always)]
unsafe fn gather<S: Simd>(m: [S::V; 6]) -> [S::V; 4] {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let (s1, s2) = (S::add(m[1], m[2]), S::sub(m[1], m[2]));
        let (s3, s4) = (S::add(m[3], m[4]), S::sub(m[3], m[4]));
        [
            S::add(m[0], S::add(s1, s3)),
            S::fma(S::splat(2.0), s4, s2),
            S::fma(S::splat(4.0), s3, s1),
            S::fma(S::splat(8.0), s4, S::add(s2, m[5])),
        ]
    }
}

kernel! {
    /// `A dy Aᵀ` of one panel of some tiles: `[36, count, panel]`.
    ///
    /// # Safety
    /// All is memory that the sizes fit; `zeros` are as many as channels.
    fn gradient = gradient_body(
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
    let width = 2 * S::N;
    for t in 0..count {
        let (n, y0, x0) = tiles.place(first + t);
        for half in 0..2 {
            let k = k + half * S::N;
            let size = tiles.k.saturating_sub(k).min(S::N);
            // SAFETY: the caller promises the gradient and the target.
            unsafe {
                let mut rows = [[S::zero(); 6]; 4];
                for (i, row) in rows.iter_mut().enumerate() {
                    let load = |j: usize| {
                        let (y, x) = (y0 + i, x0 + j);
                        if size == 0 || y >= tiles.oh || x >= tiles.ow {
                            return S::load(zeros);
                        }
                        let from = dy.add(((n * tiles.oh + y) * tiles.ow + x) * tiles.k + k);
                        if size == S::N {
                            S::load(from)
                        } else {
                            S::load_n(from, size)
                        }
                    };
                    *row = spread::<S>([load(0), load(1), load(2), load(3)]);
                }
                let to = d.add(t * width + half * S::N);
                for j in 0..6 {
                    let column = spread::<S>([rows[0][j], rows[1][j], rows[2][j], rows[3][j]]);
                    for i in 0..6 {
                        S::store(to.add((6 * i + j) * count * width), column[i]);
                    }
                }
            }
        }
    }
}

/// A
#[inline(always)]
unsafe fn spread<S: Simd>(y: [S::V; 4]) -> [S::V; 6] {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let (e, o) = (S::add(y[0], y[2]), S::add(y[1], y[3]));
        let f = S::fma(S::splat(4.0), y[2], y[0]);
        let p = S::mul(S::splat(2.0), S::fma(S::splat(4.0), y[3], y[1]));
        [
            y[0],
            S::add(e, o),
            S::sub(e, o),
            S::add(f, p),
            S::sub(f, p),
            y[3],
        ]
    }
}

kernel! {
    /// Adds `vᵀ d` of some tiles to `product [36, size, panel]`, for all 36 points.
    ///
    /// # Safety
    /// All is memory that the sizes fit.
    fn outers = outers_body(
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
    /// `Gᵀ m G`: `[36, count, panel]` → `[count, 9, panel]`.
    ///
    /// # Safety
    /// Both are memory that the sizes fit.
    fn back = back_body(product: *const f32, count: usize, to: *mut f32)
}

#[inline(always)]
unsafe fn back_body<S: Simd>(product: *const f32, count: usize, to: *mut f32) {
    let width = 2 * S::N;
    for i in 0..count {
        for half in 0..2 {
            let at = half * S::N;
            // SAFETY: the caller promises the sizes.
            unsafe {
                let mut rows = [[S::zero(); 3]; 6];
                for (r, row) in rows.iter_mut().enumerate() {
                    *row = shrink::<S>(std::array::from_fn(|j| {
                        S::load(product.add(((6 * r + j) * count + i) * width + at))
                    }));
                }
                for j in 0..3 {
                    let column = shrink::<S>(std::array::from_fn(|r| rows[r][j]));
                    for r in 0..3 {
                        S::store(to.add((9 * i + 3 * r + j) * width + at), column[r]);
                    }
                }
            }
        }
    }
}

/// Gᵀ
#[inline(always)]
unsafe fn shrink<S: Simd>(m: [S::V; 6]) -> [S::V; 3] {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let sixth = S::splat(1.0 / 6.0);
        let twelfth = S::splat(1.0 / 12.0);
        let p = S::mul(S::add(m[1], m[2]), sixth);
        let q = S::add(m[3], m[4]);
        let a = S::fma(q, S::splat(1.0 / 24.0), S::mul(m[0], S::splat(0.25)));
        [
            S::sub(a, p),
            S::fma(
                S::sub(m[2], m[1]),
                sixth,
                S::mul(S::sub(m[3], m[4]), twelfth),
            ),
            S::add(S::fma(q, sixth, m[5]), S::sub(S::zero(), p)),
        ]
    }
}

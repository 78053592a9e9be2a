//! 3×3 and 5×5 convolutions with stride 1 by Winograd's F(4×4, 3×3) and F(2×2, 5×5) (Lavin & Gray, 2016): 36 products for 16
//! results of 9 taps, or for 4 of 25.
//!
//! ```text
//! y  = Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ x B) ] A          the gradient of x is the same with turned, transposed weights
//! dw = Gᵀ [ Σ (Bᵀ x B) ⊙ (A dy Aᵀ) ] G
//! ```
//!
//! Where a number is not finite, whole tiles become NaN; such a result is thrown away and the direct convolution, which keeps
//! NaN where it belongs, runs instead.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::memory::{Scratch, Shared, tasks};
use super::super::product::transpose;
use super::super::simd::Isa;
use super::sizes::Conv;
use super::tiles::{
    POINTS, Tiles, Transformed, back, gradient, input, outers, output, products, weights,
};

/// Tiles that a task transforms at once.
const TILES: usize = 64;
/// Channels that a task transforms at once where the whole weight is too large for a cache.
const BLOCK: usize = 64;
/// Numbers of a transformed weight up to which it is transformed whole.
const SMALL: usize = 36 * 128 * 160;

/// Whether the convolution and its weight gradient can run here.
pub(crate) fn fits(conv: &Conv) -> bool {
    matches!(conv.kh, 3 | 5)
        && conv.kw == conv.kh
        && conv.stride == 1
        && conv.groups == 1
        && conv.padding < conv.kh
        && conv.c >= 16
        && conv.k >= 16
}

/// A weight `[o, i, taps, taps]` as the products need it.
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
    let tiles = Tiles::of(conv);
    let weight = Weight {
        at: Shared::of(weight),
        out: conv.kh * conv.kw * conv.c,
        input: conv.kh * conv.kw,
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
        padding: conv.kh - 1 - conv.padding,
        oh: conv.h,
        ow: conv.w,
        k: conv.c,
        taps: conv.kh,
    };
    let weight = Weight {
        at: Shared::of(weight),
        out: conv.kh * conv.kw,
        input: conv.kh * conv.kw * conv.c,
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
    let (width, taps) = (isa.panel(), tiles.taps * tiles.taps);
    let panels = tiles.k.div_ceil(width);
    let count = tiles.count();
    if POINTS * tiles.c * tiles.k <= SMALL {
        let size = POINTS * tiles.c * width;
        let u = Scratch::new(panels * size);
        let u = u.shared();
        tasks(panels, |panel| {
            let block = Scratch::new(taps * tiles.c * width);
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
            let block = Scratch::new(taps * BLOCK * width);
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
    let tiles = Tiles::of(conv);
    let (c, k, count) = (conv.c, conv.k, tiles.count());
    let zeros = zeros(c.max(k));
    let zeros = zeros.shared();
    let (x, dy) = (Shared::of(x), Shared::of(dy));
    let (width, taps) = (isa.panel(), conv.kh * conv.kw);
    let panels = k.div_ceil(width);
    // a task sums blocks of input channels by panels of outputs over a part of the tiles
    let wide = panels.min(64 / width);
    let (blocks, strips) = (c.div_ceil(BLOCK), panels.div_ceil(wide));
    let parts = 16usize
        .div_ceil(blocks * strips)
        .min(count.div_ceil(2 * TILES))
        .max(1);
    let each = count.div_ceil(parts);
    let part_size = panels * c * taps * width;
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
                let to = sums.at(part * part_size + ((strip + panel) * c + block) * taps * width);
                back(isa, product, size, tiles.taps, to);
            }
        }
    });
    let target = Shared::new(dw.as_mut_ptr());
    let finite = AtomicBool::new(true);
    tasks(panels * blocks, |index| {
        let (panel, block) = (index / blocks, index % blocks * BLOCK);
        let size = BLOCK.min(c - block);
        let cols = width.min(k - panel * width);
        let at = (panel * c + block) * taps * width;
        // SAFETY: each task reads and writes its own block.
        unsafe {
            let first = sums.at(at);
            for part in 1..parts {
                let more = sums.at(part * part_size + at);
                for i in 0..size * taps * width {
                    *first.add(i) += *more.add(i);
                }
            }
            let mut check = 0.0;
            for i in 0..size * taps * width {
                check += 0.0 * *first.add(i);
            }
            finite.fetch_and(check == 0.0, Ordering::Relaxed);
            let to = target.at((panel * width * c + block) * taps);
            transpose(first, width, to, c * taps, size * taps, cols);
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

/// Weights of one panel and some input channels, transformed: `[36, count, panel]`. `block` is room for `taps² count panel` numbers.
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
    let (width, taps) = (isa.panel(), tiles.taps * tiles.taps);
    let cols = width.min(tiles.k - panel * width);
    // SAFETY: the caller promises room; the weight has these outputs and inputs.
    unsafe {
        if cols < width {
            block.write_bytes(0, taps * count * width);
        }
        let from = weight
            .at
            .at(panel * width * weight.out + first * weight.input);
        if weight.input == taps {
            transpose(from, weight.out, block, width, cols, taps * count);
        } else {
            for i in 0..count {
                let to = block.add(taps * i * width);
                transpose(
                    from.add(i * weight.input),
                    weight.out,
                    to,
                    width,
                    cols,
                    taps,
                );
            }
        }
        weights(isa, block, count, tiles.taps, weight.turned, u);
    }
}

//! Any kernel size, stride, padding and groups.
//!
//! All three passes are products of rows of pixels without an unfolded copy, over a copy of the map with its padding (none where
//! there is none). The gradient of the input is, for each of the stride² classes of pixels, a convolution of the gradient
//! with those taps that reach the class.

use super::super::matrix::{Right, multiply_all, outer_all};
use super::super::memory::{Scratch, Shared, tasks};
use super::super::product::{Columns, Rows, Target};
use super::super::simd::Isa;
use super::sizes::Conv;

/// `y [n, oh, ow, k]` of `x [n, h, w, c]`, `weight [k, c / groups, kh, kw]` and `bias [k]`.
pub(super) fn forward(
    isa: Isa,
    conv: &Conv,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) {
    let (cg, kg) = (conv.c / conv.groups, conv.k / conv.groups);
    let (padded, ph, pw) = pad(x, [conv.n, conv.h, conv.w, conv.c], [conv.padding; 4]);
    let source = padded.as_ref().map_or(Shared::of(x), Scratch::shared);
    let taps = conv.kh * conv.kw;
    let whole = conv.groups == 1;
    // with one group the taps of a row of the window are one stretch
    let (pieces, len): (Vec<usize>, usize) = match whole {
        true => (
            (0..conv.kh).map(|r| r * pw * conv.c).collect(),
            conv.kw * conv.c,
        ),
        false => (
            (0..taps)
                .map(|t| ((t / conv.kw) * pw + t % conv.kw) * conv.c)
                .collect(),
            cg,
        ),
    };
    let target = Shared::new(y.as_mut_ptr());
    for group in 0..conv.groups {
        let matrix = Columns {
            at: weight[group * kg * cg * taps..].as_ptr(),
            l: [
                (conv.kh, conv.kw as isize),
                (conv.kw, 1),
                (cg, taps as isize),
            ],
            n: (kg, (cg * taps) as isize),
        };
        let from = windows(conv, ph, pw, group * cg);
        let to: Vec<usize> = (0..from.len())
            .map(|row| row * conv.k + group * kg)
            .collect();
        let a = Rows {
            at: source,
            starts: &from,
            pieces: &pieces,
            len,
        };
        let out = Target {
            at: target,
            starts: &to,
            cols: kg,
            bias: bias.map_or(Shared::none(), |bias| Shared::of(&bias[group * kg..])),
            add: false,
        };
        // SAFETY: every window lies inside the padded map; the result has these rows.
        unsafe { multiply_all(isa, a, matrix, out) };
    }
}

/// Where the window of each pixel of the result starts in the padded map.
fn windows(conv: &Conv, ph: usize, pw: usize, channel: usize) -> Vec<usize> {
    let mut starts = Vec::with_capacity(conv.n * conv.oh() * conv.ow());
    for n in 0..conv.n {
        for oy in 0..conv.oh() {
            let row = (n * ph + oy * conv.stride) * pw;
            starts.extend((0..conv.ow()).map(|ox| (row + ox * conv.stride) * conv.c + channel));
        }
    }
    starts
}

/// `dx [n, h, w, c]` of `dy [n, oh, ow, k]` and the weight; `bias [c]` is added to each of its pixels, as a transposed convolution does.
pub(super) fn data_gradient(
    isa: Isa,
    conv: &Conv,
    dy: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    dx: &mut [f32],
) {
    let (cg, kg) = (conv.c / conv.groups, conv.k / conv.groups);
    let (oh, ow, s) = (conv.oh(), conv.ow(), conv.stride);
    let taps = conv.kh * conv.kw;
    let rows = classes(conv.h, conv.kh, s, conv.padding);
    let cols = classes(conv.w, conv.kw, s, conv.padding);
    let [top, bottom] = margins(&rows, oh);
    let [left, right] = margins(&cols, ow);
    let (padded, ph, pw) = pad(dy, [conv.n, oh, ow, conv.k], [top, bottom, left, right]);
    let source = padded.as_ref().map_or(Shared::of(dy), Scratch::shared);
    let target = Shared::new(dx.as_mut_ptr());
    for row in &rows {
        for col in &cols {
            for group in 0..conv.groups {
                let whole = conv.groups == 1;
                let (pieces, len): (Vec<usize>, usize) = match whole {
                    true => (
                        (0..row.taps).map(|i| i * pw * conv.k).collect(),
                        col.taps * conv.k,
                    ),
                    false => (
                        (0..row.taps * col.taps)
                            .map(|t| ((t / col.taps.max(1)) * pw + t % col.taps.max(1)) * conv.k)
                            .collect(),
                        kg,
                    ),
                };
                // the last tap meets the first row of the gradient
                let last = |class: &Class| class.first_tap + s * class.taps.saturating_sub(1);
                let tap = (last(row) * conv.kw + last(col)).min(taps - 1);
                let matrix = Columns {
                    at: weight[group * kg * cg * taps + tap..].as_ptr(),
                    l: [
                        (row.taps, -((s * conv.kw) as isize)),
                        (col.taps, -(s as isize)),
                        (kg, (cg * taps) as isize),
                    ],
                    n: (cg, taps as isize),
                };
                let (mut from, mut to) = (Vec::new(), Vec::new());
                for n in 0..conv.n {
                    for j in 0..row.count {
                        // where no tap reaches, the pieces are none and any place will do
                        let y = (row.shift + j as isize + top as isize).max(0) as usize;
                        let into = (n * conv.h + row.first + s * j) * conv.w + col.first;
                        for i in 0..col.count {
                            let x = (col.shift + i as isize + left as isize).max(0) as usize;
                            from.push(((n * ph + y) * pw + x) * conv.k + group * kg);
                            to.push((into + s * i) * conv.c + group * cg);
                        }
                    }
                }
                let a = Rows {
                    at: source,
                    starts: &from,
                    pieces: &pieces,
                    len,
                };
                let out = Target {
                    at: target,
                    starts: &to,
                    cols: cg,
                    bias: bias.map_or(Shared::none(), |bias| Shared::of(&bias[group * cg..])),
                    add: false,
                };
                // SAFETY: the margins hold every tap; the classes differ in pixels of the result.
                unsafe { multiply_all(isa, a, matrix, out) };
            }
        }
    }
}

/// The pixels `first, first + stride, …` along one side, and the taps `first_tap, first_tap + stride, …` that reach them.
struct Class {
    first: usize,
    count: usize,
    first_tap: usize,
    taps: usize,
    /// Index in the gradient, without margins, that the last of its taps brings to the first of its pixels.
    shift: isize,
}

fn classes(side: usize, kernel: usize, stride: usize, padding: usize) -> Vec<Class> {
    (0..stride.min(side))
        .map(|first| {
            let first_tap = (first + padding) % stride;
            let taps = kernel.saturating_sub(first_tap).div_ceil(stride);
            let shift = ((first + padding - first_tap) / stride) as isize - (taps as isize - 1);
            Class {
                first,
                count: (side - first).div_ceil(stride),
                first_tap,
                taps,
                shift,
            }
        })
        .collect()
}

/// Zeros that a side of `size` numbers needs before and after it.
fn margins(classes: &[Class], size: usize) -> [usize; 2] {
    let used = classes.iter().filter(|class| class.taps > 0);
    let mut margins = [0, 0];
    for class in used {
        let last = class.shift + (class.count + class.taps) as isize - 2;
        margins[0] = margins[0].max((-class.shift).max(0) as usize);
        margins[1] = margins[1].max((last - (size as isize - 1)).max(0) as usize);
    }
    margins
}

/// `dw [k, c / groups, kh, kw]` of `x` and `dy`.
pub(super) fn weight_gradient(isa: Isa, conv: &Conv, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let (cg, kg) = (conv.c / conv.groups, conv.k / conv.groups);
    let (padded, ph, pw) = pad(x, [conv.n, conv.h, conv.w, conv.c], [conv.padding; 4]);
    let source = padded.as_ref().map_or(Shared::of(x), Scratch::shared);
    let gradient = Shared::of(dy);
    let taps = conv.kh * conv.kw;
    let whole = conv.groups == 1;
    let (pieces, len): (Vec<usize>, usize) = match whole {
        true => (
            (0..conv.kh).map(|r| r * pw * conv.c).collect(),
            conv.kw * conv.c,
        ),
        false => (
            (0..taps)
                .map(|t| ((t / conv.kw) * pw + t % conv.kw) * conv.c)
                .collect(),
            cg,
        ),
    };
    let target = Shared::new(dw.as_mut_ptr());
    for group in 0..conv.groups {
        let from = windows(conv, ph, pw, group * cg);
        let a = Rows {
            at: source,
            starts: &from,
            pieces: &pieces,
            len,
        };
        let d = Right {
            at: Shared::new(gradient.at(group * kg)),
            stride: conv.k,
            cols: kg,
        };
        // SAFETY: every window lies inside the padded map.
        let sums = unsafe { outer_all(isa, a, d) };
        let (width, block) = (isa.panel(), 16);
        let blocks = cg.div_ceil(block);
        tasks(sums.panels * blocks, |index| {
            let (panel, first) = (index / blocks, index % blocks * block);
            let mut row = [0.0; 32];
            for c in first..(first + block).min(cg) {
                for tap in 0..taps {
                    let row = sums.row(panel, tap * cg + c, &mut row);
                    for (j, x) in row.iter().enumerate().take(kg - panel * width) {
                        let k = group * kg + panel * width + j;
                        // SAFETY: each task writes its own outputs and channels.
                        unsafe { *target.at((k * cg + c) * taps + tap) = *x };
                    }
                }
            }
        });
    }
}

/// A copy of `[n, h, w, c]` with zeros around it (top, bottom, left, right), and its height and width; no copy where there are
/// none.
fn pad(
    x: &[f32],
    [n, h, w, c]: [usize; 4],
    [top, bottom, left, right]: [usize; 4],
) -> (Option<Scratch>, usize, usize) {
    let (ph, pw) = (h + top + bottom, w + left + right);
    if ph == h && pw == w {
        return (None, h, w);
    }
    let padded = Scratch::new(n * ph * pw * c);
    let to = padded.shared();
    let from = Shared::of(x);
    tasks(n, |n| {
        // SAFETY: each task writes its own picture, all of it.
        unsafe {
            let to = to.at(n * ph * pw * c);
            to.write_bytes(0, top * pw * c);
            for y in 0..h {
                let row = to.add((top + y) * pw * c);
                row.write_bytes(0, left * c);
                let from = from.at((n * h + y) * w * c);
                from.copy_to_nonoverlapping(row.add(left * c), w * c);
                row.add((left + w) * c).write_bytes(0, right * c);
            }
            to.add((top + h) * pw * c).write_bytes(0, bottom * pw * c);
        }
    });
    (Some(padded), ph, pw)
}

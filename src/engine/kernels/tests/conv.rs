use crate::engine::kernels::conv::{Conv, data_gradient, forward, transposed, weight_gradient};
use crate::engine::kernels::simd::Isa;

/// Numbers between -1 and 1.
pub(crate) fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// Forward and both gradients by the definition, in 64 bits.
fn reference(conv: &Conv, x: &[f32], w: &[f32], dy: &[f32]) -> [Vec<f64>; 3] {
    let mut y = vec![0.0; conv.output()];
    let mut dx = vec![0.0; conv.input()];
    let mut dw = vec![0.0; conv.weight()];
    let (cg, kg) = (conv.c / conv.groups, conv.k / conv.groups);
    let (oh, ow) = (conv.oh(), conv.ow());
    for n in 0..conv.n {
        for oy in 0..oh {
            for ox in 0..ow {
                for k in 0..conv.k {
                    let at = ((n * oh + oy) * ow + ox) * conv.k + k;
                    for r in 0..conv.kh {
                        for s in 0..conv.kw {
                            let iy = (oy * conv.stride + r).wrapping_sub(conv.padding);
                            let ix = (ox * conv.stride + s).wrapping_sub(conv.padding);
                            if iy >= conv.h || ix >= conv.w {
                                continue;
                            }
                            for c in 0..cg {
                                let xi =
                                    ((n * conv.h + iy) * conv.w + ix) * conv.c + k / kg * cg + c;
                                let wi = ((k * cg + c) * conv.kh + r) * conv.kw + s;
                                y[at] += f64::from(x[xi]) * f64::from(w[wi]);
                                dx[xi] += f64::from(dy[at]) * f64::from(w[wi]);
                                dw[wi] += f64::from(dy[at]) * f64::from(x[xi]);
                            }
                        }
                    }
                }
            }
        }
    }
    [y, dx, dw]
}

/// The largest error relative to the root mean square.
pub(crate) fn error(got: &[f32], wanted: &[f64]) -> f64 {
    assert_eq!(got.len(), wanted.len());
    let n = wanted.len().max(1) as f64;
    let rms = (wanted.iter().map(|x| x * x).sum::<f64>() / n)
        .sqrt()
        .max(1e-30);
    got.iter()
        .zip(wanted)
        .map(|(a, b)| (f64::from(*a) - b).abs() / rms)
        .fold(
            0.0,
            |a, b| if b.is_nan() { f64::INFINITY } else { a.max(b) },
        )
}

fn check(conv: Conv, tolerance: f64) {
    let x = numbers(conv.input(), 1);
    let w = numbers(conv.weight(), 2);
    let dy = numbers(conv.output(), 3);
    let [y, dx, dw] = reference(&conv, &x, &w, &dy);
    for isa in Isa::all() {
        let mut got = vec![f32::NAN; conv.output()];
        forward(isa, &conv, &x, &w, None, &mut got);
        let e = error(&got, &y);
        assert!(e < tolerance, "{isa:?} forward {conv:?}: {e}");
        let mut got = vec![f32::NAN; conv.input()];
        data_gradient(isa, &conv, &dy, &w, &mut got);
        let e = error(&got, &dx);
        assert!(e < tolerance, "{isa:?} data {conv:?}: {e}");
        let mut got = vec![f32::NAN; conv.weight()];
        weight_gradient(isa, &conv, &x, &dy, &mut got);
        let e = error(&got, &dw);
        assert!(e < tolerance, "{isa:?} weight {conv:?}: {e}");
    }
}

#[allow(clippy::too_many_arguments)]
fn conv(
    n: usize,
    c: usize,
    h: usize,
    w: usize,
    k: usize,
    side: usize,
    stride: usize,
    padding: usize,
    groups: usize,
) -> Conv {
    Conv {
        n,
        c,
        h,
        w,
        k,
        kh: side,
        kw: side,
        stride,
        padding,
        groups,
    }
}

#[test]
fn a_transposed_convolution_goes_back_the_way_and_adds_its_bias() {
    for shape in [
        conv(2, 3, 8, 8, 5, 4, 2, 1, 1),
        conv(1, 40, 9, 7, 33, 3, 2, 1, 1),
        conv(2, 6, 6, 6, 4, 2, 2, 0, 2),
        // pixels that no tap reaches are the bias
        conv(1, 3, 7, 7, 2, 1, 3, 0, 1),
        conv(2, 16, 8, 8, 16, 3, 1, 1, 1),
    ] {
        let x = numbers(shape.output(), 3);
        let w = numbers(shape.weight(), 2);
        let bias = numbers(shape.c, 4);
        let [_, mut y, _] = reference(&shape, &numbers(shape.input(), 1), &w, &x);
        for (i, y) in y.iter_mut().enumerate() {
            *y += f64::from(bias[i % shape.c]);
        }
        for isa in Isa::all() {
            let mut got = vec![f32::NAN; shape.input()];
            transposed(isa, &shape, &x, &w, Some(&bias), &mut got);
            let e = error(&got, &y);
            assert!(e < 2e-5, "{isa:?} {shape:?}: {e}");
        }
    }
}

#[test]
fn winograd_shapes() {
    for shape in [
        conv(2, 16, 8, 8, 16, 3, 1, 1, 1),
        conv(1, 19, 7, 5, 37, 3, 1, 1, 1),
        conv(3, 64, 4, 4, 64, 3, 1, 0, 1),
        conv(2, 33, 9, 6, 17, 3, 1, 2, 1),
        conv(1, 160, 5, 5, 170, 3, 1, 1, 1),
        conv(2, 16, 1, 1, 16, 3, 1, 1, 1),
        conv(5, 48, 13, 11, 40, 3, 1, 1, 1),
        conv(2, 20, 9, 7, 24, 5, 1, 2, 1),
        conv(1, 16, 6, 6, 35, 5, 1, 0, 1),
        conv(2, 130, 4, 5, 180, 5, 1, 4, 1),
        conv(3, 17, 1, 1, 16, 5, 1, 2, 1),
    ] {
        check(shape, 1e-4);
    }
}

#[test]
fn direct_shapes() {
    for shape in [
        conv(2, 3, 9, 9, 8, 3, 1, 1, 1),
        conv(1, 3, 32, 32, 16, 7, 2, 3, 1),
        conv(2, 16, 8, 8, 33, 3, 2, 1, 1),
        conv(2, 16, 7, 9, 20, 3, 2, 1, 1),
        conv(3, 5, 6, 6, 7, 1, 1, 0, 1),
        conv(3, 5, 7, 6, 7, 1, 2, 0, 1),
        conv(2, 8, 11, 11, 8, 5, 3, 2, 1),
        conv(2, 8, 6, 6, 12, 3, 2, 1, 4),
        conv(2, 6, 6, 5, 6, 3, 1, 1, 6),
        conv(2, 4, 5, 5, 3, 2, 3, 0, 1),
        conv(1, 1, 1, 1, 1, 1, 1, 0, 1),
        conv(1, 2, 2, 2, 3, 4, 1, 2, 1),
        conv(1, 2, 3, 3, 3, 1, 1, 2, 1),
        conv(2, 3, 8, 8, 24, 4, 4, 0, 1),
        conv(2, 7, 4, 4, 5, 3, 5, 1, 1),
    ] {
        check(shape, 2e-5);
    }
}

/// NaN, infinities of either sign, or a number.
fn kind(x: f64) -> u8 {
    match x {
        x if x.is_nan() => 0,
        f64::INFINITY => 1,
        f64::NEG_INFINITY => 2,
        _ => 3,
    }
}

#[test]
fn what_is_not_finite_stays_where_it_belongs() {
    for shape in [
        conv(2, 16, 9, 9, 16, 3, 1, 1, 1),
        conv(1, 16, 9, 9, 16, 5, 1, 2, 1),
        conv(1, 160, 9, 9, 170, 3, 1, 1, 1),
        conv(2, 5, 9, 9, 7, 3, 2, 1, 1),
    ] {
        let w = numbers(shape.weight(), 2);
        let mut x = numbers(shape.input(), 1);
        let mut dy = numbers(shape.output(), 3);
        for numbers in [&mut x, &mut dy] {
            numbers[0] = f32::NAN;
            let last = numbers.len() - 1;
            numbers[last] = f32::INFINITY;
        }
        let [y, dx, _] = reference(&shape, &x, &w, &dy);
        for isa in Isa::all() {
            let mut got = vec![0.0; shape.output()];
            forward(isa, &shape, &x, &w, None, &mut got);
            let kinds = |a: &[f64]| a.iter().map(|x| kind(*x)).collect::<Vec<_>>();
            let wide: Vec<f64> = got.iter().map(|x| f64::from(*x)).collect();
            assert_eq!(kinds(&wide), kinds(&y), "{isa:?} {shape:?}");
            assert!(wide.iter().any(|x| x.is_finite()));
            let mut got = vec![0.0; shape.input()];
            data_gradient(isa, &shape, &dy, &w, &mut got);
            let wide: Vec<f64> = got.iter().map(|x| f64::from(*x)).collect();
            assert_eq!(kinds(&wide), kinds(&dx), "{isa:?} {shape:?}");
            let mut dw = vec![0.0; shape.weight()];
            weight_gradient(isa, &shape, &x, &dy, &mut dw);
            assert!(dw.iter().any(|x| x.is_nan()));
        }
    }
}

#[test]
fn random_shapes() {
    let mut state = 12345u64;
    let mut draw = |n: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    for _ in 0..60 {
        let groups = [1, 1, 1, 2, 3][draw(5)];
        let side = 1 + draw(6);
        let padding = draw(side.min(3) + 1);
        let least = side.saturating_sub(2 * padding).max(1);
        let shape = Conv {
            n: 1 + draw(3),
            c: groups * (1 + draw(40)),
            h: least + draw(9),
            w: least + draw(9),
            k: groups * (1 + draw(40)),
            kh: side,
            kw: side,
            stride: 1 + draw(3),
            padding,
            groups,
        };
        check(shape, 1e-4);
    }
}

use super::conv::{error, numbers};
use crate::engine::kernels::norm::{Known, Then, apply, gradient, statistics};
use crate::engine::kernels::pool::{Pooling, average, average_gradient, max, max_gradient};
use crate::engine::kernels::simd::Isa;
use crate::engine::kernels::{each, rows};

const EPSILON: f64 = 1e-5;

#[test]
fn batch_norm_and_its_gradients() {
    for (m, c, then, short) in [
        (37, 5, Then::Nothing, false),
        (1000, 64, Then::Relu, false),
        (513, 33, Then::Relu, true),
        (1, 3, Then::Relu, false),
        (70, 5000, Then::Nothing, true),
    ] {
        let x: Vec<f32> = numbers(m * c, 1)
            .iter()
            .enumerate()
            .map(|(i, x)| x + (i % c) as f32 * 0.1)
            .collect();
        let (s, dy) = (numbers(m * c, 2), numbers(m * c, 3));
        let (gamma, beta) = (numbers(c, 4), numbers(c, 5));
        let (mut y, mut dx, mut ds) = (vec![0f64; m * c], vec![0f64; m * c], vec![0f64; m * c]);
        let (mut dgamma, mut dbeta) = (vec![0f64; c], vec![0f64; c]);
        let at = |v: &[f32], r: usize, i: usize| f64::from(v[r * c + i]);
        for i in 0..c {
            let mean = (0..m).map(|r| at(&x, r, i)).sum::<f64>() / m as f64;
            let var = (0..m).map(|r| (at(&x, r, i) - mean).powi(2)).sum::<f64>() / m as f64;
            let inv = 1.0 / (var + EPSILON).sqrt();
            for r in 0..m {
                let hat = (at(&x, r, i) - mean) * inv;
                let mut v = hat * f64::from(gamma[i]) + f64::from(beta[i]);
                if short {
                    v += at(&s, r, i);
                }
                let open = then == Then::Nothing || v > 0.0;
                y[r * c + i] = if open { v } else { 0.0 };
                ds[r * c + i] = if open { at(&dy, r, i) } else { 0.0 };
                dgamma[i] += ds[r * c + i] * hat;
                dbeta[i] += ds[r * c + i];
            }
            for r in 0..m {
                let hat = (at(&x, r, i) - mean) * inv;
                dx[r * c + i] = f64::from(gamma[i])
                    * inv
                    * (ds[r * c + i] - dbeta[i] / m as f64 - hat * dgamma[i] / m as f64);
            }
        }
        for isa in Isa::all() {
            let (mean, variance) = statistics(isa, &x, c);
            let mut got = vec![f32::NAN; m * c];
            let shortcut = short.then_some(&s[..]);
            apply(
                isa,
                &x,
                shortcut,
                [&mean, &variance, &gamma, &beta],
                EPSILON,
                then,
                &mut got,
            );
            assert!(
                error(&got, &y) < 1e-4,
                "{isa:?} {m} {c} {}",
                error(&got, &y)
            );
            let known = Known {
                x: &x,
                y: short.then_some(&got[..]),
                dy: &dy,
                mean: &mean,
                variance: &variance,
                gamma: &gamma,
                beta: &beta,
                epsilon: EPSILON,
                then,
            };
            let (mut gx, mut gs) = (vec![f32::NAN; m * c], vec![f32::NAN; m * c]);
            let (gg, gb) = gradient(isa, &known, Some(&mut gx), Some(&mut gs));
            assert!(error(&gs, &ds) < 1e-6);
            if m > 1 {
                assert!(
                    error(&gx, &dx) < 1e-4,
                    "{isa:?} {m} {c} {}",
                    error(&gx, &dx)
                );
            }
            if m > 1 {
                assert!(error(&gg, &dgamma) < 1e-4);
            }
            assert!(error(&gb, &dbeta) < 1e-5);
        }
    }
}

#[test]
fn pooling_and_its_gradients() {
    for (n, c, h, w, kernel, stride, padding) in [
        (2, 17, 8, 8, 2, 2, 0),
        (1, 3, 7, 9, 3, 2, 1),
        (2, 33, 5, 5, 3, 1, 1),
        (1, 4, 6, 7, 5, 3, 2),
        (3, 8, 1, 1, 1, 1, 0),
    ] {
        let pool = Pooling {
            n,
            c,
            h,
            w,
            kernel,
            stride,
            padding,
        };
        assert!(pool.fits());
        let x = numbers(n * c * h * w, 1);
        let dy = numbers(pool.output(), 2);
        let (mut top, mut mean) = (
            vec![f64::NEG_INFINITY; pool.output()],
            vec![0f64; pool.output()],
        );
        let (mut dtop, mut dmean) = (vec![0f64; x.len()], vec![0f64; x.len()]);
        for b in 0..n {
            for oy in 0..pool.oh() {
                for ox in 0..pool.ow() {
                    for i in 0..c {
                        let o = ((b * pool.oh() + oy) * pool.ow() + ox) * c + i;
                        let mut best = None;
                        for r in 0..kernel {
                            for s in 0..kernel {
                                let (y, xx) = (
                                    (oy * stride + r).wrapping_sub(padding),
                                    (ox * stride + s).wrapping_sub(padding),
                                );
                                if y >= h || xx >= w {
                                    continue;
                                }
                                let at = ((b * h + y) * w + xx) * c + i;
                                let v = f64::from(x[at]);
                                if v > top[o] {
                                    top[o] = v;
                                    best = Some(at);
                                }
                                let area = (kernel * kernel) as f64;
                                mean[o] += v / area;
                                dmean[at] += f64::from(dy[o]) / area;
                            }
                        }
                        dtop[best.unwrap()] += f64::from(dy[o]);
                    }
                }
            }
        }
        for isa in Isa::all() {
            let (mut y, mut at) = (vec![f32::NAN; pool.output()], vec![f32::NAN; pool.output()]);
            max(isa, &pool, &x, &mut y, &mut at);
            assert!(error(&y, &top) < 1e-6);
            let mut dx = vec![f32::NAN; x.len()];
            max_gradient(isa, &pool, &dy, &at, &mut dx);
            assert!(error(&dx, &dtop) < 1e-6);
            average(isa, &pool, &x, &mut y);
            assert!(error(&y, &mean) < 1e-5);
            average_gradient(isa, &pool, &dy, &mut dx);
            assert!(error(&dx, &dmean) < 1e-5);
        }
    }
}

#[test]
fn nan_goes_through() {
    let (m, c) = (50, 18);
    for isa in Isa::all() {
        let mut x = numbers(m * c, 1);
        x[3] = f32::NAN;
        x[4 + c] = f32::INFINITY;
        let (mean, variance) = statistics(isa, &x, c);
        for i in 0..c {
            let bad = i == 3 || i == 4;
            assert_eq!(variance[i].is_nan(), bad, "{isa:?} {i}");
            assert_eq!(mean[i].is_finite(), !bad);
        }
        let (ones, zeros) = (vec![1.0; c], vec![0.0; c]);
        let mut y = vec![0.0; m * c];
        apply(
            isa,
            &x,
            None,
            [&mean, &variance, &ones, &zeros],
            EPSILON,
            Then::Relu,
            &mut y,
        );
        for (i, y) in y.iter().enumerate() {
            assert_eq!(y.is_nan(), matches!(i % c, 3 | 4), "{isa:?} {i}");
        }
        let mut y = [0.0; 5];
        each::relu(
            isa,
            &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 2.0],
            &mut y,
        );
        assert!(y[0].is_nan() && y[1] == f32::INFINITY && y[2..] == [0.0, 0.0, 2.0]);
        let pool = Pooling {
            n: 1,
            c: 1,
            h: 2,
            w: 4,
            kernel: 2,
            stride: 2,
            padding: 0,
        };
        let x = [1.0, f32::NAN, 3.0, 4.0, 5.0, 6.0, f32::INFINITY, 8.0];
        let (mut y, mut at, mut dx) = ([0.0; 2], [0.0; 2], [0.0; 8]);
        max(isa, &pool, &x, &mut y, &mut at);
        assert!(y[0].is_nan() && y[1] == f32::INFINITY);
        max_gradient(isa, &pool, &[1.0, 2.0], &at, &mut dx);
        assert_eq!(dx, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
        let y = rows::softmax(isa, &[1.0, f32::NAN, 2.0, 1.0, 2.0, 3.0], 3);
        assert!(
            y[..3].iter().all(|x| x.is_nan()) && y[3..].iter().all(|x| x.is_finite()),
            "{isa:?} {y:?}"
        );
        let (y, _) = rows::layer_norm(
            isa,
            &[1.0, f32::NAN, 2.0, 1.0, 2.0, 3.0],
            &[1.0; 3],
            None,
            1e-5,
        );
        assert!(y[..3].iter().all(|x| x.is_nan()) && y[3..].iter().all(|x| x.is_finite()));
    }
}

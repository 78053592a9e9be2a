use super::conv::{error, numbers};
use crate::engine::kernels::norm::{Known, Then, apply, gradient, statistics};
use crate::engine::kernels::pool::{Pooling, average, average_gradient, max, max_gradient};
use crate::engine::kernels::simd::Isa;

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

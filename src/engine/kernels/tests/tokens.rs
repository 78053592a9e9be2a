use super::conv::{error, numbers};
use crate::engine::kernels::each;
use crate::engine::kernels::matrix::{linear, linear_data, linear_weight};
use crate::engine::kernels::rows::{layer_norm, layer_norm_gradient, softmax, softmax_gradient};
use crate::engine::kernels::simd::Isa;
use crate::engine::kernels::update::{self, Adam, Sgd};

fn matmul(
    m: usize,
    k: usize,
    n: usize,
    a: impl Fn(usize, usize) -> f32,
    b: impl Fn(usize, usize) -> f32,
) -> Vec<f64> {
    let mut out = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            out[i * n + j] = (0..k)
                .map(|l| f64::from(a(i, l)) * f64::from(b(l, j)))
                .sum();
        }
    }
    out
}

#[test]
fn linear_layers_and_their_gradients() {
    for (m, k, n) in [
        (1, 1, 1),
        (130, 33, 70),
        (257, 64, 32),
        (5, 300, 17),
        (700, 20, 3),
    ] {
        let (x, w, b, dy) = (
            numbers(m * k, 1),
            numbers(k * n, 2),
            numbers(n, 3),
            numbers(m * n, 4),
        );
        let mut y = matmul(m, k, n, |i, l| x[i * k + l], |l, j| w[l * n + j]);
        for (i, y) in y.iter_mut().enumerate() {
            *y += f64::from(b[i % n]);
        }
        let dx = matmul(m, n, k, |i, l| dy[i * n + l], |l, j| w[j * n + l]);
        let dw = matmul(k, m, n, |i, l| x[l * k + i], |l, j| dy[l * n + j]);
        for isa in Isa::all() {
            assert!(error(&linear(isa, m, &x, &w, Some(&b), n), &y) < 1e-5);
            assert!(error(&linear_data(isa, m, &dy, &w, n), &dx) < 1e-5);
            assert!(
                error(&linear_weight(isa, m, &x, &dy, n), &dw) < 1e-5,
                "{isa:?} {m} {k} {n}"
            );
        }
    }
}

#[test]
fn rows_are_normalised() {
    for (m, c) in [(1, 1), (7, 33), (300, 192), (2, 40_000)] {
        let (x, gamma, beta, dy) = (
            numbers(m * c, 1),
            numbers(c, 2),
            numbers(c, 3),
            numbers(m * c, 4),
        );
        let (mut y, mut dx) = (vec![0.0; m * c], vec![0.0; m * c]);
        let (mut dg, mut db) = (vec![0.0; c], vec![0.0; c]);
        for r in 0..m {
            let row: Vec<f64> = x[r * c..][..c].iter().map(|x| f64::from(*x)).collect();
            let mean = row.iter().sum::<f64>() / c as f64;
            let var = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / c as f64;
            let inv = 1.0 / (var + 1e-6).sqrt();
            let hat: Vec<f64> = row.iter().map(|x| (x - mean) * inv).collect();
            let g: Vec<f64> = (0..c)
                .map(|i| f64::from(dy[r * c + i]) * f64::from(gamma[i]))
                .collect();
            let (sg, sgx) = (
                g.iter().sum::<f64>() / c as f64,
                g.iter().zip(&hat).map(|(g, h)| g * h).sum::<f64>() / c as f64,
            );
            for i in 0..c {
                y[r * c + i] = hat[i] * f64::from(gamma[i]) + f64::from(beta[i]);
                dg[i] += f64::from(dy[r * c + i]) * hat[i];
                db[i] += f64::from(dy[r * c + i]);
                dx[r * c + i] = inv * (g[i] - sg - hat[i] * sgx);
            }
        }
        for isa in Isa::all() {
            let (got, moments) = layer_norm(isa, &x, &gamma, Some(&beta), 1e-6);
            assert!(error(&got, &y) < 1e-5);
            let (gx, gg, gb) = layer_norm_gradient(isa, &x, &dy, &gamma, &moments);
            if c > 1 {
                assert!(error(&gx, &dx) < 1e-4, "{}", error(&gx, &dx));
                assert!(error(&gg, &dg) < 1e-4);
            }
            assert!(error(&gb, &db) < 1e-5);
        }
    }
}

#[test]
fn softmax_and_its_gradient() {
    for (m, c) in [(1, 1), (5, 65), (40, 197)] {
        let x: Vec<f32> = numbers(m * c, 1).iter().map(|x| 20.0 * x).collect();
        let dy = numbers(m * c, 2);
        let (mut y, mut dx) = (vec![0.0; m * c], vec![0.0; m * c]);
        for r in 0..m {
            let e: Vec<f64> = x[r * c..][..c]
                .iter()
                .map(|x| f64::from(*x).exp())
                .collect();
            let sum: f64 = e.iter().sum();
            let dot: f64 = (0..c).map(|i| e[i] / sum * f64::from(dy[r * c + i])).sum();
            for i in 0..c {
                y[r * c + i] = e[i] / sum;
                dx[r * c + i] = e[i] / sum * (f64::from(dy[r * c + i]) - dot);
            }
        }
        for isa in Isa::all() {
            let got = softmax(isa, &x, c);
            assert!(error(&got, &y) < 1e-5, "{}", error(&got, &y));
            if c > 1 {
                assert!(error(&softmax_gradient(isa, &got, &dy, c), &dx) < 1e-5);
            }
        }
    }
}

/// The error function by its series, in 64 bits.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / n as f64;
        sum += term / (2 * n + 1) as f64;
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

#[test]
fn gelu_and_its_gradient() {
    let x: Vec<f32> = (0..2000)
        .map(|i| (i as f32 - 1000.0) * 0.004)
        .chain([0.0])
        .collect();
    let dy = vec![1.0; x.len()];
    let phi = |x: f64| 0.5 * (1.0 + erf(x / 2f64.sqrt()));
    let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    for isa in Isa::all() {
        let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        each::gelu(isa, &x, &mut y);
        each::gelu_gradient(isa, &x, &dy, &mut dx);
        for (i, x) in x.iter().enumerate() {
            let x = f64::from(*x);
            assert!(
                (f64::from(y[i]) - x * phi(x)).abs() < 6e-7 * x.abs().max(1.0),
                "{x} {}",
                y[i]
            );
            assert!(
                (f64::from(dx[i]) - phi(x) - x * density(x)).abs() < 1e-6,
                "{x}"
            );
        }
        let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 100.0, -100.0];
        let mut y = [0.0; 5];
        each::gelu(isa, &odd, &mut y);
        assert!(
            y[0].is_nan() && y[1] == f32::INFINITY && y[3] == 100.0 && y[4].abs() < 1e-30,
            "{isa:?} {y:?}"
        );
    }
}

#[test]
fn updates_by_hand() {
    let n = 1000;
    for isa in Isa::all() {
        let (mut w, g) = (numbers(n, 1), numbers(n, 2));
        let start = w.clone();
        let mut v = vec![f32::NAN; n];
        let of = Sgd {
            rate: 0.1,
            momentum: 0.9,
            decay: 0.01,
            factor: 1.0,
            nesterov: true,
            first: true,
        };
        update::sgd(isa, of, &mut w, &g, &mut v);
        update::sgd(isa, Sgd { first: false, ..of }, &mut w, &g, &mut v);
        for i in 0..n {
            let (mut x, mut vel) = (f64::from(start[i]), 0.0);
            for _ in 0..2 {
                let d = f64::from(g[i]) + 0.01 * x;
                vel = 0.9 * vel + d;
                x -= 0.1 * (d + 0.9 * vel);
            }
            assert!((x - f64::from(w[i])).abs() < 1e-6);
        }
        let (mut w, mut m, mut v) = (start.clone(), vec![f32::NAN; n], vec![f32::NAN; n]);
        let (b1, b2) = (0.9f64, 0.999f64);
        let of = |t: i32| Adam {
            rate: (0.01 / (1.0 - b1.powi(t))) as f32,
            root: (1.0 / (1.0 - b2.powi(t)).sqrt()) as f32,
            betas: [b1 as f32, b2 as f32],
            rest: [(1.0 - b1) as f32, (1.0 - b2) as f32],
            epsilon: 1e-8,
            decay: 0.0,
            keep: 0.999,
            first: t == 1,
        };
        update::adam(isa, of(1), &mut w, &g, &mut m, &mut v);
        update::adam(isa, of(2), &mut w, &g, &mut m, &mut v);
        for i in 0..n {
            let (mut x, mut a, mut b) = (f64::from(start[i]), 0.0, 0.0);
            let d = f64::from(g[i]);
            for t in 1..=2 {
                a = b1 * a + (1.0 - b1) * d;
                b = b2 * b + (1.0 - b2) * d * d;
                x = 0.999 * x
                    - 0.01 * (a / (1.0 - b1.powi(t))) / ((b / (1.0 - b2.powi(t))).sqrt() + 1e-8);
            }
            assert!((x - f64::from(w[i])).abs() < 1e-5, "{x} {}", w[i]);
        }
    }
}

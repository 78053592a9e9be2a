//! Cross-entropy by its definition in 64 bits.

use super::conv::numbers;
use crate::engine::kernels::each;
use crate::engine::kernels::entropy::{
    chosen_gradient, log_softmax, log_softmax_gradient, log_sums,
};
use crate::engine::kernels::simd::Isa;

fn close(got: &[f32], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let off = (f64::from(*got) - want).abs();
        assert!(off < tolerance * want.abs().max(1.0), "[{i}] {got}, {want}");
    }
}

#[test]
fn logarithms_of_softmax_and_their_gradients() {
    for (m, c) in [(1, 1), (5, 7), (3, 65), (4, 30_522), (70, 1003)] {
        let x: Vec<f32> = numbers(m * c, 1).iter().map(|x| 20.0 * x + 50.0).collect();
        let dy = numbers(m * c, 2);
        let targets: Vec<u32> = (0..m).map(|r| (r * 37 % c) as u32).collect();
        // a row in five does not count
        let d: Vec<f32> = (0..m)
            .map(|r| if r % 5 == 4 { 0.0 } else { 0.5 - r as f32 })
            .collect();
        let (mut logs, mut y, mut dx, mut chosen) = (vec![], vec![], vec![], vec![]);
        for r in 0..m {
            let row = &x[r * c..][..c];
            let sum: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
            let total: f64 = dy[r * c..][..c].iter().map(|d| f64::from(*d)).sum();
            logs.push(sum.ln());
            for (i, x) in row.iter().enumerate() {
                let x = f64::from(*x);
                let p = x.exp() / sum;
                y.push(x - sum.ln());
                dx.push(f64::from(dy[r * c + i]) - p * total);
                let hit = f64::from(u32::from(targets[r] as usize == i));
                chosen.push(f64::from(d[r]) * (hit - p));
            }
        }
        for isa in Isa::all() {
            // 32 bits of a number near 60 are 4e-6 apart
            close(&log_sums(isa, &x, c), &logs, 1e-6);
            let got = log_softmax(isa, &x, c);
            close(&got, &y, 1e-5);
            close(&log_softmax_gradient(isa, &got, &dy, c), &dx, 2e-5);
            let log: Vec<f32> = logs.iter().map(|log| *log as f32).collect();
            close(&chosen_gradient(isa, &x, &log, &targets, &d), &chosen, 2e-4);
        }
    }
}

#[test]
fn odd_numbers_stay_odd() {
    for isa in Isa::all() {
        for c in [3, 20] {
            let mut x = vec![0.0; c];
            x[1] = f32::NAN;
            assert!(log_sums(isa, &x, c)[0].is_nan(), "{isa:?}");
            // what is ruled out is worth nothing
            x[1] = f32::NEG_INFINITY;
            let log = log_sums(isa, &x, c)[0];
            assert!((log - ((c - 1) as f32).ln()).abs() < 1e-6, "{isa:?} {log}");
            assert_eq!(log_softmax(isa, &x, c)[1], f32::NEG_INFINITY);
        }
    }
}

#[test]
fn a_row_is_added_and_its_gradient_summed() {
    for (m, c) in [(1, 5), (70, 3), (33, 40_000)] {
        let (x, row) = (numbers(m * c, 1), numbers(c, 2));
        let mut sums = vec![0.0; c];
        for (i, x) in x.iter().enumerate() {
            sums[i % c] += f64::from(*x);
        }
        for isa in Isa::all() {
            let mut y = vec![f32::NAN; m * c];
            each::add_row(isa, &x, &row, &mut y);
            assert!((0..m * c).all(|i| y[i] == x[i] + row[i % c]), "{isa:?}");
            close(&each::column_sums(isa, &x, c), &sums, 1e-5);
        }
    }
}

use super::super::spectrum::eigenvalues;
use super::super::testing::{judged_rows, numbers, rows, rows_of};
use super::*;
use crate::catalog::Value;
use crate::evaluation::Features;

fn fixture() -> serde_json::Value {
    let text = include_str!("../../tests/fixtures/evaluation/rank.json");
    serde_json::from_str(text).expect("a fixture")
}

/// What is found of these rows and of views of them, by the name of the metric.
fn found(features: Features, views: Option<(Features, i64)>) -> Vec<(&'static str, f64)> {
    let each = views.as_ref().map_or(2, |(_, each)| *each);
    let mut read = vec![features];
    read.extend(views.map(|(views, _)| views));
    let found = judged_rows(spec(), &[("views", Value::Integer(each))], read).expect("findings");
    let metrics = found.metrics.iter();
    metrics.map(|metric| (metric.name, metric.value)).collect()
}

#[test]
fn numpy_and_pytorch_find_the_same() {
    for case in fixture()["cases"].as_array().expect("cases") {
        let each = case["each"].as_i64().expect("a number");
        let views = rows_of(&case["views"]);
        for (name, value) in found(rows_of(&case["features"]), Some((views, each))) {
            let expected = case[name].as_f64().expect("a number");
            let off = (value - expected).abs() / expected.abs().max(1.0);
            assert!(
                off < 2e-5,
                "{}, {name}: {value}, not {expected}",
                case["name"]
            );
        }
    }
}

#[test]
fn eigenvalues_are_those_of_numpy() {
    let fixture = fixture();
    let mut values = eigenvalues(numbers(&fixture["matrix"]), 9);
    values.sort_by(f64::total_cmp);
    for (value, expected) in values.iter().zip(numbers(&fixture["eigenvalues"])) {
        assert!((value - expected).abs() < 1e-12, "{value}, not {expected}");
    }
    // a matrix that is diagonal already, with values twice, and larger than a block of threads
    let n = 300;
    let mut matrix = vec![0.0; n * n];
    (0..n).for_each(|i| matrix[i * n + i] = (i / 2) as f64);
    let mut values = eigenvalues(matrix, n);
    values.sort_by(f64::total_cmp);
    assert!(
        values
            .iter()
            .enumerate()
            .all(|(i, value)| *value == (i / 2) as f64)
    );
}

/// The second difference, whose eigenvalues are 2 - 2 cos(k π / (n + 1)), seen from turned axes so that every entry is filled.
#[test]
fn eigenvalues_of_a_large_matrix_are_exact() {
    let n = 260;
    let turned: Vec<f64> = {
        // H = 1 - 2 v vᵀ / |v|²
        let v: Vec<f64> = (0..n).map(|i| 1.0 + (i % 7) as f64).collect();
        let length: f64 = v.iter().map(|x| x * x).sum();
        let h = |i: usize, j: usize| f64::from(i == j) - 2.0 * v[i] * v[j] / length;
        let times_h = |i: usize, j: usize| {
            let mut sum = 2.0 * h(i, j);
            sum -= if i > 0 { h(i - 1, j) } else { 0.0 };
            sum - if i + 1 < n { h(i + 1, j) } else { 0.0 }
        };
        let th: Vec<f64> = (0..n * n).map(|at| times_h(at / n, at % n)).collect();
        let entry = |i: usize, j: usize| (0..n).map(|k| h(i, k) * th[k * n + j]).sum();
        (0..n * n).map(|at| entry(at / n, at % n)).collect()
    };
    let mut values = eigenvalues(turned, n);
    values.sort_by(f64::total_cmp);
    for (k, value) in values.iter().enumerate() {
        let angle = (k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64;
        let expected = 2.0 - 2.0 * angle.cos();
        assert!(
            (value - expected).abs() < 1e-9,
            "{k}: {value}, not {expected}"
        );
    }
}

#[test]
fn a_collapsed_encoder_has_rank_one() {
    for value in [0.0, 1.0, 7.25] {
        let constant = rows(&[value; 40 * 6], 6, &[]);
        let found = found(constant.clone(), Some((constant, 2)));
        let [(_, rankme), (_, lidar), (_, alignment), (_, uniformity)] = found[..] else {
            panic!("{found:?}")
        };
        assert!((rankme - 1.0).abs() < 1e-4, "{rankme}");
        assert!((lidar - 1.0).abs() < 1e-4, "{lidar}");
        assert_eq!(alignment, 0.0);
        assert!(uniformity.abs() < 1e-6, "{uniformity}");
    }
}

#[test]
fn features_along_all_axes_have_full_rank() {
    let d = 5;
    let axes: Vec<f32> = (0..4 * d * d)
        .map(|at| f32::from(at / d % d == at % d))
        .collect();
    let found = found(rows(&axes, d, &[]), None);
    // no views, no LiDAR and no alignment
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["rankme", "uniformity"]);
    assert!((found[0].1 - 5.0).abs() < 1e-4, "{found:?}");
}

#[test]
fn what_is_no_number_makes_no_result() {
    let mut bad = vec![1.0; 12];
    bad[5] = f32::NAN;
    let bad = rows(&bad, 3, &[]);
    for (name, value) in found(bad.clone(), Some((bad, 2))) {
        assert!(value.is_nan(), "{name}: {value}");
    }
    // one record alone lies beside no other
    let one = found(rows(&[1.0, 2.0], 2, &[]), None);
    assert!(
        (one[0].1 - 1.0).abs() < 1e-4 && one[1].1.is_nan(),
        "{one:?}"
    );
}

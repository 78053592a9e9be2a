use super::super::testing::{judged_rows, rows, rows_of};
use super::*;
use crate::catalog::Value;

fn found(read: Vec<Features>, k: i64) -> Findings {
    judged_rows(spec(), &[("k", Value::Integer(k))], read).expect("findings")
}

fn values(findings: &Findings) -> Vec<f64> {
    findings.metrics.iter().map(|metric| metric.value).collect()
}

#[test]
fn scikit_learn_finds_the_same() {
    let text = include_str!("../../tests/fixtures/evaluation/retrieval.json");
    let fixture: serde_json::Value = serde_json::from_str(text).expect("a fixture");
    for case in fixture["cases"].as_array().expect("cases") {
        let mut read = vec![rows_of(&case["gallery"])];
        if !case["queries"].is_null() {
            read.push(rows_of(&case["queries"]));
        }
        let found = found(read, fixture["k"].as_i64().expect("k"));
        for metric in &found.metrics {
            let expected = case[metric.name].as_f64().expect("a number");
            let (name, value) = (&case["name"], metric.value);
            assert!(
                (value - expected).abs() < 1e-6,
                "{name}: {value}, not {expected}"
            );
        }
    }
}

#[test]
fn a_collapsed_encoder_gets_what_chance_gives() {
    let labels: Vec<u32> = (0..12).map(|at| u32::from(at < 3)).collect();
    let constant = rows(&[2.5; 24], 2, &labels);
    // each of 3 finds 2 of 11, each of 9 finds 8 of 11
    let expected = (3.0 * 2.0 + 9.0 * 8.0) / (12.0 * 11.0);
    for value in values(&found(vec![constant], 5)) {
        assert!((value - expected).abs() < 1e-12, "{value}, not {expected}");
    }
}

#[test]
fn odd_sizes_and_numbers_make_no_panic() {
    // k beyond the gallery, one class only, a zero row
    let one_class = rows(&[1.0, 0.0, 0.0, 0.0, 0.0, 1.0], 2, &[0, 0, 0]);
    assert_eq!(values(&found(vec![one_class], 100)), [1.0, 1.0]);
    // one record, and records none of which has another of its class
    let alone = found(vec![rows(&[1.0, 0.0], 2, &[0])], 3);
    assert!(
        values(&alone).iter().all(|value| value.is_nan()),
        "{alone:?}"
    );
    let each = found(vec![rows(&[1.0, 0.0, 0.0, 1.0], 2, &[0, 1])], 3);
    assert!(values(&each).iter().all(|value| value.is_nan()), "{each:?}");
    let mut bad = rows(&[1.0, 0.0, 0.0, 1.0], 2, &[0, 0]);
    bad.places[0][1] = f32::NAN;
    let bad = found(vec![bad], 1);
    assert!(values(&bad).iter().all(|value| value.is_nan()), "{bad:?}");
}

#[test]
fn what_is_drawn_is_the_nearest_by_the_numbers_of_the_records() {
    let mut gallery = rows(&[1.0, 0.0, 0.9, 0.1, 0.0, 1.0], 2, &[0, 0, 1]);
    // the first record of the split could not be read
    gallery.numbers = vec![1, 2, 3];
    let test = rows(&[1.0, 0.02], 2, &[0]);
    let found = found(vec![gallery, test], 1);
    let [Exhibit::Nearest { asks, queries, .. }] = &found.exhibits[..] else {
        panic!("{found:?}")
    };
    let order: Vec<usize> = queries[0].found.iter().map(|near| near.record).collect();
    assert_eq!(
        (*asks, queries[0].record, &order[..]),
        ("test", 0, &[1, 2, 3][..])
    );
}

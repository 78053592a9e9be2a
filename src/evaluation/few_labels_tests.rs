use super::super::testing::{judged_rows, rows};
use super::*;
use crate::data::Philox;

fn given(shares: &[f64]) -> Vec<(&'static str, Value)> {
    let shares = shares.iter().map(|share| Value::Ratio(*share));
    vec![("shares", Value::List(shares.collect()))]
}

/// Four classes at the corners of a square, with noise.
fn corners(n: usize, seed: u64) -> super::super::Features {
    let mut rng = Philox::new(seed, &[]);
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for at in 0..n as u32 {
        let class = at % 4;
        for axis in 0..2 {
            let side = if class >> axis & 1 == 1 { 1.0 } else { -1.0 };
            values.push(side + 1.3 * rng.between(-1.0, 1.0) as f32);
        }
        labels.push(class);
    }
    rows(&values, 2, &labels)
}

#[test]
fn more_labels_tell_more_and_each_share_has_its_row() {
    let read = vec![corners(400, 1), corners(200, 2)];
    // in another order, and one twice
    let found = judged_rows(spec(), &given(&[0.5, 0.02, 0.1, 0.1]), read).expect("findings");
    let places: Vec<&str> = found.metrics.iter().map(|m| m.place.as_str()).collect();
    assert_eq!(places, ["2%", "10%", "50%"]);
    let values: Vec<f64> = found.metrics.iter().map(|m| m.value).collect();
    assert!(values[2] > 0.75 && values[2] >= values[0], "{values:?}");
    let [Exhibit::Curve { points, with, .. }] = &found.exhibits[..] else {
        panic!("{found:?}")
    };
    let labels: Vec<f64> = points.iter().map(|(labels, _)| *labels).collect();
    assert_eq!((*with, &labels[..]), ("labels", &[8.0, 40.0, 200.0][..]));
}

#[test]
fn each_class_keeps_a_label() {
    let read = vec![corners(40, 1), corners(20, 2)];
    let found = judged_rows(spec(), &given(&[0.01]), read).expect("findings");
    let [Exhibit::Curve { points, .. }] = &found.exhibits[..] else {
        panic!("{found:?}")
    };
    assert_eq!(points[0].0, 4.0);
    assert!(points[0].1 > 0.3, "{points:?}");
}

#[test]
fn what_is_no_number_makes_no_result() {
    let mut bad = corners(40, 1);
    bad.places[0][3] = f32::NAN;
    let found = judged_rows(spec(), &given(&[0.5]), vec![bad, corners(8, 2)]).expect("findings");
    assert!(found.metrics[0].value.is_nan(), "{found:?}");
}

#[test]
fn shares_are_written_as_people_write_them() {
    let written: Vec<String> = [0.01, 0.005, 1.0, 0.1, 0.07].map(percent).to_vec();
    assert_eq!(written, ["1%", "0.5%", "100%", "10%", "7%"]);
}

use super::super::examples::{costs, held};
use super::super::testing::{Desk, numbers, rows, rows_of};
use super::*;
use crate::data::Philox;

fn fixture() -> serde_json::Value {
    let text = include_str!("../../tests/fixtures/evaluation/logistic_regression.json");
    serde_json::from_str(text).expect("a fixture")
}

/// All rows, none held out.
fn plain(features: &Features) -> Examples {
    let all: Vec<usize> = (0..features.records).collect();
    let mut examples = Examples::of(features, 0, &all);
    examples.held.fill(false);
    examples
}

#[test]
fn scikit_learn_comes_to_the_same_least_loss() {
    let fixture = fixture();
    let [train, test] = ["train", "test"].map(|name| rows_of(&fixture[name]));
    for fit in fixture["fits"].as_array().expect("fits") {
        let number = |name: &str| fit[name].as_f64().expect("a number");
        let (cost, n) = (number("cost"), train.records as f64);
        let Examples {
            rows,
            width,
            labels,
            ..
        } = plain(&train);
        let (mut desk, mut other) = (Desk, Desk);
        let mut fitting = Fitting {
            width,
            k: 4,
            of: labels.iter().map(|label| Some(*label as usize)).collect(),
            learns: vec![true; labels.len()],
            rows: desk.rows(rows, width).expect("rows"),
        };
        let end = fitting
            .least(vec![0.0; 4 * (width + 1)], cost)
            .expect("an end");
        let (loss, _) = fitting.slope(&end, n, 1.0 / (cost * n)).expect("a loss");
        let expected = number("loss");
        assert!(
            loss - expected < 2e-4 * expected,
            "C {cost}: {loss}, not {expected}"
        );
        assert!(
            loss > expected - 1e-6,
            "C {cost}: {loss} is less than the least"
        );
        // the probabilities of other records; where the penalty is weak the valley is flat
        let mut unit = test.places[0].clone();
        normalize_rows(&mut unit, width);
        fitting.rows = other.rows(unit, width).expect("rows");
        fitting.of = vec![Some(0); test.records];
        let scores = fitting.scores(&end).expect("scores");
        let (_, over) = fitting.losses(&scores);
        let near = if cost > 1e3 { 0.1 } else { 5e-3 };
        for (at, expected) in numbers(&fit["probabilities"]).iter().enumerate() {
            let p = f64::from(over[at]) + f64::from(at % 4 == 0);
            assert!(
                (p - expected).abs() < near,
                "C {cost}, {at}: {p}, not {expected}"
            );
        }
    }
}

#[test]
fn scikit_learn_tells_as_many_of_other_records() {
    let fixture = fixture();
    let [train, test] = ["train", "test"].map(|name| rows_of(&fixture[name]));
    for fit in fixture["fits"].as_array().expect("fits").iter().take(3) {
        let expected = fit["accuracy"].as_f64().expect("a number");
        let cost = fit["cost"].as_f64().expect("a number");
        let mut examples = plain(&train);
        // one record decides, and there is one penalty to decide for
        examples.held[0] = true;
        let fitted = Softmax::fit(examples, &[cost], &mut Desk).expect("a fit");
        let value = fitted.accuracy(&test, 0, &mut Desk).expect("a number");
        assert!(
            (value - expected).abs() < 1e-9,
            "C {cost}: {value}, not {expected}"
        );
        assert_eq!((fitted.cost, fitted.tried.len()), (cost, 1));
    }
}

#[test]
fn penalties_go_from_the_strongest_by_equal_factors() {
    let tried = costs(12);
    let expected = (-6..=5).map(|power| 10f64.powi(power));
    for (cost, expected) in tried.iter().zip(expected) {
        assert!((cost / expected - 1.0).abs() < 1e-12, "{tried:?}");
    }
    assert_eq!(costs(1), [1e-6]);
    assert_eq!(costs(45).len(), 45);
}

#[test]
fn a_tenth_of_each_class_is_held_out_and_one_is_always_left() {
    let labels: Vec<u32> = [(0, 40), (1, 2), (2, 1), (4, 14)]
        .iter()
        .flat_map(|(class, count)| vec![*class; *count])
        .collect();
    let out = held(&labels);
    let of = |class: u32| {
        let both = labels.iter().zip(&out);
        both.filter(|(label, held)| **label == class && **held)
            .count()
    };
    assert_eq!([of(0), of(1), of(2), of(3), of(4)], [4, 1, 0, 0, 1]);
    assert_eq!(out, held(&labels));
}

/// Two classes that a line parts, and a hundred records whose class is a coin's.
#[test]
fn the_penalty_is_chosen_on_what_is_held_out() {
    let mut rng = Philox::new(4, &[]);
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for at in 0..200u32 {
        let label = at % 2;
        let side = if label == 1 { 1.0 } else { -1.0 };
        values.push(side + 1.5 * rng.between(-1.0, 1.0) as f32);
        values.extend((0..20).map(|_| rng.between(-1.0, 1.0) as f32));
        labels.push(label);
    }
    let features = rows(&values, 21, &labels);
    let all: Vec<usize> = (0..200).collect();
    let examples = Examples::of(&features, 0, &all);
    let fitted = Softmax::fit(examples, &costs(12), &mut Desk).expect("a fit");
    assert_eq!(fitted.tried.len(), 12);
    let most = fitted
        .tried
        .iter()
        .map(|(_, told)| *told)
        .fold(0.0, f64::max);
    let chosen = fitted.tried.iter().find(|(cost, _)| *cost == fitted.cost);
    assert_eq!(chosen.map(|(_, told)| *told), Some(most));
    assert!(most > 0.7, "{:?}", fitted.tried);
}

#[test]
fn odd_labels_make_no_panic() {
    let fit = |labels: &[u32]| {
        let features = rows(&[1.0, 0.0, 0.0, 1.0, 0.5, 0.5], 2, labels);
        let examples = Examples::of(&features, 0, &[0, 1, 2]);
        let fitted = Softmax::fit(examples, &costs(12), &mut Desk).expect("a fit");
        fitted.accuracy(&features, 0, &mut Desk).expect("a number")
    };
    // one class; a class with one record; classes that nobody has between them
    assert_eq!(fit(&[0, 0, 0]), 1.0);
    assert_eq!(fit(&[0, 1, 2]), 1.0);
    // the record that is held out decides, and all but one are of its class
    assert!(fit(&[7, 7, 3]) >= 2.0 / 3.0);
    // constant features: the largest class is told
    let constant = rows(&[2.0; 10], 2, &[0, 1, 1, 1, 1]);
    let examples = Examples::of(&constant, 0, &[0, 1, 2, 3, 4]);
    let fitted = Softmax::fit(examples, &costs(12), &mut Desk).expect("a fit");
    assert_eq!(fitted.accuracy(&constant, 0, &mut Desk), Ok(0.8));
    let nothing = Examples::of(&constant, 0, &[]);
    let fitted = Softmax::fit(nothing, &costs(12), &mut Desk).expect("a fit");
    let value = fitted.accuracy(&constant, 0, &mut Desk).expect("a number");
    assert!(value.is_nan());
}

use super::super::testing::{judged_rows, rows, rows_of};
use super::*;

#[test]
fn what_scikit_learn_tells_of_the_test_split_is_told() {
    let text = include_str!("../../tests/fixtures/evaluation/logistic_regression.json");
    let fixture: serde_json::Value = serde_json::from_str(text).expect("a fixture");
    let read = ["train", "test"].map(|name| rows_of(&fixture[name]));
    let found = judged_rows(spec(), &[], read.to_vec()).expect("findings");
    let all = fixture["fits"].as_array().expect("fits").iter();
    let told = all.filter_map(|fit| fit["accuracy"].as_f64());
    let (worst, best) = told
        .skip(1)
        .fold((1.0f64, 0.0f64), |(low, high), x| (low.min(x), high.max(x)));
    let value = found.metrics[0].value;
    assert!(
        (worst..=best).contains(&value),
        "{value}, not {worst} to {best}"
    );
    let [Exhibit::Text(text)] = &found.exhibits[..] else {
        panic!("{found:?}")
    };
    assert_eq!(text.lines().count(), 13, "{text}");
}

/// The split that chooses is not learnt from: its labels are the other way round.
#[test]
fn a_split_that_chooses_is_not_learnt_from() {
    let values = [1.0, 0.0, 0.9, 0.1, 0.0, 1.0, 0.1, 0.9];
    let data = rows(&values, 2, &[0, 0, 1, 1]);
    let turned = rows(&values, 2, &[1, 1, 0, 0]);
    let read = vec![data.clone(), data, turned];
    let found = judged_rows(spec(), &[], read).expect("findings");
    assert_eq!(found.metrics[0].value, 1.0);
}

#[test]
fn what_is_no_number_makes_no_result() {
    let good = rows(&[1.0, 0.0, 0.0, 1.0], 2, &[0, 1]);
    let bad = rows(&[1.0, f32::NAN, 0.0, 1.0], 2, &[0, 1]);
    for read in [vec![good.clone(), bad.clone()], vec![bad, good]] {
        let found = judged_rows(spec(), &[], read).expect("findings");
        assert!(found.metrics[0].value.is_nan(), "{found:?}");
    }
}

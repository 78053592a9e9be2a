use super::super::testing::{judged_rows, numbers, rows, rows_of};
use super::*;
use crate::catalog::Value;

fn fixture() -> serde_json::Value {
    let text = include_str!("../../tests/fixtures/evaluation/clusters.json");
    serde_json::from_str(text).expect("a fixture")
}

fn found(features: super::super::Features, given: &[(&str, Value)]) -> Vec<f64> {
    let found = judged_rows(spec(), given, vec![features]).expect("findings");
    found.metrics.iter().map(|metric| metric.value).collect()
}

#[test]
fn scikit_learn_and_scipy_find_the_same_of_tables() {
    for case in fixture()["tables"].as_array().expect("tables") {
        let list = |name: &str| -> Vec<u32> {
            let list = numbers(&case[name]).into_iter();
            list.map(|x| x as u32).collect()
        };
        let table = Table::new(&list("groups"), &list("classes"));
        let own = [table.nmi(), table.ari(), table.matched()];
        for (name, value) in ["nmi", "ari", "accuracy"].iter().zip(own) {
            let expected = case[*name].as_f64().expect("a number");
            let of = &case["name"];
            assert!(
                (value - expected).abs() < 1e-9,
                "{of}, {name}: {value}, not {expected}"
            );
        }
    }
}

#[test]
fn scikit_learn_sorts_features_alike() {
    let fixture = fixture();
    let starts = [("starts", Value::Integer(50))];
    let values = found(rows_of(&fixture["features"]), &starts);
    for (name, value) in ["nmi", "ari", "accuracy"].iter().zip(values) {
        let expected = fixture[*name].as_f64().expect("a number");
        assert!(
            (value - expected).abs() < 1e-9,
            "{name}: {value}, not {expected}"
        );
    }
}

/// Every way to match up to four groups with up to four classes.
#[test]
fn no_other_matching_is_better() {
    fn best(table: &[Vec<u32>], group: usize, taken: u32) -> u32 {
        let Some(row) = table.get(group) else {
            return 0;
        };
        let skip = best(table, group + 1, taken);
        let free = (0..row.len()).filter(|class| taken & (1 << class) == 0);
        let used = free.map(|class| row[class] + best(table, group + 1, taken | (1 << class)));
        used.max().unwrap_or(0).max(skip)
    }
    let mut rng = crate::data::Philox::new(1, &[]);
    for (groups, classes) in [(1, 4), (4, 1), (2, 3), (3, 2), (4, 4), (3, 3)] {
        for _ in 0..40 {
            let mut table = vec![vec![0u32; classes]; groups];
            let (mut of, mut labels) = (Vec::new(), Vec::new());
            for _ in 0..30 {
                let (group, class) = (rng.below(groups as u32), rng.below(classes as u32));
                table[group as usize][class as usize] += 1;
                of.push(group);
                labels.push(class);
            }
            let expected = f64::from(best(&table, 0, 0)) / 30.0;
            assert_eq!(Table::new(&of, &labels).matched(), expected, "{table:?}");
        }
    }
}

#[test]
fn odd_sizes_and_numbers_make_no_panic() {
    let labels = [0, 0, 0, 1, 1, 2];
    // collapsed: one cluster, the part of the largest class
    assert_eq!(found(rows(&[3.0; 12], 2, &labels), &[]), [0.0, 0.0, 0.5]);
    // more clusters than records
    let six = rows(
        &[1., 0., 0., 1., 1., 1., -1., 0., 0., -1., -1., -1.],
        2,
        &labels,
    );
    let each = found(six, &[("k", Value::Integer(50))]);
    assert!(each.iter().all(|value| value.is_finite()), "{each:?}");
    // one class: one cluster agrees with it
    let one = rows(&[1.0, 0.0, 0.0, 1.0], 2, &[0, 0]);
    assert_eq!(found(one, &[]), [1.0, 1.0, 1.0]);
    let single = found(rows(&[1.0, 0.0], 2, &[0]), &[]);
    assert!(
        single[0] == 1.0 && single[1].is_nan() && single[2] == 1.0,
        "{single:?}"
    );
    let bad = found(rows(&[1.0, f32::INFINITY, 0.0, 1.0], 2, &[0, 1]), &[]);
    assert!(bad.iter().all(|value| value.is_nan()), "{bad:?}");
}

//! Cross-validation: few clips are judged on all of them, each by what was learnt from the others.

use super::evaluator::{Findings, Want};
use super::features::Features;
use super::lab::Failed;
use crate::catalog::{Args, Param, Problem, Type, Value};
use crate::language::codes::Code;

/// `folds`
pub(super) fn param() -> Param {
    Param::with_default(
        "folds",
        Type::Integer,
        "1",
        "Cross-validation, in place of `test`: `data` is divided into so many parts, each judged by what the others teach. Parts of one clip stay together; where there are fewer clips there are as many parts as clips.",
    )
    .within(1.0, 100.0)
}

/// How many parts; 1: `test` judges.
pub(super) fn count(args: &Args) -> usize {
    match args.values.get("folds").map(|argument| &argument.value) {
        Some(Value::Integer(folds)) => usize::try_from(*folds).unwrap_or(1).max(1),
        _ => 1,
    }
}

/// What is read: one split where it is divided.
pub(super) fn wants(args: &Args, all: Vec<Want>) -> Vec<Want> {
    match count(args) {
        1 => all,
        _ => all
            .into_iter()
            .filter(|want| want.field == "data")
            .collect(),
    }
}

/// How a protocol begins: `5 folds, `.
pub(super) fn said(args: &Args) -> String {
    match count(args) {
        1 => String::new(),
        folds => format!("{folds} folds of whole clips, "),
    }
}

/// A split that is named and not read.
pub(super) fn doubt(args: &Args) -> Option<Problem> {
    let named = ["test", "valid"]
        .iter()
        .find(|field| args.maybe_data(field).is_some());
    let field = named.filter(|_| count(args) > 1)?;
    let message = format!("`{field}` is not read: with `folds` every record of `data` judges once");
    Some(
        Problem::argument(Code::LintTestSplit, "folds", message)
            .help(format!("remove `{field}`, or `folds`")),
    )
}

/// Judges each part by the others; the mean over all records, a metric each, and what the last part shows.
///
/// # Errors
/// `judge` has one.
pub(super) fn crossed(
    all: &Features,
    folds: usize,
    judge: &mut dyn FnMut(Features, Features) -> Result<Findings, Failed>,
) -> Result<Findings, Failed> {
    let part_of = parts(all, folds);
    let folds = part_of.iter().max().map_or(0, |last| last + 1);
    let mut sum = Findings::default();
    for fold in 0..folds {
        let rows = |inside: bool| {
            let rows = (0..all.records).filter(|row| (part_of[*row] == fold) == inside);
            all.rows(&rows.collect::<Vec<_>>())
        };
        let (train, test) = (rows(false), rows(true));
        let weight = test.records as f64 / all.records.max(1) as f64;
        let found = judge(train, test)?;
        if sum.metrics.is_empty() {
            sum.metrics.clone_from(&found.metrics);
            sum.metrics.iter_mut().for_each(|metric| metric.value = 0.0);
        }
        for (sum, found) in sum.metrics.iter_mut().zip(&found.metrics) {
            sum.value += weight * found.value;
        }
        sum.exhibits = found.exhibits;
    }
    Ok(sum)
}

/// For each record the part that it is in. Groups of one class are dealt out one by one, those of the next class go on from there: each
/// part has its share of each class, as far as groups allow.
fn parts(all: &Features, folds: usize) -> Vec<usize> {
    let group = |row: usize| all.groups.get(row).copied().unwrap_or(row as u64);
    let mut firsts: Vec<usize> = Vec::new();
    let mut known = std::collections::BTreeMap::new();
    for row in 0..all.records {
        known.entry(group(row)).or_insert_with(|| {
            firsts.push(row);
            0
        });
    }
    firsts.sort_by_key(|row| all.labels.get(*row).copied());
    for (at, row) in firsts.iter().enumerate() {
        known.insert(group(*row), at % folds.max(1));
    }
    (0..all.records)
        .map(|row| known.get(&group(row)).copied().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::evaluator::Metric;
    use super::super::metric::{ACCURACY, Measure};
    use super::super::testing::rows;
    use super::*;

    fn features(groups: &[u64], labels: &[u32]) -> Features {
        let values: Vec<f32> = (0..groups.len()).map(|row| row as f32).collect();
        Features {
            groups: groups.to_vec(),
            ..rows(&values, 1, labels)
        }
    }

    #[test]
    fn groups_stay_together_and_classes_are_dealt_out() {
        let all = features(&[5, 5, 7, 7, 7, 9, 2, 2], &[0, 0, 0, 0, 0, 1, 1, 1]);
        assert_eq!(parts(&all, 2), [0, 0, 1, 1, 1, 0, 1, 1]);
        // no more parts than groups
        assert_eq!(parts(&all, 9), [0, 0, 1, 1, 1, 2, 3, 3]);
        // without groups each record is one
        assert_eq!(parts(&features(&[], &[]), 3), [0usize; 0]);
    }

    #[test]
    fn every_record_judges_once_by_the_others() {
        let all = features(&[1, 1, 2, 3, 3, 3], &[0; 6]);
        let mut judged = Vec::new();
        let found = crossed(&all, 3, &mut |train, test| {
            assert_eq!(train.records + test.records, 6);
            assert!(
                train.places[0]
                    .iter()
                    .all(|value| !test.places[0].contains(value))
            );
            judged.extend(test.places[0].clone());
            let value = f64::from(test.records as u8);
            let metrics = vec![Metric::new("p", (ACCURACY, Measure::FRACTION), value)];
            Ok(Findings {
                metrics,
                ..Findings::default()
            })
        });
        judged.sort_by(f32::total_cmp);
        assert_eq!(judged, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        // 2, 1 and 3 records, each weighed by itself
        let mean = (2.0 * 2.0 + 1.0 + 3.0 * 3.0) / 6.0;
        assert!((found.unwrap().metrics[0].value - mean).abs() < 1e-12);
    }
}

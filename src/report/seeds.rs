//! Several runs of one recipe that differ by their seed: the mean of each result and how far the seeds lie apart.

use serde::Serialize;

use super::ResultRow;
use super::comparison::{mean, spread};
use super::table::{Cell, lines};

/// Widest protocol before it goes on in the next line, and the same of a stage's name.
const PROTOCOL: usize = 36;
const STAGE: usize = 24;

/// A result over several seeds; one element of a `results.json`.
#[derive(Clone, Debug, Serialize)]
pub struct SeedsRow {
    /// The means, as a row of their own.
    #[serde(flatten)]
    pub mean: ResultRow,
    /// The trained value of each seed.
    pub values: Vec<f64>,
    /// The same of the untrained encoder, where it was judged.
    #[serde(skip)]
    untrained: Vec<f64>,
    #[serde(skip)]
    raw: Vec<f64>,
    #[serde(skip)]
    beside: Vec<f64>,
    #[serde(skip)]
    supervised: Vec<f64>,
}

/// The results of several runs, each by its stage, evaluator, protocol and metric. What a run lacks is not in its means.
pub fn over_seeds(runs: &[Vec<ResultRow>]) -> Vec<SeedsRow> {
    let mut found: Vec<SeedsRow> = Vec::new();
    for row in runs.iter().flatten() {
        let same = |other: &SeedsRow| {
            let other = &other.mean;
            (
                &other.stage,
                &other.evaluator,
                &other.protocol,
                &other.metric,
            ) == (&row.stage, &row.evaluator, &row.protocol, &row.metric)
        };
        let index = match found.iter().position(same) {
            Some(index) => index,
            None => {
                found.push(SeedsRow {
                    mean: row.clone(),
                    values: Vec::new(),
                    untrained: Vec::new(),
                    raw: Vec::new(),
                    beside: Vec::new(),
                    supervised: Vec::new(),
                });
                found.len() - 1
            }
        };
        let into = &mut found[index];
        into.values.push(row.value);
        into.untrained.extend(row.untrained);
        into.raw.extend(row.raw);
        into.beside.extend(row.beside);
        into.supervised.extend(row.supervised);
    }
    for row in &mut found {
        let of = |numbers: &[f64]| (!numbers.is_empty()).then(|| mean(numbers));
        row.mean.value = mean(&row.values);
        row.mean.untrained = of(&row.untrained);
        row.mean.raw = of(&row.raw);
        row.mean.beside = of(&row.beside);
        row.mean.supervised = of(&row.supervised);
    }
    found
}

/// The table that a run of several seeds prints last: each mean ± the standard deviation over the seeds (of n − 1), beside its baselines and
/// the gain of the means over them.
pub fn seeds_table(rows: &[SeedsRow]) -> String {
    let means: Vec<ResultRow> = rows.iter().map(|row| row.mean.clone()).collect();
    let shown = |index: usize, cell: Cell| {
        let row: &SeedsRow = &rows[index];
        let numbers = match cell {
            Cell::Trained => &row.values,
            Cell::Untrained => &row.untrained,
            Cell::Raw => &row.raw,
            Cell::Beside => &row.beside,
            Cell::Supervised => &row.supervised,
        };
        spread(row.mean.measure(), numbers)
    };
    lines(&means, [PROTOCOL, STAGE], &shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(stage: &str, value: f64, untrained: Option<f64>) -> ResultRow {
        ResultRow {
            stage: stage.into(),
            evaluator: "knn".into(),
            protocol: "k = 5".into(),
            metric: "accuracy".into(),
            value,
            untrained,
            ..ResultRow::default()
        }
    }

    #[test]
    fn means_and_deviations_stand_beside_their_baselines() {
        // 0.5, 0.6 and 0.7: mean 0.6, deviation 0.1; of 0.3 and 0.4: 0.35 and 0.1 / √2
        let runs = [
            vec![row("a", 0.5, Some(0.3)), row("b", 0.2, None)],
            vec![row("a", 0.6, Some(0.4)), row("b", 0.2, None)],
            vec![row("a", 0.7, None)],
        ];
        let rows = over_seeds(&runs);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].values, [0.5, 0.6, 0.7]);
        assert!((rows[0].mean.value - 0.6).abs() < 1e-12);
        let expected = "\
stage  evaluator · protocol  metric        trained   untrained   gain
a      knn · k = 5           accuracy  60.0 ± 10.0  35.0 ± 7.1  +25.0
b      knn · k = 5           accuracy   20.0 ± 0.0           –
";
        assert_eq!(seeds_table(&rows), expected);
        let json = serde_json::to_value(&rows[1]).expect("a row");
        assert_eq!(json["values"], serde_json::json!([0.2, 0.2]));
        let read: ResultRow = serde_json::from_value(json).expect("a row of means");
        assert_eq!(read.value, 0.2);
    }
}

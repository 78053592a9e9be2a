//! Several runs in one table: a row for each name, the mean and standard deviation over its runs.

use std::fmt::Write;

use super::ResultRow;
use super::results::PIXELS;
use crate::evaluation::{Measure, Unit};

/// The results of one run under the name that its row has; runs of one name differ by their seed.
pub struct Compared {
    /// `simclr`
    pub name: String,
    /// `results.json`
    pub rows: Vec<ResultRow>,
}

/// What a column holds: the n-th result that a stage of this name gave by this evaluator and metric.
#[derive(PartialEq)]
struct Key<'r> {
    stage: &'r str,
    evaluator: &'r str,
    metric: &'r str,
    /// Of several places, which.
    number: usize,
}

struct Column<'r> {
    key: Key<'r>,
    measure: Measure,
    /// Of the runs that have it, each with the run's name.
    rows: Vec<(&'r str, &'r ResultRow)>,
}

impl Column<'_> {
    /// Its numbers, of the runs of one name or of all.
    fn values(&self, name: Option<&str>, of: impl Fn(&ResultRow) -> Option<f64>) -> Vec<f64> {
        let rows = self.rows.iter();
        let rows = rows.filter(|(own, _)| name.is_none_or(|name| *own == name));
        rows.filter_map(|(_, row)| of(row)).collect()
    }

    /// How it was measured: every way once.
    fn protocols(&self) -> String {
        let mut all: Vec<String> = Vec::new();
        for (_, row) in &self.rows {
            let protocol = cell(&row.protocol);
            if !all.contains(&protocol) {
                all.push(protocol);
            }
        }
        all.join("; or ")
    }
}

/// A Markdown table: a row for each name, best first by the first column, a column for each thing that was measured. A cell is the mean over the
/// runs of a name ± their standard deviation (of n − 1; none of one run), and in brackets the gain over the same encoder untrained.
/// Raw data and supervised training stand in rows of their own. How each column was measured stands below.
pub fn comparison(runs: &[Compared]) -> String {
    let columns = columns(runs);
    let mut names: Vec<&str> = Vec::new();
    for run in runs {
        if !names.contains(&run.name.as_str()) {
            names.push(&run.name);
        }
    }
    if let Some(first) = columns.first() {
        let mean = |name: &str| mean(&first.values(Some(name), |row| Some(row.value)));
        let better = |a: &&str, b: &&str| {
            let (a, b) = (mean(a), mean(b));
            match (
                first.measure.better.prefers(a, b),
                first.measure.better.prefers(b, a),
            ) {
                (true, _) => std::cmp::Ordering::Less,
                (_, true) => std::cmp::Ordering::Greater,
                // what is not a number comes last
                _ => a.is_nan().cmp(&b.is_nan()),
            }
        };
        names.sort_by(better);
    }
    let mut out = String::from("| |");
    for column in &columns {
        let _ = write!(out, " {} |", title(column, &columns));
    }
    out += "\n|---|";
    out += &"---:|".repeat(columns.len());
    out.push('\n');
    for name in names {
        let _ = write!(out, "| {} |", cell(name));
        for column in &columns {
            let own = column.values(Some(name), |row| Some(row.value));
            let untrained = column.values(Some(name), |row| row.untrained);
            let mut text = spread(column.measure, &own);
            if let Some(gain) = column.measure.gain(mean(&own), mean(&untrained)) {
                let _ = write!(text, " ({gain})");
            }
            let _ = write!(out, " {text} |");
        }
        out.push('\n');
    }
    let raw = alike(
        runs.iter()
            .flat_map(|run| &run.rows)
            .filter(|row| row.raw.is_some()),
    );
    type Of = fn(&ResultRow) -> Option<f64>;
    let beside: [(&str, Of); 3] = [
        ("untrained", |row| row.untrained),
        (raw, |row| row.raw),
        ("supervised", |row| row.supervised),
    ];
    for (name, of) in beside {
        let numbers: Vec<Vec<f64>> = columns
            .iter()
            .map(|column| column.values(None, of))
            .collect();
        if numbers.iter().all(Vec::is_empty) {
            continue;
        }
        let _ = write!(out, "| *{}* |", cell(name));
        for (column, numbers) in columns.iter().zip(&numbers) {
            let _ = write!(out, " {} |", spread(column.measure, numbers));
        }
        out.push('\n');
    }
    out.push('\n');
    for column in &columns {
        let _ = writeln!(
            out,
            "- {}: `{}`, {}",
            title(column, &columns),
            cell(column.key.evaluator),
            column.protocols(),
        );
    }
    out
}

/// Everything that was measured, in the order in which it comes first.
fn columns(runs: &[Compared]) -> Vec<Column<'_>> {
    let mut columns: Vec<Column<'_>> = Vec::new();
    for run in runs {
        for (row, key) in keyed(&run.rows) {
            let at = match columns.iter().position(|column| column.key == key) {
                Some(at) => at,
                None => {
                    columns.push(Column {
                        key,
                        measure: row.measure(),
                        rows: Vec::new(),
                    });
                    columns.len() - 1
                }
            };
            columns[at].rows.push((&run.name, row));
        }
    }
    columns
}

fn keyed(rows: &[ResultRow]) -> Vec<(&ResultRow, Key<'_>)> {
    let mut found: Vec<(&ResultRow, Key<'_>)> = Vec::new();
    for row in rows {
        let same = |(other, _): &&(&ResultRow, Key<'_>)| {
            (&other.stage, &other.evaluator, &other.metric)
                == (&row.stage, &row.evaluator, &row.metric)
        };
        let key = Key {
            stage: &row.stage,
            evaluator: &row.evaluator,
            metric: &row.metric,
            number: found.iter().filter(same).count(),
        };
        found.push((row, key));
    }
    found
}

/// NaN of nothing.
pub(super) fn mean(numbers: &[f64]) -> f64 {
    match numbers {
        [] => f64::NAN,
        _ => numbers.iter().sum::<f64>() / numbers.len() as f64,
    }
}

/// `48.4 ± 0.6`, percent of a fraction.
pub(super) fn spread(measure: Measure, numbers: &[f64]) -> String {
    let mean = mean(numbers);
    if !mean.is_finite() {
        return "–".into();
    }
    let (scale, digits) = match measure.unit {
        Unit::Fraction => (100.0, 1),
        Unit::Score | Unit::Error => (1.0, 3),
        Unit::Count => (1.0, 1),
    };
    if numbers.len() < 2 {
        return format!("{:.digits$}", scale * mean);
    }
    let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
    let deviation = (squares / (numbers.len() - 1) as f64).sqrt();
    format!("{:.digits$} ± {:.digits$}", scale * mean, scale * deviation)
}

/// The stage's name, with what else tells it from the others.
fn title(column: &Column<'_>, all: &[Column<'_>]) -> String {
    let Key {
        stage,
        metric,
        number,
        ..
    } = column.key;
    let metrics = all.iter().filter(|other| other.key.stage == stage);
    let mut text = cell(stage);
    if metrics.clone().any(|other| other.key.metric != metric) {
        let _ = write!(text, " {}", cell(metric));
    }
    if metrics.clone().any(|other| other.key.number > 0) {
        let _ = write!(text, " {}", number + 1);
    }
    text
}

fn alike<'r>(mut rows: impl Iterator<Item = &'r ResultRow>) -> &'r str {
    let Some(first) = rows.next().map(ResultRow::raw_name) else {
        return PIXELS;
    };
    match rows.all(|row| row.raw_name() == first) {
        true => first,
        false => "raw",
    }
}

/// Text in one cell: names come from strangers.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, value: f64, untrained: f64) -> Compared {
        let row = |stage: &str, value| ResultRow {
            stage: stage.into(),
            evaluator: "knn".into(),
            protocol: "k = 20".into(),
            metric: "accuracy".into(),
            value,
            untrained: Some(untrained),
            raw: Some(0.4),
            ..ResultRow::default()
        };
        Compared {
            name: name.into(),
            rows: vec![
                row("near", value),
                row("near", value + 0.01),
                row("far", value),
            ],
        }
    }

    #[test]
    fn runs_of_one_name_are_a_row_and_the_best_is_first() {
        let runs = [
            run("a_b", 0.5, 0.3),
            run("c", 0.61, 0.3),
            run("c", 0.65, 0.32),
            run("c", 0.66, 0.31),
        ];
        // of 61, 65, 66 the mean is 64 and the deviation √((9 + 1 + 4) / 2) = 2.65
        let wanted = "\
| | near 1 | near 2 | far |
|---|---:|---:|---:|
| c | 64.0 ± 2.6 (+33.0) | 65.0 ± 2.6 (+34.0) | 64.0 ± 2.6 (+33.0) |
| a\\_b | 50.0 (+20.0) | 51.0 (+21.0) | 50.0 (+20.0) |
| *untrained* | 30.8 ± 1.0 | 30.8 ± 1.0 | 30.8 ± 1.0 |
| *raw pixels* | 40.0 ± 0.0 | 40.0 ± 0.0 | 40.0 ± 0.0 |

- near 1: `knn`, k = 20
- near 2: `knn`, k = 20
- far: `knn`, k = 20
";
        assert_eq!(comparison(&runs), wanted);
    }

    #[test]
    fn what_failed_is_last_and_what_is_missing_is_a_dash() {
        let mut none = run("gone", 0.9, 0.3);
        none.rows.truncate(1);
        let runs = [run("failed", f64::NAN, 0.3), none, run("low", 0.2, 0.3)];
        let table = comparison(&runs);
        let rows: Vec<&str> = table.lines().skip(2).take(3).collect();
        assert!(
            rows[0].starts_with("| gone | 90.0 (+60.0) | – | – |"),
            "{table}"
        );
        assert!(rows[1].starts_with("| low | 20.0 (−10.0) |"), "{table}");
        assert!(rows[2].starts_with("| failed | – | – |"), "{table}");
    }
}

//! Several runs in one table: a row for each name, the mean and standard deviation over its runs.

use std::fmt::Write;

use super::ResultRow;
use super::results::PIXELS;
use crate::evaluation::{Measure, Unit};

/// The results of one run under the name that its row has; runs of one name differ by their seed.
#[derive(Clone)]
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
    /// Its numbers, of the runs of these names; one name after the other.
    fn values(&self, names: &[&str], of: impl Fn(&ResultRow) -> Option<f64>) -> Vec<f64> {
        let mut found = Vec::new();
        for name in names {
            let own = self.rows.iter().filter(|(own, _)| own == name);
            found.extend(own.filter_map(|(_, row)| of(row)));
        }
        found
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

/// Markdown tables. Runs that judge one encoder each share one: a row for each name. A run that judges several has one of its own: a row for each
/// stage whose encoder was judged. Best first by the first column, a column for each thing that was measured. A cell is the mean over the
/// runs of a name ± their standard deviation (of n − 1; none of one run), and in brackets the gain over the same encoder untrained.
/// Raw data and supervised training stand in rows of their own. How each column was measured stands below.
pub fn comparison(runs: &[Compared]) -> String {
    let mut groups: Vec<(&str, Vec<Compared>)> = Vec::new();
    for run in runs {
        let mut sources: Vec<&str> = run.rows.iter().map(|row| row.from.as_str()).collect();
        sources.sort_unstable();
        sources.dedup();
        let (group, own) = match sources.len() {
            0 | 1 => ("", vec![run.clone()]),
            _ => (
                run.name.as_str(),
                sources.iter().map(|from| part(run, from)).collect(),
            ),
        };
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, all)) => all.extend(own),
            None => groups.push((group, own)),
        }
    }
    let several = groups.len() > 1;
    let tables = groups.iter().map(|(name, runs)| {
        let heading = match name.is_empty() || !several {
            true => String::new(),
            false => format!("**{}**\n\n", cell(name)),
        };
        heading + &table(runs, !name.is_empty())
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// What a run says of one encoder, under that stage's name; columns of several encoders meet: `near_simclr` and `near_moco` are `near`.
fn part(run: &Compared, from: &str) -> Compared {
    let ending = format!("_{}", from.replace('.', "_"));
    let rows = run.rows.iter().filter(|row| row.from == from);
    let rows = rows.map(|row| ResultRow {
        stage: (row.stage.strip_suffix(&ending).unwrap_or(&row.stage)).to_owned(),
        ..row.clone()
    });
    Compared {
        name: from.to_owned(),
        rows: rows.collect(),
    }
}

/// A baseline of a row of results.
type Of = fn(&ResultRow) -> Option<f64>;

/// One table. `parts`: the rows are stages of one recipe, and have a baseline each where it is not the one of most.
fn table(runs: &[Compared], parts: bool) -> String {
    let columns = columns(runs);
    let mut names: Vec<&str> = Vec::new();
    for run in runs {
        if !names.contains(&run.name.as_str()) {
            names.push(&run.name);
        }
    }
    if let Some(first) = columns.first() {
        let mean = |name: &str| mean(&first.values(&[name], |row| Some(row.value)));
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
    for name in &names {
        let _ = write!(out, "| {} |", cell(name));
        for column in &columns {
            let own = column.values(&[name], |row| Some(row.value));
            let untrained = column.values(&[name], |row| row.untrained);
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
    let beside: [(&str, Of); 3] = [
        ("untrained", |row| row.untrained),
        (raw, |row| row.raw),
        ("supervised", |row| row.supervised),
    ];
    for (name, of) in beside {
        let of_each = |group: &[&str]| -> Vec<Vec<f64>> {
            let numbers = columns.iter().map(|column| column.values(group, of));
            numbers.collect()
        };
        let mut groups = vec![names.clone()];
        if parts {
            groups = alike_in(&names, of_each);
        }
        for (index, group) in groups.iter().enumerate() {
            let numbers = of_each(group);
            if numbers.iter().all(Vec::is_empty) {
                continue;
            }
            let whose = match index {
                0 => String::new(),
                _ => format!(", {}", group.join(", ")),
            };
            let _ = write!(out, "| *{}*{} |", cell(name), cell(&whose));
            for (column, mut numbers) in columns.iter().zip(numbers) {
                // each encoder of a group has the same numbers: one of each seed
                if parts {
                    numbers.truncate(numbers.len() / group.len());
                }
                let _ = write!(out, " {} |", spread(column.measure, &numbers));
            }
            out.push('\n');
        }
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

/// Names whose numbers are the same, the largest group first.
fn alike_in<'n>(names: &[&'n str], of: impl Fn(&[&str]) -> Vec<Vec<f64>>) -> Vec<Vec<&'n str>> {
    let mut groups: Vec<(Vec<Vec<f64>>, Vec<&str>)> = Vec::new();
    for name in names {
        let own = of(&[name]);
        match groups.iter_mut().find(|(numbers, _)| *numbers == own) {
            Some((_, group)) => group.push(name),
            None => groups.push((own, vec![name])),
        }
    }
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.len()));
    groups.into_iter().map(|(_, group)| group).collect()
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
    fn a_run_of_several_encoders_is_a_table_and_each_of_them_a_row() {
        let row = |from: &str, value, untrained| ResultRow {
            stage: format!("near_{}", from.replace('.', "_")),
            from: from.into(),
            evaluator: "knn".into(),
            protocol: "k = 20".into(),
            metric: "accuracy".into(),
            value,
            untrained: Some(untrained),
            ..ResultRow::default()
        };
        let seed = |add: f64| Compared {
            name: "nets".into(),
            rows: vec![
                row("halves", 0.4 + add, 0.2 + add),
                row("moco.momentum", 0.5 + add, 0.3 + add),
                row("simclr", 0.6 + add, 0.3 + add),
            ],
        };
        let wanted = "\
| | near |
|---|---:|
| simclr | 61.0 ± 1.4 (+30.0) |
| moco.momentum | 51.0 ± 1.4 (+20.0) |
| halves | 41.0 ± 1.4 (+20.0) |
| *untrained* | 31.0 ± 1.4 |
| *untrained*, halves | 21.0 ± 1.4 |

- near: `knn`, k = 20
";
        assert_eq!(comparison(&[seed(0.0), seed(0.02)]), wanted);
        let both = comparison(&[seed(0.0), run("alone", 0.5, 0.3)]);
        assert!(both.starts_with("**nets**\n\n| | near |"), "{both}");
        assert!(both.contains("\n\n| | near 1 | near 2 | far |"), "{both}");
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

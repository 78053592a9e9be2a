//! Several runs in one table: a row for each name, the mean and standard deviation over its runs.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::ResultRow;
use super::results::PIXELS;
use super::text::{Side, columns as columns_of};
use crate::evaluation::{Measure, Unit};

/// The results of one run under the name that its row has; runs of one name differ by their seed.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// `simclr`
    pub name: String,
    /// `results.json`
    pub rows: Vec<ResultRow>,
    /// What each stage was judged on, by the content of its data, where that is known: other data are no like protocol.
    pub data: BTreeMap<String, String>,
}

/// One table, before it is written as Markdown or as a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The run that it is of, where there are several tables.
    pub title: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// A row each: its name, its cells.
    pub rows: Vec<(String, Vec<String>)>,
    /// The baselines below them, likewise.
    pub beside: Vec<(String, Vec<String>)>,
    /// How each column was measured: its name, the evaluator, the protocol.
    pub protocols: Vec<[String; 3]>,
    /// What of that is otherwise in one row, because of its encoder: the row, and what.
    pub apart: Vec<[String; 2]>,
}

/// What a column holds: the n-th result that a stage of this name gave by this evaluator, metric and protocol, on these data.
#[derive(PartialEq)]
struct Key<'r> {
    stage: &'r str,
    evaluator: &'r str,
    metric: &'r str,
    protocol: String,
    data: &'r str,
    /// Of several of the same, which.
    number: usize,
}

struct Column<'r> {
    key: Key<'r>,
    measure: Measure,
    /// Of the runs that have it, each with the run's name.
    rows: Vec<(&'r str, &'r ResultRow)>,
    /// Of each row, what of its protocol belongs to its encoder.
    own: Vec<String>,
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
}

/// How a row was measured, without what its run met on the way: records that were left out, a collapse.
fn protocol(row: &ResultRow) -> String {
    let mut text = row.protocol.clone();
    let records = |n: &u64| if *n == 1 { "record" } else { "records" };
    let mut met: Vec<String> = Vec::new();
    for n in row.left_out.values() {
        met.push(format!(", trained without {n} unreadable {}", records(n)));
        met.push(format!(", {n} {} left out", records(n)));
    }
    for n in row.repaired.values() {
        met.push(format!(", trained with {n} repaired {}", records(n)));
        met.push(format!(", {n} {} repaired", records(n)));
    }
    for (stage, step) in &row.collapsed {
        let said = format!(", `{stage}` collapsed by step {step}");
        met.push(format!("{said}, where it ended"));
        met.push(said);
    }
    for said in met {
        text = text.replacen(&said, "", 1);
    }
    text
}

/// Parts a protocol into what was asked of every encoder of a recipe, and what belongs to one of them: which part of it is read, how records
/// are prepared for it, how long it was taught beside.
fn parted(protocol: &str, row: &ResultRow) -> (String, String) {
    let part = row.from.split_once('.').map_or("", |(_, part)| part);
    let (mut all, mut own): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut view = false;
    for phrase in protocol.split(", ") {
        let supervised = phrase.starts_with("supervised for ");
        // what follows belongs to the view
        view = !supervised && (view || phrase.starts_with("view "));
        match view || supervised || phrase == part {
            true => own.push(phrase),
            false => all.push(phrase),
        }
    }
    (all.join(", "), own.join(", "))
}

/// Markdown tables of [`comparisons`].
pub fn comparison(runs: &[Compared]) -> String {
    let tables = comparisons(runs);
    let several = tables.len() > 1;
    let texts = tables.iter().map(|table| markdown(table, several));
    texts.collect::<Vec<_>>().join("\n")
}

/// One table of all runs, a row for each name, whatever encoders they judge: the points of a sweep.
pub fn side_by_side(runs: &[Compared]) -> Comparison {
    table(runs, false)
}

/// A table as Markdown. `titled`: it says which run it is of.
pub fn markdown(table: &Comparison, titled: bool) -> String {
    let mut out = match titled && !table.title.is_empty() {
        true => format!("**{}**\n\n", cell(&table.title)),
        false => String::new(),
    };
    out += "| |";
    for column in &table.columns {
        let _ = write!(out, " {} |", cell(column));
    }
    out += "\n|---|";
    out += &"---:|".repeat(table.columns.len());
    out.push('\n');
    let line = |out: &mut String, name: String, cells: &[String]| {
        let _ = write!(out, "| {name} |");
        for cell in cells {
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    };
    for (name, cells) in &table.rows {
        line(&mut out, cell(name), cells);
    }
    for (name, cells) in &table.beside {
        let (name, whose) = name.split_once(", ").unwrap_or((name, ""));
        let whose = match whose {
            "" => String::new(),
            whose => format!(", {}", cell(whose)),
        };
        line(&mut out, format!("*{}*{whose}", cell(name)), cells);
    }
    out.push('\n');
    for [column, evaluator, protocol] in &table.protocols {
        let how = format!("`{}`, {}", cell(evaluator), cell(protocol));
        let _ = writeln!(out, "- {}: {}", cell(column), how.trim_end_matches(", "));
    }
    for [row, what] in &table.apart {
        let _ = writeln!(out, "- {} alone: {}", cell(row), cell(what));
    }
    out
}

/// A table as aligned text, for a terminal.
pub fn plain(table: &Comparison) -> String {
    if table.columns.is_empty() {
        return String::new();
    }
    let head = std::iter::once(String::new()).chain(table.columns.iter().cloned());
    let mut lines: Vec<Vec<Vec<String>>> = vec![head.map(|cell| vec![cell]).collect()];
    for (name, cells) in table.rows.iter().chain(&table.beside) {
        let line = std::iter::once(name.clone()).chain(cells.iter().cloned());
        lines.push(line.map(|cell| vec![cell]).collect());
    }
    let mut sides = vec![Side::Right; table.columns.len() + 1];
    sides[0] = Side::Left;
    let mut out = columns_of(&lines, &sides);
    for [column, evaluator, protocol] in &table.protocols {
        let how = format!("{column}: {evaluator} · {protocol}");
        out += how.trim_end_matches(" · ");
        out.push('\n');
    }
    for [row, what] in &table.apart {
        let _ = writeln!(out, "{row} alone: {what}");
    }
    out
}

/// Tables. Runs that judge one encoder each share one: a row for each name. A run that judges several has one of its own: a row for each
/// stage whose encoder was judged. Best first by the first column, a column for each thing that was measured. A cell is the mean over the
/// runs of a name ± their standard deviation (of n − 1; none of one run), and in brackets the gain over the same encoder untrained.
/// Raw data and supervised training stand in rows of their own. How each column was measured stands below.
pub fn comparisons(runs: &[Compared]) -> Vec<Comparison> {
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
    let tables = groups.iter().map(|(name, runs)| Comparison {
        title: (*name).to_owned(),
        ..table(runs, !name.is_empty())
    });
    tables.collect()
}

/// What a run says of one encoder, under that stage's name; columns of several encoders meet: `near_simclr` and `near_moco` are `near`.
fn part(run: &Compared, from: &str) -> Compared {
    // by the part that it reads, or by the stage alone
    let stage = from.split('.').next().unwrap_or(from);
    let endings = [from.replace('.', "_"), stage.to_owned()].map(|name| format!("_{name}"));
    let rows = run.rows.iter().filter(|row| row.from == from);
    let short = |stage: &str| {
        let mut short = endings
            .iter()
            .filter_map(|ending| stage.strip_suffix(ending));
        short.next().unwrap_or(stage).to_owned()
    };
    let rows = rows.map(|row| ResultRow {
        stage: short(&row.stage),
        ..row.clone()
    });
    let data = run.data.iter();
    Compared {
        name: from.to_owned(),
        rows: rows.collect(),
        data: data
            .map(|(stage, data)| (short(stage), data.clone()))
            .collect(),
    }
}

/// A baseline of a row of results.
type Of = fn(&ResultRow) -> Option<f64>;

/// One table. `parts`: the rows are stages of one recipe, and have a baseline each where it is not the one of most.
fn table(runs: &[Compared], parts: bool) -> Comparison {
    let mut columns = columns(runs, parts);
    let apart = apart(&mut columns);
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
    let rows = names.iter().map(|name| {
        let cells = columns.iter().map(|column| {
            let own = column.values(&[name], |row| Some(row.value));
            let untrained = column.values(&[name], |row| row.untrained);
            let mut text = spread(column.measure, &own);
            if let Some(gain) = column.measure.gain(mean(&own), mean(&untrained)) {
                let _ = write!(text, " ({gain})");
            }
            text
        });
        ((*name).to_owned(), cells.collect())
    });
    let rows = rows.collect();
    let mut below = Vec::new();
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
            let cells = columns.iter().zip(numbers).map(|(column, mut numbers)| {
                // each encoder of a group has the same numbers: one of each seed
                if parts {
                    numbers.truncate(numbers.len() / group.len());
                }
                spread(column.measure, &numbers)
            });
            below.push((format!("{name}{whose}"), cells.collect()));
        }
    }
    let protocols = columns.iter().map(|column| {
        [
            title(column, &columns),
            column.key.evaluator.to_owned(),
            column.key.protocol.clone(),
        ]
    });
    Comparison {
        title: String::new(),
        columns: columns
            .iter()
            .map(|column| title(column, &columns))
            .collect(),
        rows,
        beside: below,
        protocols: protocols.collect(),
        apart,
    }
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

/// Puts what most encoders have into the protocols of the columns, and says of which rows it is otherwise.
fn apart(columns: &mut [Column<'_>]) -> Vec<[String; 2]> {
    let mut found: Vec<(String, String, Vec<String>)> = Vec::new();
    let mut most_of: Vec<String> = Vec::new();
    for column in columns.iter() {
        let has = |own: &String, phrase: &str| own.split(", ").any(|other| other == phrase);
        let most = |phrase: &&str| {
            let having = column.own.iter().filter(|own| has(own, phrase));
            2 * having.count() > column.own.len()
        };
        let longest = column
            .own
            .iter()
            .max_by_key(|own| own.split(", ").filter(most).count());
        let shared: Vec<&str> = longest
            .map_or("", String::as_str)
            .split(", ")
            .filter(most)
            .collect();
        most_of.push(shared.join(", "));
    }
    for (column, most) in columns.iter_mut().zip(&most_of) {
        if !most.is_empty() {
            column.key.protocol = match column.key.protocol.as_str() {
                "" => most.clone(),
                all => format!("{all}, {most}"),
            };
        }
    }
    for (column, most) in columns.iter().zip(&most_of) {
        let title = title(column, columns);
        for ((name, _), own) in column.rows.iter().zip(&column.own) {
            let shared: Vec<&str> = most.split(", ").collect();
            let more: Vec<&str> = own
                .split(", ")
                .filter(|phrase| !shared.contains(phrase))
                .collect();
            let what = more.join(", ");
            if what.is_empty() {
                continue;
            }
            let same =
                |(of, said, _): &&mut (String, String, Vec<String>)| of == name && *said == what;
            match found.iter_mut().find(same) {
                Some((_, _, titles)) if titles.contains(&title) => {}
                Some((_, _, titles)) => titles.push(title.clone()),
                None => found.push(((*name).to_owned(), what, vec![title.clone()])),
            }
        }
    }
    let told = found.into_iter().map(|(name, what, titles)| {
        let whole = titles.len() == columns.len();
        let of = if whole {
            String::new()
        } else {
            format!(" ({})", titles.join(", "))
        };
        [name, format!("{what}{of}")]
    });
    told.collect()
}

/// Everything that was measured, in the order in which it comes first. `parts`: of several encoders of one recipe.
fn columns(runs: &[Compared], parts: bool) -> Vec<Column<'_>> {
    let mut columns: Vec<Column<'_>> = Vec::new();
    for run in runs {
        for (row, key, own_words) in keyed(run, parts) {
            // data that nobody knows may be those of any column
            let same = |column: &Column<'_>| {
                let own = &column.key;
                let known = own.data == key.data || own.data.is_empty() || key.data.is_empty();
                known
                    && (
                        own.stage,
                        own.evaluator,
                        own.metric,
                        &own.protocol,
                        own.number,
                    ) == (
                        key.stage,
                        key.evaluator,
                        key.metric,
                        &key.protocol,
                        key.number,
                    )
            };
            let at = match columns.iter().position(same) {
                Some(at) => at,
                None => {
                    columns.push(Column {
                        key,
                        measure: row.measure(),
                        rows: Vec::new(),
                        own: Vec::new(),
                    });
                    columns.len() - 1
                }
            };
            columns[at].rows.push((&run.name, row));
            columns[at].own.push(own_words);
        }
    }
    columns
}

fn keyed(run: &Compared, parts: bool) -> Vec<(&ResultRow, Key<'_>, String)> {
    let mut found: Vec<(&ResultRow, Key<'_>, String)> = Vec::new();
    for row in &run.rows {
        let whole = protocol(row);
        let (protocol, own) = match parts {
            true => parted(&whole, row),
            false => (whole, String::new()),
        };
        let same = |(other, key, _): &&(&ResultRow, Key<'_>, String)| {
            (&other.stage, &other.evaluator, &other.metric, &key.protocol)
                == (&row.stage, &row.evaluator, &row.metric, &protocol)
        };
        let key = Key {
            stage: &row.stage,
            evaluator: &row.evaluator,
            metric: &row.metric,
            data: run.data.get(&row.stage).map_or("", String::as_str),
            number: found.iter().filter(same).count(),
            protocol,
        };
        found.push((row, key, own));
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
    let Key { stage, metric, .. } = column.key;
    let of_stage = all.iter().filter(|other| other.key.stage == stage);
    let mut text = stage.to_owned();
    if of_stage.clone().any(|other| other.key.metric != metric) {
        let _ = write!(text, " {metric}");
    }
    let like: Vec<&Column<'_>> = of_stage
        .filter(|other| other.key.metric == metric)
        .collect();
    if like.len() > 1 {
        let at = like.iter().position(|other| other.key == column.key);
        let _ = write!(text, " {}", at.unwrap_or(0) + 1);
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
            data: BTreeMap::new(),
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
            data: BTreeMap::new(),
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
    fn what_belongs_to_an_encoder_makes_no_column_of_its_own() {
        let row = |from: &str, stage: &str, protocol: &str, supervised| ResultRow {
            stage: stage.into(),
            from: from.into(),
            evaluator: "knn".into(),
            protocol: protocol.into(),
            metric: "accuracy".into(),
            value: 0.5,
            untrained: Some(0.3),
            supervised,
            ..ResultRow::default()
        };
        let run = Compared {
            name: "nets".into(),
            data: BTreeMap::new(),
            rows: vec![
                row(
                    "mae",
                    "near_mae",
                    "k = 20, view normalised, supervised for 2 epochs",
                    Some(0.7),
                ),
                row(
                    "dino.teacher",
                    "near_dino",
                    "k = 20, teacher, view normalised",
                    None,
                ),
                row("grey", "near_grey", "k = 20, view lightness, small", None),
                row("simclr", "near_simclr", "k = 20, view normalised", None),
                // another protocol is another column
                row("moco", "near_moco", "k = 5, view normalised", None),
            ],
        };
        let wanted = "\
| | near 1 | near 2 |
|---|---:|---:|
| dino.teacher | 50.0 (+20.0) | – |
| grey | 50.0 (+20.0) | – |
| mae | 50.0 (+20.0) | – |
| simclr | 50.0 (+20.0) | – |
| moco | – | 50.0 (+20.0) |
| *untrained* | 30.0 | – |
| *untrained*, moco | – | 30.0 |
| *supervised*, mae | 70.0 | – |

- near 1: `knn`, k = 20, view normalised
- near 2: `knn`, k = 5, view normalised
- dino.teacher alone: teacher (near 1)
- grey alone: view lightness, small (near 1)
- mae alone: supervised for 2 epochs (near 1)
";
        assert_eq!(comparison(&[run]), wanted);
    }

    #[test]
    fn only_like_protocols_stand_beside_each_other() {
        let mut other = run("b", 0.6, 0.3);
        other.rows.truncate(1);
        other.rows[0].protocol = "k = 5".into();
        let mut met = run("c", 0.7, 0.3);
        met.rows.truncate(1);
        met.rows[0].protocol += ", trained without 3 unreadable records, `p` collapsed by step 7";
        met.rows[0].left_out.insert("p".into(), 3);
        met.rows[0].collapsed.insert("p".into(), 7);
        let mut elsewhere = run("d", 0.8, 0.3);
        elsewhere.rows.truncate(1);
        elsewhere.data.insert("near".into(), "other".into());
        let mut first = run("a", 0.5, 0.3);
        first.rows.truncate(1);
        first.data.insert("near".into(), "some".into());
        let table = comparison(&[first, other, met, elsewhere]);
        let rows: Vec<&str> = table.lines().take(6).collect();
        assert_eq!(
            rows,
            [
                "| | near 1 | near 2 | near 3 |",
                "|---|---:|---:|---:|",
                // what a run met on the way is no other protocol
                "| c | 70.0 (+40.0) | – | – |",
                "| a | 50.0 (+20.0) | – | – |",
                "| b | – | 60.0 (+30.0) | – |",
                "| d | – | – | 80.0 (+50.0) |",
            ],
            "{table}"
        );
        assert!(table.contains("- near 2: `knn`, k = 5\n"), "{table}");
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

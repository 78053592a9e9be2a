//! The table that a run prints last.

use super::ResultRow;
use super::results::PIXELS;
use super::text::{Side, columns, width, wrap};
use crate::evaluation::BESIDE;

/// Widest protocol before it goes on in the next line, narrowest, and the same of a stage's name.
const PROTOCOL: [usize; 2] = [36, 18];
const STAGE: [usize; 2] = [24, 12];

/// A run's results as aligned text, each value beside its baselines and the gain over them, in percentage points of a fraction: one line per row,
/// or, where those are wider than `limit` characters, one value per line. A stage's name stands on its first line only. Empty for no
/// rows.
pub fn table(rows: &[ResultRow], limit: Option<usize>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let limit = limit.unwrap_or(usize::MAX);
    let fits = |text: &String| text.lines().all(|line| width(line) <= limit);
    let wide = wide(rows, PROTOCOL[0], usize::MAX);
    if fits(&wide) {
        return wide;
    }
    let narrow = self::wide(rows, PROTOCOL[1], STAGE[1]);
    if fits(&narrow) {
        // as few breaks as there is room for
        let widths = (PROTOCOL[1]..PROTOCOL[0]).rev();
        let better = widths
            .flat_map(|protocol| STAGE.map(|stage| self::wide(rows, protocol, stage)))
            .find(fits);
        return better.unwrap_or(narrow);
    }
    tall(rows, limit)
}

/// How a row was found: `knn · at conv1, k = 5`.
fn how(row: &ResultRow) -> String {
    match (row.evaluator.as_str(), row.protocol.as_str()) {
        (evaluator, "") => evaluator.to_owned(),
        (evaluator, protocol) => format!("{evaluator} · {protocol}"),
    }
}

/// One value per line.
fn tall(rows: &[ResultRow], limit: usize) -> String {
    let indent =
        |lines: Vec<String>| -> String { lines.iter().map(|line| format!("  {line}\n")).collect() };
    let inner = limit.saturating_sub(2);
    let mut out = String::new();
    let mut last = None;
    for row in rows {
        if last != Some(&row.stage) {
            for line in wrap(&row.stage, limit) {
                out += &format!("{line}\n");
            }
        }
        last = Some(&row.stage);
        out += &indent(wrap(&how(row), inner));
        let mut lines = vec![vec![
            // the numbers beside it take up to 16
            wrap(&row.metric, inner.saturating_sub(18)),
            vec![row.measure().shown(row.value)],
        ]];
        for (name, baseline) in [
            ("untrained", row.untrained),
            (row.raw_name(), row.raw),
            (row.beside_name(), row.beside),
        ] {
            if let Some(baseline) = baseline {
                let gain = row.gain(baseline).unwrap_or_default();
                let cells = [name.to_owned(), row.measure().shown(baseline), gain];
                lines.push(cells.map(|cell| vec![cell]).to_vec());
            }
        }
        if let Some(supervised) = row.supervised {
            let cells = ["supervised".to_owned(), row.measure().shown(supervised)];
            lines.push(cells.map(|cell| vec![cell]).to_vec());
        }
        let text = columns(&lines, &[Side::Left, Side::Right, Side::Right]);
        out += &indent(text.lines().map(str::to_owned).collect());
    }
    out
}

/// What the raw baselines of rows are of: `raw` where they differ.
pub(super) fn raw_name(rows: &[ResultRow]) -> &str {
    alike(rows.iter().map(ResultRow::raw_name)).unwrap_or(match rows {
        [] => PIXELS,
        _ => "raw",
    })
}

/// The stage that was judged beside, in some of these rows: `beside` where there are several. `None`: in none.
pub(super) fn beside_name(rows: &[ResultRow]) -> Option<&str> {
    let mut judged = rows.iter().filter(|row| row.beside.is_some()).peekable();
    judged.peek()?;
    Some(alike(judged.map(ResultRow::beside_name)).unwrap_or(BESIDE))
}

/// The name that all have.
fn alike<'r>(mut names: impl Iterator<Item = &'r str>) -> Option<&'r str> {
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

/// One of the numbers of a row.
#[derive(Clone, Copy)]
pub(super) enum Cell {
    Trained,
    Untrained,
    Raw,
    Beside,
    Supervised,
}

impl Cell {
    fn of(self, row: &ResultRow) -> Option<f64> {
        match self {
            Cell::Trained => Some(row.value),
            Cell::Untrained => row.untrained,
            Cell::Raw => row.raw,
            Cell::Beside => row.beside,
            Cell::Supervised => row.supervised,
        }
    }
}

/// One line per row.
fn wide(rows: &[ResultRow], protocol: usize, stage: usize) -> String {
    let shown = |index: usize, cell: Cell| {
        let row: &ResultRow = &rows[index];
        row.measure().shown(cell.of(row).unwrap_or(f64::NAN))
    };
    lines(rows, [protocol, stage], &shown)
}

/// One line per row, each number as `shown` says it of the row of this index. `widths`: of the protocol and of the stage's name.
pub(super) fn lines(
    rows: &[ResultRow],
    [protocol, stage]: [usize; 2],
    shown: &dyn Fn(usize, Cell) -> String,
) -> String {
    let some = |cell: Cell| rows.iter().any(|row| cell.of(row).is_some());
    let mut head = vec![
        "stage",
        "evaluator · protocol",
        "metric",
        "trained",
        "untrained",
        "gain",
    ];
    let mut baselines = vec![Cell::Untrained];
    // an exam of words has none
    if some(Cell::Raw) {
        head.extend([raw_name(rows), "gain"]);
        baselines.push(Cell::Raw);
    }
    if let Some(name) = beside_name(rows) {
        head.extend([name, "gain"]);
        baselines.push(Cell::Beside);
    }
    let supervised = some(Cell::Supervised);
    if supervised {
        head.push("supervised");
    }
    let mut sides = vec![Side::Left; 3];
    sides.resize(head.len(), Side::Right);
    let mut lines = vec![head.iter().map(|name| vec![(*name).to_owned()]).collect()];
    let mut last = None;
    for (index, row) in rows.iter().enumerate() {
        let name = match last == Some(&row.stage) {
            true => "",
            false => &row.stage,
        };
        last = Some(&row.stage);
        let mut line = vec![
            wrap(name, stage),
            wrap(&how(row), protocol),
            vec![row.metric.clone()],
            vec![shown(index, Cell::Trained)],
        ];
        for baseline in &baselines {
            line.push(vec![shown(index, *baseline)]);
            let gain = baseline.of(row).and_then(|baseline| row.gain(baseline));
            line.push(vec![gain.unwrap_or_default()]);
        }
        if supervised {
            line.push(vec![shown(index, Cell::Supervised)]);
        }
        lines.push(line);
    }
    columns(&lines, &sides)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(stage: &str, protocol: &str, value: f64, baselines: [Option<f64>; 3]) -> ResultRow {
        ResultRow {
            stage: stage.into(),
            evaluator: "linear_probe".into(),
            protocol: protocol.into(),
            metric: "accuracy".into(),
            value,
            untrained: baselines[0],
            raw: baselines[1],
            raw_is: None,
            supervised: baselines[2],
            ..ResultRow::default()
        }
    }

    #[test]
    fn baselines_and_gains_stand_in_columns() {
        let rows = [
            row(
                "probe",
                "at conv1",
                0.68314,
                [Some(0.412), Some(0.35), None],
            ),
            row("probe", "at conv2", 0.7, [None, Some(0.75), None]),
        ];
        let expected = "\
stage  evaluator · protocol     metric    trained  untrained   gain  raw pixels   gain
probe  linear_probe · at conv1  accuracy   68.31%     41.20%  +27.1      35.00%  +33.3
       linear_probe · at conv2  accuracy   70.00%          –             75.00%   −5.0
";
        assert_eq!(table(&rows, None), expected);
        assert_eq!(table(&rows, Some(100)), expected);
    }

    #[test]
    fn a_long_protocol_goes_on_below_and_supervised_gets_a_column() {
        let long = "at conv3, pooled to 4x4, 100 epochs of sgd, rate chosen on the valid split";
        let text = table(&[row("probe", long, 0.5, [None, None, Some(0.9)])], None);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("supervised"));
        assert!(lines[1].ends_with("90.00%"));
        assert!(lines[2].trim_start().starts_with("4x4, 100"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() < 120));
    }

    #[test]
    fn no_column_is_empty() {
        let rows = [row("near", "", 0.5, [Some(0.25), None, None])];
        let expected = "\
stage  evaluator · protocol  metric    trained  untrained   gain
near   linear_probe          accuracy   50.00%     25.00%  +25.0
";
        assert_eq!(table(&rows, None), expected);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let stages = [
            "p",
            "neighbours",
            "a_stage_whose_name_is_longer_than_a_narrow_terminal",
        ];
        let protocols = [
            "",
            "at conv3, k = 20, temperature = 0.1, centre crop of 28 px",
            "a_word_that_no_line_of_a_narrow_terminal_can_hold_as_it_is",
        ];
        for stage in stages {
            for protocol in protocols {
                for baselines in [[None; 3], [Some(0.1); 3], [Some(1.0), None, Some(1.0)]] {
                    let mut rows = vec![row(stage, protocol, 1.0, baselines); 2];
                    rows[1].metric = "top-5 accuracy over all classes".into();
                    for limit in 30..130 {
                        let text = table(&rows, Some(limit));
                        for line in text.lines() {
                            assert!(width(line) <= limit, "{limit}:\n{text}");
                        }
                        for value in ["100.00%", "accuracy"] {
                            assert!(text.contains(value), "{limit}:\n{text}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn on_a_narrow_terminal_each_value_has_its_line() {
        let rows = [row(
            "probe",
            "at conv1",
            0.68314,
            [Some(0.412), Some(0.35), None],
        )];
        let expected = "\
probe
  linear_probe · at conv1
  accuracy    68.31%
  untrained   41.20%  +27.1
  raw pixels  35.00%  +33.3
";
        assert_eq!(table(&rows, Some(40)), expected);
    }

    #[test]
    fn an_error_is_shown_as_it_is_and_less_of_it_is_a_gain() {
        let mut one = row("order", "", 0.25, [Some(0.5), Some(0.2), None]);
        one.metric = "distance".into();
        one.unit = crate::evaluation::Unit::Error;
        one.better = crate::evaluation::Better::Less;
        let expected = "\
stage  evaluator · protocol  metric    trained  untrained     gain  raw pixels     gain
order  linear_probe          distance   0.2500     0.5000  +0.2500      0.2000  −0.0500
";
        assert_eq!(table(&[one], None), expected);
    }

    #[test]
    fn nothing_for_no_rows() {
        assert_eq!(table(&[], None), "");
        assert_eq!(table(&[], Some(40)), "");
    }
}

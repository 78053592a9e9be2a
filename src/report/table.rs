//! The table that a run prints last.

use super::ResultRow;
use super::results::{percent, points};
use super::text::{Side, columns, wrap};

/// Widest protocol before it goes on in the next line.
const PROTOCOL: usize = 36;

/// A run's results as aligned text, one line per row, each value beside its baselines and the gain over them in
/// percentage points. A stage's name stands on its first line only. Empty for no rows.
pub fn table(rows: &[ResultRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let supervised = rows.iter().any(|row| row.supervised.is_some());
    let mut head = vec![
        "stage",
        "evaluator · protocol",
        "metric",
        "trained",
        "untrained",
        "gain",
        "raw pixels",
        "gain",
    ];
    let mut sides = vec![Side::Left, Side::Left, Side::Left];
    sides.extend([Side::Right; 5]);
    if supervised {
        head.push("supervised");
        sides.push(Side::Right);
    }
    let mut lines = vec![head.iter().map(|name| vec![(*name).to_owned()]).collect()];
    let mut last = None;
    for row in rows {
        let stage = if last == Some(&row.stage) {
            String::new()
        } else {
            row.stage.clone()
        };
        last = Some(&row.stage);
        let how = match (row.evaluator.as_str(), row.protocol.as_str()) {
            (evaluator, "") => evaluator.to_owned(),
            (evaluator, protocol) => format!("{evaluator} · {protocol}"),
        };
        let mut line = vec![
            vec![stage],
            wrap(&how, PROTOCOL),
            vec![row.metric.clone()],
            vec![percent(row.value)],
        ];
        for baseline in [row.untrained, row.raw] {
            line.push(vec![baseline.map_or("–".to_owned(), percent)]);
            let gain = baseline.and_then(|baseline| points(row.value, baseline));
            line.push(vec![gain.unwrap_or_default()]);
        }
        if supervised {
            line.push(vec![row.supervised.map_or("–".to_owned(), percent)]);
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
            supervised: baselines[2],
            left_out: Default::default(),
            repaired: Default::default(),
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
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn a_long_protocol_goes_on_below_and_supervised_gets_a_column() {
        let long = "at conv3, pooled to 4x4, 100 epochs of sgd, rate chosen on the valid split";
        let text = table(&[row("probe", long, 0.5, [None, None, Some(0.9)])]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("supervised"));
        assert!(lines[1].ends_with("90.00%"));
        assert!(lines[2].trim_start().starts_with("4x4, 100"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() < 120));
    }

    #[test]
    fn nothing_for_no_rows() {
        assert_eq!(table(&[]), "");
    }
}

//! The parts of the page that are text and numbers: tiles, the table of results, facts, provenance.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::numbers::{duration, thousands, trim};
use super::run::{Normalized, Provenance, Run};
use crate::evaluation::{BESIDE, Unit};
use crate::report::ResultRow;
use crate::report::plot::{Axis, Bar, bars};

/// A number worth a glance.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Tile {
    pub label: String,
    pub value: String,
    /// Under the number.
    pub notes: Vec<String>,
}

/// A line of the table of results.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    /// Empty where it is the one above.
    pub stage: String,
    pub evaluator: String,
    pub protocol: String,
    pub metric: String,
    pub bars: String,
    pub value: String,
    pub baselines: Vec<Baseline>,
}

/// A baseline and the gain over it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Baseline {
    pub name: String,
    pub value: Option<String>,
    pub gain: Option<String>,
    /// The trained encoder is worse.
    pub loss: bool,
}

/// One group of values with their origins: those of one stage.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Origins {
    pub name: String,
    pub values: Vec<OriginLine>,
}

/// One value with its origin.
#[derive(Clone, Debug, Serialize)]
pub(super) struct OriginLine {
    pub path: String,
    pub value: String,
    pub origin: String,
    pub place: String,
}

fn values(row: &ResultRow) -> impl Iterator<Item = f64> {
    let all = [
        Some(row.value),
        row.untrained,
        row.raw,
        row.beside,
        row.supervised,
    ];
    all.into_iter().flatten().filter(|value| value.is_finite())
}

/// The scale that the bars of all fractions share: from 0 to the first of 10, 25, 50 and 100% that holds every value.
pub(super) fn bar_scale(rows: &[ResultRow]) -> Axis {
    let fractions = rows.iter().filter(|row| row.unit == Unit::Fraction);
    let all = fractions.flat_map(values);
    let most = all.fold(0.0, f64::max);
    let high = [0.1, 0.25, 0.5].into_iter().find(|high| most <= *high);
    Axis::exact(0.0, high.unwrap_or(1.0), 4)
}

/// The best row of each stage, then how long training took.
pub(super) fn tiles(run: &Run) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for row in &run.results {
        if seen.contains(&row.stage.as_str()) {
            continue;
        }
        seen.push(&row.stage);
        let of_stage = run
            .results
            .iter()
            .filter(|other| other.stage == row.stage && other.metric == row.metric);
        // where several are as good the last is shown
        let best = of_stage.reduce(|best, other| {
            let worse = other.value.is_nan()
                || (!best.value.is_nan() && row.better.prefers(best.value, other.value));
            if worse { best } else { other }
        });
        tiles.push(result_tile(best.unwrap_or(row)));
    }
    tiles.truncate(4);
    tiles.extend(
        run.stages
            .iter()
            .filter(|stage| stage.heading.starts_with("pretext"))
            .take(2)
            .filter_map(|stage| {
                let timing = stage.timing.as_ref()?;
                let end = stage.metrics.end();
                let mut notes = Vec::new();
                if let Some((step, epoch)) = end {
                    let epochs =
                        epoch.map_or(String::new(), |epoch| format!("{} epochs, ", trim(epoch)));
                    notes.push(format!("{epochs}{} steps", thousands(step as u64)));
                }
                notes.extend(
                    timing
                        .rate
                        .map(|rate| format!("{} records/s", thousands(rate.round() as u64))),
                );
                Some(Tile {
                    label: format!("{} · training", stage.name),
                    value: duration(timing.seconds),
                    notes,
                })
            }),
    );
    tiles
}

fn result_tile(row: &ResultRow) -> Tile {
    let over = |baseline: Option<f64>, name: &str| {
        let gain = row.gain(baseline?)?;
        Some(format!("{gain} over {name}"))
    };
    let notes = [
        over(row.untrained, "untrained"),
        over(row.raw, row.raw_name()),
        over(row.beside, row.beside_name()),
    ];
    Tile {
        label: format!("{} · {}", row.stage, row.metric),
        value: if row.value.is_finite() {
            row.measure().brief(row.value)
        } else {
            "–".into()
        },
        notes: notes.into_iter().flatten().collect(),
    }
}

/// The table of results.
pub(super) fn lines(rows: &[ResultRow], axis: &Axis) -> Vec<Line> {
    let mut last = "";
    // an exam of words has none
    let raw = rows.iter().any(|row| row.raw.is_some());
    let beside = rows.iter().any(|row| row.beside.is_some());
    let line = |row: &'_ ResultRow, first: bool| {
        let baselines = [
            ("untrained", "untrained", row.untrained),
            ("raw", row.raw_name(), row.raw),
            (BESIDE, row.beside_name(), row.beside),
            ("supervised", "supervised", row.supervised),
        ];
        let there = |of: &str| (raw || of != "raw") && (beside || of != BESIDE);
        let baselines = baselines.iter().filter(|(of, ..)| there(of));
        let shown = |value: f64| row.measure().shown(value);
        let mut drawn = vec![Bar {
            name: "trained",
            class: "trained",
            value: row.value,
            shown: shown(row.value),
        }];
        for (class, name, value) in baselines.clone() {
            drawn.extend(value.map(|value| Bar {
                name,
                class,
                value,
                shown: shown(value),
            }));
        }
        // numbers of another kind have a scale of their own
        let own = Axis::exact(0.0, values(row).fold(0.0, f64::max), 4);
        let axis = match row.unit {
            Unit::Fraction => axis,
            _ => &own,
        };
        Line {
            stage: if first {
                row.stage.clone()
            } else {
                String::new()
            },
            evaluator: row.evaluator.clone(),
            protocol: row.protocol.clone(),
            metric: row.metric.clone(),
            bars: bars(&drawn, axis),
            value: shown(row.value),
            baselines: baselines
                .map(|(_, name, value)| Baseline {
                    name: (*name).to_owned(),
                    value: value.map(shown),
                    gain: value.and_then(|value| row.gain(value)),
                    loss: value.is_some_and(|value| row.better.prefers(value, row.value)),
                })
                .collect(),
        }
    };
    let mut out = Vec::new();
    for row in rows {
        out.push(line(row, row.stage != last));
        last = &row.stage;
    }
    out
}

/// Facts of the run, as names and values.
pub(super) fn facts(run: &Run) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(switch) => Some(if *switch { "on" } else { "off" }.into()),
        _ => None,
    };
    let recipe = run
        .facts
        .recipe
        .iter()
        .map(|path| ("recipe".to_owned(), path.clone()));
    let other = run
        .facts
        .other
        .iter()
        .filter_map(|(name, value)| Some((name.replace('_', " "), text(value)?)));
    let mut out: Vec<(String, String)> = recipe.chain(other).collect();
    for stage in &run.stages {
        let Some(timing) = &stage.timing else {
            continue;
        };
        let rate = timing
            .rate
            .map(|rate| format!(", {} records/s", thousands(rate.round() as u64)));
        out.push((
            format!("time of {}", stage.name),
            format!("{}{}", duration(timing.seconds), rate.unwrap_or_default()),
        ));
    }
    for (stage, value) in &run.facts.normalization {
        let Ok(by) = Normalized::deserialize(value) else {
            continue;
        };
        let list = |values: &[f64]| {
            let values: Vec<String> = values.iter().map(|x| format!("{x:.4}")).collect();
            values.join(", ")
        };
        let share = match (by.records, by.of) {
            (Some(records), Some(of)) => {
                format!(" on {} of {} records", thousands(records), thousands(of))
            }
            _ => String::new(),
        };
        out.push((
            format!("normalisation of {stage}"),
            format!(
                "mean {} · deviation {} · {}{share} ({})",
                list(&by.mean),
                list(&by.std),
                by.origin,
                by.data
            ),
        ));
    }
    out
}

/// Provenance by stage: the part of a path before its first dot.
pub(super) fn origins(provenance: &[Provenance]) -> Vec<Origins> {
    let mut groups: Vec<Origins> = Vec::new();
    for value in provenance {
        let (group, path) = value.path.split_once('.').unwrap_or(("", &value.path));
        let at = groups
            .iter()
            .position(|known| known.name == group)
            .unwrap_or_else(|| {
                groups.push(Origins {
                    name: group.to_owned(),
                    values: Vec::new(),
                });
                groups.len() - 1
            });
        groups[at].values.push(OriginLine {
            path: path.to_owned(),
            value: value.value.clone(),
            origin: value.origin.clone(),
            place: value.place.clone(),
        });
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(stage: &str, value: f64) -> ResultRow {
        ResultRow {
            stage: stage.into(),
            metric: "accuracy".into(),
            value,
            untrained: Some(0.4),
            ..ResultRow::default()
        }
    }

    #[test]
    fn tiles_show_the_best_of_each_stage() {
        let run = Run {
            results: vec![
                row("probe", 0.5),
                row("probe", f64::NAN),
                row("probe", 0.6123),
                row("knn", 0.3),
            ],
            ..Run::default()
        };
        let tiles = tiles(&run);
        assert_eq!(tiles.len(), 2);
        assert_eq!(
            (tiles[0].value.as_str(), tiles[0].notes[0].as_str()),
            ("61.2%", "+21.2 over untrained")
        );
        assert_eq!(tiles[1].notes, ["−10.0 over untrained"]);
    }

    #[test]
    fn of_an_error_the_least_is_the_best() {
        let error = |value| ResultRow {
            unit: Unit::Error,
            better: crate::evaluation::Better::Less,
            ..row("order", value)
        };
        let rows = vec![error(0.5), error(f64::NAN), error(0.25), error(12.0)];
        // errors have no part in the scale of fractions
        assert_eq!(bar_scale(&rows).high, 0.1);
        let found = lines(&rows, &bar_scale(&rows));
        assert!(found[0].baselines[0].loss && !found[2].baselines[0].loss);
        assert_eq!(found[3].value, "12.0000");
        assert!(found[3].bars.contains("width=\"100%\" height=\"9\""));
        let run = Run {
            results: rows,
            ..Run::default()
        };
        let tile = &tiles(&run)[0];
        assert_eq!(
            (tile.value.as_str(), tile.notes[0].as_str()),
            ("0.2500", "+0.1500 over untrained")
        );
    }

    #[test]
    fn the_scale_of_bars_holds_every_value() {
        assert_eq!(bar_scale(&[row("a", 0.2)]).high, 0.5);
        assert_eq!(bar_scale(&[row("a", 0.7)]).high, 1.0);
        assert_eq!(bar_scale(&[]).high, 0.1);
    }

    #[test]
    fn a_stage_is_named_once_and_losses_are_marked() {
        let rows = [row("probe", 0.5), row("probe", 0.3)];
        let lines = lines(&rows, &bar_scale(&rows));
        assert_eq!(
            (lines[0].stage.as_str(), lines[1].stage.as_str()),
            ("probe", "")
        );
        assert!(!lines[0].baselines[0].loss && lines[1].baselines[0].loss);
        assert_eq!(lines[0].bars.matches("<rect").count(), 2);
    }
}

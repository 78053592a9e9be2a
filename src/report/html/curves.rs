//! The curves of a stage: which series share a chart, and how each is drawn.

use serde::Serialize;

use super::run::StageFiles;
use crate::language::visible_line;
use crate::report::plot::{Line, LineChart};
use crate::report::{Curve, Share};

/// Colours for series, `s0` … in the style sheet.
const COLOURS: usize = 5;

/// One chart with its caption.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub title: String,
    pub svg: String,
    pub legend: Vec<Key>,
    /// Drawn low.
    pub small: bool,
}

/// A line of a legend.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Key {
    pub name: String,
    pub series: usize,
    /// Its last value, as text.
    pub last: String,
}

/// A chart to be: a title and the names of its series.
struct Group<'a> {
    title: String,
    names: Vec<&'a str>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Share,
    Monitor,
    Rate,
}

/// Every chart of a stage: loss, shares such as accuracy, monitors, and whatever else was measured; the rate stands under
/// the loss, over the same steps.
pub(super) fn figures(stage: &StageFiles) -> Vec<Figure> {
    let groups = groups(stage);
    groups
        .iter()
        .filter_map(|group| figure(stage, group))
        .collect()
}

fn groups(stage: &StageFiles) -> Vec<Group<'_>> {
    let mut losses = Vec::new();
    let mut shares = Vec::new();
    let mut monitors = Vec::new();
    let mut others = Vec::new();
    let mut rates = Vec::new();
    let (mut spreads, mut ranks) = (Vec::new(), Vec::new());
    for (name, points) in &stage.metrics.series {
        let in_unit = !stage.metrics.other_units.contains(name)
            && points
                .iter()
                .all(|p| !p.1.is_finite() || (0.0..=1.0).contains(&p.1));
        if name == "rate" {
            rates.push(name.as_str());
        } else if name == "collapse" {
            // the line that tells of it
        } else if name.starts_with("spread.") {
            spreads.push(name.as_str());
        } else if name.starts_with("rank.") {
            ranks.push(name.as_str());
        } else if name.starts_with("monitor.") && in_unit {
            monitors.push(name.as_str());
        } else if name.contains("loss") {
            losses.push(name.as_str());
        } else if in_unit
            && ["accuracy", "recall", "top"]
                .iter()
                .any(|word| name.contains(word))
        {
            shares.push(name.as_str());
        } else {
            others.push(name.as_str());
        }
    }
    let title = |names: &[&str], many: &str| match (names, common(names)) {
        ([one], _) => label(one),
        (_, Some(prefix)) => label(prefix),
        _ => many.to_owned(),
    };
    let mut groups = vec![
        Group {
            title: title(&losses, "losses"),
            names: losses,
            kind: Kind::Plain,
        },
        Group {
            title: "learning rate".into(),
            names: rates,
            kind: Kind::Rate,
        },
        Group {
            title: title(&shares, "metrics"),
            names: shares,
            kind: Kind::Share,
        },
        Group {
            title: title(&monitors, "monitors"),
            names: monitors,
            kind: Kind::Monitor,
        },
    ];
    let watched = [("spread", spreads), ("rank", ranks)];
    groups.extend(watched.into_iter().map(|(many, names)| Group {
        title: title(&names, many),
        names,
        kind: Kind::Plain,
    }));
    groups.extend(others.into_iter().map(|name| Group {
        title: label(name),
        names: vec![name],
        kind: if name.starts_with("monitor.") {
            Kind::Monitor
        } else {
            Kind::Plain
        },
    }));
    groups
}

/// What stands before the first dot, where all names agree on it: `loss` of `loss.conv1`, `loss.conv2`.
fn common<'a>(names: &[&'a str]) -> Option<&'a str> {
    let prefix = |name: &'a str| name.split_once('.').map(|(prefix, _)| prefix);
    let first = prefix(names.first()?)?;
    let all = names.len() > 1 && names.iter().all(|name| prefix(name) == Some(first));
    (all && first != "monitor").then_some(first)
}

/// `monitor.knn` is shown as `knn, monitored`, so that it is not taken for a metric of the batch.
fn label(name: &str) -> String {
    match name.strip_prefix("monitor.") {
        Some(rest) => format!("{}, monitored", rest.replace('_', " ")),
        None => name.replace('_', " "),
    }
}

fn figure(stage: &StageFiles, group: &Group) -> Option<Figure> {
    let marks = group.kind == Kind::Monitor;
    let percent = |points: &[(f64, f64)]| {
        let fits = points
            .iter()
            .all(|p| !p.1.is_finite() || (0.0..=1.0).contains(&p.1));
        fits && matches!(group.kind, Kind::Share | Kind::Monitor)
    };
    let series = stage
        .metrics
        .series
        .iter()
        .filter(|(name, _)| group.names.contains(&name.as_str()));
    let prefix = common(&group.names).unwrap_or("monitor");
    let short = |name: &str| {
        let rest = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix('.'));
        rest.unwrap_or(name).replace('_', " ")
    };
    let lines: Vec<Line> = series
        .enumerate()
        .map(|(i, (name, points))| Line {
            name: short(name),
            points: points.clone(),
            series: i % COLOURS,
            marks,
        })
        .collect();
    let other = &stage.metrics.other_units;
    let fractions = !group
        .names
        .iter()
        .any(|name| other.iter().any(|other| other == name));
    let percent = fractions && !lines.is_empty() && lines.iter().all(|line| percent(&line.points));
    let small = group.kind == Kind::Rate;
    let svg = LineChart {
        title: &format!("{} of {} by step", group.title, stage.name),
        x_label: "step",
        lines: &lines,
        percent,
        log: false,
        size: (440.0, if small { 130.0 } else { 240.0 }),
        describe: &|step| stage.metrics.describe(step),
    }
    .svg();
    if svg.is_empty() {
        return None;
    }
    let legend = lines.iter().map(|line| Key {
        name: line.name.clone(),
        series: line.series,
        last: last(&line.points, percent),
    });
    Some(Figure {
        title: group.title.clone(),
        svg,
        legend: legend.collect(),
        small,
    })
}

/// How numbers are spread by an encoder, `by`: a line for each part over equal pieces of 0 to 1.
pub(super) fn spread(stage: &str, of: &str, by: &str, parts: &[Share]) -> Option<Figure> {
    let line = |(i, part): (usize, &Share)| {
        let width = 1.0 / part.shares.len().max(1) as f64;
        let middle = |(at, share): (usize, &f64)| ((at as f64 + 0.5) * width, *share);
        Line {
            name: visible_line(&part.name).into_owned(),
            points: part.shares.iter().enumerate().map(middle).collect(),
            series: i % COLOURS,
            marks: true,
        }
    };
    let lines: Vec<Line> = parts.iter().take(COLOURS).enumerate().map(line).collect();
    let svg = LineChart {
        title: &format!("{of} of {stage}, {by}"),
        x_label: of,
        lines: &lines,
        percent: true,
        log: false,
        size: (440.0, 240.0),
        describe: &|middle| format!("{of} near {middle:.3}"),
    }
    .svg();
    let legend = lines.iter().zip(parts).map(|(line, part)| Key {
        name: line.name.clone(),
        series: line.series,
        last: format!("{:.3}", part.mean),
    });
    (!svg.is_empty()).then(|| Figure {
        title: by.to_owned(),
        svg,
        legend: legend.collect(),
        small: false,
    })
}

/// How a metric grows, a line for each column.
pub(super) fn grown(stage: &str, curve: &Curve) -> Option<Figure> {
    let (of, with) = (visible_line(&curve.of), visible_line(&curve.with));
    let lines = curve.lines.iter().filter(|line| !line.points.is_empty());
    let lines = lines.take(COLOURS).enumerate();
    let lines: Vec<Line> = lines
        .map(|(series, line)| Line {
            name: visible_line(&line.name).into_owned(),
            points: line
                .points
                .iter()
                .map(|(x, y)| (*x, y.unwrap_or(f64::NAN)))
                .collect(),
            series,
            marks: true,
        })
        .collect();
    let values = || lines.iter().flat_map(|line| &line.points).map(|p| p.1);
    let percent = values().all(|y| !y.is_finite() || (0.0..=1.0).contains(&y));
    let svg = LineChart {
        title: &format!("{of} of {stage} by {with}"),
        x_label: &with,
        lines: &lines,
        percent,
        log: false,
        size: (440.0, 240.0),
        describe: &|x| format!("{x} {with}"),
    }
    .svg();
    let legend = lines.iter().map(|line| Key {
        name: line.name.clone(),
        series: line.series,
        last: last(&line.points, percent),
    });
    (!svg.is_empty()).then(|| Figure {
        title: of.into_owned(),
        svg,
        legend: legend.collect(),
        small: false,
    })
}

fn last(points: &[(f64, f64)], percent: bool) -> String {
    match points.iter().rev().map(|p| p.1).find(|v| v.is_finite()) {
        Some(value) if percent => format!("{:.1}%", value * 100.0),
        Some(0.0) => "0".into(),
        Some(value) if value.abs() < 1e-3 => format!("{value:.1e}"),
        Some(value) => format!("{value:.3}"),
        None => "not a number".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::series::Metrics;

    #[test]
    fn series_find_their_charts() {
        let text = "{\"step\":1,\"epoch\":0.1,\"loss\":2,\"accuracy\":0.5,\"temperature\":0.5,\"rate\":1e-4}\n\
                    {\"step\":2,\"epoch\":0.2,\"loss\":1,\"accuracy\":0.6,\"temperature\":0.4,\"rate\":2e-4}\n\
                    {\"step\":2,\"epoch\":0.2,\"monitor.knn\":0.61,\"monitor.probe\":0.7}";
        let stage = StageFiles {
            metrics: Metrics::parse(text),
            ..StageFiles::default()
        };
        let figures = figures(&stage);
        let titles: Vec<&str> = figures.iter().map(|f| f.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                "loss",
                "learning rate",
                "accuracy",
                "monitors",
                "temperature"
            ]
        );
        assert_eq!(figures[2].legend[0].last, "60.0%");
        assert_eq!(figures[3].legend.len(), 2);
        assert_eq!(figures[1].legend[0].last, "2.0e-4");
        assert!(figures[1].small && !figures[0].small);
        // 0.5 of a temperature is not 50%
        assert!(!figures[4].svg.contains('%'));
        assert!(figures[0].svg.contains("step 2 · epoch 0.20\nloss 1.0000"));
    }

    #[test]
    fn a_monitor_that_is_no_fraction_is_not_shown_in_percent() {
        let text = "{\"step\":1,\"epoch\":0.1,\"monitor.knn\":0.6}\n\
                    {\"step\":1,\"epoch\":0.1,\"monitor.order\":0.25,\"unit\":\"error\"}\n\
                    {\"step\":2,\"epoch\":0.2,\"monitor.order\":0.2,\"unit\":\"error\"}";
        let stage = StageFiles {
            metrics: Metrics::parse(text),
            ..StageFiles::default()
        };
        let figures = figures(&stage);
        let of = |title: &str| {
            let found = figures.iter().find(|figure| figure.title == title);
            found.unwrap_or_else(|| panic!("no {title}"))
        };
        assert_eq!(of("knn, monitored").legend[0].last, "60.0%");
        assert_eq!(of("order, monitored").legend[0].last, "0.200");
    }

    #[test]
    fn a_common_prefix_becomes_the_title() {
        let metrics = Metrics::parse("{\"step\":1,\"loss.conv1\":2,\"loss.conv2\":1}");
        let stage = StageFiles {
            metrics,
            ..StageFiles::default()
        };
        let figure = &figures(&stage)[0];
        assert_eq!(figure.title, "loss");
        let names: Vec<&str> = figure.legend.iter().map(|key| key.name.as_str()).collect();
        assert_eq!(names, ["conv1", "conv2"]);
    }

    #[test]
    fn a_stage_without_metrics_has_none() {
        assert!(figures(&StageFiles::default()).is_empty());
    }
}

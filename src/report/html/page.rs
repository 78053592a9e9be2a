//! The page: everything the template needs, and the template.

use minijinja::{Environment, Value, context};
use serde::Serialize;

use super::numbers::thousands;
use super::run::{Manifest, Run, StageFiles, Without as Read};
use super::{ReportError, base64, curves, highlight, markdown, sections};
use crate::language::{visible, visible_line};
use crate::report::plot::{SCATTER_COLOURS, Scatter, bar_axis, scatter_shape};
use crate::report::{ExhibitFile, Leaks};

const TEMPLATE: &str = include_str!("../report.html.j2");
pub(in crate::report) const STYLE: &str = include_str!("../report.css");
/// Most classes with an entry in the legend of a map.
const LEGEND: usize = 20;
/// Most causes of a collapse that are told.
const CAUSES: usize = 8;
/// Most pairs of records that are nearly the same.
const PAIRS: usize = 20;
/// Most records that are named of those that a stage could not read.
const REASONS: usize = 20;

/// The curves of one stage.
#[derive(Serialize)]
struct Curves {
    name: String,
    heading: String,
    figures: Vec<curves::Figure>,
}

/// The map of one stage.
#[derive(Serialize)]
struct Map {
    stage: String,
    count: usize,
    panels: Vec<Panel>,
    legend: Vec<Class>,
    /// Classes beyond the legend.
    more: usize,
}

/// The lines that one stage shows.
#[derive(Serialize)]
struct Lines {
    stage: String,
    heading: String,
    text: String,
}

/// Records that one stage went without, or has taken in part.
#[derive(Serialize)]
struct Without {
    stage: String,
    /// `6 records left out`
    count: String,
    reasons: String,
}

/// Records of one split that are nearly the same as records of another.
#[derive(Serialize)]
struct Leaked {
    line: String,
    how: String,
    test: String,
    data: String,
    pairs: Vec<Pair>,
}

/// Two such records.
#[derive(Serialize)]
struct Pair {
    similarity: String,
    pixels: String,
    test: String,
    data: String,
}

/// A stage that collapsed.
#[derive(Serialize)]
struct Fallen {
    stage: String,
    /// `by step 80, where it ended`
    when: String,
    text: String,
}

/// What one stage shows of itself.
#[derive(Serialize)]
struct Shown {
    stage: String,
    heading: String,
    exhibits: Vec<Picture>,
}

#[derive(Serialize)]
struct Picture {
    name: String,
    data: String,
    records: usize,
    /// For those who can't see it.
    alt: String,
    png: String,
    /// Of texts, instead of the picture.
    lines: Vec<Line>,
}

/// A text in which words were hidden.
#[derive(Serialize)]
struct Line {
    record: String,
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    text: String,
    /// `right` or `wrong` where a word was hidden; else empty.
    class: &'static str,
}

#[derive(Serialize)]
struct Panel {
    name: &'static str,
    svg: String,
}

#[derive(Serialize)]
struct Class {
    name: String,
    index: usize,
    colour: usize,
    shape: &'static str,
}

#[derive(Serialize)]
struct Split {
    name: String,
    records: Option<String>,
    manifest: String,
}

/// The page as text.
pub(super) fn render(run: &Run) -> Result<String, ReportError> {
    let axis = sections::bar_scale(&run.results);
    let curves: Vec<Curves> = run
        .stages
        .iter()
        .map(|stage| Curves {
            name: stage.name.clone(),
            heading: stage.heading.clone(),
            figures: curves::figures(stage),
        })
        .filter(|stage| !stage.figures.is_empty())
        .collect();
    let shown: Vec<Shown> = run
        .stages
        .iter()
        .filter(|stage| !stage.exhibits.is_empty())
        .map(shown)
        .collect();
    let spreads: Vec<Curves> = run.stages.iter().filter_map(spreads).collect();
    let grown: Vec<Curves> = run.stages.iter().filter_map(grown).collect();
    let maps: Vec<Map> = run.stages.iter().filter_map(map).collect();
    let tables = run.stages.iter().filter_map(|stage| {
        let text = stage.table.as_deref().filter(|text| !text.is_empty())?;
        Some(Lines {
            stage: stage.name.clone(),
            heading: stage.heading.clone(),
            text: visible(text).into_owned(),
        })
    });
    let tables: Vec<Lines> = tables.collect();
    let collapsed: Vec<Fallen> = run.stages.iter().filter_map(fallen).collect();
    let leaks = run.stages.iter().filter_map(|stage| stage.leaks.as_ref());
    let leaks: Vec<Leaked> = leaks.map(leaked).collect();
    let without: Vec<Without> = run.stages.iter().flat_map(without).collect();
    let splits = run.facts.data.iter().map(|(name, split)| {
        let split: Manifest = serde_json::from_value(split.clone()).unwrap_or_default();
        Split {
            name: name.clone(),
            records: split.records.map(thousands),
            manifest: split.manifest,
        }
    });
    let text = |name: &str| {
        run.facts
            .other
            .get(name)
            .and_then(|value| value.as_str().map(str::to_owned))
    };
    let seed = run.facts.other.get("seed").map(|seed| seed.to_string());
    let metric = run.results.first().map(|row| row.metric.as_str());
    let metric = metric.filter(|metric| run.results.iter().all(|row| row.metric == *metric));
    let raw = run.results.iter().any(|row| row.raw.is_some());
    let supervised = run.results.iter().any(|row| row.supervised.is_some());

    let mut environment = Environment::new();
    // the ending turns escaping on
    environment.add_template("report.html", TEMPLATE)?;
    let page = environment.get_template("report.html")?.render(context! {
        style => STYLE,
        title => run.title(),
        run => match run.name.to_lowercase().starts_with("run") {
            true => run.name.clone(),
            false => format!("run {}", run.name),
        },
        started => text("started"),
        version => text("pretext").unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
        device => text("device"),
        seed,
        doc => markdown::html(&run.doc()),
        problems => &run.problems,
        tiles => list(&sections::tiles(run)),
        results => list(&sections::lines(&run.results, &axis)),
        supervised,
        raw => raw.then(|| crate::report::table::raw_name(&run.results)),
        beside => crate::report::table::beside_name(&run.results),
        metric,
        scale => bar_axis(&axis),
        curves => list(&curves),
        preview => run.preview.as_deref().map(base64::encode),
        playing => run.playing.as_deref().map(base64::encode),
        shown => list(&shown),
        spreads => list(&spreads),
        grown => list(&grown),
        maps => list(&maps),
        tables => list(&tables),
        leaks => list(&leaks),
        without => list(&without),
        collapsed => list(&collapsed),
        recipe => run.recipe.as_deref().map(highlight::html),
        origins => list(&sections::origins(&run.facts.provenance)),
        splits => list(&splits.collect::<Vec<_>>()),
        facts => list(&sections::facts(run)),
    })?;
    Ok(page)
}

/// What was found of one split in another.
fn leaked(found: &Leaks) -> Leaked {
    let line = visible_line(&found.line()).replace('`', "");
    let mut letters = line.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    let pairs = found.pairs.iter().take(PAIRS).map(|pair| Pair {
        similarity: format!("{:.3}", pair.cosine),
        pixels: format!("{:.3}", pair.pixels),
        test: visible_line(&pair.test).into_owned(),
        data: visible_line(&pair.data).into_owned(),
    });
    Leaked {
        line: format!("{}{}", first.unwrap_or_default(), letters.as_str()),
        how: format!(
            "cosine of the features {} or more, correlation of the pixels {} or more",
            (found.cosine * 1000.0).round() / 1000.0,
            (found.pixels * 1000.0).round() / 1000.0
        ),
        test: visible_line(&found.test).into_owned(),
        data: visible_line(&found.data).into_owned(),
        pairs: pairs.collect(),
    }
}

/// What a stage could not read, the first reasons in words.
fn without(stage: &StageFiles) -> impl Iterator<Item = Without> {
    let of = |reasons: &[String], word: &str| {
        let records = if reasons.len() == 1 {
            "record"
        } else {
            "records"
        };
        let mut lines: Vec<String> = reasons
            .iter()
            .take(REASONS)
            .map(|reason| visible_line(reason.trim()).into_owned())
            .collect();
        if let Some(more) = reasons.len().checked_sub(REASONS).filter(|more| *more > 0) {
            lines.push(format!("and {} more", thousands(more as u64)));
        }
        (!reasons.is_empty()).then(|| Without {
            stage: stage.name.clone(),
            count: format!("{} {records} {word}", thousands(reasons.len() as u64)),
            reasons: lines.join("\n"),
        })
    };
    let Read { left_out, repaired } = &stage.without;
    [of(left_out, "left out"), of(repaired, "repaired")]
        .into_iter()
        .flatten()
}

/// What was seen of a collapse, and where it may come from.
fn fallen(stage: &StageFiles) -> Option<Fallen> {
    let found = stage.collapsed.as_ref()?;
    let mut lines = vec![found.what.clone()];
    for (index, cause) in found.causes.iter().take(CAUSES).enumerate() {
        let likely = if index == 0 { "likely" } else { "less likely" };
        lines.push(format!("{likely}: {} ({})", cause.what, cause.place));
        lines.push(format!("  {}", cause.help));
    }
    let lines = lines.iter().map(|line| visible_line(line).into_owned());
    let end = if found.ended { ", where it ended" } else { "" };
    Some(Fallen {
        stage: stage.name.clone(),
        when: format!("by step {}{end}", thousands(found.step)),
        text: lines.collect::<Vec<_>>().join("\n"),
    })
}

/// Anything serde knows, as the template engine knows it.
pub(in crate::report) fn list<T: Serialize>(items: &[T]) -> Value {
    serde_json::to_value(items).map_or(Value::UNDEFINED, convert)
}

fn convert(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::from(()),
        Json::Bool(switch) => Value::from(switch),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::from(whole),
            None => Value::from(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::from(text),
        Json::Array(items) => Value::from(items.into_iter().map(convert).collect::<Vec<_>>()),
        Json::Object(fields) => Value::from_pairs(fields.into_iter().map(|(k, v)| (k, convert(v)))),
    }
}

fn shown(stage: &StageFiles) -> Shown {
    let exhibits = stage.exhibits.iter().map(|shown| {
        let panels: Vec<&str> = shown.file.panels.iter().map(String::as_str).collect();
        let panels = panels.join(", ");
        Picture {
            name: shown.file.name.clone(),
            data: shown.file.data.clone(),
            records: shown.file.records.len(),
            alt: match panels.trim_matches([',', ' ']).is_empty() {
                true => format!("{} of {}", shown.file.name, stage.name),
                false => format!("{} of {}: {panels}", shown.file.name, stage.name),
            },
            png: base64::encode(&shown.png),
            lines: lines(&shown.file),
        }
    });
    Shown {
        stage: stage.name.clone(),
        heading: stage.heading.clone(),
        exhibits: exhibits.collect(),
    }
}

fn lines(file: &ExhibitFile) -> Vec<Line> {
    let part = |part: &crate::data::Part| Part {
        text: part.text(),
        class: match part.right() {
            None => "",
            Some(true) => "right",
            Some(false) => "wrong",
        },
    };
    let lines = file.lines.iter().enumerate();
    lines
        .map(|(at, parts)| Line {
            record: file
                .records
                .get(at)
                .map_or(String::new(), |id| format!("#{id}")),
            parts: parts.iter().map(part).collect(),
        })
        .collect()
}

fn spreads(stage: &StageFiles) -> Option<Curves> {
    let spread = stage.spread.as_ref()?;
    let of = visible_line(&spread.of);
    let both = [
        ("trained", &spread.trained),
        ("untrained", &spread.untrained),
    ];
    let figures = both.into_iter();
    let figures: Vec<curves::Figure> = figures
        .filter_map(|(by, parts)| curves::spread(&stage.name, &of, by, parts))
        .collect();
    (!figures.is_empty()).then(|| Curves {
        name: stage.name.clone(),
        heading: stage.heading.clone(),
        figures,
    })
}

fn grown(stage: &StageFiles) -> Option<Curves> {
    let figure = curves::grown(&stage.name, stage.curve.as_ref()?)?;
    Some(Curves {
        name: stage.name.clone(),
        heading: stage.heading.clone(),
        figures: vec![figure],
    })
}

fn map(stage: &StageFiles) -> Option<Map> {
    let map = stage.map.as_ref()?;
    let panel = |name: &'static str, points: &[[f32; 2]]| {
        let what = if map.names.is_empty() {
            "records"
        } else {
            "words"
        };
        let title = format!("2-D map of {} {what} by the {name} encoder", points.len());
        let svg = Scatter {
            title: &title,
            points,
            labels: &map.labels,
            classes: &map.classes,
            names: name == "trained" && map.names.is_empty(),
            words: &map.names,
        };
        let svg = svg.svg();
        (!svg.is_empty()).then_some(Panel { name, svg })
    };
    let panels: Vec<Panel> = [
        panel("trained", &map.points),
        panel("untrained", &map.untrained),
    ]
    .into_iter()
    .flatten()
    .collect();
    if panels.is_empty() {
        return None;
    }
    let mut classes = map.labels.clone();
    classes.sort_unstable();
    classes.dedup();
    let legend = classes.iter().take(LEGEND).map(|&index| Class {
        name: map
            .classes
            .get(index)
            .cloned()
            .unwrap_or_else(|| format!("class {index}")),
        index,
        colour: index % SCATTER_COLOURS,
        shape: scatter_shape(index),
    });
    Some(Map {
        stage: stage.name.clone(),
        count: map.points.len(),
        panels,
        legend: legend.collect(),
        more: classes.len().saturating_sub(LEGEND),
    })
}

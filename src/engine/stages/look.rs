//! What evaluators found to look at: maps, spreads, curves, lines, neighbours.

use serde_json::json;

use super::confusion;
use super::failure::{Failure, disk};
use super::{Run, StageDirectory, Watch};
use crate::augment::preview::{Drawn, framed, one_record, png, side_by_side};
use crate::data::{DataError, Image};
use crate::evaluation::{CURVE, Exhibit, Findings, MAP, Query, SPREAD, TABLE};
use crate::plan::{DataView, Evaluation, StagePlan};
use crate::report::{Curve, CurveLine, ExhibitFile, exhibit_picture, exhibit_table};

/// Around neighbours of the same class, and of another one.
const SAME: [u8; 3] = [46, 160, 67];
const OTHER: [u8; 3] = [218, 54, 51];

impl Run<'_> {
    /// Keeps what there is to look at: of each column, the trained encoder's first and the untrained one's second.
    pub(super) fn keep_exhibits(
        &self,
        stage: &StagePlan,
        evaluation: &Evaluation,
        columns: &[(&str, &Findings)],
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let [(_, trained), (_, untrained), ..] = columns else {
            return Ok(());
        };
        let folder = &directory.folder;
        for (index, (own, other)) in trained.exhibits.iter().zip(&untrained.exhibits).enumerate() {
            let (name, written) = match (own, other) {
                (Exhibit::Map { .. }, Exhibit::Map { .. }) => {
                    let map = map(evaluation, own, other);
                    (MAP, folder.write_json(MAP, &map))
                }
                (
                    Exhibit::Spread { of, parts },
                    Exhibit::Spread {
                        parts: untrained, ..
                    },
                ) => {
                    let spread = json!({
                        "of": of,
                        "trained": crate::report::spread(parts),
                        "untrained": crate::report::spread(untrained),
                    });
                    (SPREAD, folder.write_json(SPREAD, &spread))
                }
                (Exhibit::Curve { of, with, .. }, _) => {
                    let lines = columns
                        .iter()
                        .filter_map(|(name, found)| line(name, found.exhibits.get(index)?));
                    let curve = Curve {
                        of: (*of).to_owned(),
                        with: (*with).to_owned(),
                        lines: lines.collect(),
                    };
                    (CURVE, folder.write_json(CURVE, &curve))
                }
                (
                    Exhibit::Nearest {
                        asks,
                        among,
                        queries,
                    },
                    Exhibit::Nearest { queries: other, .. },
                ) => {
                    if let (Some(asks), Some(among)) =
                        (evaluation.split(asks), evaluation.split(among))
                    {
                        let views = (&asks.data, &among.data);
                        let both = [("nearest", queries), ("nearest_untrained", other)];
                        self.nearest(stage, views, &both, directory, watch)?;
                    }
                    continue;
                }
                (Exhibit::Confusion { .. }, Exhibit::Confusion { .. }) => {
                    let data = evaluation.splits.first();
                    let data = data.map_or("", |split| split.data.text.as_str());
                    self.confusion(stage, data, [own, other], directory)?;
                    continue;
                }
                (Exhibit::Drawn { name, of, rows }, Exhibit::Drawn { rows: other, .. }) => {
                    if let Some(split) = evaluation.split(of) {
                        let untrained = format!("{name}_untrained");
                        let both = [(*name, rows), (untrained.as_str(), other)];
                        self.drawn(stage, &split.data, &both, directory, watch)?;
                    }
                    continue;
                }
                (Exhibit::Text(text), _) => {
                    self.beside_results(&stage.name, text)?;
                    (TABLE, folder.write(TABLE, text.as_bytes()))
                }
                _ => continue,
            };
            written.map_err(|error| disk(&directory.path_of(name), &error))?;
        }
        Ok(())
    }

    /// Lines to be read, also where whoever looks for results looks: `results/STAGE.txt`.
    fn beside_results(&self, stage: &str, text: &str) -> Result<(), Failure> {
        self.result(&exhibit_table(stage), text.as_bytes())
    }

    /// A file of `results/`.
    fn result(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let Some(run) = &self.directory else {
            return Ok(());
        };
        let failed = |name: &str| {
            let path = run.folder.path_of(name);
            move |error| disk(&path, &error)
        };
        let results = run.folder.make("results").map_err(failed("results"))?;
        let written = results.write(name, bytes);
        written.map_err(failed(&format!("results/{name}")))
    }

    /// Draws which classes are taken for which: by the trained encoder, and by the untrained one.
    fn confusion(
        &self,
        stage: &StagePlan,
        data: &str,
        both: [&Exhibit; 2],
        directory: &StageDirectory,
    ) -> Result<(), Failure> {
        let mut shown = Vec::new();
        for (name, exhibit) in ["confusion", "confusion_untrained"].into_iter().zip(both) {
            let Exhibit::Confusion { classes, counts } = exhibit else {
                continue;
            };
            let Ok(bytes) = confusion::drawn(&stage.name, name, classes, counts) else {
                continue;
            };
            self.result(&exhibit_picture(&stage.name, name), &bytes)?;
            shown.push(ExhibitFile {
                name: name.to_owned(),
                panels: vec!["a row for each class, a column for what is told".to_owned()],
                data: data.to_owned(),
                records: Vec::new(),
                lines: Vec::new(),
            });
        }
        let written = directory.folder.write_json("exhibits.json", &shown);
        written.map_err(|error| disk(&directory.path_of("exhibits.json"), &error))
    }

    /// Lays out what an evaluator has drawn.
    fn drawn(
        &self,
        stage: &StagePlan,
        data: &DataView,
        both: &[(&str, &Vec<(usize, Vec<Image>)>)],
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let mut shown = Vec::new();
        for (name, rows) in both.iter().filter(|(_, rows)| !rows.is_empty()) {
            let title = format!("{} - {name}: records of {}", stage.name, data.text);
            let table = rows.iter().map(|(record, pictures)| {
                let id = format!("#{}", data.dataset.id(*record));
                let lines = std::iter::once(vec![id]).chain(std::iter::repeat(Vec::new()));
                pictures.iter().cloned().zip(lines).collect()
            });
            match side_by_side(&title, table.collect()).and_then(|sheet| png(&sheet)) {
                Ok(bytes) => {
                    self.result(&exhibit_picture(&stage.name, name), &bytes)?;
                    shown.push(ExhibitFile {
                        name: (*name).to_owned(),
                        panels: Vec::new(),
                        data: data.text.clone(),
                        records: rows
                            .iter()
                            .map(|(record, _)| data.dataset.id(*record))
                            .collect(),
                        lines: Vec::new(),
                    });
                }
                // the numbers are none the worse for it
                Err(why) => watch.say(&format!(
                    "{} · `{name}` can't be shown: {}",
                    stage.name, why.message
                )),
            }
        }
        let written = directory.folder.write_json("exhibits.json", &shown);
        written.map_err(|error| disk(&directory.path_of("exhibits.json"), &error))
    }

    /// Draws records beside those that lie nearest to them: pictures as pictures, others as lines of the trained encoder.
    fn nearest(
        &self,
        stage: &StagePlan,
        views: (&DataView, &DataView),
        both: &[(&str, &Vec<Query>)],
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let mut shown = Vec::new();
        for (name, queries) in both {
            match sheet(&stage.name, name, views, queries) {
                Ok(Sheet::Pictures(bytes)) => {
                    self.result(&exhibit_picture(&stage.name, name), &bytes)?;
                    let count = queries.iter().map(|query| query.found.len()).max();
                    let panels = (1..=count.unwrap_or(0)).map(|n| n.to_string());
                    let asked = queries.iter();
                    shown.push(ExhibitFile {
                        name: (*name).to_owned(),
                        panels: std::iter::once("query".to_owned()).chain(panels).collect(),
                        data: views.0.text.clone(),
                        records: asked
                            .map(|query| views.0.dataset.id(query.record))
                            .collect(),
                        lines: Vec::new(),
                    });
                }
                Ok(Sheet::Lines(text)) if shown.is_empty() => {
                    self.beside_results(&stage.name, &text)?;
                    let written = directory.folder.write(TABLE, text.as_bytes());
                    written.map_err(|error| disk(&directory.path_of(TABLE), &error))?;
                    break;
                }
                Ok(Sheet::Lines(_)) => {}
                // the numbers are none the worse for it
                Err(why) => {
                    let why = why.message;
                    watch.say(&format!("{} · `{name}` can't be shown: {why}", stage.name));
                }
            }
        }
        let written = directory.folder.write_json("exhibits.json", &shown);
        written.map_err(|error| disk(&directory.path_of("exhibits.json"), &error))
    }
}

/// Neighbours as people see them.
enum Sheet {
    Pictures(Vec<u8>),
    Lines(String),
}

fn sheet(
    stage: &str,
    name: &str,
    (asks, among): (&DataView, &DataView),
    queries: &[Query],
) -> Result<Sheet, DataError> {
    let mut rows: Vec<Vec<(Image, Vec<String>)>> = Vec::new();
    let mut text = format!("nearest among {}\n", among.text);
    for query in queries {
        let own = one_record(&*asks.dataset, query.record)?;
        let class = asks.dataset.class(query.record)?;
        let group = asks.dataset.group(query.record);
        let id = asks.dataset.id(query.record);
        text += &format!("\n#{id}  {}\n", own.said());
        let mut row = Vec::new();
        if let Drawn {
            picture: Some(picture),
            words,
        } = own
        {
            let lines = [format!("#{id}")].into_iter().chain(words);
            row.push((picture, lines.collect()));
        }
        for near in &query.found {
            let found = one_record(&*among.dataset, near.record)?;
            // what belongs together, where somebody says so, else what is of one class
            let same = match group {
                Some(_) => among.dataset.group(near.record) == group,
                None => class.is_some() && among.dataset.class(near.record)? == class,
            };
            let id = among.dataset.id(near.record);
            let cosine = near.cosine;
            let mark = if same { "+" } else { "-" };
            text += &format!("  {mark} {cosine:.3}  #{id}  {}\n", found.said());
            if let Drawn {
                picture: Some(picture),
                words,
            } = found
            {
                let mut lines = vec![format!("{mark} {cosine:.3}")];
                lines.extend(words);
                row.push((framed(picture, if same { SAME } else { OTHER }), lines));
            }
        }
        rows.push(row);
    }
    if rows.iter().all(Vec::is_empty) {
        return Ok(Sheet::Lines(text));
    }
    let title = format!(
        "{stage} - {name}: records of {}, then the nearest of {}; + of the same class or group, - of another",
        asks.text, among.text
    );
    Ok(Sheet::Pictures(png(&side_by_side(&title, rows)?)?))
}

fn line(name: &str, exhibit: &Exhibit) -> Option<CurveLine> {
    let Exhibit::Curve { points, .. } = exhibit else {
        return None;
    };
    let points = points.iter();
    Some(CurveLine {
        name: name.to_owned(),
        points: points
            .map(|(x, y)| (*x, y.is_finite().then_some(*y)))
            .collect(),
    })
}

/// A map, the untrained encoder's beside it where both have the same names.
fn map(evaluation: &Evaluation, own: &Exhibit, other: &Exhibit) -> serde_json::Value {
    let (
        Exhibit::Map {
            rows,
            width,
            labels,
            classes,
            names,
        },
        Exhibit::Map {
            rows: other,
            names: others,
            ..
        },
    ) = (own, other)
    else {
        return serde_json::Value::Null;
    };
    let test = evaluation.split("test").or(evaluation.splits.first());
    let of_test = test.map(|test| test.data.dataset.class_names());
    let mut map = json!({
        "points": crate::report::embedding::map(rows, *width),
        "untrained": match others == names {
            true => crate::report::embedding::map(other, *width),
            false => Vec::new(),
        },
        "labels": labels,
        "classes": match classes.is_empty() {
            true => of_test.unwrap_or_default(),
            false => classes,
        },
    });
    if !names.is_empty() {
        map["names"] = json!(names);
    }
    map
}

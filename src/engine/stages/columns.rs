//! An evaluator at work: the columns of the table of results, the same for every one.

use std::borrow::Cow;

use serde_json::json;

use super::failure::{Failure, disk};
use super::features::Through;
use super::lab::Bench;
use super::work::{Whose, Work};
use super::{Run, StageDirectory, Watch};
use crate::evaluation::{
    About, Column, Evaluator, Exhibit, Findings, Form, Judged, MAP, Measure, Read, SPREAD, TABLE,
};
use crate::language::codes::Code;
use crate::plan::{Evaluation, Settings, StagePlan};
use crate::report::{ResultRow, exhibit_table};

impl Run<'_> {
    /// A stage that judges: every column, then a row for each metric at each place.
    pub(super) fn evaluate(
        &self,
        stage: &StagePlan,
        evaluation: &Evaluation,
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<Vec<ResultRow>, Failure> {
        let column = |column, watch: &mut dyn Watch| {
            let work = Work {
                stage,
                evaluation,
                whose: Whose::Column(column),
                most: None,
                directory: Some(directory),
            };
            self.judge(&work, watch)
        };
        let trained = column(Column::Trained, watch)?;
        let untrained = column(Column::Untrained, watch)?;
        // without an encoder there is no table, and nothing is told
        let raw = match (&evaluation.table, &evaluation.told) {
            (Some(_), _) | (_, Some(_)) => Findings::default(),
            (None, None) => column(Column::Raw, watch)?,
        };
        let beside = match &evaluation.beside {
            Some(other) => {
                let work = Work {
                    stage,
                    evaluation: other,
                    whose: Whose::Column(Column::Beside),
                    most: None,
                    directory: Some(directory),
                };
                self.judge(&work, watch)?
            }
            None => Findings::default(),
        };
        let taught = self.taught(stage, evaluation, directory, watch)?;
        let supervised = match &taught {
            Some(model) => {
                let work = Work {
                    stage,
                    evaluation,
                    whose: Whose::Taught(model),
                    most: None,
                    directory: Some(directory),
                };
                self.judge(&work, watch)?
            }
            None => Findings::default(),
        };
        let Some(evaluator) = evaluation.evaluator() else {
            return Err(unable(evaluation));
        };
        let length = evaluation
            .heads
            .as_ref()
            .map(|heads| epochs(&heads.settings));
        let taught = evaluation
            .taught
            .as_ref()
            .and_then(|taught| taught.heads.as_ref());
        let teaching = taught.map(|heads| format!("supervised for {}", epochs(&heads.settings)));
        let records = evaluation.splits.first();
        let records = records.map_or(0, |split| split.data.dataset.len());
        let rows = trained.metrics.iter().enumerate().map(|(index, metric)| {
            let about = About {
                place: &metric.place,
                records,
                length: length.as_deref().unwrap_or_default(),
                view: &evaluation.protocol,
            };
            let value = |found: &crate::evaluation::Metric| found.value;
            // without an encoder there is one place, and another one is read at its output
            let only = |found: &Findings| {
                let mut found = found.metrics.iter();
                found.find(|found| found.name == metric.name).map(value)
            };
            let mut protocol = evaluator.protocol(&evaluation.args, &about);
            if let Some(other) = &evaluation.beside {
                protocol += &format!(", `{}`: {}", other.from.text(), other.protocol);
            }
            if let Some(teaching) = &teaching {
                protocol += &format!(", {teaching}");
            }
            ResultRow {
                stage: stage.name.clone(),
                evaluator: evaluation.call.spec.name.clone(),
                protocol,
                metric: metric.name.to_owned(),
                unit: metric.measure.unit,
                better: metric.measure.better,
                value: metric.value,
                untrained: untrained.metrics.get(index).map(value),
                supervised: supervised.metrics.get(index).map(value),
                raw_is: evaluation.raw_is.map(str::to_owned),
                raw: only(&raw),
                beside_is: evaluation.beside.as_ref().map(|other| other.from.text()),
                beside: only(&beside),
                ..ResultRow::default()
            }
        });
        let rows: Vec<ResultRow> = rows.collect();
        exhibit(evaluation, &trained, &untrained, directory)?;
        self.beside_results(&stage.name, &trained)?;
        watch.end(&headline(&stage.name, evaluator, &trained));
        Ok(rows)
    }

    /// One column: what the evaluator wants is read, then judged.
    pub(super) fn judge(
        &self,
        work: &Work<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Findings, Failure> {
        let evaluation = work.evaluation;
        let Some(evaluator) = evaluation.evaluator() else {
            return Err(unable(evaluation));
        };
        let reading = evaluation.reading.as_ref();
        let own: Option<(_, Cow<'_, _>, Vec<_>, &[_])> = match (reading, work.whose.is_raw()) {
            (None, _) => None,
            (Some(reading), false) => {
                let vars = reading.places.iter().map(|(_, var, _)| *var);
                let model = self.encoder(work, &reading.graph)?;
                Some((&reading.graph, model, vars.collect(), &reading.shorter[..]))
            }
            // values that are no numbers to be compared are counted first
            (Some(reading), true) => match &reading.raw {
                Some((graph, var, _)) => {
                    Some((graph, Cow::Owned(self.fresh(graph)?), vec![*var], &[][..]))
                }
                None => None,
            },
        };
        let through = match &own {
            Some((graph, model, vars, shorter)) => Through::Graph(graph, model, vars, shorter),
            None => Through::Nothing,
        };
        let mut read = Vec::new();
        for want in evaluator.wants(&evaluation.args) {
            let what = want.said.replace("{}", work.whose.said());
            if let (Form::Table, Some(table)) = (want.form, &evaluation.table) {
                read.push(Read::Table(self.table(work, table, &what, watch)?));
                continue;
            }
            let mut splits = evaluation.splits.iter();
            let Some(index) = splits.position(|split| split.want == want) else {
                continue;
            };
            read.push(match (want.form, reading, work.data(index)) {
                (Form::Rows, Some(reading), Some(data)) => {
                    let stage = &work.stage.name;
                    Read::Rows(self.features(&data, reading, &through, stage, &what, watch)?)
                }
                (Form::Told(tells), _, Some(data)) => {
                    let Some(told) = &evaluation.told else {
                        return Err(unable(evaluation));
                    };
                    Read::Rows(self.told(work, (told, tells), &data, &what, watch)?)
                }
                _ => Read::Records(index),
            });
        }
        drop(own);
        let places = work.places();
        let judged = Judged {
            args: &evaluation.args,
            places: &places,
            classes: evaluation.classes,
            file: &evaluation.file,
        };
        let mut bench = Bench::new(self, work, watch);
        let found = evaluator.judge(&judged, read, &mut bench);
        found.map_err(|_| bench.why().unwrap_or_else(|| unable(evaluation)))
    }
}

impl Run<'_> {
    /// Lines to be read, also where whoever looks for results looks: `results/STAGE.txt`.
    fn beside_results(&self, stage: &str, found: &Findings) -> Result<(), Failure> {
        let text = found.exhibits.iter().find_map(|exhibit| match exhibit {
            Exhibit::Text(text) => Some(text),
            Exhibit::Map { .. } | Exhibit::Spread { .. } => None,
        });
        let (Some(text), Some(run)) = (text, &self.directory) else {
            return Ok(());
        };
        let failed = |name: &str| {
            let path = run.folder.path_of(name);
            move |error| disk(&path, &error)
        };
        let results = run.folder.make("results").map_err(failed("results"))?;
        let name = exhibit_table(stage);
        let written = results.write(&name, text.as_bytes());
        written.map_err(failed(&format!("results/{name}")))
    }
}

/// `10 epochs`
fn epochs(settings: &Settings) -> String {
    match (settings.steps as f64 / settings.steps_per_epoch()).round() {
        1.0 => "1 epoch".into(),
        n => format!("{n} epochs"),
    }
}

/// `neighbours · 61.0%`: the best of what counts most.
fn headline(stage: &str, evaluator: &dyn Evaluator, found: &Findings) -> String {
    let (name, measure) = evaluator
        .metrics()
        .first()
        .copied()
        .unwrap_or(("", Measure::SCORE));
    let values = found.metrics.iter().filter(|metric| metric.name == name);
    let whole = values.clone().find(|metric| metric.place.is_empty());
    let best = match whole {
        Some(whole) => Some(whole.value),
        None => measure.best(values.map(|metric| metric.value)),
    };
    format!("{stage} · {}", measure.brief(best.unwrap_or(f64::NAN)))
}

/// Keeps what there is to look at, of the trained encoder beside the untrained one.
fn exhibit(
    evaluation: &Evaluation,
    trained: &Findings,
    untrained: &Findings,
    directory: &StageDirectory,
) -> Result<(), Failure> {
    for (own, other) in trained.exhibits.iter().zip(&untrained.exhibits) {
        let (name, written) = match (own, other) {
            (
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
            ) => {
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
                (MAP, directory.folder.write_json(MAP, &map))
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
                (SPREAD, directory.folder.write_json(SPREAD, &spread))
            }
            (Exhibit::Text(text), _) => (TABLE, directory.folder.write(TABLE, text.as_bytes())),
            (Exhibit::Map { .. } | Exhibit::Spread { .. }, _) => continue,
        };
        written.map_err(|error| disk(&directory.path_of(name), &error))?;
    }
    Ok(())
}

/// An evaluator that gives up without a reason, or none at all.
fn unable(evaluation: &Evaluation) -> Failure {
    let message = format!("`{}` can't judge what was read", evaluation.call.spec.name);
    Failure::new(Code::Unavailable, message)
}

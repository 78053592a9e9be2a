//! An evaluator at work: the columns of the table of results, the same for every one.

use std::borrow::Cow;

use super::failure::Failure;
use super::features::Through;
use super::lab::Bench;
use super::work::{Whose, Work};
use super::{Run, StageDirectory, Watch};
use crate::evaluation::{
    About, Column, Evaluator, Findings, Form, Judged, Measure, Read, SUPERVISED,
};
use crate::language::codes::Code;
use crate::plan::{Evaluation, Settings, StagePlan};
use crate::report::{PIXELS, ResultRow};

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
                let named = found
                    .metrics
                    .iter()
                    .filter(|found| found.name == metric.name);
                let there = named.clone().find(|found| found.place == metric.place);
                there.or_else(|| named.clone().next()).map(value)
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
                from: evaluation.from.text(),
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
        let raw_name = evaluation.raw_is.unwrap_or(PIXELS);
        let beside_name = evaluation.beside.as_ref().map(|other| other.from.text());
        let all = [
            (Column::Trained.said(), &trained),
            (Column::Untrained.said(), &untrained),
            (raw_name, &raw),
            (beside_name.as_deref().unwrap_or_default(), &beside),
            (SUPERVISED, &supervised),
        ];
        self.keep_exhibits(stage, evaluation, &all, directory, watch)?;
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
                (Form::Views { records, views }, Some(reading), Some(data)) => {
                    let Some(own) = &evaluation.views else {
                        return Err(unable(evaluation));
                    };
                    let (count, said) = ((records, views), (&*work.stage.name, &*what));
                    Read::Rows(self.views(&data, reading, &through, own, count, said, watch)?)
                }
                (Form::Frames { clip, .. }, Some(reading), Some(data)) => {
                    let said = (&*work.stage.name, &*what);
                    Read::Frames(self.frames(
                        work,
                        clip,
                        (&data, reading),
                        &through,
                        said,
                        watch,
                    )?)
                }
                (Form::Told(tells) | Form::Shown(tells) | Form::Written(tells), _, Some(data)) => {
                    let told = evaluation.told.as_ref();
                    let Some((told, way)) =
                        told.and_then(|told| Some((told, told.ways.get(index)?)))
                    else {
                        return Err(unable(evaluation));
                    };
                    let rows = self.told(work, (told, way, tells), &data, &what, watch)?;
                    match want.form {
                        Form::Told(_) => Read::Rows(rows),
                        _ => Self::shown(rows, &data),
                    }
                }
                _ => Read::Records(index),
            });
        }
        drop(own);
        let rows = read.iter().filter_map(|read| match read {
            Read::Rows(rows) => Some(rows),
            _ => None,
        });
        self.leaks(work, &rows.collect::<Vec<_>>(), watch)?;
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

/// An evaluator that gives up without a reason, or none at all.
fn unable(evaluation: &Evaluation) -> Failure {
    let message = format!("`{}` can't judge what was read", evaluation.call.spec.name);
    Failure::new(Code::Unavailable, message)
}

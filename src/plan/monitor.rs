//! Planning an evaluator that runs while a stage trains.

use std::sync::Arc;

use super::build::Planner;
use super::judge::Subject;
use super::training::Watched;
use super::types::*;
use crate::augment::SampleGraph;
use crate::catalog::{Args, Call, DataSource, Duration};
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Planner<'_> {
    /// What runs while `stage` trains, on what it trains on and the split that the call names.
    pub(super) fn monitor(
        &mut self,
        stage: &Stage,
        call: &Call,
        data: &DataView,
        (encoder, samples): (&Reader, &Arc<SampleGraph>),
        settings: &Settings,
    ) -> Option<Monitor> {
        let Some(evaluator) = call.spec.evaluator() else {
            self.wrong_setting(
                call,
                "monitor",
                "knn(fashion.valid, k = 20, every = 1 epoch)",
            );
            return None;
        };
        let required = evaluator
            .wants(&call.args)
            .into_iter()
            .filter(|want| want.required && want.is_of_records());
        let mut splits: Vec<Asked> = Vec::new();
        for want in required {
            let data = if splits.is_empty() {
                data.clone()
            } else if call.args.maybe_data(want.field).is_some() {
                self.view(&call.args, want.field)?
            } else {
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::MissingField,
                        call.span,
                        "the monitor names no split to predict",
                    )
                    .help(format!("write `monitor = {}(NAME.valid)`", call.spec.name)),
                );
                return None;
            };
            splits.push(Asked { want, data });
        }
        // a stage of its own, made of the call alone
        let own = Stage {
            kind: call.spec.kind,
            call: call.clone(),
            fields: Args::default(),
            bind: Vec::new(),
            ..stage.clone()
        };
        // what reads no records has no bank
        let bank = call.args.maybe_size("bank").unwrap_or(usize::MAX);
        let subject = Subject {
            from: encoder.start(&stage.name),
            encoder,
            most: bank,
            seen: Some((samples, data.dataset.fields())),
        };
        let mut evaluation = self.judged(&own, &call.args, &subject, splits)?;
        // what becomes of records that can't be read the stage says
        if let Some(reading) = &mut evaluation.reading {
            reading.on_bad = settings.on_bad;
        }
        if let Some(heads) = &mut evaluation.heads {
            heads.settings.on_bad = settings.on_bad;
        }
        let every = match call.args.duration("every") {
            Duration::Epochs(n) => (n * settings.steps_per_epoch()).round() as u64,
            Duration::Steps(n) => n,
        };
        Some(Monitor {
            evaluation,
            every: every.max(1),
            bank,
            reads: monitored(call),
        })
    }
}

/// The names under which a monitor's values can be watched, by metric: the first by the evaluator's own, `valid.knn`, others with
/// theirs behind it.
pub(super) fn monitored(call: &Call) -> Vec<(String, Watched)> {
    let split = call
        .args
        .maybe_data("test")
        .and_then(|data| match &data.source {
            DataSource::Named { split, .. } => split.map(|split| split.name()),
            DataSource::Call(_) | DataSource::Beside(_) => None,
        });
    let split = split.unwrap_or("monitor");
    let metrics = call.spec.evaluator().map_or(&[][..], |e| e.metrics());
    let watched = |(index, (metric, measure)): (usize, &(&str, crate::evaluation::Measure))| {
        let name = match index {
            0 => call.spec.name.clone(),
            _ => format!("{}.{metric}", call.spec.name),
        };
        let watched = Watched {
            name: format!("{split}.{name}"),
            series: format!("monitor.{name}"),
            better: measure.better,
        };
        ((*metric).to_owned(), watched)
    };
    metrics.iter().enumerate().map(watched).collect()
}

//! The fields of a training stage as settings.

use std::collections::BTreeMap;

use super::build::Planner;
use super::types::*;
use super::{Group, Optimizer, Precision, Schedule, Watched};
use crate::catalog::{Args, Call, Duration, Kind, Make, Value};
use crate::data::OnBadSample;
use crate::evaluation::Measure;
use crate::graph::Graph;
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

/// What ends a training before its length.
enum Stop {
    Early(Watched, u64),
    Collapse,
}

/// The call's arguments together with the stage's common fields.
pub(super) fn with_fields(stage: &Stage) -> Args {
    let mut args = stage.call.args.clone();
    for (name, argument) in &stage.fields.values {
        args.values
            .entry(name.clone())
            .or_insert_with(|| argument.clone());
    }
    args
}

impl Planner<'_> {
    /// The settings of a training stage.
    pub(super) fn settings(
        &mut self,
        stage: &Stage,
        args: &Args,
        data: &DataView,
        readings: &[Watched],
    ) -> Option<Settings> {
        self.settings_of(stage, args, data, data.dataset.len(), readings)
    }

    /// The same where so many of the records are trained on.
    pub(super) fn settings_of(
        &mut self,
        stage: &Stage,
        args: &Args,
        data: &DataView,
        records: usize,
        readings: &[Watched],
    ) -> Option<Settings> {
        let mut batch = args.size("batch");
        let batch_span = args.span("batch").unwrap_or(stage.call.name_span);
        if records == 0 {
            self.diagnostics.push(Diagnostic::error(
                Code::TooFewSamples,
                data.span,
                format!("`{}` has no records", data.text),
            ));
            return None;
        }
        if batch > records {
            let given = stage.argument("batch");
            let of_default = given.is_none_or(|a| a.origin == crate::catalog::Origin::Default);
            let which = if of_default { "the default " } else { "a " };
            let warning = Diagnostic::warning(
                Code::LintBatch,
                if of_default {
                    stage.call.name_span
                } else {
                    batch_span
                },
                format!(
                    "{which}batch of {batch} is larger than the {records} records of `{}`",
                    data.text
                ),
            )
            .note(format!("The stage trains with batches of {records}."))
            .help(format!("write `batch = {records}` or less"));
            let spec = &stage.call.spec;
            let least = spec.params.iter().find(|param| param.name == "batch");
            let least = least
                .and_then(|param| param.range)
                .map_or(1.0, |range| range.0);
            if (records as f64) < least {
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::TooFewSamples,
                        warning.primary.span,
                        format!(
                            "`{}` compares the records of a batch, and `{}` has {records}",
                            spec.name, data.text
                        ),
                    )
                    .help(format!("train on {least} records or more")),
                );
                return None;
            }
            // of a probe's default on a few labels nothing is lost
            if !(of_default && stage.kind == Kind::Finetune) {
                self.diagnostics.push(warning);
            }
            batch = records;
        }
        let accumulate = args.size("accumulate");
        let batches_per_epoch = (records / batch) as u64;
        let per_epoch = batches_per_epoch as f64 / accumulate as f64;
        let in_steps = |duration: Duration| match duration {
            Duration::Epochs(n) => (n * per_epoch).round() as u64,
            Duration::Steps(n) => n,
        };
        let steps = in_steps(args.duration("length"));
        if steps == 0 {
            let span = args.span("length").unwrap_or(stage.call.name_span);
            let an_epoch = match accumulate {
                1 => format!("An epoch of `{}` is {batches_per_epoch} steps.", data.text),
                _ => format!(
                    "An epoch of `{}` is {batches_per_epoch} batches, and {accumulate} of them make a step.",
                    data.text
                ),
            };
            let message = "the stage is over before its first step";
            self.diagnostics.push(
                Diagnostic::error(Code::OutOfRange, span, message)
                    .note(an_epoch)
                    .help("write a longer `length`, such as `length = 10 epochs`"),
            );
            return None;
        }
        let schedule_call = args.call("schedule");
        let Make::Schedule(make) = &schedule_call.spec.make else {
            return None;
        };
        let schedule: Schedule = match make(&schedule_call.args) {
            Ok(schedule) => schedule,
            Err(problem) => {
                self.problem(stage, &problem);
                return None;
            }
        };
        if let Some(warmup) = schedule.warmup
            && in_steps(warmup) > steps
        {
            let given = args.values.get("schedule");
            let default =
                given.is_none_or(|schedule| schedule.origin == crate::catalog::Origin::Default);
            let what = if default {
                "the default warmup"
            } else {
                "the warmup"
            };
            let mut found = Diagnostic::warning(
                Code::LintWarmup,
                schedule_call
                    .args
                    .span("warmup")
                    .unwrap_or(schedule_call.span),
                format!(
                    "{what} of {} steps is longer than the run of {steps}",
                    in_steps(warmup)
                ),
            )
            .note("The rate would never reach its base value.");
            if default {
                let called = crate::language::call_text(schedule_call);
                let of = &stage.call.spec.name;
                found = found.note(format!("The default of `{of}` is `schedule = {called}`."));
            }
            self.diagnostics
                .push(found.help("shorten the warmup, or lengthen the run"));
        }
        let Make::Optimizer(make) = &args.call("optimizer").spec.make else {
            return None;
        };
        let optimizer = make(&args.call("optimizer").args);
        let optimizers: BTreeMap<String, Optimizer> = args
            .values
            .iter()
            .filter_map(|(name, argument)| {
                let Value::Call(call) = &argument.value else {
                    return None;
                };
                let Make::Optimizer(make) = &call.spec.make else {
                    return None;
                };
                Some((
                    name.strip_prefix("optimizer ")?.to_owned(),
                    make(&call.args),
                ))
            })
            .collect();
        let clip = match args.maybe_call("clip") {
            Some(call) if call.spec.name == "norm" => Some(call.args.number("limit")),
            Some(call) => {
                self.wrong_setting(call, "clip", "norm(1.0)");
                return None;
            }
            None => None,
        };
        let mut groups = Vec::new();
        for value in args.maybe_list("groups").unwrap_or(&[]) {
            match value {
                Value::Call(call) if call.spec.name == "group" => groups.push(Group {
                    pattern: call.args.text("pattern").to_owned(),
                    decay: call.args.maybe_number("decay"),
                    rate: call.args.maybe_number("rate"),
                }),
                Value::Call(call) => {
                    self.wrong_setting(call, "groups", "group(\"*.bias\", decay = 0)");
                    return None;
                }
                _ => {}
            }
        }
        // a monitor keeps nothing
        let checkpoint = args.maybe_call("checkpoint");
        let best = match checkpoint.map(|call| (call, call.spec.name.as_str())) {
            None | Some((_, "every")) => None,
            Some((call, "best")) => Some(self.watched(call, readings)?),
            Some((call, _)) => {
                self.wrong_setting(call, "checkpoint", "every(500 steps, keep = 2)");
                return None;
            }
        };
        let minutes = checkpoint.and_then(|call| call.args.maybe_number("minutes"));
        let period = checkpoint.and_then(|call| call.args.maybe_duration("period"));
        let (period, minutes) = match (period, minutes) {
            (Some(period), minutes) => (period, minutes),
            (None, minutes) => (Duration::Epochs(1.0), minutes.or(Some(5.0))),
        };
        let stop = match args.maybe_call("stop") {
            Some(call) if call.spec.name == "early" => {
                let patience = in_steps(call.args.duration("patience")).max(1);
                Some(Stop::Early(self.watched(call, readings)?, patience))
            }
            Some(call) if call.spec.name == "collapse" && stage.kind == Kind::Task => {
                Some(Stop::Collapse)
            }
            Some(call) if call.spec.name == "collapse" => {
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::WrongKind,
                        call.span,
                        "only a `pretext` stage is watched for a collapse",
                    )
                    .help("write `stop = early(valid.loss, patience = 5 epochs)`, or remove it"),
                );
                return None;
            }
            Some(call) => {
                self.wrong_setting(call, "stop", "early(valid.loss, patience = 5 epochs)");
                return None;
            }
            None => None,
        };
        let stop_collapsed = matches!(&stop, Some(Stop::Collapse));
        let stop = match stop {
            Some(Stop::Early(watched, patience)) => Some((watched, patience)),
            _ => None,
        };
        let average = match args.maybe_call("average") {
            Some(call) if call.spec.name == "ema" => {
                let decay = call.args.number("decay");
                self.lint_average(call, decay, steps);
                Some(decay)
            }
            Some(call) => {
                self.wrong_setting(call, "average", "ema(0.9999)");
                return None;
            }
            None => None,
        };
        let precision = self.precision(stage, args)?;
        Some(Settings {
            batch,
            accumulate,
            batches_per_epoch,
            steps,
            optimizer,
            schedule,
            clip,
            groups,
            optimizers,
            layer_decay: args.maybe_ratio("layer_decay"),
            average,
            precision,
            recompute: args.switch("checkpointing"),
            best,
            stop,
            stop_collapsed,
            checkpoint_every: in_steps(period).max(1),
            checkpoint_minutes: minutes,
            keep: checkpoint.map_or(1, |call| call.args.size("keep")),
            on_bad: OnBadSample::from_word(args.maybe_word("on_bad_sample").unwrap_or_default()),
            by_length: args.maybe_word("batches") == Some("by_length"),
        })
    }

    /// The value that `best(…)` or `early(…)` looks at.
    fn watched(&mut self, call: &Call, readings: &[Watched]) -> Option<Watched> {
        let name = call.args.word("of");
        if let Some(found) = readings.iter().find(|reading| reading.name == name) {
            return Some(found.clone());
        }
        let names: Vec<String> = readings
            .iter()
            .map(|reading| format!("`{}`", reading.name))
            .collect();
        let span = call.args.span("of").unwrap_or(call.span);
        let diagnostic = Diagnostic::error(
            Code::UnknownPart,
            span,
            format!("the stage reads no `{name}` while it trains"),
        );
        self.diagnostics.push(match names.is_empty() {
            true => diagnostic
                .note("It reads nothing while it trains.")
                .help("add `valid = NAME.valid` for `valid.loss`, or in a pretext stage `monitor = knn(NAME.valid)` for `valid.knn`"),
            false => diagnostic.note(format!("It reads {}.", names.join(", "))),
        });
        None
    }

    /// An average that reaches further back than the run is still mostly where the run began.
    fn lint_average(&mut self, call: &Call, decay: f64, steps: u64) {
        let left = decay.powf(steps as f64);
        if left > 0.5 {
            self.diagnostics.push(
                Diagnostic::warning(
                    Code::LintWarmup,
                    call.span,
                    format!(
                        "after {steps} steps the average is still {:.0}% the untrained weights",
                        100.0 * left
                    ),
                )
                .help("take a smaller decay, or lengthen the run"),
            );
        }
    }

    /// The stage's precision, or the run's.
    fn precision(&mut self, stage: &Stage, args: &Args) -> Option<Precision> {
        let own = args.maybe_word("precision");
        let run = &self.recipe.run;
        let precision = precision(own.unwrap_or(run.word("precision")));
        if precision == Precision::Bf16 && run.word("device") == "ndarray" {
            let span = match own {
                Some(_) => args.span("precision"),
                None => run.span("precision"),
            };
            self.diagnostics.push(
                Diagnostic::error(
                    Code::Unavailable,
                    span.unwrap_or(stage.call.name_span),
                    "device `ndarray` has no bf16",
                )
                .help("use `precision = f32`, or another device"),
            );
            return None;
        }
        Some(precision)
    }

    /// What of the settings depends on the training graph: depths for `layer_decay`, objectives for `optimizer NAME`.
    pub(super) fn suits(
        &mut self,
        stage: &Stage,
        settings: &Settings,
        graph: &Graph,
    ) -> Option<()> {
        let mut sound = true;
        let why = match (graph.claims.is_empty(), graph.work.is_empty()) {
            (false, _) => Some("has objectives that take turns"),
            // with more batches in a step an epoch may begin in the middle of one
            (_, false) => Some("works before each epoch"),
            _ => None,
        };
        if let Some(why) = why.filter(|_| settings.accumulate > 1) {
            sound = false;
            self.diagnostics.push(
                Diagnostic::error(
                    Code::OutOfRange,
                    stage.fields.span("accumulate").unwrap_or(stage.name_span),
                    format!("`{}` {why}: `accumulate` must be 1", stage.call.spec.name),
                )
                .note("A step of such a task is one batch.")
                .help("write `accumulate = 1`, or make `batch` larger"),
            );
        }
        if settings.layer_decay.is_some() && graph.depths.is_empty() {
            sound = false;
            self.diagnostics.push(
                Diagnostic::error(
                    Code::UnknownPart,
                    stage.fields.span("layer_decay").unwrap_or(stage.name_span),
                    "`layer_decay` needs an encoder that trains and has blocks; nothing here has any",
                )
                .help("remove it"),
            );
        }
        for name in settings.optimizers.keys() {
            if graph.claims.contains_key(name) {
                continue;
            }
            sound = false;
            let own: Vec<String> = graph.claims.keys().map(|own| format!("`{own}`")).collect();
            let field = format!("optimizer {name}");
            let span = stage.fields.span(&field).unwrap_or(stage.name_span);
            let shares = graph.objectives.iter().any(|other| other.name == *name);
            let message = match shares {
                true => format!(
                    "objective `{name}` of `{}` has no parameters of its own",
                    stage.call.spec.name
                ),
                false => format!("`{}` has no objective `{name}`", stage.call.spec.name),
            };
            let diagnostic = Diagnostic::error(Code::UnknownPart, span, message);
            self.diagnostics.push(match own.is_empty() {
                true => diagnostic.help("give one `optimizer` for the whole stage"),
                false => diagnostic.note(format!(
                    "Objectives with parameters of their own: {}.",
                    own.join(", ")
                )),
            });
        }
        sound.then_some(())
    }

    /// What a stage with this validation graph reads after every epoch.
    pub(super) fn valid_readings(graph: &Graph) -> Vec<Watched> {
        let mut readings = vec![Watched {
            name: "valid.loss".into(),
            series: "valid.loss".into(),
            better: Measure::ERROR.better,
        }];
        // of the others nobody knows where they are better
        readings.extend(graph.metrics.iter().filter_map(|metric| {
            let name = format!("valid.{}", metric.name);
            Some(Watched {
                better: Measure::named(&metric.name)?.better,
                series: name.clone(),
                name,
            })
        }));
        readings
    }

    pub(super) fn wrong_setting(&mut self, call: &Call, field: &str, example: &str) {
        self.diagnostics.push(
            Diagnostic::error(
                Code::WrongKind,
                call.span,
                format!("`{}` is not a value of `{field}`", call.spec.name),
            )
            .help(format!("write `{field} = {example}`")),
        );
    }
}

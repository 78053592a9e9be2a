//! The fields of a training stage as settings.

use super::Schedule;
use super::build::Planner;
use super::types::*;
use crate::catalog::{Args, Call, Duration, Make, Value};
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Planner<'_> {
    /// The settings of a training stage.
    pub(super) fn settings(
        &mut self,
        stage: &Stage,
        args: &Args,
        data: &DataView,
    ) -> Option<Settings> {
        let records = data.dataset.len();
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
            let written = stage
                .fields
                .values
                .get("batch")
                .or(stage.call.args.values.get("batch"));
            // a default that is too large for a few labels is nobody's mistake
            if written.is_some_and(|a| a.origin != crate::catalog::Origin::Default) {
                self.diagnostics.push(
                    Diagnostic::warning(
                        Code::LintBatch,
                        batch_span,
                        format!(
                            "a batch of {batch} is larger than the {records} records of `{}`",
                            data.text
                        ),
                    )
                    .note(format!("The stage trains with batches of {records}."))
                    .help(format!("write `batch = {records}` or less")),
                );
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
        let steps = in_steps(args.duration("length")).max(1);
        let schedule_call = args.call("schedule");
        let Make::Schedule(make) = &schedule_call.spec.make else {
            return None;
        };
        let schedule: Schedule = make(&schedule_call.args);
        if let Some(warmup) = schedule.warmup
            && in_steps(warmup) > steps
        {
            self.diagnostics.push(
                Diagnostic::warning(
                    Code::LintWarmup,
                    schedule_call
                        .args
                        .span("warmup")
                        .unwrap_or(schedule_call.span),
                    format!(
                        "the warmup of {} steps is longer than the run of {steps}",
                        in_steps(warmup)
                    ),
                )
                .note("The rate would never reach its base value.")
                .help("shorten the warmup, or lengthen the run"),
            );
        }
        let Make::Optimizer(make) = &args.call("optimizer").spec.make else {
            return None;
        };
        let optimizer = make(&args.call("optimizer").args);
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
        let checkpoint = args.call("checkpoint");
        if checkpoint.spec.name != "every" {
            self.wrong_setting(checkpoint, "checkpoint", "every(500 steps, keep = 2)");
            return None;
        }
        Some(Settings {
            batch,
            accumulate,
            batches_per_epoch,
            steps,
            optimizer,
            schedule,
            clip,
            groups,
            checkpoint_every: in_steps(checkpoint.args.duration("period")).max(1),
            keep: checkpoint.args.size("keep"),
            skip_bad: args.word("on_bad_sample") == "skip",
        })
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

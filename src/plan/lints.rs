//! Warnings about recipes that run but will not learn what they should.

use std::collections::BTreeSet;

use super::types::*;
use crate::catalog::{Kind, Split};
use crate::language::checked::{Recipe, SampleExpr, SampleHead, SampleStep};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// Looks at the recipe and at what was planned from it.
pub(super) fn lint(diagnostics: &mut Vec<Diagnostic>, recipe: &Recipe, stages: &[StagePlan]) {
    turned_before_turning(diagnostics, recipe);
    unused(diagnostics, recipe);
    for stage in &recipe.stages {
        let uses = |field: &str, args: &crate::catalog::Args| {
            args.maybe_data(field).and_then(|data| match &data.source {
                crate::catalog::DataSource::Named {
                    split: Some(Split::Test),
                    ..
                } => Some(data.span),
                _ => None,
            })
        };
        let mut spans: Vec<(Span, &str)> = Vec::new();
        if stage.kind == Kind::Task {
            spans.extend(uses("data", &stage.fields).map(|span| (span, "pretraining")));
            let monitor = stage.fields.maybe_call("monitor").or(stage
                .call
                .args
                .values
                .contains_key("monitor")
                .then(|| stage.call.args.call("monitor")));
            if let Some(monitor) = monitor {
                spans.extend(uses("test", &monitor.args).map(|span| (span, "monitoring")));
            }
        }
        if stage.kind == Kind::Finetune {
            spans.extend(uses("data", &stage.fields).map(|span| (span, "training")));
            spans.extend(uses("valid", &stage.fields).map(|span| (span, "choosing")));
        }
        for (span, use_) in spans {
            diagnostics.push(
                Diagnostic::warning(
                    Code::LintTestSplit,
                    span,
                    format!("the test split is used for {use_}"),
                )
                .note("A result on data that took part in its making says too much.")
                .help("use `.train` or `.valid`; `hold_out(10%)` makes a validation split"),
            );
        }
    }
    for stage in stages {
        if let Body::Pretext(training) = &stage.body
            && training.settings.accumulate > 1
            && training.task.spec.name == "simclr"
        {
            diagnostics.push(
                Diagnostic::warning(
                    Code::LintAccumulate,
                    stage.span,
                    "gradients are accumulated under a loss that needs its negatives in one batch",
                )
                .note(format!(
                    "Each of the {} partial batches of {} contrasts its own samples only.",
                    training.settings.accumulate, training.settings.batch
                ))
                .help("raise `batch` and leave `accumulate` at 1"),
            );
        }
    }
}

/// A transform that turns pictures at random makes the turn that `quarter_turn` invents impossible to tell.
fn turned_before_turning(diagnostics: &mut Vec<Diagnostic>, recipe: &Recipe) {
    fn calls<'a>(expr: &'a SampleExpr, into: &mut Vec<(&'a str, Span)>) {
        if let SampleHead::Group(inner) = &expr.head {
            calls(inner, into);
        }
        for step in &expr.steps {
            if let SampleStep::Transform(call) = step {
                into.push((&call.spec.name, call.span));
            }
        }
    }
    for augment in &recipe.augments {
        let mut seen = Vec::new();
        for binding in &augment.bindings {
            calls(&binding.value, &mut seen);
        }
        for emit in &augment.emits {
            calls(&emit.value, &mut seen);
        }
        let turns: Vec<Span> = seen
            .iter()
            .filter(|(name, _)| *name == "quarter_turn")
            .map(|(_, span)| *span)
            .collect();
        if let [first, second, ..] = turns[..] {
            diagnostics.push(
                Diagnostic::warning(
                    Code::LintTurned,
                    second,
                    "the picture was turned at random before this turn",
                )
                .label(first, "turned here first")
                .note("What the second turn adds can't be told from the picture.")
                .help("turn once"),
            );
        }
    }
}

fn unused(diagnostics: &mut Vec<Diagnostic>, recipe: &Recipe) {
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut note = |value: &crate::catalog::Value| collect(value, &mut used);
    for stage in &recipe.stages {
        for args in [&stage.call.args, &stage.fields] {
            args.values
                .values()
                .for_each(|argument| note(&argument.value));
        }
    }
    for item in &recipe.datasets {
        note(&crate::catalog::Value::Data(item.data.clone()));
    }
    // an augment that another one calls is used
    for augment in &recipe.augments {
        let exprs = augment
            .bindings
            .iter()
            .map(|b| &b.value)
            .chain(augment.emits.iter().map(|e| &e.value));
        for expr in exprs {
            augments_of(expr, &mut used);
        }
    }
    if recipe.stages.is_empty() {
        return;
    }
    let items = recipe
        .datasets
        .iter()
        .map(|d| ("dataset", &d.name, d.name_span))
        .chain(
            recipe
                .augments
                .iter()
                .map(|a| ("augment", &a.name, a.name_span)),
        );
    for (what, name, span) in items {
        if !used.contains(name) {
            diagnostics.push(
                Diagnostic::warning(
                    Code::LintUnused,
                    span,
                    format!("{what} `{name}` is never used"),
                )
                .help("use it in a stage, or remove it"),
            );
        }
    }
}

fn augments_of(expr: &SampleExpr, used: &mut BTreeSet<String>) {
    if let SampleHead::Group(inner) = &expr.head {
        augments_of(inner, used);
    }
    for step in &expr.steps {
        if let SampleStep::Augment { name, .. } = step {
            used.insert(name.clone());
        }
    }
}

/// Names of items in a value.
pub(super) fn collect(value: &crate::catalog::Value, used: &mut BTreeSet<String>) {
    use crate::catalog::{DataSource, Value};
    match value {
        Value::Augment(name) => {
            used.insert(name.clone());
        }
        Value::Data(data) => {
            match &data.source {
                DataSource::Named { dataset, .. } => {
                    used.insert(dataset.clone());
                }
                DataSource::Call(call) => call
                    .args
                    .values
                    .values()
                    .for_each(|a| collect(&a.value, used)),
            }
            for pipe in &data.pipes {
                pipe.args
                    .values
                    .values()
                    .for_each(|a| collect(&a.value, used));
            }
        }
        Value::Call(call) => call
            .args
            .values
            .values()
            .for_each(|a| collect(&a.value, used)),
        Value::List(values) => values.iter().for_each(|value| collect(value, used)),
        _ => {}
    }
}

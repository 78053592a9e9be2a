//! Warnings about items of a recipe that nothing uses.

use std::collections::BTreeSet;

use crate::language::Diagnostic;
use crate::language::checked::{Recipe, SampleExpr, SampleStep};
use crate::language::codes::Code;

/// Looks for them.
pub(super) fn lint(diagnostics: &mut Vec<Diagnostic>, recipe: &Recipe) {
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
        )
        .chain(
            recipe
                .stages
                .iter()
                .filter(|stage| stage.artifact.is_some())
                .map(|stage| ("fit", &stage.name, stage.name_span)),
        )
        .chain(
            recipe
                .encoders
                .iter()
                .filter_map(|net| Some(("encoder", net.name.as_ref()?, net.span))),
        );
    let stacks = recipe.stacks.iter().filter(|stack| !stack.used);
    let stacks = stacks.map(|stack| ("layers", &stack.name, stack.name_span));
    for (what, name, span) in items.chain(stacks) {
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
    for inner in expr.head.inner() {
        augments_of(inner, used);
    }
    for step in &expr.steps {
        match step {
            SampleStep::Augment { name, .. } => {
                used.insert(name.clone());
            }
            SampleStep::Transform(call) => {
                let values = call.args.values.values();
                values.for_each(|argument| collect(&argument.value, used));
            }
        }
    }
}

/// Names of items in a value.
pub(in crate::plan) fn collect(value: &crate::catalog::Value, used: &mut BTreeSet<String>) {
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
                DataSource::Beside(parts) => {
                    for (_, part) in parts {
                        collect(&Value::Data(part.clone()), used);
                    }
                }
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
        Value::Net(net) => used.extend(net.name.clone()),
        Value::Fit(artifact) => {
            used.insert(artifact.name.clone());
        }
        _ => {}
    }
}

//! Warnings about recipes that run but will not learn what they should.

use std::collections::BTreeSet;

use super::types::*;
use crate::catalog::{Catalog, Data, DataSource, Kind, Split};
use crate::graph::{Graph, Var};
use crate::language::checked::{Recipe, SampleExpr, SampleHead, SampleStep};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// Looks at the recipe and at what was planned from it.
pub(super) fn lint(
    diagnostics: &mut Vec<Diagnostic>,
    recipe: &Recipe,
    catalog: &Catalog,
    stages: &[StagePlan],
) {
    super::lints_augment::lint(diagnostics, recipe);
    unused(diagnostics, recipe);
    super::lints_use::lint(diagnostics, recipe, catalog);
    for stage in &recipe.stages {
        let uses = |field: &str, args: &crate::catalog::Args| {
            let data = args.maybe_data(field)?;
            is_test(data, recipe, 0).then_some(data.span)
        };
        let mut spans: Vec<(Span, &str)> = Vec::new();
        if stage.kind == Kind::Task {
            spans.extend(uses("data", &stage.fields).map(|span| (span, "pretraining")));
            spans.extend(uses("valid", &stage.fields).map(|span| (span, "monitoring")));
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
    for planned in stages {
        let stage = recipe
            .stages
            .iter()
            .find(|stage| stage.name == planned.name);
        let Some(stage) = stage else {
            continue;
        };
        super::lints_data::lint(diagnostics, recipe, stage, planned);
        super::lints_training::lint(diagnostics, stage, planned);
        if let Body::Pretext(training) = &planned.body {
            super::lints_graph::lint(diagnostics, stage, training);
        }
    }
}

/// Whether data comes from a test split, also through data sets that are made of one.
pub(super) fn is_test(data: &Data, recipe: &Recipe, depth: usize) -> bool {
    if depth < recipe.datasets.len() && data.given().any(|data| is_test(data, recipe, depth + 1)) {
        return true;
    }
    let DataSource::Named { dataset, split } = &data.source else {
        return false;
    };
    *split == Some(Split::Test)
        || depth < recipe.datasets.len()
            && recipe
                .datasets
                .iter()
                .find(|item| item.name == *dataset)
                .is_some_and(|item| is_test(&item.data, recipe, depth + 1))
}

/// Names of the catalog's data sets that data is made of.
pub(super) fn sources(data: &Data, recipe: &Recipe) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![data];
    while let Some(data) = waiting.pop() {
        match &data.source {
            DataSource::Call(call) => {
                if call.spec.kind == Kind::Dataset {
                    found.push(call.spec.name.clone());
                }
            }
            DataSource::Named { dataset, .. } => {
                let item = recipe.datasets.iter().find(|item| item.name == *dataset);
                waiting.extend(item.map(|item| &item.data));
            }
        }
        waiting.extend(data.given());
        if found.len() > recipe.datasets.len() + 8 {
            break;
        }
    }
    found
}

/// Whether a value that an objective is made of has one number for each pair of samples: then what a sample learns hangs on who
/// else is in its batch.
pub(super) fn compares_samples(graph: &Graph) -> bool {
    let objectives: Vec<Var> = graph.objectives.iter().map(|o| o.var).collect();
    let origins = graph.origins(&objectives);
    graph.nodes.iter().zip(origins).any(|(node, wanted)| {
        let of_batch = node.shape.iter().filter(|size| size.known().is_none());
        wanted && of_batch.count() > 1
    })
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
        )
        .chain(
            recipe
                .encoders
                .iter()
                .filter_map(|net| Some(("encoder", net.name.as_ref()?, net.span))),
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
        Value::Net(net) => used.extend(net.name.clone()),
        _ => {}
    }
}

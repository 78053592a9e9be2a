//! Warnings about recipes that run but will not learn what they should.

mod augment;
mod data;
mod graph;
mod learnt;
#[cfg(test)]
mod silent_tests;
mod sources;
#[cfg(test)]
mod tests;
mod training;
mod unused;
mod uses;

use sources::is_test;
pub(super) use unused::collect;

use super::types::*;
use crate::catalog::{Catalog, Kind};
use crate::language::checked::Recipe;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// Looks at the recipe and at what was planned from it.
pub(super) fn lint(
    diagnostics: &mut Vec<Diagnostic>,
    recipe: &Recipe,
    catalog: &Catalog,
    stages: &[StagePlan],
) {
    augment::lint(diagnostics, recipe);
    unused::lint(diagnostics, recipe);
    uses::lint(diagnostics, recipe, catalog);
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
        if stage.kind == Kind::Fit {
            spans.extend(uses("data", &stage.fields).map(|span| (span, "learning")));
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
        data::lint(diagnostics, recipe, stage, planned);
        training::lint(diagnostics, stage, planned);
        if let Body::Train(training) = &planned.body {
            graph::lint(diagnostics, stage, training);
            learnt::lint(diagnostics, stage, training);
        }
    }
}

//! Warnings about which records a stage learns from, and which judge it.

use super::super::types::*;
use super::sources::is_test;
use crate::data::shared;
use crate::language::Diagnostic;
use crate::language::checked::{Recipe, Stage};
use crate::language::codes::Code;

/// Looks at the data of a stage.
pub(super) fn lint(
    diagnostics: &mut Vec<Diagnostic>,
    recipe: &Recipe,
    stage: &Stage,
    planned: &StagePlan,
) {
    match &planned.body {
        Body::Knn(knn) => {
            overlap(diagnostics, recipe, stage, [&knn.train, &knn.test], "vote");
            let span = stage.call.args.span("k").unwrap_or(stage.call.name_span);
            bank(
                diagnostics,
                (knn.k, span),
                knn.train.dataset.len(),
                &knn.train,
            );
        }
        Body::Probe(probe) => {
            let sides = [&probe.train, &probe.test];
            overlap(diagnostics, recipe, stage, sides, "train");
        }
        Body::Classifier(classifier) => {
            let sides = [&classifier.train, &classifier.test];
            overlap(diagnostics, recipe, stage, sides, "train");
        }
        Body::Pretext(training) => {
            if let Some(monitor) = &training.monitor {
                let knn = &monitor.knn;
                let records = monitor.bank.min(knn.train.dataset.len());
                bank(diagnostics, (knn.k, knn.test.span), records, &knn.train);
            }
        }
        Body::Export(_) => {}
    }
}

/// Records that stand on both sides of an evaluation.
fn overlap(
    diagnostics: &mut Vec<Diagnostic>,
    recipe: &Recipe,
    stage: &Stage,
    [train, test]: [&DataView; 2],
    they: &str,
) {
    let records = shared(&*train.dataset, &*test.dataset);
    if records == 0 {
        return;
    }
    let all = test.dataset.len();
    let much = match records >= all {
        true => format!("all {all} records"),
        false => format!("about {records} of the {all} records"),
    };
    // the side that holds what it should not
    let data = stage.fields.maybe_data("data");
    let (at, other) = match data.is_some_and(|data| is_test(data, recipe, 0)) {
        true => (train, test),
        false => (test, train),
    };
    diagnostics.push(
        Diagnostic::warning(
            Code::LintTestSplit,
            at.span,
            format!("{much} that judge {they} too"),
        )
        .label(other.span, "they are in both")
        .note("A record that has been seen with its label is known: even raw pixels find it again.")
        .help("judge with records that are nowhere else, `.test` or `.valid`; `hold_out(10%)` makes a validation split"),
    );
}

/// Fewer records than neighbours that are asked for.
fn bank(
    diagnostics: &mut Vec<Diagnostic>,
    (k, span): (usize, crate::language::Span),
    records: usize,
    train: &DataView,
) {
    if k <= records {
        return;
    }
    diagnostics.push(
        Diagnostic::warning(
            Code::LintBank,
            span,
            format!(
                "{k} neighbours are asked for, but `{}` has {records} records",
                train.text
            ),
        )
        .note("All of them vote on each record: the largest class has a head start.")
        .help(format!(
            "write `k = {}` or less",
            (records / 2).clamp(1, 20)
        )),
    );
}

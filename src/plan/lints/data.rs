//! Warnings about which records a stage learns from, and which judge it.

use super::super::types::*;
use super::sources::is_test;
use crate::catalog::At;
use crate::data::shared;
use crate::language::checked::{Recipe, Stage};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// Looks at the data of a stage.
pub(super) fn lint(
    diagnostics: &mut Vec<Diagnostic>,
    recipe: &Recipe,
    stage: &Stage,
    planned: &StagePlan,
) {
    match &planned.body {
        Body::Evaluate(evaluation) => {
            let sides = evaluation.split("data").zip(evaluation.split("test"));
            if let Some((train, test)) = sides {
                let they = train.want.does;
                overlap(diagnostics, recipe, stage, [&train.data, &test.data], they);
            }
            doubts(diagnostics, evaluation, usize::MAX, None);
        }
        Body::Train(training) => {
            if let Some(monitor) = &training.monitor {
                let test = monitor.evaluation.split("test");
                let span = test.map(|test| test.data.span);
                doubts(diagnostics, &monitor.evaluation, monitor.bank, span);
            }
        }
        Body::Fit(_) | Body::Export(_) => {}
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

/// What an evaluator finds odd about its arguments, where at most so many records of its first split are read; at `span`, or at the
/// argument.
fn doubts(
    diagnostics: &mut Vec<Diagnostic>,
    evaluation: &Evaluation,
    most: usize,
    span: Option<Span>,
) {
    let Some(evaluator) = evaluation.evaluator() else {
        return;
    };
    let names = evaluation
        .splits
        .iter()
        .map(|split| split.data.text.as_str());
    let data: Vec<(&str, usize)> = names.zip(evaluation.records(most)).collect();
    for problem in evaluator.doubts(&evaluation.args, &data) {
        let own = match &problem.at {
            At::Argument(name) => evaluation.call.args.span(name),
            At::Span(span) => Some(*span),
            At::Call => None,
        };
        let at = span.or(own).unwrap_or(evaluation.call.name_span);
        let mut doubt = Diagnostic::warning(problem.code, at, problem.message);
        doubt.notes = problem.notes;
        for help in problem.helps {
            doubt = doubt.help(help);
        }
        diagnostics.push(doubt);
    }
}

//! Warnings about what a stage computes. They look at traced graphs, so that scripts and plugins get them too.

use super::super::same::same_views;
use super::super::types::*;
use super::sources::compares_samples;
use crate::catalog::Value;
use crate::data::lab::LabPart;
use crate::graph::{Pull, Var};
use crate::language::checked::Stage;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// Looks at the graph of a pretext stage, and at the samples that feed it.
pub(super) fn lint(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, training: &Training) {
    let found = [
        one_view(stage, training),
        collapse(stage, training),
        accumulated(stage, training),
    ];
    diagnostics.extend(found.into_iter().flatten());
    queues(diagnostics, stage, training);
    normalized(diagnostics, stage, training);
    tiles(diagnostics, stage, training);
    colours(diagnostics, stage, training);
}

/// One sample stands on both sides of a comparison.
fn one_view(stage: &Stage, training: &Training) -> Option<Diagnostic> {
    if let Some(twice) = same_views(training) {
        let fields = twice.inputs.iter().map(|input| {
            let bound = training.bindings.iter().find(|(_, name)| name == input);
            format!("`{}`", bound.map_or(input, |(field, _)| field))
        });
        let fields: Vec<String> = fields.collect();
        let span = stage.fields.span("augment").unwrap_or(stage.call.name_span);
        let found = Diagnostic::warning(
            Code::LintOneView,
            span,
            format!("{} are one view of the picture, not several", listed(&fields)),
        )
        .note("Nothing is drawn between them: what the network makes of one it makes of the other.")
        .help("draw each view: `emit views = (image |> random_resized_crop(32px) |> normalize()) * 2`");
        return Some(placed(
            found,
            stage,
            training,
            twice.at,
            "the same weights meet both here",
        ));
    }
    let own = training.graph.own_positive()?;
    let found = Diagnostic::warning(
        Code::LintOneView,
        stage.call.name_span,
        format!("`{}` contrasts a view with itself", stage.call.spec.name),
    )
    .note("The positive of each row is the row: no two views are told to be alike.")
    .help("compare what two views of a picture give");
    Some(placed(
        found,
        stage,
        training,
        own.at,
        "of these scores the right one is fixed",
    ))
}

/// Nothing keeps all pictures from becoming one.
fn collapse(stage: &Stage, training: &Training) -> Option<Diagnostic> {
    let (at, why) = training.graph.collapses()?;
    let found = Diagnostic::warning(
        Code::LintCollapse,
        stage.call.name_span,
        format!(
            "`{}` is best served by one output for all pictures",
            stage.call.spec.name
        ),
    )
    .note("Its loss only draws two outputs of the same weights together; no term keeps outputs of different pictures apart.");
    let found = match why {
        Pull::BothMove => found
            .note("Gradients flow into both sides.")
            .help("hold one side still with `stop_gradient` or a slow copy, and put a predictor on the other"),
        Pull::NoPredictor => found
            .note("One side is held still, but the other is the same network without a predictor, and follows it.")
            .help("put a predictor between the side that moves and the loss"),
    }
    .help("or add a term: negatives, or variances and covariances over the batch");
    Some(placed(
        found,
        stage,
        training,
        at,
        "they are drawn together here",
    ))
}

/// Partial batches that contrast their own samples only.
fn accumulated(stage: &Stage, training: &Training) -> Option<Diagnostic> {
    let settings = &training.settings;
    if settings.accumulate == 1 {
        return None;
    }
    let negatives = compares_samples(&training.graph);
    let statistic = training.graph.batch_statistic();
    let (what, they) = match (negatives, statistic) {
        (true, _) => ("needs its negatives in one batch", "contrasts"),
        (false, Some(_)) => ("is made of statistics of the batch", "has statistics of"),
        (false, None) => return None,
    };
    let found = Diagnostic::warning(
        Code::LintAccumulate,
        stage.name_span,
        format!("gradients are accumulated under a loss that {what}"),
    )
    .note(format!(
        "Each of the {} partial batches of {} {they} its own samples only.",
        settings.accumulate, settings.batch
    ))
    .help("raise `batch` and leave `accumulate` at 1");
    Some(match statistic.filter(|_| !negatives) {
        Some(at) => placed(found, stage, training, at, "of these samples together"),
        None => found,
    })
}

/// Queues that end within a batch.
fn queues(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, training: &Training) {
    let batch = training.settings.batch;
    let fields = [&stage.fields, &stage.call.args];
    let asked = stage.argument("batch");
    // a batch that was cut to the data has its own warning, and its length is nobody's choice
    if matches!(asked.map(|a| &a.value), Some(Value::Integer(n)) if *n > batch as i64) {
        return;
    }
    let mut said: Vec<(usize, usize)> = Vec::new();
    for (state, rows) in training.graph.queues() {
        let (length, rows) = (state.shape.first().copied().unwrap_or(0), rows.at(batch));
        if rows == 0 || length % rows == 0 || said.contains(&(length, rows)) {
            continue;
        }
        said.push((length, rows));
        let span = fields.iter().find_map(|args| args.span("batch"));
        let whole = (length / rows).max(1) * rows;
        let mut found = Diagnostic::warning(
            Code::LintQueue,
            span.unwrap_or(stage.call.name_span),
            format!(
                "the {length} rows of `{}` are not a multiple of the {rows} that each step brings",
                state.name
            ),
        )
        .note("The oldest batch in it is there in part only, each time another one.");
        let named = stage.call.args.values.iter();
        let mut named =
            named.filter(|(_, a)| matches!(a.value, Value::Integer(n) if n == length as i64));
        if let (Some((name, argument)), None) = (named.next(), named.next()) {
            if argument.span != Span::default() {
                found = found.label(argument.span, "its length");
            }
            found = found.help(format!(
                "write `{name} = {whole}`, or a `batch` that divides {length}"
            ));
        } else {
            found = found.help(format!(
                "keep {whole} rows, or choose a `batch` that divides {length}"
            ));
        }
        diagnostics.push(found);
    }
}

/// Pictures that are normalised twice, or never.
fn normalized(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, training: &Training) {
    // a default `augment` has its own text
    let Some(Value::Augment(name)) = stage.fields.values.get("augment").map(|a| &a.value) else {
        return;
    };
    let known = |span: &Span, diagnostics: &[Diagnostic]| {
        let of = |d: &Diagnostic| d.code == Code::LintNormalization && d.primary.span == *span;
        diagnostics.iter().any(of)
    };
    for (span, lab) in training.samples.normalizes_twice() {
        if !known(span, diagnostics) {
            diagnostics.push(
                Diagnostic::warning(
                    Code::LintNormalization,
                    *span,
                    "these pixels were normalised before",
                )
                .note("The mean and the deviation are those of pictures as they are read.")
                .help(lab.map_or("normalise once, at the end".into(), LabPart::scaled)),
            );
        }
    }
    let span = stage.fields.span("augment").unwrap_or(stage.name_span);
    if training.samples.never_normalizes() && !known(&span, diagnostics) {
        diagnostics.push(
            Diagnostic::warning(
                Code::LintNormalization,
                span,
                format!("no picture that `{name}` emits is normalised"),
            )
            .note(
                "Pixels stay between 0 and 1. Pictures that are not centred on zero train slower.",
            )
            .help("end each view with `|> normalize()`"),
        );
    }
}

/// Tiles whose edges give their places away.
fn tiles(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, training: &Training) {
    // a default `augment` has its own text
    if stage.fields.values.contains_key("augment") {
        for span in training.samples.touching() {
            if diagnostics
                .iter()
                .any(|d| d.code == Code::LintTiles && d.primary.span == *span)
            {
                continue;
            }
            diagnostics.push(
                Diagnostic::warning(Code::LintTiles, *span, "there is no gap between these tiles")
                    .note("Lines that go on from one tile to the next say where it stood: nothing else needs to be learnt.")
                    .help("leave a gap: of half a tile (Doersch et al., 2015), of 11 of 75 pixels (Noroozi & Favaro, 2016)"),
            );
        }
    }
}

/// Colours that nature did not give.
fn colours(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, training: &Training) {
    for span in training.samples.recoloured() {
        let of = |d: &Diagnostic| d.code == Code::LintColours && d.primary.span == *span;
        if diagnostics.iter().any(of) {
            continue;
        }
        diagnostics.push(
            Diagnostic::warning(
                Code::LintColours,
                *span,
                "the colours that are to be learnt were changed before",
            )
            .label(stage.name_span, "learns from a and b of Lab")
            .note("Which colour a thing has can be told from its looks; what was drawn at random can't.")
            .help("remove it, or change the picture that is only looked at"),
        );
    }
}

/// The finding with the line of the task that it comes from, where that is a script.
fn placed(
    found: Diagnostic,
    stage: &Stage,
    training: &Training,
    at: Var,
    text: &str,
) -> Diagnostic {
    let own = training.graph.node(at).span;
    match own != Span::default() && own.file != stage.name_span.file && own.end > own.start {
        true => found.label(own, text),
        false => found,
    }
}

/// `a`, `b` and `c`
fn listed(names: &[String]) -> String {
    match names {
        [] => "these".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

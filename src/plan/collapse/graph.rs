//! Causes that a traced graph shows: what a loss lacks, whatever task, script or plugin built it.

use super::super::same::same_views;
use super::super::types::*;
use super::Cause;
use crate::catalog::{Argument, Origin, Value};
use crate::graph::{Clock, Pull, Var};
use crate::language::Span;
use crate::language::checked::Stage;

/// A slow copy of which less stays at each step is the network itself.
const QUICK: f64 = 0.5;

/// The number that an argument is, or ends with.
fn is(argument: &Argument, value: f64) -> bool {
    const NEAR: f64 = 1e-9;
    match argument.value {
        Value::Number(x) | Value::Ratio(x) => (x - value).abs() < NEAR,
        // what goes from one to the other may end before it is there
        Value::Range(from, to) => from.min(to) - NEAR < value && value < from.max(to) + NEAR,
        Value::Integer(n) => (n as f64 - value).abs() < NEAR,
        _ => false,
    }
}

/// The task's own arguments with this value that somebody has chosen.
fn chosen(stage: &Stage, value: f64) -> Option<(&str, Span)> {
    let mut all = stage
        .call
        .args
        .values
        .iter()
        .filter(|(_, argument)| argument.origin != Origin::Default && is(argument, value));
    all.next()
        .map(|(name, argument)| (name.as_str(), argument.span))
}

pub(super) fn causes(stage: &Stage, training: &Training) -> Vec<Cause> {
    let mut found = Vec::new();
    found.extend(pulled(stage, training));
    found.extend(views(stage, training));
    found.extend(switched_off(stage, training));
    found.extend(copies(stage, training));
    found.extend(centres(stage, training));
    found.extend(flat(stage, training));
    found.extend(narrow(stage, training));
    found
}

/// The line of a script that a node was built in.
fn script(stage: &Stage, training: &Training, at: Var) -> Option<Span> {
    let own = training.graph.node(at).span;
    let apart = own != Span::default() && own.file != stage.name_span.file && own.end > own.start;
    apart.then_some(own)
}

/// A loss that only draws outputs together.
fn pulled(stage: &Stage, training: &Training) -> Option<Cause> {
    let (at, why) = training.graph.collapses()?;
    let (what, help) = match why {
        Pull::BothMove => (
            "gradients flow into both sides of the loss, and no term keeps samples apart",
            "hold one side still with `stop_gradient` or a slow copy and put a predictor on the other, or add a term: negatives, or variances over \
             the batch",
        ),
        Pull::NoPredictor => (
            "no predictor stands between the side that moves and the side that holds still, and no term keeps samples apart",
            "put a predictor between the side that moves and the loss, or add a term: negatives, or variances over the batch",
        ),
    };
    Some(Cause {
        what: what.into(),
        span: stage.call.name_span,
        script: script(stage, training, at),
        help: help.into(),
        likely: 95,
        sign: None,
    })
}

/// Views between which nothing is drawn.
fn views(stage: &Stage, training: &Training) -> Option<Cause> {
    let twice = same_views(training)?;
    Some(Cause {
        what: "its views are one view: what the network makes of one it makes of the other".into(),
        span: stage.fields.span("augment").unwrap_or(stage.call.name_span),
        script: script(stage, training, twice.at),
        help: "draw each view: `emit views = (image |> view()) * 2`".into(),
        likely: 75,
        sign: None,
    })
}

/// Terms with a weight of 0.
fn switched_off(stage: &Stage, training: &Training) -> Option<Cause> {
    let at = *training.graph.switched_off().first()?;
    let (name, span) = match chosen(stage, 0.0).or_else(|| chosen(stage, 1.0)) {
        Some((name, span)) => (format!("`{name}`"), span),
        // a term that a paper leaves out is nobody's mistake
        None if stage.call.spec.provider.is_none() => return None,
        None => (format!("`{}`", stage.call.spec.name), stage.call.name_span),
    };
    Some(Cause {
        what: format!("{name} switches a term of the loss off: nothing asks for what it would"),
        span,
        script: script(stage, training, at),
        help: "give the term a weight; the paper's is the default".into(),
        likely: 90,
        sign: None,
    })
}

/// Slow copies that are not slow, or stand still.
fn copies(stage: &Stage, training: &Training) -> Option<Cause> {
    let clock = run(training);
    let at = |step: u64| Clock { step, ..clock };
    training.graph.emas.iter().find_map(|ema| {
        let momentum = ema.momentum.at(&at(0)).ok()?;
        let (what, likely) = if momentum >= 1.0 {
            (
                format!("the slow copy of `{}` never moves: its momentum is 1", ema.source),
                70,
            )
        } else if momentum < QUICK {
            (
                format!(
                    "the slow copy of `{}` is not slow: with a momentum of {momentum} it is the network itself",
                    ema.source
                ),
                75,
            )
        } else {
            return None;
        };
        let span = stage.call.args.span("momentum").unwrap_or(stage.call.name_span);
        Some(Cause {
            what,
            span,
            script: None,
            help: "write a momentum near and below 1, such as `momentum = 0.99`".into(),
            likely,
            sign: None,
        })
    })
}

/// How long the run is.
fn run(training: &Training) -> Clock {
    Clock {
        step: 0,
        steps: training.settings.steps,
        steps_per_epoch: training.settings.steps_per_epoch(),
    }
}

/// Averages that keep one output from winning, and don't move.
fn centres(stage: &Stage, training: &Training) -> Option<Cause> {
    let unmoved = training.graph.unmoved();
    let state = unmoved.first()?;
    let span = chosen(stage, 1.0).map_or(stage.call.name_span, |(_, span)| span);
    Some(Cause {
        what: format!(
            "`{}` stays as it starts, and keeps no output from winning for all samples",
            state.name
        ),
        span,
        script: None,
        help: "let it follow: a momentum below 1, such as 0.9".into(),
        likely: 80,
        sign: None,
    })
}

/// Targets that are as flat as what predicts them.
fn flat(stage: &Stage, training: &Training) -> Option<Cause> {
    let clock = run(training);
    let end = Clock {
        step: clock.steps,
        ..clock
    };
    let (target, prediction) = training.graph.temperatures(&end)?;
    if target < prediction {
        return None;
    }
    let span = chosen(stage, target).map_or(stage.call.name_span, |(_, span)| span);
    Some(Cause {
        what: format!(
            "targets have a temperature of {target:.3} and predictions one of {prediction:.3}: flat targets make flat predictions, which make flat targets"
        ),
        span,
        script: None,
        help: "sharpen the targets: a temperature well below that of the predictions".into(),
        likely: 78,
        sign: None,
    })
}

/// One number for each sample.
fn narrow(stage: &Stage, training: &Training) -> Option<Cause> {
    let encoders: Vec<&str> = training.parts.iter().map(|p| p.module.as_str()).collect();
    let all = training.graph.embeddings(&encoders);
    let one = all.iter().find(|one| {
        let width = training.graph.shape(one.var).last();
        width.and_then(|n| n.known()) == Some(1)
    })?;
    Some(Cause {
        what: format!("`{}` gives one number for each sample", one.module),
        span: stage
            .call
            .args
            .span(&one.module)
            .unwrap_or(stage.call.name_span),
        script: None,
        help: "give it more outputs".into(),
        likely: 50,
        sign: None,
    })
}

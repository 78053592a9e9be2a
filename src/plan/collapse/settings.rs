//! Causes that the settings of a training hold: weight decay, rate, batch.

use super::super::types::*;
use super::super::{Group, Optimizer};
use super::{Cause, Sign};
use crate::catalog::{Call, Value};
use crate::graph::followed;
use crate::language::Span;
use crate::language::checked::Stage;

/// Weights that nothing feeds are below a twentieth of what they were after so much of rate × decay.
const WORN: f64 = 3.0;
/// Records in a batch that are few to tell from one another.
const FEW: usize = 8;

pub(super) fn causes(stage: &Stage, training: &Training) -> Vec<Cause> {
    let mut found = decays(stage, training);
    found.extend(rate(stage, training));
    found.extend(batch(stage, training));
    found
}

/// The optimiser as the recipe calls it.
fn optimizer(stage: &Stage) -> Option<&Call> {
    match &stage.argument("optimizer")?.value {
        Value::Call(call) => Some(call),
        _ => None,
    }
}

/// The place of one of its arguments, where it is written.
fn of_optimizer(stage: &Stage, name: &str) -> Span {
    let own = stage.argument("optimizer").map(|a| a.span);
    let argument = optimizer(stage).and_then(|call| call.args.span(name));
    let span = argument.or(own).unwrap_or(stage.call.name_span);
    match span.end > span.start {
        true => span,
        false => stage.call.name_span,
    }
}

/// Weight decay of the optimiser; `None`: rates are scaled by the weights, so that it can't wear them down to nothing.
fn decay_of(optimizer: &Optimizer) -> Option<f64> {
    match optimizer {
        Optimizer::Sgd { weight_decay, .. }
        | Optimizer::Adam { weight_decay, .. }
        | Optimizer::AdamW { weight_decay, .. }
        | Optimizer::Adagrad { weight_decay, .. } => Some(*weight_decay),
        Optimizer::Lars { .. } | Optimizer::LazyAdam { .. } => None,
    }
}

/// The last group that covers a parameter and says something.
fn last<'g, T>(
    groups: &'g [Group],
    name: &str,
    says: impl Fn(&'g Group) -> Option<T>,
) -> Option<(usize, T)> {
    let mut all = groups.iter().enumerate().rev();
    all.find_map(|(index, group)| {
        let own = group.covers(name).then(|| says(group))??;
        Some((index, own))
    })
}

/// Modules whose weights are worn down.
fn decays(stage: &Stage, training: &Training) -> Vec<Cause> {
    let settings = &training.settings;
    let calls = stage.fields.maybe_list("groups").unwrap_or(&[]);
    let mut found: Vec<(String, Cause)> = Vec::new();
    for parameter in &training.graph.parameters {
        let module = parameter.name.split('/').next().unwrap_or_default();
        let matrix = parameter.shape.len() > 1;
        if !matrix
            || followed(&parameter.name) != parameter.name
            || found.iter().any(|(own, _)| own == module)
        {
            continue;
        }
        let own = last(&settings.groups, &parameter.name, |group| group.decay);
        let factor = last(&settings.groups, &parameter.name, |group| group.rate);
        let Some(decay) = own.map(|(_, d)| d).or(decay_of(&settings.optimizer)) else {
            continue;
        };
        let each = decay * settings.optimizer.rate() * factor.map_or(1.0, |(_, rate)| rate);
        if each * settings.steps as f64 <= WORN {
            continue;
        }
        let span = match own.and_then(|(index, _)| calls.get(index)) {
            Some(Value::Call(call)) => call.args.span("decay").unwrap_or(call.span),
            _ => of_optimizer(stage, "weight_decay"),
        };
        found.push((
            module.to_owned(),
            Cause {
                what: format!(
                    "weight decay takes {:.2}% of the weights of `{module}` away at each step, more than the loss gives back",
                    100.0 * each.min(1.0)
                ),
                span,
                script: None,
                help: format!("take a smaller decay; {:.1e} would leave half by the end", 0.7 * decay / (each * settings.steps as f64)),
                likely: 30,
                sign: Some((Sign::Shrunk(module.to_owned()), 92)),
            },
        ));
    }
    found.into_iter().map(|(_, cause)| cause).collect()
}

/// A rate that throws weights about.
fn rate(stage: &Stage, training: &Training) -> Option<Cause> {
    let optimizer = &training.settings.optimizer;
    // where the papers' recipes end
    let most = match optimizer {
        Optimizer::Sgd { .. } => 3.0,
        Optimizer::Lars { .. } => 30.0,
        Optimizer::Adagrad { .. } => 1.0,
        Optimizer::Adam { .. } | Optimizer::AdamW { .. } | Optimizer::LazyAdam { .. } => 0.03,
    };
    let rate = optimizer.rate();
    let likely = if rate > most { 72 } else { 20 };
    Some(Cause {
        what: format!("a rate of {rate} is more than the loss bears"),
        span: of_optimizer(stage, "rate"),
        script: None,
        help: format!(
            "take a smaller one, such as {:.0e}, or a longer warmup",
            (rate / 10.0).min(most / 10.0)
        ),
        likely,
        sign: Some((Sign::Thrown, 85)),
    })
}

/// A batch in which there is hardly anything to tell apart.
fn batch(stage: &Stage, training: &Training) -> Option<Cause> {
    let batch = training.settings.batch;
    if batch >= FEW || training.graph.batch_statistic().is_none() {
        return None;
    }
    let span = stage
        .argument("batch")
        .map(|a| a.span)
        .filter(|s| s.end > s.start);
    Some(Cause {
        what: format!("the loss compares the records of a batch, and there are {batch} of them"),
        span: span.unwrap_or(stage.call.name_span),
        script: None,
        help: "take a larger batch".into(),
        likely: 45,
        sign: None,
    })
}

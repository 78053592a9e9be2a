//! Warnings about augments: what flows into a transform makes what it emits useless.

use std::collections::BTreeMap;

use crate::catalog::{Args, Value};
use crate::language::checked::{Augment, Recipe, SampleExpr, SampleHead, SampleStep};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// Augments inside one another that are followed.
const DEPTH: usize = 16;
/// Calls of augments that are followed from one augment: calls of calls grow without end.
const CALLS: usize = 1000;
/// How far a mean or a deviation may be from the published one and still be taken for it.
const CLOSE: f64 = 2e-3;

/// Statistics that are known by heart, and so end up in recipes for other data.
const PUBLISHED: [(&str, &[f64], &[f64]); 4] = [
    ("mnist", &[0.1307], &[0.3081]),
    ("fashion_mnist", &[0.2860], &[0.3530]),
    (
        "cifar10",
        &[0.4914, 0.4822, 0.4465],
        &[0.2470, 0.2435, 0.2616],
    ),
    ("ImageNet", &[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]),
];

/// Looks at every augment, and at the data of the stages that use them.
pub(super) fn lint(diagnostics: &mut Vec<Diagnostic>, recipe: &Recipe) {
    let mut found = Vec::new();
    for augment in &recipe.augments {
        let scope = augment
            .parameters
            .iter()
            .map(|(name, _)| (name.clone(), None));
        let mut left = CALLS;
        let calls = (0, &mut left);
        emitted(
            augment,
            scope.collect(),
            &recipe.augments,
            calls,
            &mut found,
        );
    }
    found.sort_unstable_by_key(|(second, _)| (second.file, second.start));
    found.dedup_by_key(|(second, _)| *second);
    for (second, first) in found {
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
    for stage in &recipe.stages {
        let Some(Value::Augment(name)) = stage.fields.values.get("augment").map(|a| &a.value)
        else {
            continue;
        };
        let sets = stage
            .fields
            .maybe_data("data")
            .map(|data| super::sources::sources(data, recipe));
        let Some(augment) = recipe.augments.iter().find(|a| a.name == *name) else {
            continue;
        };
        for normalize in normalizations(augment, &recipe.augments) {
            anothers(diagnostics, normalize, sets.as_deref().unwrap_or(&[]));
        }
    }
}

/// Where the picture in a value was turned first; nothing where it is upright.
type Turned = Option<Span>;

/// What an augment emits, and each turn of what was turned, with the turn before it.
fn emitted(
    augment: &Augment,
    mut scope: BTreeMap<String, Turned>,
    all: &[Augment],
    (depth, left): (usize, &mut usize),
    found: &mut Vec<(Span, Span)>,
) -> Turned {
    for binding in &augment.bindings {
        let turned = flow(&binding.value, &scope, all, (depth, left), found);
        scope.extend(binding.names.iter().map(|(name, _)| (name.clone(), turned)));
    }
    let mut last = None;
    for emit in &augment.emits {
        last = flow(&emit.value, &scope, all, (depth, left), found).or(last);
    }
    last
}

fn flow(
    expr: &SampleExpr,
    scope: &BTreeMap<String, Turned>,
    all: &[Augment],
    (depth, left): (usize, &mut usize),
    found: &mut Vec<(Span, Span)>,
) -> Turned {
    let mut turned = match &expr.head {
        SampleHead::Name(name, _) => scope.get(name).copied().flatten(),
        SampleHead::Group(_) | SampleHead::Several(_) => {
            let inner = expr.head.inner().iter();
            let turned = inner.map(|inner| flow(inner, scope, all, (depth, &mut *left), found));
            turned.fold(None, |turned, other| turned.or(other))
        }
    };
    for step in &expr.steps {
        match step {
            SampleStep::Transform(call) if call.spec.name == "quarter_turn" => {
                found.extend(turned.map(|first| (call.span, first)));
                turned = Some(call.span);
            }
            SampleStep::Transform(_) => {}
            SampleStep::Augment { name, .. } => {
                let called = all.iter().find(|augment| augment.name == *name);
                if let Some(called) = called.filter(|_| depth < DEPTH && *left > 0) {
                    *left -= 1;
                    let scope = called
                        .parameters
                        .iter()
                        .map(|(name, _)| (name.clone(), turned));
                    turned = emitted(called, scope.collect(), all, (depth + 1, left), found);
                }
            }
        }
    }
    turned
}

/// Every `normalize` of an augment and of those that it calls.
fn normalizations<'a>(augment: &'a Augment, all: &'a [Augment]) -> Vec<(&'a Args, Span)> {
    fn steps<'a>(expr: &'a SampleExpr, into: &mut Vec<&'a SampleStep>) {
        for inner in expr.head.inner() {
            steps(inner, into);
        }
        into.extend(&expr.steps);
    }
    let mut found = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut waiting = vec![augment];
    while let Some(augment) = waiting.pop() {
        if seen.contains(&augment.name.as_str()) {
            continue;
        }
        seen.push(&augment.name);
        let mut inside = Vec::new();
        let bound = augment.bindings.iter().map(|binding| &binding.value);
        for value in bound.chain(augment.emits.iter().map(|emit| &emit.value)) {
            steps(value, &mut inside);
        }
        for step in inside {
            match step {
                SampleStep::Transform(call) if call.spec.name == "normalize" => {
                    found.push((&call.args, call.span));
                }
                SampleStep::Transform(_) => {}
                SampleStep::Augment { name, .. } => {
                    waiting.extend(all.iter().find(|augment| augment.name == *name));
                }
            }
        }
    }
    found
}

/// A normalisation by numbers that belong to data which none of `sets` is.
fn anothers(diagnostics: &mut Vec<Diagnostic>, (args, span): (&Args, Span), sets: &[String]) {
    let numbers = |name: &str| -> Vec<f64> {
        let values = args.maybe_list(name).unwrap_or(&[]);
        values
            .iter()
            .filter_map(|value| match value {
                Value::Number(x) => Some(*x),
                Value::Integer(n) => Some(*n as f64),
                _ => None,
            })
            .collect()
    };
    let (mean, std) = (numbers("mean"), numbers("std"));
    let close = |a: &[f64], b: &[f64]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= CLOSE)
    };
    let owner = PUBLISHED
        .iter()
        .find(|(_, m, s)| close(&mean, m) && close(&std, s));
    let Some((owner, ..)) = owner.filter(|(owner, ..)| sets.iter().all(|set| set != owner)) else {
        return;
    };
    let own = sets.first().map_or("this data", String::as_str);
    diagnostics.push(
        Diagnostic::warning(
            Code::LintNormalization,
            span,
            format!("these are the statistics of {owner}, the pictures are those of `{own}`"),
        )
        .note("Pictures that are not centred on zero train slower, and comparisons with papers no longer hold.")
        .help("write `normalize()`: it stands for the data set's own statistics"),
    );
}

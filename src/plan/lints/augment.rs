//! Warnings about augments: what flows into a transform makes what it emits useless.

use std::collections::BTreeMap;

use crate::catalog::{Args, Call, Value};
use crate::language::checked::{Augment, Recipe, SampleExpr, SampleHead, SampleStep, Stage};
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
    for rule in &RULES {
        let mut found = Vec::new();
        for augment in &recipe.augments {
            let scope = augment
                .parameters
                .iter()
                .map(|(name, _)| (name.clone(), None));
            let mut left = CALLS;
            let mut walk = Walk {
                rule,
                all: &recipe.augments,
                left: &mut left,
                found: &mut found,
            };
            walk.emitted(augment, scope.collect(), 0);
        }
        found.sort_unstable_by_key(|(second, _)| (second.file, second.start));
        found.dedup_by_key(|(second, _)| *second);
        for (second, first) in found {
            diagnostics.push(
                Diagnostic::warning(rule.code, second, rule.message)
                    .label(first, rule.first)
                    .note(rule.note)
                    .help(rule.help),
            );
        }
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
        let calls = augment.calls(&recipe.augments);
        let called = |name: &'static str| calls.iter().filter(move |call| call.spec.name == name);
        for hides in called("mask_tokens") {
            unscored(diagnostics, stage, hides);
        }
        for normalize in called("normalize") {
            let normalize = (&normalize.args, normalize.span);
            anothers(diagnostics, normalize, sets.as_deref().unwrap_or(&[]));
        }
    }
}

/// What spoils what a later transform emits.
struct Rule {
    /// What spoils it.
    spoils: fn(&Call) -> bool,
    /// What emits it.
    emits: fn(&Call) -> bool,
    code: Code,
    message: &'static str,
    first: &'static str,
    note: &'static str,
    help: &'static str,
}

const RULES: [Rule; 2] = [
    Rule {
        spoils: |call| call.spec.name == "quarter_turn",
        emits: |call| call.spec.name == "quarter_turn",
        code: Code::LintTurned,
        message: "the picture was turned at random before this turn",
        first: "turned here first",
        note: "What the second turn adds can't be told from the picture.",
        help: "turn once",
    },
    Rule {
        spoils: |call| orders(call) || moves_each(call),
        emits: orders,
        code: Code::LintOrder,
        message: "the frames were out of order, or moved one by one, before this shuffle",
        first: "here",
        note: "Whether they are in order can't be told from what moves.",
        help: "shuffle once, and move all frames alike: without `each`",
    },
];

/// Whether it says if frames are in order.
fn orders(call: &Call) -> bool {
    ["maybe_shuffle", "order_triple"].contains(&call.spec.name.as_str())
}

/// Whether it moves each frame of a clip on its own.
fn moves_each(call: &Call) -> bool {
    let moving = [
        "hflip",
        "quarter_turn",
        "random_crop",
        "random_resized_crop",
    ];
    let inner = match call.spec.name == "each" {
        true => call.args.maybe_call("transform"),
        false => None,
    };
    inner.is_some_and(|inner| moving.contains(&inner.spec.name.as_str()))
}

/// Where what is in a value was spoilt; nothing where it is sound.
type Spoilt = Option<Span>;

struct Walk<'w> {
    rule: &'w Rule,
    all: &'w [Augment],
    left: &'w mut usize,
    /// Each call that emits what was spoilt, with the call that spoilt it.
    found: &'w mut Vec<(Span, Span)>,
}

impl Walk<'_> {
    /// What an augment emits.
    fn emitted(
        &mut self,
        augment: &Augment,
        mut scope: BTreeMap<String, Spoilt>,
        depth: usize,
    ) -> Spoilt {
        for binding in &augment.bindings {
            let spoilt = self.flow(&binding.value, &scope, depth);
            scope.extend(binding.names.iter().map(|(name, _)| (name.clone(), spoilt)));
        }
        let mut last = None;
        for emit in &augment.emits {
            last = self.flow(&emit.value, &scope, depth).or(last);
        }
        last
    }

    fn flow(
        &mut self,
        expr: &SampleExpr,
        scope: &BTreeMap<String, Spoilt>,
        depth: usize,
    ) -> Spoilt {
        let mut spoilt = match &expr.head {
            SampleHead::Name(name, _) => scope.get(name).copied().flatten(),
            SampleHead::Group(_) | SampleHead::Several(_) => {
                let mut spoilt = None;
                for inner in expr.head.inner() {
                    spoilt = self.flow(inner, scope, depth).or(spoilt);
                }
                spoilt
            }
        };
        for step in &expr.steps {
            match step {
                SampleStep::Transform(call) => {
                    if (self.rule.emits)(call) {
                        self.found.extend(spoilt.map(|first| (call.span, first)));
                    }
                    if (self.rule.spoils)(call) {
                        spoilt = Some(call.span);
                    }
                }
                SampleStep::Augment { name, .. } => {
                    let called = self.all.iter().find(|augment| augment.name == *name);
                    if let Some(called) = called.filter(|_| depth < DEPTH && *self.left > 0) {
                        *self.left -= 1;
                        let parameters = called.parameters.iter();
                        let scope = parameters.map(|(name, _)| (name.clone(), spoilt));
                        spoilt = self.emitted(called, scope.collect(), depth + 1);
                    }
                }
            }
        }
        spoilt
    }
}

/// More pieces hidden than the task has room to score.
fn unscored(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, hides: &Call) {
    let Some(room) = stage.call.args.maybe_ratio("guessed") else {
        return;
    };
    let hidden = hides.args.ratio("chosen");
    if hidden <= room {
        return;
    }
    let percent = |x: f64| format!("{}%", (x * 1000.0).round() / 10.0);
    diagnostics.push(
        Diagnostic::warning(
            Code::LintUnscored,
            hides.span,
            format!(
                "{} of the pieces are hidden, and `{}` scores at most {}",
                percent(hidden),
                stage.call.spec.name,
                percent(room)
            ),
        )
        .label(stage.call.name_span, "trains on them")
        .note("What is hidden and not scored is lost: nothing is learnt from it.")
        .help(format!("write `guessed = {}` or more", percent(hidden))),
    );
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

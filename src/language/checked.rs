//! A checked recipe: every name resolved, every value typed, every default filled in. Shapes are the plan's.

use std::collections::BTreeSet;

use super::{Sources, Span};
use crate::catalog::{Args, Argument, Artifact, Call, Data, Kind, Net, Value};

/// A whole recipe.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// The doc comment (`///`) on top.
    pub doc: String,
    /// Every file it was read from; spans point into these.
    pub sources: Sources,
    /// `use …`, in order.
    pub uses: Vec<Use>,
    /// `dataset NAME = …`, in order.
    pub datasets: Vec<DatasetItem>,
    /// `augment NAME(…) { … }`, in order.
    pub augments: Vec<Augment>,
    /// `encoder NAME = …`, in order.
    pub encoders: Vec<Net>,
    /// `fit`, `pretext`, `evaluate`, `finetune`, `export`, in order.
    pub stages: Vec<Stage>,
    /// `layers NAME = …`, in order.
    pub stacks: Vec<Stack>,
    /// What the recipe's sweeps come to, in order; none where it has no sweep. The values here are those of one of them.
    pub points: Vec<Point>,
    /// `run { … }` with its defaults.
    pub run: Args,
    /// What has an error. Empty in a sound recipe.
    pub failed: Failed,
}

/// A point of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The sweep's name.
    pub sweep: String,
    /// What is set, as the recipe writes it: paths with values.
    pub settings: Vec<(String, String)>,
}

impl Point {
    /// `pretrain.optimizer.rate = 1e-3, run.seed = 2`
    pub fn text(&self) -> String {
        let settings = self.settings.iter();
        let settings = settings.map(|(path, value)| format!("{path} = {value}"));
        settings.collect::<Vec<_>>().join(", ")
    }
}

/// Most seeds of one recipe.
pub const MOST_SEEDS: usize = 100;

impl Recipe {
    /// The seeds that it runs with, where they are several or written as such; none where it has one `seed`.
    pub fn seeds(&self) -> Vec<u64> {
        let seeds = self.run.values.get("seeds");
        seeds
            .and_then(|seeds| seeds_of(&seeds.value))
            .unwrap_or_default()
    }

    /// The same recipe with one of its seeds.
    pub fn with_seed(&mut self, seed: u64) {
        if let Some(seeds) = self.run.values.remove("seeds") {
            let seed = Value::Integer(i64::try_from(seed).unwrap_or(i64::MAX));
            self.run.values.insert(
                "seed".into(),
                Argument {
                    value: seed,
                    ..seeds
                },
            );
        }
    }
}

/// The numbers of `seeds = 1..3` or `seeds = [1, 5]`: from 0 on, each once; `None` where they are something else.
pub(crate) fn seeds_of(value: &Value) -> Option<Vec<u64>> {
    let whole = |x: f64| ((0.0..9e15).contains(&x) && x.fract() == 0.0).then_some(x as u64);
    let seeds: Vec<u64> = match value {
        Value::Range(low, high) => {
            let (low, high) = (whole(*low)?, whole(*high)?);
            (low..=high).take(MOST_SEEDS + 1).collect()
        }
        Value::List(values) => {
            let numbers = values.iter().map(|value| match value {
                Value::Integer(n) => u64::try_from(*n).ok(),
                _ => None,
            });
            numbers.collect::<Option<_>>()?
        }
        _ => return None,
    };
    let once = seeds.iter().collect::<BTreeSet<_>>().len() == seeds.len();
    (once && !seeds.is_empty() && seeds.len() <= MOST_SEEDS).then_some(seeds)
}

/// Items with an error, whether or not the recipe holds what could be understood of them.
#[derive(Clone, Debug, Default)]
pub struct Failed {
    /// All of them, by name.
    pub items: BTreeSet<String>,
    /// Those with a network that lacks a layer.
    pub nets: BTreeSet<String>,
    /// Those where a default stands in for a value that is wrong.
    pub replaced: BTreeSet<String>,
}

pub use super::ast::{Door, Use};

/// `dataset NAME = …`
#[derive(Clone, Debug)]
pub struct DatasetItem {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// What it is.
    pub data: Data,
}

/// `layers NAME = …`. Networks hold its layers; it is known by name only here.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// Whether a network takes it.
    pub used: bool,
}

/// `augment NAME(parameters) { bindings; emit … }`
#[derive(Clone, Debug)]
pub struct Augment {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// Fields of the record it takes, by name.
    pub parameters: Vec<(String, Span)>,
    /// In order.
    pub bindings: Vec<Binding>,
    /// Fields of the batch, in order.
    pub emits: Vec<Emit>,
}

impl Augment {
    /// Every transform that it calls, also through other augments of the recipe, `all`.
    pub fn calls<'a>(&'a self, all: &'a [Augment]) -> Vec<&'a Call> {
        let mut calls = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        let mut waiting = vec![self];
        while let Some(augment) = waiting.pop() {
            if seen.contains(&augment.name.as_str()) {
                continue;
            }
            seen.push(&augment.name);
            let bound = augment.bindings.iter().map(|binding| &binding.value);
            let mut steps = Vec::new();
            for value in bound.chain(augment.emits.iter().map(|emit| &emit.value)) {
                value.collect_steps(&mut steps);
            }
            for step in steps {
                match step {
                    SampleStep::Transform(call) => calls.push(call),
                    SampleStep::Augment { name, .. } => {
                        waiting.extend(all.iter().find(|augment| augment.name == *name));
                    }
                }
            }
        }
        calls
    }
}

/// `(view, turn) = upright |> quarter_turn()`
#[derive(Clone, Debug)]
pub struct Binding {
    /// Names bound, in order.
    pub names: Vec<(String, Span)>,
    /// What to.
    pub value: SampleExpr,
    /// The whole line.
    pub span: Span,
}

/// `emit a = image |> view()`
#[derive(Clone, Debug)]
pub struct Emit {
    /// The batch field: the name given, or the bound name emitted, or the parameter's name at the head of the pipeline.
    pub name: String,
    /// Where the name stands, or the expression.
    pub name_span: Span,
    /// Its value.
    pub value: SampleExpr,
}

/// A pipeline over one sample.
#[derive(Clone, Debug)]
pub struct SampleExpr {
    /// A parameter or a bound name, or a bracketed pipeline.
    pub head: SampleHead,
    /// Transforms and augments it flows through, in order.
    pub steps: Vec<SampleStep>,
    /// `* n`: drawn n times, gives a list.
    pub repeat: Option<usize>,
    /// Where it is written.
    pub span: Span,
}

impl SampleExpr {
    /// Its steps, those of the pipelines in its brackets first.
    fn collect_steps<'a>(&'a self, into: &mut Vec<&'a SampleStep>) {
        for inner in self.head.inner() {
            inner.collect_steps(into);
        }
        into.extend(&self.steps);
    }
}

/// Where a pipeline starts.
#[derive(Clone, Debug)]
pub enum SampleHead {
    /// A parameter or a bound name.
    Name(String, Span),
    /// `(…)`
    Group(Box<SampleExpr>),
    /// `(a, b)`: several values, which flow on together.
    Several(Vec<SampleExpr>),
}

impl SampleHead {
    /// The pipelines in brackets.
    pub fn inner(&self) -> &[SampleExpr] {
        match self {
            SampleHead::Name(..) => &[],
            SampleHead::Group(inner) => std::slice::from_ref(inner),
            SampleHead::Several(values) => values,
        }
    }
}

/// One step of a pipeline.
#[derive(Clone, Debug)]
pub enum SampleStep {
    /// A transform of the catalog.
    Transform(Call),
    /// Another `augment` of the recipe that emits exactly one field.
    Augment {
        /// Its name.
        name: String,
        /// Where the call stands.
        span: Span,
    },
}

/// A stage: what the keyword says (`Kind::Fit`, `Kind::Task`, `Kind::Evaluator`, `Kind::Finetune`, `Kind::Export`) and its call.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// `fit` → `Fit`, `pretext` → `Task`, `evaluate` → `Evaluator`, `finetune` → `Finetune`, `export` → `Export`.
    pub kind: Kind,
    /// The task, evaluator, … with its own parameters, whether they were written in the brackets or in the block.
    pub call: Call,
    /// The fields that every stage of this kind has ([`crate::catalog::stage_fields`]); one that the call's `Spec` has too
    /// is in `call` only. The optimiser of objective `NAME` stands under `optimizer NAME`.
    pub fields: Args,
    /// `bind { … }`: inputs of the task that take their fields by hand.
    pub bind: Vec<Bound>,
    /// Of a `fit`: what it learns, as others take it.
    pub artifact: Option<Artifact>,
    /// The whole item.
    pub span: Span,
}

impl Stage {
    /// A field of the stage, or a parameter of what it calls that takes its place.
    pub fn argument(&self, name: &str) -> Option<&Argument> {
        let all = [&self.fields, &self.call.args];
        all.into_iter().find_map(|args| args.values.get(name))
    }
}

/// `views = [a, b]` in `bind { … }`
#[derive(Clone, Debug)]
pub struct Bound {
    /// The task's input.
    pub input: String,
    /// Where it is named.
    pub span: Span,
    /// Fields of the batch, in order; whether the augment emits them is the plan's to know.
    pub fields: Vec<(String, Span)>,
}

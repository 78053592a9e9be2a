//! What flows at each point of a recipe, as its plan knows it: records, samples, tensors.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::data::{Places, SampleType, Source, Splits};
use crate::graph::{Graph, show};
use crate::language::checked::Recipe;
use crate::language::{FileId, Span};
use crate::plan::{Body, Plan};

/// What comes out of a call, or what a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The call, or the name.
    pub at: Range<usize>,
    /// `[B, 32, 14, 14]`, `image[3, 32, 32]`, `3600 records`
    pub text: String,
    /// Whether several steps lead there: then a line shows it.
    pub flows: bool,
}

/// The shapes of a recipe in its own file, in the order of the text.
pub fn shapes(recipe: &Recipe, plan: &Plan, places: &Places, file: FileId) -> Vec<Shape> {
    let mut found: BTreeMap<(usize, usize), (String, bool)> = BTreeMap::new();
    let mut add = |span: Span, text: String, flows: bool| {
        if span.file == file && span.end > span.start {
            let key = (span.start, span.end);
            found.entry(key).or_insert((text, flows));
        }
    };
    records(recipe, places, &mut add);
    for stage in &plan.stages {
        for (_, view) in stage.data() {
            add(view.span, counted(view.dataset.len()), false);
        }
        let Body::Train(training) = &stage.body else {
            if let Body::Evaluate(evaluation) = &stage.body
                && let Some(heads) = &evaluation.heads
            {
                tensors(&heads.own.train, &mut add);
            }
            continue;
        };
        // a task's own augment is a text of its own
        let written = recipe.stages.iter().find(|own| own.name == stage.name);
        if written.is_some_and(|own| own.argument("augment").is_some()) {
            for (span, types) in training.samples.flows() {
                add(*span, sample(types), true);
            }
        }
        tensors(&training.graph, &mut add);
    }
    let found = found.into_iter();
    found
        .map(|((start, end), (text, flows))| Shape {
            at: start..end,
            text,
            flows,
        })
        .collect()
}

/// What each layer gives: what the last operation of its first run gives.
fn tensors(graph: &Graph, add: &mut dyn FnMut(Span, String, bool)) {
    let mut nodes = graph.nodes.iter().peekable();
    while let Some(node) = nodes.next() {
        let more = nodes.peek().is_some_and(|next| next.span == node.span);
        if !more {
            add(node.span, show(&node.shape), true);
        }
    }
}

/// How many records each data set of the recipe has.
fn records(recipe: &Recipe, places: &Places, add: &mut dyn FnMut(Span, String, bool)) {
    let mut open: BTreeMap<String, Splits> = BTreeMap::new();
    // each may name others, whatever their order
    let mut waiting: Vec<_> = recipe.datasets.iter().collect();
    let mut before = waiting.len() + 1;
    while waiting.len() < before {
        before = waiting.len();
        waiting.retain(|item| {
            if item
                .data
                .named()
                .iter()
                .any(|name| !open.contains_key(*name))
            {
                return true;
            }
            let Ok(source) = crate::data::open(&item.data, &open, places) else {
                return false;
            };
            let mut splits = Splits::default();
            let text = match source {
                Source::All(all) => {
                    splits = all;
                    let parts = splits.parts.iter();
                    let parts =
                        parts.map(|(split, part)| format!("{} {}", part.len(), split.name()));
                    parts.collect::<Vec<_>>().join(" · ")
                }
                Source::One(one) => {
                    let text = counted(one.len());
                    splits.parts.insert(crate::catalog::Split::Train, one);
                    text
                }
            };
            add(item.data.span, text.clone(), true);
            let fields = splits.parts.values().next().map(|part| {
                let fields = part.fields().iter();
                let fields = fields.map(|(name, ty)| format!("{name}: {ty}"));
                fields.collect::<Vec<_>>().join(", ")
            });
            let fields = fields.unwrap_or_default();
            add(item.name_span, format!("{text}; {fields}"), false);
            open.insert(item.name.clone(), splits);
            false
        });
    }
}

fn sample(types: &[SampleType]) -> String {
    let types: Vec<String> = types.iter().map(SampleType::to_string).collect();
    types.join(", ")
}

fn counted(records: usize) -> String {
    match records {
        1 => "1 record".into(),
        n => format!("{n} records"),
    }
}

//! What `pretext plan` says of each stage, in numbers.

use serde::{Deserialize, Serialize};

use super::begin::listed;
use super::memory::{self, Memory};
use super::types::*;
use crate::catalog::Kind;
use crate::graph::{Graph, show};
use crate::language::Span;

/// One stage in numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StageSummary {
    /// Its name.
    pub stage: String,
    /// `pretext rotation`, `evaluate knn`
    pub what: String,
    /// What it starts from: `distill`, `distill.teacher`.
    pub from: Option<String>,
    /// How much of it that is, and what is fresh, in words; empty where nothing is trained before.
    pub begins: String,
    /// Stages that its task asks, held still.
    pub asks: Vec<String>,
    /// What it reads, with the number of records.
    pub data: Vec<(String, usize)>,
    /// Fields of a batch with their types.
    pub views: Vec<(String, String)>,
    /// Trained numbers.
    pub parameters: usize,
    /// Of these, the encoder's.
    pub encoder_parameters: usize,
    /// Multiply-adds of the encoder's forward pass for one record, as fvcore counts them.
    pub flops_per_record: f64,
    /// Optimiser steps; 0 where nothing is trained.
    pub steps: u64,
    /// Records per step.
    pub batch: usize,
    /// When checkpoints are written, in words; empty where nothing is trained.
    pub checkpoint: String,
    /// What is done before each epoch, in words with its cost.
    pub each_epoch: Vec<String>,
    /// Values that are computed twice in a step, with their places and the objectives that ask again.
    pub repeated: Vec<String>,
    /// Predicted peak memory of the process, in bytes.
    pub memory: u64,
    /// Predicted seconds; with `--calibrate` only.
    pub seconds: Option<f64>,
}

/// Every stage of a plan in numbers.
pub fn summarize(plan: &Plan) -> Vec<StageSummary> {
    let memory = Memory::new(plan);
    plan.stages
        .iter()
        .map(|stage| {
            let keyword = match stage.body {
                Body::Fit(_) => "fit",
                Body::Train(_) => "pretext",
                Body::Evaluate(ref e) if e.call.spec.kind == Kind::Evaluator => "evaluate",
                Body::Evaluate(_) => "finetune",
                Body::Export(_) => "export",
            };
            let (name, views, encoder, graph) = match &stage.body {
                Body::Fit(f) => (f.call.spec.name.clone(), Vec::new(), None, None),
                Body::Train(t) => (
                    t.task.spec.name.clone(),
                    t.samples.outputs().clone(),
                    super::trace::encoder_graph(&t.encoder)
                        .ok()
                        .map(|found| found.0),
                    Some(&t.graph),
                ),
                Body::Evaluate(e) => {
                    let records = e.heads.as_ref().and_then(|heads| heads.records.as_ref());
                    let samples = match (&e.reading, records) {
                        (Some(reading), _) => Some(&reading.samples),
                        (None, None) => {
                            let way = e.told.as_ref().and_then(|told| told.ways.first());
                            way.map(|way| &way.samples)
                        }
                        (None, records) => records.map(|records| &records.samples),
                    };
                    (
                        e.call.spec.name.clone(),
                        samples.map_or_else(Vec::new, |samples| samples.outputs().clone()),
                        e.reading
                            .as_ref()
                            .map(|reading| &reading.graph)
                            .or(e.table.as_ref().map(|table| &table.graph))
                            .or(e.told.as_ref().map(|told| &told.graph))
                            .cloned(),
                        e.heads.as_ref().map(|heads| &heads.own.train),
                    )
                }
                Body::Export(e) => (e.format.clone(), Vec::new(), Some(e.graph.clone()), None),
            };
            let settings = stage.training_graph().map(|(_, settings)| settings);
            let of_encoder = |g: &crate::graph::Graph| -> usize {
                g.parameters
                    .iter()
                    .filter(|p| p.name.starts_with("encoder/"))
                    .map(|p| p.shape.iter().product::<usize>())
                    .sum()
            };
            StageSummary {
                stage: stage.name.clone(),
                what: format!("{keyword} {name}"),
                from: stage.from().map(Start::text),
                begins: match &stage.body {
                    Body::Train(training) => {
                        let begins = training.begins.iter().map(beginning);
                        begins.collect::<Vec<String>>().join("; then ")
                    }
                    _ => String::new(),
                },
                asks: match &stage.body {
                    Body::Train(training) => training.asks.iter().map(Start::text).collect(),
                    _ => Vec::new(),
                },
                data: stage
                    .data()
                    .into_iter()
                    .map(|(_, view)| (view.text.clone(), view.dataset.len()))
                    .collect(),
                views: views
                    .into_iter()
                    .map(|(name, ty)| (name, ty.to_string()))
                    .collect(),
                parameters: graph.map_or(0, |g| g.parameter_count()),
                encoder_parameters: encoder.as_ref().or(graph).map_or(0, of_encoder),
                flops_per_record: encoder
                    .as_ref()
                    .or(graph)
                    .map_or(0.0, |g| g.costs(1).1.flops),
                steps: settings.map_or(0, |s| s.steps),
                batch: settings.map_or(memory::READ_BATCH, |s| s.batch),
                checkpoint: settings.map_or_else(String::new, checkpoint),
                each_epoch: match &stage.body {
                    Body::Train(training) => super::epoch::describe(training),
                    _ => Vec::new(),
                },
                repeated: graph.map_or_else(Vec::new, |graph| repeated(plan, graph)),
                memory: memory.stage(stage),
                seconds: None,
            }
        })
        .collect()
}

/// `26 tensors of `likelihood`; fresh: `discriminator/score/weight` and 12 more`
fn beginning(begins: &Beginning) -> String {
    let taken = format!("{} tensors of `{}`", begins.taken.len(), begins.from.text());
    let names = |names: &[String]| listed(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let taken = match &begins.from {
        Origin::File(file) if !file.aside.is_empty() => {
            format!("{taken}, without {}", names(&file.aside))
        }
        _ => taken,
    };
    match begins.fresh.as_slice() {
        [] => format!("{taken}: all"),
        fresh => format!("{taken}; fresh: {}", names(fresh)),
    }
}

/// `every 391 steps or 5 minutes, whichever is first; the newest 2 are kept`
fn checkpoint(settings: &Settings) -> String {
    let plural = |n: String, word: &str| match n.as_str() {
        "1" => format!("1 {word}"),
        _ => format!("{n} {word}s"),
    };
    let steps = plural(settings.checkpoint_every.to_string(), "step");
    let kept = match settings.keep {
        1 => "the newest is kept".to_owned(),
        n => format!("the newest {n} are kept"),
    };
    match settings.checkpoint_minutes {
        Some(minutes) => {
            let minutes = plural(minutes.to_string(), "minute");
            format!("every {steps} or {minutes}, whichever is first; {kept}")
        }
        None => format!("every {steps}; {kept}"),
    }
}

/// `encoder [B, 64] for `loss` (task.rhai:12:9)`
fn repeated(plan: &Plan, graph: &Graph) -> Vec<String> {
    let shown = graph.repeats().into_iter().map(|(var, objectives)| {
        let node = graph.node(var);
        let what = match node.path.as_str() {
            "" => super::tree::title(graph, node),
            path => path.to_owned(),
        };
        let names: Vec<String> = objectives.iter().map(|name| format!("`{name}`")).collect();
        let mut text = format!("{what} {} for {}", show(&node.shape), names.join(" and "));
        if node.span != Span::default() {
            text += &format!(" ({})", plan.recipe.sources.place(node.span));
        }
        text
    });
    shown.collect()
}

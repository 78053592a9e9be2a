//! Watches a training for a collapse: all samples becoming one, or varying in one direction only.
//!
//! Every few steps the first samples of the batch that comes next run forward once more, and how far they lie apart is compared with how far the
//! untrained network laid them apart. Nothing in the training changes by it; what is seen follows from the step alone, so a run that goes
//! on from a checkpoint sees the same.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::failure::{Failure, disk};
use super::watch::Watch;
use super::{Run, StageDirectory};
use crate::engine::embedding::{Apart, ROWS, apart};
use crate::engine::{Batch, EngineError, Model};
use crate::graph::{Embedding, Graph, followed};
use crate::language::codes::Code;
use crate::language::{Diagnostic, render};
use crate::plan::{Cause, Collapse, Settings, Symptoms};
use crate::report::{COLLAPSE, Collapsed, LikelyCause, ResultRow};

/// Most bytes of `collapse.json`.
const LARGEST: u64 = 1 << 20;
/// A look costs about a third of a step on the samples it takes: after so many times their share of a batch it is less than a hundredth.
const SHARE: f64 = 34.0;
/// Fewest steps between two looks, whatever a batch costs.
const LEAST: f64 = 10.0;
/// Most looks in a run, which are lines of its metrics.
const LOOKS: u64 = 2000;
/// Spread below this part of the untrained network's is a collapse; sound trainings were seen to keep more than half of it.
const SPREAD: f64 = 0.2;
/// So is a rank below this, one direction and little else, of what had more than `RANKED`; sound trainings were seen to keep 1.4.
const RANK: f64 = 1.15;
const RANKED: f64 = 2.0;
/// Looks in a row that have to see it: a dip is none.
const IN_A_ROW: u64 = 3;
/// Causes that are told besides the likeliest.
const OTHERS: usize = 2;

/// What was seen of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    spread: f64,
    rank: f64,
}

/// A collapse.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alarm {
    /// Optimiser steps done.
    pub step: u64,
    /// `the spread of `head` fell from 0.931 to 0.004`
    pub what: String,
    /// What else is to be seen.
    symptoms: Symptoms,
}

/// Follows one training.
pub(super) struct Doctor<'a> {
    collapse: &'a Collapse,
    /// Each graph of the stage with the values that are watched in it.
    graphs: Vec<(&'a Graph, Vec<Embedding>)>,
    every: u64,
    seed: u64,
    /// What the untrained network gives, by module.
    start: BTreeMap<String, Seen>,
    /// The norms of its weights, by module.
    norms: BTreeMap<String, f64>,
    /// How many of the last looks saw a collapse, by module.
    low: BTreeMap<String, u64>,
    /// The step at which it was told.
    told: Option<u64>,
}

fn bits(numbers: &BTreeMap<String, f64>) -> Value {
    // a decimal text need not read back as the same number
    numbers
        .iter()
        .map(|(name, x)| (name.clone(), json!(x.to_bits())))
        .collect::<Map<_, _>>()
        .into()
}

fn numbers(note: Option<&Value>) -> BTreeMap<String, f64> {
    let all = note.and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(name, x)| Some((name.clone(), f64::from_bits(x.as_u64()?))))
        .collect()
}

impl<'a> Doctor<'a> {
    /// Goes on from the notes of a checkpoint.
    pub fn new(
        collapse: &'a Collapse,
        graphs: impl Iterator<Item = &'a Graph>,
        settings: &Settings,
        seed: u64,
        notes: &BTreeMap<String, Value>,
    ) -> Self {
        let encoders: Vec<&str> = collapse.encoders.iter().map(String::as_str).collect();
        let taken = ROWS.min(settings.batch) as f64;
        let share = taken / (settings.batch * settings.accumulate) as f64;
        let every = (SHARE * share).ceil().max(LEAST) as u64;
        let note = notes.get("collapse");
        let part = |name: &str| numbers(note.and_then(|note| note.get(name)));
        let ranks = part("rank");
        let start = part("spread").into_iter().filter_map(|(name, spread)| {
            let rank = *ranks.get(&name)?;
            Some((name, Seen { spread, rank }))
        });
        let low = note.and_then(|note| note.get("low")?.as_object());
        let low = low.into_iter().flatten();
        Self {
            collapse,
            graphs: graphs.map(|g| (g, g.embeddings(&encoders))).collect(),
            every: every.max(settings.steps / LOOKS),
            seed,
            start: start.collect(),
            norms: part("norms"),
            low: low
                .filter_map(|(name, n)| Some((name.clone(), n.as_u64()?)))
                .collect(),
            told: note.and_then(|note| note.get("told")?.as_u64()),
        }
    }

    /// What a checkpoint keeps.
    pub fn notes(&self) -> Value {
        let part = |of: fn(&Seen) -> f64| {
            let all = self.start.iter();
            bits(&all.map(|(name, seen)| (name.clone(), of(seen))).collect())
        };
        json!({
            "spread": part(|seen| seen.spread),
            "rank": part(|seen| seen.rank),
            "norms": bits(&self.norms),
            "low": self.low,
            "told": self.told,
        })
    }

    /// Whether a collapse was told of before.
    pub fn has_told(&self) -> bool {
        self.told.is_some()
    }

    /// Whether it looks before the step of this number.
    pub fn is_due(&self, step: u64) -> bool {
        step.is_multiple_of(self.every)
    }

    /// Looks at what `graph` makes of a batch after `step` steps: a line for the metrics, and a collapse where it is one.
    ///
    /// # Errors
    /// The device fails.
    pub fn look(
        &mut self,
        graph: &Graph,
        model: &Model,
        batch: &Batch,
        step: u64,
    ) -> Result<(Map<String, Value>, Option<Alarm>), EngineError> {
        let mut line = Map::new();
        let own = self
            .graphs
            .iter()
            .find(|(own, _)| std::ptr::eq(*own, graph));
        let Some((_, watched)) = own.filter(|(_, watched)| !watched.is_empty()) else {
            return Ok((line, None));
        };
        let vars: Vec<_> = watched.iter().map(|one| one.var).collect();
        let found = apart(graph, model, batch, &vars, self.seed, step)?;
        let names: Vec<String> = watched.iter().map(|one| one.module.clone()).collect();
        if step == 0 {
            self.norms = norms(model)?;
        }
        let mut fallen = None;
        for (name, now) in names.iter().zip(&found) {
            line.insert(format!("spread.{name}"), json!(now.spread));
            line.insert(format!("rank.{name}"), json!(now.rank));
            let Apart { spread, rank, .. } = *now;
            let start = *self
                .start
                .entry(name.clone())
                .or_insert(Seen { spread, rank });
            let what = what(name, start, now);
            let low = self.low.entry(name.clone()).or_default();
            *low = if what.is_some() { *low + 1 } else { 0 };
            if *low >= IN_A_ROW {
                fallen = fallen.or(what.map(|what| (what, now.zeros)));
            }
        }
        let Some((what, zeros)) = fallen.filter(|_| self.told.is_none()) else {
            return Ok((line, None));
        };
        self.told = Some(step);
        let now = norms(model)?;
        let ratio = |(name, before): (&String, &f64)| {
            let after = now.get(name).copied().unwrap_or(*before);
            (name.clone(), after / before.max(1e-12))
        };
        let symptoms = Symptoms {
            norms: self.norms.iter().map(ratio).collect(),
            zeros,
        };
        Ok((
            line,
            Some(Alarm {
                step,
                what,
                symptoms,
            }),
        ))
    }

    fn likeliest(&self, alarm: &Alarm) -> Vec<&Cause> {
        self.collapse.likeliest(&alarm.symptoms)
    }
}

/// What has fallen, if it has.
fn what(name: &str, start: Seen, now: &Apart) -> Option<String> {
    if now.spread.is_nan() || now.spread < SPREAD * start.spread {
        return Some(format!(
            "the spread of `{name}` fell from {:.3} to {:.3}",
            start.spread, now.spread
        ));
    }
    if start.rank > RANKED && now.rank < RANK {
        return Some(format!(
            "the rank of `{name}` fell from {:.1} to {:.1}",
            start.rank, now.rank
        ));
    }
    None
}

/// The norm of the weights of each module that learns, vectors aside.
fn norms(model: &Model) -> Result<BTreeMap<String, f64>, EngineError> {
    let mut squares: BTreeMap<String, f64> = BTreeMap::new();
    for (name, tensor) in model.parameter_values()? {
        if tensor.shape().len() < 2 || followed(&name) != name {
            continue;
        }
        let module = name.split('/').next().unwrap_or_default();
        let square = tensor.as_f32().unwrap_or_default().iter();
        let square: f64 = square.map(|x| f64::from(*x) * f64::from(*x)).sum();
        *squares.entry(module.to_owned()).or_default() += square;
    }
    Ok(squares
        .into_iter()
        .map(|(name, x)| (name, x.sqrt()))
        .collect())
}

impl Run<'_> {
    /// Says at once that a stage collapses, why, and what to do; keeps it for the report.
    pub(super) fn tell_collapse(
        &self,
        directory: &StageDirectory,
        doctor: &Doctor<'_>,
        alarm: &Alarm,
        ended: bool,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let Alarm { step, what, .. } = alarm;
        let sources = &self.plan.recipe.sources;
        let causes = doctor.likeliest(alarm);
        let kept = Collapsed {
            step: *step,
            ended,
            what: what.clone(),
            causes: causes
                .iter()
                .take(1 + OTHERS)
                .map(|cause| LikelyCause {
                    what: cause.what.clone(),
                    place: sources.place(cause.span),
                    help: cause.help.clone(),
                })
                .collect(),
        };
        directory
            .folder
            .write_json(COLLAPSE, &kept)
            .map_err(|error| disk(&directory.path_of(COLLAPSE), &error))?;
        let [first, others @ ..] = causes.as_slice() else {
            return Ok(());
        };
        let message = format!("`{}` collapses: {what} by step {step}", directory.name);
        let mut found = Diagnostic::warning(Code::Collapse, first.span, message)
            .here(format!("likely because {}", first.what));
        if let Some(line) = first.script {
            found = found.label(line, "in this line of the task");
        }
        found = found.note(
            "Spread is near 1 where samples lie apart in all directions and 0 where they are one; rank is the number of directions they vary in.",
        );
        for other in others.iter().take(OTHERS) {
            found = found.note(format!(
                "Less likely: {} ({}).",
                other.what,
                sources.place(other.span)
            ));
        }
        found = found.help(first.help.clone());
        if !ended {
            found =
                found.help("write `stop = collapse()` in the stage to end it when this happens");
        }
        watch.warn(&render(&found, sources, false));
        if ended {
            watch.say(&format!("{} · ends at step {step}: {what}", directory.name));
        }
        Ok(())
    }

    /// What a stage has said of its collapse.
    pub(super) fn collapsed(&self, stage: &str) -> Option<Collapsed> {
        let directory = self.stages.get(stage)?;
        let bytes = directory.folder.read(COLLAPSE, LARGEST).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes beside what was measured that the encoder is of a stage that collapsed.
    pub(super) fn note_collapses(&self, rows: &mut [ResultRow], inputs: &[&str]) {
        for input in inputs {
            let Some(Collapsed { step, ended, .. }) = self.collapsed(input) else {
                continue;
            };
            let end = if ended { ", where it ended" } else { "" };
            for row in rows.iter_mut() {
                row.protocol += &format!(", `{input}` collapsed by step {step}{end}");
                row.collapsed.insert((*input).to_owned(), step);
            }
        }
    }
}

#[cfg(test)]
#[path = "collapse_tests.rs"]
mod tests;

//! Watches a training for a collapse: all samples becoming one, or varying in one direction only.
//!
//! Every few steps the first samples of the batch that comes next run forward once more, and how far they lie apart is compared with how far the
//! untrained network laid them apart. Nothing in the training changes by it; what is seen follows from the step alone, so a run that goes
//! on from a checkpoint sees the same.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::engine::embedding::{Apart, ROWS, apart};
use crate::engine::{Batch, EngineError, Model};
use crate::graph::{Embedding, Graph, followed};
use crate::plan::{Cause, Collapse, Settings, Symptoms};

/// A look costs about a third of a step on the samples it takes: after so many times their share of a batch it is less than a hundredth.
const SHARE: f64 = 34.0;
/// Fewest steps between two looks, whatever a batch costs.
const LEAST: f64 = 10.0;
/// After so many looks, which are lines of the metrics, they are half as many, after three times so many half of that.
const LOOKS: u64 = 1000;
/// What is a collapse of something.
#[derive(Clone, Copy, Debug)]
struct Bound {
    /// Spread below this part of the untrained network's.
    spread: f64,
    /// Rank below this: one direction and little else.
    rank: f64,
}

/// Of what a loss compares; sound trainings were seen to keep four fifths of the spread, and a rank of 1.7.
const COMPARED: Bound = Bound {
    spread: 0.33,
    rank: 1.35,
};
/// Of what an encoder gives besides: where labels or pixels are asked for, few directions may be all that is needed. Sound trainings kept
/// half of the spread.
const GIVEN: Bound = Bound {
    spread: 0.1,
    rank: 1.1,
};
/// A rank can fall where it was more than this.
const RANKED: f64 = 1.7;
/// Looks in a row that have to see it: a dip is none.
const IN_A_ROW: u64 = 4;
/// Of fewer rows nothing can be said.
const FEW: usize = 8;
/// Most numbers of a tensor whose norm is taken: it is copied.
const LARGEST_WEIGHT: usize = 1 << 24;

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
        let ranks = part("directions");
        let start = part("spread").into_iter().filter_map(|(name, spread)| {
            let rank = *ranks.get(&name)?;
            Some((name, Seen { spread, rank }))
        });
        let low = note.and_then(|note| note.get("low")?.as_object());
        let low = low.into_iter().flatten();
        Self {
            collapse,
            graphs: graphs.map(|g| (g, g.embeddings(&encoders))).collect(),
            every,
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
            "directions": part(|seen| seen.rank),
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
        // fewer as a run grows long, by the step alone: a longer one begins like a shorter one
        let longer = (step / self.every / LOOKS + 1).ilog2();
        step.is_multiple_of(self.every << longer)
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
        let names = watched.iter().map(|one| (one.module.clone(), one.compared));
        let names: Vec<(String, bool)> = names.collect();
        if step == 0 {
            self.norms = norms(model)?;
        }
        let mut fallen = None;
        for ((name, compared), now) in names.iter().zip(&found) {
            line.insert(format!("spread.{name}"), json!(now.spread));
            line.insert(format!("rank.{name}"), json!(now.rank));
            let Apart { spread, rank, .. } = *now;
            let start = *self
                .start
                .entry(name.clone())
                .or_insert(Seen { spread, rank });
            let bound = if *compared { COMPARED } else { GIVEN };
            let what = what(name, start, now, bound).filter(|_| now.rows >= FEW);
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

    /// Why, the likeliest cause first.
    pub fn likeliest(&self, alarm: &Alarm) -> Vec<&Cause> {
        self.collapse.likeliest(&alarm.symptoms)
    }
}

/// What has fallen, if it has.
fn what(name: &str, start: Seen, now: &Apart, bound: Bound) -> Option<String> {
    if now.spread.is_nan() || now.spread < bound.spread * start.spread {
        return Some(format!(
            "the spread of `{name}` fell from {:.3} to {:.3}",
            start.spread, now.spread
        ));
    }
    if start.rank > RANKED && now.rank < bound.rank {
        return Some(format!(
            "the rank of `{name}` fell from {:.1} to {:.1}",
            start.rank, now.rank
        ));
    }
    None
}

/// The norm of the weights of each module that learns, vectors and tables of millions of rows aside.
fn norms(model: &Model) -> Result<BTreeMap<String, f64>, EngineError> {
    let mut squares: BTreeMap<String, f64> = BTreeMap::new();
    for (name, shape) in model.parameters() {
        let large = shape.iter().product::<usize>() > LARGEST_WEIGHT;
        if shape.len() < 2 || large || followed(name) != name {
            continue;
        }
        let module = name.split('/').next().unwrap_or_default();
        let tensor = model.get(name)?;
        let square = tensor.as_f32().unwrap_or_default().iter();
        let square: f64 = square.map(|x| f64::from(*x) * f64::from(*x)).sum();
        *squares.entry(module.to_owned()).or_default() += square;
    }
    let squares = squares.into_iter();
    Ok(squares.map(|(name, x)| (name, x.sqrt())).collect())
}

#[cfg(test)]
#[path = "collapse_tests.rs"]
mod tests;

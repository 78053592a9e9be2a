//! A forward pass that keeps only what crosses a few cuts, and a backward pass that runs each segment again (Chen et al., 2016,
//! arXiv:1604.06174). Dropout and the like draw by name, so the second run draws what the first one did; running statistics move in
//! the first alone.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::draw::Draw;
use super::error::{EngineError, Result};
use super::host::Batch;
use super::model::Model;
use super::program::Program;
use super::run::{Gradients, run_watched};
use super::value::{Value, on_pair};
use crate::graph::{Graph, Var};

/// A program in segments.
pub(crate) struct Segments {
    parts: Vec<Program>,
    /// By node: whether a gradient flows through it to a parameter.
    leads: Vec<bool>,
}

/// What the first run leaves: what enters each segment, and buffers that moved before the last.
#[derive(Default)]
pub(crate) struct Forward {
    pub(crate) entering: Vec<Vec<(Var, Value)>>,
    pub(crate) buffers: BTreeMap<String, Value>,
    pub(crate) gated: bool,
}

impl Segments {
    /// `None` where cutting saves nothing. `tracked`: the parameters that gradients are wanted of.
    pub(crate) fn new(graph: &Graph, program: &Program, tracked: &[bool]) -> Option<Self> {
        let cuts = graph.segments(&program.wanted).cuts;
        if cuts.is_empty() {
            return None;
        }
        let none = Vec::new();
        let starts = [&none].into_iter().chain(&cuts);
        let ends = cuts.iter().chain([&program.wanted]);
        let parts = starts
            .zip(ends)
            .map(|(known, wanted)| {
                let mut part = Program::from_known(graph, wanted, known);
                part.precision = program.precision;
                part
            })
            .collect();
        Some(Self {
            parts,
            leads: graph.leads_to(tracked),
        })
    }

    /// The program of the last segment, whose forward pass is recorded at once.
    pub(crate) fn last(&self) -> &Program {
        &self.parts[self.parts.len() - 1]
    }

    /// Runs all segments but the last, recording nothing.
    ///
    /// # Errors
    /// As [`run_watched`].
    pub(crate) fn forward(
        &self,
        graph: &Graph,
        model: &Model,
        batch: &Batch,
        draw: Draw,
    ) -> Result<Forward> {
        let mut there: Vec<(Var, Value)> = Vec::new();
        let mut forward = Forward {
            entering: vec![Vec::new()],
            buffers: BTreeMap::new(),
            gated: false,
        };
        for part in &self.parts[..self.parts.len() - 1] {
            let known = std::mem::take(&mut there);
            let none = Gradients::None;
            let outcome = run_watched(graph, part, model, batch, draw, none, known, None)?;
            forward.buffers.extend(outcome.buffers);
            forward.gated |= outcome.gated;
            there = part.wanted.iter().copied().zip(outcome.values).collect();
            forward.entering.push(there.clone());
        }
        Ok(forward)
    }

    /// What enters a segment as leaves of a tape, where a gradient leads on from there.
    pub(crate) fn leaves(&self, entering: Vec<(Var, Value)>) -> Vec<(Var, Value)> {
        entering
            .into_iter()
            .map(|(var, value)| match self.leads[var.0 as usize] {
                true => (var, value.leaf()),
                false => (var, value),
            })
            .collect()
    }

    /// Runs segment `index` again and gives the sum of its results times their gradients, whose gradients are those of the whole;
    /// `None` where no gradient enters.
    ///
    /// # Errors
    /// As [`run_watched`].
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn again(
        &self,
        index: usize,
        graph: &Graph,
        model: &Model,
        batch: &Batch,
        draw: Draw,
        gradients: Gradients<'_>,
        known: Vec<(Var, Value)>,
        of_results: &BTreeMap<Var, Value>,
    ) -> Result<Option<Tensor<1>>> {
        let part = &self.parts[index];
        let outcome = run_watched(graph, part, model, batch, draw, gradients, known, None)?;
        let mut sum: Option<Tensor<1>> = None;
        for (var, value) in part.wanted.iter().zip(outcome.values) {
            let Some(gradient) = of_results.get(var) else {
                continue;
            };
            let product: Result<Value, String> = on_pair!((value, gradient.clone()), (y, dy) => Ok((y * dy).into()),
                _other => Err("has a gradient of another shape".into()));
            let product = product
                .and_then(Value::flat)
                .map_err(|reason| EngineError::node(graph, *var, reason))?
                .sum();
            sum = Some(match sum {
                Some(sum) => sum + product,
                None => product,
            });
        }
        Ok(sum.filter(Tensor::is_tracked))
    }
}

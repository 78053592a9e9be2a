//! Which nodes of a graph are needed for some results, and when each value is no longer needed.

use std::collections::BTreeMap;

use crate::data::Philox;
use crate::graph::{Graph, Op, Var};
use crate::plan::Precision;

/// The part of a graph that leads to some results.
pub(crate) struct Program {
    /// The nodes that run, in order.
    pub(crate) order: Vec<Var>,
    /// By node: how often its value is read, results included.
    pub(crate) reads: Vec<u32>,
    /// What is asked for.
    pub(crate) wanted: Vec<Var>,
    /// What products and convolutions take.
    pub(crate) precision: Precision,
    /// By dropout node: what names its masks.
    pub(crate) masks: BTreeMap<Var, [u64; 2]>,
}

impl Program {
    pub(crate) fn new(graph: &Graph, wanted: &[Var]) -> Self {
        let mut reads = vec![0u32; graph.nodes.len()];
        for var in wanted {
            reads[var.0 as usize] += 1;
        }
        for index in (0..graph.nodes.len()).rev() {
            if reads[index] > 0 {
                for input in &graph.nodes[index].inputs {
                    reads[input.0 as usize] += 1;
                }
            }
        }
        let order = (0..graph.nodes.len())
            .filter(|index| reads[*index] > 0)
            .map(|index| Var(index as u32))
            .collect();
        Self {
            order,
            reads,
            wanted: wanted.to_vec(),
            precision: Precision::F32,
            masks: masks(graph),
        }
    }
}

/// Dropout nodes by path; the second call of a module has the same paths, so calls are counted.
fn masks(graph: &Graph) -> BTreeMap<Var, [u64; 2]> {
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    let mut masks = BTreeMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        if matches!(node.op, Op::Dropout(_)) {
            let call = calls.entry(&node.path).or_default();
            masks.insert(Var(index as u32), [Philox::part(&node.path), *call]);
            *call += 1;
        }
    }
    masks
}

//! Which nodes of a graph are needed for some results, and when each value is no longer needed.

use std::collections::BTreeMap;

use crate::data::Philox;
use crate::graph::{Binary, Graph, Op, Unary, Var};

/// The part of a graph that leads to some results.
pub(crate) struct Program {
    /// The nodes that run, in order.
    pub(crate) order: Vec<Var>,
    /// By node: how often its value is read, results included.
    pub(crate) reads: Vec<u32>,
    /// What is asked for.
    pub(crate) wanted: Vec<Var>,
    /// By dropout node: what names its masks.
    pub(crate) masks: BTreeMap<Var, [u64; 2]>,
    /// By last node: nodes that one kernel carries out, on devices that have kernels.
    pub(crate) chains: BTreeMap<Var, Chain>,
    /// By node: whether it is inside a chain, not its last.
    pub(crate) inside: Vec<bool>,
}

/// Batch norm, perhaps a sum with a shortcut, and ReLU, where nobody else reads what lies between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The batch norm.
    pub(crate) norm: Var,
    /// The sum and its other operand.
    pub(crate) sum: Option<(Var, Var)>,
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
        let mut inside = vec![false; graph.nodes.len()];
        let chains: BTreeMap<Var, Chain> = (0..graph.nodes.len())
            .filter(|index| reads[*index] > 0)
            .filter_map(|index| Some((Var(index as u32), chain(graph, &reads, index)?)))
            .collect();
        for chain in chains.values() {
            inside[chain.norm.0 as usize] = true;
            if let Some((sum, _)) = chain.sum {
                inside[sum.0 as usize] = true;
            }
        }
        Self {
            order,
            reads,
            wanted: wanted.to_vec(),
            masks: masks(graph),
            chains,
            inside,
        }
    }
}

/// The chain that ends with a ReLU, if there is one.
fn chain(graph: &Graph, reads: &[u32], relu: usize) -> Option<Chain> {
    let node = &graph.nodes[relu];
    if node.op != Op::Unary(Unary::Relu) {
        return None;
    }
    let only = |var: Var| reads[var.0 as usize] == 1;
    let norm = |var: Var| {
        let from = var.0 as usize;
        let Op::BatchNorm { mean, .. } = graph.nodes[from].op else {
            return false;
        };
        // it runs where the ReLU stands: no other call may move the same statistics in between
        only(var)
            && !graph.nodes[from + 1..relu]
                .iter()
                .any(|other| matches!(other.op, Op::BatchNorm { mean: moved, .. } if moved == mean))
    };
    let before = *node.inputs.first()?;
    if norm(before) {
        return Some(Chain {
            norm: before,
            sum: None,
        });
    }
    let sum = graph.node(before);
    let &[a, b] = sum.inputs.as_slice() else {
        return None;
    };
    if sum.op != Op::Binary(Binary::Add)
        || !only(before)
        || graph.node(a).shape != graph.node(b).shape
    {
        return None;
    }
    let (from, shortcut) = if norm(a) {
        (a, b)
    } else if norm(b) {
        (b, a)
    } else {
        return None;
    };
    Some(Chain {
        norm: from,
        sum: Some((before, shortcut)),
    })
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

//! Which nodes of a graph are needed for some results, and when each value is no longer needed.

use std::collections::BTreeMap;

use crate::data::Philox;
use crate::graph::{Binary, DType, Graph, Op, Unary, Var};
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
    /// By dropout and random node: what names its draws.
    pub(crate) masks: BTreeMap<Var, [u64; 2]>,
    /// By node: whether it has run in this step before, so that its statistics stay; empty where none has.
    pub(crate) again: Vec<bool>,
    /// By node: whether a gradient of the objectives is sure to reach it; empty where nothing is trained.
    pub(crate) feeds: Vec<bool>,
    /// By last node: nodes that one kernel carries out, on devices that have kernels.
    pub(crate) chains: BTreeMap<Var, Chain>,
    /// By node: whether it is inside a chain, not its last.
    pub(crate) inside: Vec<bool>,
}

/// Nodes that one kernel carries out, where nobody else reads what lies between.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Chain {
    /// Batch norm, perhaps a sum with a shortcut, and ReLU.
    Norm {
        /// The batch norm.
        norm: Var,
        /// The sum and its other operand.
        sum: Option<(Var, Var)>,
    },
    /// Of the logarithm of the softmax of each row one number: cross-entropy.
    Chosen {
        /// `[R, C]`
        logits: Var,
        /// The logarithm of their softmax.
        softmax: Var,
        /// `[R, 1]`
        targets: Var,
    },
    /// Attention of queries, keys and values that one linear layer gave.
    Heads {
        /// `[B, N, 3 heads d]`
        joined: Var,
        /// Slice, reshape and permutation of queries, keys and values.
        parts: [[Var; 3]; 3],
    },
}

impl Chain {
    /// What it reads, once for each node that does.
    pub(crate) fn sources(&self, graph: &Graph) -> Vec<Var> {
        match self {
            Chain::Norm { norm, sum } => {
                let mut sources = graph.node(*norm).inputs.clone();
                sources.extend(sum.map(|(_, shortcut)| shortcut));
                sources
            }
            Chain::Chosen {
                logits, targets, ..
            } => vec![*logits, *targets],
            Chain::Heads { joined, .. } => vec![*joined; 3],
        }
    }

    /// Its nodes but the last.
    fn inside(&self) -> Vec<Var> {
        match self {
            Chain::Norm { norm, sum } => {
                let sum = sum.map(|(sum, _)| sum);
                [*norm].into_iter().chain(sum).collect()
            }
            Chain::Chosen { softmax, .. } => vec![*softmax],
            Chain::Heads { parts, .. } => parts.concat(),
        }
    }
}

impl Program {
    pub(crate) fn new(graph: &Graph, wanted: &[Var]) -> Self {
        Self::from_known(graph, wanted, &[])
    }

    /// The same where the values of `known` nodes are there before it runs.
    pub(crate) fn from_known(graph: &Graph, wanted: &[Var], known: &[Var]) -> Self {
        let mut there = vec![false; graph.nodes.len()];
        known.iter().for_each(|var| there[var.0 as usize] = true);
        let mut reads = vec![0u32; graph.nodes.len()];
        for var in wanted {
            reads[var.0 as usize] += 1;
        }
        for index in (0..graph.nodes.len()).rev() {
            if reads[index] > 0 && !there[index] {
                for input in &graph.nodes[index].inputs {
                    reads[input.0 as usize] += 1;
                }
            }
        }
        let order = (0..graph.nodes.len())
            .filter(|index| reads[*index] > 0 && !there[*index])
            .map(|index| Var(index as u32))
            .collect();
        let mut inside = vec![false; graph.nodes.len()];
        let chains: BTreeMap<Var, Chain> = (0..graph.nodes.len())
            .filter(|index| reads[*index] > 0 && !there[*index])
            .filter_map(|index| Some((Var(index as u32), chain(graph, &reads, index)?)))
            .filter(|(_, chain)| chain.inside().iter().all(|var| !there[var.0 as usize]))
            .collect();
        for chain in chains.values() {
            for var in chain.inside() {
                inside[var.0 as usize] = true;
            }
        }
        Self {
            order,
            reads,
            wanted: wanted.to_vec(),
            precision: Precision::F32,
            masks: masks(graph),
            again: Vec::new(),
            feeds: Vec::new(),
            chains,
            inside,
        }
    }
}

/// By node: whether the gradient of the sum of some objectives is sure to reach it, through operations that always pass it on.
pub(crate) fn feeds(graph: &Graph, objectives: &[Var]) -> Vec<bool> {
    let mut feeds = vec![false; graph.nodes.len()];
    for var in objectives {
        feeds[var.0 as usize] = true;
    }
    for index in (0..graph.nodes.len()).rev() {
        let node = &graph.nodes[index];
        if !feeds[index] {
            continue;
        }
        let passed = match node.op {
            Op::Unary(_) | Op::AddScalar(_) | Op::MulScalar(_) | Op::Pow(_) | Op::Dropout(_) => 1,
            Op::MaxPool { .. } | Op::AvgPool { .. } | Op::LayerNorm { .. } => 1,
            Op::BatchNorm { .. } | Op::Linear | Op::Conv2d { .. } => 1,
            Op::Reshape | Op::Permute(_) | Op::Expand | Op::Flip(_) | Op::Slice { .. } => 1,
            Op::Sum(_) | Op::Mean(_) | Op::SumAll | Op::MeanAll => 1,
            Op::Softmax(_) | Op::LogSoftmax(_) | Op::Gather(_) => 1,
            Op::Binary(Binary::Add | Binary::Sub | Binary::Mul | Binary::Div) | Op::MatMul => 2,
            Op::Attention { .. } => 3,
            Op::Concat(_) => usize::MAX,
            _ => 0,
        };
        for input in node.inputs.iter().take(passed) {
            feeds[input.0 as usize] |= graph.node(*input).dtype == DType::F32;
        }
    }
    feeds
}

/// The chain that ends with a node, if there is one.
fn chain(graph: &Graph, reads: &[u32], last: usize) -> Option<Chain> {
    match graph.nodes[last].op {
        Op::Unary(Unary::Relu) => norm_chain(graph, reads, last),
        Op::Attention { .. } => heads_chain(graph, reads, last),
        Op::Gather(1) => chosen_chain(graph, reads, last),
        _ => None,
    }
}

fn chosen_chain(graph: &Graph, reads: &[u32], gather: usize) -> Option<Chain> {
    let &[softmax, targets] = graph.nodes[gather].inputs.as_slice() else {
        return None;
    };
    let node = graph.node(softmax);
    let fits = node.op == Op::LogSoftmax(1)
        && node.shape.len() == 2
        && graph.node(targets).shape[1].known() == Some(1)
        && reads[softmax.0 as usize] == 1;
    fits.then_some(Chain::Chosen {
        logits: *node.inputs.first()?,
        softmax,
        targets,
    })
}

fn heads_chain(graph: &Graph, reads: &[u32], attention: usize) -> Option<Chain> {
    let only = |var: Var| reads[var.0 as usize] == 1;
    let inputs: [Var; 3] = graph.nodes[attention].inputs.clone().try_into().ok()?;
    let mut parts = [[Var(0); 3]; 3];
    let mut joined = None;
    for (index, permute) in inputs.into_iter().enumerate() {
        let node = graph.node(permute);
        let reshape = *node.inputs.first()?;
        let slice = *graph.node(reshape).inputs.first()?;
        let from = *graph.node(slice).inputs.first()?;
        let width = graph.node(slice).shape.last()?.known()?;
        let Op::Slice { dim: 2, start } = &graph.node(slice).op else {
            return None;
        };
        let fits = node.op == Op::Permute(vec![0, 2, 1, 3])
            && graph.node(reshape).op == Op::Reshape
            && graph.node(reshape).shape[..2] == graph.node(from).shape[..2]
            && graph.node(slice).shape.len() == 3
            && start.known() == Some(index * width)
            && graph.node(from).shape.last()?.known() == Some(3 * width)
            && *joined.get_or_insert(from) == from
            && [permute, reshape, slice].into_iter().all(only);
        if !fits {
            return None;
        }
        parts[index] = [slice, reshape, permute];
    }
    Some(Chain::Heads {
        joined: joined?,
        parts,
    })
}

fn norm_chain(graph: &Graph, reads: &[u32], relu: usize) -> Option<Chain> {
    let node = &graph.nodes[relu];
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
        return Some(Chain::Norm {
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
    Some(Chain::Norm {
        norm: from,
        sum: Some((before, shortcut)),
    })
}

/// Dropout and random nodes by path; the second call of a module has the same paths, so calls are counted.
fn masks(graph: &Graph) -> BTreeMap<Var, [u64; 2]> {
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    let mut masks = BTreeMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        if matches!(node.op, Op::Dropout(_) | Op::Random(_)) {
            let call = calls.entry(&node.path).or_default();
            masks.insert(Var(index as u32), [Philox::part(&node.path), *call]);
            *call += 1;
        }
    }
    masks
}

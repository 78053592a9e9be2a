//! The last steps of compiling: who reads a value last, and where each draw has its place.

use std::collections::BTreeMap;

use super::{Input, Node, SampleGraph};
use crate::data::Philox;

/// Drops nodes that nobody reads, and lets each value move at its last use.
pub(super) fn mark_last_uses(graph: &mut SampleGraph) {
    // backwards: the first reader met is the last one to run
    let mut used = vec![false; graph.slots];
    let read = |input: &mut Input, used: &mut [bool]| {
        input.last = !std::mem::replace(&mut used[input.slot], true);
    };
    for output in graph.outputs.iter_mut().rev() {
        read(output, &mut used);
    }
    let mut kept = Vec::new();
    for mut node in std::mem::take(&mut graph.nodes).into_iter().rev() {
        match &mut node {
            Node::Apply {
                input,
                first,
                count,
                ..
            } => {
                if !used[*first..*first + *count].contains(&true) {
                    continue;
                }
                read(input, &mut used);
            }
            Node::Gather { inputs, output } => {
                if !used[*output] {
                    continue;
                }
                for input in inputs.iter_mut().rev() {
                    read(input, &mut used);
                }
            }
        }
        kept.push(node);
    }
    kept.reverse();
    graph.nodes = kept;
}

/// Gives every transform the place that its draws are keyed by: its name, and its number among those of its name, met on the way from
/// what is emitted first, inputs before what they flow into.
pub(super) fn place_draws(graph: &mut SampleGraph) {
    let mut maker: Vec<Option<usize>> = vec![None; graph.slots];
    for (index, node) in graph.nodes.iter().enumerate() {
        match node {
            Node::Apply { first, count, .. } => maker[*first..first + count].fill(Some(index)),
            Node::Gather { output, .. } => maker[*output] = Some(index),
        }
    }
    let inputs = |node: &Node| -> Vec<usize> {
        match node {
            Node::Apply { input, .. } => vec![input.slot],
            Node::Gather { inputs, .. } => inputs.iter().map(|input| input.slot).collect(),
        }
    };
    let mut order = Vec::with_capacity(graph.nodes.len());
    let mut met = vec![false; graph.nodes.len()];
    for output in &graph.outputs {
        // a node waits below its inputs: met once they are placed
        let mut waiting: Vec<(usize, bool)> = maker[output.slot]
            .map(|node| (node, false))
            .into_iter()
            .collect();
        while let Some((node, ready)) = waiting.pop() {
            if ready {
                order.push(node);
                continue;
            }
            if std::mem::replace(&mut met[node], true) {
                continue;
            }
            waiting.push((node, true));
            let above = inputs(&graph.nodes[node]).into_iter().rev();
            waiting.extend(above.filter_map(|slot| Some((maker[slot]?, false))));
        }
    }
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for index in order {
        if let Node::Apply { name, key, .. } = &mut graph.nodes[index] {
            let number = known.entry(name.clone()).or_insert(0);
            *key = Philox::part(&format!("{name}/{number}"));
            *number += 1;
        }
    }
}

//! The last step of compiling: who reads a value last.

use super::{Input, Node, SampleGraph};

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

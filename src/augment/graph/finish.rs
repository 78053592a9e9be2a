//! The last steps of compiling: what may enter a batch, and who reads a value last.

use super::{Input, Node, SampleGraph};
use crate::catalog::Problem;
use crate::data::SampleType;
use crate::language::codes::Code;

/// Whether values of this type make one tensor.
pub(super) fn batchable(name: &str, ty: &SampleType) -> Result<(), Problem> {
    match ty {
        SampleType::Image { channels: Some(_), height: Some(_), width: Some(_) } => Ok(()),
        SampleType::Image { .. } => Err(Problem::new(
            Code::SampleType,
            format!("`{name}` is `{ty}`: its size is not known before a picture is read, and a batch has one size"),
        )
        .help("end with a fixed size: `random_resized_crop(32px)`, or `resize(32px, sides = both)`")),
        SampleType::List { element, count: Some(_) } => batchable(name, element),
        SampleType::Mask { height: Some(_), width: Some(_) } | SampleType::Label { .. } => Ok(()),
        SampleType::Mask { .. } => Err(Problem::new(
            Code::SampleType,
            format!("`{name}` is `{ty}`: its size is not known before a picture is read, and a batch has one size"),
        )
        .help("make the picture one size before the mask is made from it")),
        SampleType::List { .. } | SampleType::Text => Err(Problem::new(
            Code::SampleType,
            format!("`{name}` is `{ty}`, which can't be put into a batch"),
        )),
    }
}

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

//! The batch against what the graph was traced for: how large is it, do the fields fit.

use super::error::{EngineError, Result};
use super::host::{Batch, HostTensor};
use crate::graph::{DType, Graph, Node, Op, Size, show};

/// The batch size `B` for which every input of the graph has the sizes that the batch's fields have.
///
/// # Errors
/// A field is missing, or no `B` fits.
pub(crate) fn batch_size(graph: &Graph, batch: &Batch) -> Result<usize> {
    let mut size = None;
    for node in &graph.nodes {
        let Op::Input(name) = &node.op else { continue };
        let Some(field) = batch.get(name) else {
            // an input that nothing needed reads may be absent; `fitting` finds the rest
            continue;
        };
        if let Some(found) = implied(&node.shape, field.shape()) {
            size.get_or_insert(found);
        }
    }
    Ok(size.unwrap_or(1))
}

/// The graph that takes texts as long as a batch holds them: the first whose inputs have its sizes, else `longest`, which then says what
/// does not fit.
pub(crate) fn graph_of<'g>(shorter: &'g [Graph], longest: &'g Graph, batch: &Batch) -> &'g Graph {
    let mut shorter = shorter.iter();
    shorter.find(|graph| takes(graph, batch)).unwrap_or(longest)
}

/// Whether a graph was traced for texts as long as a batch holds them.
pub(crate) fn takes(graph: &Graph, batch: &Batch) -> bool {
    let nodes = graph.nodes.iter();
    let mut fields = nodes.filter_map(|node| match &node.op {
        Op::Input(name) => Some((&node.shape, batch.get(name)?)),
        _ => None,
    });
    fields.all(|(wanted, field)| {
        let has = field.shape().get(1..).unwrap_or(&[]);
        let wanted = wanted.get(1..).unwrap_or(&[]);
        wanted
            .iter()
            .map(Size::known)
            .eq(has.iter().map(|n| Some(*n)))
    })
}

/// The `B` that the first size which depends on it asks for.
fn implied(wanted: &[Size], has: &[usize]) -> Option<usize> {
    wanted
        .iter()
        .zip(has)
        .find(|(wanted, _)| wanted.known().is_none())
        .and_then(|(wanted, has)| (0..=*has).find(|b| wanted.at(*b) == *has))
}

/// The field that an input node reads.
///
/// # Errors
/// It is missing, or of other sizes or element type.
pub(crate) fn fitting<'a>(
    node: &Node,
    name: &str,
    batch: &'a Batch,
    size: usize,
) -> Result<&'a HostTensor> {
    let Some(field) = batch.get(name) else {
        let has: Vec<&str> = batch.keys().map(String::as_str).collect();
        return Err(EngineError::InputMissing {
            name: name.into(),
            has: has.join(", "),
            span: node.span,
        });
    };
    let float = matches!(field, HostTensor::F32 { .. });
    let same_kind = float == (node.dtype == DType::F32);
    let same_sizes = field.shape().len() == node.shape.len()
        && field
            .shape()
            .iter()
            .zip(&node.shape)
            .all(|(has, wanted)| wanted.at(size) == *has)
        && field.len() == field.shape().iter().product::<usize>();
    if same_kind && same_sizes {
        return Ok(field);
    }
    let kind = match node.dtype {
        DType::F32 => "f32",
        DType::Int => "int",
    };
    Err(EngineError::InputMismatch {
        name: name.into(),
        has: format!("{} with {} elements", field.describe(), field.len()),
        wanted: format!("{kind} {}", show(&node.shape)),
        span: node.span,
    })
}

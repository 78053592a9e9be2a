//! Whether the views of a stage are several.

use super::types::Training;
use crate::graph::Twice;

/// Where the same weights meet one sample twice: nothing is drawn between two views of a stage.
pub(super) fn same_views(training: &Training) -> Option<Twice> {
    let sources = training.samples.sources();
    let sample = |input: &str| {
        let bound = training.bindings.iter().find(|(_, name)| name == input);
        match bound.and_then(|(field, _)| sources.get(field)) {
            Some(source) => source.to_string(),
            None => format!("input {input}"),
        }
    };
    training.graph.same_views(&sample)
}

//! What several lints ask: where data comes from, and whether an objective compares samples.

use crate::catalog::{Data, DataSource, Kind, Split};
use crate::graph::{Graph, Var};
use crate::language::checked::Recipe;

/// Whether data comes from a test split, also through data sets that are made of one.
pub(super) fn is_test(data: &Data, recipe: &Recipe, depth: usize) -> bool {
    if depth < recipe.datasets.len() && data.given().any(|data| is_test(data, recipe, depth + 1)) {
        return true;
    }
    let DataSource::Named { dataset, split } = &data.source else {
        return false;
    };
    *split == Some(Split::Test)
        || depth < recipe.datasets.len()
            && recipe
                .datasets
                .iter()
                .find(|item| item.name == *dataset)
                .is_some_and(|item| is_test(&item.data, recipe, depth + 1))
}

/// Names of the catalog's data sets that data is made of.
pub(super) fn sources(data: &Data, recipe: &Recipe) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![data];
    while let Some(data) = waiting.pop() {
        match &data.source {
            DataSource::Call(call) => {
                if call.spec.kind == Kind::Dataset {
                    found.push(call.spec.name.clone());
                }
            }
            DataSource::Named { dataset, .. } => {
                let item = recipe.datasets.iter().find(|item| item.name == *dataset);
                waiting.extend(item.map(|item| &item.data));
            }
            DataSource::Beside(_) => {}
        }
        waiting.extend(data.given());
        if found.len() > recipe.datasets.len() + 8 {
            break;
        }
    }
    found
}

/// Whether a value that an objective is made of has one number for each pair of samples: then what a sample learns hangs on who
/// else is in its batch.
pub(super) fn compares_samples(graph: &Graph) -> bool {
    let objectives: Vec<Var> = graph.objectives.iter().map(|o| o.var).collect();
    let origins = graph.origins(&objectives);
    graph.nodes.iter().zip(origins).any(|(node, wanted)| {
        let of_batch = node.shape.iter().filter(|size| size.known().is_none());
        wanted && of_batch.count() > 1
    })
}

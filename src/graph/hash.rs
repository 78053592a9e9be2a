//! The identity of a graph: one task written in Rust, in a script or in a plugin has one hash.

use std::fmt::Debug;

use super::{EpochWork, Graph, show};

impl Graph {
    /// blake3 of what the graph computes, in hexadecimal digits: operations with their attributes, shapes, element types, names,
    /// order, parameters and their first values, states, objectives. Places in the recipe are not part of it.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        self.hash_into(&mut hasher);
        hasher.finalize().to_hex().to_string()
    }

    fn hash_into(&self, hasher: &mut blake3::Hasher) {
        let mut add = |tag: &str, what: &dyn Debug| {
            // shortest texts that read back are the same on every machine
            let text = format!("{tag} {what:?}");
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        add("mode", &self.mode);
        for node in &self.nodes {
            let shape = show(&node.shape);
            add(
                "node",
                &(&node.op, &node.inputs, shape, node.dtype, &node.path),
            );
        }
        add("parameters", &self.parameters);
        add("buffers", &self.buffers);
        add("states", &self.states);
        add("assigns", &self.assigns);
        add("emas", &self.emas);
        if !self.still.is_empty() {
            add("still", &self.still);
        }
        if !self.held.is_empty() {
            add("held", &self.held);
        }
        if !self.bounds.is_empty() {
            add("bounds", &self.bounds);
        }
        add("objectives", &self.objectives);
        add("claims", &self.claims);
        add("metrics", &self.metrics);
        add("places", &self.places);
        for part in &self.parts {
            add("part", &(&part.name, &part.module.name));
        }
        for work in &self.work {
            match work {
                EpochWork::Fill {
                    state,
                    graph,
                    output,
                } => add("fill", &(state, graph.hash(), output)),
                EpochWork::KMeans {
                    bank,
                    centres,
                    clusters,
                    iterations,
                } => add("kmeans", &(bank, centres, clusters, iterations)),
            }
        }
    }
}

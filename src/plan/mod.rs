//! From a checked recipe to what will run: stages, sample graphs, tensor graphs, costs, content hashes.

mod training;

pub use training::{Decay, Optimizer, Schedule};

use crate::catalog::Spec;

/// The catalog entries of this room: optimisers, schedules, settings.
pub fn specs() -> Vec<Spec> {
    vec![]
}

//! From a checked recipe to what will run: stages, sample graphs, tensor graphs, costs, content hashes.

pub mod export;
mod optimizers;
mod schedules;
mod settings;
mod training;

pub use training::{Decay, Optimizer, Schedule};

use crate::catalog::Spec;

/// The catalog entries of this room: optimisers, schedules, settings.
pub fn specs() -> Vec<Spec> {
    [optimizers::specs(), schedules::specs(), settings::specs()].concat()
}

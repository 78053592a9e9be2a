//! From a checked recipe to what will run: stages, sample graphs, tensor graphs, costs, content hashes.

pub mod draw;
pub mod export;
mod layers;
mod optimizers;
mod schedules;
mod settings;
pub mod show;
mod training;
mod tree;

pub use training::{Decay, Optimizer, Schedule};

use crate::catalog::Spec;

/// The catalog entries of this room: optimisers, schedules, settings.
pub fn specs() -> Vec<Spec> {
    [optimizers::specs(), schedules::specs(), settings::specs()].concat()
}

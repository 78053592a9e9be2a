//! What was learned: kNN, probes, fine-tuning. One file each; the engine carries them out.

pub mod knn;
mod specs;

pub use specs::specs;

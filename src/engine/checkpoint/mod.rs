//! Checkpoints: files that are either whole or not there.
//!
//! A file is written under another name, flushed to disk and renamed, and the folder is flushed, so a crash leaves the old
//! files. It ends with a BLAKE3 hash of everything before it, so a file that was cut short or changed is recognised; then the
//! newest whole one counts.

mod format;
mod store;

use std::collections::BTreeMap;

use super::trainer::TrainerState;

pub use format::{read, write};
pub use store::{Newest, newest, save};

/// How far the data were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// Passes over the data that are done.
    pub epoch: u64,
    /// Batches of the current pass that are done.
    pub batch: u64,
}

/// A moment of a training stage, with all that is needed to go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Model and optimiser.
    pub state: TrainerState,
    /// Where the data stand.
    pub cursor: Cursor,
    /// Bytes of `metrics.jsonl` that belong to the steps done; the rest is cut off when training goes on.
    pub metrics_bytes: u64,
    /// What else the stage keeps: the best value so far, its content hash.
    pub notes: BTreeMap<String, serde_json::Value>,
}

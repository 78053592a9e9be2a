//! Checkpoints: files that are either whole or not there.
//!
//! A file is written under another name, flushed to disk and renamed, and the folder is flushed, so a crash leaves the old
//! files. It ends with a BLAKE3 hash of everything before it, so a file that was cut short or changed is recognised; then the
//! newest whole one counts.
//!
//! It also says what it belongs to: the stage's content hash, which training of the stage, and its list of tensors. A file of
//! another stage, of other settings, with a tensor too few or too many is whole and still of no use here. What the stage is called
//! is told, but decides nothing: another name is no other stage.

mod fits;
mod format;
mod read;
mod store;
mod write;

use std::collections::BTreeMap;

use super::trainer::TrainerState;

pub(crate) use fits::{fits_model, fits_training};
pub(crate) use format::{Entry, Kind};
pub(crate) use read::Opened;
pub use read::read;
pub use store::{Newest, clear, keep, newest, save};
pub(crate) use store::{newest_fitting, owner};
pub use write::write;

/// What a checkpoint belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// What the stage was called, for people.
    pub stage: String,
    /// Which training of the stage: empty for its own, else `untrained`, `pixels`.
    pub part: String,
    /// The stage's content hash, in hex digits.
    pub hash: String,
}

/// What a checkpoint knows of a file beside it that training adds to.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Its bytes.
    pub bytes: u64,
    /// BLAKE3 of them, in hex digits.
    pub hash: String,
}

/// How far the data were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// Passes over the data that are done.
    pub epoch: u64,
    /// Batches of the current pass that are done.
    pub batch: u64,
}

/// A moment of a training stage, with all that is needed to go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// What it belongs to.
    pub binding: Binding,
    /// Model and optimiser.
    pub state: TrainerState,
    /// Where the data stand.
    pub cursor: Cursor,
    /// What of `metrics.jsonl` belongs to the steps done; the rest is cut off when training goes on.
    pub metrics: Written,
    /// What else the stage keeps: the best value so far.
    pub notes: BTreeMap<String, serde_json::Value>,
}

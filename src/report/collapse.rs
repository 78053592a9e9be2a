//! What a stage says of its collapse: `collapse.json`.

use serde::{Deserialize, Serialize};

/// The file.
pub const COLLAPSE: &str = "collapse.json";

/// A collapse that was seen while a stage trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Collapsed {
    /// Optimiser steps that were done.
    pub step: u64,
    /// Whether training ended with it.
    pub ended: bool,
    /// What was seen: `the spread of `head` fell from 0.931 to 0.004`.
    pub what: String,
    /// Why, the likeliest first.
    pub causes: Vec<LikelyCause>,
}

/// One cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LikelyCause {
    /// What is so.
    pub what: String,
    /// Where: `file:line:col`.
    pub place: String,
    /// What to do.
    pub help: String,
}

//! What lies in the folders of the user's own files, one file for each record: splits, classes, and all that is left out.
//!
//! [`walk`] lists what is there, [`layout`] says what it means, [`found`] tells of it.

mod annotations;
mod counts;
mod doubts;
mod found;
mod layout;
mod walk;
mod words;

use std::path::Path;

pub(super) use counts::plural;
pub(super) use found::{found, told};
pub(super) use layout::{How, Layout, Level, Part, UNLABELLED, layout, list};
pub(super) use walk::{Entry, Folder};
#[cfg(test)]
pub(super) use words::is_litter;
pub(super) use words::{apart as split_apart, split as split_word};

/// How many files in a folder and below are wanted.
///
/// # Errors
/// A folder can't be read, or somebody asked to stop.
pub(super) fn count(place: &Path, wanted: Wanted) -> crate::catalog::Result<usize> {
    Ok(walk::walk(place, &wanted)?.0.wanted)
}

/// Which files are records, and what they are called.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// One of them: `picture`.
    pub one: &'static str,
    /// Which formats count, in a sentence.
    pub formats: &'static str,
    /// Whether a file is one, by its path and its name.
    pub is: fn(&Path, &str) -> bool,
    /// The argument for records without a class: `labels = none`.
    pub no_classes: &'static str,
}

//! What every file of pairs offers.

use std::path::{Path, PathBuf};

use crate::data::DataError;
use crate::data::decode::Header;
use crate::data::documents::index::Index;

/// A row as it is read.
pub(super) struct Row {
    /// What it is called in an error.
    pub(super) name: String,
    /// The picture's file.
    pub(super) image: Vec<u8>,
    /// Those that are not blank.
    pub(super) captions: Vec<Vec<u8>>,
}

/// Picture files that a file of pairs names.
pub(super) struct Found {
    pub(super) root: PathBuf,
    pub(super) files: Vec<PathBuf>,
}

/// One file of pairs.
pub(super) trait Pairs: Send + Sync {
    /// Its path.
    fn file(&self) -> &Path;

    /// Where its rows lie, with what is noted of each and its label.
    fn index(&self) -> &Index;

    /// A row.
    ///
    /// # Errors
    /// It can't be read: with its name.
    fn row(&self, row: usize) -> Result<Row, DataError>;

    /// The header of a row's picture, where it has one.
    fn header(&self, row: usize) -> Option<Header>;

    /// Bytes that it holds in memory once it is read.
    fn resident(&self) -> u64;

    /// The files of these rows' pictures; `None` where the file itself holds them.
    fn beside(&self, rows: &mut dyn Iterator<Item = usize>) -> Option<Found>;
}

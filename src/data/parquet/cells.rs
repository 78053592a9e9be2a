//! One column of pictures of a parquet file, cell by cell.

use std::path::Path;
use std::sync::Arc;

use super::file::{OpenError, PictureFile};
use super::spill::Spill;
use crate::data::DataError;

/// What several columns share: where unpacked cells lie.
#[derive(Clone, Default)]
pub(in crate::data) struct Shared(Arc<Spill>);

impl Shared {
    pub(super) fn spill(&self) -> &Spill {
        &self.0
    }
}

/// A column of encoded pictures.
pub(in crate::data) struct Cells(PictureFile);

impl Cells {
    /// Reads the footer.
    ///
    /// # Errors
    /// It is no parquet file, or has no such column.
    pub(in crate::data) fn open(
        path: &Path,
        column: &str,
        shared: &Shared,
    ) -> Result<Self, String> {
        // no column is called so: it has no labels
        match PictureFile::open(path, column, "", &shared.0, super::PICTURES) {
            Ok(file) => Ok(Self(file)),
            Err(OpenError::Bad(what)) => Err(what),
            Err(OpenError::NoPictures { why, have, .. }) => {
                Err(format!("{why}; its columns are {}", have.join(", ")))
            }
        }
    }

    pub(in crate::data) fn path(&self) -> &Path {
        &self.0.path
    }

    pub(in crate::data) fn rows(&self) -> usize {
        self.0.rows
    }

    /// The bytes of a cell.
    ///
    /// # Errors
    /// It is empty, or can't be read.
    pub(in crate::data) fn get(&self, row: usize) -> Result<Vec<u8>, DataError> {
        self.0.picture(row)
    }

    /// Bytes in memory once it is read.
    pub(in crate::data) fn resident(&self) -> u64 {
        self.0.resident_bytes()
    }
}

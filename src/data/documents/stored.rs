//! A file whose records lie where an [`Index`] says: each is read when it is asked for.

use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::index::{Index, LONGEST};
use crate::catalog::{Problem, Result as Checked};
use crate::data::lazy::Lazy;
use crate::data::packed::{self, Packing};
use crate::data::{DataError, manifest, regular};
use crate::language::codes::Code;

/// Bytes that a packed file may have, unpacked.
const MOST_UNPACKED: u64 = 1 << 30;
/// Bytes of a file from which on its index is kept between runs.
const KEPT: u64 = 8 << 20;

/// What finds the records of a file.
pub(in crate::data) type Find<'f> = &'f dyn Fn(&mut dyn Read) -> Result<Index, String>;

/// A file, and where its records lie.
pub(in crate::data) struct Stored {
    pub(in crate::data) path: PathBuf,
    pub(in crate::data) index: Index,
    /// Bytes of the file when it was looked through.
    length: u64,
    /// All it holds, where it is packed.
    unpacked: Lazy<Vec<u8>>,
}

/// A file that can't be read.
pub(in crate::data) fn bad(path: &Path, what: &dyn Display) -> Problem {
    Problem::new(
        Code::BadFile,
        format!("can't read {}: {what}", path.display()),
    )
}

fn too_large() -> String {
    format!(
        "it has more than {} GiB unpacked, and a packed file is held in memory",
        MOST_UNPACKED >> 30
    )
}

impl Stored {
    /// Looks through a file. `kind` names how: an index that was found so is kept for a large file of this size and time.
    ///
    /// # Errors
    /// It can't be read, or is too large to be held in memory unpacked.
    pub(in crate::data) fn open(path: &Path, kind: &str, find: Find<'_>) -> Checked<Self> {
        let length = regular::open(path).and_then(|file| Ok(file.metadata()?.len()));
        let length = length.map_err(|error| bad(path, &error))?;
        let found = || {
            let from = packed::stream(path).map_err(|error| error.to_string())?;
            let most = match packed::of_path(path) {
                Packing::None => u64::MAX,
                Packing::Gzip | Packing::Zstd => MOST_UNPACKED + 1,
            };
            find(&mut from.take(most))
        };
        let index = match length < KEPT {
            true => found(),
            false => kept(path, kind, found),
        };
        let index = index.map_err(|what| bad(path, &what))?;
        if packed::of_path(path) != Packing::None && index.end() > MOST_UNPACKED {
            return Err(bad(path, &too_large()).help("unpack the file, or split it into several"));
        }
        Ok(Self {
            path: path.to_owned(),
            index,
            length,
            unpacked: Lazy::default(),
        })
    }

    fn packed(&self) -> bool {
        packed::of_path(&self.path) != Packing::None
    }

    /// The bytes of a record.
    ///
    /// # Errors
    /// They can't be read, or are too many: what is wrong, after the record's [`Self::name`].
    pub(in crate::data) fn piece(&self, record: usize) -> Result<Vec<u8>, String> {
        let (at, length) = self.index.place(record).ok_or("it is not there")?;
        if length > LONGEST as u64 {
            return Err(format!(
                "it has {:.1} MB, and a record has at most {} MiB",
                length as f64 / 1e6,
                LONGEST >> 20
            ));
        }
        if !self.packed() {
            let file = regular::open(&self.path).map_err(|error| error.to_string())?;
            let now = file.metadata().map_or(0, |about| about.len());
            if now != self.length {
                return Err("the file has changed since it was looked through".into());
            }
            let mut bytes = vec![0; length as usize];
            regular::read_at(&file, &mut bytes, at).map_err(|error| error.to_string())?;
            return Ok(bytes);
        }
        let all = self.unpacked.get(|| {
            let all = packed::all(&self.path, MOST_UNPACKED).map_err(|error| error.to_string())?;
            all.ok_or_else(too_large)
        })?;
        let end = at.checked_add(length).and_then(|n| usize::try_from(n).ok());
        let bytes = end.and_then(|end| all.get(at as usize..end));
        bytes
            .map(<[u8]>::to_vec)
            .ok_or_else(|| "the file has changed since it was looked through".into())
    }

    /// Which record of the file it is, for a message.
    pub(in crate::data) fn name(&self, record: usize, piece: Option<&[u8]>) -> String {
        // what ends the line before may lie before a row
        let ends = piece.unwrap_or_default().iter();
        let ends = ends.take_while(|b| matches!(b, b'\r' | b'\n'));
        let before = ends.filter(|b| **b == b'\n').count() as u64;
        format!(
            "line {} of {}",
            self.index.line(record) + before,
            self.path.display()
        )
    }

    /// Bytes that it holds in memory once it is read.
    pub(in crate::data) fn resident(&self) -> u64 {
        let unpacked = if self.packed() { self.index.end() } else { 0 };
        self.index.bytes() + unpacked
    }
}

/// An index that is found once for a file of this size and time.
fn kept(
    path: &Path,
    kind: &str,
    find: impl FnOnce() -> Result<Index, String>,
) -> Result<Index, String> {
    let parsed = |text: &str| {
        let index: Option<Index> = serde_json::from_str(text).ok();
        index.filter(Index::sound)
    };
    let found = || {
        let index = find().map_err(DataError::new)?;
        serde_json::to_string(&index).map_err(|error| DataError::new(error.to_string()))
    };
    let text = manifest::noted("documents", kind, path, found, &|text| {
        parsed(text).is_some()
    })
    .map_err(|error| error.message)?;
    parsed(&text).ok_or_else(|| "its index is damaged".to_owned())
}

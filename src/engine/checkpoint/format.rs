//! The bytes of a checkpoint.
//!
//! ```text
//! "PRETEXT\n"            8 bytes
//! version                u32, little-endian
//! length of the header   u64
//! header                 JSON: counters, and for each tensor kind, name, sizes, in the order of the data
//! data                   f32, whole numbers i64, little-endian
//! hash                   32 bytes, BLAKE3 of everything before
//! ```

use std::collections::BTreeMap;
use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use super::{Binding, Cursor, Written};

pub(super) const MAGIC: &[u8; 8] = b"PRETEXT\n";
/// 1 did not say what it belongs to.
pub(super) const VERSION: u32 = 2;

/// Bytes of magic, version and length.
pub(super) const PREFIX: u64 = 20;

/// Bytes of the hash.
pub(super) const HASH: u64 = 32;

/// Most bytes of a header: a hundred thousand tensors and more.
pub(super) const LONGEST_HEADER: u64 = 32 << 20;

/// Most dimensions of a tensor, by far.
pub(super) const MOST_DIMENSIONS: usize = 16;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) binding: Binding,
    pub(super) step: u64,
    pub(super) cursor: Cursor,
    pub(super) metrics: Written,
    pub(super) notes: BTreeMap<String, serde_json::Value>,
    /// Updates by parameter.
    pub(super) updates: BTreeMap<String, u64>,
    pub(super) tensors: Vec<Entry>,
}

/// What a tensor is to training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Parameter,
    Buffer,
    Average,
    State,
    /// Whole numbers, eight bytes each.
    WholeState,
    FirstMoment,
    SecondMoment,
}

impl Kind {
    /// Of one element.
    pub(super) fn bytes(self) -> u64 {
        match self {
            Kind::WholeState => 8,
            _ => 4,
        }
    }
}

/// One tensor of the list in a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
}

/// A reader or writer that hashes what passes.
pub(super) struct Hashing<T> {
    pub(super) inner: T,
    pub(super) hasher: blake3::Hasher,
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }
}

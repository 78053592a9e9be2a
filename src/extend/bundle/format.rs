//! The numbers of the format.

pub(super) const MAGIC: &[u8; 8] = b"PRETEXTB";
pub(super) const VERSION: u32 = 1;
/// Bytes of magic, version and length.
pub(super) const PREFIX: u64 = 20;
/// Bytes of the hash.
pub(super) const HASH: u64 = 32;
/// Most bytes of an index.
pub(super) const LONGEST_INDEX: u64 = 16 << 20;

//! What files hold, kept between runs: a journal of one record for each file, found again by what the system says of the file.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

/// What the system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) length: u64,
    pub(super) nanoseconds: u64,
    pub(super) number: u64,
}

impl About {
    pub(super) fn of(about: &Metadata) -> Option<Self> {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(about);
        #[cfg(not(unix))]
        let number = 0;
        let time = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            length: about.len(),
            nanoseconds: time.as_nanos() as u64,
            number,
        })
    }

    pub(super) fn bytes(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        for (part, value) in
            bytes
                .chunks_exact_mut(8)
                .zip([self.length, self.nanoseconds, self.number])
        {
            part.copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) hash: [u8; 32],
    pub(super) flags: u8,
}

pub(super) type Name = [u8; 16];

pub(super) fn short_name(file: &Path) -> Name {
    let hash = blake3::hash(file.as_os_str().as_encoded_bytes());
    let mut name = [0; 16];
    name.copy_from_slice(&hash.as_bytes()[..16]);
    name
}

/// A record of the journal: name, what the system says, what it holds, and a check over these.
pub(super) const RECORD: usize = 16 + 24 + 32 + 1 + 7;

fn record(name: &Name, about: &About, digest: &Digest) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..16].copy_from_slice(name);
    record[16..40].copy_from_slice(&about.bytes());
    record[40..72].copy_from_slice(&digest.hash);
    record[72] = digest.flags;
    let check = blake3::hash(&record[..73]);
    record[73..].copy_from_slice(&check.as_bytes()[..7]);
    record
}

/// What a journal knows. A record that is cut or damaged is as none.
pub(super) fn read_journal(path: &Path) -> HashMap<Name, (About, Digest)> {
    let bytes = fs::read(path).unwrap_or_default();
    let mut known = HashMap::new();
    for bytes in bytes.chunks_exact(RECORD) {
        let number = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(number)
        };
        let (mut name, mut hash) = ([0; 16], [0; 32]);
        name.copy_from_slice(&bytes[..16]);
        hash.copy_from_slice(&bytes[40..72]);
        let about = About {
            length: number(16),
            nanoseconds: number(24),
            number: number(32),
        };
        let digest = Digest {
            hash,
            flags: bytes[72],
        };
        if record(&name, &about, &digest) == bytes {
            known.insert(name, (about, digest));
        }
    }
    known
}

/// Appends records. Each goes into the file at once, so that nothing is lost when the process is killed.
pub(super) struct Journal(Mutex<File>);

impl Journal {
    pub(super) fn open(path: &Path) -> Option<Self> {
        fs::create_dir_all(path.parent()?).ok()?;
        let file = File::options().append(true).create(true).open(path).ok()?;
        let length = file.metadata().ok()?.len();
        // a record that was cut would put all that follow out of step
        file.set_len(length - length % RECORD as u64).ok()?;
        Some(Self(Mutex::new(file)))
    }

    pub(super) fn add(&self, name: &Name, about: &About, digest: &Digest) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // a cache that can't be written costs time, nothing else
        let _ = file.write_all(&record(name, about, digest));
    }
}

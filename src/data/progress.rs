//! How long work on data goes, and whether somebody asked to stop: told from any thread, asked from any thread.

use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{DataError, regular};

/// Told how a download, or the hashing of files, goes. Called from the threads that work.
pub trait Progress: Sync {
    /// `done` of `total` bytes of `what` are there; what goes on after a break does not start at 0. Called at the start, at least
    /// every mebibyte, and with `done == total` at the end.
    fn report(&self, what: &str, done: u64, total: u64);
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _what: &str, _done: u64, _total: u64) {}
}

static STOP: AtomicBool = AtomicBool::new(false);

/// Asks everything that takes long to end: training writes a checkpoint, the rest is given up.
pub fn ask_to_stop() {
    STOP.store(true, Ordering::Relaxed);
}

/// Whether somebody asked. Looked at by whatever may take longer than a second.
pub fn stop_asked() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// An error where somebody asked to stop; for loops over records and files.
///
/// # Errors
/// Somebody asked.
pub fn go_on() -> Result<(), DataError> {
    match stop_asked() {
        true => Err(DataError::new("stopped while data was read")),
        false => Ok(()),
    }
}

/// Bytes that are read between two looks at whether to go on.
const PIECE: usize = 1 << 20;

/// Files on their way into hashes. Several threads may share it.
pub(super) struct Hashing<'p> {
    progress: &'p dyn Progress,
    what: String,
    total: u64,
    done: AtomicU64,
}

impl<'p> Hashing<'p> {
    /// `what`: whose files they are, `total`: their bytes.
    pub(super) fn new(progress: &'p dyn Progress, what: impl Into<String>, total: u64) -> Self {
        let (what, done) = (what.into(), AtomicU64::new(0));
        progress.report(&what, 0, total);
        Self {
            progress,
            what,
            total,
            done,
        }
    }

    /// Feeds a whole file to a hasher.
    pub(super) fn update(&self, hasher: &mut blake3::Hasher, path: &Path) -> Result<(), DataError> {
        let fed = regular::open(path).and_then(|mut file| self.feed(hasher, &mut file));
        go_on()?;
        fed.map_err(|error| DataError::new(format!("can't read {}: {error}", path.display())))
    }

    /// Feeds all that can be read to a hasher. Where somebody asks to stop it ends with an error soon.
    pub(super) fn feed(&self, hasher: &mut blake3::Hasher, from: &mut impl Read) -> io::Result<()> {
        let mut piece = Vec::with_capacity(1 << 16);
        loop {
            if stop_asked() {
                return Err(io::Error::other("stopped"));
            }
            piece.clear();
            let n = from.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
            if n == 0 {
                return Ok(());
            }
            hasher.update(&piece);
            self.add(n as u64);
        }
    }

    /// So many bytes more are done.
    pub(super) fn add(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        // a file that grew meanwhile is no reason to tell of more than all
        self.progress
            .report(&self.what, done.min(self.total), self.total);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct Heard(Mutex<Vec<(u64, u64)>>);

    impl Progress for Heard {
        fn report(&self, what: &str, done: u64, total: u64) {
            assert_eq!(what, "hashing");
            self.0.lock().unwrap().push((done, total));
        }
    }

    #[test]
    fn a_file_is_hashed_in_pieces_that_are_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let bytes: Vec<u8> = (0..5 * PIECE / 2).map(|at| (at / 7) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let heard = Heard(Mutex::new(Vec::new()));
        let hashing = Hashing::new(&heard, "hashing", bytes.len() as u64);
        let mut hasher = blake3::Hasher::new();
        hashing.update(&mut hasher, &path).unwrap();
        assert_eq!(hasher.finalize(), blake3::hash(&bytes));
        let (piece, all) = (PIECE as u64, bytes.len() as u64);
        let expected = [(0, all), (piece, all), (2 * piece, all), (all, all)];
        assert_eq!(*heard.0.lock().unwrap(), expected);
        let missing = hashing.update(&mut hasher, &folder.path().join("none"));
        assert!(missing.unwrap_err().message.contains("none"));
        assert!(hashing.update(&mut hasher, folder.path()).is_err());
    }
}

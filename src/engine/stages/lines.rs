//! Metrics as lines of a file that a resumed run cuts where its checkpoint ends.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::failure::{Failure, disk};
use crate::engine::checkpoint::Written;
use crate::files::{Folder, odd};

/// Most bytes of such a file that are read.
pub(super) const LARGEST: u64 = 256 << 20;

/// A JSON-lines file of which a checkpoint knows length and content.
pub(super) struct Lines {
    path: PathBuf,
    file: File,
    /// In bytes.
    len: u64,
    hasher: blake3::Hasher,
    last: String,
}

impl Lines {
    /// Begins the file again with what of it belongs to a checkpoint, as a file of its own. Also says where that is not what
    /// the checkpoint knows.
    pub fn go_on(
        folder: &Folder,
        name: &str,
        known: &Written,
    ) -> Result<(Self, Option<String>), Failure> {
        let path = folder.path_of(name);
        if known.bytes == 0 {
            return Ok((Self::begin(folder, name, &[])?, None));
        }
        let mut bytes = read(folder, name).map_err(|error| disk(&path, &error))?;
        let short = (bytes.len() as u64) < known.bytes;
        bytes.truncate(usize::try_from(known.bytes).unwrap_or(usize::MAX));
        let changed = blake3::hash(&bytes).to_hex().to_string() != known.hash;
        let said = match (short, changed) {
            (true, _) => Some(format!(
                "{} has lost lines: {} bytes of the {} that the checkpoint knows; training goes on, the curves have a gap",
                path.display(),
                bytes.len(),
                known.bytes
            )),
            (false, true) => Some(format!(
                "{} was changed since the checkpoint; training goes on, the curves may be wrong",
                path.display()
            )),
            (false, false) => None,
        };
        if said.is_some() {
            // a line that was cut in its middle would swallow the next one
            let whole = bytes
                .iter()
                .rposition(|b| *b == b'\n')
                .map_or(0, |at| at + 1);
            bytes.truncate(whole);
        }
        Ok((Self::begin(folder, name, &bytes)?, said))
    }

    /// Begins the file again with all that it has.
    pub fn append(folder: &Folder, name: &str) -> Result<Self, Failure> {
        let bytes = read(folder, name).map_err(|error| disk(&folder.path_of(name), &error))?;
        Self::begin(folder, name, &bytes)
    }

    fn begin(folder: &Folder, name: &str, bytes: &[u8]) -> Result<Self, Failure> {
        let path = folder.path_of(name);
        let file = folder
            .replace(name, |file| file.write_all(bytes))
            .map_err(|error| disk(&path, &error))?;
        let last = bytes.trim_ascii_end().rsplit(|b| *b == b'\n').next();
        let mut hasher = blake3::Hasher::new();
        hasher.update(bytes);
        Ok(Self {
            path,
            file,
            len: bytes.len() as u64,
            hasher,
            last: String::from_utf8_lossy(last.unwrap_or_default()).into_owned(),
        })
    }

    /// Adds a line.
    pub fn write(&mut self, value: &Value) -> Result<(), Failure> {
        let mut line = format!("{value}\n");
        self.file
            .write_all(line.as_bytes())
            .map_err(|error| disk(&self.path, &error))?;
        self.len += line.len() as u64;
        self.hasher.update(line.as_bytes());
        line.pop();
        self.last = line;
        Ok(())
    }

    /// What a checkpoint knows of it.
    pub fn written(&self) -> Written {
        Written {
            bytes: self.len,
            hash: self.hasher.finalize().to_hex().to_string(),
        }
    }

    /// Whether the last line is a monitor's reading at this step.
    pub fn has_reading(&self, step: u64) -> bool {
        serde_json::from_str::<Map<String, Value>>(&self.last).is_ok_and(|line| {
            line.get("step").and_then(Value::as_u64) == Some(step)
                && line
                    .keys()
                    .any(|key| key.starts_with("monitor.") || key.starts_with("valid."))
        })
    }

    /// Brings everything to the disk.
    pub fn sync(&self) -> Result<(), Failure> {
        self.file
            .sync_all()
            .map_err(|error| disk(&self.path, &error))
    }
}

/// What is there; nothing where there is no file, or one that is too large to be ours.
fn read(folder: &Folder, name: &str) -> io::Result<Vec<u8>> {
    match folder.read(name, LARGEST) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) if matches!(odd(&error), Some(crate::files::Odd::Large(_))) => Ok(Vec::new()),
        read => read,
    }
}

//! Metrics as lines of a file that a resumed run cuts where its checkpoint ends.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::failure::{Failure, disk};

/// A JSON-lines file whose length is part of a checkpoint.
pub(super) struct Lines {
    path: PathBuf,
    file: File,
    /// In bytes.
    pub len: u64,
}

impl Lines {
    /// Opens the file, cut to the length that a checkpoint knows.
    pub fn open(path: PathBuf, len: u64) -> std::io::Result<Self> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        file.set_len(len)?;
        file.seek(SeekFrom::Start(len))?;
        Ok(Self { path, file, len })
    }

    /// Adds a line.
    pub fn write(&mut self, value: &Value) -> Result<(), Failure> {
        let line = format!("{value}\n");
        self.file
            .write_all(line.as_bytes())
            .map_err(|error| disk(&self.path, &error))?;
        self.len += line.len() as u64;
        Ok(())
    }

    /// Whether the last line is a monitor's reading at this step.
    pub fn has_reading(&self, step: u64) -> bool {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let last = text.lines().last().unwrap_or_default();
        serde_json::from_str::<Map<String, Value>>(last).is_ok_and(|line| {
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

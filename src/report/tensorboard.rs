//! Event files that TensorBoard opens: what a run's directory says, as scalars and pictures.
//!
//! A file is a row of records: the length, the masked CRC of the length, an `Event` in protocol buffers, its masked CRC (TensorFlow's
//! `TFRecord`, `event.proto` and `summary.proto`). A stage has a folder of its own, which TensorBoard calls a run.

mod message;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;

use self::message::{picture, record, scalar, version};
use super::{ExhibitFile, ResultRow, exhibit_picture};
use crate::files::{Folder, Kind};

/// The folder in a run directory.
const FOLDER: &str = "tensorboard";
/// What event files of this program begin and end with.
const NAME: (&str, &str) = ("events.out.tfevents.", ".pretext");
/// Most bytes of a picture, of `results.json`, and of new lines that are read at once.
const LARGEST: u64 = 16 << 20;
/// Most stages.
const MOST_STAGES: usize = 256;

/// The event file of a stage.
struct Stream {
    file: File,
    /// Bytes of `metrics.jsonl` that are in it.
    read: u64,
    /// The last step.
    step: i64,
    /// Pictures and rows of results that are in it.
    shown: BTreeSet<String>,
}

/// Event files that grow with a run.
pub struct Events {
    root: Folder,
    folder: Folder,
    streams: BTreeMap<String, Stream>,
    clock: fn() -> f64,
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// Seconds as names of event files have them, so that the newest is the last.
fn is_own(name: &str) -> bool {
    let inner = name
        .strip_prefix(NAME.0)
        .and_then(|rest| rest.strip_suffix(NAME.1));
    inner.is_some_and(|digits| digits.len() == 10 && digits.bytes().all(|b| b.is_ascii_digit()))
}

impl Events {
    /// Begins the event files of a run directory, in place of those that an earlier sitting has left.
    ///
    /// # Errors
    /// They can't be written.
    pub fn begin(run_dir: &Path) -> io::Result<Self> {
        Self::with_clock(run_dir, now)
    }

    fn with_clock(run_dir: &Path, clock: fn() -> f64) -> io::Result<Self> {
        let root = Folder::open(run_dir)?;
        let folder = root.make(FOLDER)?;
        Ok(Self {
            root,
            folder,
            streams: BTreeMap::new(),
            clock,
        })
    }

    /// The event file of a stage, with the version at its head.
    fn stream(&self, stage: &str) -> io::Result<Stream> {
        let folder = self.folder.make(stage)?;
        // what is told again would stand there twice
        for (name, kind) in folder.names()? {
            if kind == Kind::File && is_own(&name) {
                folder.remove(&name)?;
            }
        }
        let name = format!("{}{:010}{}", NAME.0, (self.clock)() as u64, NAME.1);
        let mut file = folder.own_file(&name)?;
        file.set_len(0)?;
        file.write_all(&record(&version((self.clock)())))?;
        Ok(Stream {
            file,
            read: 0,
            step: 0,
            shown: BTreeSet::new(),
        })
    }

    /// Writes what the run has said since.
    ///
    /// # Errors
    /// An event file can't be written. What can't be read of the run is left out.
    pub fn update(&mut self) -> io::Result<()> {
        let Ok(stages) = self.root.folder("stages") else {
            return Ok(());
        };
        let names = stages.names().unwrap_or_default().into_iter();
        // what other settings left is no stage of this run
        let names = names.filter(|(name, kind)| *kind == Kind::Folder && !name.contains('~'));
        let rows = self.root.read("results.json", LARGEST).ok();
        let rows = rows.and_then(|bytes| serde_json::from_slice::<Vec<ResultRow>>(&bytes).ok());
        let rows = rows.unwrap_or_default();
        for (name, _) in names.take(MOST_STAGES) {
            let Ok(stage) = stages.folder(&name) else {
                continue;
            };
            let mut said = Vec::new();
            let mut stream = match self.streams.remove(&name) {
                Some(stream) => stream,
                None if has_something(&stage, &name, &rows) => self.stream(&name)?,
                None => continue,
            };
            let length = stage.file("metrics.jsonl").and_then(|file| file.metadata());
            let length = length.map_or(0, |about| about.len());
            if length < stream.read {
                // it went on from a checkpoint: what came after that is not so any more
                stream = self.stream(&name)?;
            }
            self.lines(&stage, &mut stream, &mut said);
            self.pictures(&stage, &name, &mut stream, &mut said);
            self.rows(&name, &rows, &mut stream, &mut said);
            if !said.is_empty() {
                stream.file.write_all(&said)?;
                stream.file.flush()?;
            }
            self.streams.insert(name, stream);
        }
        Ok(())
    }

    /// Lines of metrics that are whole.
    fn lines(&self, stage: &Folder, stream: &mut Stream, said: &mut Vec<u8>) {
        let Ok(mut file) = stage.file("metrics.jsonl") else {
            return;
        };
        let mut bytes = Vec::new();
        let read = file
            .seek(SeekFrom::Start(stream.read))
            .and_then(|_| file.take(LARGEST).read_to_end(&mut bytes));
        let end = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        if read.is_err() || end == 0 {
            return;
        }
        stream.read += end as u64;
        for line in bytes[..end].split(|byte| *byte == b'\n') {
            let Ok(Value::Object(line)) = serde_json::from_slice(line) else {
                continue;
            };
            let Some(step) = line.get("step").and_then(Value::as_i64) else {
                continue;
            };
            stream.step = stream.step.max(step);
            for (name, value) in &line {
                let value = match value {
                    Value::Number(number) if name != "step" => number.as_f64(),
                    Value::Null => Some(f64::NAN),
                    _ => None,
                };
                if let Some(value) = value {
                    let tag = name.replace('.', "/");
                    said.extend(record(&scalar((self.clock)(), step, &tag, value as f32)));
                }
            }
        }
    }

    /// What a stage shows, and of the first the sheet of what it was shown.
    fn pictures(&self, stage: &Folder, name: &str, stream: &mut Stream, said: &mut Vec<u8>) {
        let exhibits = stage.read("exhibits.json", LARGEST).ok();
        let exhibits = exhibits.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let exhibits: Vec<ExhibitFile> = exhibits.unwrap_or_default();
        let results = self.root.folder("results");
        for exhibit in exhibits.iter().filter(|exhibit| exhibit.lines.is_empty()) {
            if let Ok(results) = &results
                && !stream.shown.contains(&exhibit.name)
                && let Ok(png) = results.read(&exhibit_picture(name, &exhibit.name), LARGEST)
            {
                self.show(&exhibit.name, &png, stream, said);
            }
        }
        let metrics = matches!(stage.kind("metrics.jsonl"), Ok(Some(_)));
        if metrics
            && !self
                .streams
                .values()
                .any(|other| other.shown.contains("views"))
            && !stream.shown.contains("views")
            && let Ok(png) = self.root.read("preview.png", LARGEST)
        {
            self.show("views", &png, stream, said);
        }
    }

    fn show(&self, name: &str, png: &[u8], stream: &mut Stream, said: &mut Vec<u8>) {
        if let Some(event) = picture((self.clock)(), stream.step, name, png) {
            said.extend(record(&event));
            stream.shown.insert(name.to_owned());
        }
    }

    /// What a stage has measured, beside its baselines.
    fn rows(&self, name: &str, rows: &[ResultRow], stream: &mut Stream, said: &mut Vec<u8>) {
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.stage == name) {
            if !stream.shown.insert(format!("row {at}")) {
                continue;
            }
            let values = [
                ("trained", Some(row.value)),
                ("untrained", row.untrained),
                ("raw", row.raw),
                ("supervised", row.supervised),
                ("beside", row.beside),
            ];
            for (of, value) in values {
                let Some(value) = value else { continue };
                let tag = format!("result/{}/{of}", row.metric);
                let event = scalar((self.clock)(), stream.step, &tag, value as f32);
                said.extend(record(&event));
            }
        }
    }
}

fn has_something(stage: &Folder, name: &str, rows: &[ResultRow]) -> bool {
    let is = |file: &str| matches!(stage.kind(file), Ok(Some(Kind::File)));
    is("metrics.jsonl") || is("exhibits.json") || rows.iter().any(|row| row.stage == name)
}

#[cfg(test)]
mod tests;

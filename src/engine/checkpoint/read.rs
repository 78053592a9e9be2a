//! Reads a checkpoint: see the bytes in `format`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::format::{
    Entry, HASH, Hashing, Header, Kind, LONGEST_HEADER, MAGIC, MOST_DIMENSIONS, PREFIX, VERSION,
};
use super::{Binding, Checkpoint};
use crate::engine::error::{EngineError, Result};
use crate::engine::host::HostTensor;
use crate::engine::optimizer::Moments;
use crate::engine::trainer::TrainerState;
use crate::files::Folder;

/// Reads a checkpoint that a person named, whatever it belongs to, and verifies its hash.
///
/// # Errors
/// The file is missing, cut short, changed, or of another version.
pub fn read(path: &Path) -> Result<Checkpoint> {
    let failed = |source| EngineError::File {
        doing: "read",
        path: path.to_owned(),
        source,
    };
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| failed(crate::files::Odd::Name.into()))?;
    let folder = Folder::open(path.parent().unwrap_or(Path::new(""))).map_err(failed)?;
    Opened::new(&folder, name)?.read()
}

/// A checkpoint of which the header is read: what it claims, before it is believed and its tensors take memory.
pub(crate) struct Opened {
    path: PathBuf,
    header: Header,
    input: Hashing<BufReader<File>>,
}

impl Opened {
    /// Reads a header.
    ///
    /// # Errors
    /// The file is missing, cut short, changed, or of another version.
    pub(crate) fn new(folder: &Folder, name: &str) -> Result<Self> {
        let path = folder.path_of(name);
        let failed = |source: std::io::Error| match crate::files::odd(&source) {
            Some(odd) => EngineError::Checkpoint {
                path: folder.path_of(name),
                reason: odd.to_string(),
            },
            None if source.kind() == std::io::ErrorKind::NotFound => EngineError::Checkpoint {
                path: folder.path_of(name),
                reason: "it is not there".into(),
            },
            None => EngineError::File {
                doing: "read",
                path: folder.path_of(name),
                source,
            },
        };
        let bad = |reason: String| EngineError::Checkpoint {
            path: folder.path_of(name),
            reason,
        };
        let file = folder.file(name).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut input = Hashing {
            inner: BufReader::with_capacity(1 << 20, file),
            hasher: blake3::Hasher::new(),
        };
        let mut prefix = [0; PREFIX as usize];
        if size < PREFIX + HASH {
            return Err(bad(format!("it has only {size} bytes")));
        }
        input.read_exact(&mut prefix).map_err(failed)?;
        let (magic, rest) = prefix.split_at(8);
        let (version, length) = rest.split_at(4);
        if magic != MAGIC {
            return Err(bad("it is not a checkpoint".into()));
        }
        let version = u32::from_le_bytes(version.try_into().unwrap_or_default());
        if version != VERSION {
            return Err(EngineError::CheckpointVersion {
                path,
                version,
                reads: VERSION,
            });
        }
        let length = u64::from_le_bytes(length.try_into().unwrap_or_default());
        let room = size - PREFIX - HASH;
        if length > room.min(LONGEST_HEADER) {
            return Err(bad("it is cut short".into()));
        }
        let mut header = vec![0; length as usize];
        input.read_exact(&mut header).map_err(failed)?;
        // the reason may quote what the file says, which is not for a terminal
        let header: Header = serde_json::from_slice(&header).map_err(|error| {
            bad(format!(
                "its header is damaged at character {}",
                error.column()
            ))
        })?;
        let flat = |entry: &Entry| entry.shape.len() <= MOST_DIMENSIONS;
        let bytes = header
            .tensors
            .iter()
            .map(|entry| {
                entry
                    .shape
                    .iter()
                    .try_fold(entry.kind.bytes(), |n, s| n.checked_mul(*s as u64))
            })
            .try_fold(0u64, |sum, n| sum.checked_add(n?));
        if bytes != Some(room - length) || !header.tensors.iter().all(flat) {
            return Err(bad("its length is not what its list of tensors says".into()));
        }
        let names: BTreeSet<_> = header.tensors.iter().map(|e| (e.kind, &e.name)).collect();
        if names.len() != header.tensors.len() {
            return Err(bad("it names a tensor twice".into()));
        }
        Ok(Self {
            path,
            header,
            input,
        })
    }

    /// What it says that it belongs to.
    pub(crate) fn binding(&self) -> &Binding {
        &self.header.binding
    }

    /// Optimiser steps done.
    pub(crate) fn step(&self) -> u64 {
        self.header.step
    }

    /// The tensors it holds.
    pub(crate) fn tensors(&self) -> &[Entry] {
        &self.header.tensors
    }

    /// The parameters that were updated, those of a named optimiser after its name and `:`.
    pub(crate) fn updated(&self) -> impl Iterator<Item = &String> {
        self.header.updates.keys()
    }

    /// An error about it.
    pub(crate) fn bad(&self, reason: impl Into<String>) -> EngineError {
        EngineError::Checkpoint {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    /// Refuses what belongs to something else. What its stage was called when it was written does not matter.
    pub(crate) fn expect(self, binding: &Binding) -> Result<Self> {
        let own = self.binding();
        if (&own.hash, &own.part) == (&binding.hash, &binding.part) {
            return Ok(self);
        }
        // names in a file are not for a terminal: only what is known here is told
        Err(self.bad(
            match (own.hash == binding.hash, own.stage == binding.stage) {
                (false, false) => format!("it belongs to another stage than `{}`", binding.stage),
                (false, true) => format!("it belongs to other settings of `{}`", binding.stage),
                (true, _) => format!("it belongs to another training of `{}`", binding.stage),
            },
        ))
    }

    /// Reads the tensors and verifies the hash of the file.
    ///
    /// # Errors
    /// It can't be read, or was changed.
    pub(crate) fn read(self) -> Result<Checkpoint> {
        let Self {
            path,
            header,
            mut input,
        } = self;
        let failed = |source| EngineError::File {
            doing: "read",
            path: path.clone(),
            source,
        };
        let mut state = TrainerState {
            step: header.step,
            ..TrainerState::default()
        };
        for (name, steps) in header.updates {
            state.moments.insert(
                name,
                Moments {
                    steps,
                    ..Moments::default()
                },
            );
        }
        for entry in header.tensors {
            let elements = entry.shape.iter().product();
            if entry.kind == Kind::WholeState {
                let data = whole(&mut input, elements).map_err(failed)?;
                let tensor = HostTensor::int(data, &entry.shape);
                state.states.insert(entry.name, tensor);
                continue;
            }
            let data = floats(&mut input, elements).map_err(failed)?;
            let tensor = |data| HostTensor::f32(data, &entry.shape);
            match entry.kind {
                Kind::Parameter => drop(state.parameters.insert(entry.name, tensor(data))),
                Kind::Buffer => drop(state.buffers.insert(entry.name, tensor(data))),
                Kind::Average => drop(state.average.insert(entry.name, tensor(data))),
                Kind::State | Kind::WholeState => {
                    drop(state.states.insert(entry.name, tensor(data)));
                }
                Kind::FirstMoment => {
                    state.moments.entry(entry.name).or_default().first = Some(data);
                }
                Kind::SecondMoment => {
                    state.moments.entry(entry.name).or_default().second = Some(data);
                }
            }
        }
        let expected = input.hasher.finalize();
        let mut hash = [0; HASH as usize];
        input.inner.read_exact(&mut hash).map_err(failed)?;
        if hash != *expected.as_bytes() {
            return Err(EngineError::Checkpoint {
                path,
                reason: "its content does not match its hash".into(),
            });
        }
        Ok(Checkpoint {
            binding: header.binding,
            state,
            cursor: header.cursor,
            metrics: header.metrics,
            notes: header.notes,
        })
    }
}

fn whole(input: &mut impl Read, n: usize) -> std::io::Result<Vec<i64>> {
    let mut data = Vec::with_capacity(n);
    let mut bytes = [0; 8];
    for _ in 0..n {
        input.read_exact(&mut bytes)?;
        data.push(i64::from_le_bytes(bytes));
    }
    Ok(data)
}

fn floats(input: &mut impl Read, n: usize) -> std::io::Result<Vec<f32>> {
    let mut data = Vec::with_capacity(n);
    let mut bytes = vec![0; n.min(1 << 16) * 4];
    while data.len() < n {
        let piece = (n - data.len()).min(1 << 16) * 4;
        input.read_exact(&mut bytes[..piece])?;
        data.extend(
            bytes[..piece]
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
        );
    }
    Ok(data)
}

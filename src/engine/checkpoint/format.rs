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
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Checkpoint, Cursor};
use crate::engine::error::{EngineError, Result};
use crate::engine::host::HostTensor;
use crate::engine::optimizer::Moments;
use crate::engine::trainer::TrainerState;

const MAGIC: &[u8; 8] = b"PRETEXT\n";
const VERSION: u32 = 1;

/// Bytes of magic, version and length.
const PREFIX: u64 = 20;

/// Bytes of the hash.
const HASH: u64 = 32;

#[derive(Serialize, Deserialize)]
struct Header {
    step: u64,
    cursor: Cursor,
    metrics_bytes: u64,
    notes: BTreeMap<String, serde_json::Value>,
    /// Updates by parameter.
    updates: BTreeMap<String, u64>,
    tensors: Vec<Entry>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
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
    fn bytes(self) -> u64 {
        match self {
            Kind::WholeState => 8,
            _ => 4,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Entry {
    kind: Kind,
    name: String,
    shape: Vec<usize>,
}

/// Writes a checkpoint to `path` as it is; [`super::save`] does it so that a crash does no harm.
///
/// # Errors
/// The disk is full, or the folder can't be written.
pub fn write(path: &Path, checkpoint: &Checkpoint) -> Result<()> {
    let failed = |source| EngineError::File {
        doing: "write",
        path: path.to_owned(),
        source,
    };
    let file = File::create(path).map_err(failed)?;
    write_to(&file, checkpoint).map_err(failed)?;
    file.sync_all().map_err(failed)
}

fn write_to(file: &File, checkpoint: &Checkpoint) -> std::io::Result<()> {
    let (entries, data) = tensors(&checkpoint.state);
    let header = Header {
        step: checkpoint.state.step,
        cursor: checkpoint.cursor,
        metrics_bytes: checkpoint.metrics_bytes,
        notes: checkpoint.notes.clone(),
        updates: checkpoint
            .state
            .moments
            .iter()
            .map(|(name, moments)| (name.clone(), moments.steps))
            .collect(),
        tensors: entries,
    };
    let header = serde_json::to_vec(&header)?;
    let mut out = Hashing {
        inner: BufWriter::with_capacity(1 << 20, file),
        hasher: blake3::Hasher::new(),
    };
    out.write_all(MAGIC)?;
    out.write_all(&VERSION.to_le_bytes())?;
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    let mut bytes = Vec::with_capacity(1 << 18);
    for tensor in data {
        match tensor {
            Elements::F32(tensor) => {
                for piece in tensor.chunks(1 << 16) {
                    bytes.clear();
                    bytes.extend(piece.iter().flat_map(|x| x.to_le_bytes()));
                    out.write_all(&bytes)?;
                }
            }
            Elements::Int(tensor) => {
                for piece in tensor.chunks(1 << 15) {
                    bytes.clear();
                    bytes.extend(piece.iter().flat_map(|x| x.to_le_bytes()));
                    out.write_all(&bytes)?;
                }
            }
        }
    }
    let hash = out.hasher.finalize();
    out.inner.write_all(hash.as_bytes())?;
    out.inner.flush()
}

/// The elements of a tensor.
enum Elements<'a> {
    F32(&'a [f32]),
    Int(&'a [i64]),
}

/// What the file lists, in name order, with the elements.
fn tensors(state: &TrainerState) -> (Vec<Entry>, Vec<Elements<'_>>) {
    let mut entries = Vec::new();
    let mut data = Vec::new();
    let mut add = |kind, name: &str, shape: &[usize], elements| {
        entries.push(Entry {
            kind,
            name: name.to_owned(),
            shape: shape.to_vec(),
        });
        data.push(elements);
    };
    for (kind, tensors) in [
        (Kind::Parameter, &state.parameters),
        (Kind::Buffer, &state.buffers),
        (Kind::Average, &state.average),
        (Kind::State, &state.states),
    ] {
        for (name, tensor) in tensors {
            match tensor {
                HostTensor::F32 { data, shape } => add(kind, name, shape, Elements::F32(data)),
                HostTensor::Int { data, shape } => {
                    add(Kind::WholeState, name, shape, Elements::Int(data));
                }
            }
        }
    }
    for (name, moments) in &state.moments {
        for (kind, elements) in [
            (Kind::FirstMoment, &moments.first),
            (Kind::SecondMoment, &moments.second),
        ] {
            if let Some(elements) = elements {
                add(kind, name, &[elements.len()], Elements::F32(elements));
            }
        }
    }
    (entries, data)
}

/// Reads a checkpoint and verifies its hash.
///
/// # Errors
/// The file is missing, cut short, changed, or of another version.
pub fn read(path: &Path) -> Result<Checkpoint> {
    let failed = |source| EngineError::File {
        doing: "read",
        path: path.to_owned(),
        source,
    };
    let bad = |reason: String| EngineError::Checkpoint {
        path: path.to_owned(),
        reason,
    };
    let file = File::open(path).map_err(failed)?;
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
        return Err(bad(format!(
            "it has version {version}, this build reads {VERSION}"
        )));
    }
    let length = u64::from_le_bytes(length.try_into().unwrap_or_default());
    let room = size - PREFIX - HASH;
    if length > room {
        return Err(bad("it is cut short".into()));
    }
    let mut header = vec![0; length as usize];
    input.read_exact(&mut header).map_err(failed)?;
    let header: Header = serde_json::from_slice(&header)
        .map_err(|error| bad(format!("its header is damaged: {error}")))?;
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
    if bytes != Some(room - length) {
        return Err(bad("it is cut short".into()));
    }
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
        match entry.kind {
            Kind::Parameter => {
                let tensor = HostTensor::f32(data, &entry.shape);
                state.parameters.insert(entry.name, tensor);
            }
            Kind::Buffer => {
                let tensor = HostTensor::f32(data, &entry.shape);
                state.buffers.insert(entry.name, tensor);
            }
            Kind::State | Kind::WholeState => {
                let tensor = HostTensor::f32(data, &entry.shape);
                state.states.insert(entry.name, tensor);
            }
            Kind::Average => {
                let tensor = HostTensor::f32(data, &entry.shape);
                state.average.insert(entry.name, tensor);
            }
            Kind::FirstMoment => state.moments.entry(entry.name).or_default().first = Some(data),
            Kind::SecondMoment => state.moments.entry(entry.name).or_default().second = Some(data),
        }
    }
    let expected = input.hasher.finalize();
    let mut hash = [0; HASH as usize];
    input.inner.read_exact(&mut hash).map_err(failed)?;
    if hash != *expected.as_bytes() {
        return Err(bad("its content does not match its hash".into()));
    }
    Ok(Checkpoint {
        state,
        cursor: header.cursor,
        metrics_bytes: header.metrics_bytes,
        notes: header.notes,
    })
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

/// A reader or writer that hashes what passes.
struct Hashing<T> {
    inner: T,
    hasher: blake3::Hasher,
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

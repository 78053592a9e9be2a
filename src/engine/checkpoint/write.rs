//! Writes a checkpoint: see the bytes in `format`.

use std::fs::File;
use std::io::{BufWriter, Write};

use super::Checkpoint;
use super::format::{Entry, Hashing, Header, Kind, MAGIC, VERSION};
use crate::engine::error::{EngineError, Result};
use crate::engine::host::HostTensor;
use crate::engine::trainer::TrainerState;
use crate::files::Folder;

/// Writes a checkpoint whole or not at all.
///
/// # Errors
/// The disk is full, or the folder can't be written; what was there is untouched.
pub fn write(folder: &Folder, name: &str, checkpoint: &Checkpoint) -> Result<()> {
    folder
        .replace(name, |file| write_to(file, checkpoint))
        .map(drop)
        .map_err(|source| EngineError::File {
            doing: "write",
            path: folder.path_of(name),
            source,
        })
}

fn write_to(file: &File, checkpoint: &Checkpoint) -> std::io::Result<()> {
    let (entries, data) = tensors(&checkpoint.state);
    let header = Header {
        binding: checkpoint.binding.clone(),
        step: checkpoint.state.step,
        cursor: checkpoint.cursor,
        metrics: checkpoint.metrics.clone(),
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

//! A trained model on disk: a checkpoint without the optimiser.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::engine::checkpoint::{self, Binding, Checkpoint, Opened, fits_model};
use crate::engine::{EngineError, HostTensor, Model, TrainerState};
use crate::evaluation::Table;
use crate::files::Folder;
use crate::graph::{Graph, TorchTensor};
use crate::language::codes::Code;
use crate::plan::{export, export_file, word_file};

/// Writes a model, whole or not at all.
pub(super) fn save(
    folder: &Folder,
    name: &str,
    binding: &Binding,
    model: &Model,
    step: u64,
) -> Result<(), Failure> {
    let state = TrainerState {
        step,
        parameters: model.parameter_values()?,
        buffers: model.buffer_values()?,
        ..TrainerState::default()
    };
    let checkpoint = Checkpoint {
        binding: binding.clone(),
        state,
        ..Checkpoint::default()
    };
    Ok(checkpoint::write(folder, name, &checkpoint)?)
}

/// Reads `model` from a file written by [`save`], which has its parameters and buffers and no others. Returns the steps that the
/// file was trained for.
pub(super) fn load(
    folder: &Folder,
    name: &str,
    binding: &Binding,
    model: &mut Model,
) -> Result<u64, EngineError> {
    let owned = |(name, shape): (&str, Vec<usize>)| (name.to_owned(), shape);
    let parameters = model.parameters().map(owned).collect();
    let buffers = model.buffers().map(owned).collect();
    let state = read(folder, name, binding, &parameters, &buffers)?;
    for (name, tensor) in state.parameters.iter().chain(&state.buffers) {
        model.set(name, tensor)?;
    }
    Ok(state.step)
}

/// Reads tensors of a model from a file written by [`save`] after training `trained`, each from what `source` says that it is called
/// there. Those of which it says nothing, or that this training does not have, stay. Returns the steps that the file was trained for.
pub(super) fn load_by(
    folder: &Folder,
    name: &str,
    binding: &Binding,
    model: &mut Model,
    trained: &Graph,
    source: &dyn Fn(&str) -> Option<String>,
) -> Result<u64, EngineError> {
    let state = read_of(folder, name, binding, trained)?;
    let names: Vec<String> = model
        .parameters()
        .chain(model.buffers())
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in names {
        let Some(own) = source(&name) else {
            continue;
        };
        let tensor = state.parameters.get(&own);
        if let Some(tensor) = tensor.or_else(|| state.buffers.get(&own)) {
            model.set(&name, tensor)?;
        }
    }
    Ok(state.step)
}

/// Everything in a file written by [`save`] after training `trained`.
fn read_of(
    folder: &Folder,
    name: &str,
    binding: &Binding,
    trained: &Graph,
) -> Result<TrainerState, EngineError> {
    let parameters = trained.parameters.iter();
    let parameters = parameters.map(|p| (p.name.clone(), p.shape.clone()));
    let buffers = trained.buffers.iter();
    let buffers = buffers.map(|b| (b.name.clone(), b.shape.clone()));
    read(
        folder,
        name,
        binding,
        &parameters.collect(),
        &buffers.collect(),
    )
}

fn read(
    folder: &Folder,
    name: &str,
    binding: &Binding,
    parameters: &BTreeMap<String, Vec<usize>>,
    buffers: &BTreeMap<String, Vec<usize>>,
) -> Result<TrainerState, EngineError> {
    let opened = Opened::new(folder, name)?.expect(binding)?;
    fits_model(&opened, parameters, buffers)?;
    Ok(opened.read()?.state)
}

/// Where an export goes.
pub(super) fn target(root: &Path, path: &str) -> Result<PathBuf, Failure> {
    export_file::target(root, path).map_err(|error| {
        let message = match error.kind() {
            std::io::ErrorKind::InvalidInput => error.to_string(),
            _ => format!("can't write {}: {error}", root.join(path).display()),
        };
        Failure::new(Code::Disk, message)
            .note("An export replaces nothing but an older export, and follows no link.")
            .help("move or remove it, or write the export to another file")
    })
}

/// Writes words with their vectors; how many words the format can't hold.
pub(super) fn export_words(path: &Path, table: &Table, binary: bool) -> Result<usize, Failure> {
    let (bytes, left_out) = word_file(&table.rows, table.dim, &table.words, binary);
    export_file::put(path, &bytes).map_err(|error| {
        let message = format!("can't write {}: {error}", path.display());
        Failure::new(Code::Disk, message).help("choose another path, or make room")
    })?;
    Ok(left_out)
}

/// Reads tensors by name from a file written by [`save`] after training `trained`.
pub(super) fn load_named(
    folder: &Folder,
    name: &str,
    binding: &Binding,
    trained: &Graph,
    names: &[String],
) -> Result<BTreeMap<String, Vec<f32>>, EngineError> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut state = read_of(folder, name, binding, trained)?;
    let named = names
        .iter()
        .filter_map(|name| match state.parameters.remove(name)? {
            HostTensor::F32 { data, .. } => Some((name.clone(), data)),
            HostTensor::Int { .. } => None,
        });
    Ok(named.collect())
}

/// What an export holds: tensors under the names that others expect, of a model and of what else was trained with it.
pub(super) struct Holding<'m> {
    /// Their names and shapes.
    pub tensors: Vec<TorchTensor>,
    /// Where their numbers are.
    pub model: &'m Model,
    /// Where the numbers of others are, by name.
    pub beside: &'m BTreeMap<String, Vec<f32>>,
    /// Batches that the batch norms have seen.
    pub batches: u64,
}

/// Writes an export as safetensors.
pub(super) fn export(
    path: &Path,
    holding: Holding<'_>,
    about: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let Holding {
        tensors,
        model,
        beside,
        batches,
    } = holding;
    let value = |name: &str| match beside.get(name) {
        Some(numbers) => Some(numbers.clone()),
        None => match model.get(name).ok()? {
            HostTensor::F32 { data, .. } => Some(data),
            HostTensor::Int { .. } => None,
        },
    };
    export::filled(tensors, value, batches)
        .and_then(|tensors| export::write_safetensors(path, &tensors, about))
        .map_err(|error| {
            Failure::new(Code::Disk, error.to_string()).help("choose another path, or make room")
        })
}

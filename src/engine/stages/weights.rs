//! A trained model on disk: a checkpoint without the optimiser.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::engine::checkpoint::{self, Binding, Checkpoint, Opened, fits_model};
use crate::engine::{EngineError, HostTensor, Model, TrainerState};
use crate::evaluation::Table;
use crate::files::Folder;
use crate::graph::{Graph, within};
use crate::language::codes::Code;
use crate::plan::{ENCODER, export, export_file, word_file};

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

/// Reads the encoder of an evaluation graph from the tensors of `module` in a file written by [`save`] after training `trained`.
/// Those that this training does not have stay. Returns the steps that the file was trained for.
pub(super) fn load_part(
    folder: &Folder,
    name: &str,
    binding: &Binding,
    model: &mut Model,
    (trained, module): (&Graph, &str),
) -> Result<u64, EngineError> {
    let parameters = trained.parameters.iter();
    let parameters = parameters.map(|p| (p.name.clone(), p.shape.clone()));
    let buffers = trained.buffers.iter();
    let buffers = buffers.map(|b| (b.name.clone(), b.shape.clone()));
    let state = read(
        folder,
        name,
        binding,
        &parameters.collect(),
        &buffers.collect(),
    )?;
    let names: Vec<String> = model
        .parameters()
        .chain(model.buffers())
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in names {
        let Some(rest) = within(&name, ENCODER) else {
            continue;
        };
        let own = format!("{module}{rest}");
        let tensor = state.parameters.get(&own);
        if let Some(tensor) = tensor.or_else(|| state.buffers.get(&own)) {
            model.set(&name, tensor)?;
        }
    }
    Ok(state.step)
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

/// Writes the encoder as safetensors under the names that torchvision and timm expect.
pub(super) fn export(
    path: &Path,
    graph: &Graph,
    model: &Model,
    batches: u64,
    about: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let value = |name: &str| match model.get(name).ok()? {
        HostTensor::F32 { data, .. } => Some(data),
        HostTensor::Int { .. } => None,
    };
    export::torch_tensors(graph, ENCODER, value, batches)
        .and_then(|tensors| export::write_safetensors(path, &tensors, about))
        .map_err(|error| {
            Failure::new(Code::Disk, error.to_string()).help("choose another path, or make room")
        })
}

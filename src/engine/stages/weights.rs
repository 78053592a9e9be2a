//! A trained model on disk: a checkpoint without the optimiser.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::failure::{Failure, disk};
use crate::engine::checkpoint::{self, Checkpoint};
use crate::engine::{HostTensor, Model, TrainerState};
use crate::graph::{Graph, within};
use crate::language::codes::Code;
use crate::plan::{ENCODER, export};

/// Writes a model, whole or not at all.
pub(super) fn save(path: &Path, model: &Model, step: u64) -> Result<(), Failure> {
    let state = TrainerState {
        step,
        parameters: model.parameter_values()?,
        buffers: model.buffer_values()?,
        ..TrainerState::default()
    };
    let part = path.with_extension("part");
    checkpoint::write(
        &part,
        &Checkpoint {
            state,
            ..Checkpoint::default()
        },
    )?;
    fs::rename(&part, path).map_err(|error| disk(path, &error))
}

/// Reads the tensors that `model` has from a file written by [`save`]; those that the file lacks stay. Returns the steps
/// that the file was trained for.
pub(super) fn load(path: &Path, model: &mut Model) -> Result<u64, Failure> {
    load_named(path, model, |name| Some(name.to_owned()))
}

/// Reads the encoder of an evaluation graph from the tensors of `module` in a file written by [`save`]; those that the file lacks
/// stay. Returns the steps that the file was trained for.
pub(super) fn load_part(path: &Path, model: &mut Model, module: &str) -> Result<u64, Failure> {
    load_named(path, model, |name| {
        let rest = within(name, ENCODER)?;
        Some(format!("{module}{rest}"))
    })
}

/// The same where `from` says what a tensor of the model is called in the file.
fn load_named(
    path: &Path,
    model: &mut Model,
    from: impl Fn(&str) -> Option<String>,
) -> Result<u64, Failure> {
    let state = checkpoint::read(path)?.state;
    let names: Vec<String> = model
        .parameters()
        .chain(model.buffers())
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in names {
        let tensor = from(&name).and_then(|own| {
            let parameter = state.parameters.get(&own);
            parameter.or_else(|| state.buffers.get(&own))
        });
        if let Some(tensor) = tensor {
            model.set(&name, tensor)?;
        }
    }
    Ok(state.step)
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

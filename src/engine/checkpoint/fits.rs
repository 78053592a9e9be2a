//! Whether a checkpoint's list of tensors is the one that is wanted: none too few, none too many, each of its sizes.

use std::collections::BTreeMap;

use super::{Entry, Kind, Opened};
use crate::engine::error::Result;
use crate::engine::model::Model;
use crate::engine::value::Value;

/// Sizes of tensors by name.
type Sizes = BTreeMap<String, Vec<usize>>;

/// Sizes of a model's parameters and buffers.
fn sizes(model: &Model) -> [Sizes; 2] {
    let owned = |(name, shape): (&str, Vec<usize>)| (name.to_owned(), shape);
    [
        model.parameters().map(owned).collect(),
        model.buffers().map(owned).collect(),
    ]
}

/// Refuses what is not a trained model with exactly these parameters and buffers.
pub(crate) fn fits_model(opened: &Opened, parameters: &Sizes, buffers: &Sizes) -> Result<()> {
    if let Some(other) = opened
        .tensors()
        .iter()
        .find(|entry| !matches!(entry.kind, Kind::Parameter | Kind::Buffer))
    {
        return Err(opened.bad(format!("it holds a {:?} of training", other.kind)));
    }
    same(opened, Kind::Parameter, parameters)?;
    same(opened, Kind::Buffer, buffers)
}

/// Refuses what training of `model` can't go on from. `average`: whether a moving average is kept.
pub(crate) fn fits_training(opened: &Opened, model: &Model, average: bool) -> Result<()> {
    let [parameters, buffers] = sizes(model);
    same(opened, Kind::Parameter, &parameters)?;
    same(opened, Kind::Buffer, &buffers)?;
    let mut averages = Sizes::new();
    if average {
        averages = parameters.clone();
        averages.extend(buffers);
    }
    same(opened, Kind::Average, &averages)?;
    let states = |float: bool| -> Sizes {
        let of = |(name, value): (&str, &Value)| {
            (value.is_float() == float).then(|| (name.to_owned(), value.shape()))
        };
        model.states().filter_map(of).collect()
    };
    same(opened, Kind::State, &states(true))?;
    same(opened, Kind::WholeState, &states(false))?;
    // which parameters have been updated, and by which optimiser, follows from the steps: each must be one of the model's
    for entry in opened.tensors() {
        if matches!(entry.kind, Kind::FirstMoment | Kind::SecondMoment) {
            let name = entry.name.split_once(':').map_or(&*entry.name, |(_, n)| n);
            let elements = parameters.get(name).map(|shape| shape.iter().product());
            if entry.shape.len() != 1 || Some(entry.shape[0]) != elements {
                return Err(opened.bad(UNKNOWN_UPDATES));
            }
        }
    }
    let known = |name: &String| {
        let name = name.split_once(':').map_or(&**name, |(_, n)| n);
        parameters.contains_key(name)
    };
    match opened.updated().all(known) {
        true => Ok(()),
        false => Err(opened.bad(UNKNOWN_UPDATES)),
    }
}

const UNKNOWN_UPDATES: &str = "it remembers updates of a tensor that the stage does not have";

/// Refuses another list of tensors of one kind. Only names that the stage has are told: those in a file may be anybody's.
fn same(opened: &Opened, kind: Kind, wanted: &Sizes) -> Result<()> {
    let mut found = 0;
    for entry in opened.tensors().iter().filter(|entry| entry.kind == kind) {
        let Entry { name, shape, .. } = entry;
        match wanted.get(name) {
            Some(sizes) if sizes == shape => found += 1,
            Some(sizes) => {
                let reason =
                    format!("tensor `{name}` has sizes {shape:?}, the stage has {sizes:?}");
                return Err(opened.bad(reason));
            }
            None => {
                return Err(opened.bad("it has a tensor that the stage does not have"));
            }
        }
    }
    if found == wanted.len() {
        return Ok(());
    }
    let has = |name: &String| {
        let mut own = opened.tensors().iter().filter(|entry| entry.kind == kind);
        own.any(|entry| entry.name == *name)
    };
    let missing = wanted.keys().find(|name| !has(name));
    let missing = missing.map(String::as_str).unwrap_or_default();
    Err(opened.bad(format!("tensor `{missing}` is missing")))
}

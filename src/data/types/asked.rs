//! What is asked of every type.

use std::fmt;

use super::{Fields, Normalization, Sample, SampleType};
use crate::catalog::{Artifact, Problem, Result};
use crate::data::lab::LabPart;
use crate::graph::{DType, Graph, Var};
use crate::language::codes::Code;

/// The questions, as [`SampleType`] passes them on; how it is shown is its `Display`.
pub(super) trait Asked: fmt::Display {
    fn word(&self) -> String;

    fn noun(&self) -> &'static str;

    fn sizes(&self) -> Vec<(&'static str, Option<usize>)> {
        Vec::new()
    }

    fn fits(&self, wanted: &SampleType) -> bool;

    /// `None`: this one.
    fn wider(&self, _other: &SampleType) -> Option<SampleType> {
        None
    }

    fn parts(&self) -> Option<(&SampleType, Option<usize>)> {
        None
    }

    /// `None`: it is no row of pictures.
    fn frame(&self) -> Option<(SampleType, Option<usize>)> {
        None
    }

    fn holds(&self, value: &Sample) -> bool;

    /// What its numbers are, where not any will do.
    fn numbers(&self) -> Option<&'static str> {
        None
    }

    fn tensors(&self) -> Result<Vec<Tensor>, Loose>;

    /// Whether values of this type can be made of values of type `found`, beside those of its own kind.
    fn made_of(&self, _found: &SampleType) -> bool {
        false
    }

    /// From which minor of the plugin ABI on it has a kind for its values; `None`: never.
    fn crosses(&self) -> Option<u32> {
        Some(0)
    }

    /// `None`: this one.
    fn back(&self, _given: &SampleType) -> Result<Option<SampleType>, String> {
        Ok(None)
    }

    /// `None`: pixels.
    fn raw_is(&self) -> Option<&'static str> {
        None
    }

    /// As they are, in a row.
    fn raw(&self, g: &mut Graph, x: Var) -> Result<Var> {
        g.flatten(x)
    }

    /// As it is, where nothing else is said.
    fn view(&self, _prepared: &Prepared, _found: &SampleType, _data: &str) -> Result<View> {
        Ok(View::default())
    }

    /// `None`: this one.
    fn whole(&self, _fields: &Fields) -> Option<SampleType> {
        None
    }

    fn shaped(&self, _shape: &[usize]) -> Option<SampleType> {
        None
    }

    /// `None`: its values have no length of their own.
    fn longest(&self) -> Option<usize> {
        None
    }

    /// `None`: this one.
    fn no_longer(&self, _length: usize) -> Option<SampleType> {
        None
    }
}

/// One tensor that a batch holds of a field; its rows are samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Follows the field's name: nothing, `/0` of the first of a list.
    pub suffix: String,
    /// Of one sample; empty for a single number.
    pub shape: Vec<usize>,
    /// What its numbers are.
    pub dtype: DType,
    /// How many classes its numbers count, where they do and it is known.
    pub classes: Option<usize>,
}

impl Tensor {
    /// The only tensor of a field: floats of this shape.
    pub(super) fn floats(shape: Vec<usize>) -> Self {
        Self {
            suffix: String::new(),
            shape,
            dtype: DType::F32,
            classes: None,
        }
    }

    /// Numbers of one sample.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether a sample has no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of one sample.
    pub fn bytes(&self) -> usize {
        let each = match self.dtype {
            DType::F32 => 4,
            DType::Int => 8,
        };
        each * self.len()
    }
}

/// Why values of a type are no tensors of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Loose {
    /// Which part of the field it is: nothing, `/0` for the first of a list.
    pub suffix: String,
    /// Its type.
    pub ty: SampleType,
    /// What to do where only its size is missing.
    pub(super) help: Option<&'static str>,
}

impl Loose {
    /// Values of it are never tensors.
    pub fn never(ty: SampleType) -> Self {
        Self {
            suffix: String::new(),
            ty,
            help: None,
        }
    }

    /// Values of it differ in size.
    pub(super) fn any_size(ty: SampleType, help: &'static str) -> Self {
        Self {
            help: Some(help),
            ..Self::never(ty)
        }
    }

    /// What is to be said where the field `name` is emitted.
    pub fn problem(&self, name: &str) -> Problem {
        let ty = &self.ty;
        match self.help {
            Some(help) => Problem::new(
                Code::SampleType,
                format!("`{name}` is `{ty}`: its size is not known before a picture is read, and a batch has one size"),
            )
            .help(help),
            None => Problem::new(
                Code::SampleType,
                format!("`{name}` is `{ty}`, which can't be put into a batch"),
            ),
        }
    }
}

/// What was prepared with the values that an encoder was trained on, and belongs to it from then on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prepared {
    /// What pictures were normalised by.
    pub normalization: Option<Normalization>,
    /// Which parts of Lab pictures were shown as.
    pub lab: Vec<LabPart>,
    /// What fits have learnt that was used on the way.
    pub learnt: Vec<Artifact>,
}

impl Prepared {
    /// Which part of Lab it is that pictures of so many channels are.
    pub fn lab_part(&self, channels: usize) -> Option<LabPart> {
        let mut parts = self.lab.iter().copied();
        parts.find(|part| part.channels() == channels)
    }
}

/// How a value is shown in evaluation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Steps of an augment, each after a ` |> `; nothing where it is shown as it is.
    pub steps: String,
    /// The same in words.
    pub words: Vec<String>,
}

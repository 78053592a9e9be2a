//! `text`: words as they are written.

use std::fmt;
use std::sync::Arc;

use super::{Asked, Cell, Drawing, Loose, Sample, SampleType, Tensor, Value};
use crate::augment::Scratch;
use crate::data::DataError;

/// Nothing is known of words before they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextType;

impl TextType {
    pub(super) fn parse(text: &str) -> Option<Self> {
        (text == "text").then_some(Self)
    }
}

impl fmt::Display for TextType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }
}

impl Asked for TextType {
    fn word(&self) -> String {
        "text".into()
    }

    fn noun(&self) -> &'static str {
        "text"
    }

    fn fits(&self, wanted: &SampleType) -> bool {
        matches!(wanted, SampleType::Text(_))
    }

    fn holds(&self, value: &Sample) -> bool {
        matches!(value, Sample::Text(_))
    }

    fn tensors(&self) -> Result<Vec<Tensor>, Loose> {
        Err(Loose::never(SampleType::TEXT))
    }
}

impl Sample {
    /// Words.
    pub fn text(words: impl Into<Arc<str>>) -> Self {
        Sample::Text(words.into())
    }

    /// The words, where it is such.
    pub fn into_text(self) -> Option<Arc<str>> {
        match self {
            Sample::Text(words) => Some(words),
            _ => None,
        }
    }
}

/// Words.
impl Value for Arc<str> {
    fn kind(&self) -> &'static str {
        "text"
    }

    fn shown(&self) -> String {
        "text".into()
    }

    fn write<'a>(&self, cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<(), DataError> {
        Err(Cell::next(cells)?.another())
    }

    fn copy(&self, _scratch: &mut Scratch) -> Sample {
        Sample::Text(self.clone())
    }

    fn draw(&self, name: &str, _classes: &[String], into: &mut Vec<(String, Drawing)>) {
        into.push((name.to_owned(), Drawing::Words(self.to_string())));
    }
}

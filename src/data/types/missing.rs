//! Nothing, and why: the label of a record without one. No type has it; it is an error only where it enters a batch.

use std::sync::Arc;

use super::value::Missing;
use super::{Cell, Drawing, Sample, Value};
use crate::augment::Scratch;
use crate::data::DataError;

impl Sample {
    /// Nothing, and why.
    pub fn missing(why: impl Into<Arc<str>>) -> Self {
        Sample::Missing(Missing(why.into()))
    }

    /// Why there is nothing, where that is so.
    pub fn as_missing(&self) -> Option<&str> {
        match self {
            Sample::Missing(Missing(why)) => Some(why),
            _ => None,
        }
    }
}

impl Value for Missing {
    fn kind(&self) -> &'static str {
        "nothing"
    }

    fn shown(&self) -> String {
        "nothing".into()
    }

    fn write<'a>(&self, cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<(), DataError> {
        Cell::next(cells)?;
        Err(DataError::new(&*self.0).help(
            "what judges or trains by labels needs one for each record; `on_bad_sample = skip` goes without the others",
        ))
    }

    fn copy(&self, _scratch: &mut Scratch) -> Sample {
        Sample::Missing(self.clone())
    }

    fn draw(&self, _name: &str, _classes: &[String], _into: &mut Vec<(String, Drawing)>) {}
}

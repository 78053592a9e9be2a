//! `text |> tokenize(pieces)`: a text as the ids of its pieces.

use std::sync::Arc;

use super::{Scratch, Transform};
use crate::catalog::{Args, Artifact, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::words::Pieces;
use crate::data::{DataError, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// What cuts texts: a vocabulary, once it is learnt.
pub(super) struct Vocabulary(Artifact);

impl Vocabulary {
    /// The one that an argument names.
    pub fn new(args: &Args, name: &str) -> Self {
        Self(args.artifact(name).clone())
    }

    /// The pieces.
    ///
    /// # Errors
    /// The fit has not run, or learns no pieces.
    pub fn pieces(&self) -> std::result::Result<Arc<Pieces>, DataError> {
        self.0.get::<Pieces>().ok_or_else(|| {
            DataError::new(format!("`{}` has not been learnt yet", self.0.name))
        })
    }
}

struct Tokenize {
    vocabulary: Vocabulary,
    enclose: bool,
}

impl Transform for Tokenize {
    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        _: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let text = input.into_text();
        let text = text.ok_or_else(|| DataError::new("`tokenize` was given what is no text"))?;
        let pieces = self.vocabulary.pieces()?;
        let ids = pieces.encode(&text)?;
        let ids = match self.enclose {
            true => pieces.enclosed(&ids),
            false => ids,
        };
        out.push(Sample::tokens(ids, pieces));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }
}

//! `text |> tokenize(pieces)`: a text as the ids of its pieces.

use std::sync::Arc;

use super::{Scratch, Transform, input};
use crate::catalog::{Args, Artifact, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, Philox, Pieces, Sample, SampleType};
use crate::language::codes::Code;

/// What cuts texts: a vocabulary, once it is learnt.
pub(super) struct Vocabulary(Artifact);

impl Vocabulary {
    /// What a fit learns.
    pub fn of(fit: &Artifact) -> Self {
        Self(fit.clone())
    }

    /// The pieces.
    ///
    /// # Errors
    /// The fit has not run, or learns no pieces.
    pub fn pieces(&self) -> std::result::Result<Arc<Pieces>, DataError> {
        input::learnt(&self.0)
    }
}

struct Tokenize {
    vocabulary: Vocabulary,
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
        let ids = match pieces.whole() {
            true => ids,
            false => pieces.enclosed(&ids),
        };
        out.push(Sample::tokens(ids, pieces));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    if !input.fits(&SampleType::TEXT) {
        return Err(Problem::new(
            Code::SampleType,
            format!("`tokenize` takes a text, found `{input}`"),
        ));
    }
    Ok(vec![SampleType::tokens(
        None,
        args.artifact("vocabulary").size("size"),
    )])
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "tokenize",
        Kind::Transform,
        "A text as the pieces of a vocabulary that a fit has learnt.",
        Make::transform(types, |args, _| {
            Ok(Box::new(Tokenize {
                vocabulary: Vocabulary::of(args.artifact("vocabulary")),
            }))
        }),
    )
    .param(Param::required(
        "vocabulary",
        Type::Fit("vocabulary"),
        "The fit: `fit pieces = wordpiece(size = 8000) { data = … }`, or one of whole words, `vocabulary`.",
    ))
    .doc(
        "`[CLS]` stands before the pieces of a text and `[SEP]` behind them; nothing does where pieces are whole words. `crop_tokens` cuts all \
         texts to one length.",
    )
    .example("tokenize(pieces)")
}

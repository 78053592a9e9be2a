//! What transforms take of a vocabulary beside its pieces, and not every vocabulary has.

use super::{Pieces, SPECIAL};
use crate::data::DataError;

/// Something that a transform can't do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// `[MASK]`: a word that is to be guessed.
    Mask,
    /// `[CLS]` and `[SEP]`, which stand around texts.
    Enclosing,
    /// How often each word was in the texts that the vocabulary was learnt from.
    Counts,
}

impl Need {
    /// As an error says it: `[CLS] and [SEP]`.
    pub fn said(self) -> String {
        match self {
            Need::Mask => SPECIAL[4].to_owned(),
            Need::Enclosing => format!("{} and {}", SPECIAL[2], SPECIAL[3]),
            Need::Counts => "counts of its words".to_owned(),
        }
    }

    /// What kind of vocabulary has it.
    pub fn help(self) -> &'static str {
        match self {
            Need::Mask | Need::Enclosing => "take pieces of words: `fit … = wordpiece(size = …)`",
            Need::Counts => "take whole words: `fit … = vocabulary(size = …)`",
        }
    }

    /// Whether a vocabulary has it.
    ///
    /// # Errors
    /// It has not.
    pub fn met(self, pieces: &Pieces) -> Result<(), DataError> {
        match self {
            Need::Mask => pieces.special().mask().map(|_| ()),
            Need::Enclosing => pieces.special().enclosing().map(|_| ()),
            Need::Counts if pieces.counts().is_some() => Ok(()),
            Need::Counts => Err(DataError::new(
                "the vocabulary does not say how often its words are there",
            )),
        }
    }
}

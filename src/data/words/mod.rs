//! Words cut into pieces: WordPiece (Wu et al., 2016), as BERT (Devlin et al., 2019) uses it.
//!
//! [`fit`] learns which pieces there are from texts, [`file`] reads and writes them as a `tokenizer.json`, which other programs open
//! too. What a text is before it is cut is the `tokenizers` crate's: BERT's normaliser, and its way to split at spaces and signs.

mod file;
mod fit;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    Model, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer,
};

use super::DataError;
pub use rows::words_of;

/// Pieces that stand for no word, in the order of their ids in a vocabulary that was learnt here.
pub const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
/// What a piece starts with that goes on with a word.
const GOES_ON: &str = "##";
/// Letters of the longest word that is cut; a longer one is unknown, as in BERT.
const LONGEST_WORD: usize = 100;

/// Ids of the pieces that stand for no word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecialIds {
    /// `[PAD]`: behind the end of a text.
    pub pad: u32,
    /// `[UNK]`: a word that can't be cut into known pieces.
    pub unknown: u32,
    /// `[CLS]`: before the first word.
    pub class: u32,
    /// `[SEP]`: behind the last word.
    pub separator: u32,
    /// `[MASK]`: a word that is to be guessed.
    pub mask: u32,
}

impl SpecialIds {
    /// All of them.
    pub fn all(&self) -> [u32; 5] {
        [
            self.pad,
            self.unknown,
            self.class,
            self.separator,
            self.mask,
        ]
    }
}

/// How letters are made alike before words are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// `House` becomes `house`.
    pub lowercase: bool,
    /// `café` becomes `cafe`.
    pub strip_accents: bool,
}

impl Default for Spelling {
    /// As in BERT "uncased".
    fn default() -> Self {
        Self {
            lowercase: true,
            strip_accents: true,
        }
    }
}

impl Spelling {
    fn normalizer(self) -> BertNormalizer {
        BertNormalizer::new(true, true, Some(self.strip_accents), self.lowercase)
    }
}

/// The words of a text, in order: what lies between spaces, each sign on its own.
fn words(text: &str, spelling: Spelling, mut each: impl FnMut(&str)) -> Result<(), DataError> {
    let bad = |error: tokenizers::Error| DataError::new(format!("can't cut a text: {error}"));
    let mut normal = NormalizedString::from(text);
    spelling.normalizer().normalize(&mut normal).map_err(bad)?;
    let mut split = PreTokenizedString::from(normal);
    BertPreTokenizer.pre_tokenize(&mut split).map_err(bad)?;
    for (word, _, _) in split.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
        each(word);
    }
    Ok(())
}

/// A vocabulary of pieces, and how texts are cut into them.
#[derive(Debug)]
pub struct Pieces {
    model: WordPiece,
    /// By id.
    tokens: Vec<Arc<str>>,
    ids: HashMap<Arc<str>, u32>,
    special: SpecialIds,
    spelling: Spelling,
}

impl Pieces {
    /// Learns `size` pieces from texts: the file of a vocabulary and how many there are, which is fewer where the texts hold no more.
    ///
    /// Equal texts in any order give equal bytes, whatever the number of threads.
    ///
    /// # Errors
    /// A text can't be read, none holds a word, `size` has no room for letters, or somebody asked to stop.
    pub fn fit(
        texts: &mut dyn Iterator<Item = Result<Arc<str>, DataError>>,
        size: usize,
        spelling: Spelling,
    ) -> Result<(Vec<u8>, usize), DataError> {
        let counts = fit::count(texts, spelling)?;
        let tokens = fit::pieces(&counts, size)?;
        let found = tokens.len();
        Ok((file::write(&tokens, spelling), found))
    }

    /// Opens the file of a vocabulary: what [`Self::fit`] wrote, or another `tokenizer.json` of WordPiece with BERT's rules.
    ///
    /// # Errors
    /// It is none, or cuts texts by other rules.
    pub fn open(bytes: &[u8]) -> Result<Self, DataError> {
        let file::Read { tokens, spelling } = file::read(bytes).map_err(|what| {
            DataError::new(format!("it is no vocabulary of pieces: {what}")).help(
                "`fit … = wordpiece(size = …)` learns one; a tokenizer.json of WordPiece with BERT's normaliser and pre-tokeniser does too",
            )
        })?;
        let ids: HashMap<Arc<str>, u32> = tokens.iter().cloned().zip(0..).collect();
        let id = |at: usize| {
            ids.get(SPECIAL[at]).copied().ok_or_else(|| {
                DataError::new(format!(
                    "it is no vocabulary of pieces: it lacks {}",
                    SPECIAL[at]
                ))
            })
        };
        let special = SpecialIds {
            pad: id(0)?,
            unknown: id(1)?,
            class: id(2)?,
            separator: id(3)?,
            mask: id(4)?,
        };
        if special.pad != 0 {
            let what = format!(
                "[PAD] is piece {}, and texts are padded with piece 0",
                special.pad
            );
            return Err(DataError::new(format!(
                "it is no vocabulary of pieces: {what}"
            )));
        }
        let vocabulary = tokens.iter().enumerate();
        let vocabulary: serde_json::Map<String, serde_json::Value> = vocabulary
            .map(|(id, token)| (token.to_string(), id.into()))
            .collect();
        let model = serde_json::json!({
            "unk_token": SPECIAL[1], "continuing_subword_prefix": GOES_ON, "max_input_chars_per_word": LONGEST_WORD,
            "vocab": vocabulary
        });
        let model: WordPiece = serde_json::from_value(model)
            .map_err(|error| DataError::new(format!("it is no vocabulary of pieces: {error}")))?;
        Ok(Self {
            model,
            tokens,
            ids,
            special,
            spelling,
        })
    }

    /// The ids of a text's pieces, without any that stands for no word but `[UNK]`. A text that spells `[MASK]` is a text of three
    /// words.
    ///
    /// # Errors
    /// None that a text is known to cause.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, DataError> {
        let mut ids = Vec::with_capacity(text.len() / 4);
        let mut failed = None;
        words(text, self.spelling, |word| {
            match self.model.tokenize(word) {
                Ok(pieces) => ids.extend(pieces.iter().map(|piece| piece.id)),
                Err(error) => failed = Some(error),
            }
        })?;
        match failed {
            None => Ok(ids),
            Some(error) => Err(DataError::new(format!("can't cut a text: {error}"))),
        }
    }

    /// `[CLS]` before the pieces of a text and `[SEP]` behind them.
    pub fn enclosed(&self, ids: &[u32]) -> Vec<u32> {
        let mut all = Vec::with_capacity(ids.len() + 2);
        all.push(self.special.class);
        all.extend_from_slice(ids);
        all.push(self.special.separator);
        all
    }

    /// The piece of an id.
    pub fn token(&self, id: u32) -> Option<&str> {
        self.tokens.get(id as usize).map(|token| &**token)
    }

    /// The id of a piece.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    /// How many pieces there are.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are none, which never is.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Ids of the pieces that stand for no word.
    pub fn special(&self) -> SpecialIds {
        self.special
    }

    /// How letters are made alike.
    pub fn spelling(&self) -> Spelling {
        self.spelling
    }

    /// A line to be read by a person: pieces that go on with a word stand right behind it, padding is left out, an id that is none is `?`.
    pub fn line(&self, ids: &[u32]) -> String {
        let mut line = String::new();
        for id in ids.iter().filter(|id| **id != self.special.pad) {
            let token = self.token(*id).unwrap_or("?");
            match token.strip_prefix(GOES_ON) {
                Some(rest) if !line.is_empty() && !rest.is_empty() => line.push_str(rest),
                _ => {
                    if !line.is_empty() {
                        line.push(' ');
                    }
                    line.push_str(token);
                }
            }
        }
        line
    }
}

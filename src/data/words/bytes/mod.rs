//! Byte-level byte pair encoding (Sennrich et al., 2016; Radford et al., 2019): a text is its bytes, each written as one letter, and no
//! word is unknown.
//!
//! [`split`] says where words begin, [`file`] reads and writes the `tokenizer.json`. What is learnt is [`super::fit`]'s.

pub(super) mod file;
pub(super) mod split;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use tokenizers::Model;
use tokenizers::models::bpe::BPE;

use super::fit::{self, Counts};
use super::{LONGEST_WORD, SPECIAL};
use crate::data::DataError;

/// Bytes that stand for themselves.
fn stands(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff)
}

/// The letter of each byte, as GPT-2 writes it: those that can be seen stand for themselves, the others follow from U+0100 on.
static LETTERS: LazyLock<[char; 256]> = LazyLock::new(|| {
    let mut next = 0x100_u32;
    std::array::from_fn(|byte| match stands(byte as u8) {
        true => char::from(byte as u8),
        false => {
            next += 1;
            char::from_u32(next - 1).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
    })
});

/// The byte of a letter.
fn byte_of(letter: char) -> Option<u8> {
    match u32::from(letter) {
        code @ 0..256 => Some(code as u8).filter(|byte| stands(*byte)),
        _ => LETTERS
            .iter()
            .position(|own| *own == letter)
            .map(|byte| byte as u8),
    }
}

/// The bytes of a piece; `None` where it is not written in such letters.
fn bytes_of(piece: &str) -> Option<Vec<u8>> {
    piece.chars().map(byte_of).collect()
}

/// Writes bytes as letters behind what is there.
fn spell(bytes: &[u8], into: &mut String) {
    into.extend(bytes.iter().map(|byte| LETTERS[usize::from(*byte)]));
}

/// The words of a text, each in such letters.
pub(super) fn words(text: &str, prefix_space: bool, each: &mut dyn FnMut(&str)) {
    let mut word = String::new();
    let mut own = |piece: &str| {
        word.clear();
        spell(piece.as_bytes(), &mut word);
        each(&word);
    };
    match prefix_space && !text.starts_with(' ') && !text.is_empty() {
        true => split::words(&format!(" {text}"), &mut own),
        false => split::words(text, &mut own),
    }
}

/// What cuts texts.
#[derive(Debug)]
pub(super) struct Bytes {
    model: BPE,
    /// A space is put before a text that starts with none.
    prefix_space: bool,
}

impl Bytes {
    /// The ids of a text's pieces.
    pub(super) fn cut(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), DataError> {
        let mut failed = None;
        words(
            text,
            self.prefix_space,
            &mut |word| match self.model.tokenize(word) {
                Ok(pieces) => ids.extend(pieces.iter().map(|piece| piece.id)),
                Err(error) => failed = Some(error),
            },
        );
        match failed {
            None => Ok(()),
            Some(error) => Err(DataError::new(format!("can't cut a text: {error}"))),
        }
    }
}

/// Whether a piece goes on with a word: it begins with a letter or a digit, or within one. A word behind a space begins with that space;
/// of one that follows a sign or begins a text nothing but its place says that it begins.
pub(super) fn goes_on(piece: &str) -> bool {
    let first = piece.chars().next().and_then(byte_of);
    first.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
}

/// The text of pieces, as far as they are UTF-8.
pub(super) fn text<'p>(pieces: impl Iterator<Item = &'p str>) -> String {
    let bytes: Vec<u8> = pieces
        .flat_map(|piece| bytes_of(piece).unwrap_or_else(|| piece.as_bytes().to_vec()))
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Pieces and how they were joined, in that order.
pub(super) struct Joined {
    pub(super) tokens: Vec<String>,
    pub(super) merges: Vec<(u32, u32)>,
}

/// Letters of the longest word that is learnt from: a line of signs, or what was never meant to be read.
const LONGEST: usize = 4 * LONGEST_WORD;

/// Learns pieces from words: those that stand for no word, the letters of all bytes, then pairs as they were joined.
pub(super) fn pieces(counts: &Counts, size: usize) -> Result<Joined, DataError> {
    let mut letters = *LETTERS;
    letters.sort_unstable();
    let special = SPECIAL.iter().map(|token| (*token).to_owned());
    let mut tokens: Vec<String> = special.chain(letters.iter().map(char::to_string)).collect();
    if size < tokens.len() {
        let least = tokens.len();
        return Err(DataError::new(format!(
            "{size} pieces have no room for the 256 bytes: write `size = {least}` or more"
        )));
    }
    let mut all: Vec<(&str, u64)> = counts
        .iter()
        .filter(|(word, _)| word.chars().nth(LONGEST).is_none())
        .map(|(word, count)| (word.as_str(), *count))
        .collect();
    all.sort_unstable();
    if all.is_empty() {
        return Err(DataError::new(
            "the texts hold no word that pieces can be learnt from",
        ));
    }
    let id = |letter: char| {
        letters
            .binary_search(&letter)
            .map_or(0, |at| (SPECIAL.len() + at) as u32)
    };
    let mut cut: Vec<Vec<u32>> = all
        .iter()
        .map(|(word, _)| word.chars().map(id).collect())
        .collect();
    let merges = fit::join(&mut tokens, &mut cut, &all, size, "")?;
    Ok(Joined { tokens, merges })
}

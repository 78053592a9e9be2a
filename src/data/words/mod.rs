//! Words cut into pieces: WordPiece (Wu et al., 2016), as BERT (Devlin et al., 2019) uses it; words that are not cut, of which only
//! the commonest are known (Mikolov et al., 2013); and texts whose bytes are joined to pieces (Sennrich et al., 2016), in [`bytes`].
//!
//! [`fit`] counts words and learns which pieces there are, [`whole`] which words are kept, [`file`] reads and writes them as a
//! `tokenizer.json`, which other programs open too, with the [`entries`] that all such files have. [`split`] says what the words of a text are, [`noise`] draws some.

mod bytes;
mod entries;
mod file;
mod fit;
mod listed;
mod lookup;
mod need;
mod noise;
mod rows;
mod split;
#[cfg(test)]
mod tests;
mod whole;

use std::sync::{Arc, OnceLock};

use tokenizers::Model;
use tokenizers::models::wordpiece::WordPiece;

use self::bytes::Bytes;
use self::lookup::Lookup;
pub use self::need::Need;
pub use self::noise::Noise;
use self::split::words;
pub use self::whole::Whole;
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
    /// `[CLS]`: before the first word. A vocabulary of whole words has none, nor the two that follow.
    pub class: Option<u32>,
    /// `[SEP]`: behind the last word.
    pub separator: Option<u32>,
    /// `[MASK]`: a word that is to be guessed.
    pub mask: Option<u32>,
}

impl SpecialIds {
    /// All that there are.
    pub fn all(&self) -> Vec<u32> {
        let known = [self.pad, self.unknown];
        let more = [self.class, self.separator, self.mask];
        known
            .into_iter()
            .chain(more.into_iter().flatten())
            .collect()
    }

    /// `[MASK]`.
    ///
    /// # Errors
    /// The vocabulary has none.
    pub fn mask(&self) -> Result<u32, DataError> {
        self.mask.ok_or_else(|| lacking(SPECIAL[4]))
    }

    /// `[CLS]` and `[SEP]`.
    ///
    /// # Errors
    /// The vocabulary lacks one.
    pub fn enclosing(&self) -> Result<(u32, u32), DataError> {
        let class = self.class.ok_or_else(|| lacking(SPECIAL[2]))?;
        let separator = self.separator.ok_or_else(|| lacking(SPECIAL[3]))?;
        Ok((class, separator))
    }
}

fn lacking(special: &str) -> DataError {
    DataError::new(format!(
        "the vocabulary has no {special}: it is one of whole words"
    ))
    .help("take pieces of words: `fit … = wordpiece(size = …)`")
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

/// What cuts words into these pieces.
fn cuts(tokens: &[Arc<str>]) -> Result<WordPiece, DataError> {
    let vocabulary = tokens.iter().enumerate();
    let vocabulary: serde_json::Map<String, serde_json::Value> = vocabulary
        .map(|(id, token)| (token.to_string(), id.into()))
        .collect();
    let model = serde_json::json!({
        "unk_token": SPECIAL[1], "continuing_subword_prefix": GOES_ON, "max_input_chars_per_word": LONGEST_WORD,
        "vocab": vocabulary
    });
    serde_json::from_value(model)
        .map_err(|error| DataError::new(format!("it is no vocabulary of pieces: {error}")))
}

/// How texts are cut.
#[derive(Debug)]
enum Cuts {
    /// Each word into its longest pieces.
    Words(WordPiece),
    /// The bytes of a text, joined.
    Bytes(Bytes),
}

/// A vocabulary of pieces, and how texts are cut into them.
#[derive(Debug)]
pub struct Pieces {
    /// `None` where each piece is a whole word.
    cuts: Option<Cuts>,
    /// By id, where it is known.
    counts: Option<Vec<u64>>,
    /// Made on first use.
    noise: OnceLock<Option<Noise>>,
    /// By id.
    tokens: Vec<Arc<str>>,
    ids: Lookup,
    special: SpecialIds,
    spelling: Spelling,
    /// As it was opened.
    file: Vec<u8>,
}

impl Pieces {
    /// Learns `size` pieces from texts: the file of a vocabulary and how many there are, which is fewer where the texts hold no more.
    ///
    /// Equal texts in any order give equal bytes, whatever the number of threads; where there are more than four million different
    /// words, of which the rarest are forgotten, in the same order.
    ///
    /// # Errors
    /// A text can't be read, none holds a word, `size` has no room for letters, or somebody asked to stop.
    pub fn fit(
        texts: &mut dyn Iterator<Item = Result<Arc<str>, DataError>>,
        size: usize,
        spelling: Spelling,
    ) -> Result<(Vec<u8>, usize), DataError> {
        let own = |text: &str, each: &mut dyn FnMut(&str)| words(text, spelling, each);
        let counted = fit::count(texts, &own, fit::MOST_COUNTED)?;
        let tokens = fit::pieces(&counted.counts, size)?;
        let found = tokens.len();
        Ok((file::write(&tokens, spelling), found))
    }

    /// Learns `size` pieces of bytes from texts, as [`Self::fit`] learns those of words.
    ///
    /// # Errors
    /// As those of [`Self::fit`]; `size` has no room for the 256 bytes.
    pub fn fit_bytes(
        texts: &mut dyn Iterator<Item = Result<Arc<str>, DataError>>,
        size: usize,
    ) -> Result<(Vec<u8>, usize), DataError> {
        let own = |text: &str, each: &mut dyn FnMut(&str)| {
            bytes::words(text, false, each);
            Ok(())
        };
        let counted = fit::count(texts, &own, fit::MOST_COUNTED)?;
        let bytes::Joined { tokens, merges } = bytes::pieces(&counted.counts, size)?;
        Ok((bytes::file::write(&tokens, &merges), tokens.len()))
    }

    /// Learns whole words from texts: at most `size` entries, `[PAD]` and `[UNK]` among them, the commonest words first, of equally
    /// common ones the first by spelling, none that is there fewer than `min` times. The order of the texts matters as for [`Self::fit`].
    ///
    /// # Errors
    /// A text can't be read, none holds a word so often, or somebody asked to stop.
    pub fn fit_whole(
        texts: &mut dyn Iterator<Item = Result<Arc<str>, DataError>>,
        size: usize,
        min: u64,
        spelling: Spelling,
    ) -> Result<Whole, DataError> {
        Self::fit_whole_of(texts, size, min, spelling, fit::MOST_COUNTED)
    }

    fn fit_whole_of(
        texts: &mut dyn Iterator<Item = Result<Arc<str>, DataError>>,
        size: usize,
        min: u64,
        spelling: Spelling,
        most: usize,
    ) -> Result<Whole, DataError> {
        let own = |text: &str, each: &mut dyn FnMut(&str)| words(text, spelling, each);
        let counted = fit::count(texts, &own, most)?;
        let (tokens, counts) = whole::commonest(&counted, size, min)?;
        let all: u64 = counted.counts.values().sum();
        let known: u64 = counts.iter().sum();
        Ok(Whole {
            bytes: file::write_whole(&tokens, &counts, spelling),
            size: tokens.len(),
            different: counted.counts.len(),
            covered: known as f64 / all.max(1) as f64,
            forgotten: counted.forgotten,
        })
    }

    /// Opens the file of a vocabulary: what [`Self::fit`], [`Self::fit_bytes`] or [`Self::fit_whole`] wrote, or another `tokenizer.json`
    /// of WordPiece or WordLevel with BERT's rules, or of BPE with GPT-2's.
    ///
    /// # Errors
    /// It is none, or cuts texts by other rules.
    pub fn open(bytes: &[u8]) -> Result<Self, DataError> {
        let file::Read {
            tokens,
            spelling,
            whole,
            bytes: joined,
            mut counts,
        } = file::read(bytes).map_err(|what| {
            DataError::new(format!("it is no vocabulary of pieces: {what}")).help(
                "`fit … = wordpiece(size = …)` learns one, `vocabulary(size = …)` one of whole words, `bpe(size = …)` one of pieces of \
                 bytes; a tokenizer.json of WordPiece or WordLevel with BERT's normaliser and pre-tokeniser does too, or of BPE with GPT-2's",
            )
        })?;
        let ids = Lookup::of(&tokens);
        let id = |at: usize| {
            ids.get(SPECIAL[at]).ok_or_else(|| {
                DataError::new(format!(
                    "it is no vocabulary of pieces: it lacks {}",
                    SPECIAL[at]
                ))
            })
        };
        let more = |at: usize| match whole {
            true => Ok(ids.get(SPECIAL[at])),
            false => id(at).map(Some),
        };
        let special = SpecialIds {
            pad: id(0)?,
            unknown: id(1)?,
            class: more(2)?,
            separator: more(3)?,
            mask: more(4)?,
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
        // whoever wrote it: what stands for no word is none that is common
        for id in special.all() {
            counts.iter_mut().for_each(|counts| counts[id as usize] = 0);
        }
        Ok(Self {
            cuts: match joined {
                Some(joined) => Some(Cuts::Bytes(joined)),
                None if whole => None,
                None => Some(Cuts::Words(cuts(&tokens)?)),
            },
            counts,
            noise: OnceLock::new(),
            tokens,
            ids,
            special,
            spelling,
            file: bytes.to_vec(),
        })
    }

    /// The file of the vocabulary that a list says: a piece a line, as in BERT's `vocab.txt`.
    ///
    /// # Errors
    /// It is no such list.
    pub fn listed(bytes: &[u8], spelling: Spelling) -> Result<Vec<u8>, DataError> {
        listed::read(bytes, spelling).map_err(|what| {
            DataError::new(format!("it is no list of pieces, one a line: {what}"))
                .help("a vocabulary is a tokenizer.json, or BERT's vocab.txt")
        })
    }

    /// A `tokenizer.json` that cuts texts as these pieces do, and encloses them alike: the file that they were opened from, and in it who
    /// wrote this one: `mark`, as `model.pretext`, where other programs pass over what they do not know.
    pub fn tokenizer(&self, mark: &serde_json::Value) -> Vec<u8> {
        // it was read before
        let mut file: serde_json::Value = serde_json::from_slice(&self.file).unwrap_or_default();
        let ids: Vec<usize> = self
            .special
            .all()
            .into_iter()
            .map(|id| id as usize)
            .collect();
        let (special, template) = match self.whole() {
            true => (
                entries::special(&ids[..whole::WITHOUT_WORD]),
                serde_json::Value::Null,
            ),
            false => (entries::special(&ids), entries::template(&ids)),
        };
        file["truncation"] = serde_json::Value::Null;
        file["padding"] = serde_json::Value::Null;
        file["added_tokens"] = special.into();
        file["post_processor"] = template;
        file["model"]["pretext"] = mark.clone();
        entries::bytes(&file)
    }

    /// Whether words are cut into pieces of words.
    pub fn cuts_words(&self) -> bool {
        matches!(self.cuts, Some(Cuts::Words(_)))
    }

    /// The ids of a text's pieces, without any that stands for no word but `[UNK]`. A text that spells `[MASK]` is a text of three
    /// words.
    ///
    /// # Errors
    /// None that a text is known to cause.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, DataError> {
        let mut ids = Vec::with_capacity(text.len() / 4);
        let mut failed = None;
        let model = match &self.cuts {
            Some(Cuts::Words(model)) => model,
            Some(Cuts::Bytes(bytes)) => {
                bytes.cut(text, &mut ids)?;
                return Ok(ids);
            }
            None => {
                let unknown = self.special.unknown;
                words(text, self.spelling, |word| {
                    ids.push(self.ids.get(word).unwrap_or(unknown));
                })?;
                return Ok(ids);
            }
        };
        words(text, self.spelling, |word| match model.tokenize(word) {
            Ok(pieces) => ids.extend(pieces.iter().map(|piece| piece.id)),
            Err(error) => failed = Some(error),
        })?;
        match failed {
            None => Ok(ids),
            Some(error) => Err(DataError::new(format!("can't cut a text: {error}"))),
        }
    }

    /// `[CLS]` before the pieces of a text and `[SEP]` behind them; whole words are as they are.
    pub fn enclosed(&self, ids: &[u32]) -> Vec<u32> {
        let (Some(class), Some(separator), Some(_)) =
            (self.special.class, self.special.separator, &self.cuts)
        else {
            return ids.to_vec();
        };
        let mut all = Vec::with_capacity(ids.len() + 2);
        all.push(class);
        all.extend_from_slice(ids);
        all.push(separator);
        all
    }

    /// Whether a piece goes on with the word of the one before it. One that stands for no word does not. Of pieces of bytes it is one that
    /// begins with a letter or a digit: a word behind a space begins with that space.
    pub fn goes_on(&self, id: u32) -> bool {
        let Some(token) = self.token(id).filter(|_| !self.special.all().contains(&id)) else {
            return false;
        };
        match self.cuts {
            Some(Cuts::Words(_)) => token.len() > GOES_ON.len() && token.starts_with(GOES_ON),
            Some(Cuts::Bytes(_)) => bytes::goes_on(token),
            None => false,
        }
    }

    /// Whether each piece is a whole word.
    pub fn whole(&self) -> bool {
        self.cuts.is_none()
    }

    /// The fit that learns such: `wordpiece`, `bpe`, `vocabulary`.
    pub fn learnt_by(&self) -> &'static str {
        match self.cuts {
            Some(Cuts::Words(_)) => "wordpiece",
            Some(Cuts::Bytes(_)) => "bpe",
            None => "vocabulary",
        }
    }

    /// By id, how often each was in the texts that the vocabulary was learnt from; 0 for one that stands for no word. `None` where that
    /// is not known.
    pub fn counts(&self) -> Option<&[u64]> {
        self.counts.as_deref()
    }

    /// What draws words in proportion to their counts to the power of ¾; `None` where these are not known.
    pub fn noise(&self) -> Option<&Noise> {
        let made = || Noise::of(self.counts()?);
        self.noise.get_or_init(made).as_ref()
    }

    /// The piece of an id.
    pub fn token(&self, id: u32) -> Option<&str> {
        self.tokens.get(id as usize).map(|token| &**token)
    }

    /// The piece of an id; `?` where it is none.
    pub fn word(&self, id: u32) -> &str {
        self.token(id).unwrap_or("?")
    }

    /// The id of a piece.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token)
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
        if matches!(self.cuts, Some(Cuts::Bytes(_))) {
            return self.line_of_bytes(ids);
        }
        let mut line = String::new();
        for id in ids.iter().filter(|id| **id != self.special.pad) {
            let token = self.word(*id);
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

    /// As the text was; pieces that stand for no word with a space around them.
    fn line_of_bytes(&self, ids: &[u32]) -> String {
        let special = self.special.all();
        let mut line = String::new();
        for run in ids.chunk_by(|a, b| !special.contains(a) && !special.contains(b)) {
            let own = match run {
                [id] if *id == self.special.pad => continue,
                [id] if special.contains(id) => self.word(*id).to_owned(),
                run => bytes::text(run.iter().map(|id| self.word(*id))),
            };
            if !line.is_empty()
                && !line.ends_with(char::is_whitespace)
                && !own.starts_with(char::is_whitespace)
            {
                line.push(' ');
            }
            line.push_str(&own);
        }
        line.trim().to_owned()
    }
}

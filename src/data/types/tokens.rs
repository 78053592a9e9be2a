//! `tokens[n]`: a text as pieces of words, each by its number in a vocabulary.
//!
//! A value has at most `n` of them. In a batch it is the ids `[B, n]`, padded with 0, which stands for no word, and under `/length` how
//! many of them are its own, `[B]`.
//!
//! `tokens[n] in pairs`: two texts, one behind the other. In a batch there is under `/kinds` also which of the two each piece is of,
//! `[B, n]`: 0 for the first and for padding, 1 for the second.

use std::fmt;
use std::sync::Arc;

use super::value::Tokens;
use super::{
    Asked, Cell, Drawing, Fields, Loose, Numbers, Part, Prepared, Sample, SampleType, Tensor,
    Value, View, inside, same, shown, size,
};
use crate::augment::Scratch;
use crate::catalog::{Problem, Result as Checked};
use crate::data::DataError;
use crate::data::words::Pieces;
use crate::graph::{DType, Graph, Var};
use crate::language::codes::Code;

/// What a text is padded with: no vocabulary has a word there.
pub const PADDING: u32 = 0;
/// Between the length and the size of the vocabulary.
const OF: &str = " of ";
/// Behind both, where a value is two texts.
const IN_PAIRS: &str = " in pairs";
/// What each piece is of, in a batch of pairs.
pub const KINDS: &str = "/kinds";

/// What is known of a text in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokensType {
    /// Most pieces.
    pub length: Option<usize>,
    /// Size of the vocabulary, as it is declared: ids are below it.
    pub vocabulary: Option<usize>,
    /// Whether a value is two texts, one behind the other.
    pub pairs: bool,
}

impl TokensType {
    /// A text of which nothing else is known.
    const ANY: TokensType = TokensType {
        length: None,
        vocabulary: None,
        pairs: false,
    };

    /// The same of one text.
    pub fn alone(self) -> SampleType {
        SampleType::Tokens(Self {
            pairs: false,
            ..self
        })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (text, pairs) = match text.strip_suffix(IN_PAIRS) {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (text, vocabulary) = match text.split_once(OF) {
            Some((text, vocabulary)) => (text, size(vocabulary)?),
            None => (text, None),
        };
        let length = match text {
            "tokens" => None,
            text => size(inside(text, "tokens[", ']')?)?,
        };
        Some(Self {
            length,
            vocabulary,
            pairs,
        })
    }
}

impl SampleType {
    /// A text in pieces of which nothing else is known.
    pub const TOKENS: SampleType = SampleType::Tokens(TokensType::ANY);
    /// Two texts in pieces of which nothing else is known.
    pub const PAIRS: SampleType = SampleType::Tokens(TokensType {
        pairs: true,
        ..TokensType::ANY
    });

    /// `tokens[n]`, with the size of its vocabulary.
    pub fn tokens(length: Option<usize>, vocabulary: Option<usize>) -> Self {
        SampleType::Tokens(TokensType {
            length,
            vocabulary,
            pairs: false,
        })
    }

    /// `tokens[n] in pairs`, with the size of its vocabulary.
    pub fn pairs(length: Option<usize>, vocabulary: Option<usize>) -> Self {
        SampleType::Tokens(TokensType {
            length,
            vocabulary,
            pairs: true,
        })
    }

    /// What is known of it, where it is a text in pieces.
    pub fn as_tokens(&self) -> Option<&TokensType> {
        match self {
            SampleType::Tokens(ty) => Some(ty),
            _ => None,
        }
    }
}

impl fmt::Display for TokensType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tokens")?;
        if self.length.is_some() {
            write!(f, "[{}]", shown(self.length))?;
        }
        if let Some(n) = self.vocabulary {
            write!(f, "{OF}{n}")?;
        }
        f.write_str(if self.pairs { IN_PAIRS } else { "" })
    }
}

impl Asked for TokensType {
    fn word(&self) -> String {
        "tokens".into()
    }

    fn noun(&self) -> &'static str {
        "text"
    }

    fn sizes(&self) -> Vec<(&'static str, Option<usize>)> {
        vec![("length", self.length), ("vocabulary", self.vocabulary)]
    }

    /// Two texts do where one is asked for.
    fn fits(&self, wanted: &SampleType) -> bool {
        wanted.as_tokens().is_some_and(|wanted| {
            let enough = self.pairs || !wanted.pairs;
            enough && same(self.length, wanted.length) && same(self.vocabulary, wanted.vocabulary)
        })
    }

    /// The longer one, of what both know.
    fn wider(&self, other: &SampleType) -> Option<SampleType> {
        let other = other.as_tokens()?;
        let longer = |(a, b): (usize, usize)| a.max(b);
        Some(SampleType::Tokens(Self {
            length: self.length.zip(other.length).map(longer),
            vocabulary: self.vocabulary.or(other.vocabulary),
            pairs: self.pairs && other.pairs,
        }))
    }

    fn holds(&self, value: &Sample) -> bool {
        value.as_tokens().is_some_and(|tokens| {
            let n = self.vocabulary.unwrap_or(usize::MAX);
            self.pairs == tokens.second.is_some()
                && self.length.is_none_or(|most| tokens.ids.len() <= most)
                && tokens.ids.iter().all(|id| (*id as usize) < n)
        })
    }

    fn tensors(&self) -> Result<Vec<Tensor>, Loose> {
        let Some(length) = self.length else {
            return Err(Loose::any_size(
                SampleType::Tokens(*self),
                match self.pairs {
                    true => "cut every pair to one length: `(first, second) |> pair(pieces, 128)`",
                    false => {
                        "cut every text to one length before it is emitted: `crop_tokens(128)`"
                    }
                },
            ));
        };
        let whole = |suffix: &str, shape: Vec<usize>, classes| Tensor {
            suffix: suffix.to_owned(),
            shape,
            dtype: DType::Int,
            classes,
        };
        let mut all = vec![
            whole("", vec![length], self.vocabulary),
            whole("/length", Vec::new(), None),
        ];
        if self.pairs {
            all.push(whole(KINDS, vec![length], Some(2)));
        }
        Ok(all)
    }

    fn longest(&self) -> Option<usize> {
        self.length
    }

    fn no_longer(&self, length: usize) -> Option<SampleType> {
        Some(SampleType::Tokens(Self {
            length: Some(self.length.map_or(length, |own| own.min(length))),
            ..*self
        }))
    }

    /// The door has no word for where the second text begins.
    fn crosses(&self) -> Option<u32> {
        (!self.pairs).then_some(3)
    }

    /// In the vocabulary of what went there: only ids cross over.
    fn back(&self, given: &SampleType) -> Result<Option<SampleType>, String> {
        let one = given.parts().map_or(given, |(element, _)| element);
        let Some(own) = one.as_tokens() else {
            return Err(format!(
                "it emits `{self}` of `{given}`, which has no vocabulary: `|> tokenize(…)` before it gives one"
            ));
        };
        if !same(self.vocabulary, own.vocabulary) {
            return Err(format!(
                "it emits `{self}` of `{given}`: pieces come back in the vocabulary that they had"
            ));
        }
        Ok(Some(SampleType::tokens(self.length, own.vocabulary)))
    }

    fn raw_is(&self) -> Option<&'static str> {
        Some("bag of words")
    }

    /// A bag of words (Salton & Buckley, 1988): ln (1 + how often) of each piece, `[B, n]` → `[B, vocabulary]`; padding does not count.
    /// The row has length 1, so that long and short texts compare.
    fn raw(&self, g: &mut Graph, x: Var) -> Checked<Var> {
        let shape = g.shape(x).clone();
        let (Some(vocabulary), [batch, _]) = (self.vocabulary, shape.as_slice()) else {
            return Err(g.shape_problem(format!(
                "the size of the vocabulary of `{self}` is not known"
            )));
        };
        let empty = g.full(vec![batch.clone(), vocabulary.into()], 0.0)?;
        let ids = g.to_float(x)?;
        let own = g.clamp(ids, 0.0, 1.0)?; // 1 for a piece, 0 for padding
        let counts = g.scatter_add(empty, x, own, 1)?; // [B, vocabulary]
        let counts = g.add_scalar(counts, 1.0)?;
        let logs = g.log(counts)?;
        g.l2_normalize_along(logs, 1)
    }

    fn made_of(&self, found: &SampleType) -> bool {
        found.fits(&SampleType::TEXT)
    }

    /// One text: who reads two can read one.
    fn whole(&self, _fields: &Fields) -> Option<SampleType> {
        Some(self.alone())
    }

    /// The beginning of a text, as long as those that were trained on, in pieces of the same vocabulary.
    fn view(&self, prepared: &Prepared, found: &SampleType, data: &str) -> Checked<View> {
        let mut view = View::default();
        if found.as_tokens().is_none() {
            let mut learnt = prepared.learnt.iter();
            let own =
                learnt.find(|fit| fit.gives == "vocabulary" && fit.size("size") == self.vocabulary);
            let Some(own) = own else {
                return Err(Problem::new(
                    Code::SampleType,
                    format!(
                        "records of `{data}` hold texts, and the encoder was trained on pieces of which no fit is known"
                    ),
                ));
            };
            view.steps += &format!(" |> tokenize({})", own.name);
            view.words.push(format!("pieces of `{}`", own.name));
        }
        let known = found.as_tokens().and_then(|found| found.length);
        if let Some(n) = self.length.filter(|n| known.is_none_or(|known| known > *n)) {
            view.steps += &format!(" |> crop_tokens({n}, at = start)");
            view.words.push(format!("the first {n}"));
        }
        Ok(view)
    }
}

impl Sample {
    /// A text in pieces.
    pub fn tokens(ids: Vec<u32>, pieces: Arc<Pieces>) -> Self {
        Sample::Tokens(Tokens {
            ids,
            pieces,
            second: None,
        })
    }

    /// Two texts in pieces, one behind the other: the second begins at the place `second`.
    pub fn pair(ids: Vec<u32>, second: usize, pieces: Arc<Pieces>) -> Self {
        Sample::Tokens(Tokens {
            ids,
            pieces,
            second: Some(second),
        })
    }

    /// The text in pieces, where it is one.
    pub fn as_tokens(&self) -> Option<&Tokens> {
        match self {
            Sample::Tokens(tokens) => Some(tokens),
            _ => None,
        }
    }

    /// The text in pieces, where it is one; else the value itself.
    pub fn into_tokens(self) -> Result<Tokens, Sample> {
        match self {
            Sample::Tokens(tokens) => Ok(tokens),
            other => Err(other),
        }
    }
}

impl Value for Tokens {
    fn kind(&self) -> &'static str {
        "tokens"
    }

    fn shown(&self) -> String {
        let pairs = if self.second.is_some() { IN_PAIRS } else { "" };
        format!("tokens[{}]{pairs}", self.ids.len())
    }

    fn write<'a>(&self, cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<(), DataError> {
        let cell = Cell::next(cells)?;
        match (cell.numbers, cell.shape) {
            (Numbers::Int(row), [length]) if row.len() == *length => {
                if self.ids.len() > row.len() {
                    let (name, n) = (cell.name, self.ids.len());
                    return Err(DataError::new(format!(
                        "the sample graph gave {n} pieces for the field `{name}` of {length}"
                    )));
                }
                row.fill(i64::from(PADDING));
                for (to, id) in row.iter_mut().zip(&self.ids) {
                    *to = i64::from(*id);
                }
            }
            (numbers, shape) => {
                let cell = Cell {
                    name: cell.name,
                    shape,
                    numbers,
                };
                return Err(cell.another());
            }
        }
        *Cell::next(cells)?.int()? = self.ids.len() as i64;
        let Some(second) = self.second else {
            return Ok(());
        };
        let cell = Cell::next(cells)?;
        match cell.numbers {
            Numbers::Int(row) if row.len() >= self.ids.len() => {
                row.fill(0);
                let of_second = row.iter_mut().take(self.ids.len()).skip(second);
                of_second.for_each(|kind| *kind = 1);
                Ok(())
            }
            _ => Err(cell.another()),
        }
    }

    fn length(&self) -> Option<usize> {
        Some(self.ids.len())
    }

    fn copy(&self, _scratch: &mut Scratch) -> Sample {
        Sample::Tokens(self.clone())
    }

    /// Its line; what is masked is written as `[MASK]`.
    fn draw(&self, name: &str, _classes: &[String], into: &mut Vec<(String, Drawing)>) {
        // what stands apart is no word together
        let runs = self.ids.split(|id| *id == PADDING);
        let runs = runs.filter(|run| !run.is_empty());
        let runs: Vec<String> = runs.map(|run| self.pieces.line(run)).collect();
        into.push((name.to_owned(), Drawing::Words(runs.join(" · "))));
    }

    fn spell(&self, rows: &[&[i64]]) -> Option<Drawing> {
        // what is no id has no word
        let id = |id: i64| u32::try_from(id).unwrap_or(u32::MAX);
        let word = |of: i64| match id(of) {
            PADDING => String::new(),
            id => self.pieces.line(&[id]).trim().to_owned(),
        };
        let (text, hidden, filled) = match rows {
            [text] => (*text, &[][..], &[][..]),
            [text, hidden, filled] => (*text, *hidden, *filled),
            _ => return None,
        };
        let (mut parts, mut run) = (Vec::new(), Vec::new());
        let end = |run: &mut Vec<u32>, parts: &mut Vec<Part>| {
            let words = self.pieces.line(run);
            if !words.is_empty() {
                parts.push(Part::seen(&words));
            }
            run.clear();
        };
        // what stands apart is no word together
        let mut apart = false;
        for (at, own) in text.iter().enumerate() {
            let at = |row: &[i64]| row.get(at).copied().unwrap_or(i64::from(PADDING));
            match at(hidden) == i64::from(PADDING) {
                true if id(*own) == PADDING => {
                    end(&mut run, &mut parts);
                    apart = !parts.is_empty();
                }
                true => {
                    if std::mem::take(&mut apart) {
                        parts.push(Part::seen("·"));
                    }
                    run.push(id(*own));
                }
                false => {
                    end(&mut run, &mut parts);
                    parts.push(Part::hidden(&word(at(hidden)), &word(at(filled))));
                }
            }
        }
        end(&mut run, &mut parts);
        Some(Drawing::Gaps(parts))
    }
}

//! `(first, second) |> pair(pieces, 128)`: two texts in pieces, and which of the two each piece is of.

use std::sync::Arc;

use super::tokenize::Vocabulary;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, Need, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// `[CLS]` before the first text, `[SEP]` behind each.
const SPECIAL: usize = 3;

struct Pair {
    vocabulary: Vocabulary,
    length: usize,
}

impl Transform for Pair {
    fn needs(&self) -> Option<Need> {
        Some(Need::Enclosing)
    }

    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        _: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let texts = input.into_list().ok();
        let texts = texts.and_then(|texts| texts.into_iter().map(Sample::into_text).collect());
        let texts: Option<Vec<Arc<str>>> = texts;
        let Some([first, second]) = texts.as_deref() else {
            return Err(DataError::new("`pair` was given what is no two texts"));
        };
        let pieces = self.vocabulary.pieces()?;
        let (class, separator) = pieces.special().enclosing()?;
        let (mut first, mut second) = (pieces.encode(first)?, pieces.encode(second)?);
        let [a, b] = kept([first.len(), second.len()], self.length - SPECIAL);
        first.truncate(a);
        second.truncate(b);
        let mut ids = Vec::with_capacity(a + b + SPECIAL);
        ids.push(class);
        ids.extend(first);
        ids.push(separator);
        let begins = ids.len();
        ids.extend(second);
        ids.push(separator);
        out.push(Sample::pair(ids, begins, pieces));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }
}

/// How much is left of two texts of which the longer one, the second where both are as long, loses a piece until there is `room` for
/// both.
fn kept([a, b]: [usize; 2], room: usize) -> [usize; 2] {
    if a + b <= room {
        return [a, b];
    }
    let half = room / 2;
    match (a <= half, b <= half) {
        (true, _) => [a, room - a],
        (_, true) => [room - b, b],
        _ => [room - half, half],
    }
}

fn types(args: &Args, inputs: &[SampleType]) -> Result<Vec<SampleType>> {
    let of_text = inputs.iter().all(|ty| ty.fits(&SampleType::TEXT));
    if inputs.len() == 2 && of_text {
        let vocabulary = args.artifact("vocabulary").size("size");
        return Ok(vec![SampleType::pairs(
            Some(args.size("length")),
            vocabulary,
        )]);
    }
    let found: Vec<String> = inputs.iter().map(|ty| format!("`{ty}`")).collect();
    Err(Problem::new(
        Code::SampleType,
        format!("`pair` takes two texts, found {}", found.join(", ")),
    )
    .help("`(first, second) |> pair(pieces, 128)`"))
}

fn make(args: &Args, _: &[SampleType]) -> Result<Box<dyn Transform>> {
    Ok(Box::new(Pair {
        vocabulary: Vocabulary::of(args.artifact("vocabulary")),
        length: args.size("length"),
    }))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "pair",
        Kind::Transform,
        "Two texts in pieces, one behind the other: (first, second) |> pair(pieces, 128).",
        Make::Several { types, make },
    )
    .param(Param::required(
        "vocabulary",
        Type::Fit("vocabulary"),
        "The fit whose pieces texts are cut into: `wordpiece`.",
    ))
    .param(
        Param::required(
            "length",
            Type::Integer,
            "Most pieces of both together, with `[CLS]` before the first and `[SEP]` behind each.",
        )
        .within(5.0, 8192.0),
    )
    .paper(
        "Devlin et al., 2019",
        "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        "arXiv:1810.04805",
    )
    .doc(
        "Where both are too long together, the longer one loses a piece at its end, the second where they are as long, until they fit. A batch \
         says under `NAME/kinds` of which text each piece is: 0 for `[CLS]`, the first and the `[SEP]` behind it, 1 for the second and its \
         own, 0 for padding. `bert` reads that.",
    )
    .example("pair(pieces, 128)")
}

#[cfg(test)]
#[path = "pair_tests.rs"]
mod tests;

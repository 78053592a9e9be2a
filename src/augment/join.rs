//! `(title, body) |> join()`: several texts, or a list of them, as one. `(question, answer) |> join(vocabulary = pieces)`: as one text in
//! pieces.

use std::sync::Arc;

use super::tokenize::Vocabulary;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, Need, Philox, Sample, SampleType};
use crate::language::codes::Code;

struct Join {
    between: String,
    vocabulary: Option<Vocabulary>,
}

impl Transform for Join {
    fn needs(&self) -> Option<Need> {
        self.vocabulary.as_ref().map(|_| Need::Enclosing)
    }

    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        _: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let mut texts = Vec::new();
        if !gather(input, &mut texts) {
            return Err(DataError::new("`join` was given what is no text"));
        }
        let Some(vocabulary) = &self.vocabulary else {
            out.push(Sample::text(texts.join(self.between.as_str())));
            return Ok(());
        };
        let pieces = vocabulary.pieces()?;
        let (class, separator) = pieces.special().enclosing()?;
        let mut ids = vec![class];
        for text in &texts {
            ids.extend(pieces.encode(text)?);
            ids.push(separator);
        }
        out.push(Sample::tokens(ids, pieces));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }
}

/// The texts of a value in their order; false where it holds anything else.
fn gather(value: Sample, texts: &mut Vec<Arc<str>>) -> bool {
    match value.into_list() {
        Ok(list) => list.into_iter().all(|each| gather(each, texts)),
        Err(value) => value.into_text().map(|text| texts.push(text)).is_some(),
    }
}

fn types(args: &Args, inputs: &[SampleType]) -> Result<Vec<SampleType>> {
    let texts = SampleType::list(SampleType::TEXT, None);
    let other = |ty: &&SampleType| !ty.fits(&SampleType::TEXT) && !ty.fits(&texts);
    match inputs.iter().find(other) {
        None => Ok(vec![match args.maybe_artifact("vocabulary") {
            Some(vocabulary) => SampleType::tokens(None, vocabulary.size("size")),
            None => SampleType::TEXT,
        }]),
        Some(other) => Err(Problem::new(
            Code::SampleType,
            format!("`join` takes texts, found `{other}`"),
        )),
    }
}

fn make(args: &Args, _: &[SampleType]) -> Result<Box<dyn Transform>> {
    Ok(Box::new(Join {
        between: args.text("between").to_owned(),
        vocabulary: args.maybe_artifact("vocabulary").map(Vocabulary::of),
    }))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "join",
        Kind::Transform,
        "Joins several texts, or those of a list: (title, body) |> join().",
        Make::Several { types, make },
    )
    .param(Param::with_default(
        "between",
        Type::Text,
        "\" \"",
        "What stands between two of them, where no vocabulary is named.",
    ))
    .param(Param::optional(
        "vocabulary",
        Type::Fit("vocabulary"),
        "A fit: the texts become pieces, `[CLS]` before the first and `[SEP]` behind each.",
    ))
    .example("join()")
}

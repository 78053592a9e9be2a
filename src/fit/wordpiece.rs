//! `wordpiece(size = 8000)`: which pieces words are cut into.

use std::any::Any;
use std::sync::Arc;

use super::{Fit, Learnt, spelling, text};
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Need, Pieces, SPECIAL, Sample, SampleType};

struct WordPiece;

impl Fit for WordPiece {
    fn reads(&self) -> SampleType {
        SampleType::TEXT
    }

    fn lacks(&self) -> &'static [Need] {
        &[Need::Counts]
    }

    fn file(&self) -> &'static str {
        "tokenizer.json"
    }

    fn learn(
        &self,
        args: &Args,
        values: &mut dyn Iterator<Item = Result<Sample, DataError>>,
    ) -> Result<Learnt, DataError> {
        let size = args.size("size");
        let spelling = spelling(args);
        let mut texts = values.map(|value| text("wordpiece", value));
        let (bytes, pieces) = Pieces::fit(&mut texts, size, spelling)?;
        let found = match pieces < size {
            true => format!("{pieces} of {size} pieces: the texts hold no more"),
            false => format!("{pieces} pieces"),
        };
        Ok(Learnt { bytes, found })
    }

    fn given(&self, args: &Args, bytes: Vec<u8>) -> Result<Vec<u8>, DataError> {
        // a list starts with a piece: none is a brace and all that follows it in a tokenizer.json
        match bytes.trim_ascii_start().first() {
            Some(b'{') => Ok(bytes),
            _ => Pieces::listed(&bytes, spelling(args)),
        }
    }

    fn open(&self, args: &Args, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, DataError> {
        super::vocabulary_of(args, bytes, "wordpiece")
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "wordpiece",
        Kind::Fit,
        "Learns which pieces words are cut into.",
        Make::fit(WordPiece),
    )
    .gives("vocabulary")
    .paper(
        "Wu et al., 2016",
        "Google's Neural Machine Translation System: Bridging the Gap between Human and Machine Translation",
        "arXiv:1609.08144",
    )
    .param(
        Param::required("size", Type::Integer, "Pieces, with those that stand for no word. Fewer where the texts hold no more.")
            .within((SPECIAL.len() + 1) as f64, 1e6),
    )
    .param(Param::optional(
        "file",
        Type::Text,
        "A tokenizer.json, or BERT's vocab.txt, to read instead of learning; the path is relative to the recipe.",
    ))
    .param(Param::switch("lowercase", "on", "`House` is `house`. A tokenizer.json says it for itself."))
    .param(Param::switch("strip_accents", "on", "`café` is `cafe`. A tokenizer.json says it for itself."))
    .doc(
        "Letters first, then pairs of pieces that stand beside each other most often, until there are enough. The result is a \
         tokenizer.json in the stage's folder, which Hugging Face's tokenizers open too.",
    )
    .example("wordpiece(size = 8000)")
}

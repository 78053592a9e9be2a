//! `vocabulary(size = 30000, min = 5)`: which words are known.

use std::any::Any;
use std::sync::Arc;

use super::{Fit, Learnt, spelling, text};
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Need, Pieces, Sample, SampleType};

struct Vocabulary;

impl Fit for Vocabulary {
    fn reads(&self) -> SampleType {
        SampleType::TEXT
    }

    fn lacks(&self) -> &'static [Need] {
        &[Need::Mask, Need::Enclosing]
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
        let min = args.size("min") as u64;
        let mut texts = values.map(|value| text("vocabulary", value));
        let whole = Pieces::fit_whole(&mut texts, size, min, spelling(args))?;
        let mut found = format!(
            "{} entries for {} different words, which are {:.1}% of all words",
            whole.size,
            whole.different,
            whole.covered * 100.0
        );
        if whole.size < size {
            found += &format!("; no more are there {min} times");
        }
        if whole.forgotten > 0 {
            found += &format!(
                "; there were too many to count all: those seen at most {} times were forgotten on the way",
                whole.forgotten
            );
        }
        let bytes = whole.bytes;
        Ok(Learnt { bytes, found })
    }

    fn open(&self, args: &Args, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, DataError> {
        super::vocabulary_of(args, bytes, "vocabulary")
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "vocabulary",
        Kind::Fit,
        "Learns which words are known: the commonest.",
        Make::fit(Vocabulary),
    )
    .gives("vocabulary")
    .paper(
        "Mikolov et al., 2013",
        "Distributed Representations of Words and Phrases and their Compositionality",
        "arXiv:1310.4546",
    )
    .param(
        Param::required(
            "size",
            Type::Integer,
            "Entries, with the two that stand for no word. Fewer where the texts hold no more.",
        )
        .within(3.0, 1e6),
    )
    .param(
        Param::with_default(
            "min",
            Type::Integer,
            "5",
            "Words that are there fewer times are unknown.",
        )
        .within(1.0, 1e9),
    )
    .param(Param::optional(
        "file",
        Type::Text,
        "A tokenizer.json to read instead of learning; the path is relative to the recipe.",
    ))
    .param(Param::switch("lowercase", "on", "`House` is `house`. A file says it for itself."))
    .param(Param::switch("strip_accents", "on", "`café` is `cafe`. A file says it for itself."))
    .doc(
        "A word is what lies between spaces; each sign is one of its own. Padding is 0, `[UNK]` (a word that is not known) is 1, then come the \
         words: the commonest first, of equally common ones the first by spelling. A word of more than 100 letters is never known. There \
         is no `[CLS]`, `[SEP]` or `[MASK]`. How often each word was there is kept with it, for `subsample` and `negatives`. While more \
         than four million different words are counted, the rarest are forgotten.\n\n\
         The result is a tokenizer.json in the stage's folder, which Hugging Face's tokenizers open too.",
    )
    .example("vocabulary(size = 30000, min = 5)")
}

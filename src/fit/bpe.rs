//! `bpe(size = 8000)`: which pieces the bytes of texts are joined to.

use std::any::Any;
use std::sync::Arc;

use super::{Fit, Learnt, text};
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Need, Pieces, SPECIAL, Sample, SampleType};

struct Bpe;

impl Fit for Bpe {
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
        let mut texts = values.map(|value| text("bpe", value));
        let (bytes, pieces) = Pieces::fit_bytes(&mut texts, size)?;
        let found = match pieces < size {
            true => format!("{pieces} of {size} pieces: the texts hold no more"),
            false => format!("{pieces} pieces"),
        };
        Ok(Learnt { bytes, found })
    }

    fn open(&self, args: &Args, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, DataError> {
        super::vocabulary_of(args, bytes, "bpe")
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "bpe",
        Kind::Fit,
        "Learns which pieces the bytes of texts are joined to.",
        Make::fit(Bpe),
    )
    .gives("vocabulary")
    .paper(
        "Sennrich et al., 2016",
        "Neural Machine Translation of Rare Words with Subword Units",
        "arXiv:1508.07909",
    )
    .param(
        Param::required(
            "size",
            Type::Integer,
            "Pieces, with the 256 bytes and those that stand for no word. Fewer where the texts hold no more.",
        )
        .within((SPECIAL.len() + 256) as f64, 1e6),
    )
    .param(Param::optional(
        "file",
        Type::Text,
        "A tokenizer.json to read instead of learning; the path is relative to the recipe.",
    ))
    .doc(
        "Byte pair encoding of bytes, as GPT-2 does it (Radford et al., 2019): the 256 bytes first, then pairs of pieces that stand beside each \
         other most often, until there are enough. Words are cut as GPT-2 cuts them, each with the space before it; capitals, accents and white \
         space stay, and nothing is unknown, in any language. A word of more than 400 bytes is not learnt from. `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]` \
         and `[MASK]` are the first five, as of `wordpiece`.\n\n\
         The result is a tokenizer.json in the stage's folder, which Hugging Face's tokenizers open too. A file of somebody else's needs a ByteLevel \
         pre-tokeniser, no normaliser, all bytes, and these five, `[PAD]` with the number 0.",
    )
    .example("bpe(size = 8000)")
}

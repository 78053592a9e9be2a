//! What flows into a transform: the checks that all of them share.

use std::any::Any;
use std::sync::Arc;

use super::Scratch;
use crate::catalog::{Artifact, Problem, Result};
use crate::data::{ClipType, DataError, Image, ImageType, Sample, SampleType, Tokens, TokensType};
use crate::language::codes::Code;

/// What a fit has learnt.
///
/// # Errors
/// It has not run, or learns something else.
pub(super) fn learnt<T: Any + Send + Sync>(
    fit: &Artifact,
) -> std::result::Result<Arc<T>, DataError> {
    let found = fit.get::<T>();
    found.ok_or_else(|| DataError::new(format!("`{}` has not been learnt yet", fit.name)))
}

impl ImageType {
    /// What flows into `transform`, which takes one image.
    pub(super) fn of(transform: &str, input: &SampleType) -> Result<Self> {
        if let Some(image) = input.as_image() {
            return Ok(*image);
        }
        let problem = Problem::new(
            Code::SampleType,
            format!("`{transform}` takes an image, and `{input}` flows into it"),
        );
        let several = input.parts();
        Err(match several.and_then(|(element, _)| element.as_image()) {
            Some(_) => problem.help(format!(
                "put `{transform}` inside the brackets that `*` repeats"
            )),
            None => problem,
        })
    }

    /// The same, for transforms of light and colour: grey (1 channel) or RGB (3).
    pub(super) fn of_colour(transform: &str, input: &SampleType) -> Result<Self> {
        let image = Self::of(transform, input)?;
        match image.channels {
            None | Some(1 | 3) => Ok(image),
            Some(n) => Err(Problem::new(
                Code::SampleType,
                format!(
                    "`{transform}` takes pictures of 1 or 3 channels, and `{input}` has {n} of them"
                ),
            )),
        }
    }
}

impl TokensType {
    /// What flows into `transform`, which takes one text in pieces.
    pub(super) fn of(transform: &str, input: &SampleType) -> Result<Self> {
        let tokens = Self::of_any(transform, input)?;
        if !tokens.pairs {
            return Ok(tokens);
        }
        let message = format!("`{transform}` takes one text, and `{input}` flows into it");
        Err(Problem::new(Code::SampleType, message)
            .help("`pair(pieces, 128)` cuts both texts of a pair so that they fit")
            .help("what is to be done to one of them alone is done to the text, before `pair`"))
    }

    /// What flows into `transform`, which takes a text in pieces, or a pair of them.
    pub(super) fn of_any(transform: &str, input: &SampleType) -> Result<Self> {
        if let Some(tokens) = input.as_tokens() {
            return Ok(*tokens);
        }
        let message = format!("`{transform}` takes tokens, and `{input}` flows into it");
        let problem = Problem::new(Code::SampleType, message);
        Err(match input.fits(&SampleType::TEXT) {
            true => problem.help("cut the text into pieces of words before it: `tokenize(pieces)`"),
            false => problem,
        })
    }
}

/// The text in pieces in a value whose type was checked.
pub fn tokens(transform: &str, input: Sample) -> Result<Tokens, DataError> {
    input.into_tokens().map_err(|other| {
        DataError::new(format!(
            "`{transform}` takes tokens, and the sample holds {}",
            other.kind()
        ))
    })
}

/// The vocabulary of what flows into `transform` does not say how common words are.
pub fn no_counts(transform: &str) -> DataError {
    DataError::new(format!(
        "`{transform}` asks how common words are, and the vocabulary knows no counts"
    ))
    .help("learn one that does: `fit … = vocabulary(size = …)`")
}

/// A vocabulary of these words, the commonest first, each with its count.
#[cfg(test)]
pub fn whole_words(words: &[(&str, u64)]) -> std::sync::Arc<crate::data::Pieces> {
    let ids = ["[PAD]", "[UNK]"].into_iter();
    let ids = ids.chain(words.iter().map(|(word, _)| *word)).zip(0..);
    let vocabulary: std::collections::BTreeMap<&str, u32> = ids.collect();
    let counts: Vec<u64> = [0, 0]
        .into_iter()
        .chain(words.iter().map(|(_, n)| *n))
        .collect();
    let file = serde_json::json!({
        "normalizer": {"type": "BertNormalizer", "strip_accents": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocabulary, "counts": counts}
    });
    let pieces = crate::data::Pieces::open(file.to_string().as_bytes());
    std::sync::Arc::new(pieces.expect("a vocabulary"))
}

impl ClipType {
    /// What flows into `transform`, which takes one clip.
    pub(super) fn flowing(transform: &str, input: &SampleType) -> Result<Self> {
        let clip = input.as_clip().copied();
        clip.ok_or_else(|| no_clip(transform, input))
    }
}

/// Something else flows into `transform`, which takes a clip.
pub(super) fn no_clip(transform: &str, input: &SampleType) -> Problem {
    Problem::new(
        Code::SampleType,
        format!("`{transform}` takes a clip, and `{input}` flows into it"),
    )
}

/// The frames of the clip in a value whose type was checked.
pub fn frames(transform: &str, input: Sample) -> Result<Vec<Image>, DataError> {
    input.into_frames().map_err(|other| {
        DataError::new(format!(
            "`{transform}` takes a clip, and the sample holds {}",
            other.kind()
        ))
    })
}

/// Those frames of a clip that stand at these places, in this order; a place may come again.
pub fn picked(frames: Vec<Image>, places: &[usize], scratch: &mut Scratch) -> Vec<Image> {
    let copy = |at: &usize| frames.get(*at).map(|frame| scratch.copy_image(frame));
    let picked = places.iter().filter_map(copy).collect();
    for frame in frames {
        scratch.give(frame.pixels);
    }
    picked
}

/// The picture in a value whose type was checked.
pub fn image(transform: &str, input: Sample) -> Result<Image, DataError> {
    input.into_image().map_err(|other| {
        DataError::new(format!(
            "`{transform}` takes an image, and the sample holds {}",
            other.kind()
        ))
    })
}

/// A picture of 1 or 3 channels in a value whose type was checked.
pub fn colour_image(transform: &str, input: Sample) -> Result<Image, DataError> {
    let image = image(transform, input)?;
    match image.channels {
        1 | 3 => Ok(image),
        n => Err(DataError {
            message: format!("`{transform}` takes pictures of 1 or 3 channels; this one has {n}"),
            help: None,
        }),
    }
}

/// The 8-bit pixel value that stands where a picture has none: black, or the mean of a picture that `normalize` has
/// seen (both are 0 in the tensor).
pub fn blank(image: &Image, channel: usize) -> u8 {
    match &image.normalization {
        Some(n) => n
            .mean
            .get(channel)
            .map_or(0, |mean| (mean * 255.0).round() as u8),
        None => 0,
    }
}

//! What is learnt from records before anything is trained: a vocabulary, a few colours, tracks of what moves. One file each, which says what it reads ([`Fit::reads`]),
//! learns ([`Fit::learn`]) and opens what was learnt ([`Fit::open`]).
//!
//! ```text
//! `fit pieces = wordpiece(size = 8000) { data = corpus.train }` ──engine──▶ a file in the stage's folder ──open──▶ artifact
//!                                                      `text |> tokenize(pieces)` ◀── by name: crate::catalog::Artifact
//! ```
//!
//! Sizes that a graph needs are arguments of the fit and hold whatever the records give, so that everything is checked before any
//! record is read. **To add a fit**: its file, with its [`Spec`], and a line in [`specs`].

mod bpe;
mod kmeans;
mod tracker;
mod vocabulary;
mod wordpiece;

use std::any::Any;
use std::sync::Arc;

use crate::catalog::{Args, Spec};
use crate::data::{
    BadSample, DataError, Dataset, Draws, Need, OnBadSample, Pieces, Sample, SampleType, Spelling,
};

/// Something that is learnt from records.
pub trait Fit: Send + Sync {
    /// The type of the values that it learns from: the one field of the records that fits it, or the one that is a list of such values, or a
    /// clip of such frames.
    fn reads(&self) -> SampleType;

    /// What nothing that it learns has, and transforms may need; a file of the user's may have it all the same.
    fn lacks(&self) -> &'static [Need] {
        &[]
    }

    /// The name of the file that holds what was learnt.
    fn file(&self) -> &'static str;

    /// Learns from values, in the order of the records. Equal values give equal bytes.
    ///
    /// # Errors
    /// A value can't be read, or nothing can be learnt from them.
    fn learn(
        &self,
        args: &Args,
        values: &mut dyn Iterator<Item = Result<Sample, DataError>>,
    ) -> Result<Learnt, DataError>;

    /// The content of [`Self::file`] that a file of the user's means, which may be written another way.
    ///
    /// # Errors
    /// It is no such file.
    fn given(&self, _args: &Args, bytes: Vec<u8>) -> Result<Vec<u8>, DataError> {
        Ok(bytes)
    }

    /// What a file holds, for those that take it by name.
    ///
    /// # Errors
    /// It is no such file, or holds more than the arguments declare.
    fn open(&self, args: &Args, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, DataError>;
}

/// What was learnt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// The file's content.
    pub bytes: Vec<u8>,
    /// What was found, in a line: `7,412 of 8,000 pieces`.
    pub found: String,
}

/// The records that a fit learns from.
pub struct Records<'r> {
    /// All of them.
    pub dataset: &'r dyn Dataset,
    /// Which are read, in this order.
    pub indices: &'r [usize],
    /// The field that is learnt from.
    pub field: usize,
    /// What becomes of those that can't be read.
    pub on_bad: OnBadSample,
}

/// What is told while records are read.
pub trait Reading {
    /// So many are read.
    fn advance(&mut self, done: usize);
    /// This one is left out, or taken in part.
    fn met(&mut self, bad: BadSample, in_part: bool);
}

impl Reading for () {
    fn advance(&mut self, _: usize) {}
    fn met(&mut self, _: BadSample, _: bool) {}
}

/// Learns from records one after the other; nothing of them is kept but what the fit keeps.
///
/// # Errors
/// A record can't be read and `on_bad` is `stop`, somebody asked to stop, or nothing can be learnt.
pub fn learn(
    fit: &dyn Fit,
    args: &Args,
    records: &Records<'_>,
    reading: &mut dyn Reading,
) -> Result<Learnt, DataError> {
    let mut at = records.indices.iter();
    let mut done = 0;
    // a fit that learns from clips takes them whole, one that learns from pictures their frames
    let field = records.dataset.fields().get(records.field);
    let whole = field.is_some_and(|(_, ty)| ty.fits(&fit.reads()));
    let mut listed = Vec::new().into_iter();
    let mut values = std::iter::from_fn(|| {
        loop {
            if let Some(value) = listed.next() {
                return Some(Ok(value));
            }
            let index = *at.next()?;
            if crate::data::stop_asked() {
                return Some(Err(DataError::new("asked to stop")));
            }
            done += 1;
            reading.advance(done);
            match value(records, index, reading) {
                Ok(Some(value)) if whole => return Some(Ok(value)),
                Ok(Some(value)) => match several(value) {
                    Ok(values) => listed = values.into_iter(),
                    Err(value) => return Some(Ok(value)),
                },
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    });
    fit.learn(args, &mut values)
}

/// What a value is made of, where it is a list or a clip; else the value itself.
fn several(value: Sample) -> Result<Vec<Sample>, Sample> {
    value.into_list().or_else(|value| {
        let frames = value.into_frames()?.into_iter();
        Ok(frames.map(Sample::image).collect())
    })
}

/// One record's value; `None` where it is left out.
fn value(
    records: &Records<'_>,
    index: usize,
    reading: &mut dyn Reading,
) -> Result<Option<Sample>, DataError> {
    let (dataset, on_bad) = (records.dataset, records.on_bad);
    let bad = |error| BadSample {
        id: dataset.id(index),
        index,
        error,
    };
    let mut record = match on_bad.read_or_mend(dataset, index, Draws::STILL) {
        Ok((record, damage)) => {
            if let Some(error) = damage {
                reading.met(bad(error), true);
            }
            record
        }
        Err(error) if on_bad == OnBadSample::Stop || error.is_the_machines() => return Err(error),
        Err(error) => {
            reading.met(bad(error), false);
            return Ok(None);
        }
    };
    match records.field < record.len() {
        true => Ok(Some(record.swap_remove(records.field))),
        false => Err(DataError::new(
            "a record has fewer fields than its data set",
        )),
    }
}

/// The text that the fit `of` was given.
fn text(of: &str, value: Result<Sample, DataError>) -> Result<Arc<str>, DataError> {
    let text = value?.into_text();
    text.ok_or_else(|| DataError::new(format!("`{of}` was given what is no text")))
}

/// The vocabulary in a file, which is no larger than the arguments declare, and one that the fit `by` learns.
fn vocabulary_of(
    args: &Args,
    bytes: &[u8],
    by: &str,
) -> Result<Arc<dyn Any + Send + Sync>, DataError> {
    let pieces = Pieces::open(bytes)?;
    let found = pieces.learnt_by();
    if found != by {
        let is = match found {
            "wordpiece" => "pieces of words",
            "bpe" => "pieces of bytes",
            _ => "whole words",
        };
        return Err(DataError::new(format!("it is a vocabulary of {is}"))
            .help(format!("`{found}(size = …, file = …)` reads it")));
    }
    let (declared, found) = (args.size("size"), pieces.len());
    if found > declared {
        let what = format!("it has {found} pieces, and `size` says {declared}");
        return Err(DataError::new(what).help(format!("write `size = {found}`")));
    }
    Ok(Arc::new(pieces))
}

/// How letters are made alike, as the arguments of a fit of words say.
fn spelling(args: &Args) -> Spelling {
    Spelling {
        lowercase: args.switch("lowercase"),
        strip_accents: args.switch("strip_accents"),
    }
}

/// The catalog entries of this room.
pub fn specs() -> Vec<Spec> {
    vec![
        wordpiece::spec(),
        vocabulary::spec(),
        bpe::spec(),
        tracker::spec(),
        kmeans::spec(),
    ]
}

//! `sentences()`: a text becomes its sentences.

use std::sync::Arc;

use super::made::{self, From, Making};
use crate::catalog::{Args, Data, Kind, Make, Param, Result, Spec, Type};
use crate::data::{DataError, Dataset, Record, Sample, SampleType, Source, sentences};

/// Raised when texts are cut in another way.
const VERSION: u32 = 1;
/// Most sentences of a text.
const MOST: usize = 1 << 20;

struct Sentences {
    /// The field of the text.
    at: usize,
}

impl Making for Sentences {
    fn what(&self) -> String {
        format!("sentences {VERSION} {}", self.at)
    }

    fn record(&self, from: &From<'_>) -> std::result::Result<Record, DataError> {
        let mut record = from.own()?;
        let text = record
            .get_mut(self.at)
            .map(|text| std::mem::replace(text, Sample::label(0)));
        let Some(text) = text.and_then(Sample::into_text) else {
            return Err(DataError::new(
                "a record has no text where its data set says so",
            ));
        };
        let all = sentences::sentences(&text);
        let index = from.index;
        if all.is_empty() {
            return Err(DataError::new(format!(
                "record {index} holds no sentence: its text is empty"
            )));
        }
        if all.len() > MOST {
            let n = all.len();
            return Err(DataError::new(format!(
                "record {index} holds {n} sentences, and a text has at most {MOST}: cut it"
            )));
        }
        let all = all.into_iter().map(Sample::text);
        record[self.at] = Sample::list(all.collect());
        Ok(record)
    }
}

fn cut(args: &Args, base: Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>> {
    let at = made::field(
        "sentences",
        args.maybe_word("field"),
        base.fields(),
        &SampleType::TEXT,
    )?;
    let list = SampleType::list(SampleType::TEXT, None);
    let fields = made::instead(base.fields(), at, &[("sentences", list)])?;
    Ok(made::made("sentences", base, fields, Sentences { at }))
}

fn pipe(args: &Args, source: Source, _: &dyn Fn(&Data) -> Result<Source>) -> Result<Source> {
    source.map(|part| cut(args, part))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "sentences",
        Kind::Pipe,
        "Cuts the text of every record into its sentences.",
        Make::Pipe(pipe),
    )
    .param(Param::optional(
        "field",
        Type::Field,
        "The field of the text, where records have several.",
    ))
    .doc(
        "The field becomes `sentences: list(text)`; all others stay, and there are as many records. A sentence ends with `.`, `!`, `?`, `…` or \
         a mark of another script, and the quotes and brackets that close behind it, where white space follows and then no small letter; 。！？ \
         need no white space. It does not end behind `Mr.`, `e.g.`, `U.S.`, an initial, or `Fig.` before a number; nor between the digits of a \
         number. A line end ends one, too, but in a text whose longest line has 50 to 120 letters, where the next word had no room left on the line, or hardly any. \
         What has no mark is one sentence, however long. Of a text nothing but the white space between sentences is lost. A text without any \
         sentence is an error that names its record (`on_bad_sample`).",
    )
    .example("sentences()")
}

//! `neighbours(next = 50%)`: two passages of a text that follow one another, or the second is of another record.

use std::sync::Arc;

use super::made::{self, From, Making};
use crate::catalog::{Args, Data, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, Dataset, Philox, Record, Sample, SampleType, Source, sentences};
use crate::language::codes::Code;

/// Raised when other passages are drawn.
const VERSION: u32 = 1;
/// Classes of `next`: the second passage follows, or it is of another record.
const CLASSES: [&str; 2] = ["follows", "random"];

struct Neighbours {
    /// The field of the list of texts.
    at: usize,
    /// How many pairs of a hundred follow, as a share.
    next: f64,
    /// Most words of both passages.
    words: usize,
    classes: Vec<String>,
}

/// The texts of a record's list.
pub(super) fn texts(
    record: &mut Record,
    at: usize,
) -> std::result::Result<Vec<Arc<str>>, DataError> {
    let texts = record.get_mut(at).and_then(|list| {
        let list = std::mem::replace(list, Sample::label(0)).into_list().ok()?;
        list.into_iter().map(Sample::into_text).collect()
    });
    texts.ok_or_else(|| DataError::new("a record has no list of texts where its data set says so"))
}

/// Words of a text: what stands between white space; of scripts without spaces each letter is one.
fn words(text: &str) -> usize {
    let word = |word: &str| match word.is_ascii() {
        true => 1,
        false => word
            .chars()
            .filter(|c| sentences::is_unspaced(*c))
            .count()
            .max(1),
    };
    text.split_whitespace().map(word).sum()
}

/// How many texts from the first of them on hold no more than `most` words together; at least `least`, as far as there are.
fn taken(texts: &[Arc<str>], most: usize, least: usize) -> usize {
    let mut sum = 0;
    let fits = |text: &&Arc<str>| {
        sum += words(text);
        sum <= most
    };
    let fitting = texts.iter().take_while(fits).count();
    fitting.max(least).min(texts.len())
}

fn below(draws: &mut Philox, n: usize) -> usize {
    draws.below(n as u32) as usize
}

fn joined(texts: &[Arc<str>]) -> Sample {
    match texts {
        [one] => Sample::text(one.clone()),
        more => Sample::text(more.join(" ")),
    }
}

impl Neighbours {
    /// A record's texts, and the record.
    fn read(
        &self,
        record: std::result::Result<Record, DataError>,
        index: usize,
    ) -> std::result::Result<(Vec<Arc<str>>, Record), DataError> {
        let mut record = record?;
        let texts = texts(&mut record, self.at)?;
        match texts.is_empty() {
            true => Err(DataError::new(format!(
                "record {index} holds no text to take passages of"
            ))),
            false => Ok((texts, record)),
        }
    }
}

impl Making for Neighbours {
    fn what(&self) -> String {
        format!(
            "neighbours {VERSION} {} {} {}",
            self.at, self.next, self.words
        )
    }

    fn record(&self, from: &From<'_>) -> std::result::Result<Record, DataError> {
        let (texts, mut record) = self.read(from.own(), from.index)?;
        let mut draws = from.draws.clone();
        let follows = draws.chance(self.next) && texts.len() > 1;
        // the first passage is drawn alike for both classes: it tells nothing of the second
        let start = below(&mut draws, texts.len().saturating_sub(1).max(1));
        let rest = &texts[start..];
        let run = &rest[..taken(rest, self.words, 2)];
        let cut = 1 + below(&mut draws, run.len().saturating_sub(1).max(1));
        let (first, second) = run.split_at(cut.min(run.len()));
        let second = match follows {
            true => joined(second),
            false => {
                let mut other = below(&mut draws, from.records() - 1);
                other += usize::from(other >= from.index);
                let (texts, _) = self.read(from.other(other), other)?;
                let rest = &texts[below(&mut draws, texts.len())..];
                let own: usize = first.iter().map(|text| words(text)).sum();
                joined(&rest[..taken(rest, self.words.saturating_sub(own), 1)])
            }
        };
        record[self.at] = joined(first);
        record.insert(self.at + 1, second);
        record.push(Sample::label(u32::from(!follows)));
        Ok(record)
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }
}

fn drawn(args: &Args, base: Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>> {
    let list = SampleType::list(SampleType::TEXT, None);
    let at = made::field("neighbours", args.maybe_word("field"), base.fields(), &list).map_err(
        |problem| match base
            .fields()
            .iter()
            .any(|(_, ty)| ty.fits(&SampleType::TEXT))
        {
            true => problem.help("cut texts into sentences before: `|> sentences()`"),
            false => problem,
        },
    )?;
    match base.len() {
        0 | 1 => {
            return Err(Problem::new(
                Code::TooFewSamples,
                "`neighbours` draws passages of another record, and there is none beside the first",
            )
            .note("Passages are drawn from the records of the same split."));
        }
        n if n > u32::MAX as usize => {
            return Err(Problem::new(
                Code::TooLarge,
                format!("{n} records are more than can be drawn from"),
            ));
        }
        _ => {}
    }
    let mut fields = made::instead(
        base.fields(),
        at,
        &[("first", SampleType::TEXT), ("second", SampleType::TEXT)],
    )?;
    if fields.iter().any(|(name, _)| name == "next") {
        return Err(
            Problem::new(Code::Duplicate, "records have a field `next` already")
                .help("drop it before: `|> without(next)`"),
        );
    }
    fields.push(("next".into(), SampleType::label(CLASSES.len())));
    let making = Neighbours {
        at,
        next: args.ratio("next"),
        words: args.size("words"),
        classes: CLASSES.map(str::to_owned).to_vec(),
    };
    Ok(made::made("neighbours", base, fields, making))
}

fn pipe(args: &Args, source: Source, _: &dyn Fn(&Data) -> Result<Source>) -> Result<Source> {
    source.map(|part| drawn(args, part))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "neighbours",
        Kind::Pipe,
        "Draws two passages of each text that follow one another, or a second one of another text.",
        Make::Pipe(pipe),
    )
    .paper(
        "Devlin et al., 2019",
        "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        "arXiv:1810.04805",
    )
    .param(
        Param::with_default("next", Type::Ratio, "50%", "How many of the second passages follow the first.").within(0.0, 1.0),
    )
    .param(
        Param::with_default("words", Type::Integer, "96", "Most words of both passages together, but for a single long sentence of each.")
            .within(2.0, 1e6),
    )
    .param(Param::optional(
        "field",
        Type::Field,
        "The field of the list of texts, where records have several.",
    ))
    .doc(
        "Takes `list(text)`: of `sentences()`, or the turns of `dialogues`. In its place stand `first: text` and `second: text`, each of one sentence \
         or more, and last `next: label(2)`: 0 (`follows`) or 1 (`random`); other fields stay. Each time a record is read, a place in it is drawn, \
         sentences from there on are taken while they have no more than `words` words, and a place among them where the second passage begins. For \
         `random` that one begins anywhere in another record, drawn from all the others of the same split, and has as many words as are left. A record \
         of one sentence has nothing that follows: it is always `random`.\n\n\
         Each epoch draws anew; what is read for evaluation is drawn once for a run's seed. Put `take` and `hold_out` before it: behind it, the second \
         passages of one split would be of the other.",
    )
    .example("neighbours(next = 50%)")
}

#[cfg(test)]
#[path = "neighbours_tests.rs"]
mod tests;

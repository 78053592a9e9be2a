//! `{ labelled = few, unlabelled = all }`: records of several data sets as one. The largest is gone through; what stands beside a
//! record is drawn from each of the others.

use std::sync::Arc;

use super::{
    DataError, Dataset, Draws, Fields, Normalization, Philox, Portion, Progress, Record, Source,
    Splits, manifest,
};
use crate::catalog::{Problem, Result, Split};
use crate::language::codes::Code;

struct Beside {
    parts: Vec<(String, Arc<dyn Dataset>)>,
    /// What is drawn below each part: [`Philox::part`] of its name.
    keys: Vec<u64>,
    /// The part that is gone through: the largest, of equals the first.
    led: usize,
    fields: Fields,
}

impl Beside {
    fn lead(&self) -> &dyn Dataset {
        &*self.parts[self.led].1
    }

    /// One record of each part. `read` reads one of a part.
    fn record(
        &self,
        index: usize,
        draws: Draws,
        read: impl Fn(&dyn Dataset, usize, Draws) -> std::result::Result<Record, DataError>,
    ) -> std::result::Result<Record, DataError> {
        let mut record = Record::new();
        for (at, ((_, part), key)) in self.parts.iter().zip(&self.keys).enumerate() {
            let below = draws.below(*key);
            let index = match at == self.led {
                true => index,
                false => below.stream(self.id(index)).below(part.len() as u32) as usize,
            };
            record.extend(read(&**part, index, below)?);
        }
        Ok(record)
    }
}

impl Dataset for Beside {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.lead().len()
    }

    fn read(&self, index: usize, draws: Draws) -> std::result::Result<Record, DataError> {
        self.record(index, draws, |part, index, draws| part.read(index, draws))
    }

    fn mend(&self, index: usize, draws: Draws) -> std::result::Result<Record, DataError> {
        self.record(index, draws, |part, index, draws| {
            part.read(index, draws).or_else(|_| part.mend(index, draws))
        })
    }

    /// Of the part that is gone through: of the others it is not known before they are drawn.
    fn class(&self, index: usize) -> std::result::Result<Option<u32>, DataError> {
        self.lead().class(index)
    }

    fn class_names(&self) -> &[String] {
        let named = self.parts.iter().map(|(_, part)| part.class_names());
        named
            .into_iter()
            .find(|names| !names.is_empty())
            .unwrap_or(&[])
    }

    fn manifest(&self, progress: &dyn Progress) -> std::result::Result<String, DataError> {
        let names: Vec<&str> = self.parts.iter().map(|(name, _)| name.as_str()).collect();
        let parts = self.parts.iter().map(|(_, part)| part.manifest(progress));
        let parts: std::result::Result<Vec<String>, DataError> = parts.collect();
        let what = format!("beside {}", names.join(" "));
        Ok(manifest::composed(&what, &parts?))
    }

    fn normalization(&self) -> Option<Normalization> {
        self.parts[0].1.normalization()
    }

    fn resident_bytes(&self) -> u64 {
        self.parts
            .iter()
            .map(|(_, part)| part.resident_bytes())
            .sum()
    }

    fn passing_bytes(&self) -> u64 {
        let parts = self.parts.iter().map(|(_, part)| part.passing_bytes());
        parts.max().unwrap_or(0)
    }

    fn id(&self, index: usize) -> u64 {
        self.lead().id(index)
    }

    fn origin(&self, index: usize) -> Option<String> {
        self.lead().origin(index)
    }

    fn group(&self, index: usize) -> Option<u64> {
        self.lead().group(index)
    }

    fn portions(&self) -> Vec<Portion> {
        let portions = self.parts.iter().flat_map(|(_, part)| part.portions());
        portions.collect()
    }

    fn fetch(&self, progress: &dyn Progress) -> std::result::Result<(), DataError> {
        self.parts
            .iter()
            .try_for_each(|(_, part)| part.fetch(progress))
    }
}

/// Data sets, or one split of each, by name.
pub(super) fn beside(sources: Vec<(String, Source)>) -> Result<Source> {
    let all = sources
        .iter()
        .filter(|(_, source)| matches!(source, Source::All(_)));
    match all.count() {
        0 => {
            let part = |(name, source)| match source {
                Source::One(part) => Some((name, part)),
                Source::All(_) => None,
            };
            Ok(Source::One(together(
                sources.into_iter().filter_map(part).collect(),
            )?))
        }
        n if n == sources.len() => {
            let mut joined = Splits::default();
            let mut parts: Vec<(String, Splits)> = Vec::new();
            for (name, source) in sources {
                if let Source::All(splits) = source {
                    joined.remarks.extend(splits.remarks.iter().cloned());
                    joined.doubts.extend(splits.doubts.iter().cloned());
                    parts.push((name, splits));
                }
            }
            // a split that one lacks has no records of both
            let in_all = |split: &Split| {
                let mut all = parts.iter();
                all.all(|(_, splits)| splits.parts.contains_key(split))
            };
            let first = parts.first().map(|(_, splits)| splits.parts.keys());
            for split in first.into_iter().flatten().copied().filter(in_all) {
                let of_split = parts
                    .iter()
                    .map(|(name, splits)| (name.clone(), splits.parts[&split].clone()));
                joined.parts.insert(split, together(of_split.collect())?);
            }
            Ok(Source::All(joined))
        }
        _ => Err(Problem::new(
            Code::WrongKind,
            "one split can't stand beside a data set of several",
        )
        .help("name the split of each: `{ a = one.train, b = two.train }`")),
    }
}

fn together(parts: Vec<(String, Arc<dyn Dataset>)>) -> Result<Arc<dyn Dataset>> {
    let mut fields = Fields::new();
    for (name, part) in &parts {
        if part.is_empty() {
            let message = format!("`{name}` has no records");
            return Err(Problem::new(Code::TooFewSamples, message));
        }
        if part.len() > u32::MAX as usize {
            let message = format!("`{name}` has more than {} records", u32::MAX);
            return Err(Problem::new(Code::TooLarge, message));
        }
        for (field, ty) in part.fields() {
            let field = format!("{name}_{field}");
            if fields.iter().any(|(other, _)| *other == field) {
                let message = format!("two fields are called `{field}`");
                return Err(Problem::new(Code::Duplicate, message)
                    .note("A field is called by its data set and its own name.")
                    .help("give one of the data sets another name"));
            }
            fields.push((field, ty.clone()));
        }
    }
    let longest = parts.iter().map(|(_, part)| part.len()).max();
    let led = parts
        .iter()
        .position(|(_, part)| Some(part.len()) == longest);
    Ok(Arc::new(Beside {
        led: led.unwrap_or(0),
        keys: parts.iter().map(|(name, _)| Philox::part(name)).collect(),
        parts,
        fields,
    }))
}

//! `a |> concat(b)`, `concat(a, b)`: one data set after the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{Args, Data, Kind, Make, Param, Problem, Result, Spec, Split, Type};
use crate::data::{
    DataError, Dataset, Draws, Fields, Normalization, Philox, Portion, Progress, Record, Source,
    Splits, manifest,
};
use crate::language::codes::Code;

struct Concat {
    parts: Vec<Arc<dyn Dataset>>,
    /// One past the last record of each part.
    ends: Vec<usize>,
    /// What is drawn below each part: [`Philox::part`] of its place.
    keys: Vec<u64>,
    fields: Fields,
}

impl Concat {
    /// The part that holds a record, its number, and the record's index there.
    fn part(&self, index: usize) -> Result<(&dyn Dataset, usize, usize), DataError> {
        let at = self.ends.partition_point(|end| *end <= index);
        let part = self.parts.get(at);
        let part = part.ok_or_else(|| DataError::outside(index, self.len()))?;
        Ok((&**part, at, index + part.len() - self.ends[at]))
    }
}

impl Dataset for Concat {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    fn read(&self, index: usize, draws: Draws) -> Result<Record, DataError> {
        let (part, at, index) = self.part(index)?;
        part.read(index, draws.below(self.keys[at]))
    }

    fn mend(&self, index: usize, draws: Draws) -> Result<Record, DataError> {
        let (part, at, index) = self.part(index)?;
        part.mend(index, draws.below(self.keys[at]))
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        let (part, _, index) = self.part(index)?;
        part.class(index)
    }

    fn class_names(&self) -> &[String] {
        self.parts[0].class_names()
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let parts: Result<Vec<String>, DataError> = self
            .parts
            .iter()
            .map(|part| part.manifest(progress))
            .collect();
        Ok(manifest::composed("concat", &parts?))
    }

    fn normalization(&self) -> Option<Normalization> {
        self.parts[0].normalization()
    }

    fn resident_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.resident_bytes()).sum()
    }

    fn passing_bytes(&self) -> u64 {
        let parts = self.parts.iter().map(|part| part.passing_bytes());
        parts.max().unwrap_or(0)
    }

    /// Of two parts: twice the part's own number, plus one in the second. Distinct as long as the parts' own are.
    fn id(&self, index: usize) -> u64 {
        match self.part(index) {
            Ok((part, at, index)) => part
                .id(index)
                .wrapping_mul(self.parts.len() as u64)
                .wrapping_add(at as u64),
            Err(_) => index as u64,
        }
    }

    fn origin(&self, index: usize) -> Option<String> {
        let (part, _, index) = self.part(index).ok()?;
        part.origin(index)
    }

    /// Numbered as [`Self::id`] is: groups of one part are of that part alone.
    fn group(&self, index: usize) -> Option<u64> {
        let (part, at, index) = self.part(index).ok()?;
        let group = part.group(index)?.wrapping_mul(self.parts.len() as u64);
        Some(group.wrapping_add(at as u64))
    }

    fn portions(&self) -> Vec<Portion> {
        self.parts.iter().flat_map(|part| part.portions()).collect()
    }

    fn fetch(&self, progress: &dyn Progress) -> Result<(), DataError> {
        self.parts.iter().try_for_each(|part| part.fetch(progress))
    }
}

/// A part without the fields that not all have: labelled records beside unlabelled ones become unlabelled.
fn shared(mut part: Arc<dyn Dataset>, all: &[Fields]) -> Arc<dyn Dataset> {
    let has = |fields: &Fields, name: &str| fields.iter().any(|(field, _)| field == name);
    let own = |part: &Arc<dyn Dataset>| {
        let lacking = |name: &str| all.iter().any(|fields| !has(fields, name));
        let fields = part.fields();
        let found = fields.iter().position(|(name, _)| lacking(name));
        found.filter(|_| fields.len() > 1)
    };
    while let Some(at) = own(&part) {
        part = super::without::dropping(part, at);
    }
    part
}

fn join(parts: Vec<Arc<dyn Dataset>>) -> Result<Arc<dyn Dataset>> {
    let all: Vec<Fields> = parts.iter().map(|part| part.fields().clone()).collect();
    let parts: Vec<_> = parts.into_iter().map(|part| shared(part, &all)).collect();
    let mut fields = parts[0].fields().clone();
    for part in &parts[1..] {
        let other = part.fields();
        let shown = |fields: &Fields| {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, ty)| format!("{name}: {ty}"))
                .collect();
            fields.join(", ")
        };
        let same_names = fields.iter().map(|f| &f.0).eq(other.iter().map(|f| &f.0));
        if !same_names || !fields.iter().zip(other).all(|(a, b)| a.1.fits(&b.1)) {
            return Err(Problem::new(
                Code::SampleType,
                "data sets with different records can't be joined",
            )
            .note(format!("one has {}", shown(&fields)))
            .note(format!("the other has {}", shown(other))));
        }
        let (names, others) = (parts[0].class_names(), part.class_names());
        if !names.is_empty() && !others.is_empty() && names != others {
            return Err(Problem::new(
                Code::SampleType,
                "data sets with different classes can't be joined",
            )
            .note(format!("one has {}", names.join(", ")))
            .note(format!("the other has {}", others.join(", ")))
            .help("drop the labels of both: `|> without(label)`"));
        }
        for (field, other) in fields.iter_mut().zip(other) {
            field.1 = field.1.wider(&other.1);
        }
    }
    let ends = parts.iter().scan(0, |end, part| {
        *end += part.len();
        Some(*end)
    });
    let keys = (0..parts.len()).map(|at| Philox::part(&format!("concat/{at}")));
    Ok(Arc::new(Concat {
        keys: keys.collect(),
        ends: ends.collect(),
        fields,
        parts,
    }))
}

fn pipe(args: &Args, source: Source, open: &dyn Fn(&Data) -> Result<Source>) -> Result<Source> {
    let mut sources = Vec::new();
    // at the head of an expression nothing flows in
    if !matches!(&source, Source::All(splits) if splits.parts.is_empty()) {
        sources.push(source);
    }
    for name in ["a", "b"] {
        if let Some(data) = args.maybe_data(name) {
            sources.push(open(data)?);
        }
    }
    if sources.len() < 2 {
        return Err(Problem::new(
            Code::MissingField,
            "`concat` joins two data sets, but there is one",
        )
        .help("`one.train |> concat(two.train)` or `concat(one.train, two.train)`"));
    }
    let mut single = Vec::new();
    let mut splits: BTreeMap<Split, Vec<Arc<dyn Dataset>>> = BTreeMap::new();
    let (mut remarks, mut doubts) = (Vec::new(), Vec::new());
    let n = sources.len();
    for source in sources {
        match source {
            Source::One(part) => single.push(part),
            Source::All(all) => {
                for (split, part) in all.parts {
                    splits.entry(split).or_default().push(part);
                }
                remarks.extend(all.remarks);
                doubts.extend(all.doubts);
            }
        }
    }
    if single.len() == n {
        return Ok(Source::One(join(single)?));
    }
    if !single.is_empty() {
        return Err(Problem::new(
            Code::WrongKind,
            "one split can't be joined with a data set of several",
        )
        .help("name the split: `.train`"));
    }
    let mut joined = Splits {
        remarks,
        doubts,
        ..Splits::default()
    };
    for (split, parts) in splits {
        joined.parts.insert(split, join(parts)?);
    }
    Ok(Source::All(joined))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "concat",
        Kind::Pipe,
        "Joins data sets: the records of one, then those of the other, with the fields that both have.",
        Make::Pipe(pipe),
    )
    .param(Param::required(
        "a",
        Type::Data,
        "The data set that follows, or the first of two.",
    ))
    .param(Param::optional("b", Type::Data, "The second of two."))
    .doc("Splits join splits of the same name; a split that only one has stays as it is. Labelled records beside unlabelled ones become unlabelled.")
    .example("concat(fashion.test)")
}

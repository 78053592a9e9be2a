//! Records that are made of a data set's, one of each.

use std::sync::Arc;

use crate::catalog::{Problem, Result};
use crate::data::{
    DataError, Dataset, Draws, Fields, Normalization, Philox, Portion, Progress, Record,
    SampleType, first_label, manifest,
};
use crate::language::codes::Code;

/// What reads a record of a data set, as it is or mended.
pub(super) type Read<'r> =
    &'r dyn Fn(&dyn Dataset, usize, Draws) -> std::result::Result<Record, DataError>;

/// How records are made.
pub(super) trait Making: Send + Sync {
    /// All that decides what comes of a record, in a line.
    fn what(&self) -> String;

    /// What comes of the record `index`. `draws` are its own, `below` those of what `read` reads.
    fn record(&self, from: &From<'_>) -> std::result::Result<Record, DataError>;

    /// Names of the classes of its first label, where the data set that it is made of has none.
    fn class_names(&self) -> &[String] {
        &[]
    }
}

/// What one record is made of.
pub(super) struct From<'f> {
    base: &'f dyn Dataset,
    pub(super) index: usize,
    /// What is drawn for it.
    pub(super) draws: Philox,
    below: Draws,
    read: Read<'f>,
}

impl From<'_> {
    /// The record itself.
    pub(super) fn own(&self) -> std::result::Result<Record, DataError> {
        self.other(self.index)
    }

    /// Another record.
    pub(super) fn other(&self, index: usize) -> std::result::Result<Record, DataError> {
        (self.read)(self.base, index, self.below)
    }

    /// How many there are.
    pub(super) fn records(&self) -> usize {
        self.base.len()
    }
}

struct Made<M> {
    base: Arc<dyn Dataset>,
    making: M,
    fields: Fields,
    /// Of the pipe's name: what flows in draws below it.
    key: u64,
    /// Whether its first label is that of the data set.
    labelled: bool,
}

impl<M: Making> Made<M> {
    fn record(
        &self,
        index: usize,
        draws: Draws,
        read: Read<'_>,
    ) -> std::result::Result<Record, DataError> {
        if index >= self.base.len() {
            return Err(DataError::outside(index, self.base.len()));
        }
        self.making.record(&From {
            base: &*self.base,
            index,
            draws: draws.stream(self.base.id(index)),
            below: draws.below(self.key),
            read,
        })
    }
}

impl<M: Making> Dataset for Made<M> {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn read(&self, index: usize, draws: Draws) -> std::result::Result<Record, DataError> {
        self.record(index, draws, &|base, index, draws| base.read(index, draws))
    }

    fn mend(&self, index: usize, draws: Draws) -> std::result::Result<Record, DataError> {
        self.record(index, draws, &|base, index, draws| {
            base.read(index, draws).or_else(|_| base.mend(index, draws))
        })
    }

    fn class(&self, index: usize) -> std::result::Result<Option<u32>, DataError> {
        match self.labelled {
            true => self.base.class(index),
            false => Ok(None),
        }
    }

    fn no_label(&self) -> Option<&str> {
        self.base.no_label()
    }

    fn class_names(&self) -> &[String] {
        match self.labelled {
            true => self.base.class_names(),
            false => self.making.class_names(),
        }
    }

    fn manifest(&self, progress: &dyn Progress) -> std::result::Result<String, DataError> {
        let base = self.base.manifest(progress)?;
        Ok(manifest::composed(&self.making.what(), &[base]))
    }

    fn normalization(&self) -> Option<Normalization> {
        self.base.normalization()
    }

    fn resident_bytes(&self) -> u64 {
        self.base.resident_bytes()
    }

    fn resident_key(&self) -> usize {
        self.base.resident_key()
    }

    fn id(&self, index: usize) -> u64 {
        self.base.id(index)
    }

    fn origin(&self, index: usize) -> Option<String> {
        self.base.origin(index)
    }

    fn group(&self, index: usize) -> Option<u64> {
        self.base.group(index)
    }

    fn buffer(&self) -> Option<usize> {
        self.base.buffer()
    }

    fn portions(&self) -> Vec<Portion> {
        self.base.portions()
    }

    fn fetch(&self, progress: &dyn Progress) -> std::result::Result<(), DataError> {
        self.base.fetch(progress)
    }
}

/// A data set whose records are made of those of `base` by the pipe `name`; they have these fields.
pub(super) fn made(
    name: &str,
    base: Arc<dyn Dataset>,
    fields: Fields,
    making: impl Making + 'static,
) -> Arc<dyn Dataset> {
    let label = |fields: &Fields| first_label(fields).map(|(name, _)| name.to_owned());
    let own = label(base.fields());
    Arc::new(Made {
        key: Philox::part(name),
        labelled: own.is_some() && own == label(&fields),
        base,
        making,
        fields,
    })
}

/// The field of this type that a pipe takes, by its place: the one that is `named`, else the only one.
///
/// # Errors
/// There is none, or several.
pub(super) fn field(
    of: &str,
    named: Option<&str>,
    fields: &Fields,
    wanted: &SampleType,
) -> Result<usize> {
    let have: Vec<String> = fields
        .iter()
        .map(|(name, ty)| format!("`{name}: {ty}`"))
        .collect();
    let have = format!("they have {}", have.join(", "));
    if let Some(named) = named {
        let refused =
            |code, what: String| Err(Problem::argument(code, "field", what).note(have.as_str()));
        return match fields.iter().position(|(name, _)| name == named) {
            None => refused(
                Code::UnknownPart,
                format!("records have no field `{named}`"),
            ),
            Some(at) if fields[at].1.fits(wanted) => Ok(at),
            Some(at) => refused(
                Code::SampleType,
                format!(
                    "`{named}` is `{}`, and `{of}` takes `{wanted}`",
                    fields[at].1
                ),
            ),
        };
    }
    let mut fitting = (0..fields.len()).filter(|at| fields[*at].1.fits(wanted));
    match (fitting.next(), fitting.next()) {
        (Some(at), None) => Ok(at),
        (Some(at), Some(_)) => Err(Problem::new(
            Code::SampleType,
            format!("records have several fields that `{of}` could take"),
        )
        .note(have.as_str())
        .help(format!("name one: `{of}(field = {})`", fields[at].0))),
        (None, _) => Err(Problem::new(
            Code::SampleType,
            format!("records have no field of `{wanted}`, which `{of}` takes"),
        )
        .note(have.as_str())),
    }
}

/// Fields in which `at` gave way to others.
///
/// # Errors
/// A field of one of these names is there already.
pub(super) fn instead(fields: &Fields, at: usize, others: &[(&str, SampleType)]) -> Result<Fields> {
    let mut rest = fields.clone();
    rest.remove(at);
    if let Some((name, _)) = others
        .iter()
        .find(|(name, _)| rest.iter().any(|(own, _)| own == name))
    {
        return Err(Problem::new(
            Code::Duplicate,
            format!("records have a field `{name}` already"),
        )
        .help(format!("drop it before: `|> without({name})`")));
    }
    let others = others
        .iter()
        .map(|(name, ty)| ((*name).to_owned(), ty.clone()));
    rest.splice(at..at, others);
    Ok(rest)
}

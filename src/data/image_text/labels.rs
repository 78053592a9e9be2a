//! Classes of pairs: the values of a column, over all files.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::source::Pairs;
use crate::catalog::{Problem, Result};
use crate::data::documents::index::{Key, MOST_CLASSES};
use crate::data::{Sample, SampleType};
use crate::language::codes::Code;

/// The classes that all files have together.
#[derive(Clone, Debug, Default)]
pub(super) struct Classes {
    column: Option<String>,
    keys: Arc<[Key]>,
    names: Arc<[String]>,
}

/// The same of the files of one split.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    classes: Classes,
    /// Of each file the class of each value in its index.
    codes: Vec<Vec<Option<u32>>>,
}

/// The values of the column that is `asked` for, each one class: numbers in their order, then words in theirs. `must`: there is an error
/// where no row has one, else there are no classes.
///
/// # Errors
/// No row has one, or there are too many.
pub(super) fn found<'f>(
    (asked, must): (Option<&str>, bool),
    files: impl Iterator<Item = &'f dyn Pairs> + Clone,
) -> Result<Classes> {
    let Some(column) = asked else {
        return Ok(Classes::default());
    };
    let wrong = |why: String| Err(Problem::argument(Code::UnknownPart, "label", why));
    let mut all = files.clone();
    if let Some((file, why)) = all.find_map(|file| Some((file.file(), file.index().why.as_ref()?)))
    {
        return wrong(format!("`{column}` of {} {why}", file.display()));
    }
    let keys: BTreeSet<Key> = files
        .flat_map(|file| file.index().keys.iter().cloned())
        .collect();
    if keys.is_empty() && !must {
        return Ok(Classes::default());
    }
    if keys.is_empty() {
        return wrong(format!("no row has a class in `{column}`"));
    }
    if keys.len() > MOST_CLASSES {
        return wrong(format!(
            "`{column}` has {} different values, and {MOST_CLASSES} at most are classes",
            keys.len()
        ));
    }
    Ok(Classes {
        column: Some(column.to_owned()),
        names: keys.iter().map(Key::to_string).collect(),
        keys: keys.into_iter().collect(),
    })
}

impl Classes {
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn of<'f>(&self, files: impl Iterator<Item = &'f dyn Pairs>) -> Labels {
        let class = |key: &Key| self.keys.binary_search(key).ok().map(|class| class as u32);
        let codes = files.map(|file| file.index().keys.iter().map(class).collect());
        Labels {
            codes: codes.collect(),
            classes: self.clone(),
        }
    }
}

impl Labels {
    pub(super) fn names(&self) -> &[String] {
        &self.classes.names
    }

    /// The field of records, where they have one.
    pub(super) fn field(&self) -> Option<(String, SampleType)> {
        self.classes.column.as_ref()?;
        let ty = SampleType::label(self.classes.keys.len());
        Some(("label".to_owned(), ty))
    }

    /// How classes are numbered follows from all files.
    pub(super) fn kind(&self) -> String {
        match &self.classes.column {
            Some(column) => format!(" {column:?} {:?}", self.classes.names),
            None => String::new(),
        }
    }

    /// The class of a row of the file of this number.
    pub(super) fn class(&self, from: &dyn Pairs, file: usize, row: usize) -> Option<u32> {
        self.classes.column.as_ref()?;
        let value = from.index().labels.get(row)?;
        *self.codes.get(file)?.get(*value as usize)?
    }

    /// What a record holds of it, where records have a label.
    pub(super) fn sample(&self, from: &dyn Pairs, file: usize, row: usize) -> Option<Sample> {
        let column = self.classes.column.as_ref()?;
        Some(match self.class(from, file, row) {
            Some(class) => Sample::label(class),
            None => Sample::missing(format!(
                "line {} of {} says no class in `{column}`",
                from.index().line(row),
                from.file().display()
            )),
        })
    }
}

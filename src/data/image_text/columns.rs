//! Parquet files with columns of encoded pictures and of captions, in the schema of the Hugging Face hub.

use std::path::Path;

use super::captions::{Noted, number_of};
use super::rows::{IMAGES, Names, TEXTS, key};
use super::source::{Found, Pairs, Row};
use crate::catalog::{Problem, Result as Checked};
use crate::data::DataError;
use crate::data::decode::{self, Header};
use crate::data::documents::index::{Gather, Index};
use crate::data::parquet::{Cells, Shared, Texts, words};
use crate::language::codes::Code;

/// A file: its pictures, and a column of captions or several.
pub(super) struct Columns {
    images: Cells,
    texts: Vec<Texts>,
    index: Index,
}

/// The column that is asked for, else the first of those that are known, as `open` gives it.
fn column<T>(
    what: &str,
    asked: Option<&str>,
    known: &[&str],
    mut open: impl FnMut(&str) -> Result<T, String>,
) -> Checked<T> {
    if let Some(name) = asked {
        return open(name).map_err(|why| Problem::argument(Code::UnknownPart, what, why));
    }
    let mut why = None;
    for name in known {
        match open(name) {
            Ok(column) => return Ok(column),
            Err(problem) => why = why.or(Some(problem)),
        }
    }
    Err(
        Problem::argument(Code::UnknownPart, what, why.unwrap_or_default())
            .help(format!("name the column: `{what} = \"…\"`")),
    )
}

impl Columns {
    /// Reads the footer, how many captions rows have, and the columns of groups and classes where these are asked for.
    pub(super) fn open(path: &Path, names: &Names, shared: &Shared) -> Checked<Self> {
        let images = column("image", names.image.as_deref(), &IMAGES, |name| {
            Cells::open(path, name, shared)
        })?;
        let text = |asked: Option<&str>| {
            column("text", asked, &TEXTS, |name| {
                Texts::open(path, name, shared)
            })
        };
        let texts = match names.text.as_slice() {
            [] => vec![text(None)?],
            several => several
                .iter()
                .map(|name| text(Some(name)))
                .collect::<Checked<_>>()?,
        };
        let damaged = |why: String| Problem::argument(Code::BadFile, "name", why);
        let mut captions = vec![0u64; images.rows()];
        for column in &texts {
            let counts = column.counts().map_err(damaged)?;
            let sums = captions.iter_mut().zip(counts);
            sums.for_each(|(sum, count)| *sum += u64::from(count));
        }
        let (mut groups, mut labels) = (Vec::new(), Vec::new());
        let said = |what: &str, name: &Option<String>, take: &mut dyn FnMut(Option<&str>)| {
            let Some(name) = name else { return Ok(()) };
            column(what, Some(name), &[], |_| words(path, name, &mut *take))
        };
        said("group", &names.group, &mut |word| {
            groups.push(word.map(|word| number_of(word.as_bytes())));
        })?;
        said("label", &names.label, &mut |word| {
            labels.push(word.and_then(|word| key(word.as_bytes())));
        })?;
        // rows of shards are counted from 0 in each
        let salt = path.file_name().unwrap_or_default().to_string_lossy();
        let mut gather = Gather::default();
        gather.all_texts();
        let mut labels = labels.into_iter();
        for (row, captions) in captions.into_iter().enumerate() {
            let picture = number_of(format!("{salt} {row}").as_bytes());
            let noted = Noted {
                picture,
                group: groups.get(row).copied().flatten().unwrap_or(picture),
                captions,
            };
            gather.note(noted.numbers());
            gather.add(row as u64, 1 + row as u64, labels.next().flatten());
        }
        Ok(Self {
            index: gather.done(images.rows() as u64),
            images,
            texts,
        })
    }
}

impl Pairs for Columns {
    fn file(&self) -> &Path {
        self.images.path()
    }

    fn index(&self) -> &Index {
        &self.index
    }

    fn row(&self, row: usize) -> Result<Row, DataError> {
        let mut captions = Vec::new();
        for column in &self.texts {
            captions.extend(column.get(row)?);
        }
        Ok(Row {
            name: format!("row {row} of {}", self.file().display()),
            image: self.images.get(row)?,
            captions,
        })
    }

    fn header(&self, row: usize) -> Option<Header> {
        decode::header_of(&self.images.get(row).ok()?).ok()
    }

    fn resident(&self) -> u64 {
        let texts: u64 = self.texts.iter().map(Texts::resident).sum();
        self.index.bytes() + self.images.resident() + texts
    }

    fn beside(&self, _: &mut dyn Iterator<Item = usize>) -> Option<Found> {
        None
    }
}

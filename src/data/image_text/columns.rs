//! Parquet files with columns of encoded pictures and of captions, in the schema of the Hugging Face hub.

use std::path::Path;

use super::captions::{Noted, number_of};
use super::source::{Found, Pairs, Row};
use super::table::{IMAGES, Names, TEXTS, filled, key};
use crate::catalog::{Problem, Result as Checked};
use crate::data::DataError;
use crate::data::decode::{self, Header};
use crate::data::documents::index::{Gather, Index};
use crate::data::parquet::{Cells, Shared};
use crate::language::codes::Code;

/// A file: its pictures, and a column of captions or several.
pub(super) struct Columns {
    images: Cells,
    texts: Vec<Cells>,
    index: Index,
}

/// The column that is asked for, else the first of those that are known.
fn column(
    path: &Path,
    (what, holds): (&str, &str),
    asked: Option<&str>,
    known: &[&str],
    shared: &Shared,
) -> Checked<Cells> {
    if let Some(name) = asked {
        return Cells::open(path, name, holds, shared)
            .map_err(|why| Problem::argument(Code::UnknownPart, what, why));
    }
    let mut why = None;
    for name in known {
        match Cells::open(path, name, holds, shared) {
            Ok(cells) => return Ok(cells),
            Err(problem) => why = why.or(Some(problem)),
        }
    }
    Err(
        Problem::argument(Code::UnknownPart, what, why.unwrap_or_default())
            .help(format!("name the column: `{what} = \"…\"`")),
    )
}

impl Columns {
    /// Reads the footer, and the columns of groups and classes where these are asked for.
    pub(super) fn open(path: &Path, names: &Names, shared: &Shared) -> Checked<Self> {
        let pictures = ("image", "picture");
        let images = column(path, pictures, names.image.as_deref(), &IMAGES, shared)?;
        let texts: Checked<Vec<Cells>> = match names.text.as_slice() {
            [] => column(path, ("text", "text"), None, &TEXTS, shared).map(|one| vec![one]),
            several => several
                .iter()
                .map(|name| column(path, ("text", "text"), Some(name), &[], shared))
                .collect(),
        };
        let texts = texts?;
        let other = |what: &'static str, name: &Option<String>| match name {
            Some(name) => column(path, (what, "text"), Some(name), &[], shared).map(Some),
            None => Ok(None),
        };
        let (groups, labels) = (other("group", &names.group)?, other("label", &names.label)?);
        // rows of shards are counted from 0 in each
        let salt = path.file_name().unwrap_or_default().to_string_lossy();
        let mut gather = Gather::default();
        gather.all_texts();
        for row in 0..images.rows() {
            let cell = |cells: &Option<Cells>| cells.as_ref()?.get(row).ok();
            let picture = number_of(format!("{salt} {row}").as_bytes());
            let group = cell(&groups).and_then(|cell| filled(&cell));
            let noted = Noted {
                picture,
                group: group.map_or(picture, |group| number_of(&group)),
                captions: texts.len() as u64,
            };
            gather.note(noted.numbers());
            gather.add(
                row as u64,
                1 + row as u64,
                cell(&labels).and_then(|cell| key(&cell)),
            );
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
        let captions = self.texts.iter().map(|cells| cells.get(row));
        Ok(Row {
            name: format!("row {row} of {}", self.file().display()),
            image: self.images.get(row)?,
            captions: captions.collect::<Result<_, _>>()?,
        })
    }

    fn header(&self, row: usize) -> Option<Header> {
        decode::header_of(&self.images.get(row).ok()?).ok()
    }

    fn resident(&self) -> u64 {
        let texts: u64 = self.texts.iter().map(Cells::resident).sum();
        self.index.bytes() + self.images.resident() + texts
    }

    fn beside(&self, _: &mut dyn Iterator<Item = usize>) -> Option<Found> {
        None
    }
}

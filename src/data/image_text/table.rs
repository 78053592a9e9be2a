//! Files that name pictures beside their captions: CSV, TSV, JSON lines.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::rows::{Columns, Names, Said};
use super::source::{Found, Pairs, Row};
use crate::catalog::Result as Checked;
use crate::data::decode::{self, Header};
use crate::data::documents::index::Index;
use crate::data::documents::stored::{Stored, bad};
use crate::data::documents::{format_of, table as rows};
use crate::data::{DataError, packed, regular};

#[derive(Clone, Debug)]
enum Format {
    Json(Names),
    Table(Columns),
}

/// A file, and where its pictures lie.
pub(super) struct Table {
    stored: Stored,
    format: Format,
    /// The folder that its pictures are named from.
    folder: PathBuf,
}

impl Table {
    /// Looks through a file. `folder`: where its pictures lie; where the file lies if that is not said.
    pub(super) fn open(path: &Path, names: &Names, folder: Option<&Path>) -> Checked<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let format = match format_of(&name) {
            Some(kind @ ("csv" | "tsv")) => {
                let separator = if kind == "csv" { b',' } else { b'\t' };
                let stream = packed::stream(path).map_err(|error| bad(path, &error))?;
                let header = rows::header(stream, separator).map_err(|what| bad(path, &what))?;
                Format::Table(Columns::of(path, separator, &header, names)?)
            }
            _ => Format::Json(names.clone()),
        };
        let kind = match &format {
            Format::Json(names) => format!("index of pairs 1 {names:?}"),
            Format::Table(columns) => format!("index of pairs 1 {columns:?}"),
        };
        let find = |from: &mut dyn Read| match &format {
            Format::Json(names) => names.scan(from),
            Format::Table(columns) => columns.scan(from),
        };
        let stored =
            Stored::open(path, &kind, &find).map_err(|problem| match names.text.is_empty() {
                true => problem.help("name the fields: `image = \"…\"`, `text = \"…\"`"),
                false => problem,
            })?;
        // a file that is named alone lies here
        let own = path.parent().filter(|own| !own.as_os_str().is_empty());
        let own = own.unwrap_or(Path::new("."));
        Ok(Self {
            stored,
            format,
            folder: folder.unwrap_or(own).to_owned(),
        })
    }

    fn said(&self, row: usize) -> Result<Said, (Option<Vec<u8>>, String)> {
        let piece = self.stored.piece(row).map_err(|what| (None, what))?;
        let said = match &self.format {
            Format::Json(names) => names.read(&piece),
            Format::Table(columns) => columns.read(&piece, row + 1 == self.stored.index.len()),
        };
        said.map_err(|what| (Some(piece), what))
    }

    /// The picture's path below the folder.
    fn path(&self, image: &[u8]) -> Result<PathBuf, String> {
        if image.is_empty() {
            return Err("it names no picture".into());
        }
        let Ok(text) = std::str::from_utf8(image) else {
            return Err("the name of its picture is no UTF-8".into());
        };
        let path = Path::new(text);
        // a table may name its own folder from the root
        let inner = path.strip_prefix(&self.folder).unwrap_or(path);
        let stays = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        match inner.components().all(stays) {
            true => Ok(inner
                .components()
                .filter(|part| *part != Component::CurDir)
                .collect()),
            false => Err(format!(
                "its picture does not lie below {}: write paths from there, or name their folder, `images = \"…\"`",
                self.folder.display()
            )),
        }
    }
}

impl Pairs for Table {
    fn file(&self) -> &Path {
        &self.stored.path
    }

    fn index(&self) -> &Index {
        &self.stored.index
    }

    fn row(&self, row: usize) -> Result<Row, DataError> {
        let failed = |piece: Option<&[u8]>, what: String| {
            DataError::new(format!(
                "can't read {}: {what}",
                self.stored.name(row, piece)
            ))
        };
        let said = self
            .said(row)
            .map_err(|(piece, what)| failed(piece.as_deref(), what))?;
        let path = self.path(&said.image).map_err(|what| failed(None, what))?;
        let path = self.folder.join(path);
        let name = format!("{}, {}", path.display(), self.stored.name(row, None));
        let image = regular::read(&path)
            .map_err(|error| DataError::new(format!("can't read {name}: {error}")))?;
        Ok(Row {
            name,
            image,
            captions: said.captions,
        })
    }

    fn header(&self, row: usize) -> Option<Header> {
        let path = self.path(&self.said(row).ok()?.image).ok()?;
        let file = regular::open(&self.folder.join(path)).ok()?;
        // one block of a disk: most headers fit into it
        decode::header(std::io::BufReader::with_capacity(4096, file)).ok()
    }

    fn resident(&self) -> u64 {
        self.stored.resident()
    }

    /// The pictures that rows name; those of rows that can't be read are told of when they are read.
    fn beside(&self, rows: &mut dyn Iterator<Item = usize>) -> Option<Found> {
        let paths = rows.filter_map(|row| self.path(&self.said(row).ok()?.image).ok());
        Some(Found {
            root: self.folder.clone(),
            files: paths.collect(),
        })
    }
}

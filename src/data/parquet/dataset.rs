//! One split of parquet files: its records, labels and bytes.

use std::path::PathBuf;

use super::class::{Class, Coding};
use super::file::PictureFile;
use super::labels::Classes;
use crate::data::decode::{self, Look, PictureSize};
use crate::data::{
    DataError, Dataset, Draws, Fields, Progress, Record, Sample, SampleType, first_label,
};
use crate::data::{manifest, shards, texts};

/// What the bytes of a row are.
#[derive(Clone, Copy)]
pub(super) enum Content {
    Pictures(Look, PictureSize),
    Texts,
}

/// One file of a split.
pub(super) struct Part {
    pub(super) file: PictureFile,
    /// Where it has labels, what they mean.
    pub(super) coding: Option<Coding>,
}

pub(super) struct Parquet {
    parts: Vec<Part>,
    /// First record of each file.
    firsts: Vec<usize>,
    len: usize,
    fields: Fields,
    /// Whether records have the field `label`.
    labelled: bool,
    /// The label column.
    column: String,
    /// Why there is no label.
    why: Option<String>,
    classes: Vec<String>,
    content: Content,
    kind: String,
}

impl Parquet {
    /// A record as it is, or what there is of it.
    fn record(&self, index: usize, mend: bool) -> Result<Record, DataError> {
        let (part, row) = self.row(index)?;
        let path = part.file.path.display();
        let bytes = part.file.picture(row)?;
        let value = match &self.content {
            Content::Pictures(look, size) => {
                let name = || format!("the picture in row {row} of {path}");
                let decode = if mend { decode::mend } else { decode::decode };
                let image = decode(&bytes, look)
                    .map_err(|what| DataError::new(format!("can't read {}: {what}", name())))?;
                size.check(&image, &name)?;
                Sample::image(image)
            }
            Content::Texts => {
                let read = if mend { texts::mend } else { texts::read };
                let text = read(bytes).map_err(|what| {
                    DataError::new(format!(
                        "can't read the text in row {row} of {path}: {what}"
                    ))
                })?;
                Sample::text(text)
            }
        };
        let mut record = vec![value];
        if self.labelled {
            record.push(match self.label(part, row) {
                Ok(class) => Sample::label(class),
                Err((_, why)) => Sample::missing(why),
            });
        }
        Ok(record)
    }

    /// The file that holds a record, and its row there.
    fn row(&self, index: usize) -> Result<(&Part, usize), DataError> {
        let (at, row) = shards::locate(&self.firsts, self.len, index)?;
        Ok((&self.parts[at], row))
    }

    /// The label of a row: a class, or why there is none.
    fn label(&self, part: &Part, row: usize) -> std::result::Result<u32, (Class, String)> {
        let path = part.file.path.display();
        let Some(coding) = &part.coding else {
            let why = format!(
                "row {row} of {path} has no label: there is no column `{}`",
                self.column
            );
            return Err((Class::Without, why));
        };
        let class = match part.file.class(row, coding) {
            Ok(class) => class,
            Err(error) => return Err((Class::Wrong, error.message)),
        };
        let says = || {
            let (column, text) = (&self.column, part.file.label_text(row));
            format!("row {row} of {path}: column `{column}` is {text}")
        };
        match class {
            Class::Of(class) => Ok(class),
            Class::Without => Err((class, format!("{}, which is no label", says()))),
            Class::Wrong => {
                let label = first_label(&self.fields);
                let n = label.and_then(|(_, label)| label.classes).unwrap_or(0);
                Err((class, format!("{}, but there are {n} classes", says())))
            }
        }
    }
}

impl Dataset for Parquet {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.len
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, false)
    }

    fn mend(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, true)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        let (part, row) = self.row(index)?;
        if !self.labelled {
            return Ok(None);
        }
        match self.label(part, row) {
            Ok(class) => Ok(Some(class)),
            Err((Class::Without, _)) => Ok(None),
            Err((_, why)) => Err(DataError::new(why)
                .help("where no label is needed, drop it first: `|> without(label)`")),
        }
    }

    fn origin(&self, index: usize) -> Option<String> {
        let (part, row) = self.row(index).ok()?;
        let name = part.file.path.file_name()?.to_string_lossy();
        Some(format!("{name}#{row}"))
    }

    fn no_label(&self) -> Option<&str> {
        self.why.as_deref()
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn resident_bytes(&self) -> u64 {
        let held = self.parts.iter().map(|part| part.file.resident_bytes());
        held.sum()
    }

    fn passing_bytes(&self) -> u64 {
        let moments = self.parts.iter().map(|part| part.file.largest_bytes());
        moments.max().unwrap_or(0)
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let paths: Vec<PathBuf> = self
            .parts
            .iter()
            .map(|part| part.file.path.clone())
            .collect();
        manifest::of_whole_files(&self.kind, &paths, progress)
    }
}

/// One split of files whose classes are known. `asked`: the columns.
pub(super) fn split(
    parts: Vec<Part>,
    classes: &Classes,
    (content, ty): (Content, SampleType),
    (main, column): (&str, &str),
) -> Parquet {
    let mut fields = vec![(
        match content {
            Content::Pictures(..) => "image".to_owned(),
            Content::Texts => "text".to_owned(),
        },
        ty,
    )];
    let count = classes
        .count
        .filter(|_| parts.iter().any(|part| part.coding.is_some()));
    fields.extend(count.map(|n| ("label".to_owned(), SampleType::label(n))));
    let mut firsts = Vec::new();
    let mut len = 0;
    for part in &parts {
        firsts.push(len);
        len += part.file.rows;
    }
    let label = count.map(|_| column);
    let mut kind = match &content {
        Content::Pictures(look, _) => format!("parquet {main} {label:?} {:?}", look.channels),
        Content::Texts => format!("texts in parquet {main} {label:?}"),
    };
    // classes that follow from other files too are part of the content
    let own = |part: &Part| match &part.coding {
        None | Some(Coding::Numbers(_)) => true,
        Some(Coding::Named(map)) => {
            map.len() == classes.names.len() && map.iter().copied().eq(0..map.len() as u32)
        }
        Some(Coding::Each(_)) => false,
    };
    if !parts.iter().all(own) {
        kind += &format!(" {:?}", classes.names);
    }
    Parquet {
        firsts,
        len,
        fields,
        labelled: count.is_some(),
        column: column.to_owned(),
        why: classes.why.clone(),
        classes: match count {
            Some(_) => classes.names.clone(),
            None => Vec::new(),
        },
        content,
        kind,
        parts,
    }
}

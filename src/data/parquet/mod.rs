//! `parquet(name)`: pictures in parquet files, in the schema that Hugging Face writes; [`documents`]: texts in such files.

mod class;
mod column;
mod file;
mod label_values;
mod labels;
mod source;
mod spill;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::class::{Class, Coding, Values};
use self::file::{OpenError, Packed, PictureFile};
use self::labels::Classes;
use super::decode::{self, Look, PictureSize};
use super::shards::{self, Layout};
use super::{
    DataError, Dataset, Draws, Fields, ImageType, Places, Progress, Record, Sample, SampleType,
    Splits, first_label,
};
use super::{manifest, pictures, texts};
use crate::catalog::{Args, Kind, Make, Origin, Param, Problem, Result, Spec, Split, Type};
use crate::language::codes::Code;
use crate::language::nearest::nearest;

/// Pictures of a split whose headers are read to learn whether all have one size.
const LOOKED_AT: usize = 256;

/// Which files are read.
pub(super) const SHARDS: shards::Wanted = shards::Wanted {
    kind: "parquet",
    names: "train*.parquet, valid*.parquet or test*.parquet",
    stem: |name| {
        let (stem, ending) = name.rsplit_once('.')?;
        let own = ["parquet", "pq"];
        own.iter()
            .any(|own| ending.eq_ignore_ascii_case(own))
            .then_some(stem)
    },
};

const PICTURES: Packed = Packed {
    one: "picture",
    many: "encoded pictures",
    help: "a file that only names its pictures does not hold them: write their bytes into it",
};

const TEXTS: Packed = Packed {
    one: "text",
    many: "texts",
    help: "`on_bad_sample = skip` leaves such records out and counts them",
};

/// What the bytes of a row are.
#[derive(Clone, Copy)]
enum Content {
    Pictures(Look, PictureSize),
    Texts,
}

/// One file of a split.
struct Part {
    file: PictureFile,
    /// Where it has labels, what they mean.
    coding: Option<Coding>,
}

struct Parquet {
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

/// The pictures of one split's files, and the type of one.
fn content_of(args: &Args, parts: &[Part]) -> Result<(Content, SampleType)> {
    let look = pictures::look(args)?;
    let size = pictures::size(pictures::declared(args), || {
        parts
            .iter()
            .flat_map(|part| part.file.peek(LOOKED_AT.div_ceil(parts.len().max(1))))
            .collect()
    });
    let (height, width) = size.shown();
    let image = ImageType {
        channels: Some(look.channels.count()),
        height,
        width,
    };
    Ok((Content::Pictures(look, size), image.into()))
}

/// One split of files whose classes are known. `asked`: the columns.
fn split(
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

/// A file can't be opened: where the recipe says so, and what would do. `main`: the parameter that names its column.
fn problem(error: OpenError, main: &str, asked: &str) -> Problem {
    match error {
        OpenError::Bad(what) => Problem::new(Code::BadFile, what),
        OpenError::NoPictures { why, have, near } => {
            let problem = Problem::argument(Code::UnknownPart, main, why)
                .note(format!("its columns are {}", have.join(", ")));
            let slip = || nearest(asked, have.iter().map(String::as_str)).map(str::to_owned);
            match near.or_else(slip) {
                Some(near) => problem.help(format!("name the column: `{main} = \"{near}\"`")),
                None => problem.help(format!("name the column: `{main} = \"…\"`")),
            }
        }
    }
}

fn open(args: &Args, places: &Places) -> Result<Splits> {
    let holds = |path: &Path| shards::layout(path, &SHARDS).map(|_| ());
    let name = args.text("name");
    let what = "a parquet file, or a folder with train*.parquet, valid*.parquet, test*.parquet";
    let place = pictures::find(name, places, &holds, what)?;
    let found = shards::layout(&place, &SHARDS).map_err(|what| {
        Problem::argument(
            Code::BadFile,
            "name",
            format!("{}: {what}", place.display()),
        )
    })?;
    let (image, column) = (args.text("image"), args.text("label"));
    let asked = args.values.get("label").map(|argument| &argument.origin) != Some(&Origin::Default);
    let columns = Columns {
        param: "image",
        packed: PICTURES,
        main: image,
        label: Some(column),
        label_asked: asked,
    };
    open_files(&found, &columns, &|parts| content_of(args, parts))
}

/// Which columns are read.
struct Columns<'a> {
    /// The parameter that names the column of what is learnt from.
    param: &'a str,
    packed: Packed,
    main: &'a str,
    label: Option<&'a str>,
    /// The recipe names the label's column.
    label_asked: bool,
}

/// Texts of the column `main` in parquet files, with classes of the column `label`; `label_asked`: the recipe names it.
pub(super) fn documents(
    found: &Layout,
    main: &str,
    label: Option<&str>,
    label_asked: bool,
) -> Result<Splits> {
    let columns = Columns {
        param: "text",
        packed: TEXTS,
        main,
        label,
        label_asked,
    };
    open_files(found, &columns, &|_| Ok((Content::Texts, SampleType::TEXT)))
}

fn open_files(
    found: &Layout,
    columns: &Columns<'_>,
    content: &dyn Fn(&[Part]) -> Result<(Content, SampleType)>,
) -> Result<Splits> {
    let column = columns.label.unwrap_or_default();
    let spill = Arc::default();
    let mut files = Vec::new();
    // the names of the train split come first
    for wanted in [Split::Train, Split::Valid, Split::Test] {
        for (_, path) in found.files.iter().filter(|(split, _)| *split == wanted) {
            let file = PictureFile::open(path, columns.main, column, &spill, columns.packed)
                .map_err(|error| problem(error, columns.param, columns.main))?;
            files.push(file);
        }
    }
    let asked = columns.label_asked;
    if asked && files.iter().all(|file| file.label == Values::None) {
        let path = found.files[0].1.display();
        return Err(Problem::argument(
            Code::UnknownPart,
            "label",
            format!("{path} has no column `{column}` of labels"),
        )
        .help("name the column: `label = \"…\"`"));
    }
    let mut classes = labels::classes(&files, column);
    if asked && let (None, Some(why)) = (classes.count, &classes.why) {
        return Err(Problem::argument(Code::UnknownPart, "label", why.clone()));
    }
    let mut splits = Splits::default();
    let codings = std::mem::take(&mut classes.codings);
    let parts = files.into_iter().zip(codings);
    let mut parts: Vec<Part> = parts.map(|(file, coding)| Part { file, coding }).collect();
    for wanted in [Split::Train, Split::Valid, Split::Test] {
        let n = found
            .files
            .iter()
            .filter(|(split, _)| *split == wanted)
            .count();
        if n > 0 {
            let own: Vec<Part> = parts.drain(..n).collect();
            let content = content(&own)?;
            let part = split(own, &classes, content, (columns.main, column));
            splits.parts.insert(wanted, Arc::new(part));
        }
    }
    let remarks = std::mem::take(&mut classes.remarks);
    let doubts = remarks
        .into_iter()
        .map(|what| Problem::new(Code::LintUnused, what));
    splits.doubts.extend(doubts);
    splits.doubts.extend(found.doubt(SHARDS.kind));
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "parquet",
        Kind::Dataset,
        "Pictures in parquet files, in the schema of the Hugging Face hub.",
        Make::Dataset(open),
    )
    .param(pictures::name_param())
    .param(Param::with_default(
        "image",
        Type::Text,
        "\"image\"",
        "The column of pictures: a struct with `bytes`, or bytes; JPEG, PNG, WebP, TIFF, BMP, GIF or PNM.",
    ))
    .param(Param::with_default(
        "label",
        Type::Text,
        "\"label\"",
        "The column of classes: numbers, words, yes or no; files without it have no label unless it is named.",
    ))
    .param(pictures::channels_param())
    .param(pictures::background_param())
    .param(pictures::range_param())
    .param(pictures::size_param())
    .doc(
        "One file, or a folder with `train*.parquet`, `valid*.parquet` (`val`, `dev`) and `test*.parquet`, as many of them as there are; \
         the split may also be a folder's name: `default/train/0000.parquet`. Class names come from the schema's `huggingface` \
         metadata and are compared by name over all files; numbers without names are class numbers, of other values each is a class, in \
         their order. Null and −1 say that a row has no label: an error only where the label is used. Footers are read when the recipe \
         is checked; a row group is unpacked when the first of its records is read, and its encoded pictures are kept in an unnamed \
         file of the user's cache folder, not in memory. Fields: `image`, `label`.",
    )
    .example("parquet(\"cifar10\", image = \"img\", label = \"label\")")
}

#[cfg(test)]
mod tests;

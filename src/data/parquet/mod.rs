//! `parquet(name)`: pictures in parquet files, in the schema that Hugging Face writes; [`documents`]: texts in such files.

mod cells;
mod class;
mod column;
mod dataset;
mod file;
mod label_values;
mod labels;
mod listed;
mod source;
mod spill;

use std::path::Path;
use std::sync::Arc;

pub(super) use self::cells::{Cells, Shared};
use self::class::Values;
use self::dataset::{Content, Part, split};
use self::file::{OpenError, Packed, PictureFile};
pub(super) use self::listed::{Texts, words};
use super::shards::{self, Layout};
use super::{ImageType, Places, SampleType, Splits, pictures};
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

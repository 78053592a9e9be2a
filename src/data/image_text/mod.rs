//! `image_text(name)`: pictures with what is said of them.
//!
//! A file of pairs is a [`table`] that names its pictures, has [`columns`] of them, or is a shard of [`webdataset`], a [`tar`] archive. What a picture's captions are, and which
//! pictures belong together, says [`captions`]; [`pairs`] are the records of a split, read when they are asked for, and nothing of them is kept.

mod captions;
mod columns;
mod labels;
mod pairs;
mod rows;
#[cfg(test)]
mod shards_tests;
mod source;
mod table;
mod tar;
#[cfg(test)]
mod tests;
mod webdataset;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::captions::{Captions, Noted};
use self::columns::Columns;
use self::labels::Labels;
use self::pairs::ImageText;
use self::rows::Names;
use self::source::Pairs;
use self::table::Table;
use self::webdataset::Archive;
use super::{
    ImageType, Places, SampleType, Splits, documents, folders, packed, parquet, pictures, shards,
};
use crate::catalog::{Args, Kind, Make, Origin, Param, Problem, Result, Spec, Split, Type, Value};
use crate::language::codes::Code;

/// Pictures of a split whose headers are read to learn whether all have one size.
const LOOKED_AT: usize = 256;

/// Files of many pairs.
const FILES: shards::Wanted = shards::Wanted {
    kind: "caption",
    names: "captions: .csv, .tsv or .jsonl, also with .gz or .zst, .parquet or .tar",
    stem: |name| match documents::format_of(name) {
        Some(_) => packed::of_name(name)
            .1
            .rsplit_once('.')
            .map(|(stem, _)| stem),
        None => (parquet::SHARDS.stem)(name).or_else(|| {
            let (stem, ending) = name.rsplit_once('.')?;
            ending.eq_ignore_ascii_case("tar").then_some(stem)
        }),
    },
};

/// Shards of pictures.
const ARCHIVES: shards::Wanted = shards::Wanted {
    kind: "shard",
    names: "shards: .tar",
    stem: |name| {
        let (stem, ending) = name.rsplit_once('.')?;
        ending.eq_ignore_ascii_case("tar").then_some(stem)
    },
};

/// What a place holds.
fn look(
    place: &Path,
    files: &'static shards::Wanted,
) -> std::result::Result<shards::Layout, String> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    if place.is_file() && (files.stem)(&name).is_none() {
        return Err(format!(
            "its ending says nothing that is read: it is no file of {}",
            files.names
        ));
    }
    shards::layout(place, files)
}

/// The names that a call gives.
fn names(args: &Args) -> Names {
    let owned = |name: &str| args.maybe_text(name).map(str::to_owned);
    let text = |value: &Value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    Names {
        image: owned("image"),
        text: match args.values.get("text").map(|argument| &argument.value) {
            Some(Value::List(several)) => several.iter().filter_map(text).collect(),
            Some(one) => text(one).into_iter().collect(),
            None => Vec::new(),
        },
        group: owned("group"),
        label: owned("label"),
        pictures_alone: false,
    }
}

/// What a call asks for.
struct Asked<'a> {
    args: &'a Args,
    names: Names,
    /// The folder that pictures are in.
    images: Option<PathBuf>,
    /// A record is a caption.
    each: bool,
    /// It is an error where no record has a label.
    labelled: bool,
    /// Which files are meant.
    files: &'static shards::Wanted,
}

/// The folder that a recipe names for pictures.
fn images(args: &Args, places: &Places) -> Result<Option<PathBuf>> {
    let Some(name) = args.maybe_text("images") else {
        return Ok(None);
    };
    let holds = |path: &Path| match path.is_dir() {
        true => Ok(()),
        false => Err("it is not a folder".to_owned()),
    };
    pictures::find(name, places, &holds, "a folder of pictures").map(Some)
}

/// One split, without what all splits share.
fn split_of(files: Vec<Box<dyn Pairs>>, labels: Labels, asked: &Asked<'_>) -> Result<ImageText> {
    let args = asked.args;
    let (mut firsts, mut rows) = (Vec::new(), 0);
    let mut noted: Vec<Noted> = Vec::new();
    for file in &files {
        firsts.push(rows);
        rows += file.index().len();
        noted.extend(
            file.index()
                .noted
                .iter()
                .map(|[picture, group, captions]| Noted {
                    picture: *picture,
                    group: *group,
                    captions: *captions,
                }),
        );
    }
    let path = files.first().map(|file| file.file().display().to_string());
    let path = path.unwrap_or_default();
    let wrong = |what: String| Problem::argument(Code::BadFile, "name", what);
    let captions = Captions::new(&noted).map_err(|what| wrong(format!("{path}: {what}")))?;
    drop(noted);
    if captions.pictures() == 0 {
        let what = match captions.without {
            0 => format!("{path} holds no pair"),
            n if asked.names.pictures_alone => {
                format!("{path} holds no picture in any of its {n} records")
            }
            n => format!("{path} holds no caption: it is blank in all of its {n} rows"),
        };
        return Err(wrong(what));
    }
    let look = pictures::look(args)?;
    let n = captions.pictures().min(LOOKED_AT);
    let size = pictures::size(pictures::declared(args), || {
        let headers = (0..n).filter_map(|at| {
            let caption = captions.first(at * captions.pictures() / n).ok()?;
            let (file, row) = shards::locate(&firsts, rows, caption.row as usize).ok()?;
            let header = files[file].header(row)?;
            Some((header.height, header.width))
        });
        headers.collect()
    });
    let (height, width) = size.shown();
    let image = ImageType {
        channels: Some(look.channels.count()),
        height,
        width,
    };
    let pictures_alone = asked.names.pictures_alone;
    let mut fields = vec![("image".to_owned(), image.into())];
    fields.extend((!pictures_alone).then(|| ("text".to_owned(), SampleType::TEXT)));
    fields.extend(labels.field());
    let each = asked.each;
    Ok(ImageText {
        buffer: args.maybe_size("buffer"),
        kind: format!("image_text 1 {:?} {each}", asked.names) + &labels.kind(),
        pictures_alone,
        files,
        firsts,
        rows,
        captions,
        each,
        labels,
        fields,
        look,
        size,
    })
}

fn open(args: &Args, places: &Places) -> Result<Splits> {
    let what = "a .csv, .tsv or .jsonl file of captions, or a folder of such files";
    let asked = Asked {
        args,
        names: names(args),
        images: images(args, places)?,
        each: args.word("captions") == "each",
        labelled: true,
        files: &FILES,
    };
    open_files(&asked, places, what)
}

fn open_shards(args: &Args, places: &Places) -> Result<Splits> {
    let owned = |name: &str| args.maybe_text(name).map(str::to_owned);
    let label = args.values.get("label").map(|argument| &argument.origin);
    let asked = Asked {
        args,
        names: Names {
            image: owned("image"),
            text: Vec::new(),
            group: owned("group"),
            label: owned("label"),
            pictures_alone: true,
        },
        images: None,
        each: false,
        labelled: label != Some(&Origin::Default),
        files: &ARCHIVES,
    };
    open_files(&asked, places, "a .tar file, or a folder of such")
}

fn open_files(asked: &Asked<'_>, places: &Places, what: &str) -> Result<Splits> {
    let args = asked.args;
    let holds = |path: &Path| look(path, asked.files).map(drop);
    let place = pictures::find(args.text("name"), places, &holds, what)?;
    let layout = look(&place, asked.files).map_err(|what| {
        let message = format!("{}: {what}", place.display());
        Problem::argument(Code::BadFile, "name", message)
    })?;
    let (names, images) = (&asked.names, asked.images.as_deref());
    let shared = parquet::Shared::default();
    let mut files: Vec<(Split, Box<dyn Pairs>)> = Vec::new();
    for (split, path) in &layout.files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let file: Box<dyn Pairs> = if documents::format_of(&name).is_some() {
            Box::new(Table::open(path, names, images)?)
        } else if (parquet::SHARDS.stem)(&name).is_some() {
            Box::new(Columns::open(path, names, &shared)?)
        } else {
            Box::new(Archive::open(path, names)?)
        };
        files.push((*split, file));
    }
    let all = files.iter().map(|(_, file)| &**file);
    let labels = labels::found((names.label.as_deref(), asked.labelled), all)?;
    let mut splits = Splits::default();
    let mut without = 0;
    for wanted in [Split::Train, Split::Valid, Split::Test] {
        let (own, rest): (Vec<_>, Vec<_>) = files.into_iter().partition(|(of, _)| *of == wanted);
        files = rest;
        if own.is_empty() {
            continue;
        }
        let own: Vec<Box<dyn Pairs>> = own.into_iter().map(|(_, file)| file).collect();
        let labels = labels.of(own.iter().map(|file| &**file));
        let part = split_of(own, labels, asked)?;
        without += part.captions.without;
        splits.parts.insert(wanted, Arc::new(part));
    }
    splits.doubts.extend(layout.doubt(asked.files.kind));
    let records = splits.parts.iter();
    let records = records.map(|(split, part)| (*split, part.len())).collect();
    let mut left = layout.others.clone();
    if !layout.left_out.is_empty() {
        left.insert("of no split".into(), layout.left_out.len());
    }
    let one = match asked.each {
        true => "captioned picture",
        false => "picture",
    };
    let mut found = folders::told(one, records, labels.names().to_vec(), left);
    if without > 0 {
        let lacks = if asked.names.pictures_alone {
            "picture"
        } else {
            "caption"
        };
        let note = format!("{without} rows without a {lacks} left out");
        found.line += &format!("; {note}");
        found.notes.push(note);
    }
    splits.found = Some(Arc::new(found));
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    let name = |param: &str, doc: &str| Param::optional(param, Type::Text, doc);
    Spec::new(
        "image_text",
        Kind::Dataset,
        "Your own pictures with captions: CSV, TSV, JSON lines, parquet files or webdataset shards.",
        Make::Dataset(open),
    )
    .param(pictures::name_param())
    .param(name(
        "image",
        "The column, or field, of the picture's path. Without it: `image`, `file`, `file_name`, `filename`, `filepath`, `path` or `img`.",
    ))
    .param(Param::optional(
        "text",
        Type::OneOf(vec![Type::Text, Type::List(Box::new(Type::Text))]),
        "That of the caption, or several, each with one. Without it: `text`, `caption`, `captions`, `texts`, `title`, `sentence` or `sentences`.",
    ))
    .param(name(
        "images",
        "The folder that paths start from: a name in `--data NAME=PATH` and pretext.toml, or a path from the recipe. Without it: where the file lies.",
    ))
    .param(name(
        "group",
        "The column of what belongs together: `hold_out` does not part it, and `retrieval` counts any of it as found. Without it: the captions of one picture.",
    ))
    .param(name(
        "label",
        "The column of a class; each value is one. Without it records have no label.",
    ))
    .param(Param::with_default(
        "captions",
        Type::Choice(&["drawn", "each"]),
        "drawn",
        "`drawn`: a record is a picture, with one of its captions, drawn anew each time. `each`: a record is a caption, with its picture.",
    ))
    .param(buffer_param())
    .param(pictures::channels_param())
    .param(pictures::size_param())
    .param(pictures::background_param())
    .param(pictures::range_param())
    .doc(
        "The first line of a .csv or .tsv file names its columns; a .jsonl file (also .ndjson, .json) has one object a line, whose text may be a \
         list of captions. A .parquet file has a column of encoded pictures, bytes or records with `bytes`, and columns of text or of lists of it, as on the Hugging Face hub; a \
         field of records is named with a dot, `text = \"sentences.raw\"`, and classes may be numbers that the file's metadata name. A .tar file is a shard of \
         webdataset: members that are called alike but for their ending are one record, `.jpg`, `.png` … its picture, `.txt` its caption, or `caption` \
         in its `.json`; `image`, `text`, `group` and `label` name another ending, or a field of that. A picture that several rows name has the captions of all of them. The split is said by the file's name or its folder's: \
         `train`, `valid` (`val`, `dev`), `test`; without one all is the train split. Files may be packed with gzip or zstd (.gz, .zst): such a file \
         is held in memory unpacked, up to 1 GiB. A file is looked through once; what is kept of it in memory is some forty bytes a row, and of a \
         large one between runs.\n\n\
         Paths are relative and do not leave their folder; links are followed. A row whose caption is blank is left out and counted; one that names \
         no picture, or one that can't be read, is an error that names the row's line (`on_bad_sample`). Captions are UTF-8. Two rows of one picture \
         have its first row's class and group.\n\nFields: `image`, `text`, and `label` where it is named.",
    )
    .example("image_text(\"captions.csv\")")
}

/// How many records of shards are shuffled at a time.
fn buffer_param() -> Param {
    Param::optional(
        "buffer",
        Type::Integer,
        "Reads shards as they lie: stretches of so many records come in an order that is drawn, and are shuffled through a buffer of as many. Without it any record may follow any other.",
    )
    .within(2.0, 1e9)
}

/// `webdataset(name)`
pub(super) fn webdataset() -> Spec {
    let name = |param: &str, doc: &str| Param::optional(param, Type::Text, doc);
    Spec::new(
        "webdataset",
        Kind::Dataset,
        "Pictures in shards of webdataset, with a class.",
        Make::Dataset(open_shards),
    )
    .paper(
        "Aizman et al., 2019",
        "High Performance I/O For Large Scale Deep Learning",
        "arXiv:2001.01858",
    )
    .param(pictures::name_param())
    .param(name(
        "image",
        "The ending of the picture. Without it: the first that is one of a picture.",
    ))
    .param(Param::with_default(
        "label",
        Type::Text,
        "\"cls\"",
        "The ending of the class, or a field of the `.json`; each value is one. Where no record has it, records have no label unless it is named.",
    ))
    .param(name(
        "group",
        "That of what belongs together: `hold_out` does not part it.",
    ))
    .param(buffer_param())
    .param(pictures::channels_param())
    .param(pictures::size_param())
    .param(pictures::background_param())
    .param(pictures::range_param())
    .doc(
        "One .tar file, or a folder of them. Members that are called alike but for their ending are one record: `000017.jpg`, `000017.cls`. The split is said \
         by the file's name or its folder's: `train-{000000..000146}.tar`, `valid/`; without one all is the train split. A shard is looked through once, headers \
         and classes alone; pictures are read when they are asked for. Records without a picture are left out and counted; one without a class has no \
         label. With captions: `image_text`. Fields: `image`, `label`.",
    )
    .example("webdataset(\"shards\")")
}

//! `documents(name)`: texts, each with its class where it has one.
//!
//! A place is a [`folder`] of text files, or files of many documents: [`lines`] (JSON lines, CSV, TSV), or parquet. In [`index`]
//! is where each record of such a file lies: a record is read when it is asked for, and nothing of it is kept.

mod folder;
pub(super) mod index;
pub(super) mod json;
mod lines;
mod plain;
pub(super) mod stored;
pub(super) mod table;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use self::index::Names;
pub(super) use self::lines::{format_of, plain as lines_of};
use super::shards::{self, Layout};
use super::{Found, Places, Splits, folders, packed, parquet, pictures};
use crate::catalog::{Args, Kind, Make, Origin, Param, Problem, Result, Spec, Split, Type, Value};
use crate::language::codes::Code;

/// Files of many documents.
const TABLES: shards::Wanted = shards::Wanted {
    kind: "document",
    names: "documents: .txt, .jsonl, .csv, .tsv or .parquet",
    stem: |name| {
        (parquet::SHARDS.stem)(name).or_else(|| {
            lines::format_of(name)?;
            let (stem, _) = packed::of_name(name).1.rsplit_once('.')?;
            Some(stem)
        })
    },
};

/// What a place holds.
enum Place {
    /// Text files.
    Folder,
    /// Files of many documents.
    Tables(Layout),
}

/// Looks at a place: of text files and files of many documents in a folder, those that are more count.
fn look(place: &Path) -> std::result::Result<Place, String> {
    if place.is_file() {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        if (TABLES.stem)(&name).is_none() {
            return Err(match folder::is_document(place, &name) {
                true => "it is one document: name its folder, or a file of many (.jsonl, .csv, .tsv, .parquet)",
                false => "its ending says nothing that is read: .jsonl, .csv, .tsv or .parquet, also with .gz or .zst",
            }
            .to_owned());
        }
        return shards::layout(place, &TABLES).map(Place::Tables);
    }
    let texts = folders::count(place, folder::DOCUMENTS).map_err(|problem| problem.message)?;
    let tables = match shards::layout(place, &TABLES) {
        Ok(tables) => tables,
        Err(_) if texts > 0 => return Ok(Place::Folder),
        Err(what) => return Err(what),
    };
    match texts > tables.files.len() + tables.left_out.len() {
        true => Ok(Place::Folder),
        false => Ok(Place::Tables(tables)),
    }
}

fn open(args: &Args, places: &Places) -> Result<Splits> {
    let name = args.text("name");
    let holds = |path: &Path| look(path).map(drop);
    let what = "a folder of text files, or a .jsonl, .csv, .tsv or .parquet file";
    let place = pictures::find(name, places, &holds, what)?;
    let argument = args.values.get("label");
    let asked = argument.map(|argument| &argument.origin) != Some(&Origin::Default);
    let label = match argument.map(|argument| &argument.value) {
        Some(Value::Text(column)) => Some(column.as_str()),
        _ => None,
    };
    let bad = |what: String| {
        let message = format!("{}: {what}", place.display());
        Problem::argument(Code::BadFile, "name", message)
    };
    let tables = match look(&place).map_err(bad)? {
        Place::Folder => return folder::open(&place, label.is_some()),
        Place::Tables(tables) => tables,
    };
    let names = Names {
        text: args.text("text"),
        label,
    };
    let asked = asked && label.is_some();
    let is_parquet = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        (parquet::SHARDS.stem)(&name).is_some()
    };
    let packed = tables.files.iter().filter(|(_, path)| is_parquet(path));
    let mut splits = match packed.count() {
        0 => lines::open(&tables, names, asked)?,
        n if n == tables.files.len() => parquet::documents(&tables, names.text, label, asked)?,
        _ => {
            return Err(bad(
                "it holds parquet files and others: move one kind away, or name one file".into(),
            ));
        }
    };
    splits.found = Some(Arc::new(found(&splits, &tables)));
    Ok(splits)
}

/// What `check`, `plan` and `run` print.
fn found(splits: &Splits, layout: &Layout) -> Found {
    let parts = splits.parts.iter();
    let records: Vec<(Split, usize)> = parts.map(|(split, part)| (*split, part.len())).collect();
    let classes = splits.parts.values().next();
    let classes = classes.map(|part| part.class_names().to_vec());
    let mut left = layout.others.clone();
    if !layout.left_out.is_empty() {
        left.insert("of no split".into(), layout.left_out.len());
    }
    folders::told("document", records, classes.unwrap_or_default(), left)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "documents",
        Kind::Dataset,
        "Your own texts: a folder of text files, or JSON lines, CSV, TSV or parquet files.",
        Make::Dataset(open),
    )
    .param(pictures::name_param())
    .param(Param::with_default(
        "text",
        Type::Text,
        "\"text\"",
        "The field, or column, of the text; a folder of text files has none.",
    ))
    .param(Param::with_default(
        "label",
        Type::OneOf(vec![Type::Text, Type::Choice(&["none"])]),
        "\"label\"",
        "The field, or column, of the class: words or whole numbers. Of text files the class is the folder. `none`: no classes.",
    ))
    .doc(
        "Text files (.txt, .text, .md, and files of text without an ending) lie in folders as pictures do for `image_folder`: splits by \
         their names, in each one folder per class. Files of many documents are .jsonl (one JSON object a line; also .ndjson and .json), .csv, \
         .tsv (the first line names the columns) and .parquet; their split is said by the file's name or its folder's: `train`, `valid` \
         (`val`, `dev`), `test`; without one all is the train split. All but parquet may be packed with gzip or zstd (.gz, .zst): such \
         a file of lines is held in memory unpacked, up to 1 GiB. Of both kinds in one folder the one with more files is read.\n\n\
         Each value of the label is a class, numbered in the order of the values; −1 and nothing say that a record has none. In parquet \
         files class numbers and names are those of `parquet`. Text is UTF-8. A document has at most 16 MiB. One that is empty, too long \
         or no UTF-8 is an error that names its file and line (`on_bad_sample`); `repair` takes the beginning of a long one and puts � for \
         what is no UTF-8. Fields: `text`, `label`.",
    )
    .example("documents(\"news\")")
}

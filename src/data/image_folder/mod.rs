//! `image_folder(name)`: pictures in folders, one per class.
//!
//! What the folders mean is said by [`folders`], what [`tables`], [`lists`] of files and the pictures' own [`paths`] say by those: [`files`]
//! and [`rows`] find which picture a [`table`] means, [`told`] divides the pictures by it. [`folder`] reads them.

mod few;
mod files;
mod folder;
mod lists;
mod paths;
mod range;
mod rows;
mod table;
mod tables;
mod told;

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use self::folder::Folder;
use self::table::{Names, Table};
use super::decode::{self, Depth, Header, Look};
use super::pattern::Pattern;
use super::{ImageType, Places, SampleType, Splits};
use super::{folders, pictures, regular};
use crate::catalog::{Args, At, Kind, Make, Param, Problem, Result, Spec, Type, Value};
use crate::language::codes::Code;

/// Pictures of a split whose headers are read to learn whether all have one size.
const LOOKED_AT: usize = 256;

/// A picture by its name, or by its first bytes where the name does not say.
pub(super) const PICTURES: folders::Wanted = folders::Wanted {
    one: "picture",
    formats: "Pictures are JPEG, PNG, WebP, TIFF, BMP, GIF and PNM.",
    is: |path, name| {
        decode::is_picture_name(name).unwrap_or_else(|| {
            let mut start = [0; 32];
            regular::start(path, &mut start).is_ok_and(|n| decode::starts_as_picture(&start[..n]))
        })
    },
    no_classes: "labels = none",
};

/// The headers of some pictures of a split, taken evenly. One that can't be read is reported when it is read, with its index.
pub(super) fn look_at(root: &Path, files: &[PathBuf]) -> Vec<(PathBuf, Header)> {
    let n = files.len().min(LOOKED_AT);
    let looked_at = (0..n).map(|at| root.join(&files[at * files.len() / n]));
    let headers = looked_at.filter_map(|path| {
        let file = regular::open(&path).ok()?;
        // one block of a disk: most headers fit into it
        let header = decode::header(BufReader::with_capacity(4096, file)).ok()?;
        Some((path, header))
    });
    headers.collect()
}

/// What transparent pictures are put on.
pub(super) fn on_background(look: &Look) -> String {
    let [r, g, b] = look.background;
    let on = match (r, g, b) {
        (255, 255, 255) => "white".to_owned(),
        (0, 0, 0) => "black".to_owned(),
        _ => format!("#{r:02x}{g:02x}{b:02x}"),
    };
    format!("transparent pictures are put on {on} (`background`)")
}

/// What the argument `labels` says.
enum Labels {
    None,
    Folders(folders::Level),
    /// As it is written.
    Paths(Pattern, String),
    Tables(Vec<PathBuf>),
}

/// The texts of an argument: one, or those of a list.
fn texts(args: &Args, name: &str) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    match args.values.get(name).map(|argument| &argument.value) {
        Some(Value::List(several)) => several.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Where a table lies: where `--data` says, else beside the recipe, in the pictures' folder, or beside that.
fn find(param: &str, name: &str, places: &Places, pictures: &Path) -> Result<PathBuf> {
    if table::format(Path::new(name)).is_none() && !places.given.contains_key(name) {
        let message = format!(
            "`{name}` is no table: its ending is none of {}",
            table::ENDINGS
        );
        let problem = Problem::argument(Code::BadFile, param, message);
        return Err(match param {
            "labels" => problem
                .help("a pattern of names says where the class stands: `labels = \"{label}_*\"`"),
            _ => problem,
        });
    }
    let holds = |path: &Path| match path.is_file() {
        true => Ok(()),
        false => Err("it is not a file".to_owned()),
    };
    if let Some(path) = places.find(name, &[], &holds)? {
        return Ok(path);
    }
    let beside = pictures.parent().map(|above| above.join(name));
    let tried = [
        Some(places.recipe.join(name)),
        Some(pictures.join(name)),
        beside,
    ];
    let mut tried = tried.into_iter().flatten();
    tried.find(|path| path.is_file()).ok_or_else(|| {
        Problem::argument(
            Code::MissingFile,
            param,
            format!("the table `{name}` is not there"),
        )
        .help(format!(
            "it is looked for beside the recipe, in {} and beside that folder",
            pictures.display()
        ))
        .help(format!("or say where it is: --data {name}=PATH"))
    })
}

fn labels(args: &Args, places: &Places, place: &Path) -> Result<Labels> {
    if let Some(Value::Word(word)) = args.values.get("labels").map(|argument| &argument.value) {
        return Ok(match word.as_str() {
            "none" => Labels::None,
            "leaf" => Labels::Folders(folders::Level::Leaf),
            "path" => Labels::Folders(folders::Level::Path),
            _ => Labels::Folders(folders::Level::First),
        });
    }
    let wrong = |message: String| Problem::argument(Code::OutOfRange, "labels", message);
    let said = texts(args, "labels");
    if let Some(pattern) = said.iter().find(|text| text.contains(['{', '*'])) {
        if said.len() > 1 {
            return Err(wrong("a pattern stands alone".into()));
        }
        let parsed = Pattern::parse(pattern, paths::PARTS).map_err(wrong)?;
        if !parsed.names("label") {
            return Err(wrong(
                "a pattern says where the class stands: `{label}`".into(),
            ));
        }
        return Ok(Labels::Paths(parsed, pattern.clone()));
    }
    if said.is_empty() {
        return Err(wrong("there is no table in the list".into()));
    }
    let tables = said.iter().map(|name| find("labels", name, places, place));
    Ok(Labels::Tables(tables.collect::<Result<_>>()?))
}

/// Reads tables of the argument `param`.
fn tables<'p>(
    paths: &'p [PathBuf],
    (args, param): (&Args, &str),
    labelled: bool,
) -> Result<Vec<(&'p Path, Table)>> {
    let name = |name: &str| args.maybe_text(name).map(str::to_owned);
    let names = Names {
        file: name("file"),
        label: name("label"),
        split: name("split"),
        group: name("group"),
    };
    let read = |path: &'p PathBuf| {
        let table = table::read(path, &names, labelled);
        let table = table.map_err(|problem| match problem.at {
            At::Call => problem.at(At::Argument(param.to_owned())),
            _ => problem,
        });
        Ok((path.as_path(), table?))
    };
    paths.iter().map(read).collect()
}

/// The pictures of a folder, with what they are told to be.
fn layout(args: &Args, places: &Places, place: &Path) -> Result<folders::Layout> {
    let labels = labels(args, places, place)?;
    let level = match labels {
        Labels::Folders(level) => Some(level),
        _ => None,
    };
    if !matches!(labels, Labels::Tables(_)) {
        for column in ["label", "split", "group"] {
            if args.maybe_text(column).is_some() {
                let message =
                    format!("`{column}` names a column of a table, and `labels` names no table");
                return Err(Problem::argument(Code::OutOfRange, column, message)
                    .help("name the table: `labels = \"labels.csv\"`"));
            }
        }
    }
    let how = folders::How {
        level: level.unwrap_or(folders::Level::First),
        labels: &|_, _| level.is_some(),
        twice: false,
    };
    let mut layout = folders::layout(place, &how, PICTURES)?;
    layout = match &labels {
        Labels::None | Labels::Folders(_) => layout,
        Labels::Paths(pattern, written) => paths::by_pattern(layout, place, pattern, written)?,
        Labels::Tables(paths) => {
            tables::by_tables(layout, place, &tables(paths, (args, "labels"), true)?)?
        }
    };
    let listed = texts(args, "files");
    if listed.is_empty() {
        return Ok(layout);
    }
    let found = listed.iter().map(|name| find("files", name, places, place));
    let found: Vec<PathBuf> = found.collect::<Result<_>>()?;
    lists::by_lists(layout, place, &tables(&found, (args, "files"), false)?)
}

fn open(args: &Args, places: &Places, place: &Path) -> Result<Splits> {
    let look = pictures::look(args)?;
    let declared = pictures::declared(args);
    let mut layout = layout(args, places, place)?;
    let classes: Arc<[String]> = std::mem::take(&mut layout.classes).into();
    let mut splits = Splits::default();
    let mut transparent = false;
    let mut dim_ones = None;
    let mut parts = Vec::new();
    for part in &mut layout.parts {
        let mut looked_at = Vec::new();
        let size = pictures::size(declared, || {
            looked_at = look_at(&part.root, &part.files);
            looked_at
                .iter()
                .map(|(_, header)| (header.height, header.width))
                .collect()
        });
        transparent |= looked_at.iter().any(|(_, header)| header.transparent);
        if look.depth == Depth::Full {
            dim_ones = dim_ones.or_else(|| range::dim(&looked_at));
        }
        let (height, width) = size.shown();
        let image = ImageType {
            channels: Some(look.channels.count()),
            height,
            width,
        };
        let mut fields = vec![("image".to_owned(), image.into())];
        if !part.labels.is_empty() {
            fields.push(("label".to_owned(), SampleType::label(classes.len())));
        }
        parts.push((part.split, fields, size));
    }
    layout.doubts.extend(dim_ones);
    if transparent {
        layout.notes.push(on_background(&look));
    }
    layout.classes = classes.to_vec();
    splits.found = Some(Arc::new(folders::found(&layout)));
    splits.doubts = layout.doubts;
    for ((split, fields, size), part) in parts.into_iter().zip(layout.parts) {
        let folder = Folder {
            place: place.to_owned(),
            root: part.root,
            files: part.files,
            labels: part.labels,
            groups: part.groups,
            classes: classes.clone(),
            fields,
            look,
            size,
            manifest: OnceLock::new(),
        };
        splits.parts.insert(split, Arc::new(folder));
    }
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    let make = |args: &Args, places: &Places| {
        let holds = |path: &Path| {
            if path.is_dir() {
                Ok(())
            } else {
                Err("it is not a folder".to_owned())
            }
        };
        let name = args.text("name");
        let place = pictures::find(name, places, &holds, "a folder of pictures")?;
        open(args, places, &place)
    };
    let column = |name: &str, doc: &str| Param::optional(name, Type::Text, doc);
    Spec::new(
        "image_folder",
        Kind::Dataset,
        "Your own pictures: JPEG, PNG, WebP, TIFF, BMP, GIF or PNM files in one folder per class.",
        Make::Dataset(make),
    )
    .param(pictures::name_param())
    .param(pictures::channels_param())
    .param(pictures::size_param())
    .param(Param::with_default(
        "labels",
        Type::OneOf(vec![
            Type::Choice(&["folders", "leaf", "path", "none"]),
            Type::Text,
            Type::List(Box::new(Type::Text)),
        ]),
        "folders",
        "`folders`: each folder of a split is a class. `leaf`: the innermost folders, by their names; `path`: with the folders that they lie in. `\"labels.csv\"`, or a list of such: a table says it. `\"{label}_*\"`: the files' names do. `none`: all pictures below a split, without a label.",
    ))
    .param(Param::optional(
        "files",
        Type::OneOf(vec![Type::Text, Type::List(Box::new(Type::Text))]),
        "Only what a list names, or several lists: a file a line. A list called `train.txt`, `val.txt` or `test.txt` is that split.",
    ))
    .param(column("file", "The table's column of files. Without it: `file`, `file_name`, `filename`, `filepath`, `path`, `image`, `image_id`, `id`, `name` or the like."))
    .param(column("label", "That of classes. Without it: `label`, `class`, `category`, `target` or the like, or the only one that is left."))
    .param(column("split", "That of splits: `train`, `valid` (`val`, `dev`) or `test`. Without it: `split`, if there is one."))
    .param(column("group", "That of what belongs together, as pictures of one patient: `hold_out` does not part it."))
    .param(pictures::background_param())
    .param(pictures::range_param())
    .doc(
        "The folder holds splits, or it is the train split itself. Splits are known by their names, in any case: `train`, `training`; \
         `val`, `valid`, `validation`, `dev`, `eval`; `test`, `testing`; also `train2017`, `test_images`, `cars_train` beside `cars_test`, and `val/images/*`. \
         In each, one folder per class; folders below a class folder belong to it. Classes are numbered in the order of their names, and \
         a class that one split has is a class of all. Without class folders there is no label. Where a folder holds nothing but one \
         folder that holds the splits or the classes, that one is meant. Fields: `image`, `label`.\n\n\
         A table (.csv, .tsv, .json, .jsonl, .txt, also with .gz or .zst) lies beside the recipe, in the folder or beside it, or where `--data` says. A .csv or \
         .tsv names its columns in its first line; a .json is a list of objects, or one of files and their classes, a .jsonl has one object a line; a .txt \
         has no columns: a file and its class in a line, apart by a tab or, where the file has no space in it, by a space, and what else stands \
         there is not read (`val_annotations.txt` of Tiny ImageNet). A row's file is a path below the folder, or the end of one (`val_0.JPEG`), with its ending or without. \
         Numbers are classes in their order, then words in theirs. The split is that of the row; else of the table's name, where there are several; else of \
         the folder. A row without a picture and a picture without a row are left out; a row that is there twice counts once, and is an error where \
         it says two things; a row without a class is a picture without a label: each is counted, named and said.\n\n\
         A pattern has `{label}`, where it says so `{split}` and `{group}`, `*` (or `{}`) for anything, and text; `{label}` takes as much as it can: \
         `\"{label}_*\"` finds `great_dane` in `great_dane_12.jpg`. It is held against the file's name, and as many of the last folders as it has, without the ending or with it.\n\n\
         A file is a picture by its ending, or by its first bytes where the ending does not say; of a GIF the first frame is read. \
         Hidden files and what systems leave behind (`__MACOSX`, `Thumbs.db`) do not count; everything else that is \
         left out is counted, and `check`, `plan` and `run` say so. Only regular files are read. Links are followed, wherever they point, \
         except to a folder that they lie in, and to a picture that the split has under its own name; links to nothing are left out \
         and counted.\n\n\
         A picture that ends early is an error that names it (`on_bad_sample`). Orientation tags and colour profiles are ignored.",
    )
    .example("image_folder(\"flowers\")")
}

#[cfg(test)]
mod labels_tests;
#[cfg(test)]
mod tests;

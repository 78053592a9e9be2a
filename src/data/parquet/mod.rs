//! `parquet(name)`: pictures in parquet files, in the schema that Hugging Face writes.

mod file;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::file::{Classes, OpenError, PictureFile};
use super::decode::{self, Channels, PictureSize};
use super::{DataError, Dataset, Fields, Places, Record, Sample, SampleType, Splits};
use super::{manifest, pictures};
use crate::catalog::{Args, Kind, Make, Origin, Param, Problem, Result, Spec, Split, Type};
use crate::language::codes::Code;

/// Pictures of a file whose headers are read to learn whether all have one size.
const LOOKED_AT: usize = 8;

struct Parquet {
    files: Vec<PictureFile>,
    /// First record of each file.
    firsts: Vec<usize>,
    len: usize,
    fields: Fields,
    /// Where there are labels, their number of classes if it is known.
    labelled: Option<Option<usize>>,
    classes: Vec<String>,
    channels: Channels,
    size: PictureSize,
    kind: String,
}

impl Parquet {
    /// The file that holds a record, and its row there.
    fn row(&self, index: usize) -> Result<(&PictureFile, usize), DataError> {
        if index >= self.len {
            return Err(DataError::outside(index, self.len));
        }
        let at = self.firsts.partition_point(|first| *first <= index) - 1;
        Ok((&self.files[at], index - self.firsts[at]))
    }

    fn label(&self, file: &PictureFile, row: usize) -> Result<Option<u32>, DataError> {
        let label = file.label(row)?;
        match (label, self.labelled.flatten()) {
            (Some(label), Some(n)) if label as usize >= n => Err(DataError::new(format!(
                "row {row} of {} has the label {label}, but there are {n} classes",
                file.path.display()
            ))),
            _ => Ok(label),
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

    fn read(&self, index: usize) -> Result<Record, DataError> {
        let (file, row) = self.row(index)?;
        let name = || format!("the picture in row {row} of {}", file.path.display());
        let image = decode::decode(file.picture(row)?, self.channels)
            .map_err(|what| DataError::new(format!("can't read {}: {what}", name())))?;
        self.size.check(&image, &name)?;
        let mut record = vec![Sample::Image(image)];
        if self.labelled.is_some() {
            record.extend(self.label(file, row)?.map(Sample::Label));
        }
        Ok(record)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        let (file, row) = self.row(index)?;
        self.label(file, row)
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn manifest(&self) -> Result<String, DataError> {
        let paths: Vec<PathBuf> = self.files.iter().map(|file| file.path.clone()).collect();
        manifest::of_files(&self.kind, &paths, || {
            let mut all = blake3::Hasher::new();
            all.update(self.kind.as_bytes());
            for path in &paths {
                let mut one = blake3::Hasher::new();
                manifest::update(&mut one, path)?;
                all.update(one.finalize().as_bytes());
            }
            Ok(all.finalize())
        })
    }
}

/// The split a file's name says it belongs to.
fn split_of(path: &Path) -> Option<Split> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    if !name.ends_with(".parquet") {
        return None;
    }
    let starts = [
        ("train", Split::Train),
        ("valid", Split::Valid),
        ("val", Split::Valid),
        ("test", Split::Test),
    ];
    let found = starts.iter().find(|(start, _)| name.starts_with(start));
    found.map(|(_, split)| *split)
}

/// Files by split, in the order of their names: those of the folder, else those of its one folder that has some.
fn files(place: &Path) -> Result<Vec<(Split, PathBuf)>, String> {
    if place.is_file() {
        return Ok(vec![(
            split_of(place).unwrap_or(Split::Train),
            place.to_owned(),
        )]);
    }
    let listed = |folder: &Path| -> Result<Vec<PathBuf>, String> {
        let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(|error| error.to_string())?;
        paths.sort();
        Ok(paths)
    };
    let of_splits = |paths: &[PathBuf]| -> Vec<(Split, PathBuf)> {
        let files = paths.iter().filter(|path| path.is_file());
        files
            .filter_map(|path| Some((split_of(path)?, path.clone())))
            .collect()
    };
    let paths = listed(place)?;
    let here = of_splits(&paths);
    if !here.is_empty() {
        return Ok(here);
    }
    let mut below = Vec::new();
    for folder in paths.iter().filter(|path| path.is_dir()) {
        let found = of_splits(&listed(folder)?);
        if !found.is_empty() {
            below.push((folder, found));
        }
    }
    match &below[..] {
        [] => Err("it holds no train*.parquet, valid*.parquet or test*.parquet".into()),
        [(_, found)] => Ok(found.clone()),
        [(a, _), (b, _), ..] => Err(format!(
            "both {} and {} hold parquet files: name one of them",
            a.display(),
            b.display()
        )),
    }
}

fn open_split(args: &Args, paths: &[PathBuf]) -> Result<Parquet> {
    let (image, label) = (args.text("image"), args.text("label"));
    let asked = args.values.get("label").map(|argument| &argument.origin) != Some(&Origin::Default);
    let mut label = Some(label);
    let mut files: Vec<PictureFile> = Vec::new();
    for path in paths {
        let mut file = PictureFile::open(path, image, label);
        // files without labels are fine unless the recipe names the column
        if files.is_empty()
            && !asked
            && let Err(OpenError::NoColumn { which: "label", .. }) = file
        {
            label = None;
            file = PictureFile::open(path, image, None);
        }
        files.push(file.map_err(|error| match error {
            OpenError::Bad(what) => Problem::new(Code::BadFile, what),
            OpenError::NoColumn { which, have } => no_column(path, which, args.text(which), &have),
        })?);
    }
    let channels = Channels::from_word(args.word("channels"));
    let size = pictures::size(pictures::declared(args), || {
        files.iter().flat_map(|file| file.peek(LOOKED_AT)).collect()
    });
    let classes = label.map(|_| classes(&files));
    let (height, width) = size.shown();
    let image_type = SampleType::Image {
        channels: Some(channels.count()),
        height,
        width,
    };
    let mut fields = vec![("image".to_owned(), image_type)];
    let count = classes.as_ref().map(|classes| match classes {
        Some(Classes::Named(names)) => Some(names.len()),
        Some(Classes::Counted(n)) => Some(*n),
        None => None,
    });
    if let Some(classes) = count {
        fields.push(("label".to_owned(), SampleType::Label { classes }));
    }
    let mut firsts = Vec::new();
    let mut len = 0;
    for file in &files {
        firsts.push(len);
        len += file.rows;
    }
    Ok(Parquet {
        firsts,
        len,
        fields,
        labelled: count,
        classes: match classes {
            Some(Some(Classes::Named(names))) => names,
            _ => Vec::new(),
        },
        channels,
        size,
        kind: format!("parquet {image} {label:?} {channels:?}"),
        files,
    })
}

/// The classes that the files agree on: their names, else the largest count.
fn classes(files: &[PictureFile]) -> Option<Classes> {
    let mut counted = Some(0);
    for file in files {
        match &file.classes {
            Some(Classes::Named(names)) => return Some(Classes::Named(names.clone())),
            Some(Classes::Counted(n)) => counted = counted.map(|most| most.max(*n)),
            None => counted = None,
        }
    }
    counted.map(Classes::Counted)
}

fn no_column(path: &Path, which: &str, wanted: &str, have: &[String]) -> Problem {
    let kind = if which == "image" {
        "pictures"
    } else {
        "labels"
    };
    let have = have.join(", ");
    Problem::argument(
        Code::UnknownPart,
        which,
        format!("{} has no column `{wanted}` of {kind}", path.display()),
    )
    .note(format!("its columns are {have}"))
    .help(format!("name the column: `{which} = \"…\"`"))
}

fn open(args: &Args, places: &Places) -> Result<Splits> {
    let holds = |path: &Path| files(path).map(|_| ());
    let name = args.text("name");
    let what = "a parquet file, or a folder with train*.parquet, valid*.parquet, test*.parquet";
    let place = pictures::find(name, places, &holds, what)?;
    let all = files(&place).map_err(|what| {
        Problem::argument(
            Code::BadFile,
            "name",
            format!("{}: {what}", place.display()),
        )
    })?;
    let mut splits = Splits::default();
    let mut counted: Vec<(Split, Parquet)> = Vec::new();
    for split in [Split::Train, Split::Valid, Split::Test] {
        let of_split = all.iter().filter(|(other, _)| *other == split);
        let paths: Vec<PathBuf> = of_split.map(|(_, path)| path.clone()).collect();
        if !paths.is_empty() {
            counted.push((split, open_split(args, &paths)?));
        }
    }
    // a split may lack the last classes: where they are only counted, all have as many as the largest
    let most = counted
        .iter()
        .filter_map(|(_, part)| part.labelled.flatten())
        .max();
    for (split, mut part) in counted {
        if let (Some(Some(n)), Some(most)) = (part.labelled.as_mut(), most) {
            *n = most;
            part.fields[1].1 = SampleType::label(most);
        }
        splits.parts.insert(split, Arc::new(part));
    }
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "parquet",
        Kind::Dataset,
        "Pictures in parquet files, in the schema of the Hugging Face hub.",
        Make::Dataset(open),
    )
    .param(Param::required(
        "name",
        Type::Text,
        "The data's name in `--data NAME=PATH` and pretext.toml, or a path that starts at the recipe.",
    ))
    .param(Param::with_default(
        "image",
        Type::Text,
        "\"image\"",
        "The column of pictures: a struct with `bytes`, or bytes; JPEG or PNG.",
    ))
    .param(Param::with_default(
        "label",
        Type::Text,
        "\"label\"",
        "The column of class numbers; files without it have no label unless it is named.",
    ))
    .param(pictures::channels_param())
    .param(pictures::size_param())
    .doc(
        "One file, or a folder with `train*.parquet`, `valid*.parquet` (or `val*`) and `test*.parquet`, as many of them as there are. \
         Class names come from the schema's `huggingface` metadata. Footers are read when the recipe is checked; a row group is read when \
         the first of its records is, and its encoded pictures stay in memory. Fields: `image`, `label`.",
    )
    .example("parquet(\"cifar10\", image = \"img\", label = \"label\")")
}

#[cfg(test)]
mod tests;

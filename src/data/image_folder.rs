//! `image_folder(name)`: pictures in folders, one per class.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::decode::{self, Channels, PictureSize};
use super::pictures;
use super::{DataError, Dataset, Fields, Places, Record, Sample, SampleType, Splits, manifest};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Split, Type};
use crate::language::codes::Code;

/// Pictures whose headers are read to learn whether all have one size.
const LOOKED_AT: usize = 8;
/// Folders below a class folder that are followed.
const DEPTH: usize = 8;

/// Words for the splits, as folder names.
const SPLITS: [(&str, Split); 4] = [
    ("train", Split::Train),
    ("valid", Split::Valid),
    ("val", Split::Valid),
    ("test", Split::Test),
];

struct Folder {
    root: PathBuf,
    files: Vec<PathBuf>,
    /// Empty where there are no class folders.
    labels: Vec<u32>,
    classes: Vec<String>,
    fields: Fields,
    channels: Channels,
    size: PictureSize,
}

impl Folder {
    fn file(&self, index: usize) -> Result<&PathBuf, DataError> {
        let file = self.files.get(index);
        file.ok_or_else(|| DataError::outside(index, self.files.len()))
    }
}

impl Dataset for Folder {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.files.len()
    }

    fn read(&self, index: usize) -> Result<Record, DataError> {
        let path = self.root.join(self.file(index)?);
        let name = || format!("{} (picture {index})", path.display());
        let bad = |what: String| DataError::new(format!("can't read {}: {what}", name()));
        let bytes = fs::read(&path).map_err(|error| bad(error.to_string()))?;
        let image = decode::decode(&bytes, self.channels).map_err(bad)?;
        self.size.check(&image, &name)?;
        let mut record = vec![Sample::Image(image)];
        record.extend(self.labels.get(index).map(|label| Sample::Label(*label)));
        Ok(record)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        self.file(index)?;
        Ok(self.labels.get(index).copied())
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn manifest(&self) -> Result<String, DataError> {
        let paths: Vec<PathBuf> = self.files.iter().map(|file| self.root.join(file)).collect();
        let kind = format!("image_folder {:?} {:?}", self.channels, self.classes);
        manifest::of_files(&kind, &paths, || {
            let mut all = blake3::Hasher::new();
            all.update(kind.as_bytes());
            for (index, path) in paths.iter().enumerate() {
                let mut one = blake3::Hasher::new();
                manifest::update(&mut one, path)?;
                all.update(&self.labels.get(index).copied().unwrap_or(0).to_le_bytes());
                all.update(one.finalize().as_bytes());
            }
            Ok(all.finalize())
        })
    }
}

/// Entries of a folder by name; hidden ones are left out.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let bad = |error: std::io::Error| {
        Problem::new(
            Code::BadFile,
            format!("can't read {}: {error}", folder.display()),
        )
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(bad)? {
        let path = entry.map_err(bad)?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        if let Some(name) = name.filter(|name| !name.starts_with('.')) {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

fn is_picture(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".jpg", ".jpeg", ".png"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Pictures in a folder and below it, in order.
fn pictures_in(folder: &Path, depth: usize, out: &mut Vec<PathBuf>) -> Result<()> {
    for (name, path) in entries(folder)? {
        if path.is_dir() {
            if depth > 0 {
                pictures_in(&path, depth - 1, out)?;
            }
        } else if is_picture(&name) {
            out.push(path);
        }
    }
    Ok(())
}

/// Class folders of a split; empty where pictures lie in it directly.
fn class_folders(split: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut all = entries(split)?;
    all.retain(|(_, path)| path.is_dir());
    Ok(all)
}

fn open(place: &Path, channels: Channels, declared: pictures::Declared) -> Result<Splits> {
    let mut roots: Vec<(Split, PathBuf)> = Vec::new();
    for (name, split) in SPLITS {
        let folder = place.join(name);
        if folder.is_dir() {
            if let Some((_, first)) = roots.iter().find(|(other, _)| *other == split) {
                return Err(Problem::new(
                    Code::BadFile,
                    format!(
                        "{} and {} are the same split",
                        first.display(),
                        folder.display()
                    ),
                ));
            }
            roots.push((split, folder));
        }
    }
    if roots.is_empty() {
        roots.push((Split::Train, place.to_owned()));
    }
    // a class that only one split has is a class of all
    let mut classes = Vec::new();
    for (_, root) in &roots {
        classes.extend(class_folders(root)?.into_iter().map(|(name, _)| name));
    }
    classes.sort();
    classes.dedup();

    let mut splits = Splits::default();
    for (split, root) in roots {
        let part = open_split(&root, &classes, channels, declared)?;
        splits.parts.insert(split, Arc::new(part));
    }
    Ok(splits)
}

fn open_split(
    root: &Path,
    classes: &[String],
    channels: Channels,
    declared: pictures::Declared,
) -> Result<Folder> {
    let (mut files, mut labels) = (Vec::new(), Vec::new());
    let folders = class_folders(root)?;
    for (name, folder) in &folders {
        let label = classes.iter().position(|class| class == name).unwrap_or(0);
        pictures_in(folder, DEPTH, &mut files)?;
        labels.resize(files.len(), label as u32);
    }
    if folders.is_empty() {
        pictures_in(root, 0, &mut files)?;
    } else if let Some((_, stray)) = entries(root)?.iter().find(|(name, _)| is_picture(name)) {
        return Err(Problem::new(
            Code::BadFile,
            format!("{} lies beside class folders, not in one", stray.display()),
        ));
    }
    if files.is_empty() {
        return Err(Problem::new(
            Code::BadFile,
            format!("{} holds no .jpg, .jpeg or .png", root.display()),
        )
        .help(
            "one folder per class, or train/, valid/ and test/ with one folder per class in each",
        ));
    }
    let step = files.len().div_ceil(LOOKED_AT);
    let size = pictures::size(declared, || {
        let looked_at = files.iter().step_by(step);
        // one that can't be read is reported when it is read, with its index
        looked_at
            .filter_map(|path| image::image_dimensions(path).ok())
            .map(|(width, height)| (height as usize, width as usize))
            .collect()
    });
    for file in &mut files {
        if let Ok(short) = file.strip_prefix(root) {
            *file = short.to_owned();
        }
    }
    let (height, width) = size.shown();
    let image = SampleType::Image {
        channels: Some(channels.count()),
        height,
        width,
    };
    let mut fields = vec![("image".to_owned(), image)];
    if !labels.is_empty() {
        fields.push(("label".to_owned(), SampleType::label(classes.len())));
    }
    Ok(Folder {
        root: root.to_owned(),
        files,
        labels,
        classes: classes.to_vec(),
        fields,
        channels,
        size,
    })
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
        let channels = Channels::from_word(args.word("channels"));
        open(&place, channels, pictures::declared(args))
    };
    Spec::new(
        "image_folder",
        Kind::Dataset,
        "Your own pictures: JPEG or PNG files in one folder per class.",
        Make::Dataset(make),
    )
    .param(Param::required(
        "name",
        Type::Text,
        "The data's name in `--data NAME=PATH` and pretext.toml, or a path that starts at the recipe.",
    ))
    .param(pictures::channels_param())
    .param(pictures::size_param())
    .doc(
        "The folder holds `train/`, `valid/` (or `val/`) and `test/`, as many of them as there are, or it is the train split itself. \
         In each, one folder per class; folders below a class folder belong to it. Classes are numbered in the order of their names. \
         Without class folders there is no label. Fields: `image`, `label`.",
    )
    .example("image_folder(\"flowers\")")
}

#[cfg(test)]
#[path = "image_folder_tests.rs"]
mod tests;

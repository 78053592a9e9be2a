//! `davis(name)`: clips with masks of what is seen in them, in the folders of the DAVIS benchmark (Perazzi et al., 2016).
//!
//! ```text
//! JPEGImages/[480p/]CLIP/00000.jpg     Annotations/[480p/]CLIP/00000.png     ImageSets/2017/{train,val}.txt
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::decode::{self, Channels, Look};
use super::image_folder::look_at;
use super::pictures::find;
use super::{
    ClipType, DataError, Dataset, Draws, Fields, Image, ImageType, Places, Progress, Record,
    Sample, SampleType, Splits, file_hashes, regular,
};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Split, Type};
use crate::language::codes::Code;

/// Where frames and masks lie.
const FOLDERS: [&str; 2] = ["JPEGImages", "Annotations"];
/// Lists of clips.
const LISTS: [(Split, &str); 2] = [(Split::Train, "train.txt"), (Split::Valid, "val.txt")];

/// One clip: the files of its frames and of its masks, below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Annotated {
    name: String,
    frames: Vec<PathBuf>,
    masks: Vec<PathBuf>,
}

struct Davis {
    root: PathBuf,
    clips: Vec<Annotated>,
    things: usize,
    fields: Fields,
    manifest: OnceLock<String>,
}

impl Davis {
    /// The pictures of a clip, all of one size.
    fn pictures(&self, files: &[PathBuf], look: &Look) -> Result<Vec<Image>, DataError> {
        let mut all: Vec<Image> = Vec::new();
        for file in files {
            let bad = |what: String| {
                DataError::new(format!(
                    "can't read {}: {what}",
                    self.root.join(file).display()
                ))
            };
            let bytes =
                regular::read(&self.root.join(file)).map_err(|error| bad(error.to_string()))?;
            let picture = decode::decode(&bytes, look).map_err(bad)?;
            let (height, width) = (picture.height, picture.width);
            match all.first() {
                None if files.len().saturating_mul(picture.pixels.len()) > decode::CLIP_BYTES => {
                    return Err(bad(format!(
                        "its clip has {} pictures of {height} × {width} pixels, more than {} MiB",
                        files.len(),
                        decode::CLIP_BYTES >> 20
                    )));
                }
                Some(first) if (first.height, first.width) != (height, width) => {
                    return Err(bad(format!(
                        "it is {height} × {width} pixels, and the first one of its clip {} × {}",
                        first.height, first.width
                    )));
                }
                _ => all.push(picture),
            }
        }
        Ok(all)
    }
}

/// A mask for each thing of each annotated frame. With one thing all that is not black is on it; with more each colour of the first frame but
/// black is one, in the order of their numbers.
fn masks(annotated: &[Image], things: usize) -> Vec<Vec<Image>> {
    let black = |pixel: &[u8]| pixel.iter().all(|value| *value == 0);
    let pixels = |image: &Image| -> Vec<Vec<u8>> {
        let pixels = image.pixels.chunks_exact(image.channels);
        pixels.map(<[u8]>::to_vec).collect()
    };
    let first = annotated.first().map_or_else(Vec::new, pixels);
    let colours: BTreeSet<Vec<u8>> = first.into_iter().filter(|pixel| !black(pixel)).collect();
    let colours: Vec<Vec<u8>> = colours.into_iter().collect();
    let on = |thing: usize, pixel: &[u8]| match things {
        1 => !black(pixel),
        _ => colours.get(thing).is_some_and(|colour| colour == pixel),
    };
    let mask = |thing: usize, image: &Image| {
        let shows = image.pixels.chunks_exact(image.channels);
        let shows = shows.map(|pixel| if on(thing, pixel) { 255 } else { 0 });
        Image::new(shows.collect(), image.height, image.width, 1)
    };
    let of_thing = |thing| annotated.iter().map(|image| mask(thing, image)).collect();
    (0..things).map(of_thing).collect()
}

impl Dataset for Davis {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.clips.len()
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        let clip = self.clips.get(index);
        let clip = clip.ok_or_else(|| DataError::outside(index, self.clips.len()))?;
        let look = Look::new(Channels::Rgb);
        let frames = self.pictures(&clip.frames, &look)?;
        let annotated = self.pictures(&clip.masks, &look)?;
        let sizes = |all: &[Image]| all.first().map(|image| (image.height, image.width));
        if sizes(&frames) != sizes(&annotated) {
            return Err(DataError::new(format!(
                "the masks of `{}` are not of the size of its frames",
                clip.name
            )));
        }
        let masks = masks(&annotated, self.things).into_iter().map(Sample::clip);
        Ok(vec![Sample::clip(frames), Sample::list(masks.collect())])
    }

    fn class(&self, _: usize) -> Result<Option<u32>, DataError> {
        Ok(None)
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        if let Some(known) = self.manifest.get() {
            return Ok(known.clone());
        }
        let files: Vec<PathBuf> = self
            .clips
            .iter()
            .flat_map(|clip| clip.frames.iter().chain(&clip.masks).cloned())
            .collect();
        let lengths: Vec<usize> = self.clips.iter().map(|clip| clip.frames.len()).collect();
        let kind = format!("davis things {} lengths {lengths:?}", self.things);
        let pictures = file_hashes::Pictures {
            kind: &kind,
            root: &self.root,
            files: &files,
            labels: &[],
            look: &Look::new(Channels::Rgb),
        };
        let found = file_hashes::manifest(&pictures, progress)?;
        Ok(self.manifest.get_or_init(|| found).clone())
    }
}

/// Names in a folder, sorted; `folders` or files.
fn names(folder: &Path, folders: bool) -> Result<Vec<String>> {
    let bad = |error: std::io::Error| {
        Problem::new(Code::BadFile, format!("{}: {error}", folder.display()))
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(bad)? {
        let entry = entry.map_err(bad)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.path().is_dir() == folders {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// All clips, by name; of several resolutions the first.
fn clips(root: &Path) -> Result<Vec<Annotated>> {
    let frames = root.join(FOLDERS[0]);
    let below = names(&frames, true)?;
    // a folder of clips holds no files itself
    let resolution = match below.first() {
        Some(first) if names(&frames.join(first), false)?.is_empty() => first.clone(),
        _ => String::new(),
    };
    let [frames, masks] = FOLDERS.map(|folder| Path::new(folder).join(&resolution));
    let mut clips = Vec::new();
    for name in names(&root.join(&frames), true)? {
        let files = |folder: &Path| -> Result<Vec<PathBuf>> {
            let own = folder.join(&name);
            let files = names(&root.join(&own), false)?;
            Ok(files.into_iter().map(|file| own.join(file)).collect())
        };
        let clip = Annotated {
            frames: files(&frames)?,
            masks: files(&masks)?,
            name,
        };
        let stems = |files: &[PathBuf]| -> Vec<Option<std::ffi::OsString>> {
            files
                .iter()
                .map(|file| file.file_stem().map(Into::into))
                .collect()
        };
        if clip.frames.is_empty() || stems(&clip.frames) != stems(&clip.masks) {
            return Err(Problem::new(
                Code::BadFile,
                format!(
                    "{}: `{}` has {} frames and {} masks, or they are not called alike",
                    root.display(),
                    clip.name,
                    clip.frames.len(),
                    clip.masks.len()
                ),
            )
            .help("every frame has a mask of its name: `Annotations/CLIP/00000.png` of `JPEGImages/CLIP/00000.jpg`"));
        }
        clips.push(clip);
    }
    Ok(clips)
}

/// The clips of each split, as the lists say; without lists all are for training.
fn split(root: &Path, clips: Vec<Annotated>) -> Result<Vec<(Split, Vec<Annotated>)>> {
    let mut splits = Vec::new();
    for (split, list) in LISTS {
        let path = root.join("ImageSets/2017").join(list);
        let Ok(text) = regular::text(&path) else {
            continue;
        };
        let mut own = Vec::new();
        for name in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match clips.iter().find(|clip| clip.name == name) {
                Some(clip) => own.push(clip.clone()),
                None => {
                    let name = crate::language::visible_line(name);
                    let message = format!("{}: there is no clip `{name}`", path.display());
                    return Err(Problem::new(Code::BadFile, message));
                }
            }
        }
        splits.push((split, own));
    }
    match splits.is_empty() {
        true => Ok(vec![(Split::Train, clips)]),
        false => Ok(splits),
    }
}

fn open(args: &Args, places: &Places) -> Result<Splits> {
    let holds = |path: &Path| match FOLDERS.iter().all(|folder| path.join(folder).is_dir()) {
        true => Ok(()),
        false => Err(format!(
            "it has no folders `{}` and `{}`",
            FOLDERS[0], FOLDERS[1]
        )),
    };
    let root = find(
        args.text("name"),
        places,
        &holds,
        "a folder as that of DAVIS",
    )?;
    let things = args.size("things");
    let mut splits = Splits::default();
    for (split, clips) in split(&root, clips(&root)?)? {
        let firsts: Vec<PathBuf> = clips
            .iter()
            .filter_map(|clip| clip.frames.first().cloned())
            .collect();
        let sizes = look_at(&root, &firsts);
        let sizes = sizes
            .iter()
            .map(|(_, header)| (header.height, header.width));
        let (height, width) = decode::PictureSize::common(sizes).shown();
        let frame = |channels| ImageType {
            channels: Some(channels),
            height,
            width,
        };
        let lengths: BTreeSet<usize> = clips.iter().map(|clip| clip.frames.len()).collect();
        let frames = lengths.first().copied().filter(|_| lengths.len() == 1);
        let masks = ClipType::of(frames, frame(1));
        let part = Davis {
            root: root.clone(),
            clips,
            things,
            fields: vec![
                ("clip".into(), ClipType::of(frames, frame(3))),
                ("masks".into(), SampleType::list(masks, Some(things))),
            ],
            manifest: OnceLock::new(),
        };
        splits.parts.insert(split, Arc::new(part));
    }
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "davis",
        Kind::Dataset,
        "Clips with masks of what is seen in them, in the folders of the DAVIS benchmark.",
        Make::Dataset(open),
    )
    .param(super::pictures::name_param())
    .param(
        Param::with_default(
            "things",
            Type::Integer,
            "1",
            "Masks of each clip. 1: all that is not black in the annotation is one thing; more: each colour of the first frame is one, in the order of their numbers.",
        )
        .within(1.0, 64.0),
    )
    .paper(
        "Perazzi et al., 2016",
        "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation",
        "doi:10.1109/CVPR.2016.85",
    )
    .doc(
        "Frames are `JPEGImages/CLIP/00000.jpg`, their masks `Annotations/CLIP/00000.png` (any formats of pictures), with or without a folder for the resolution \
         above the clips. `ImageSets/2017/train.txt` and `val.txt` name the clips of `train` and `valid`; without them all are `train`. Fields: `clip` and `masks`, a \
         clip of masks for each thing. Made for `propagation`.",
    )
    .example("davis(\"DAVIS\")")
}

#[cfg(test)]
#[path = "davis_tests.rs"]
mod tests;

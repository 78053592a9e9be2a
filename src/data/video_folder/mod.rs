//! `video_folder(name)`: clips in folders, one folder per class. What lies there and which folders are splits and classes is read as
//! `image_folder` reads it; [`clips`] says which files are one clip, and this file reads them.

mod clips;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clips::Clip;

use super::decode::{self, Animation, Look, PictureSize};
use super::folders::{self, plural};
use super::image_folder::{PICTURES, look_at, on_background};
use super::{
    ClipType, DataError, Dataset, Fields, Image, ImageType, Places, Progress, Record, Sample,
    SampleType, Splits,
};
use super::{file_hashes, pictures, regular};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::language::codes::Code;

struct Folder {
    root: PathBuf,
    clips: Vec<Clip>,
    classes: Arc<[String]>,
    fields: Fields,
    look: Look,
    size: PictureSize,
    /// Every so many-th frame is read.
    step: usize,
    /// A clip with fewer is not read.
    least: usize,
    /// Once it is known.
    manifest: OnceLock<String>,
}

/// How a picture is decoded.
type Decode = fn(&[u8], &Look) -> Result<Image, String>;

impl Folder {
    fn clip(&self, index: usize) -> Result<&Clip, DataError> {
        let clip = self.clips.get(index);
        clip.ok_or_else(|| DataError::outside(index, self.clips.len()))
    }

    /// `mend`: what there is of a file that is not whole.
    fn record(&self, index: usize, mend: bool) -> Result<Record, DataError> {
        let clip = self.clip(index)?;
        let path = self.root.join(&clip.path);
        let name = || format!("{} (clip {index})", path.display());
        let bad = |what: String| DataError::new(format!("can't read {}: {what}", name()));
        let frames = match clip.animation {
            true => self.animation(&path, mend).map_err(bad)?,
            false => self.pictures(clip, mend).map_err(bad)?,
        };
        if let Some(first) = frames.first() {
            self.size.check(first, &name)?;
        }
        if frames.len() < self.least {
            let has = plural(frames.len(), "frame");
            let step = match self.step {
                1 => String::new(),
                step => format!(" (every {step} is read)"),
            };
            return Err(bad(format!(
                "it has {has}{step}, and clips have {} at least",
                self.least
            ))
            .help("`on_bad_sample = skip` leaves short clips out; `at_least` says how short a clip may be"));
        }
        let mut record = vec![Sample::clip(frames)];
        record.extend(clip.label.map(Sample::label));
        Ok(record)
    }

    fn animation(&self, path: &Path, mend: bool) -> Result<Vec<Image>, String> {
        let bytes = regular::read(path).map_err(|error| error.to_string())?;
        match decode::animation(&bytes, &self.look, self.step)? {
            Animation {
                damage: Some(damage),
                ..
            } if !mend => Err(damage),
            Animation { frames, .. } => Ok(frames),
        }
    }

    fn pictures(&self, clip: &Clip, mend: bool) -> Result<Vec<Image>, String> {
        let decode: Decode = if mend { decode::mend } else { decode::decode };
        let kept = clip.files.len().div_ceil(self.step);
        let mut frames: Vec<Image> = Vec::new();
        for file in clip.files.iter().step_by(self.step) {
            let name = file.file_name().unwrap_or_default().display();
            let bytes = regular::read(&self.root.join(file));
            let bytes = bytes.map_err(|error| format!("{name}: {error}"))?;
            let frame = decode(&bytes, &self.look).map_err(|error| format!("{name}: {error}"))?;
            let (height, width) = (frame.height, frame.width);
            match frames.first() {
                None if kept.saturating_mul(frame.pixels.len()) > decode::CLIP_BYTES => {
                    return Err(decode::too_large(clip.files.len(), height, width));
                }
                Some(first) if (first.height, first.width) != (height, width) => {
                    let first_name = clip.files[0].file_name().unwrap_or_default().display();
                    return Err(format!(
                        "its frames differ in size: {first_name} is {} × {} pixels, {name} {height} × {width}",
                        first.height, first.width
                    ));
                }
                _ => frames.push(frame),
            }
        }
        Ok(frames)
    }
}

impl Dataset for Folder {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.clips.len()
    }

    fn read(&self, index: usize, _: super::Draws) -> Result<Record, DataError> {
        self.record(index, false)
    }

    fn mend(&self, index: usize, _: super::Draws) -> Result<Record, DataError> {
        self.record(index, true)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        Ok(self.clip(index)?.label)
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        if let Some(known) = self.manifest.get() {
            return Ok(known.clone());
        }
        let (mut files, mut labels) = (Vec::new(), Vec::new());
        let mut lengths = blake3::Hasher::new();
        for clip in &self.clips {
            lengths.update(&(clip.files.len() as u64).to_le_bytes());
            labels.extend(clip.files.iter().filter_map(|_| clip.label));
            files.extend(clip.files.iter().cloned());
        }
        let kind = format!(
            "video_folder {:?} {:?} step {} lengths {}",
            self.look.channels,
            &*self.classes,
            self.step,
            lengths.finalize().to_hex()
        );
        let pictures = file_hashes::Pictures {
            kind: &kind,
            root: &self.root,
            files: &files,
            labels: &labels,
            look: &self.look,
        };
        let found = file_hashes::manifest(&pictures, progress)?;
        Ok(self.manifest.get_or_init(|| found).clone())
    }
}

/// How many frames are read of every clip; `None` where they differ, or where it takes reading to know.
fn frames(clips: &[Clip], step: usize) -> Option<usize> {
    let count = |clip: &Clip| (!clip.animation).then(|| clip.files.len().div_ceil(step));
    let first = count(clips.first()?)?;
    let alike = clips.iter().all(|clip| count(clip) == Some(first));
    alike.then_some(first)
}

fn open(args: &Args, place: &Path) -> Result<Splits> {
    let look = pictures::look(args)?;
    let declared = pictures::declared(args);
    let (step, least) = (args.size("step"), args.size("at_least"));
    let labels = args.word("labels") != "none";
    let how = folders::How {
        labels: &|root, split| labels && clips::are_classes(root, split),
        twice: true,
    };
    let mut layout = folders::layout(place, &how, PICTURES)?;
    let classes: Arc<[String]> = layout.classes.clone().into();
    let mut splits = Splits::default();
    let mut transparent = false;
    let mut parts = Vec::new();
    for part in &mut layout.parts {
        let files = std::mem::take(&mut part.files);
        let clips::Clips { clips, beside } = clips::clips(&part.root, files, &part.labels);
        if let Some(first) = beside.first() {
            beside.iter().for_each(|_| layout.left.file("beside clips"));
            let are = if beside.len() == 1 { "is" } else { "are" };
            layout.doubts.push(
                Problem::new(
                    Code::LintFolders,
                    format!(
                        "{}: {} beside clips {are} left out, the first is `{}`",
                        part.root.display(),
                        plural(beside.len(), "picture"),
                        first.display()
                    ),
                )
                .help("a clip is an animation, or a folder that holds nothing but its frames"),
            );
        }
        if clips.is_empty() {
            return Err(Problem::new(
                Code::BadFile,
                format!("{}: there is no clip", part.root.display()),
            )
            .help("a clip is a GIF, an APNG, or a folder that holds nothing but its frames"));
        }
        let firsts: Vec<PathBuf> = clips
            .iter()
            .filter_map(|clip| clip.files.first().cloned())
            .collect();
        let mut looked_at = Vec::new();
        let size = pictures::size(declared, || {
            looked_at = look_at(&part.root, &firsts);
            looked_at
                .iter()
                .map(|(_, header)| (header.height, header.width))
                .collect()
        });
        transparent |= looked_at.iter().any(|(_, header)| header.transparent);
        let (height, width) = size.shown();
        let frame = ImageType {
            channels: Some(look.channels.count()),
            height,
            width,
        };
        let mut fields = vec![("clip".to_owned(), ClipType::of(frames(&clips, step), frame))];
        if !part.labels.is_empty() {
            fields.push(("label".to_owned(), SampleType::label(classes.len())));
        }
        part.files = clips.iter().map(|clip| clip.path.clone()).collect();
        parts.push((
            part.split,
            Folder {
                root: part.root.clone(),
                clips,
                classes: classes.clone(),
                fields,
                look,
                size,
                step,
                least,
                manifest: OnceLock::new(),
            },
        ));
    }
    layout.wanted.one = "clip";
    if transparent {
        layout.notes.push(on_background(&look));
    }
    splits.found = Some(Arc::new(folders::found(&layout)));
    splits.doubts = layout.doubts;
    for (split, folder) in parts {
        splits.parts.insert(split, Arc::new(folder));
    }
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    let make = |args: &Args, places: &Places| {
        let holds = |path: &Path| match path.is_dir() {
            true => Ok(()),
            false => Err("it is not a folder".to_owned()),
        };
        let place = pictures::find(args.text("name"), places, &holds, "a folder of clips")?;
        open(args, &place)
    };
    Spec::new(
        "video_folder",
        Kind::Dataset,
        "Your own clips: folders of frames, GIF and APNG files, in one folder per class.",
        Make::Dataset(make),
    )
    .param(pictures::name_param())
    .param(
        Param::with_default("step", Type::Integer, "1", "Every so many-th frame is read, the first one included.")
            .within(1.0, 65_536.0),
    )
    .param(
        Param::with_default("at_least", Type::Integer, "2", "A clip of which fewer frames are read is a bad sample.")
            .within(1.0, 65_536.0),
    )
    .param(pictures::channels_param())
    .param(pictures::size_param())
    .param(Param::with_default(
        "labels",
        Type::Choice(&["folders", "none"]),
        "folders",
        "`folders`: each folder of a split that holds clips is a class. `none`: all clips below a split, without a label.",
    ))
    .param(pictures::background_param())
    .param(pictures::range_param())
    .doc(
        "Splits, classes, links and what is left out are as in `image_folder`. A clip is a folder that holds nothing but its frames (any \
         pictures, in the order in which people count: `frame2` before `frame10`), or a GIF or APNG file, whose frames are put together \
         as they are seen; times between frames are not read. Where the folders of a split hold frames themselves there are no classes. \
         Of PNG files in a folder the first says whether they are frames or clips. Films (MP4, AVI) are not read: \
         `ffmpeg -i film.mp4 -vf fps=8,scale=128:-1 film/%05d.png` makes a folder of frames. Fields: `clip`, `label`.\n\n\
         A clip is read when it is needed, whole, with every `step`-th frame: up to 512 MiB. One that is cut short, whose frames differ in \
         size, or that is shorter than `at_least`, is an error that names it (`on_bad_sample`).",
    )
    .example("video_folder(\"gestures\")")
}

#[cfg(test)]
mod tests;

//! `video_folder(name)`: clips in folders, one folder per class. What lies there and which folders are splits and classes is read as
//! `image_folder` reads it; [`films`] says which files are one clip, and reads them.

mod folder;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use folder::Folder;

use super::decode::PictureSize;
use super::films::{
    self, CLIPS, Clip, Clips, Frames, Reading, Shelf, Timeline, count, frames, frames_param, parts,
    reading, reading_params, unreadable,
};
use super::folders::{self, plural};
use super::image_folder::{look_at, on_background};
use super::pictures::{self, Declared};
use super::{ClipType, ImageType, Places, SampleType, Splits};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::language::codes::Code;

/// Bytes of frames that are kept of films that nobody said a size of.
const UNASKED: u64 = 8 << 30;

fn open(args: &Args, place: &Path) -> Result<Splits> {
    let reading = reading(args)?;
    let (cut, declared) = (frames(args), pictures::declared(args));
    let labels = args.word("labels") != "none";
    let how = folders::How {
        level: folders::Level::First,
        labels: &|root, split| labels && films::are_classes(root, split),
        twice: true,
    };
    let mut layout = folders::layout(place, &how, CLIPS)?;
    let classes: Arc<[String]> = layout.classes.clone().into();
    let mut splits = Splits::default();
    let mut transparent = false;
    let mut kept = 0;
    let mut parts_of_splits = Vec::new();
    for part in &mut layout.parts {
        let files = std::mem::take(&mut part.files);
        let Clips { clips, beside } = films::clips(&part.root, files, &part.labels);
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
                .help(
                    "a clip is a film, an animation, or a folder that holds nothing but its frames",
                ),
            );
        }
        if clips.is_empty() {
            return Err(Problem::new(
                Code::BadFile,
                format!("{}: there is no clip", part.root.display()),
            )
            .help("a clip is a film, a GIF, an APNG, an animated WebP, or a folder that holds nothing but its frames"));
        }
        let timelines = films::looked_at(&clips).map_err(unreadable)?;
        let counts: Vec<Option<usize>> = clips
            .iter()
            .zip(&timelines)
            .map(|(clip, timeline)| count(clip, timeline.as_ref(), &reading.pace))
            .collect();
        kept += bytes(&clips, &timelines, &counts, &reading);
        let firsts: Vec<PathBuf> = clips
            .iter()
            .filter_map(|clip| match &clip.frames {
                Frames::Pictures(files) => files.first().cloned(),
                Frames::Film(film) => film.is_animation().then(|| clip.path.clone()),
            })
            .collect();
        let headers = look_at(&part.root, &firsts);
        transparent |= headers.iter().any(|(_, header)| header.transparent);
        let size = size(declared, &clips, &timelines, &headers, &reading);
        let (height, width) = size.shown();
        let frame = ImageType {
            channels: Some(reading.look.channels.count()),
            height,
            width,
        };
        let frames = cut.or_else(|| alike(&clips, &counts));
        let mut fields = vec![("clip".to_owned(), ClipType::of(frames, frame))];
        if !part.labels.is_empty() {
            fields.push(("label".to_owned(), SampleType::label(classes.len())));
        }
        let records = records(&counts, cut);
        let short =
            (0..clips.len() as u32).filter(|at| !records.iter().any(|(clip, _)| clip == at));
        let short = short.count();
        if short > 0 {
            layout.left.files.insert("too short".into(), short);
        }
        if cut.is_some() {
            let of = clips.len() - short;
            let name = part.split.name();
            layout
                .notes
                .push(format!("{name}: parts of {}", plural(of, "clip")));
        }
        if records.is_empty() {
            return Err(Problem::argument(
                Code::BadFile,
                "frames",
                format!("{}: every clip is shorter than that", part.root.display()),
            ));
        }
        part.files = records
            .iter()
            .map(|(clip, _)| clips[*clip as usize].path.clone())
            .collect();
        parts_of_splits.push((part.split, part.root.clone(), clips, records, fields, size));
    }
    if transparent {
        layout.notes.push(on_background(&reading.look));
    }
    let mut reading = reading;
    let animations = |clips: &[Clip]| {
        clips
            .iter()
            .any(|clip| matches!(&clip.frames, Frames::Film(film) if film.is_animation()))
    };
    let all_said = reading.side.is_some();
    if !all_said
        && (kept > UNASKED
            || parts_of_splits
                .iter()
                .any(|(_, _, clips, ..)| animations(clips)))
    {
        reading.cache = None;
    }
    if kept > 0 {
        let mebibytes = kept.div_ceil(1 << 20);
        match reading.cache {
            Some(_) => layout.notes.push(format!("frames of films take {mebibytes} MiB in the cache")),
            None => layout.doubts.push(
                Problem::new(
                    Code::LintFolders,
                    format!("frames of films would take {mebibytes} MiB and are not kept: each epoch decodes them anew"),
                )
                .help("say at which size they are kept: `side = 128px`"),
            ),
        }
    }
    layout.wanted.one = "clip";
    splits.found = Some(Arc::new(folders::found(&layout)));
    splits.doubts = layout.doubts;
    for (split, root, clips, records, fields, size) in parts_of_splits {
        let folder = Folder {
            shelf: Shelf::new(root, reading.clone()),
            clips,
            records,
            frames: cut,
            classes: classes.clone(),
            fields,
            size,
            least: args.size("at_least"),
            manifest: OnceLock::new(),
        };
        splits.parts.insert(split, Arc::new(folder));
    }
    Ok(splits)
}

/// Bytes of the frames that are read of films.
fn bytes(
    clips: &[Clip],
    timelines: &[Option<Timeline>],
    counts: &[Option<usize>],
    reading: &Reading,
) -> u64 {
    let all = clips.iter().zip(timelines).zip(counts);
    let bytes = all.filter_map(|((clip, timeline), count)| {
        let timeline = timeline.as_ref()?;
        let (height, width) = reading.size((timeline.height, timeline.width));
        let is_film = matches!(&clip.frames, Frames::Film(film) if !film.is_animation());
        is_film.then(|| reading.bytes(height, width) * count.unwrap_or(0) as u64)
    });
    bytes.sum()
}

/// The size of all frames, where they have one.
fn size(
    declared: Declared,
    clips: &[Clip],
    timelines: &[Option<Timeline>],
    headers: &[(PathBuf, super::decode::Header)],
    reading: &Reading,
) -> PictureSize {
    pictures::size(declared, || {
        let films = clips.iter().zip(timelines).filter_map(|(clip, timeline)| {
            let is_animation = matches!(&clip.frames, Frames::Film(film) if film.is_animation());
            let timeline = timeline.as_ref().filter(|_| !is_animation)?;
            Some((timeline.height, timeline.width))
        });
        let pictures = headers
            .iter()
            .map(|(_, header)| (header.height, header.width));
        films.chain(pictures).map(|own| reading.size(own)).collect()
    })
}

/// For each record its clip, and the first of its frames.
fn records(counts: &[Option<usize>], cut: Option<usize>) -> Vec<(u32, u32)> {
    let mut records = Vec::new();
    for (clip, count) in counts.iter().enumerate() {
        match (cut, count) {
            (Some(frames), Some(count)) => {
                records.extend(parts(*count, frames).map(|start| (clip as u32, start)));
            }
            // one that can't be read says so when it is
            _ => records.push((clip as u32, 0)),
        }
    }
    records
}

/// How many frames are read of every clip; `None` where they differ, or where it takes reading to know.
fn alike(clips: &[Clip], counts: &[Option<usize>]) -> Option<usize> {
    let animations = clips
        .iter()
        .any(|clip| matches!(&clip.frames, Frames::Film(film) if film.is_animation()));
    let first = (*counts.first()?)?;
    let alike = !animations && counts.iter().all(|count| *count == Some(first));
    alike.then_some(first)
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
    let [fps, side, step] = reading_params();
    Spec::new(
        "video_folder",
        Kind::Dataset,
        "Your own clips: films, animations and folders of frames, in one folder per class.",
        Make::Dataset(make),
    )
    .param(pictures::name_param())
    .param(fps)
    .param(side)
    .param(step)
    .param(frames_param(
        "A clip that is longer becomes several of so many frames, one after another; a rest that is shorter is left out. `all`: each stays one.",
    ))
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
        "Splits, classes, links and what is left out are as in `image_folder`. A clip is a film, an animation (GIF, APNG, animated WebP), whose \
         frames are put together as they are seen, or a folder that holds nothing but its frames (any pictures, in the order in which people \
         count: `frame2` before `frame10`). Where the folders of a split hold frames themselves there are no classes. Of PNG and WebP files \
         in a folder the first says whether they are frames or clips. Fields: `clip`, `label`.\n\n\
         Y4M and Motion-JPEG in AVI are decoded by this program, all other films (H.264, HEVC, VP9, AV1 in MP4, Matroska, AVI and so on) by \
         `ffmpeg`, where it is installed: turned as a phone says, frames as they are stored. `fps` reads by times, so that a film of uneven \
         ones is even.\n\n\
         With `side`, and of films of up to 8 GiB, frames are decoded once and kept in the user's cache (`pretext/frames`), under a hash of \
         what the file holds: later epochs and runs read them at their places. A clip of `frames` is read alone, whatever the length of the \
         film; parts of one film stay together in `hold_out`.\n\n\
         A clip is read whole: up to 512 MiB. One that is cut short, whose frames differ in \
         size, or that is shorter than `at_least`, is an error that names it (`on_bad_sample`).",
    )
    .example("video_folder(\"gestures\")")
}

#[cfg(test)]
mod tests;

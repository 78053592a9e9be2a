//! `cameras(name)`: scenes that several cameras see at the same time. [`pattern`] says which file is of which scene and camera.

mod draft;
mod pattern;
mod scenes;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use draft::{draft, sorted};
use pattern::Pattern;
use scenes::Scenes;

use super::films::{self, CLIPS, Clips, Shelf, frames, frames_param, reading, reading_params};
use super::folders::{self, plural};
use super::{ClipType, ImageType, Places, Splits, pictures};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type, Value};
use crate::language::codes::Code;

/// Cameras of a scene at most.
const MOST: usize = 32;
/// Seconds that each camera began before the scene does; empty: none.
fn offsets(args: &Args) -> Vec<f64> {
    let Some(Value::List(values)) = args.values.get("offsets").map(|argument| &argument.value)
    else {
        return Vec::new();
    };
    let numbers = values.iter().map(|value| match value {
        Value::Integer(seconds) => *seconds as f64,
        Value::Number(seconds) => *seconds,
        _ => 0.0,
    });
    numbers.collect()
}

fn open(args: &Args, place: &Path) -> Result<Splits> {
    let reading = reading(args)?;
    let cut = frames(args);
    let pattern = Pattern::parse(args.text("pattern"))
        .map_err(|message| Problem::argument(Code::OutOfRange, "pattern", message))?;
    let how = folders::How {
        level: folders::Level::First,
        labels: &|_, _| false,
        twice: true,
    };
    let mut layout = folders::layout(place, &how, CLIPS)?;
    layout.wanted.one = "scene";
    let mut of_splits = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for part in &mut layout.parts {
        let files = std::mem::take(&mut part.files);
        let Clips { clips, beside } = films::clips(&part.root, files, &[]);
        beside.iter().for_each(|_| layout.left.file("beside clips"));
        let (scenes, unnamed) = sorted(clips, &pattern);
        (0..unnamed).for_each(|_| layout.left.file("not named by the pattern"));
        names.extend(scenes.values().flat_map(BTreeMap::keys).cloned());
        of_splits.push((part.split, part.root.clone(), scenes));
    }
    names.sort();
    names.dedup();
    if names.len() < 2 || names.len() > MOST {
        return Err(Problem::argument(
            Code::BadFile,
            "pattern",
            format!(
                "{} is seen by {}: {}",
                place.display(),
                plural(names.len(), "camera"),
                names.iter().take(4).cloned().collect::<Vec<_>>().join(", ")
            ),
        )
        .help("a scene is a folder with a clip for each camera (`walk/left.mp4`, `walk/right.mp4`), or say what names are made of: `pattern = \"{scene}_{camera}\"`"));
    }
    let mut offsets = offsets(args);
    if offsets.is_empty() {
        offsets = vec![0.0; names.len()];
    }
    if offsets.len() != names.len() || offsets.iter().any(|skip| !(0.0..=86_400.0).contains(skip)) {
        return Err(Problem::argument(
            Code::OutOfRange,
            "offsets",
            format!(
                "one number of seconds for each of {}, 0 or more: {}",
                plural(names.len(), "camera"),
                names.join(", ")
            ),
        ));
    }
    let numbered = names.iter().enumerate();
    let numbered = numbered.map(|(at, name)| format!("camera{} is {name}", at + 1));
    layout.notes.push(numbered.collect::<Vec<_>>().join(", "));
    let mut splits = Splits::default();
    for (part, (split, root, scenes)) in layout.parts.iter_mut().zip(of_splits) {
        let (whole, less): (Vec<_>, Vec<_>) = scenes
            .into_iter()
            .partition(|(_, views)| views.len() == names.len());
        if let Some((first, views)) = less.first() {
            let lacks = names.iter().find(|name| !views.contains_key(*name));
            layout.doubts.push(
                Problem::new(
                    Code::LintFolders,
                    format!(
                        "{}: {} that not every camera sees left out: `{first}` lacks `{}`",
                        root.display(),
                        plural(less.len(), "scene"),
                        lacks.map_or("", |name| name)
                    ),
                )
                .help("a scene has a clip of every camera"),
            );
        }
        let whole = whole
            .into_iter()
            .map(|(_, views)| views.into_values().collect());
        let draft = draft(whole.collect(), &offsets, &reading, cut)?;
        if draft.records.is_empty() {
            let message = format!(
                "{}: there is no scene that all cameras see, or none is long enough",
                root.display()
            );
            return Err(Problem::new(Code::BadFile, message));
        }
        if cut.is_some() {
            let of = plural(draft.scenes.len(), "scene");
            layout
                .notes
                .push(format!("{}: parts of {of}", split.name()));
        }
        let frames = cut.or(draft.alike);
        let fields = draft.sizes.iter().enumerate().map(|(at, size)| {
            let (height, width) = size.shown();
            let frame = ImageType {
                channels: Some(reading.look.channels.count()),
                height,
                width,
            };
            (format!("camera{}", at + 1), ClipType::of(frames, frame))
        });
        part.files = draft
            .records
            .iter()
            .map(|(scene, _)| draft.scenes[*scene as usize].views[0].path.clone())
            .collect();
        let scenes = Scenes {
            shelf: Shelf::new(root, reading.clone()),
            fields: fields.collect(),
            scenes: draft.scenes,
            records: draft.records,
            cut,
            offsets: offsets.clone(),
            least: args.size("at_least"),
            manifest: OnceLock::new(),
        };
        splits.parts.insert(split, Arc::new(scenes));
    }
    splits.found = Some(Arc::new(folders::found(&layout)));
    splits.doubts = layout.doubts;
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    let make = |args: &Args, places: &Places| {
        let holds = |path: &Path| match path.is_dir() {
            true => Ok(()),
            false => Err("it is not a folder".to_owned()),
        };
        let place = pictures::find(args.text("name"), places, &holds, "a folder of scenes")?;
        open(args, &place)
    };
    let [fps, side, step] = reading_params();
    Spec::new(
        "cameras",
        Kind::Dataset,
        "Your own films of scenes that several cameras see at the same time.",
        Make::Dataset(make),
    )
    .paper(
        "Sermanet et al., 2018",
        "Time-Contrastive Networks: Self-Supervised Learning from Video",
        "arXiv:1704.06888",
    )
    .param(pictures::name_param())
    .param(Param::with_default(
        "pattern",
        Type::Text,
        "\"{scene}/{camera}\"",
        "What the path of a clip below its split is made of, without its ending: `{camera}`, `{scene}` (with the folders in it), once `*` for anything, and text.",
    ))
    .param(Param::with_default(
        "offsets",
        Type::List(Box::new(Type::Number)),
        "[]",
        "Seconds that each camera began before the scene does, in the order of their names: so much at its start is left out. `[]`: all began together.",
    ))
    .param(fps)
    .param(side)
    .param(step)
    .param(frames_param(
        "A scene that is longer becomes several of so many moments, one after another; a rest that is shorter is left out. `all`: each stays one.",
    ))
    .param(
        Param::with_default("at_least", Type::Integer, "2", "A scene of which fewer frames are read is a bad sample.")
            .within(1.0, 65_536.0),
    )
    .param(pictures::channels_param())
    .param(pictures::background_param())
    .param(pictures::range_param())
    .doc(
        "A scene is a folder that holds a clip for each camera (`walk/left.mp4`, `walk/right.mp4`), or what `pattern` says: \
         `\"{camera}/{scene}\"` has a folder for each camera, `\"{scene}_cam{camera}\"` names both in a file. What a clip is, how it is read and \
         where its frames are kept is as in `video_folder`; splits are as in `image_folder`, there are no classes. A record has a field for \
         each camera, `camera1`, `camera2` and so on in the order of their names: frame 5 of one shows the moment of frame 5 of every \
         other, as far as all of them go. Cameras of different rates need `fps`. A scene that lacks a camera is left out with a warning.",
    )
    .example("cameras(\"kitchen\", fps = 10, side = 64px, frames = 16)")
}

#[cfg(test)]
mod tests;

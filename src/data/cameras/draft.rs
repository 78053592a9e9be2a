//! Which clips are one scene, and how long it is.

use std::collections::BTreeMap;

use super::pattern::{Named, Pattern};
use super::scenes::Scene;
use crate::catalog::{Problem, Result};
use crate::data::decode::PictureSize;
use crate::data::films::{self, Clip, Frames, Reading, Timeline, count, parts, unreadable};
use crate::language::codes::Code;

/// Rates that are further apart are two.
const ALIKE: f64 = 0.002;

/// The clips of a split by scene and camera, and those that the pattern does not name.
pub(super) fn sorted(
    clips: Vec<Clip>,
    pattern: &Pattern,
) -> (BTreeMap<String, BTreeMap<String, Clip>>, usize) {
    let mut scenes: BTreeMap<String, BTreeMap<String, Clip>> = BTreeMap::new();
    let mut unnamed = 0;
    for clip in clips {
        let bare = match &clip.frames {
            Frames::Film(_) => clip.path.with_extension(""),
            Frames::Pictures(_) => clip.path.clone(),
        };
        let parts = bare
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        let text = parts.collect::<Vec<_>>().join("/");
        match pattern.named(&text) {
            Some(Named { scene, camera }) => {
                scenes.entry(scene).or_default().insert(camera, clip);
            }
            None => unnamed += 1,
        }
    }
    (scenes, unnamed)
}

/// How long a scene is, and whether its cameras agree.
fn measured(
    views: &[Clip],
    timelines: &[Option<Timeline>],
    offsets: &[f64],
    reading: &Reading,
) -> Result<Option<usize>, String> {
    let mut rates = views
        .iter()
        .zip(timelines)
        .filter_map(|(view, timeline)| Some((view.path.display(), timeline.as_ref()?.rate())));
    if let Some((first, rate)) = rates.next().filter(|_| reading.pace.fps.is_none())
        && let Some((other, another)) = rates.find(|(_, other)| (other / rate - 1.0).abs() > ALIKE)
    {
        return Err(format!(
            "{first} shows {rate:.2} frames in a second and {other} {another:.2}"
        ));
    }
    let counts = views
        .iter()
        .zip(timelines)
        .zip(offsets)
        .map(|((view, timeline), skip)| match timeline {
            Some(timeline) => Some(reading.pace.chosen(timeline, *skip).len()),
            None => count(view, None, &reading.pace),
        });
    let counts: Option<Vec<usize>> = counts.collect();
    Ok(counts.and_then(|counts| counts.into_iter().min()))
}

/// The clips of one split, as records.
pub(super) struct Draft {
    pub scenes: Vec<Scene>,
    pub records: Vec<(u32, u32)>,
    /// The size of each camera's frames, where all scenes have one.
    pub sizes: Vec<PictureSize>,
    /// Frames of every scene, where they are equally long.
    pub alike: Option<usize>,
}

/// Looks at the films of scenes that all cameras see.
///
/// # Errors
/// Cameras differ in their rates, a program is missing, or pictures without times are to begin later.
pub(super) fn draft(
    whole: Vec<Vec<Clip>>,
    offsets: &[f64],
    reading: &Reading,
    cut: Option<usize>,
) -> Result<Draft> {
    let cameras = offsets.len();
    let mut sizes = vec![Vec::new(); cameras];
    let (mut scenes, mut records) = (Vec::new(), Vec::new());
    for (at, views) in whole.into_iter().enumerate() {
        let timelines = films::looked_at(&views).map_err(unreadable)?;
        for (view, (timeline, sizes)) in views.iter().zip(timelines.iter().zip(&mut sizes)) {
            let is_timed = matches!(view.frames, Frames::Film(_));
            if !is_timed && offsets.iter().any(|skip| *skip > 0.0) {
                let message = format!(
                    "{} holds pictures, which have no times",
                    view.path.display()
                );
                return Err(Problem::argument(Code::BadFile, "offsets", message)
                    .help("take pictures away at its start, or make films of them"));
            }
            let own = timeline
                .as_ref()
                .map(|timeline| (timeline.height, timeline.width));
            sizes.push(own.map(|own| reading.size(own)));
        }
        let frames = measured(&views, &timelines, offsets, reading).map_err(|message| {
            Problem::new(Code::BadFile, message)
                .help("`fps = 10` reads both at the same pace, by their times")
        })?;
        match (cut, frames) {
            (Some(cut), Some(frames)) => {
                records.extend(parts(frames, cut).map(|start| (at as u32, start)));
            }
            _ => records.push((at as u32, 0)),
        }
        scenes.push(Scene { views, frames });
    }
    let common = sizes.into_iter().map(|sizes| {
        let known: Option<Vec<_>> = sizes.into_iter().collect();
        PictureSize::common(known.unwrap_or_default())
    });
    let first = scenes.first().and_then(|scene| scene.frames);
    let alike = first.filter(|first| scenes.iter().all(|scene| scene.frames == Some(*first)));
    Ok(Draft {
        sizes: common.collect(),
        scenes,
        records,
        alike,
    })
}

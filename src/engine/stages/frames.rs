//! Clips frame by frame: what an encoder makes of them, and what they show.

use super::failure::Failure;
use super::features::{Through, View};
use super::work::Work;
use super::{Run, Watch};
use crate::data::{DataError, Draws, Image, Sample, evenly_spaced};
use crate::evaluation::{Frames, Scene};
use crate::language::codes::Code;
use crate::plan::{DataView, FrameReading, Reading};

impl Run<'_> {
    /// What is made of all frames of the clip of this number in each record.
    pub(super) fn frames(
        &self,
        work: &Work<'_>,
        clip: usize,
        (data, reading): (&DataView, &Reading),
        through: &Through<'_>,
        (stage, what): (&str, &str),
        watch: &mut dyn Watch,
    ) -> Result<Frames, Failure> {
        let frames = of(work)?;
        let view = View {
            samples: frames.samples.get(clip).ok_or_else(unread)?,
            ..View::of(data, reading)
        };
        let rows = self.rows(view, through, stage, what, watch)?;
        let sizes = match work.whose.is_raw() {
            true => vec![frames.raw],
            false => frames.sizes.clone(),
        };
        Ok(Frames { rows, sizes })
    }

    /// The frames that are read of a record of the first split, and its masks.
    pub(super) fn scene(&self, work: &Work<'_>, record: usize) -> Result<Scene, Failure> {
        let frames = of(work)?;
        let data = work.data(0).ok_or_else(unread)?;
        let read = data.dataset.read(record, Draws::STILL);
        let scene = read.and_then(|record| scene(frames, record));
        scene.map_err(|error| Failure::from(error).at(data.span))
    }
}

fn scene(frames: &FrameReading, mut record: Vec<Sample>) -> Result<Scene, DataError> {
    let count = frames.sizes.first().map_or(0, |[t, ..]| *t);
    let taken = |all: Vec<Image>| -> Vec<Image> {
        let chosen: Vec<usize> = evenly_spaced(count, all.len()).collect();
        let copies = chosen.iter().filter_map(|at| all.get(*at).cloned());
        copies.collect()
    };
    let missing = || DataError::new("a record has fewer fields than its data set");
    let mut field = |at: usize| match at < record.len() {
        true => Ok(std::mem::replace(&mut record[at], Sample::label(0))),
        false => Err(missing()),
    };
    let clip = |sample: Sample| {
        let frames = sample.into_frames();
        frames.map_err(|other| {
            DataError::new(format!(
                "a clip is wanted, and the record holds {}",
                other.kind()
            ))
        })
    };
    let mut masks = Vec::new();
    if let Some(at) = frames.masks {
        for of_one in field(at)?.into_list().unwrap_or_else(|one| vec![one]) {
            masks.push(taken(clip(of_one)?));
        }
    }
    Ok(Scene {
        frames: taken(clip(field(frames.clip)?)?),
        masks,
    })
}

/// How frames are read.
fn of<'w>(work: &Work<'w>) -> Result<&'w FrameReading, Failure> {
    work.evaluation.frames.as_ref().ok_or_else(unread)
}

/// An evaluator asks for what it did not say it wants.
fn unread() -> Failure {
    let message = "an evaluator asks for frames and did not say it wants them";
    Failure::new(Code::Unavailable, message)
}

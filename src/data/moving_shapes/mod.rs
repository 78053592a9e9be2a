//! `moving_shapes()`: short clips of figures that move, turn, come near and pass in front of one another, drawn when they are read. No
//! file, no download, the same on every machine: what the tasks on clips are tried on.

mod draw;
mod motion;

use std::sync::Arc;

use super::{
    ClipType, DataError, Dataset, Fields, Image, ImageType, Normalization, Philox, Places,
    Progress, Record, Sample, SampleType, Splits, manifest,
};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Split, Type};

/// Raised whenever clips change.
const VERSION: u32 = 1;

struct MovingShapes {
    split: Split,
    len: usize,
    seed: u64,
    scene: draw::Scene,
    fields: Fields,
    classes: Vec<String>,
}

impl MovingShapes {
    fn new(split: Split, len: usize, seed: u64, scene: draw::Scene) -> Self {
        let draw::Scene {
            frames,
            side,
            figures,
        } = scene;
        let frame = ImageType {
            channels: Some(3),
            height: Some(side),
            width: Some(side),
        };
        let seen = ImageType {
            channels: Some(1),
            ..frame
        };
        let masks = ClipType::of(Some(frames), seen);
        Self {
            split,
            len,
            seed,
            scene,
            fields: vec![
                ("clip".into(), ClipType::of(Some(frames), frame)),
                ("action".into(), SampleType::label(motion::NAMES.len())),
                ("masks".into(), SampleType::list(masks, Some(figures))),
                (
                    "tracks".into(),
                    SampleType::list(SampleType::boxes(frames), Some(figures)),
                ),
            ],
            classes: motion::NAMES.map(str::to_owned).to_vec(),
        }
    }

    fn drawn(&self, index: usize) -> draw::Drawn {
        let parts = [Philox::part(self.split.name()), index as u64];
        let mut rng = Philox::new(self.seed, &parts);
        draw::clip(&mut rng, &self.scene, index % motion::NAMES.len())
    }
}

impl Dataset for MovingShapes {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.len
    }

    fn read(&self, index: usize, _: super::Draws) -> Result<Record, DataError> {
        if index >= self.len {
            return Err(DataError::outside(index, self.len));
        }
        let side = self.scene.side;
        let drawn = self.drawn(index);
        let frames = drawn.frames.into_iter();
        let masks = drawn.masks.into_iter().map(|of_one| {
            let masks = of_one.into_iter();
            let masks = masks.map(|mask| Image::new(mask, side, side, 1));
            Sample::clip(masks.collect())
        });
        Ok(vec![
            Sample::clip(
                frames
                    .map(|pixels| Image::new(pixels, side, side, 3))
                    .collect(),
            ),
            Sample::label((index % motion::NAMES.len()) as u32),
            Sample::list(masks.collect()),
            Sample::list(drawn.tracks.into_iter().map(Sample::boxes).collect()),
        ])
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        Ok(Some((index % motion::NAMES.len()) as u32))
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn manifest(&self, _progress: &dyn Progress) -> Result<String, DataError> {
        let draw::Scene {
            frames,
            side,
            figures,
        } = self.scene;
        let (split, len, seed) = (self.split.name(), self.len, self.seed);
        let what =
            format!("moving_shapes {VERSION} {split} {len} {frames} {side} {figures} {seed}");
        Ok(manifest::composed(&what, &[]))
    }

    fn normalization(&self) -> Option<Normalization> {
        Some(Normalization {
            mean: vec![0.507, 0.513, 0.487],
            std: vec![0.267, 0.269, 0.258],
        })
    }
}

fn open(args: &Args, _: &Places) -> Result<Splits> {
    let scene = draw::Scene {
        frames: args.size("frames"),
        side: args.length("size"),
        figures: args.size("figures"),
    };
    let mut splits = Splits::default();
    for split in [Split::Train, Split::Valid, Split::Test] {
        let len = args.size(split.name());
        let part = MovingShapes::new(split, len, args.integer("seed") as u64, scene);
        splits.parts.insert(split, Arc::new(part));
    }
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    let size = |name: &str, default: &str, doc: &str| {
        Param::with_default(name, Type::Integer, default, doc).within(1.0, 1e7)
    };
    Spec::new(
        "moving_shapes",
        Kind::Dataset,
        "Clips of figures in motion, RGB, drawn by the program: needs no file.",
        Make::Dataset(open),
    )
    .param(size("train", "4000", "Clips to train on."))
    .param(size("valid", "500", "Clips to choose with."))
    .param(size("test", "1000", "Clips to judge by."))
    .param(Param::with_default("frames", Type::Integer, "16", "Frames of a clip.").within(2.0, 256.0))
    .param(Param::with_default("size", Type::Length, "32px", "Side of a frame.").within(16.0, 256.0))
    .param(Param::with_default("figures", Type::Integer, "2", "Figures in a clip; the first is the largest.").within(1.0, 4.0))
    .param(Param::with_default("seed", Type::Integer, "1", "Another seed: other clips.").within(0.0, 1e9))
    .doc(
        "The figures of `shapes()`, in any pose, each doing one thing at its own pace: go left, right, up or down, turn clockwise or \
         counter-clockwise, come near or go away. `action` is what the largest one does; the others are smaller and may pass before or \
         behind it. Each action backwards is another one, and in the middle of its time each is at any place, in any pose and of any size: \
         one frame does not tell it, nor do all frames without their order. All actions are equally frequent. The same clips on every \
         machine; a larger split begins with the clips of a smaller one. Fields: `clip: clip[16, 3, 32, 32]`, `action: label(8)`, \
         `masks: clip[16, 1, 32, 32] * 2` (1 where a figure is seen, else 0) and `tracks: boxes[16, 4] * 2` (left, top, right and \
         bottom of what is seen, in pixels; zeros where that is nothing).",
    )
    .example("moving_shapes(train = 1000, frames = 8)")
}

#[cfg(test)]
mod tests;

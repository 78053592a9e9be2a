//! `moving_shapes()`: short clips of figures that move, turn, come near and pass in front of one another, drawn when they are read. No
//! file, no download, the same on every machine: what the tasks on clips are tried on.

mod camera;
mod canvas;
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
        Self {
            split,
            len,
            seed,
            scene,
            fields: fields(&scene),
            classes: motion::NAMES.map(str::to_owned).to_vec(),
        }
    }

    fn drawn(&self, index: usize) -> Vec<draw::Drawn> {
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
        let mut views = Vec::with_capacity(self.scene.cameras);
        let mut truth = Vec::with_capacity(3 * self.scene.cameras);
        for drawn in self.drawn(index) {
            views.push(clip(drawn.frames, side, 3));
            let masks = drawn.masks.into_iter().map(|of_one| clip(of_one, side, 1));
            let of_each = |boxes: Vec<Vec<[f32; 4]>>| {
                Sample::list(boxes.into_iter().map(Sample::boxes).collect())
            };
            truth.push(Sample::list(masks.collect()));
            truth.push(of_each(drawn.tracks));
            truth.push(of_each(drawn.extents));
        }
        let mut record = views;
        record.push(Sample::label((index % motion::NAMES.len()) as u32));
        record.extend(truth);
        Ok(record)
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
            cameras,
            posts,
        } = self.scene;
        let (split, len, seed) = (self.split.name(), self.len, self.seed);
        let mut what =
            format!("moving_shapes {VERSION} {split} {len} {frames} {side} {figures} {seed}");
        if cameras > 1 || posts > 0 {
            what += &format!(" cameras {cameras} posts {posts}");
        }
        Ok(manifest::composed(&what, &[]))
    }

    /// Posts, and the light of other cameras, have colours of their own.
    fn normalization(&self) -> Option<Normalization> {
        (self.scene.cameras == 1 && self.scene.posts == 0).then(|| Normalization {
            mean: vec![0.507, 0.513, 0.487],
            std: vec![0.267, 0.269, 0.258],
        })
    }
}

/// What a record holds: what each camera sees, what the largest figure does, and for each camera where the figures are.
fn fields(scene: &draw::Scene) -> Fields {
    let frame = |channels| ImageType {
        channels: Some(channels),
        height: Some(scene.side),
        width: Some(scene.side),
    };
    let frames = Some(scene.frames);
    let of_each = |ty| SampleType::list(ty, Some(scene.figures));
    // with one camera nobody asks which
    let number = |at: usize| match scene.cameras {
        1 => String::new(),
        _ => (at + 1).to_string(),
    };
    let view = if scene.cameras == 1 { "clip" } else { "camera" };
    let mut fields = Fields::new();
    for at in 0..scene.cameras {
        let name = format!("{view}{}", number(at));
        fields.push((name, ClipType::of(frames, frame(3))));
    }
    fields.push(("action".into(), SampleType::label(motion::NAMES.len())));
    for at in 0..scene.cameras {
        let number = number(at);
        let boxes = || of_each(SampleType::boxes(scene.frames));
        let masks = of_each(ClipType::of(frames, frame(1)));
        fields.push((format!("masks{number}"), masks));
        fields.push((format!("tracks{number}"), boxes()));
        fields.push((format!("extents{number}"), boxes()));
    }
    fields
}

/// Frames of so many channels as a clip.
fn clip(frames: Vec<Vec<u8>>, side: usize, channels: usize) -> Sample {
    let frames = frames.into_iter();
    Sample::clip(
        frames
            .map(|pixels| Image::new(pixels, side, side, channels))
            .collect(),
    )
}

fn open(args: &Args, _: &Places) -> Result<Splits> {
    let scene = draw::Scene {
        frames: args.size("frames"),
        side: args.length("size"),
        figures: args.size("figures"),
        cameras: args.size("cameras"),
        posts: args.size("posts"),
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
    .param(Param::with_default("cameras", Type::Integer, "1", "Cameras that see each scene at the same time, from other sides.").within(1.0, 8.0))
    .param(Param::with_default("posts", Type::Integer, "0", "Posts that stand before the figures and hide what passes behind them.").within(0.0, 4.0))
    .param(Param::with_default("seed", Type::Integer, "1", "Another seed: other clips.").within(0.0, 1e9))
    .doc(
        "The figures of `shapes()`, in any pose, each doing one thing at its own pace: go left, right, up or down, turn clockwise or \
         counter-clockwise, come near or go away. `action` is what the largest one does; the others are smaller and may pass before or \
         behind it. Each action backwards is another one, and in the middle of its time each is at any place, in any pose and of any size: \
         one frame does not tell it, nor do all frames without their order. All actions are equally frequent. The same clips on every \
         machine; a larger split begins with the clips of a smaller one. Fields: `clip: clip[16, 3, 32, 32]`, `action: label(8)`, \
         `masks: clip[16, 1, 32, 32] * 2` (1 where a figure is seen, else 0), `tracks: boxes[16, 4] * 2` (left, top, right and \
         bottom of what is seen, in pixels; zeros where that is nothing) and `extents: boxes[16, 4] * 2` (the same of the whole figure in the \
         picture, whatever hides it).\n\n\
         With `cameras = 2` a record has `camera1` and `camera2` in place of `clip`, with `masks1`, `tracks1`, `extents1`, `masks2` and so \
         on: frame 5 of one shows the moment of frame 5 of the other. The first camera stands before the figures; the others, drawn anew for each \
         clip, 25° to 50° to its right and left, up to 14° tilted, nearer or farther, before another part of the wall and with light of another \
         colour. Figures are flat and stand one behind another: from the side they are narrow, and lie elsewhere relative to each other.",
    )
    .example("moving_shapes(train = 1000, frames = 8)")
}

#[cfg(test)]
mod tests;

//! `clip |> track_ends(tracks)`: what was followed through a clip, as it is seen first and last.

use super::input;
use super::resample::{Window, resample};
use super::{Scratch, Transform};
use crate::catalog::{Args, Artifact, Kind, Make, Param, Result, Spec, Type};
use crate::data::{ClipType, DataError, Image, Philox, Rectangle, Sample, SampleType, Tracks};

struct Ends {
    tracks: Artifact,
    size: usize,
}

impl Transform for Ends {
    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let frames = input::frames("track_ends", input)?;
        let tracks = input::learnt::<Tracks>(&self.tracks)?;
        let track = tracks.of(&frames).ok_or_else(|| {
            DataError::new(format!("nothing was followed in this clip by `{}`", self.tracks.name)).help(
                "`track_ends` takes clips as the fit has read them, before any other transform; `on_bad_sample = skip` leaves those out in \
                 which nothing was followed",
            )
        })?;
        let last = track.boxes.len() - 1;
        for at in [0, last] {
            let frame = &frames[track.start + at];
            let window = around(track.boxes[at], frame);
            let patch = resample(frame, window, self.size, self.size, scratch)?;
            out.push(Sample::image(patch));
        }
        for frame in frames {
            scratch.give(frame.pixels);
        }
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }
}

/// The pixels that a box touches, one at least.
fn around([left, top, right, bottom]: Rectangle, frame: &Image) -> Window {
    let range = |from: f32, to: f32, most: usize| {
        let from = (from.floor().max(0.0) as usize).min(most - 1);
        let to = (to.ceil().max(0.0) as usize).clamp(from + 1, most);
        (from, to - from)
    };
    let (left, width) = range(left, right, frame.width);
    let (top, height) = range(top, bottom, frame.height);
    Window {
        top,
        left,
        height,
        width,
    }
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let clip = ClipType::flowing("track_ends", input)?;
    let size = Some(args.length("size"));
    let patch = clip.frame.sized(size, size);
    Ok(vec![patch.clone(), patch])
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "track_ends",
        Kind::Transform,
        "What a fit has followed through a clip: a picture of its first box and one of its last.",
        Make::transform(types, |args, _| {
            Ok(Box::new(Ends {
                tracks: args.artifact("tracks").clone(),
                size: args.length("size"),
            }))
        }),
    )
    .takes(SampleType::CLIP)
    .paper(
        "Wang & Gupta, 2015",
        "Unsupervised Learning of Visual Representations using Videos",
        "arXiv:1505.00687",
    )
    .param(Param::required(
        "tracks",
        Type::Fit("tracks"),
        "The fit: `fit tracks = tracker() { data = clips.train }`.",
    ))
    .param(Param::with_default("size", Type::Length, "32px", "Side of both pictures.").within(4.0, 1024.0))
    .doc(
        "Boxes are rounded to the pixels that they touch and resampled to a square. A clip in which nothing was followed is a bad sample: \
         `on_bad_sample = skip`.",
    )
    .example("track_ends(tracks, size = 32px)")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::data::Track;

    /// A white square that goes over a black frame; the track knows where.
    #[test]
    fn the_ends_of_a_track_are_cut_out() {
        let frame = |at: usize| {
            let white = |x: usize, y: usize| (at..at + 6).contains(&x) && (4..10).contains(&y);
            let pixels = (0..16 * 24).map(|i| 255 * u8::from(white(i % 24, i / 24)));
            Image::new(pixels.collect(), 16, 24, 1)
        };
        let frames: Vec<Image> = (0..12).map(frame).collect();
        let around = |at: usize| [at as f32, 4.0, at as f32 + 6.0, 10.0];
        let track = Track {
            start: 2,
            boxes: (2..10).map(around).collect(),
        };
        let mut tracks = Tracks::default();
        tracks.add(&frames, Some(track));
        let ends = Ends {
            tracks: Artifact::new("tracks", "tracks", BTreeMap::new()),
            size: 4,
        };
        let cut = |frames: &[Image]| {
            let (mut out, scratch) = (Vec::new(), &mut Scratch::default());
            let clip = Sample::clip(frames.to_vec());
            let done = ends.apply(clip, &mut Philox::new(0, &[]), scratch, &mut out);
            done.map(|()| out)
        };
        let early = cut(&frames).unwrap_err();
        assert_eq!(early.message, "`tracks` has not been learnt yet");
        ends.tracks.fill(Arc::new(tracks));
        let out = cut(&frames).unwrap();
        assert_eq!(out.len(), 2);
        for patch in out {
            let patch = patch.as_image().unwrap().clone();
            assert_eq!(patch, Image::new(vec![255; 16], 4, 4, 1));
        }
        // another clip
        let other = cut(&frames[1..]).unwrap_err();
        assert!(
            other.message.starts_with("nothing was followed"),
            "{}",
            other.message
        );
        assert_eq!(spec().name, "track_ends");
    }

    #[test]
    fn boxes_become_the_pixels_that_they_touch() {
        let frame = Image::new(vec![0; 10 * 20], 10, 20, 1);
        let window = |sides| {
            let Window {
                top,
                left,
                height,
                width,
            } = around(sides, &frame);
            [left, top, width, height]
        };
        assert_eq!(window([1.2, 2.0, 4.1, 5.0]), [1, 2, 4, 3]);
        assert_eq!(window([-3.0, -1.0, 99.0, 99.0]), [0, 0, 20, 10]);
        assert_eq!(window([20.0, 10.0, 20.0, 10.0]), [19, 9, 1, 1]);
    }
}

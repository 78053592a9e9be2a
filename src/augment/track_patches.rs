//! `(clip, tracks) |> track_patches(24px)`: what a track shows where it begins, and where it ends.

use super::resample::{Window, resample};
use super::{Scratch, Transform, input};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{ClipType, DataError, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "track_patches",
        Kind::Transform,
        "Cuts out what a track shows in two frames far from one another: (clip, tracks) |> track_patches(24px).",
        Make::Several { types, make },
    )
    .paper(
        "Wang & Gupta, 2015",
        "Unsupervised Learning of Visual Representations Using Videos",
        "arXiv:1505.00687",
    )
    .param(Param::required("size", Type::Length, "Side of both patches.").within(1.0, 4096.0))
    .param(
        Param::with_default(
            "frames",
            Type::Range,
            "4..30",
            "From the first patch to the last: as many frames as the track allows, at most the larger number and at least the smaller. 30 in the paper.",
        )
        .within(1.0, 65_536.0),
    )
    .param(
        Param::with_default(
            "around",
            Type::Ratio,
            "25%",
            "What is seen around the box, as a part of its longer side, on either side.",
        )
        .within(0.0, 2.0),
    )
    .param(
        Param::with_default(
            "least",
            Type::Length,
            "6px",
            "A box whose longer side is shorter shows too little, and is passed over.",
        )
        .within(1.0, 4096.0),
    )
    .doc(
        "One of the tracks that are long enough is drawn, and where it begins. A track is a row of boxes, one for each frame: left, top, right, bottom in pixels, zeros \
         where nothing is seen. Patches are squares around the middles of the boxes, as far as the frame goes. A clip without such a track is a record \
         that can't be read: `on_bad_sample = skip` leaves it out.",
    )
    .example("track_patches(24px, frames = 4..12)")
}

struct TrackPatches {
    size: usize,
    frames: (usize, usize),
    around: f64,
    least: f32,
}

impl TrackPatches {
    fn of(args: &Args) -> Self {
        let (low, high) = args.range("frames");
        Self {
            size: args.length("size"),
            frames: (low as usize, high as usize),
            around: args.ratio("around"),
            least: args.length("least") as f32,
        }
    }

    /// Where a track begins and ends of all that are long enough: each pair of ends that are as far apart as they can be.
    fn ends(&self, boxes: &[[f32; 4]]) -> Vec<(usize, usize)> {
        let seen = |at: usize| {
            let [left, top, right, bottom] = boxes[at];
            (right - left).max(bottom - top) >= self.least
        };
        let (low, high) = self.frames;
        let ends = (0..boxes.len()).filter(|at| seen(*at)).filter_map(|first| {
            let last = (first + low..=first + high).take_while(|at| *at < boxes.len());
            Some((first, last.filter(|at| seen(*at)).last()?))
        });
        let ends: Vec<(usize, usize)> = ends.collect();
        let longest = ends.iter().map(|(first, last)| last - first).max();
        ends.into_iter()
            .filter(|(first, last)| Some(last - first) == longest)
            .collect()
    }

    /// The square around a box, inside the frame.
    fn window(&self, [left, top, right, bottom]: [f32; 4], height: usize, width: usize) -> Window {
        let (left, top) = (f64::from(left), f64::from(top));
        let (across, down) = (f64::from(right) - left, f64::from(bottom) - top);
        let side = (across.max(down) * (1.0 + 2.0 * self.around)).round() as usize;
        let side = side.clamp(1, height.min(width));
        let start = |middle: f64, whole: usize| {
            let at = (middle - side as f64 / 2.0).round().max(0.0) as usize;
            at.min(whole - side)
        };
        Window {
            top: start(top + down / 2.0, height),
            left: start(left + across / 2.0, width),
            height: side,
            width: side,
        }
    }
}

fn types(args: &Args, inputs: &[SampleType]) -> Result<Vec<SampleType>> {
    let (low, high) = args.range("frames");
    if low.fract() != 0.0 || high.fract() != 0.0 || low > high {
        return Err(Problem::argument(
            Code::OutOfRange,
            "frames",
            "it is a whole number of frames, the smaller end first",
        )
        .help("write `frames = 4..12`"));
    }
    let of_boxes = |ty: &SampleType| {
        ty.fits(&SampleType::BOXES)
            || ty
                .parts()
                .is_some_and(|(one, _)| one.fits(&SampleType::BOXES))
    };
    let [clip, tracks] = inputs else {
        return Err(two(inputs));
    };
    if !of_boxes(tracks) {
        return Err(two(inputs));
    }
    let clip = ClipType::flowing("track_patches", clip)?;
    let size = Some(args.length("size"));
    let patch = clip.frame.sized(size, size);
    Ok(vec![patch.clone(), patch])
}

fn two(inputs: &[SampleType]) -> Problem {
    let shown: Vec<String> = inputs.iter().map(|ty| format!("`{ty}`")).collect();
    Problem::new(
        Code::SampleType,
        format!(
            "`track_patches` takes a clip and its tracks, found {}",
            shown.join(", ")
        ),
    )
    .help("write `(first, last) = (clip, tracks) |> track_patches(24px)`")
}

fn make(args: &Args, _: &[SampleType]) -> Result<Box<dyn Transform>> {
    Ok(Box::new(TrackPatches::of(args)))
}

impl Transform for TrackPatches {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let wrong = || DataError::new("`track_patches` was given what is no clip with its tracks");
        let both = input.into_list().map_err(|_| wrong())?;
        let [clip, tracks] = <[Sample; 2]>::try_from(both).map_err(|_| wrong())?;
        let frames = input::frames("track_patches", clip)?;
        let tracks = tracks.into_list().unwrap_or_else(|one| vec![one]);
        let tracks: Vec<&[[f32; 4]]> = tracks.iter().filter_map(Sample::as_boxes).collect();
        let fit: Vec<(&[[f32; 4]], Vec<(usize, usize)>)> = tracks
            .into_iter()
            .map(|boxes| (boxes, self.ends(&boxes[..boxes.len().min(frames.len())])))
            .filter(|(_, ends)| !ends.is_empty())
            .collect();
        if fit.is_empty() {
            return Err(DataError::new(format!(
                "no track of this clip shows {}px or more in two frames {} apart",
                self.least, self.frames.0
            ))
            .help("leave such clips out: `on_bad_sample = skip`"));
        }
        let (boxes, ends) = &fit[rng.below(fit.len() as u32) as usize];
        let (first, last) = ends[rng.below(ends.len() as u32) as usize];
        for at in [first, last] {
            let frame = &frames[at];
            let window = self.window(boxes[at], frame.height, frame.width);
            out.push(Sample::image(resample(
                frame, window, self.size, self.size, scratch,
            )?));
        }
        for frame in frames {
            scratch.give(frame.pixels);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Image;

    fn own() -> TrackPatches {
        TrackPatches {
            size: 8,
            frames: (2, 5),
            around: 0.0,
            least: 4.0,
        }
    }

    /// A thing of 8 × 8 that goes two pixels to the right in each frame and is gone in the last two, on frames that say their number.
    fn film() -> (Vec<Image>, Vec<[f32; 4]>) {
        let frame = |at: usize| {
            let inside = |index: usize| {
                (4..12).contains(&(index / 32)) && (2 * at..2 * at + 8).contains(&(index % 32))
            };
            let pixels = (0..16 * 32).map(|index| if inside(index) { 200 + at as u8 } else { 0 });
            Image::new(pixels.collect(), 16, 32, 1)
        };
        let track = |at: usize| match at < 6 {
            true => [2.0 * at as f32, 4.0, 2.0 * at as f32 + 8.0, 12.0],
            false => [0.0; 4],
        };
        ((0..8).map(frame).collect(), (0..8).map(track).collect())
    }

    #[test]
    fn patches_show_the_thing_at_both_ends_of_its_track() {
        let (frames, track) = film();
        for sample in 0..20 {
            let (mut out, scratch) = (Vec::new(), &mut Scratch::default());
            let nothing = Sample::boxes(vec![[0.0; 4]; 8]);
            let tracks = Sample::list(vec![nothing, Sample::boxes(track.clone())]);
            let both = Sample::list(vec![Sample::clip(frames.clone()), tracks]);
            own()
                .apply(both, &mut Philox::new(1, &[sample]), scratch, &mut out)
                .unwrap();
            let shown: Vec<u8> = out
                .iter()
                .map(|patch| patch.as_image().unwrap().pixels[0])
                .collect();
            assert_eq!(shown, [200, 205]);
            let all = |patch: &Sample, value| {
                patch.as_image().unwrap().pixels.iter().all(|x| *x == value)
            };
            assert!(all(&out[0], 200) && all(&out[1], 205));
        }
    }

    #[test]
    fn ends_are_as_far_apart_as_the_track_and_the_range_allow() {
        let (_, track) = film();
        assert_eq!(own().ends(&track), [(0, 5)]);
        let near = TrackPatches {
            frames: (1, 3),
            ..own()
        };
        assert_eq!(near.ends(&track), [(0, 3), (1, 4), (2, 5)]);
        let far = TrackPatches {
            frames: (6, 9),
            ..own()
        };
        assert!(far.ends(&track).is_empty());
    }

    #[test]
    fn a_window_stays_in_the_frame() {
        let wide = TrackPatches {
            around: 0.5,
            ..own()
        };
        let found = wide.window([0.0, 4.0, 8.0, 12.0], 16, 32);
        assert_eq!(
            found,
            Window {
                top: 0,
                left: 0,
                height: 16,
                width: 16
            }
        );
        let found = wide.window([24.0, 2.0, 32.0, 8.0], 20, 32);
        assert_eq!(
            found,
            Window {
                top: 0,
                left: 16,
                height: 16,
                width: 16
            }
        );
    }

    #[test]
    fn a_clip_without_tracks_says_so() {
        let (frames, _) = film();
        let both = Sample::list(vec![Sample::clip(frames), Sample::boxes(vec![[0.0; 4]; 8])]);
        let made = own().apply(
            both,
            &mut Philox::new(1, &[]),
            &mut Scratch::default(),
            &mut Vec::new(),
        );
        assert_eq!(
            made.unwrap_err().message,
            "no track of this clip shows 4px or more in two frames 2 apart"
        );
    }
}

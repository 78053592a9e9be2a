//! `tracker()`: what moves in clips, followed.

use std::any::Any;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Fit, Learnt};
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Image, Sample, SampleType, Track, Tracker, Tracks};

/// Clips that are followed at the same time.
const TOGETHER: usize = 64;

struct Follow;

impl Fit for Follow {
    fn reads(&self) -> SampleType {
        SampleType::CLIP
    }

    fn file(&self) -> &'static str {
        "tracks.json"
    }

    fn learn(
        &self,
        args: &Args,
        values: &mut dyn Iterator<Item = Result<Sample, DataError>>,
    ) -> Result<Learnt, DataError> {
        let tracker = Tracker {
            part: args.ratio("box") as f32,
            length: args.size("frames"),
            least: args.number("least") as f32,
        };
        let (mut tracks, mut clips) = (Tracks::default(), 0);
        loop {
            let some: Result<Vec<Vec<Image>>, DataError> = values
                .take(TOGETHER)
                .map(|value| {
                    let frames = value?.into_frames();
                    frames.map_err(|_| DataError::new("`tracker` was given what is no clip"))
                })
                .collect();
            let some = some?;
            if some.is_empty() {
                break;
            }
            clips += some.len();
            let found: Vec<Option<Track>> = some
                .par_iter()
                .map(|frames| tracker.track(frames))
                .collect();
            for (frames, track) in some.iter().zip(found) {
                tracks.add(frames, track);
            }
        }
        let found = format!(
            "something was followed in {} of {clips} clips",
            tracks.len()
        );
        if tracks.is_empty() {
            return Err(DataError::new(format!(
                "nothing was followed over {} frames in any of {clips} clips",
                tracker.length
            ))
            .help("clips have `frames` frames at least, in which something moves before what stands still; `frames = 8` asks for less"));
        }
        Ok(Learnt {
            bytes: tracks.bytes()?,
            found,
        })
    }

    fn open(&self, _: &Args, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, DataError> {
        Ok(Arc::new(Tracks::open(bytes)?))
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "tracker",
        Kind::Fit,
        "Follows what moves most in each clip, without labels.",
        Make::fit(Follow),
    )
    .gives("tracks")
    .paper(
        "Wang & Gupta, 2015",
        "Unsupervised Learning of Visual Representations using Videos",
        "arXiv:1505.00687",
    )
    .param(Param::with_default("frames", Type::Integer, "30", "Frames of a track; what is lost before has none.").within(2.0, 4096.0))
    .param(
        Param::with_default("box", Type::Ratio, "45%", "Side of the box that a track starts with, in parts of a frame's shorter side.")
            .within(0.05, 1.0),
    )
    .param(
        Param::with_default("least", Type::Number, "0.2", "How sure the filter is at least, the peak of its answer; 1 where all is as it was.")
            .within(0.0, 1.0),
    )
    .param(Param::optional(
        "file",
        Type::Text,
        "A tracks.json to read instead; the path is relative to the recipe.",
    ))
    .doc(
        "A track starts at the square that holds most of what changes from a frame to the next, in the frame in which it holds most; a camera that \
         is turned is undone by the shift of the whole picture that leaves the least change, and frames in which more than 60% changes are left \
         out. From there a correlation filter follows it (Henriques et al., 2015, with the linear kernel, colours as channels and five sizes in \
         each frame), as in the paper, which starts from moving SURF points and improved dense trajectories. A clip has one track or none. \
         `track_ends` takes the first and the last box of it.",
    )
    .example("tracker(frames = 12)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Argument, Origin, Value};
    use crate::language::Span;

    fn args(frames: i64) -> Args {
        let given = [
            ("box", Value::Ratio(0.4)),
            ("frames", Value::Integer(frames)),
            ("least", Value::Number(0.1)),
        ];
        let mut args = Args {
            of: "tracker".into(),
            ..Args::default()
        };
        for (name, value) in given {
            let argument = Argument {
                value,
                span: Span::default(),
                origin: Origin::Written,
            };
            args.values.insert(name.into(), argument);
        }
        args
    }

    /// A bright square with a dark core that goes by two pixels a frame over a wall with a pattern; or a wall alone.
    fn clip(moves: bool, shade: u8) -> Vec<Image> {
        let frame = |at: usize| {
            let pixel = |i: usize| {
                let (x, y) = (i % 48, i / 48);
                let inside = |margin: usize| {
                    (4 + 2 * at + margin..20 + 2 * at - margin).contains(&x)
                        && (16 + margin..32 - margin).contains(&y)
                };
                match (moves && inside(0), inside(5)) {
                    (true, true) => 20,
                    (true, false) => 240,
                    _ => shade + ((x * 7 + y * 13) % 40) as u8,
                }
            };
            Image::new((0..48 * 48).map(pixel).collect(), 48, 48, 1)
        };
        (0..12).map(frame).collect()
    }

    #[test]
    fn each_clip_has_its_track_or_none() {
        let clips = [clip(true, 60), clip(false, 60), clip(true, 90)];
        let mut values = clips.iter().map(|frames| Ok(Sample::clip(frames.clone())));
        let learnt = Follow.learn(&args(8), &mut values).unwrap();
        assert_eq!(learnt.found, "something was followed in 2 of 3 clips");
        let opened = Follow.open(&args(8), &learnt.bytes).unwrap();
        let tracks = opened.downcast::<Tracks>().unwrap();
        assert!(tracks.of(&clips[1]).is_none());
        for frames in [&clips[0], &clips[2]] {
            let track = tracks.of(frames).unwrap();
            assert_eq!(track.boxes.len(), 8);
            let [left, _, right, _] = track.boxes[7];
            let middle = 12.0 + 2.0 * (track.start + 7) as f32;
            assert!(((left + right) / 2.0 - middle).abs() < 8.0, "{track:?}");
        }
        // where nothing moves nothing is learnt
        let mut still = [clip(false, 60)]
            .into_iter()
            .map(|frames| Ok(Sample::clip(frames)));
        let error = Follow.learn(&args(8), &mut still).unwrap_err();
        assert!(
            error
                .message
                .starts_with("nothing was followed over 8 frames"),
            "{}",
            error.message
        );
        assert_eq!(spec().name, "tracker");
    }
}

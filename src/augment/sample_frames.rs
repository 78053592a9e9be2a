//! `sample_frames(5)`: some frames of a clip, in the order of time.

use super::input;
use super::motion::Motion;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{ClipType, DataError, Image, Philox, Sample, SampleType, evenly_spaced};
use crate::language::codes::Code;

/// Draws of the gaps before those that fit are taken.
const TRIES: usize = 16;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "sample_frames",
        Kind::Transform,
        "Takes some frames out of a clip, in the order of time: a window at a random place, or evenly spaced.",
        Make::transform(types, |args, _| Ok(Box::new(Frames::of(args)))),
    )
    .takes(SampleType::CLIP)
    .paper(
        "Misra et al., 2016",
        "Shuffle and Learn: Unsupervised Learning using Temporal Order Verification",
        "arXiv:1603.08561",
    )
    .param(Param::required("count", Type::Integer, "Frames that are taken.").within(1.0, 4096.0))
    .param(
        Param::with_default(
            "gap",
            Type::Range,
            "1..3",
            "Frames from one to the next, a whole number that is drawn for each pair; both ends may be drawn.",
        )
        .within(1.0, 65_536.0),
    )
    .param(Param::with_default(
        "at",
        Type::Choice(&["random", "even"]),
        "random",
        "`random`: a window at a random place; `even`: the middle one of each of `count` equal parts of the clip, nothing is drawn.",
    ))
    .param(Param::with_default(
        "motion",
        Type::Choice(Motion::WORDS),
        "off",
        "`on`: windows are drawn by how much moves in them, the mean change of a pixel from frame to frame; `flow`: by how far blocks of pixels \
         go; `off`: each is as likely.",
    ))
    .doc(
        "Where the drawn gaps do not fit into the clip they are drawn again, up to 16 times; then each is the smallest. The paper draws \
         windows by optical flow, for which `flow` looks for blocks of each frame in the next one; the change of pixels is a cheap stand-in, which a flicker \
         raises too. A clip without any motion has windows that are all as likely.",
    )
    .example("sample_frames(5, gap = 1..3, motion = on)")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let clip = ClipType::flowing("sample_frames", input)?;
    let count = args.size("count");
    let (low, high) = args.range("gap");
    if low.fract() != 0.0 || high.fract() != 0.0 || low > high {
        return Err(Problem::argument(
            Code::OutOfRange,
            "gap",
            "a gap is a whole number of frames, the smaller end first",
        )
        .help("write `gap = 1..3`"));
    }
    let frames = Frames::of(args);
    if let Some(own) = clip.frames
        && own < frames.least()
    {
        return Err(Problem::argument(
            Code::SampleType,
            "count",
            format!("{} do not fit into `{input}`", frames.wanted()),
        )
        .help("take fewer, or with smaller gaps"));
    }
    Ok(vec![ClipType::of(Some(count), clip.frame)])
}

struct Frames {
    count: usize,
    gap: (usize, usize),
    even: bool,
    motion: Motion,
}

impl Frames {
    fn of(args: &Args) -> Self {
        let (low, high) = args.range("gap");
        Self {
            count: args.size("count"),
            gap: (low as usize, high as usize),
            even: args.word("at") == "even",
            motion: Motion::of(args.word("motion")),
        }
    }

    /// The fewest frames of a clip that it can take them from.
    fn least(&self) -> usize {
        match self.even {
            true => self.count,
            false => (self.count - 1) * self.gap.0 + 1,
        }
    }

    fn wanted(&self) -> String {
        let s = if self.count == 1 { "" } else { "s" };
        match self.even || self.gap.0 == 1 || self.count == 1 {
            true => format!("{} frame{s}", self.count),
            false => format!(
                "{} frame{s}, each {} after the last,",
                self.count, self.gap.0
            ),
        }
    }

    /// Numbers of the frames that are taken, ascending; `frames` are as many as are asked for at least.
    fn chosen(&self, frames: &[Image], rng: &mut Philox) -> Vec<usize> {
        if self.even {
            return evenly_spaced(self.count, frames.len()).collect();
        }
        let offsets = self.offsets(frames.len(), rng);
        let span = offsets.last().copied().unwrap_or(0);
        let starts = frames.len() - span;
        let start = match self.motion {
            Motion::Off => rng.below(starts as u32) as usize,
            _ => self.moving(frames, span, rng),
        };
        offsets.into_iter().map(|offset| start + offset).collect()
    }

    /// Where the frames lie behind the first.
    fn offsets(&self, frames: usize, rng: &mut Philox) -> Vec<usize> {
        let (low, high) = self.gap;
        let mut offsets = vec![0; self.count];
        for _ in 0..TRIES {
            for i in 1..self.count {
                let gap = low + rng.below((high - low + 1) as u32) as usize;
                offsets[i] = offsets[i - 1] + gap;
            }
            if offsets[self.count - 1] < frames {
                return offsets;
            }
        }
        (0..self.count).map(|i| i * low).collect()
    }

    /// The start of a window of `span` steps, by the motion in it.
    fn moving(&self, frames: &[Image], span: usize, rng: &mut Philox) -> usize {
        let changes = self.motion.steps(frames);
        // a window of one frame is as lively as the step that follows it
        let width = span.max(1).min(changes.len());
        let starts = frames.len() - span;
        let sum = |start: usize| -> f64 {
            let start = start.min(changes.len() - width);
            changes[start..start + width].iter().sum()
        };
        let weights: Vec<f64> = match changes.is_empty() {
            true => vec![0.0; starts],
            false => (0..starts).map(sum).collect(),
        };
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return rng.below(starts as u32) as usize;
        }
        let mut left = rng.between(0.0, total);
        for (start, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return start;
            }
        }
        starts - 1
    }
}

impl Transform for Frames {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let frames = input::frames("sample_frames", input)?;
        if frames.len() < self.least() {
            return Err(DataError::new(format!(
                "`sample_frames` takes {} and this clip has {}",
                self.wanted(),
                frames.len()
            ))
            .help("take fewer frames, or leave short clips out: `on_bad_sample = skip`"));
        }
        let chosen = self.chosen(&frames, rng);
        let mut taken = Vec::with_capacity(self.count);
        for (at, frame) in frames.into_iter().enumerate() {
            match chosen.binary_search(&at) {
                Ok(_) => taken.push(frame),
                Err(_) => scratch.give(frame.pixels),
            }
        }
        out.push(Sample::clip(taken));
        Ok(())
    }

    fn draws(&self, input: &SampleType) -> bool {
        let all = input.frame().and_then(|(_, frames)| frames);
        !self.even && all != Some(self.least())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of one pixel with these values.
    fn clip(values: &[u8]) -> Vec<Image> {
        let frames = values.iter();
        frames
            .map(|value| Image::new(vec![*value], 1, 1, 1))
            .collect()
    }

    fn five() -> Frames {
        Frames {
            count: 5,
            gap: (1, 3),
            even: false,
            motion: Motion::Off,
        }
    }

    #[test]
    fn windows_ascend_by_gaps_in_range_and_reach_every_frame() {
        let frames = clip(&[0; 16]);
        let (mut seen, mut gaps) = ([0usize; 16], [0usize; 4]);
        for sample in 0..3000 {
            let chosen = five().chosen(&frames, &mut Philox::new(1, &[sample]));
            assert_eq!(chosen.len(), 5);
            for two in chosen.windows(2) {
                gaps[two[1] - two[0]] += 1;
            }
            for at in chosen {
                seen[at] += 1;
            }
        }
        assert!(seen.iter().all(|n| *n > 0), "{seen:?}");
        // 12,000 gaps, each of three as likely (12 frames always fit into 16): s.d. 52
        assert_eq!(gaps[0], 0);
        assert!(gaps[1..].iter().all(|n| n.abs_diff(4000) < 300), "{gaps:?}");
    }

    #[test]
    fn a_clip_that_is_just_long_enough_is_taken_whole() {
        let frames = clip(&[0; 5]);
        for sample in 0..50 {
            let chosen = five().chosen(&frames, &mut Philox::new(2, &[sample]));
            assert_eq!(chosen, [0, 1, 2, 3, 4]);
        }
    }

    /// Two frames out of six, next to each other: five windows, of which the changes are 0, 30, 0, 10, 0.
    #[test]
    fn windows_are_drawn_by_what_moves() {
        let frames = clip(&[5, 5, 35, 35, 25, 25]);
        let two = Frames {
            count: 2,
            gap: (1, 1),
            even: false,
            motion: Motion::Change,
        };
        let mut counts = [0usize; 5];
        for sample in 0..4000 {
            counts[two.chosen(&frames, &mut Philox::new(3, &[sample]))[0]] += 1;
        }
        assert_eq!((counts[0], counts[2], counts[4]), (0, 0, 0));
        // 3 to 1, s.d. 27
        assert!(counts[1].abs_diff(3000) < 140, "{counts:?}");
        // where nothing moves all are as likely
        let mut counts = [0usize; 5];
        for sample in 0..4000 {
            counts[two.chosen(&clip(&[7; 6]), &mut Philox::new(3, &[sample]))[0]] += 1;
        }
        assert!(counts.iter().all(|n| n.abs_diff(800) < 130), "{counts:?}");
    }

    #[test]
    fn even_frames_are_the_middles_of_equal_parts() {
        let even =
            |count: usize, frames: usize| -> Vec<usize> { evenly_spaced(count, frames).collect() };
        assert_eq!(even(4, 16), [2, 6, 10, 14]);
        assert_eq!(even(3, 3), [0, 1, 2]);
        assert_eq!(even(1, 9), [4]);
        assert_eq!(even(4, 5), [0, 1, 3, 4]);
    }

    #[test]
    fn a_short_clip_says_so() {
        let mut out = Vec::new();
        let short = Sample::clip(clip(&[0; 4]));
        let scratch = &mut Scratch::default();
        let error = five().apply(short, &mut Philox::new(0, &[]), scratch, &mut out);
        assert_eq!(
            error.unwrap_err().message,
            "`sample_frames` takes 5 frames and this clip has 4"
        );
    }
}

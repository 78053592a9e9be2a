//! `near_and_far(near = 1, far = 4)`: a frame of a clip, one close to it in time, and one that is not.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{ClipType, DataError, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "near_and_far",
        Kind::Transform,
        "Takes three frames out of a clip: any, one close to it in time, one that is not.",
        Make::transform(types, |args, _| Ok(Box::new(NearAndFar::of(args)))),
    )
    .takes(SampleType::CLIP)
    .paper(
        "Sermanet et al., 2018",
        "Time-Contrastive Networks: Self-Supervised Learning from Video",
        "arXiv:1704.06888",
    )
    .param(
        Param::with_default(
            "near",
            Type::Integer,
            "1",
            "The second frame is at most so many frames before the first or behind it; 1 is its neighbour.",
        )
        .within(1.0, 65_536.0),
    )
    .param(
        Param::with_default(
            "far",
            Type::Integer,
            "4",
            "The third frame is at least so many frames away from the first; more than `near`.",
        )
        .within(2.0, 65_536.0),
    )
    .doc(
        "Each frame that has another one far enough away is as likely to be the first, and each frame that is near or far enough to be the \
         second or the third.",
    )
    .example("near_and_far(near = 1, far = 4)")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let clip = ClipType::flowing("near_and_far", input)?;
    let NearAndFar { near, far } = NearAndFar::of(args);
    if far <= near {
        return Err(Problem::argument(
            Code::OutOfRange,
            "far",
            format!("a frame {far} away is near already: `near = {near}`"),
        )
        .help(format!("write `far = {}` or more", near + 1)));
    }
    if let Some(frames) = clip.frames.filter(|frames| *frames <= far) {
        return Err(Problem::argument(
            Code::SampleType,
            "far",
            format!("no two frames of `{input}` are {far} apart"),
        )
        .help(format!(
            "write `far = {}` or less, or take longer clips",
            frames.saturating_sub(1)
        )));
    }
    Ok(vec![ClipType::of(Some(3), clip.frame)])
}

struct NearAndFar {
    near: usize,
    far: usize,
}

impl NearAndFar {
    fn of(args: &Args) -> Self {
        Self {
            near: args.size("near"),
            far: args.size("far"),
        }
    }

    /// The three frames of a clip of so many, which are more than `far`.
    fn chosen(&self, frames: usize, rng: &mut Philox) -> [usize; 3] {
        let mut one_of = |from: &[usize]| from[rng.below(from.len() as u32) as usize];
        let within = |at: usize, fits: &dyn Fn(usize) -> bool| -> Vec<usize> {
            (0..frames)
                .filter(|other| fits(at.abs_diff(*other)))
                .collect()
        };
        // those in the middle of a short clip have nothing far away
        let firsts: Vec<usize> = (0..frames)
            .filter(|at| (*at).max(frames - 1 - at) >= self.far)
            .collect();
        let first = one_of(&firsts);
        let near = one_of(&within(first, &|away| (1..=self.near).contains(&away)));
        let far = one_of(&within(first, &|away| away >= self.far));
        [first, near, far]
    }
}

impl Transform for NearAndFar {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let frames = input::frames("near_and_far", input)?;
        if frames.len() <= self.far {
            return Err(DataError::new(format!(
                "`near_and_far` takes frames {} apart, and this clip has {} in all",
                self.far,
                frames.len()
            ))
            .help("take nearer ones, or leave short clips out: `on_bad_sample = skip`"));
        }
        let chosen = self.chosen(frames.len(), rng);
        out.push(Sample::clip(input::picked(frames, &chosen, scratch)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Image;

    #[test]
    fn the_second_is_near_the_third_far_and_each_frame_comes() {
        let own = NearAndFar { near: 2, far: 5 };
        let (mut firsts, mut nears, mut fars) = ([0; 12], [0; 12], [0; 12]);
        for sample in 0..6000 {
            let [first, near, far] = own.chosen(12, &mut Philox::new(2, &[sample]));
            assert!((1..=2).contains(&first.abs_diff(near)), "{first} {near}");
            assert!(first.abs_diff(far) >= 5, "{first} {far}");
            firsts[first] += 1;
            nears[near] += 1;
            fars[far] += 1;
        }
        // 500 each, s.d. 21
        assert!(
            firsts.iter().all(|n: &i32| n.abs_diff(500) < 110),
            "{firsts:?}"
        );
        assert!(nears.iter().chain(&fars).all(|n| *n > 0));
    }

    /// Of six frames, those 2 and 3 have none that is 4 away.
    #[test]
    fn a_frame_without_anything_far_is_never_the_first() {
        let own = NearAndFar { near: 1, far: 4 };
        for sample in 0..500 {
            let [first, ..] = own.chosen(6, &mut Philox::new(3, &[sample]));
            assert!(![2, 3].contains(&first));
        }
    }

    #[test]
    fn the_frames_come_in_that_order() {
        let frames = (0..5).map(|value| Image::new(vec![value], 1, 1, 1));
        let (mut out, scratch) = (Vec::new(), &mut Scratch::default());
        let own = NearAndFar { near: 1, far: 4 };
        let clip = Sample::clip(frames.collect());
        own.apply(clip, &mut Philox::new(1, &[]), scratch, &mut out)
            .unwrap();
        let taken: Vec<u8> = out[0]
            .as_clip()
            .unwrap()
            .frames
            .iter()
            .map(|f| f.pixels[0])
            .collect();
        assert!([vec![0, 1, 4], vec![4, 3, 0]].contains(&taken), "{taken:?}");
    }

    #[test]
    fn a_short_clip_says_so() {
        let frames = (0..4).map(|value| Image::new(vec![value], 1, 1, 1));
        let own = NearAndFar { near: 1, far: 4 };
        let scratch = &mut Scratch::default();
        let clip = Sample::clip(frames.collect());
        let error = own.apply(clip, &mut Philox::new(1, &[]), scratch, &mut Vec::new());
        assert_eq!(
            error.unwrap_err().message,
            "`near_and_far` takes frames 4 apart, and this clip has 4 in all"
        );
    }
}

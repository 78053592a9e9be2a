//! `(left, right) |> moments(8)`: the same moments of clips of several cameras.

use super::{Scratch, Transform, input};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{ClipType, DataError, Image, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "moments",
        Kind::Transform,
        "Takes the same moments out of clips of several cameras: (left, right) |> moments(8).",
        Make::Several { types, make },
    )
    .paper(
        "Sermanet et al., 2018",
        "Time-Contrastive Networks: Self-Supervised Learning from Video",
        "arXiv:1704.06888",
    )
    .param(Param::required("count", Type::Integer, "Moments that are taken.").within(1.0, 4096.0))
    .param(
        Param::with_default(
            "gap",
            Type::Integer,
            "1",
            "Two moments are at least so many frames apart; 1: any two frames are.",
        )
        .within(1.0, 65_536.0),
    )
    .doc("Every choice of moments that are far enough apart is as likely. They come in the order of time, a clip for each camera; frame i of all of them is of one moment.")
    .example("moments(8, gap = 2)")
}

struct Moments {
    count: usize,
    gap: usize,
}

impl Moments {
    fn of(args: &Args) -> Self {
        Self {
            count: args.size("count"),
            gap: args.size("gap"),
        }
    }

    /// The fewest frames that they fit into.
    fn least(&self) -> usize {
        (self.count - 1) * self.gap + 1
    }

    /// The moments of clips of so many frames, which are enough: without the gaps they are any of what is left.
    fn chosen(&self, frames: usize, rng: &mut Philox) -> Vec<usize> {
        let free = frames - self.least() + self.count;
        let mut left: Vec<u32> = rng.permutation(free);
        left.truncate(self.count);
        left.sort_unstable();
        let spread = left.iter().enumerate();
        spread
            .map(|(i, at)| *at as usize + i * (self.gap - 1))
            .collect()
    }
}

fn types(args: &Args, inputs: &[SampleType]) -> Result<Vec<SampleType>> {
    let moments = Moments::of(args);
    let clips: Result<Vec<ClipType>> = inputs
        .iter()
        .map(|ty| ClipType::flowing("moments", ty))
        .collect();
    let clips = clips?;
    let known: Vec<usize> = clips.iter().filter_map(|clip| clip.frames).collect();
    if let [first, rest @ ..] = known.as_slice()
        && let Some(other) = rest.iter().find(|other| *other != first)
    {
        return Err(Problem::new(
            Code::SampleType,
            format!(
                "`moments` takes clips of one length, and these have {first} and {other} frames"
            ),
        ));
    }
    if let Some(frames) = known.first().filter(|frames| **frames < moments.least()) {
        return Err(Problem::argument(
            Code::SampleType,
            "count",
            format!(
                "{} moments {} frames apart do not fit into {frames} frames",
                moments.count, moments.gap
            ),
        )
        .help("take fewer, or with a smaller `gap`"));
    }
    let outputs = clips.into_iter();
    Ok(outputs
        .map(|clip| ClipType::of(Some(moments.count), clip.frame))
        .collect())
}

fn make(args: &Args, _: &[SampleType]) -> Result<Box<dyn Transform>> {
    Ok(Box::new(Moments::of(args)))
}

impl Transform for Moments {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let cameras = input.into_list();
        let cameras =
            cameras.map_err(|_| DataError::new("`moments` was given what is no list of clips"))?;
        let clips: std::result::Result<Vec<Vec<Image>>, DataError> = cameras
            .into_iter()
            .map(|clip| input::frames("moments", clip))
            .collect();
        let clips = clips?;
        let frames = clips.first().map_or(0, Vec::len);
        if let Some(other) = clips.iter().find(|clip| clip.len() != frames) {
            return Err(DataError::new(format!(
                "`moments` takes clips of one length, and these have {frames} and {} frames",
                other.len()
            )));
        }
        if frames < self.least() {
            return Err(DataError::new(format!(
                "{} moments {} frames apart do not fit into {frames} frames",
                self.count, self.gap
            ))
            .help("take fewer, or leave short clips out: `on_bad_sample = skip`"));
        }
        let chosen = self.chosen(frames, rng);
        for clip in clips {
            out.push(Sample::clip(input::picked(clip, &chosen, scratch)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_as_likely() {
        let two = Moments { count: 2, gap: 3 };
        let mut seen = std::collections::BTreeMap::new();
        for sample in 0..6000 {
            let chosen = two.chosen(7, &mut Philox::new(4, &[sample]));
            *seen.entry(chosen).or_insert(0u32) += 1;
        }
        // 0-3 … 0-6, 1-4 … 1-6, 2-5, 2-6, 3-6: 600 each, s.d. 23
        assert_eq!(seen.len(), 10, "{seen:?}");
        assert!(
            seen.iter()
                .all(|(pair, n)| pair[1] - pair[0] >= 3 && n.abs_diff(600) < 120),
            "{seen:?}"
        );
    }

    #[test]
    fn all_cameras_show_the_same_moments() {
        let clip = |light: u8| {
            Sample::clip(
                (0..9)
                    .map(|at| Image::new(vec![light + at], 1, 1, 1))
                    .collect(),
            )
        };
        let own = Moments { count: 4, gap: 2 };
        let (mut out, scratch) = (Vec::new(), &mut Scratch::default());
        let both = Sample::list(vec![clip(0), clip(100)]);
        own.apply(both, &mut Philox::new(1, &[]), scratch, &mut out)
            .unwrap();
        let of = |sample: &Sample| -> Vec<u8> {
            sample
                .as_clip()
                .unwrap()
                .frames
                .iter()
                .map(|frame| frame.pixels[0])
                .collect()
        };
        let (left, right) = (of(&out[0]), of(&out[1]));
        assert_eq!(left.len(), 4);
        assert!(
            left.iter()
                .zip(&right)
                .all(|(left, right)| left + 100 == *right)
        );
    }

    #[test]
    fn clips_of_other_lengths_are_refused() {
        let clip = |frames: u8| {
            Sample::clip(
                (0..frames)
                    .map(|at| Image::new(vec![at], 1, 1, 1))
                    .collect(),
            )
        };
        let own = Moments { count: 2, gap: 1 };
        let said = |frames: [u8; 2]| {
            let both = Sample::list(frames.map(clip).to_vec());
            let made = own.apply(
                both,
                &mut Philox::new(1, &[]),
                &mut Scratch::default(),
                &mut Vec::new(),
            );
            made.unwrap_err().message
        };
        assert_eq!(
            said([5, 6]),
            "`moments` takes clips of one length, and these have 5 and 6 frames"
        );
        assert_eq!(
            said([1, 1]),
            "2 moments 1 frames apart do not fit into 1 frames"
        );
    }
}

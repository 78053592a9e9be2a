//! `order_triple(75%)`: three frames in the order of time, or with one from outside in the middle; the triples of Shuffle and Learn.

use super::input;
use super::motion::{Motion, unlike};
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{ClipType, DataError, Image, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The fewest frames: a b c d e.
const LEAST: usize = 5;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "order_triple",
        Kind::Transform,
        "Draws three frames where much moves, in the order of time or with one from outside in the middle; emits them and a label that is 1 where they are in order.",
        Make::transform(types, |args, _| Ok(Box::new(OrderTriple::of(args)))),
    )
    .takes(SampleType::CLIP)
    .paper(
        "Misra et al., 2016",
        "Shuffle and Learn: Unsupervised Learning using Temporal Order Verification",
        "arXiv:1603.08561",
    )
    .param(
        Param::with_default(
            "chance",
            Type::Ratio,
            "75%",
            "How often they are out of order; the paper's best is 75%.",
        )
        .within(0.0, 1.0),
    )
    .param(
        Param::with_default(
            "within",
            Type::Integer,
            "60",
            "τ_max: the first and the last of the three are at most so many frames apart; 2 or more.",
        )
        .within(2.0, 65_536.0),
    )
    .param(
        Param::with_default(
            "outside",
            Type::Range,
            "15..30",
            "τ_min, and how far at most: the frame that is out of order is so many frames before the first or behind the last. Near ones are hard.",
        )
        .within(1.0, 65_536.0),
    )
    .param(Param::with_default(
        "motion",
        Type::Choice(Motion::WORDS),
        "flow",
        "What windows are drawn by: `flow`, how far blocks of pixels go from frame to frame; `on`, how much pixels change; `off`: each is as likely.",
    ))
    .param(
        Param::with_default(
            "unlike",
            Type::Ratio,
            "1%",
            "A frame from outside differs from the one in whose place it stands by so much at least: the root of the mean squared difference, of the whole scale.",
        )
        .within(0.0, 1.0),
    )
    .doc(
        "Of five frames a b c d e in the order of time, in order are b c d, out of order b a d and b e d: both kinds begin and end alike, and only what is \
         between tells. Either comes backwards half the time. The window from b to d is drawn by the mean motion in it (section 3.1; the paper's \
         flow is Farnebäck's, here blocks are looked for in the next frame, on frames of about 48 pixels). Where no frame outside is unlike \
         enough, the least alike is taken. A clip too short for `within` and `outside` has triples as wide as fit; five frames are the least.",
    )
    .example("order_triple(75%, within = 6, outside = 2..4)")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let clip = ClipType::flowing("order_triple", input)?;
    let (low, high) = args.range("outside");
    if low.fract() != 0.0 || high.fract() != 0.0 || low > high {
        return Err(Problem::argument(
            Code::OutOfRange,
            "outside",
            "it is a whole number of frames, the smaller end first",
        )
        .help("write `outside = 2..4`"));
    }
    if let Some(frames) = clip.frames.filter(|frames| *frames < LEAST) {
        return Err(Problem::new(
            Code::SampleType,
            format!(
                "`order_triple` takes clips of {LEAST} frames or more, and `{input}` has {frames}"
            ),
        )
        .note("three in order, and one on either side"));
    }
    Ok(vec![
        ClipType::of(Some(3), clip.frame),
        SampleType::label(2),
    ])
}

struct OrderTriple {
    chance: f64,
    within: usize,
    outside: (usize, usize),
    motion: Motion,
    unlike: f64,
}

/// Frames by their places, and whether they are in order.
type Triple = ([usize; 3], bool);

impl OrderTriple {
    fn of(args: &Args) -> Self {
        let (low, high) = args.range("outside");
        Self {
            chance: args.ratio("chance"),
            within: args.size("within"),
            outside: (low as usize, high as usize),
            motion: Motion::of(args.word("motion")),
            unlike: args.ratio("unlike"),
        }
    }

    /// A triple of [`LEAST`] frames or more.
    fn drawn(&self, frames: &[Image], rng: &mut Philox) -> Triple {
        let n = frames.len();
        // a short clip leaves less room on either side
        let low = self.outside.0.min((n - 3) / 2);
        let high = self.outside.1.max(low);
        let (b, d) = self.window(frames, low, rng);
        let c = b + 1 + rng.below((d - b - 1) as u32) as usize;
        let in_order = !rng.chance(self.chance);
        let middle = match in_order {
            true => c,
            false => {
                let before = b.saturating_sub(high)..=b - low;
                let behind = d + low..=(d + high).min(n - 1);
                let sides = [before.collect(), behind.collect()];
                let first = rng.below(2) as usize;
                self.outsider(frames, c, [&sides[first], &sides[1 - first]], rng)
            }
        };
        let mut triple = [b, middle, d];
        if rng.chance(0.5) {
            triple.reverse();
        }
        (triple, in_order)
    }

    /// b and d, by the mean motion between them; `low` frames stay on either side.
    fn window(&self, frames: &[Image], low: usize, rng: &mut Philox) -> (usize, usize) {
        let mut sums = vec![0.0];
        for step in self.motion.steps(frames) {
            sums.push(sums[sums.len() - 1] + step);
        }
        let last = frames.len() - 1 - low; // of d
        let pairs = (low..=last - 2).flat_map(|b| {
            let ends = b + 2..=last.min(b + self.within);
            ends.map(move |d| (b, d))
        });
        let pairs: Vec<(usize, usize)> = pairs.collect();
        let weight = |(b, d): &(usize, usize)| (sums[*d] - sums[*b]) / (d - b) as f64;
        let total: f64 = pairs.iter().map(weight).sum();
        if total <= 0.0 {
            return pairs[rng.below(pairs.len() as u32) as usize];
        }
        let mut left = rng.between(0.0, total);
        let chosen = pairs.iter().find(|pair| {
            left -= weight(pair);
            left < 0.0
        });
        *chosen.unwrap_or(&pairs[pairs.len() - 1])
    }

    /// A frame that is unlike enough the one in whose place it stands: of the first side where that has one, else of the other, else the
    /// least alike of all.
    fn outsider(
        &self,
        frames: &[Image],
        place: usize,
        sides: [&Vec<usize>; 2],
        rng: &mut Philox,
    ) -> usize {
        let differs = |at: &usize| unlike(&frames[*at], &frames[place]);
        for side in sides {
            let fit: Vec<usize> = side
                .iter()
                .copied()
                .filter(|at| differs(at) >= self.unlike)
                .collect();
            if !fit.is_empty() {
                return fit[rng.below(fit.len() as u32) as usize];
            }
        }
        let all = sides.into_iter().flatten().copied();
        let least = all.max_by(|a, b| differs(a).total_cmp(&differs(b)));
        least.unwrap_or(place)
    }
}

impl Transform for OrderTriple {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let frames = input::frames("order_triple", input)?;
        if frames.len() < LEAST {
            return Err(DataError::new(format!(
                "`order_triple` takes clips of {LEAST} frames or more, and this one has {}",
                frames.len()
            ))
            .help("leave short clips out: `on_bad_sample = skip`"));
        }
        let (triple, in_order) = self.drawn(&frames, rng);
        out.push(Sample::clip(input::picked(frames, &triple, scratch)));
        out.push(Sample::label(u32::from(in_order)));
        Ok(())
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

    fn triples(own: &OrderTriple, values: &[u8], n: u64) -> Vec<Triple> {
        let frames = clip(values);
        let drawn = (0..n).map(|sample| own.drawn(&frames, &mut Philox::new(7, &[sample])));
        drawn.collect()
    }

    fn own() -> OrderTriple {
        OrderTriple {
            chance: 0.75,
            within: 4,
            outside: (2, 3),
            motion: Motion::Off,
            unlike: 0.0,
        }
    }

    #[test]
    fn both_kinds_begin_and_end_alike_and_only_the_middle_tells() {
        let values: Vec<u8> = (0..16).map(|at| at * 10).collect();
        let all = triples(&own(), &values, 8000);
        let mut kinds = [0usize; 3]; // in order, before, behind
        let mut backwards = 0;
        for ([x, middle, z], in_order) in all {
            let (b, d) = (x.min(z), x.max(z));
            backwards += usize::from(x > z);
            assert!((2..=4).contains(&(d - b)) && b >= 2 && d <= 13, "{b} {d}");
            assert_eq!(in_order, b < middle && middle < d);
            match middle {
                _ if in_order => kinds[0] += 1,
                m if m < b => {
                    assert!((2..=3).contains(&(b - m)), "{m} {b}");
                    kinds[1] += 1;
                }
                m => {
                    assert!((2..=3).contains(&(m - d)), "{m} {d}");
                    kinds[2] += 1;
                }
            }
        }
        // 2000, 3000, 3000, s.d. 43 at most; and half of all
        for (n, expected) in kinds.into_iter().zip([2000, 3000, 3000]) {
            assert!(n.abs_diff(expected) < 200, "{kinds:?}");
        }
        assert!(backwards.abs_diff(4000) < 200, "{backwards}");
    }

    #[test]
    fn windows_are_drawn_by_what_moves_in_them() {
        // all that moves is the step from 8 to 9
        let mut values = [50u8; 16];
        values[9..].fill(90);
        let moving = OrderTriple {
            motion: Motion::Change,
            ..own()
        };
        for ([x, _, z], _) in triples(&moving, &values, 300) {
            assert!(x.min(z) <= 8 && x.max(z) >= 9, "{x} {z}");
        }
    }

    #[test]
    fn a_frame_that_looks_like_the_one_it_replaces_is_not_taken() {
        // what is before a window is as its middle, what is behind is not
        let mut values = [50u8; 16];
        values[10..].fill(90);
        let sure = OrderTriple {
            chance: 1.0,
            unlike: 0.05,
            within: 2,
            ..own()
        };
        for ([x, middle, z], _) in triples(&sure, &values, 500) {
            let (b, d) = (x.min(z), x.max(z));
            let choices = (b.saturating_sub(3)..=b - 2).chain(d + 2..=(d + 3).min(15));
            let place = values[b + 1];
            let unlike = choices.clone().filter(|at| values[*at] != place).count();
            assert_eq!(values[middle] != place, unlike > 0, "{b} {middle} {d}");
        }
    }

    #[test]
    fn a_short_clip_has_triples_as_wide_as_fit() {
        let wide = OrderTriple {
            within: 60,
            outside: (15, 30),
            ..own()
        };
        for ([x, middle, z], in_order) in triples(&wide, &[0, 1, 2, 3, 4], 50) {
            assert_eq!((x.min(z), x.max(z)), (1, 3));
            assert_eq!(in_order, middle == 2);
        }
        let short = Sample::clip(clip(&[0; 4]));
        let scratch = &mut Scratch::default();
        let error = wide.apply(short, &mut Philox::new(0, &[]), scratch, &mut Vec::new());
        assert_eq!(
            error.unwrap_err().message,
            "`order_triple` takes clips of 5 frames or more, and this one has 4"
        );
    }
}

//! `maybe_shuffle(50%)`: three frames in the order of time, or out of it, and which of the two.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{ClipType, DataError, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// Of five frames a b c d e: in order, and with a or e between b and d.
const IN_ORDER: [usize; 3] = [1, 2, 3];
const FROM_OUTSIDE: [[usize; 3]; 2] = [[1, 0, 3], [1, 4, 3]];
/// Of three frames: those whose middle one is not between the others. Backwards they are each other.
const SHUFFLED: [[usize; 3]; 2] = [[0, 2, 1], [1, 0, 2]];

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "maybe_shuffle",
        Kind::Transform,
        "Three frames in the order of time or out of it; emits the frames and a label that is 1 where they are in order.",
        Make::transform(types, |args, _| {
            Ok(Box::new(MaybeShuffle {
                chance: args.ratio("chance"),
            }))
        }),
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
            "50%",
            "How often they are out of order; the paper's best is 75%.",
        )
        .within(0.0, 1.0),
    )
    .doc(
        "Of five frames a b c d e, as in the paper: in order are b c d, out of order b a d and b e d, so that both kinds begin and end \
         alike and only what is between tells. Of three frames: out of order are those whose middle one is first or last in time. \
         Either kind comes backwards half the time: a time that runs backwards is an order too, and which way it runs must not give \
         the answer away.",
    )
    .example("maybe_shuffle(50%)")
}

fn types(_: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let clip = ClipType::flowing("maybe_shuffle", input)?;
    match clip.frames {
        Some(3 | 5) => Ok(vec![
            ClipType::of(Some(3), clip.frame),
            SampleType::label(2),
        ]),
        _ => Err(Problem::new(
            Code::SampleType,
            format!("`maybe_shuffle` takes five frames or three, and `{input}` flows into it"),
        )
        .note("of five, the frame that is out of order is drawn from outside; of three, they change places")
        .help("put `sample_frames(5)` before it")),
    }
}

struct MaybeShuffle {
    chance: f64,
}

/// Which of so many frames stand where, and whether that is in order.
fn order(frames: usize, chance: f64, rng: &mut Philox) -> ([usize; 3], bool) {
    let shuffled = rng.chance(chance);
    let which = rng.below(2) as usize;
    let mut order = match (frames, shuffled) {
        (5, false) => IN_ORDER,
        (5, true) => FROM_OUTSIDE[which],
        (_, false) => [0, 1, 2],
        (_, true) => SHUFFLED[which],
    };
    if rng.chance(0.5) {
        order.reverse();
    }
    (order, !shuffled)
}

impl Transform for MaybeShuffle {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let frames = input::frames("maybe_shuffle", input)?;
        if !matches!(frames.len(), 3 | 5) {
            return Err(DataError::new(format!(
                "`maybe_shuffle` takes five frames or three, and this clip has {}",
                frames.len()
            )));
        }
        let (order, in_order) = order(frames.len(), self.chance, rng);
        let mut frames: Vec<_> = frames.into_iter().map(Some).collect();
        let chosen = order.iter().filter_map(|at| frames[*at].take());
        let chosen: Vec<_> = chosen.collect();
        for frame in frames.into_iter().flatten() {
            scratch.give(frame.pixels);
        }
        out.push(Sample::clip(chosen));
        out.push(Sample::label(u32::from(in_order)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn counts(frames: usize, chance: f64) -> BTreeMap<([usize; 3], bool), usize> {
        let mut counts = BTreeMap::new();
        for sample in 0..8000 {
            let drawn = order(frames, chance, &mut Philox::new(5, &[sample]));
            *counts.entry(drawn).or_default() += 1;
        }
        counts
    }

    /// The paper's triples of five frames, each as often forwards as backwards.
    #[test]
    fn the_frame_out_of_order_comes_from_outside() {
        let counts = counts(5, 0.75);
        let expected = [
            ([1, 2, 3], true, 1000),
            ([3, 2, 1], true, 1000),
            ([1, 0, 3], false, 1500),
            ([3, 0, 1], false, 1500),
            ([1, 4, 3], false, 1500),
            ([3, 4, 1], false, 1500),
        ];
        assert_eq!(counts.len(), expected.len(), "{counts:?}");
        for (order, in_order, n) in expected {
            // s.d. 35 at most
            assert!(counts[&(order, in_order)].abs_diff(n) < 180, "{counts:?}");
        }
    }

    /// In order: the middle frame is between the others in time.
    #[test]
    fn three_frames_change_places() {
        let counts = counts(3, 0.5);
        assert_eq!(counts.len(), 6, "{counts:?}");
        for ((order, in_order), n) in &counts {
            assert_eq!(order[1] == 1, *in_order);
            let expected = if *in_order { 2000 } else { 1000 };
            assert!(n.abs_diff(expected) < 200, "{counts:?}");
        }
        assert!(super::order(3, 0.0, &mut Philox::new(1, &[])).1);
        assert!(!super::order(3, 1.0, &mut Philox::new(1, &[])).1);
    }
}

//! Dropout masks, drawn on the host so that every device drops the same elements.

use rayon::prelude::*;

use super::draw::Draw;
use crate::data::Philox;

/// Elements per stream of random numbers: pieces can be drawn by any number of threads.
const PIECE: usize = 1 << 14;

/// `1 / (1 - p)` where an element stays, 0 where it is dropped. A function of seed, step, micro-batch and the node
/// (`name`), never of what was drawn before.
pub(crate) fn mask(draw: Draw, name: [u64; 2], p: f64, elements: usize) -> Vec<f32> {
    let kept = if p < 1.0 {
        (1.0 / (1.0 - p)) as f32
    } else {
        0.0
    };
    // an element stays where its 32 bits are below this
    let below = ((1.0 - p).clamp(0.0, 1.0) * 4_294_967_296.0).round() as u64;
    let mut mask = vec![0.0; elements];
    mask.par_chunks_mut(PIECE)
        .enumerate()
        .for_each(|(piece, out)| {
            let parts = [
                Philox::part("dropout"),
                draw.clock.step,
                draw.micro,
                name[0],
                name[1],
                piece as u64,
            ];
            let mut stream = Philox::new(draw.seed, &parts);
            for x in out {
                if u64::from(stream.next_u32()) < below {
                    *x = kept;
                }
            }
        });
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Clock;

    const DRAW: Draw = Draw {
        seed: 7,
        clock: Clock {
            step: 3,
            steps: 10,
            steps_per_epoch: 5.0,
        },
        micro: 0,
    };

    #[test]
    fn a_mask_is_keyed_by_step_and_node() {
        let first = mask(DRAW, [1, 0], 0.5, 100_000);
        assert_eq!(first, mask(DRAW, [1, 0], 0.5, 100_000));
        let later = Clock {
            step: 4,
            ..DRAW.clock
        };
        assert_ne!(
            first,
            mask(
                Draw {
                    clock: later,
                    ..DRAW
                },
                [1, 0],
                0.5,
                100_000
            )
        );
        assert_ne!(first, mask(Draw { micro: 1, ..DRAW }, [1, 0], 0.5, 100_000));
        assert_ne!(first, mask(Draw { seed: 8, ..DRAW }, [1, 0], 0.5, 100_000));
        assert_ne!(first, mask(DRAW, [2, 0], 0.5, 100_000));
        assert_ne!(first, mask(DRAW, [1, 1], 0.5, 100_000));
    }

    #[test]
    fn as_many_as_asked_are_dropped() {
        let mask = mask(DRAW, [1, 0], 0.2, 100_000);
        let dropped = mask.iter().filter(|x| **x == 0.0).count();
        // binomial, s.d. 126: five of them
        assert!(dropped.abs_diff(20_000) < 632, "{dropped}");
        assert!(mask.iter().all(|x| *x == 0.0 || *x == 1.25));
    }
}

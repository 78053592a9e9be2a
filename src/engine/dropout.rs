//! Dropout masks, drawn on the host so that every device drops the same elements.

use rayon::prelude::*;

use super::draw::Draw;
use super::kernels::Draws;
use crate::data::Philox;

/// Elements per stream of random numbers: pieces can be drawn by any number of threads.
const PIECE: usize = 1 << 14;

/// What an element that stays is multiplied by, and what its 32 bits are below.
fn bounds(p: f64) -> (f32, u64) {
    let kept = if p < 1.0 {
        (1.0 / (1.0 - p)) as f32
    } else {
        0.0
    };
    let below = ((1.0 - p).clamp(0.0, 1.0) * 4_294_967_296.0).round() as u64;
    (kept, below)
}

fn stream(draw: Draw, name: [u64; 2], piece: usize) -> Philox {
    let parts = [
        Philox::part("dropout"),
        draw.clock.step,
        draw.micro,
        name[0],
        name[1],
        piece as u64,
    ];
    Philox::new(draw.seed, &parts)
}

/// `1 / (1 - p)` where an element stays, 0 where it is dropped. A function of seed, step, micro-batch and the node
/// (`name`), never of what was drawn before.
pub(crate) fn mask(draw: Draw, name: [u64; 2], p: f64, elements: usize) -> Vec<f32> {
    let (kept, below) = bounds(p);
    let mut mask = vec![0.0; elements];
    mask.par_chunks_mut(PIECE)
        .enumerate()
        .for_each(|(piece, out)| {
            let mut stream = stream(draw, name, piece);
            for x in out {
                if u64::from(stream.next_u32()) < below {
                    *x = kept;
                }
            }
        });
    mask
}

/// The same for the kernel, which draws the mask itself.
pub(crate) fn draws(draw: Draw, name: [u64; 2], p: f64, elements: usize) -> Draws {
    let (kept, below) = bounds(p);
    let pieces = elements.div_ceil(PIECE);
    Draws {
        starts: (0..pieces)
            .map(|piece| stream(draw, name, piece).start())
            .collect(),
        piece: PIECE,
        below,
        kept,
    }
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
    fn the_kernel_draws_the_same_mask() {
        use crate::engine::kernels::dropped;
        for p in [0.0, 0.1, 0.5, 1.0] {
            for elements in [1, 31, 32, 33, 16_384, 16_385, 40_003] {
                let ones = vec![1.0; elements];
                let wanted = mask(DRAW, [1, 0], p, elements);
                for got in dropped(&draws(DRAW, [1, 0], p, elements), &ones) {
                    assert!(got == wanted, "{p} {elements}");
                }
            }
        }
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

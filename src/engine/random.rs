//! Random tensors, drawn on the host from the seed, the step, the batch of the step and the node, so that every device draws the
//! same.

use rayon::prelude::*;

use super::draw::Draw;
use super::host::HostTensor;
use crate::data::Philox;
use crate::graph::Random;

/// Elements per stream of random numbers: pieces can be drawn by any number of threads.
const PIECE: usize = 1 << 14;

/// The tensor of a random node (`name`).
pub(crate) fn draw(kind: Random, draw: Draw, name: [u64; 2], shape: &[usize]) -> HostTensor {
    let elements = shape.iter().product();
    let stream = |piece: usize| {
        let parts = [
            Philox::part("random"),
            draw.clock.step,
            draw.micro,
            name[0],
            name[1],
            piece as u64,
        ];
        Philox::new(draw.seed, &parts)
    };
    if kind == Random::Order {
        let order = stream(0).permutation(elements);
        return HostTensor::int(order.into_iter().map(i64::from).collect(), shape);
    }
    let mut data = vec![0.0; elements];
    data.par_chunks_mut(PIECE)
        .enumerate()
        .for_each(|(piece, out)| {
            let mut stream = stream(piece);
            for x in out {
                *x = match kind {
                    Random::Normal => stream.normal(),
                    _ => stream.between(0.0, 1.0) as f32,
                };
            }
        });
    HostTensor::f32(data, shape)
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

    fn numbers(kind: Random, at: Draw, name: [u64; 2]) -> Vec<f32> {
        let tensor = draw(kind, at, name, &[1000, 100]);
        tensor.as_f32().map(<[f32]>::to_vec).unwrap_or_default()
    }

    #[test]
    fn a_draw_is_keyed_by_step_and_node() {
        let first = numbers(Random::Normal, DRAW, [1, 0]);
        assert_eq!(first, numbers(Random::Normal, DRAW, [1, 0]));
        assert_ne!(first, numbers(Random::Normal, DRAW, [1, 1]));
        assert_ne!(
            first,
            numbers(Random::Normal, Draw { micro: 1, ..DRAW }, [1, 0])
        );
        let later = Clock {
            step: 4,
            ..DRAW.clock
        };
        assert_ne!(
            first,
            numbers(
                Random::Normal,
                Draw {
                    clock: later,
                    ..DRAW
                },
                [1, 0]
            )
        );
        // only the step counts, not how long the run is
        let longer = Clock {
            steps: 99,
            ..DRAW.clock
        };
        assert_eq!(
            first,
            numbers(
                Random::Normal,
                Draw {
                    clock: longer,
                    ..DRAW
                },
                [1, 0]
            )
        );
    }

    #[test]
    fn draws_have_the_moments_they_should() {
        let moments = |values: &[f32]| {
            let n = values.len() as f64;
            let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
            let square = values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / n;
            (mean, (square - mean * mean).sqrt())
        };
        // 100,000 numbers, five standard errors each
        let (mean, deviation) = moments(&numbers(Random::Normal, DRAW, [1, 0]));
        assert!(mean.abs() < 0.016 && (deviation - 1.0).abs() < 0.012);
        let (mean, deviation) = moments(&numbers(Random::Uniform, DRAW, [1, 0]));
        assert!((mean - 0.5).abs() < 0.005 && (deviation - 12f64.sqrt().recip()).abs() < 0.003);
    }

    #[test]
    fn an_order_has_every_number_once() {
        let order = draw(Random::Order, DRAW, [1, 0], &[50]);
        let HostTensor::Int { mut data, .. } = order else {
            panic!("whole numbers")
        };
        assert_ne!(data, (0..50).collect::<Vec<_>>());
        data.sort_unstable();
        assert_eq!(data, (0..50).collect::<Vec<_>>());
    }
}

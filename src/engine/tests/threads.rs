//! The same bytes whatever the number of compute threads.

use super::fixtures::{model, small_batch, small_net};
use crate::engine::{Device, HostTensor, Trainer, TrainerState, gradients, products};
use crate::graph::{Conv, DType, Graph, Init, Mode, Size};
use crate::plan::Optimizer;

/// Work on a pool of `n` threads.
pub fn with_threads<T: Send>(n: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new()
        .num_threads(n)
        .build()
        .expect("a pool")
        .install(work)
}

fn noise(n: usize) -> Vec<f32> {
    let mut stream = crate::data::Philox::new(5, &[]);
    (0..n).map(|_| stream.uniform() - 0.5).collect()
}

#[test]
fn products_do_not_depend_on_threads() {
    let (a, b) = (noise(600 * 333), noise(517 * 333));
    let run = |n| {
        with_threads(n, || {
            products(&Device::flex(), &a, &b, 333).expect("products")
        })
    };
    let one = run(1);
    for n in [2, 3, 4, 7] {
        assert_eq!(one, run(n), "{n} threads");
    }
}

#[test]
fn convolutions_and_their_gradients_do_not_depend_on_threads() {
    for (size, channels, kernel, stride) in
        [(16, 8, 3, 1), (16, 8, 5, 2), (20, 3, 7, 2), (16, 32, 1, 1)]
    {
        let mut g = Graph::new(Mode::Train);
        let image = vec![Size::batch(), channels.into(), size.into(), size.into()];
        let x = g.declare_input("x", image, DType::F32, None);
        let first = g.parameter("first", &[16, channels, kernel, kernel], Init::Normal(0.1));
        let second = g.parameter("second", &[24, 16, 3, 3], Init::Normal(0.1));
        let conv = |stride, kernel: usize| Conv {
            stride,
            padding: kernel / 2,
            groups: 1,
        };
        let y = g
            .conv2d(x, first, None, conv(stride, kernel))
            .expect("fits");
        let y = g.relu(y).expect("numbers");
        let y = g.conv2d(y, second, None, conv(1, 3)).expect("fits");
        let y = g.mul(y, y).expect("numbers");
        let loss = g.mean_all(y).expect("numbers");
        g.objective("loss", loss);
        let pixels = noise(32 * channels * size * size);
        let batch = [(
            "x".to_owned(),
            HostTensor::f32(pixels, &[32, channels, size, size]),
        )]
        .into();
        let model = model(&g);
        let run = |n| with_threads(n, || gradients(&g, &model, &batch).expect("gradients"));
        let one = run(1);
        for n in [2, 3, 5] {
            assert_eq!(one, run(n), "{n} threads, kernel {kernel}");
        }
    }
}

#[test]
fn training_does_not_depend_on_threads() {
    let graph = small_net(Mode::Train);
    let run = |n| -> TrainerState {
        with_threads(n, || {
            let adam = Optimizer::Adam {
                rate: 1e-2,
                betas: (0.9, 0.999),
                epsilon: 1e-8,
                weight_decay: 0.0,
            };
            let mut trainer = Trainer::new(model(&graph), adam, Vec::new(), 7);
            for step in 0..4 {
                trainer
                    .step(&graph, &[small_batch(256, step)], 1e-2, Some(0.1))
                    .expect("a step");
            }
            trainer.state().expect("a state")
        })
    };
    let one = run(1);
    for n in [2, 4] {
        assert_eq!(one, run(n), "{n} threads");
    }
}

//! Features and running statistics, models that share tensors.

use super::fixtures::{data, model, place, small_batch, small_net};
use crate::engine::{Batch, Device, Model, Rows, Trainer, features, products};
use crate::graph::Mode;
use crate::plan::Optimizer;

#[test]
fn features_come_from_an_evaluation_trace_with_the_same_tensors() {
    let (train, eval) = (small_net(Mode::Train), small_net(Mode::Eval));
    let sgd = Optimizer::Sgd {
        rate: 0.1,
        momentum: 0.9,
        nesterov: false,
        weight_decay: 0.0,
    };
    let mut trainer = Trainer::new(model(&train), sgd, Vec::new(), 7);
    for step in 0..5 {
        trainer
            .step(&train, &[small_batch(16, step)], 0.1, None)
            .expect("a step");
    }
    let at = place(&eval, "encoder/features");
    // labels are not needed for features
    let mut whole = small_batch(6, 99);
    whole.remove("label");
    let all = features(&eval, trainer.model(), &whole, &[at]).expect("features");
    assert_eq!(all[0].shape(), [6, 144]);
    // one at a time gives the same: nothing depends on the batch
    for row in 0..6 {
        let pixels = data(&whole["view"])[row * 36..(row + 1) * 36].to_vec();
        let view = crate::engine::HostTensor::f32(pixels, &[1, 1, 6, 6]);
        let one: Batch = [("view".to_owned(), view)].into();
        let one = features(&eval, trainer.model(), &one, &[at]).expect("features");
        let want = &data(&all[0])[row * 144..(row + 1) * 144];
        for (got, want) in data(&one[0]).iter().zip(want) {
            assert!((got - want).abs() < 1e-5);
        }
    }
}

#[test]
fn a_model_adopts_an_encoder() {
    let graph = small_net(Mode::Eval);
    let device = Device::flex();
    let from = Model::init(&graph, 1, &device).expect("a model");
    let mut to = Model::init(&graph, 2, &device).expect("a model");
    let before = to.get("encoder/linear/bias").expect("a bias");
    assert_ne!(
        from.get("encoder/conv/weight").expect("a weight"),
        to.get("encoder/conv/weight").expect("a weight")
    );
    // conv/weight alone; then bn with its two buffers under another name
    assert_eq!(
        to.adopt(&from, "encoder/conv/", "encoder/conv/").ok(),
        Some(1)
    );
    assert_eq!(
        from.get("encoder/conv/weight").ok(),
        to.get("encoder/conv/weight").ok()
    );
    assert_eq!(to.get("encoder/linear/bias").ok(), Some(before));
    assert_eq!(to.adopt(&from, "encoder/bn/", "teacher/bn/").ok(), Some(4));
    assert!(to.get("teacher/bn/mean").is_ok());
    let error = to.adopt(&from, "encoder/linear/weight", "encoder/bn/mean");
    assert!(error.is_err() || to.get("encoder/bn/mean").is_ok());
}

#[test]
fn products_are_dot_products_of_rows() {
    let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let b = [1.0, 0.0, -1.0, 0.5, 0.5, 0.5];
    let got = products(&Device::flex(), &a, &b, 3).expect("products");
    assert_eq!(got, [-2.0, 3.0, -2.0, 7.5]);
    let bank = Rows::new(&Device::flex(), b.to_vec(), 3).expect("rows");
    assert_eq!(bank.len(), 2);
    assert_eq!(bank.products(&a[3..]).expect("products"), [-2.0, 7.5]);
    assert!(
        products(&Device::flex(), &[], &b, 3)
            .expect("none")
            .is_empty()
    );
}

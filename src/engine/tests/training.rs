//! Steps of a small net.

use super::fixtures::{data, model, small_batch, small_net};
use crate::engine::{EngineError, HostTensor, Trainer};
use crate::graph::Mode;
use crate::plan::Group;
use crate::plan::Optimizer;

fn adamw() -> Optimizer {
    Optimizer::AdamW {
        rate: 1e-2,
        betas: (0.9, 0.999),
        epsilon: 1e-8,
        weight_decay: 0.05,
    }
}

#[test]
fn a_small_net_learns() {
    let graph = small_net(Mode::Train);
    let mut trainer = Trainer::new(model(&graph), adamw(), Vec::new(), 7);
    let mut last = Default::default();
    for step in 0..60 {
        last = trainer
            .step(&graph, &[small_batch(64, step)], 1e-2, Some(1.0))
            .expect("a step");
    }
    assert_eq!(trainer.steps(), 60);
    assert_eq!(last.objectives[0].0, "loss");
    assert_eq!(last.metrics[0].0, "accuracy");
    // chance is 1/3
    assert!(last.metrics[0].1 > 0.9, "{last:?}");
}

#[test]
fn accumulated_gradients_are_a_mean() {
    // without batch norm and dropout, two halves make the whole
    use crate::graph::{DType, Graph, Init, Size};
    let mut g = Graph::new(Mode::Train);
    let x = g.declare_input("x", vec![Size::batch(), 3.into()], DType::F32, None);
    let weight = g.parameter("weight", &[3, 2], Init::Normal(1.0));
    let y = g.linear(x, weight, None).expect("fits");
    let y = g.mul(y, y).expect("numbers");
    let loss = g.mean_all(y).expect("numbers");
    g.objective("loss", loss);
    let rows: Vec<f32> = (0..12).map(|i| (i as f32).sin()).collect();
    let batch = |rows: &[f32]| {
        [(
            "x".to_owned(),
            HostTensor::f32(rows.to_vec(), &[rows.len() / 3, 3]),
        )]
        .into()
    };
    let sgd = Optimizer::Sgd {
        rate: 0.1,
        momentum: 0.0,
        nesterov: false,
        weight_decay: 0.0,
    };
    let mut whole = Trainer::new(model(&g), sgd.clone(), Vec::new(), 0);
    let mut halves = Trainer::new(model(&g), sgd, Vec::new(), 0);
    let one = whole.step(&g, &[batch(&rows)], 0.1, None).expect("a step");
    let two = halves
        .step(&g, &[batch(&rows[..6]), batch(&rows[6..])], 0.1, None)
        .expect("a step");
    assert!((one.objectives[0].1 - two.objectives[0].1).abs() < 1e-6);
    let a = whole.model().get("weight").expect("a weight");
    let b = halves.model().get("weight").expect("a weight");
    for (a, b) in data(&a).iter().zip(data(&b)) {
        assert!((a - b).abs() < 1e-6);
    }
}

#[test]
fn a_loss_that_is_not_finite_names_its_node_and_changes_nothing() {
    let graph = small_net(Mode::Train);
    let mut trainer = Trainer::new(model(&graph), adamw(), Vec::new(), 7);
    trainer
        .step(&graph, &[small_batch(8, 1)], 1e-2, None)
        .expect("a step");
    let before = trainer.state().expect("a state");
    let mut bad = small_batch(8, 2);
    if let Some(HostTensor::F32 { data, .. }) = bad.get_mut("view") {
        data[5] = f32::NAN;
    }
    let good = small_batch(8, 3);
    let error = trainer.step(&graph, &[good, bad], 1e-2, None).err();
    match error {
        Some(EngineError::NotFinite {
            objective,
            node,
            step,
            ..
        }) => {
            assert_eq!(objective, "objective `loss`");
            assert_eq!(node.as_deref(), Some("Input"));
            assert_eq!(step, 1);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(trainer.state().expect("a state"), before);
}

#[test]
fn frozen_groups_stay() {
    let graph = small_net(Mode::Train);
    let freeze = Group {
        pattern: "encoder.conv.*".into(),
        decay: None,
        rate: Some(0.0),
    };
    let mut trainer = Trainer::new(model(&graph), adamw(), vec![freeze], 7);
    let before = trainer.state().expect("a state");
    trainer
        .step(&graph, &[small_batch(8, 1)], 1e-2, None)
        .expect("a step");
    let after = trainer.state().expect("a state");
    for (name, tensor) in &before.parameters {
        let same = tensor == &after.parameters[name];
        assert_eq!(same, name.starts_with("encoder/conv/"), "{name}");
    }
    assert!(!after.moments.contains_key("encoder/conv/weight"));
}

#[test]
fn batches_that_do_not_fit_are_refused_by_name() {
    let graph = small_net(Mode::Train);
    let mut trainer = Trainer::new(model(&graph), adamw(), Vec::new(), 7);
    let mut missing = small_batch(4, 1);
    missing.remove("label");
    let mut short = small_batch(4, 1);
    short.insert("label".into(), HostTensor::int(vec![0; 3], &[3]));
    let mut wrong = small_batch(4, 1);
    wrong.insert("label".into(), HostTensor::f32(vec![0.0; 4], &[4]));
    for (batch, words) in [
        (missing, "no field `label`; it has view"),
        (
            short,
            "is int [3] with 3 elements, the graph was traced for int [B]",
        ),
        (wrong, "is f32 [4] with 4 elements"),
    ] {
        let error = trainer.step(&graph, &[batch], 1e-2, None).err();
        let text = error.map(|e| e.to_string()).unwrap_or_default();
        assert!(text.contains(words), "{text}");
    }
}

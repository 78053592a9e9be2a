//! A net of another stage inside a graph: it runs as in evaluation, and nothing moves it.

use std::sync::Arc;

use crate::engine::{Batch, Device, HostTensor, Model, Trainer, features};
use crate::graph::testing::{layer, net};
use crate::graph::{DType, Graph, Init, Lent, Mode, Module, Size};
use crate::plan::Optimizer;

/// Features of `x [B, 3]`, told as the mean of each record.
fn other() -> Graph {
    let mut g = Graph::new(Mode::Eval);
    let x = g.declare_input("x", vec![Size::batch(), 3.into()], DType::F32, None);
    let layers = [
        layer("linear", &[4]),
        layer("batch_norm", &[]),
        layer("relu", &[]),
    ];
    let x = g.call(&Module::new("trunk", &net(layers)), x).unwrap();
    let told = g.mean(x, 1).unwrap();
    let told = g.squeeze(told, 1).unwrap();
    g.place("told", told);
    g
}

#[test]
fn batch_norm_keeps_its_statistics_and_weights_stay() {
    let lent = Lent {
        stage: "first".into(),
        task: "any".into(),
        graph: other(),
    };
    let mut g = Graph::new(Mode::Train);
    let x = g.declare_input("seen", vec![Size::batch(), 3.into()], DType::F32, None);
    g.lend("judge", Arc::new(lent));
    let told = g.ask("judge", "told", &[("x".to_owned(), x)]).unwrap();
    let own = g.parameter("own", &[1], Init::Constant(2.0));
    let product = g.mul(told, own).unwrap();
    let loss = g.mean_all(product).unwrap();
    g.objective("loss", loss);
    g.verify().unwrap();
    let device = Device::flex();
    let mut model = Model::init(&g, 5, &device).unwrap();
    let moved = [("mean", 0.25), ("var", 2.0)];
    for (name, value) in moved {
        let tensor = HostTensor::f32(vec![value; 4], &[4]);
        model
            .set(&format!("judge/trunk/1/running_{name}"), &tensor)
            .unwrap();
    }
    // what the other graph tells, with these weights under its own names
    let lent = other();
    let mut alone = Model::init(&lent, 0, &device).unwrap();
    alone.adopt(&model, "judge/", "").unwrap();
    let rows: Vec<f32> = (0..12).map(|i| (i as f32 * 0.7).sin()).collect();
    let batch = |name: &str| -> Batch {
        [(name.to_owned(), HostTensor::f32(rows.clone(), &[4, 3]))].into()
    };
    let var = lent
        .places
        .iter()
        .find(|place| place.name == "told")
        .unwrap()
        .var;
    let wanted = features(&lent, &alone, &batch("x"), &[var]).unwrap();
    let wanted = wanted[0].as_f32().unwrap();
    let wanted = 2.0 * wanted.iter().map(|x| f64::from(*x)).sum::<f64>() / 4.0;

    let optimizer = Optimizer::Sgd {
        rate: 0.1,
        momentum: 0.9,
        nesterov: false,
        weight_decay: 0.5,
    };
    let before = (
        model.parameter_values().unwrap(),
        model.buffer_values().unwrap(),
    );
    let mut trainer = Trainer::new(model, optimizer, Vec::new(), 0);
    let report = trainer.step(&g, &[batch("seen")], 0.1, None).unwrap();
    assert!(
        (report.objectives[0].1 - wanted).abs() < 1e-6,
        "{report:?} {wanted}"
    );
    let model = trainer.model();
    assert_eq!(model.buffer_values().unwrap(), before.1);
    for (name, value) in model.parameter_values().unwrap() {
        assert_eq!(value == before.0[&name], name != "own", "{name}");
    }
}

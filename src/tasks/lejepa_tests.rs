//! Whole steps against PyTorch with the directions as an input, and what the ball says of what is one and what is none.

use super::*;
use crate::engine::{Batch, HostTensor, Model, features};
use crate::graph::testing::{args, entry};
use crate::graph::{DType, Mode, Size};
use crate::tasks::traces;

#[test]
fn steps_are_those_of_algorithm_1() {
    let trace = traces::read(include_str!("../../tests/fixtures/tasks/lejepa.json"));
    let spec = entry(Kind::Task, "lejepa");
    let task = args(&spec, &traces::arguments(&trace, &spec));
    let mut g = Graph::new(Mode::Train);
    for view in ["globals/0", "globals/1", "locals/0"] {
        g.declare_input(view, vec![Size::batch(), 5.into()], DType::F32, None);
    }
    g.declare_input("directions", vec![4.into(), 6.into()], DType::F32, None);
    let net = Module::new("head", &traces::net_of(&trace, "head"));
    let names = ["globals/0", "globals/1", "locals/0"];
    let z: Vec<Var> = names
        .iter()
        .map(|name| {
            let x = g.input(name).unwrap();
            g.call(&net, x).unwrap()
        })
        .collect();
    let directions = g.input("directions").unwrap(); // [d, M]
    let loss = loss(&mut g, &task, (&z, 2), directions).unwrap();
    g.objective("loss", loss);
    traces::compare(&trace, &g);
}

/// For a batch that is one point, at 0, φ̂ is 1 everywhere, and the integral has a closed form but for the trapezia:
/// B ∫ (1 − w)² w dt with w = exp(−t²/2), which is B √(2π) (1 − 2/√2 + 1/√3).
#[test]
fn one_point_is_no_ball_and_a_gaussian_batch_is() {
    let rows = 2000;
    let judged = |numbers: Vec<f32>| {
        let mut g = Graph::new(Mode::Train);
        let z = g.declare_input("z", vec![Size::batch(), 3.into()], DType::F32, None);
        let a = g.random_normal(vec![3.into(), 64.into()]);
        let a = g.l2_normalize_along(a, 0).unwrap();
        let ball = sigreg(&mut g, z, a).unwrap();
        let model = Model::init(&g, 1, &crate::engine::Device::flex()).unwrap();
        let batch: Batch = [("z".to_owned(), HostTensor::f32(numbers, &[rows, 3]))].into();
        let found = features(&g, &model, &batch, &[ball]).unwrap();
        f64::from(found[0].as_f32().unwrap()[0])
    };
    let point = judged(vec![0.0; rows * 3]);
    let closed = (std::f64::consts::TAU).sqrt() * (1.0 - 2.0 / 2f64.sqrt() + 1.0 / 3f64.sqrt());
    assert!((point / rows as f64 / closed - 1.0).abs() < 1e-4, "{point}");
    let mut rng = crate::data::Philox::new(5, &[]);
    let ball = judged((0..rows * 3).map(|_| rng.normal()).collect());
    // its mean is ∫ (1 − w²) w dt = √(2π) (1 − 1/√3), whatever B
    assert!(ball < 3.0, "{ball}");
    let wide = judged((0..rows * 3).map(|_| 3.0 * rng.normal()).collect());
    assert!(wide > 100.0, "{wide}");
}

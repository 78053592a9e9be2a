//! What each task says of a network that makes one thing of all pictures: every weight is 0, so that every projection is.

use std::collections::BTreeMap;

use crate::catalog::{Kind, Make, Value};
use crate::engine::{Batch, Device, HostTensor, Model, StepReport, Trainer};
use crate::graph::testing::{call, layer, net};
use crate::graph::{DType, Graph, Mode, Size};
use crate::plan::Optimizer;

/// Features that the heads give.
const WIDTH: i64 = 4;

fn collapsed(name: &str, inputs: &[&str], given: &[(&str, Value)]) -> BTreeMap<String, f64> {
    let linear = || Value::Net(net([layer("linear", &[WIDTH])]));
    let trunk = net([layer("flatten", &[]), layer("linear", &[5])]);
    let mut all = vec![("encoder", Value::Net(trunk)), ("head", linear())];
    let spec = crate::graph::testing::entry(Kind::Task, name);
    if spec.find("predictor").is_some() {
        all.push(("predictor", linear()));
    }
    all.extend(given.iter().cloned());
    let call = call(Kind::Task, name, &all);
    let mut g = Graph::new(Mode::Train);
    let mut batch = Batch::new();
    for (salt, input) in inputs.iter().enumerate() {
        let shape = vec![Size::batch(), 1.into(), 2.into(), 2.into()];
        g.declare_input(input, shape, DType::F32, None);
        let mut rng = crate::data::Philox::new(salt as u64, &[]);
        let pixels = (0..24).map(|_| rng.normal()).collect();
        batch.insert((*input).to_owned(), HostTensor::f32(pixels, &[6, 1, 2, 2]));
    }
    let Make::Task { build, .. } = &call.spec.make else {
        panic!("{name} is no task")
    };
    build(&mut g, &call.args).unwrap();
    let mut model = Model::init(&g, 0, &Device::flex()).unwrap();
    let parameters: Vec<(String, Vec<usize>)> = g
        .parameters
        .iter()
        .map(|p| (p.name.clone(), p.shape.clone()))
        .collect();
    for (name, shape) in parameters {
        let zeros = vec![0.0; shape.iter().product()];
        model.set(&name, &HostTensor::f32(zeros, &shape)).unwrap();
    }
    let sgd = Optimizer::Sgd {
        rate: 0.0,
        momentum: 0.0,
        nesterov: false,
        weight_decay: 0.0,
    };
    let mut trainer = Trainer::new(model, sgd, Vec::new(), 0);
    let StepReport {
        objectives,
        metrics,
        ..
    } = trainer.step(&g, &[batch], 0.0, None).unwrap();
    objectives.into_iter().chain(metrics).collect()
}

fn close(found: &BTreeMap<String, f64>, name: &str, wanted: f64) {
    let found = found[name];
    assert!(
        (found - wanted).abs() < 1e-4,
        "{name}: {found}, expected {wanted}"
    );
}

const VIEWS: [&str; 2] = ["views/0", "views/1"];

#[test]
fn predictions_of_a_constant_have_no_spread() {
    let found = collapsed("simsiam", &VIEWS, &[]);
    close(&found, "spread", 0.0);
    close(&found, "loss", 0.0);
}

#[test]
fn a_constant_feature_correlates_with_nothing() {
    let found = collapsed("barlow_twins", &VIEWS, &[]);
    // Σᵢ (1 − 0)²
    close(&found, "on_diagonal", WIDTH as f64);
    close(&found, "off_diagonal", 0.0);
    close(&found, "loss", WIDTH as f64);
}

#[test]
fn features_that_do_not_vary_are_asked_to() {
    let found = collapsed("vicreg", &VIEWS, &[]);
    // max(0, 1 − √1e-4) for each view
    close(&found, "variance", 2.0 * 0.99);
    close(&found, "invariance", 0.0);
    close(&found, "covariance", 0.0);
    close(&found, "loss", 25.0 * 2.0 * 0.99);
}

#[test]
fn a_target_that_says_one_thing_has_no_spread() {
    let found = collapsed("byol", &VIEWS, &[]);
    close(&found, "spread", 0.0);
    close(&found, "loss", 4.0);
}

#[test]
fn one_code_for_all_costs_the_whole_entropy() {
    let prototypes = [("prototypes", Value::Integer(8))];
    let found = collapsed("swav", &["globals/0", "globals/1"], &prototypes);
    close(&found, "loss", 8f64.ln());
    close(&found, "spread", 0.0);
}

#[test]
fn a_flat_teacher_shows_in_its_entropy() {
    let found = collapsed("dino", &["globals/0", "globals/1"], &[]);
    close(&found, "entropy", (WIDTH as f64).ln());
    close(&found, "divergence", 0.0);
    close(&found, "loss", (WIDTH as f64).ln());
}

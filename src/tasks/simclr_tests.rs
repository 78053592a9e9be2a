//! NT-Xent, its gradient and its metric against the paper's equation in PyTorch (`tests/fixtures/nt_xent.py`).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::engine::{Device, HostTensor, Model, Trainer};
use crate::graph::{Graph, Init, Mode};
use crate::plan::Optimizer;

#[derive(Deserialize)]
struct Case {
    tau: f64,
    z: Vec<Vec<f32>>,
    loss: f64,
    accuracy: f64,
    gradient: Vec<Vec<f32>>,
}

#[test]
fn loss_and_gradient_are_the_papers() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../tests/fixtures/nt_xent.json")).unwrap();
    for case in cases {
        let (rows, width) = (case.z.len(), case.z[0].len());
        let mut g = Graph::new(Mode::Train);
        let z = g.parameter("z", &[rows, width], Init::Constant(0.0));
        let (loss, accuracy) = g.nt_xent(z, case.tau).unwrap();
        g.objective("loss", loss);
        g.metric("accuracy", accuracy);

        let mut model = Model::init(&g, 0, &Device::flex()).unwrap();
        let start = HostTensor::f32(case.z.concat(), &[rows, width]);
        model.set("z", &start).unwrap();
        // a plain step of rate 1 takes the gradient away
        let sgd = Optimizer::Sgd {
            rate: 1.0,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        };
        let mut trainer = Trainer::new(model, sgd, Vec::new(), 0);
        let report = trainer.step(&g, &[BTreeMap::new()], 1.0, None).unwrap();
        let (loss, accuracy) = (report.objectives[0].1, report.metrics[0].1);
        assert!(
            (loss / case.loss - 1.0).abs() < 1e-6,
            "{loss} {}",
            case.loss
        );
        assert!(
            (accuracy - case.accuracy).abs() < 1e-6,
            "{accuracy} {}",
            case.accuracy
        );
        let end = trainer.model().get("z").unwrap();
        let moved = start.as_f32().unwrap().iter().zip(end.as_f32().unwrap());
        for ((start, end), gradient) in moved.zip(case.gradient.concat()) {
            assert!(
                (start - end - gradient).abs() < 1e-6,
                "{} {gradient}",
                start - end
            );
        }
    }
}

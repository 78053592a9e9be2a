//! Every optimiser over several steps, with a 2048 × 2048 weight and clipping, against PyTorch.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::fixtures::{data, doubles, read};
use crate::engine::{Batch, Device, HostTensor, Model, Trainer};
use crate::graph::{DType, Graph, Init, Mode, elements};
use crate::plan::Optimizer;

const SHAPES: [(&str, &[usize]); 4] = [
    ("head/weight", &[2048, 2048]),
    ("conv/weight", &[8, 3, 3, 3]),
    ("head/bias", &[2048]),
    ("conv/bias", &[8]),
];

/// `((7919 i + 104729 salt) mod 10007) / 10007 - 0.5`
fn pattern(n: usize, salt: u64) -> Vec<f32> {
    (0..n as u64)
        .map(|i| (((i * 7919 + salt * 104_729) % 10_007) as f64 / 10_007.0 - 0.5) as f32)
        .collect()
}

/// The loss Σ n mean(p g) over the parameters: g is the gradient of p.
fn graph() -> Graph {
    let mut g = Graph::new(Mode::Train);
    let mut total = None;
    for (name, shape) in SHAPES {
        let p = g.parameter(name, shape, Init::Constant(0.0));
        let shape = g.shape(p).clone();
        let n = elements(&shape).known().expect("fixed sizes");
        let field = format!("gradient of {name}");
        let input = g.declare_input(&field, shape, DType::F32, None);
        let product = g.mul(p, input).expect("equal sizes");
        let mean = g.mean_all(product).expect("numbers");
        let sum = g.mul_scalar(mean, n as f64).expect("numbers");
        total = Some(match total {
            Some(total) => g.add(total, sum).expect("scalars"),
            None => sum,
        });
    }
    g.objective("loss", total.expect("parameters"));
    g
}

fn batch(step: u64) -> Batch {
    SHAPES
        .iter()
        .enumerate()
        .map(|(salt, (name, shape))| {
            let values = pattern(shape.iter().product(), 100 * (step + 1) + salt as u64);
            (
                format!("gradient of {name}"),
                HostTensor::f32(values, shape),
            )
        })
        .collect()
}

fn optimizer(case: &Json) -> Optimizer {
    let number = |key: &str| case["settings"][key].as_f64().unwrap_or(f64::NAN);
    let (rate, weight_decay) = (number("rate"), number("weight_decay"));
    let betas = (number("beta1"), number("beta2"));
    let epsilon = number("epsilon");
    match case["name"].as_str() {
        Some("sgd") => Optimizer::Sgd {
            rate,
            momentum: number("momentum"),
            nesterov: number("nesterov") == 1.0,
            weight_decay,
        },
        Some("adam") => Optimizer::Adam {
            rate,
            betas,
            epsilon,
            weight_decay,
        },
        Some("adamw") => Optimizer::AdamW {
            rate,
            betas,
            epsilon,
            weight_decay,
        },
        _ => Optimizer::Lars {
            rate,
            momentum: number("momentum"),
            weight_decay,
            trust: number("trust"),
        },
    }
}

#[test]
fn optimizers_agree_with_pytorch() {
    let cases = read(include_str!(
        "../../../tests/fixtures/engine/optimisers.json"
    ));
    let graph = graph();
    let mut start = Model::init(&graph, 0, &Device::flex()).expect("a model");
    for (salt, (name, shape)) in SHAPES.iter().enumerate() {
        let values = pattern(shape.iter().product(), salt as u64);
        start
            .set(name, &HostTensor::f32(values, shape))
            .expect("a known tensor");
    }
    for (index, case) in cases.as_array().expect("cases").iter().enumerate() {
        let what = format!("{} (case {index})", case["name"]);
        let optimizer = optimizer(case);
        let base = optimizer.rate();
        let mut trainer = Trainer::new(start.clone(), optimizer, Vec::new(), 0);
        let norms = doubles(&case["norms"]);
        let clip = case["clip"].as_f64();
        for step in 0..case["steps"].as_u64().expect("steps") {
            let rate = base * (1.0 - 0.1 * step as f64);
            let report = trainer
                .step(&graph, &[batch(step)], rate, clip)
                .expect("a step");
            if let Some(norm) = report.gradient_norm {
                let want = norms[step as usize];
                assert!((norm / want - 1.0).abs() < 1e-6, "{what}: {norm}, {want}");
            }
        }
        let after: BTreeMap<String, HostTensor> =
            trainer.model().parameter_values().expect("parameters");
        for (name, want) in case["after"].as_object().expect("parameters") {
            let got = data(&after[name]);
            let norm = got
                .iter()
                .map(|x| f64::from(*x).powi(2))
                .sum::<f64>()
                .sqrt();
            let wanted = want["norm"].as_f64().expect("a norm");
            assert!(
                (norm / wanted - 1.0).abs() < 2e-6,
                "|{name}| of {what}: {norm}, expected {wanted}"
            );
            for (i, wanted) in doubles(&want["picked"]).into_iter().enumerate() {
                let got = f64::from(got[i * got.len() / 8]);
                assert!(
                    (got - wanted).abs() < 2e-6 * wanted.abs().max(0.5),
                    "{name}[{i}] of {what}: {got}, expected {wanted}"
                );
            }
        }
    }
}

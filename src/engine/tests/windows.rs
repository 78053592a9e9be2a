//! Negative sampling over windows, and rows of tables under optimisers, against PyTorch (`tests/fixtures/engine/windows.py`).

use serde_json::Value as Json;

use super::fixtures::{close, data, doubles, numbers, read, shape, tensor};
use crate::engine::{Batch, Device, HostTensor, Kernels, Model, Trainer, gradients};
use crate::graph::{DType, Graph, Init, Mode, Size, Windows};
use crate::plan::Optimizer;

fn fixture() -> Json {
    read(include_str!("../../../tests/fixtures/engine/windows.json"))
}

fn whole(json: &Json) -> HostTensor {
    let numbers = numbers(&json["data"]).into_iter().map(|x| x as i64);
    HostTensor::int(numbers.collect(), &shape(json))
}

const BOTH: [Kernels; 2] = [Kernels::Fast, Kernels::Reference];

#[test]
fn windows_are_scored_as_in_the_paper() {
    for (index, case) in fixture()["windows"]
        .as_array()
        .expect("cases")
        .iter()
        .enumerate()
    {
        let mut g = Graph::new(Mode::Train);
        let [x, y, z] =
            ["x", "y", "z"].map(|name| g.parameter(name, &shape(&case[name]), Init::Constant(0.0)));
        let fixed =
            |json: &Json| -> Vec<Size> { shape(json).into_iter().map(Size::fixed).collect() };
        let words = g.declare_input("words", fixed(&case["words"]), DType::Int, None);
        let noise = g.declare_input("noise", fixed(&case["noise"]), DType::Int, None);
        let reach = g.declare_input("reach", fixed(&case["words"]), DType::F32, None);
        let of = Windows {
            radius: case["radius"].as_u64().expect("a radius") as usize,
            share: case["share"].as_u64().expect("a size") as usize,
            bag: case["bag"].as_bool().expect("a switch"),
        };
        let out = g
            .negative_sampling([x, y, z], [words, noise], reach, of)
            .expect("fits");
        // Σ weight loss; the pairs of each text beside it
        let weights = doubles(&case["weights"]);
        let count = weights.len();
        let mut loss = None;
        for (text, weight) in weights.iter().enumerate() {
            let row = g.slice(out, 0, text.into(), 1.into()).expect("a text");
            let own = g.slice(row, 1, 0.into(), 1.into()).expect("its loss");
            let pairs = g.slice(row, 1, 1.into(), 1.into()).expect("its pairs");
            let [own, pairs] = [own, pairs].map(|v| g.reshape(v, vec![1.into()]).expect("one"));
            g.metric(&format!("loss {text}"), own);
            g.metric(&format!("pairs {text}"), pairs);
            let own = g.mul_scalar(own, *weight).expect("a number");
            loss = Some(match loss {
                Some(sum) => g.add(sum, own).expect("numbers"),
                None => own,
            });
        }
        g.objective("loss", loss.expect("texts"));
        let batch: Batch = [
            ("words".to_owned(), whole(&case["words"])),
            ("noise".to_owned(), whole(&case["noise"])),
            (
                "reach".to_owned(),
                HostTensor::f32(numbers(&case["reach"]["data"]), &shape(&case["reach"])),
            ),
        ]
        .into();
        for kernels in BOTH {
            let device = Device::flex().with_kernels(kernels);
            let mut model = Model::init(&g, 0, &device).expect("a model");
            for name in ["x", "y", "z"] {
                model
                    .set(name, &tensor(&case[name]))
                    .expect("a known tensor");
            }
            let what = format!("case {index}, {kernels:?}");
            let found = gradients(&g, &model, &batch).expect("derivatives");
            for (name, want) in ["x", "y", "z"]
                .iter()
                .zip(case["gradients"].as_array().expect("three"))
            {
                close(
                    &format!("{name} of {what}"),
                    data(&found.gradients[*name]),
                    &numbers(&want["data"]),
                    3e-6,
                );
            }
            let still = Optimizer::Sgd {
                rate: 0.0,
                momentum: 0.0,
                nesterov: false,
                weight_decay: 0.0,
            };
            let report = Trainer::new(model, still, Vec::new(), 0)
                .step(&g, std::slice::from_ref(&batch), 0.0, None)
                .expect("a step");
            for text in 0..count {
                let want = doubles(&case["out"][text]);
                let value = |name: String| {
                    report
                        .metrics
                        .iter()
                        .find(|(own, _)| *own == name)
                        .expect("a metric")
                        .1
                };
                let loss = value(format!("loss {text}"));
                assert!(
                    (loss - want[0]).abs() < 3e-6 * want[0].max(1.0),
                    "{what}: {loss}, expected {}",
                    want[0]
                );
                assert_eq!(value(format!("pairs {text}")), want[1], "{what}");
            }
        }
    }
}

/// The mean of the rows that a batch reads times what it holds.
fn table() -> Graph {
    let mut g = Graph::new(Mode::Train);
    let table = g.parameter("table", &[6, 5], Init::Constant(0.0));
    let ids = g.declare_input("ids", vec![Size::batch()], DType::Int, Some(6));
    let c = g.declare_input("c", vec![Size::batch(), 5.into()], DType::F32, None);
    let rows = g.embedding(table, ids).expect("a table");
    let product = g.mul(rows, c).expect("equal sizes");
    let loss = g.mean_all(product).expect("numbers");
    g.objective("loss", loss);
    g
}

fn read_by(step: &Json) -> Batch {
    let ids = numbers(&step["ids"])
        .into_iter()
        .map(|x| x as i64)
        .collect();
    [
        ("ids".to_owned(), HostTensor::int(ids, &[7])),
        ("c".to_owned(), tensor(&step["c"])),
    ]
    .into()
}

#[test]
fn rows_move_as_in_pytorch_and_the_others_stay() {
    let graph = table();
    for case in fixture()["tables"].as_array().expect("cases") {
        let number = |key: &str| case["settings"][key].as_f64().unwrap_or(0.0);
        let (rate, epsilon) = (number("rate"), number("epsilon"));
        let optimizer = match case["name"].as_str() {
            Some("adagrad") => Optimizer::Adagrad {
                rate,
                epsilon,
                weight_decay: 0.0,
            },
            Some("lazy_adam") => Optimizer::LazyAdam {
                rate,
                betas: (number("beta1"), number("beta2")),
                epsilon,
            },
            _ => Optimizer::Sgd {
                rate,
                momentum: 0.0,
                nesterov: false,
                weight_decay: 0.0,
            },
        };
        for kernels in BOTH {
            let device = Device::flex().with_kernels(kernels);
            let mut model = Model::init(&graph, 0, &device).expect("a model");
            model
                .set("table", &tensor(&case["start"]))
                .expect("a table");
            let mut trainer = Trainer::new(model, optimizer.clone(), Vec::new(), 0);
            for step in case["steps"].as_array().expect("steps") {
                trainer
                    .step(&graph, &[read_by(step)], rate, case["clip"].as_f64())
                    .expect("a step");
            }
            let after = trainer.model().parameter_values().expect("parameters");
            let (got, start) = (data(&after["table"]), numbers(&case["start"]["data"]));
            close(
                &format!("{} with {kernels:?}", case["name"]),
                got,
                &numbers(&case["after"]["data"]),
                1e-6,
            );
            // no batch reads the last row
            assert_eq!(got[25..], start[25..]);
            assert_ne!(got[..25], start[..25]);
        }
    }
}

/// A table that is read whole somewhere gets the whole gradient, and moves the same.
#[test]
fn rows_and_the_whole_table_are_one_gradient() {
    let rows = table();
    let mut all = table();
    let parameter = all.parameter("table", &[6, 5], Init::Constant(0.0));
    let nothing = all.mul_scalar(parameter, 0.0).expect("numbers");
    let nothing = all.sum_all(nothing).expect("numbers");
    let loss = all.objectives[0].var;
    all.objectives[0].var = all.add(loss, nothing).expect("numbers");
    let fixture = fixture();
    let case = &fixture["tables"][1];
    let moved = |graph: &Graph, batches: &[Batch]| {
        let optimizer = Optimizer::Adagrad {
            rate: 0.2,
            epsilon: 1e-10,
            weight_decay: 0.0,
        };
        let mut model = Model::init(graph, 0, &Device::flex()).expect("a model");
        model
            .set("table", &tensor(&case["start"]))
            .expect("a table");
        let mut trainer = Trainer::new(model, optimizer, Vec::new(), 0);
        for _ in 0..3 {
            trainer
                .step(graph, batches, 0.2, Some(0.02))
                .expect("a step");
        }
        trainer.model().parameter_values().expect("parameters")["table"].clone()
    };
    // two batches in a step, whose rows overlap
    let batches: Vec<Batch> = (0..2).map(|i| read_by(&case["steps"][i])).collect();
    close(
        "the table",
        data(&moved(&rows, &batches)),
        data(&moved(&all, &batches)),
        1e-6,
    );
}

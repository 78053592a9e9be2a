//! Values and gradients of every operation.

use serde_json::Value as Json;

use super::fixtures::{close, data, model, numbers, read, shape, sizes, tensor};
use crate::engine::{Batch, HostTensor, features, gradients};
use crate::graph::{Conv, DType, Graph, Init, Mode, Pool, Running, Var};

/// Relative to the largest element: 32-bit sums of a few hundred terms.
const TOLERANCE: f32 = 3e-6;

#[test]
fn operations_agree_with_pytorch() {
    let cases = read(include_str!(
        "../../../tests/fixtures/engine/operations.json"
    ));
    let cases = cases.as_array().expect("cases");
    assert!(cases.len() > 35);
    for (index, case) in cases.iter().enumerate() {
        check(index, case);
    }
}

fn check(index: usize, case: &Json) {
    let name = case["name"].as_str().expect("a name");
    let what = format!("{name} (case {index})");
    let mode = match case["settings"]["train"].as_u64() {
        Some(0) => Mode::Eval,
        _ => Mode::Train,
    };
    let mut g = Graph::new(mode);
    let mut batch = Batch::new();
    let result = build(&mut g, case, &mut batch).unwrap_or_else(|e| panic!("{what}: {e}"));
    let weighting = &case["weighting"];
    let c = g.declare_input("c", sizes(&shape(weighting)), DType::F32, None);
    batch.insert("c".into(), tensor(weighting));
    let product = g.mul(c, result).expect("equal sizes");
    let loss = g.mean_all(product).expect("numbers");
    g.objective("loss", loss);

    let mut model = model(&g);
    for key in ["parameters", "buffers_before"] {
        for (name, value) in case[key].as_object().expect("tensors") {
            model.set(name, &tensor(value)).expect("a known tensor");
        }
    }
    let output = features(&g, &model, &batch, &[result]).expect("a forward pass");
    assert_eq!(output[0].shape(), shape(&case["output"]), "{what}");
    close(
        &what,
        data(&output[0]),
        &numbers(&case["output"]["data"]),
        TOLERANCE,
    );
    let found = gradients(&g, &model, &batch).expect("a backward pass");
    let loss = case["loss"].as_f64().expect("a loss");
    assert!((found.objectives[0].1 - loss).abs() < 3e-6, "{what}");
    for (name, value) in case["gradients"].as_object().expect("gradients") {
        let label = format!("gradient of {name} of {what}");
        let gradient = found
            .gradients
            .get(name)
            .unwrap_or_else(|| panic!("no {label}"));
        close(&label, data(gradient), &numbers(&value["data"]), TOLERANCE);
    }
    for (name, value) in case["buffers_after"].as_object().expect("buffers") {
        let after = found.buffers.get(name).cloned();
        let after = after.unwrap_or_else(|| model.get(name).expect("a buffer"));
        let label = format!("{name} of {what}");
        close(&label, data(&after), &numbers(&value["data"]), TOLERANCE);
    }
}

fn build(g: &mut Graph, case: &Json, batch: &mut Batch) -> crate::catalog::Result<Var> {
    let setting = |key: &str| case["settings"][key].as_u64().unwrap_or(0) as usize;
    let number = |key: &str| case["settings"][key].as_f64().unwrap_or(0.0);
    let declared = &case["parameters"];
    let p =
        |g: &mut Graph, name: &str| g.parameter(name, &shape(&declared[name]), Init::Constant(0.0));
    let pool = Pool {
        kernel: setting("kernel"),
        stride: setting("stride"),
        padding: setting("padding"),
    };
    let name = case["name"].as_str().unwrap_or_default();
    let first = if name == "matmul" { "input" } else { "x" };
    let x = p(g, first);
    match name {
        "conv2d" => {
            let weight = p(g, "weight");
            let bias = declared.get("bias").is_some().then(|| p(g, "bias"));
            let conv = Conv {
                stride: setting("stride"),
                padding: setting("padding"),
                groups: setting("groups"),
            };
            g.conv2d(x, weight, bias, conv)
        }
        "linear" => {
            let weight = p(g, "weight");
            let bias = declared.get("bias").is_some().then(|| p(g, "bias"));
            g.linear(x, weight, bias)
        }
        "batch_norm" => {
            let (gamma, beta) = (p(g, "gamma"), p(g, "beta"));
            let channels = shape(&declared["gamma"]);
            let running = Running {
                mean: g.buffer("mean", &channels, 0.0),
                variance: g.buffer("variance", &channels, 1.0),
                epsilon: number("epsilon"),
                momentum: number("momentum"),
            };
            g.batch_norm(x, gamma, beta, running)
        }
        "layer_norm" => {
            let (gamma, beta) = (p(g, "gamma"), p(g, "beta"));
            g.layer_norm(x, gamma, beta, number("epsilon"))
        }
        "gelu" => g.gelu(x),
        "relu" => g.relu(x),
        "exp" => g.exp(x),
        "log" => g.log(x),
        "sqrt" => g.sqrt(x),
        "max_pool" => g.max_pool(x, pool),
        "avg_pool" => g.avg_pool(x, pool),
        "add" | "sub" | "mul" | "div" => {
            let y = p(g, "y");
            match name {
                "add" => g.add(x, y),
                "sub" => g.sub(x, y),
                "mul" => g.mul(x, y),
                _ => g.div(x, y),
            }
        }
        "matmul" => {
            let other = p(g, "other");
            g.matmul(x, other)
        }
        "softmax" => g.softmax(x, setting("dim")),
        "log_softmax" => g.log_softmax(x, setting("dim")),
        "sum" => g.sum(x, setting("dim")),
        "mean" => g.mean(x, setting("dim")),
        "mean_all" => g.mean_all(x),
        "permute" => g.permute(x, &[2, 0, 3, 1]),
        "expand" => g.expand(x, sizes(&[2, 3, 4])),
        "concat" => {
            let y = p(g, "y");
            g.concat(&[x, y], 1)
        }
        "slice" => g.slice(x, 1, 1.into(), 3.into()),
        "stop_gradient" => {
            let still = g.stop_gradient(x)?;
            g.mul(still, x)
        }
        "cross_entropy" => {
            let target = &case["inputs"]["target"];
            let labels: Vec<i64> = numbers(&target["data"]).iter().map(|x| *x as i64).collect();
            let n = labels.len();
            batch.insert("target".into(), HostTensor::int(labels, &[n]));
            let target = g.declare_input("target", sizes(&[n]), DType::Int, Some(4));
            g.cross_entropy(x, target)
        }
        other => panic!("a fixture of an unknown operation {other}"),
    }
}

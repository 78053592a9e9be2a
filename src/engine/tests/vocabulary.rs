//! Every operation of the vocabulary, called by its name, against PyTorch (`tests/fixtures/engine/vocabulary.py`).

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::fixtures::{close, data, model, numbers, read, shape, sizes};
use crate::engine::{Batch, HostTensor, features, gradients};
use crate::graph::{Attr, Attrs, DType, Graph, Init, Mode, Size, Var, operation, operations};

/// Relative to the largest element: 32-bit sums of a few terms, quotients and roots of them.
const TOLERANCE: f32 = 3e-6;

#[test]
fn every_operation_agrees_with_pytorch() {
    let cases = read(include_str!(
        "../../../tests/fixtures/engine/vocabulary.json"
    ));
    let cases = cases.as_array().expect("cases");
    let mut failed = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let outcome = std::panic::catch_unwind(|| check(index, case));
        if let Err(reason) = outcome {
            let reason = reason.downcast_ref::<String>().cloned();
            failed.push(format!("{index} {}: {reason:?}", case["op"]));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_operation_has_a_case() {
    // what the batch holds and what lives between steps is no function of operands; other tests hold those
    const MECHANICS: u32 = 1100;
    let elsewhere = ["parameter", "input", "input_list", "input_stacked"];
    let cases = read(include_str!(
        "../../../tests/fixtures/engine/vocabulary.json"
    ));
    let tested: BTreeSet<&str> = cases
        .as_array()
        .expect("cases")
        .iter()
        .filter_map(|case| case["op"].as_str())
        .chain(elsewhere)
        .collect();
    let missing: Vec<&str> = operations()
        .iter()
        .filter(|op| op.code < MECHANICS)
        .map(|op| op.name)
        .filter(|name| !tested.contains(name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

fn check(index: usize, case: &Json) {
    let op = case["op"].as_str().expect("a name");
    let what = format!("{op} (case {index})");
    let mut g = Graph::new(Mode::Train);
    let mut batch = Batch::new();
    // something to train where the operation has no parameter of its own
    let idle = g.parameter("idle", &[1], Init::Constant(0.0));
    let operands = operands(&mut g, case, &mut batch);
    let spec = operation(op).unwrap_or_else(|| panic!("no operation {op}"));
    let results = g
        .apply(spec, &operands, &attrs(&case["attrs"]))
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let wanted = case["results"].as_array().expect("results");
    assert_eq!(results.len(), wanted.len(), "{what}");
    let loss = loss(&mut g, case, &results, idle, &mut batch);
    g.objective("loss", loss);

    let mut model = model(&g);
    for (i, operand) in parameters(case) {
        let value = HostTensor::f32(numbers(&operand["data"]), &shape(operand));
        model.set(&format!("p{i}"), &value).expect("a parameter");
    }
    let outputs = features(&g, &model, &batch, &results).expect("a forward pass");
    for (output, wanted) in outputs.iter().zip(wanted) {
        assert_eq!(output.shape(), shape(wanted), "{what}");
        match output {
            HostTensor::Int { data, .. } => {
                assert_eq!(wanted["kind"], "i", "{what}");
                let wanted: Vec<i64> = wanted["data"]
                    .as_array()
                    .expect("whole numbers")
                    .iter()
                    .map(|n| n.as_i64().expect("a whole number"))
                    .collect();
                assert_eq!(data, &wanted, "{what}");
            }
            HostTensor::F32 { data, .. } => {
                close(&what, data, &numbers(&wanted["data"]), TOLERANCE);
            }
        }
    }
    let found = gradients(&g, &model, &batch).expect("a backward pass");
    let expected = case["gradients"].as_array().expect("gradients");
    for ((i, _), expected) in parameters(case).zip(expected) {
        let gradient = found.gradients.get(&format!("p{i}"));
        if expected.is_null() {
            let still = gradient.is_none_or(|g| data(g).iter().all(|x| *x == 0.0));
            assert!(still, "{what} lets a gradient through to operand {i}");
            continue;
        }
        let label = format!("gradient of operand {i} of {what}");
        let gradient = gradient.unwrap_or_else(|| panic!("no {label}"));
        close(&label, data(gradient), &numbers(expected), TOLERANCE);
    }
}

fn parameters(case: &Json) -> impl Iterator<Item = (usize, &Json)> {
    let operands = case["operands"].as_array().expect("operands").iter();
    operands
        .enumerate()
        .filter(|(_, operand)| operand["kind"] == "p")
}

fn operands(g: &mut Graph, case: &Json, batch: &mut Batch) -> Vec<Var> {
    let operands = case["operands"].as_array().expect("operands");
    let declare = |(i, operand): (usize, &Json)| {
        let sizes_of = shape(operand);
        if operand["kind"] == "p" {
            return g.parameter(&format!("p{i}"), &sizes_of, Init::Constant(0.0));
        }
        let name = format!("x{i}");
        let values = numbers(&operand["data"]);
        let (value, dtype) = if operand["kind"] == "i" {
            let whole = values.iter().map(|x| *x as i64).collect();
            (HostTensor::int(whole, &sizes_of), DType::Int)
        } else {
            (HostTensor::f32(values, &sizes_of), DType::F32)
        };
        batch.insert(name.clone(), value);
        g.declare_input(&name, sizes(&sizes_of), dtype, None)
    };
    operands.iter().enumerate().map(declare).collect()
}

/// The sum over real results of mean(weight × result), and nothing of `idle`.
fn loss(g: &mut Graph, case: &Json, results: &[Var], idle: Var, batch: &mut Batch) -> Var {
    let mut total = g.mul_scalar(idle, 0.0).expect("a number");
    for (i, (result, weight)) in results
        .iter()
        .zip(case["weights"].as_array().expect("weights"))
        .enumerate()
    {
        if weight.is_null() {
            continue;
        }
        let name = format!("w{i}");
        let sizes = g.shape(*result).clone();
        let fixed: Vec<usize> = sizes.iter().filter_map(Size::known).collect();
        batch.insert(name.clone(), HostTensor::f32(numbers(weight), &fixed));
        let weight = g.declare_input(&name, sizes, DType::F32, None);
        let product = g.mul(weight, *result).expect("equal sizes");
        let mean = g.mean_all(product).expect("numbers");
        total = g.add(total, mean).expect("numbers");
    }
    total
}

fn attrs(json: &Json) -> Attrs {
    let mut attrs = Attrs::new();
    for (name, value) in json.as_object().expect("attributes") {
        let value: Attr = match value {
            Json::Bool(on) => (*on).into(),
            Json::String(text) => text.clone().into(),
            Json::Array(list) => list
                .iter()
                .map(|n| n.as_i64().expect("a whole number"))
                .collect::<Vec<i64>>()
                .into(),
            number => match number.as_i64() {
                Some(n) => n.into(),
                None => number.as_f64().expect("a number").into(),
            },
        };
        attrs.set(name, value);
    }
    attrs
}

#[test]
fn an_index_that_is_not_there_is_an_error() {
    for wrong in [-1i64, 3] {
        let mut g = Graph::new(Mode::Eval);
        let x = g.full(sizes(&[3, 2]), 1.0).expect("a table");
        let index = g.declare_input("index", sizes(&[2]), DType::Int, None);
        let rows = g.take(x, index, 0).expect("rows");
        let batch: Batch = [("index".to_owned(), HostTensor::int(vec![0, wrong], &[2]))].into();
        let problem = features(&g, &model(&g), &batch, &[rows]).expect_err("no such row");
        let text = problem.to_string();
        assert!(text.contains(&format!("index {wrong}")), "{text}");
        assert!(text.contains("0..3"), "{text}");
    }
}

#[test]
fn a_sum_of_sixteen_million_has_one_value() {
    const SIDE: usize = 1 << 12;
    let mut g = Graph::new(Mode::Eval);
    let x = g.declare_input("x", sizes(&[SIDE * SIDE]), DType::F32, None);
    let map = g.reshape(x, sizes(&[SIDE, SIDE])).expect("16 M elements");
    let mut wanted = Vec::new();
    for _ in 0..200 {
        wanted.push(g.sum_all(map).expect("numbers"));
    }
    for _ in 0..20 {
        wanted.push(g.sum(x, 0).expect("numbers"));
        wanted.push(g.mean(x, 0).expect("numbers"));
        wanted.push(g.mean_all(map).expect("numbers"));
    }
    let data: Vec<f32> = (0..SIDE * SIDE)
        .map(|i| ((i * 7919) % 10_007) as f32 * 1e-3 - 2.0)
        .collect();
    let exact: f64 = data.iter().map(|x| f64::from(*x)).sum();
    let batch: Batch = [("x".to_owned(), HostTensor::f32(data, &[SIDE * SIDE]))].into();
    let model = model(&g);
    let sums = features(&g, &model, &batch, &wanted).expect("a forward pass");
    let bits = |i: usize| data_of(&sums[i]).to_bits();
    assert!((1..200).all(|i| bits(i) == bits(0)));
    for i in (200..sums.len()).step_by(3) {
        assert_eq!(bits(i), bits(0));
        assert_eq!(bits(i + 1), bits(201));
        assert_eq!(bits(i + 2), bits(201));
    }
    let got = f64::from(data_of(&sums[0]));
    assert!((got / exact - 1.0).abs() < 1e-6, "{got} {exact}");
}

fn data_of(sum: &HostTensor) -> f32 {
    data(sum)[0]
}

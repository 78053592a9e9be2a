//! Fixtures, and comparison with them.

use serde_json::Value as Json;

use crate::engine::{Device, HostTensor, Model};
use crate::graph::{DType, Graph, Mode, Size, Var};

/// A fixture file.
pub fn read(text: &str) -> Json {
    serde_json::from_str(text).expect("a fixture is JSON")
}

/// `{"shape": [..], "data": [..]}`
pub fn tensor(json: &Json) -> HostTensor {
    HostTensor::f32(numbers(&json["data"]), &shape(json))
}

/// The sizes of a tensor.
pub fn shape(json: &Json) -> Vec<usize> {
    let sizes = json["shape"].as_array().expect("sizes");
    sizes
        .iter()
        .map(|n| n.as_u64().expect("a size") as usize)
        .collect()
}

/// A list of numbers.
pub fn numbers(json: &Json) -> Vec<f32> {
    let list = json.as_array().expect("a list");
    list.iter()
        .map(|x| x.as_f64().expect("a number") as f32)
        .collect()
}

/// A list of numbers in 64 bits.
pub fn doubles(json: &Json) -> Vec<f64> {
    let list = json.as_array().expect("a list");
    list.iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// Fails where `got` is further from `want` than `tolerance` times the largest element.
pub fn close(what: &str, got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().fold(0f32, |m, x| m.max(x.abs())).max(1e-3);
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(
            (got - want).abs() <= tolerance * scale,
            "{what}[{i}]: {got}, expected {want}"
        );
    }
}

/// The numbers of a host tensor.
pub fn data(tensor: &HostTensor) -> &[f32] {
    tensor.as_f32().expect("numbers")
}

/// Fixed sizes.
pub fn sizes(shape: &[usize]) -> Vec<Size> {
    shape.iter().map(|n| (*n).into()).collect()
}

/// A small net with everything that has a state of its own: convolution, batch norm, dropout; `[B, 1, 6, 6]` → 3 classes.
pub fn small_net(mode: Mode) -> Graph {
    use crate::graph::{Conv, Init, Running};
    let mut g = Graph::new(mode);
    let image = vec![Size::batch(), 1.into(), 6.into(), 6.into()];
    let x = g.declare_input("view", image, DType::F32, None);
    let y = g.declare_input("label", vec![Size::batch()], DType::Int, Some(3));
    let logits = g.scoped("encoder", |g| {
        let weight = g.parameter("conv/weight", &[4, 1, 3, 3], Init::Normal(0.3));
        let conv = Conv {
            stride: 1,
            padding: 1,
            groups: 1,
        };
        let x = g.conv2d(x, weight, None, conv)?;
        let gamma = g.parameter("bn/gamma", &[4], Init::Constant(1.0));
        let beta = g.parameter("bn/beta", &[4], Init::Constant(0.0));
        let running = Running {
            mean: g.buffer("bn/mean", &[4], 0.0),
            variance: g.buffer("bn/variance", &[4], 1.0),
            epsilon: 1e-5,
            momentum: 0.1,
        };
        let x = g.batch_norm(x, gamma, beta, running)?;
        let x = g.relu(x)?;
        let x = g.flatten(x)?;
        g.place("features", x);
        let x = g.dropout(x, 0.25)?;
        let weight = g.parameter("linear/weight", &[144, 3], Init::Uniform(0.1));
        let bias = g.parameter("linear/bias", &[3], Init::Constant(0.0));
        g.linear(x, weight, Some(bias))
    });
    let logits = logits.expect("a small net fits");
    let loss = g.cross_entropy(logits, y).expect("logits fit labels");
    g.objective("loss", loss);
    let accuracy = g.accuracy(logits, y).expect("logits fit labels");
    g.metric("accuracy", accuracy);
    g
}

/// A batch for [`small_net`].
pub fn small_batch(n: usize, salt: u64) -> crate::engine::Batch {
    let mut stream = crate::data::Philox::new(salt, &[]);
    let labels: Vec<i64> = (0..n).map(|_| i64::from(stream.below(3))).collect();
    let mut pixels = Vec::with_capacity(n * 36);
    for label in &labels {
        pixels.extend((0..36).map(|i| stream.normal() + f32::from(i % 3 == *label)));
    }
    [
        ("view".to_owned(), HostTensor::f32(pixels, &[n, 1, 6, 6])),
        ("label".to_owned(), HostTensor::int(labels, &[n])),
    ]
    .into()
}

/// A model for a graph on the CPU.
pub fn model(graph: &Graph) -> Model {
    Model::init(graph, 7, &Device::flex()).expect("a model for the graph")
}

/// The place of a name in a graph.
pub fn place(graph: &Graph, name: &str) -> Var {
    let found = graph.places.iter().find(|place| place.name == name);
    found.expect("a place of this name").var
}

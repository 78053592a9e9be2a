//! A small model byte by byte as the `onnx` package writes it; encoders against onnxruntime.

use super::*;
use crate::catalog::Value as Given;
use crate::engine::HostTensor;
use crate::graph::testing::{layer, net, pictures};
use crate::graph::{Mode, Module};
use crate::plan::peers::{Random, python};

/// `tests/fixtures/onnx/make.py`
#[test]
fn a_model_is_what_the_onnx_package_writes() {
    let mut g = Graph::new(Mode::Eval);
    let x = g.declare_input("x", vec![Size::batch(), 3.into()], DType::F32, None);
    let linear = net([layer("linear", &[2])]);
    let x = g.call(&Module::new("encoder", &linear), x).unwrap();
    let shape = g.shape(x).clone();
    let (min, max) = (0.0, f64::INFINITY);
    let x = g.push(Op::Clamp { min, max }, vec![x], shape.clone(), DType::F32);
    let y = g.push(Op::Softmax(1), vec![x], shape, DType::F32);
    let numbers = |name: &str| match name {
        "encoder/0/weight" => Some(vec![0.5, -1.0, 2.0, 0.25, -0.75, 3.0]),
        "encoder/0/bias" => Some(vec![0.125, -0.5]),
        _ => None,
    };
    let about = BTreeMap::from([("from".to_owned(), "rotations".to_owned())]);
    let own = model(&g, y, &numbers, &about).unwrap();
    let peer = include_bytes!("../../../tests/fixtures/onnx/tiny.onnx");
    assert_eq!(own, peer);
    let missing = model(&g, y, &|_| None, &about).unwrap_err();
    assert_eq!(missing, "the model has no tensor `encoder/0/weight`");
}

#[test]
fn what_onnx_has_not_is_refused_by_name() {
    let (mut g, x) = pictures(Mode::Eval, 3, 8);
    let shape = g.shape(x).clone();
    let y = g.push(Op::Remainder(2.0), vec![x], shape, DType::F32);
    let why = model(&g, y, &|_| None, &BTreeMap::new()).unwrap_err();
    assert!(why.contains("`Remainder`"), "{why}");
}

/// One array of a `.npz` of NumPy.
fn npy(tensor: &HostTensor) -> Vec<u8> {
    let shape: Vec<String> = tensor.shape().iter().map(usize::to_string).collect();
    let mut text = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}",
        shape.join(", ")
    );
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(
        tensor
            .as_f32()
            .unwrap()
            .iter()
            .flat_map(|x| x.to_le_bytes()),
    );
    bytes
}

/// Writes a net with random weights and statistics, lets `tests/peers/run_onnx.py` run it and compare.
fn runs(name: &str, given: &[(&str, Given)], side: usize, bar: &[&str]) {
    let random = Random::new(name, given, side, 5);
    let numbers = |name: &str| random.numbers(name);
    let bytes = model(&random.graph, random.features, &numbers, &BTreeMap::new()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let files = [path("model.onnx"), path("input.npy"), path("output.npy")];
    let contents = [bytes, npy(&random.input), npy(&random.output)];
    for (file, content) in files.iter().zip(contents) {
        std::fs::write(file, content).unwrap();
    }
    let files = files.iter().map(String::as_str);
    python("run_onnx.py", files.chain(bar.iter().copied()));
}

#[test]
#[ignore = "needs Python with onnxruntime"]
fn onnxruntime_runs_convolutional_nets() {
    runs("small_cnn", &[], 32, &[]);
    runs("nin", &[], 32, &[]);
    runs("resnet18", &[], 64, &[]);
    // random statistics let its outputs grow to 93, where 1e-4 is near the last digits of f32 over 50 layers
    runs("resnet50", &[], 64, &["relative"]);
}

#[test]
#[ignore = "needs Python with onnxruntime"]
fn onnxruntime_runs_transformers() {
    let patch = |patch: f64| ("patch", Given::Length(patch));
    runs("vit", &[patch(4.0)], 32, &[]);
    let pooled = ("pool", Given::Word("mean".into()));
    runs("vit", &[patch(16.0), pooled], 64, &[]);
}

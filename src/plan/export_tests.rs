//! Exported weights against torchvision and timm.

use std::collections::BTreeMap;
use std::process::Command;

use super::{FileTensor, torch_tensors, write_safetensors};
use crate::catalog::Value;
use crate::data::Philox;
use crate::engine::{Device, HostTensor, Model, features};
use crate::graph::testing::{encoder, pictures};
use crate::graph::{Mode, Module};

/// The file of a tensor of numbers.
fn file(name: &str, tensor: &HostTensor) -> FileTensor {
    let numbers = tensor.as_f32().unwrap();
    FileTensor {
        name: name.to_owned(),
        dtype: safetensors::Dtype::F32,
        shape: tensor.shape().to_vec(),
        bytes: numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
    }
}

/// Exports a net with random weights and statistics, lets `tests/peers/load_weights.py` load it with `strict=True` and
/// compares the outputs. Skips with a message where Python or a package is missing; `PRETEXT_PYTHON` names the interpreter.
fn loads(name: &str, given: &[(&str, Value)], side: usize, peer: &str, bar: &[&str]) {
    let (mut g, x) = pictures(Mode::Eval, 3, side);
    let y = g
        .call(&Module::new("encoder", &encoder(name, given)), x)
        .unwrap();
    let device = Device::flex();
    let mut model = Model::init(&g, 1, &device).unwrap();
    // statistics as after some training: means around 0, variances around 1
    let mut random = Philox::new(2, &[]);
    for buffer in &g.buffers {
        let around = if buffer.name.ends_with("running_var") {
            1.0
        } else {
            0.0
        };
        let n = buffer.shape.iter().product();
        let values = (0..n).map(|_| around + 0.2 * (random.uniform() - 0.5));
        let tensor = HostTensor::f32(values.collect(), &buffer.shape);
        model.set(&buffer.name, &tensor).unwrap();
    }
    let shape = [2, 3, side, side];
    let pixels = (0..shape.iter().product())
        .map(|_| random.normal())
        .collect();
    let input = HostTensor::f32(pixels, &shape);
    let batch = BTreeMap::from([("image".to_owned(), input.clone())]);
    let output = features(&g, &model, &batch, &[y]).unwrap().remove(0);

    let folder = tempfile::tempdir().unwrap();
    let (weights, outputs) = (
        folder.path().join("w.safetensors"),
        folder.path().join("o.safetensors"),
    );
    let value = |name: &str| Some(model.get(name).ok()?.as_f32()?.to_vec());
    let tensors = torch_tensors(&g, "encoder", value, 7).unwrap();
    write_safetensors(&weights, &tensors, &BTreeMap::new()).unwrap();
    let both = [file("input", &input), file("output", &output)];
    write_safetensors(&outputs, &both, &BTreeMap::new()).unwrap();

    let python = std::env::var("PRETEXT_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/load_weights.py");
    let run = Command::new(&python)
        .args([script, peer])
        .args([&weights, &outputs])
        .args(bar)
        .output();
    let Ok(run) = run else {
        println!("skipped: no {python}");
        return;
    };
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    print!("{text}");
    if run.status.code() != Some(77) {
        assert!(
            run.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
}

#[test]
#[ignore = "needs Python with torch, torchvision and timm"]
fn torchvision_loads_resnets() {
    let classes = ("classes", Value::Integer(1000));
    loads(
        "resnet18",
        std::slice::from_ref(&classes),
        64,
        "resnet18",
        &[],
    );
    // random statistics let its outputs grow to 46, where 1e-5 is below f32's last digits over 50 layers
    loads(
        "resnet50",
        std::slice::from_ref(&classes),
        64,
        "resnet50",
        &["relative"],
    );
}

#[test]
#[ignore = "needs Python with torch, torchvision and timm"]
fn timm_loads_transformers() {
    let given = |patch: f64, classes: Option<i64>| {
        let mut given = vec![("patch", Value::Length(patch))];
        given.extend(classes.map(|n| ("classes", Value::Integer(n))));
        given
    };
    loads(
        "vit",
        &given(16.0, Some(1000)),
        224,
        "timm:vit_tiny_patch16_224",
        &[],
    );
    let small = "timm:vit_tiny_patch16_224?img_size=32&patch_size=4&num_classes=0";
    loads("vit", &given(4.0, None), 32, small, &[]);
}

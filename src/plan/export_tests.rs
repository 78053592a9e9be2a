//! Exported weights against torchvision and timm.

use std::collections::BTreeMap;

use super::{FileTensor, torch_tensors, write_safetensors};
use crate::catalog::Value;
use crate::engine::HostTensor;
use crate::plan::peers::{Random, python};

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
/// compares the outputs.
fn loads(name: &str, given: &[(&str, Value)], side: usize, peer: &str, bar: &[&str]) {
    let random = Random::new(name, given, side, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (weights, outputs) = (path("w.safetensors"), path("o.safetensors"));
    let value = |name: &str| random.numbers(name);
    let tensors = torch_tensors(&random.graph, "encoder", value, 7).unwrap();
    write_safetensors(weights.as_ref(), &tensors, &BTreeMap::new()).unwrap();
    let both = [file("input", &random.input), file("output", &random.output)];
    write_safetensors(outputs.as_ref(), &both, &BTreeMap::new()).unwrap();
    let args = [peer, &weights, &outputs].into_iter();
    python("load_weights.py", args.chain(bar.iter().copied()));
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

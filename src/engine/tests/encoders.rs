//! Whole encoders against torchvision and timm (`tests/fixtures/engine/encoders.py`).

use super::fixtures::{close, data, model, numbers, read};
use crate::catalog::Value;
use crate::engine::{Batch, HostTensor, features};
use crate::graph::testing::{encoder, pictures};
use crate::graph::{DType, Graph, Init, Mode, Module, Size, TorchSource};

/// FNV-1a, 64 bits.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |h, byte| {
        (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    })
}

/// `((7919 i + 104729 (hash mod 1000003)) mod 10007) / 10007 - 0.5`
fn pattern(name: &str, n: usize) -> Vec<f64> {
    let salt = (hash(name) % 1_000_003) * 104_729;
    (0..n as u64)
        .map(|i| ((i * 7919 + salt) % 10_007) as f64 / 10_007.0 - 0.5)
        .collect()
}

/// The numbers of a tensor that PyTorch calls `name`.
fn value(name: &str, shape: &[usize]) -> Vec<f32> {
    let n: usize = shape.iter().product();
    // a scalar (`num_batches_tracked`) has no sizes
    let fan_in = n / shape.first().copied().unwrap_or(1);
    let change = |u: f64| {
        if name.ends_with("running_var") {
            1.0 + u
        } else if name.contains("token") || name.contains("pos_embed") {
            u
        } else if shape.len() > 1 {
            u * (12.0 / fan_in as f64).sqrt()
        } else if name.ends_with("weight") {
            1.0 + 0.4 * u
        } else {
            0.2 * u
        }
    };
    pattern(name, n)
        .into_iter()
        .map(|u| change(u) as f32)
        .collect()
}

/// `[out, in]` → `[in, out]`
fn turned(data: &[f32], shape: &[usize]) -> Vec<f32> {
    let (rows, columns) = (shape[0], shape[1]);
    (0..columns)
        .flat_map(|c| (0..rows).map(move |r| data[r * columns + c]))
        .collect()
}

fn agrees(peer: &str, name: &str, given: &[(&str, Value)]) {
    let fixture = read(include_str!("../../../tests/fixtures/engine/encoders.json"));
    let side = fixture[peer]["side"].as_u64().expect("a side") as usize;
    let (mut graph, x) = pictures(Mode::Eval, 3, side);
    let classes = ("classes", Value::Integer(10));
    let given: Vec<_> = given.iter().cloned().chain([classes]).collect();
    let module = Module::new("encoder", &encoder(name, &given));
    let y = graph.call(&module, x).expect("an encoder");
    let mut model = model(&graph);
    for tensor in graph.torch_tensors("encoder") {
        let values = value(&tensor.name, &tensor.shape);
        let (name, values, shape) = match &tensor.source {
            TorchSource::Same(name) => (name, values, tensor.shape.clone()),
            TorchSource::Transposed(name) => {
                let shape = vec![tensor.shape[1], tensor.shape[0]];
                (name, turned(&values, &tensor.shape), shape)
            }
            TorchSource::Batches => continue,
        };
        model
            .set(name, &HostTensor::f32(values, &shape))
            .expect("a known tensor");
    }
    let pixels = pattern("image", 2 * 3 * side * side);
    let pixels = pixels.into_iter().map(|x| x as f32).collect();
    let image = HostTensor::f32(pixels, &[2, 3, side, side]);
    let batch: Batch = [("image".to_owned(), image)].into();
    let output = features(&graph, &model, &batch, &[y]).expect("a forward pass");
    let rows = fixture[peer]["output"].as_array().expect("rows");
    let want: Vec<f32> = rows.iter().flat_map(numbers).collect();
    close(peer, data(&output[0]), &want, 1e-5);
}

#[test]
fn encoders_agree_with_torchvision_and_timm() {
    let word = |text: &str| Value::Word(text.to_owned());
    agrees("resnet18", "resnet18", &[("stem", word("imagenet"))]);
    agrees("resnet18_small", "resnet18", &[("stem", word("small"))]);
    agrees("resnet50", "resnet50", &[("stem", word("imagenet"))]);
    let vit = [("size", word("tiny")), ("patch", Value::Length(16.0))];
    agrees("vit_tiny", "vit", &vit);
    let gap = [vit.as_slice(), &[("pool", word("mean"))]].concat();
    agrees("vit_tiny_gap", "vit", &gap);
    let pre_norm = [vit.as_slice(), &[("pre_norm", word("on"))]].concat();
    agrees("vit_tiny_pre_norm", "vit", &pre_norm);
}

#[test]
fn the_parts_of_a_transformer_in_order_are_the_whole() {
    let (mut graph, x) = pictures(Mode::Eval, 3, 16);
    let given = [("patch", Value::Length(4.0))];
    let module = Module::new("encoder", &encoder("vit", &given));
    let whole = graph.call(&module, x).expect("an encoder");
    let mut tokens = x;
    for part in ["patches", "positions", "blocks", "norm"] {
        tokens = graph.call_part(&module, part, tokens).expect("a part");
    }
    let class = graph.slice(tokens, 1, 0.into(), 1.into());
    let class = class
        .and_then(|class| graph.flatten(class))
        .expect("a class token");
    let model = model(&graph);
    let pixels = pattern("image", 2 * 3 * 16 * 16);
    let pixels = pixels.into_iter().map(|x| x as f32).collect();
    let batch: Batch = [("image".to_owned(), HostTensor::f32(pixels, &[2, 3, 16, 16]))].into();
    let both = features(&graph, &model, &batch, &[whole, class]).expect("a forward pass");
    assert_eq!(data(&both[0]), data(&both[1]));
}

/// Rows of a table, and the mean of those that stand for a word.
#[test]
fn a_text_is_the_mean_of_its_words_vectors() {
    let mut g = Graph::new(Mode::Eval);
    let x = g.declare_input("x", vec![Size::batch(), 3.into()], DType::Int, Some(4));
    let given = [("dim", Value::Integer(2))];
    let module = Module::new("encoder", &encoder("word_vectors", &given));
    let whole = g.call(&module, x).expect("an encoder");
    let rows = g.call_part(&module, "vectors", x).expect("a part");
    let last = g.slice(x, 1, 2.into(), 1.into());
    let last = last.and_then(|x| g.flatten(x)).expect("the last ids");
    let last = g.reshape(last, vec![Size::batch()]).expect("[B]");
    let last = g.call_part(&module, "vectors", last).expect("a part"); // [B, d]
    assert_eq!(g.parameters.len(), 1);
    assert_eq!(g.parameters[0].name, "encoder/vectors");
    assert_eq!(g.parameters[0].shape, [4, 2]);
    assert_eq!(g.parameters[0].init, Init::Uniform(0.25));
    let mut model = model(&g);
    // the row of padding is no zeros: it must not count
    let table = vec![100.0, 100.0, 1.0, 2.0, 3.0, 5.0, -4.0, 0.5];
    let table = HostTensor::f32(table, &[4, 2]);
    model.set("encoder/vectors", &table).expect("the table");
    let texts = HostTensor::int(vec![1, 2, 3, 2, 0, 0, 0, 0, 0], &[3, 3]);
    let batch: Batch = [("x".to_owned(), texts)].into();
    let found = features(&g, &model, &batch, &[whole, rows, last]).expect("a forward pass");
    close(
        "mean",
        data(&found[0]),
        &[0.0, 2.5, 3.0, 5.0, 0.0, 0.0],
        1e-6,
    );
    assert_eq!(found[1].shape(), [3, 3, 2]);
    assert_eq!(
        data(&found[1])[..8],
        [1.0, 2.0, 3.0, 5.0, -4.0, 0.5, 3.0, 5.0]
    );
    assert_eq!(data(&found[2]), [-4.0, 0.5, 100.0, 100.0, 100.0, 100.0]);
}

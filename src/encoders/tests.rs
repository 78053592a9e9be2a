//! Shapes, parameters, names and costs of the encoders against torchvision and timm (`tests/fixtures/flops.py`).

use serde_json::Value as Json;

use crate::catalog::{Kind, Value};
use crate::graph::testing::{call, encoder, net, pictures};
use crate::graph::{Graph, Mode, Module, Var, show};

fn word(name: &str) -> Value {
    Value::Word(name.to_owned())
}

fn fixture(name: &str) -> Json {
    let text = include_str!("../../tests/fixtures/flops.json");
    let all: Json = serde_json::from_str(text).unwrap();
    all[name].clone()
}

fn built(name: &str, given: &[(&str, Value)], side: usize) -> (Graph, Var) {
    let (mut g, x) = pictures(Mode::Eval, 3, side);
    let y = g
        .call(&Module::new("encoder", &encoder(name, given)), x)
        .unwrap();
    (g, y)
}

/// Parameter count, and multiply-adds within 1% of fvcore's.
fn agrees(name: &str, given: &[(&str, Value)], peer: &str) {
    let expected = fixture(peer);
    let side = expected["side"].as_u64().unwrap() as usize;
    let (g, _) = built(name, given, side);
    let parameters = expected["parameters"].as_u64().unwrap() as usize;
    assert_eq!(g.parameter_count(), parameters, "{peer}");
    let flops = expected["flops"].as_f64().unwrap();
    let ours = g.costs(1).1.flops;
    assert!((ours / flops - 1.0).abs() < 0.01, "{peer}: {ours} {flops}");
}

#[test]
fn residual_networks_are_torchvisions() {
    let classes = ("classes", Value::Integer(1000));
    for name in ["resnet18", "resnet34", "resnet50"] {
        agrees(name, &[("stem", word("imagenet")), classes.clone()], name);
    }
    assert_eq!(fixture("resnet18")["parameters"], 11_689_512);
}

#[test]
fn transformers_are_timms() {
    for size in ["tiny", "small", "base"] {
        let given = [
            ("size", word(size)),
            ("patch", Value::Length(16.0)),
            ("classes", Value::Integer(1000)),
        ];
        agrees("vit", &given, &format!("vit_{size}"));
    }
    let given = [("size", word("small")), ("patch", Value::Length(16.0))];
    agrees("vit", &given, "vit_small_headless");
    assert_eq!(fixture("vit_small")["parameters"], 22_050_664);
    assert_eq!(fixture("vit_small_headless")["parameters"], 21_665_664);
}

#[test]
fn shapes_and_places() {
    let small = [("stem", word("small"))];
    let vit = [("patch", Value::Length(4.0))];
    type Case<'a> = (
        &'a str,
        &'a [(&'a str, Value)],
        usize,
        &'a str,
        &'a [(&'a str, &'a str)],
    );
    let cases: [Case; 6] = [
        (
            "small_cnn",
            &[],
            32,
            "[B, 128]",
            &[
                ("conv1", "[B, 32, 16, 16]"),
                ("conv2", "[B, 64, 8, 8]"),
                ("conv3", "[B, 128, 4, 4]"),
            ],
        ),
        (
            "nin",
            &[],
            32,
            "[B, 192]",
            &[
                ("conv1", "[B, 96, 16, 16]"),
                ("conv2", "[B, 192, 8, 8]"),
                ("conv3", "[B, 192, 8, 8]"),
                ("conv4", "[B, 192, 8, 8]"),
            ],
        ),
        (
            "resnet18",
            &small,
            32,
            "[B, 512]",
            &[
                ("conv1", "[B, 64, 32, 32]"),
                ("layer1", "[B, 64, 32, 32]"),
                ("layer4", "[B, 512, 4, 4]"),
            ],
        ),
        (
            "resnet34",
            &[],
            224,
            "[B, 512]",
            &[("conv1", "[B, 64, 56, 56]"), ("layer2", "[B, 128, 28, 28]")],
        ),
        (
            "resnet50",
            &[],
            224,
            "[B, 2048]",
            &[
                ("layer3", "[B, 1024, 14, 14]"),
                ("layer4", "[B, 2048, 7, 7]"),
            ],
        ),
        (
            "vit",
            &vit,
            32,
            "[B, 192]",
            &[("block1", "[B, 65, 192]"), ("block12", "[B, 65, 192]")],
        ),
    ];
    for (name, given, side, output, places) in cases {
        let (g, y) = built(name, given, side);
        assert_eq!(show(g.shape(y)), output, "{name}");
        for (place, shape) in places {
            let full = format!("encoder/{place}");
            let named = g.places.iter().find(|p| p.name == full).expect(&full);
            assert_eq!(show(g.shape(named.var)), *shape, "{name} {place}");
        }
    }
}

#[test]
fn patches_must_divide_the_picture() {
    let (mut g, x) = pictures(Mode::Eval, 3, 32);
    let net = net([call(Kind::Encoder, "vit", &[("patch", Value::Length(5.0))])]);
    let problem = g.call(&Module::new("encoder", &net), x).unwrap_err();
    assert!(problem.message.contains("32×32 px"), "{problem}");
}

#[test]
fn every_example_names_its_entry() {
    for spec in super::specs() {
        assert!(spec.example.starts_with(&spec.name), "{}", spec.name);
        assert!(!spec.summary.is_empty());
    }
}

//! Shapes, parameters, names and costs of the encoders against torchvision and timm (`tests/fixtures/flops.py`).

use serde_json::Value as Json;

use crate::catalog::{Kind, Value};
use crate::graph::testing::{call, encoder, layer, net, pictures};
use crate::graph::{DType, Graph, Mode, Module, Size, Var, show};

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
fn layers_make_these_shapes() {
    let cases: [(&str, &[i64], &str); 12] = [
        ("tanh", &[], "[B, 3, 8, 8]"),
        ("sigmoid", &[], "[B, 3, 8, 8]"),
        ("silu", &[], "[B, 3, 8, 8]"),
        ("softplus", &[], "[B, 3, 8, 8]"),
        ("leaky_relu", &[], "[B, 3, 8, 8]"),
        ("group_norm", &[3], "[B, 3, 8, 8]"),
        ("l2_normalize", &[], "[B, 3, 8, 8]"),
        ("interpolate", &[3], "[B, 3, 24, 24]"),
        ("adaptive_avg_pool", &[3], "[B, 3, 3, 3]"),
        ("conv_transpose", &[5, 4, 2, 1], "[B, 5, 16, 16]"),
        ("conv_transpose", &[6, 3, 2, 1, 1, 3], "[B, 6, 16, 16]"),
        ("conv_transpose", &[2, 2], "[B, 2, 9, 9]"),
    ];
    for (name, numbers, wanted) in cases {
        let (mut g, x) = pictures(Mode::Train, 3, 8);
        let module = Module::new("head", &net([layer(name, numbers)]));
        let y = g.call(&module, x).unwrap();
        assert_eq!(show(g.shape(y)), wanted, "{name}");
    }
    let mut g = Graph::new(Mode::Train);
    let words = vec![Size::batch(), 7.into()];
    let x = g.declare_input("words", words, DType::Int, None);
    let module = Module::new(
        "encoder",
        &net([
            layer("embedding", &[100, 12]),
            layer("transformer", &[2, 3]),
        ]),
    );
    let y = g.call(&module, x).unwrap();
    assert_eq!(show(g.shape(y)), "[B, 7, 12]");
    // per block: two norms, qkv, the projection, the MLP
    let block = 4 * 12 + 12 * 36 + 36 + 12 * 12 + 12 + 12 * 48 + 48 + 48 * 12 + 12;
    assert_eq!(g.parameter_count(), 100 * 12 + 2 * block);
}

#[test]
fn a_transformer_can_be_entered_behind_its_embedding() {
    let tiny = [("patch", Value::Length(4.0))];
    let module = Module::new("encoder", &encoder("vit", &tiny));
    let (mut g, x) = pictures(Mode::Train, 3, 32);
    let tokens = g.call_part(&module, "embed", x).unwrap();
    assert_eq!(show(g.shape(tokens)), "[B, 64, 192]");
    let some = g.slice(tokens, 1, 0.into(), 16.into()).unwrap();
    let y = g.call_part(&module, "blocks", some).unwrap();
    assert_eq!(show(g.shape(y)), "[B, 17, 192]");
    let y = g.call_part(&module, "norm", y).unwrap();
    assert_eq!(show(g.shape(y)), "[B, 17, 192]");
    let known = g.parameter_count();
    // a whole call has the same parameters and no other
    g.call(&module, x).unwrap();
    assert_eq!(g.parameter_count(), known);
    let tokens = g.call_part(&module, "patches", x).unwrap();
    let tokens = g.call_part(&module, "positions", tokens).unwrap();
    assert_eq!(show(g.shape(tokens)), "[B, 64, 192]");
    assert_eq!(g.parameter_count(), known);

    let problem = g.call_part(&module, "head", x).unwrap_err();
    assert!(problem.notes[0].contains("`embed`"), "{problem:?}");
    let cnn = Module::new("cnn", &encoder("small_cnn", &[]));
    let problem = g.call_part(&cnn, "embed", x).unwrap_err();
    assert!(problem.message.contains("`small_cnn` has no part `embed`"));
    assert!(problem.helps[0].contains("vit"));
}

#[test]
fn a_second_size_of_picture_shares_the_parameters() {
    for (name, given) in [
        ("vit", vec![("patch", Value::Length(4.0))]),
        ("resnet18", vec![("stem", word("small"))]),
        ("small_cnn", vec![]),
    ] {
        let module = Module::new("encoder", &encoder(name, &given));
        let (mut g, x) = pictures(Mode::Train, 3, 32);
        let large = g.call(&module, x).unwrap();
        let known = g.parameter_count();
        let shape = vec![Size::batch(), 3.into(), 16.into(), 16.into()];
        let crop = g.declare_input("crop", shape, DType::F32, None);
        let small = g.call(&module, crop).unwrap();
        assert_eq!(g.shape(large), g.shape(small), "{name}");
        assert_eq!(g.parameter_count(), known, "{name}");
    }
}

fn shape_of(g: &Graph, parameter: &str) -> Vec<usize> {
    let mut all = g.parameters.iter();
    let found = all.find(|own| own.name == parameter);
    found
        .unwrap_or_else(|| panic!("no {parameter}"))
        .shape
        .clone()
}

#[test]
fn halves_stand_side_by_side_at_each_place() {
    let half = encoder("small_cnn", &[("width", Value::Integer(4))]);
    let halves = encoder("halves", &[("half", Value::Net(half))]);
    let (mut g, x) = pictures(Mode::Eval, 3, 16);
    let module = Module::new("encoder", &halves);
    let both = g.call(&module, x).unwrap();
    assert_eq!(show(g.shape(both)), "[B, 32]");
    let places = [
        ("conv1", "[B, 8, 8, 8]"),
        ("conv2", "[B, 16, 4, 4]"),
        ("conv3", "[B, 32, 2, 2]"),
    ];
    for (name, shape) in places {
        let name = format!("encoder/{name}");
        let found = g.places.iter().find(|place| place.name == name);
        assert_eq!(show(g.shape(found.unwrap().var)), shape, "{name}");
    }
    // the same weights by themselves, and nothing else of one kind in the other
    let known = g.parameters.len();
    for (part, first, channels) in [("first", 0, 1), ("rest", 1, 2)] {
        let own = g.slice(x, 1, first.into(), channels.into()).unwrap();
        let alone = g.call_part(&module, part, own).unwrap();
        assert_eq!(show(g.shape(alone)), "[B, 16]");
        let weight = format!("encoder/{part}/conv1/conv/weight");
        assert_eq!(shape_of(&g, &weight), [4, channels, 3, 3]);
    }
    assert_eq!(g.parameters.len(), known);
    let (mut g, x) = pictures(Mode::Eval, 1, 16);
    let problem = g.call(&module, x).unwrap_err();
    assert!(problem.message.contains("this one has 1"), "{problem}");
}

#[test]
fn every_example_names_its_entry() {
    for spec in super::specs() {
        assert!(spec.example.starts_with(&spec.name), "{}", spec.name);
        assert!(!spec.summary.is_empty());
    }
}

/// Turc et al., 2019: BERT-medium has 41.4 million parameters with a vocabulary of 30,522 and 512 places, base 110.1 (Devlin et al., 2019:
/// 110), the layer behind `[CLS]` counted.
#[test]
fn bert_has_the_sizes_of_its_papers() {
    for (size, wanted) in [
        ("tiny", 4_385_920),
        ("mini", 11_170_560),
        ("small", 28_763_648),
        ("medium", 41_373_184),
        ("base", 109_482_240),
    ] {
        let mut g = Graph::new(Mode::Eval);
        let shape = vec![Size::batch(), 512.into()];
        let x = g.declare_input("x", shape, DType::Int, Some(30_522));
        let bert = Module::new("encoder", &encoder("bert", &[("size", word(size))]));
        let x = g.call_part(&bert, "tokens", x).unwrap();
        let x = g.call_part(&bert, "pooled", x).unwrap();
        let width = g.shape(x)[1].clone();
        assert_eq!(show(g.shape(x)), format!("[B, {width}]"));
        assert_eq!(g.parameter_count(), wanted, "{size}");
    }
}

#[test]
fn a_recurrent_network_is_exported_as_pytorch_has_it() {
    let given = [
        ("width", Value::Integer(4)),
        ("embedding", Value::Integer(5)),
    ];
    let mut g = Graph::new(Mode::Eval);
    let x = g.declare_input("x", vec![Size::batch(), 6.into()], DType::Int, Some(20));
    let module = Module::new("encoder", &encoder("gru", &given));
    let y = g.call(&module, x).unwrap();
    assert_eq!(show(g.shape(y)), "[B, 8]");
    let states = g.call_part(&module, "tokens", x).unwrap();
    assert_eq!(show(g.shape(states)), "[B, 6, 8]");
    let found = g.torch_tensors("encoder");
    let found: Vec<(&str, &[usize])> = found
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice()))
        .collect();
    // nn.GRU(5, 4, bidirectional=True)
    let expected: [(&str, &[usize]); 9] = [
        ("embedding.weight", &[20, 5]),
        ("gru.bias_hh_l0", &[12]),
        ("gru.bias_hh_l0_reverse", &[12]),
        ("gru.bias_ih_l0", &[12]),
        ("gru.bias_ih_l0_reverse", &[12]),
        ("gru.weight_hh_l0", &[12, 4]),
        ("gru.weight_hh_l0_reverse", &[12, 4]),
        ("gru.weight_ih_l0", &[12, 5]),
        ("gru.weight_ih_l0_reverse", &[12, 5]),
    ];
    assert_eq!(found, expected);
    // behind an embedding of the recipe it reads what that gives
    let net = net([
        layer("embedding", &[20, 5]),
        call(Kind::Layer, "gru", &given[..1]),
    ]);
    let y = g.call(&Module::new("own", &net), x).unwrap();
    assert_eq!(show(g.shape(y)), "[B, 6, 4]");
}

#[test]
fn a_text_that_is_too_long_is_no_recurrence() {
    let mut g = Graph::new(Mode::Eval);
    let shape = vec![Size::batch(), 2000.into()];
    let x = g.declare_input("x", shape, DType::Int, Some(20));
    let module = Module::new("encoder", &encoder("gru", &[]));
    let problem = g.call(&module, x).unwrap_err();
    assert!(
        problem.message.contains("reads 1 to 1024 steps"),
        "{problem}"
    );
}

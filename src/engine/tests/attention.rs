//! Attention of masked keys against PyTorch (`tests/fixtures/engine/masked_attention.py`).

use serde_json::Value as Json;

use super::fixtures::{close, data, numbers, read, shape, sizes};
use crate::catalog::{Kind, Make, Value};
use crate::engine::{Batch, Derivatives, Device, HostTensor, Kernels, Model, features, gradients};
use crate::graph::testing::{call, encoder};
use crate::graph::{DType, Graph, Init, Mode, Size};

/// Relative to the largest number of a tensor: 32-bit sums of a hundred terms.
const TOLERANCE: f32 = 1e-5;

/// The fixture's numbers.
fn formula(seed: usize, of: &[usize]) -> Vec<f32> {
    (0..of.iter().product())
        .map(|i: usize| ((i * 7919 + i / 13 * 31 + seed * 104_729) % 257) as f32)
        .map(|x| (x - 128.0) / 64.0)
        .collect()
}

/// The product of each row with the fixture's numbers.
fn by_row(of: &[f32], width: usize) -> Vec<f32> {
    let weights = formula(5, &[width]);
    of.chunks(width)
        .map(|row| {
            let terms = row.iter().zip(&weights);
            terms
                .map(|(x, w)| f64::from(*x) * f64::from(*w))
                .sum::<f64>() as f32
        })
        .collect()
}

fn check(case: &Json, kernels: Kernels) {
    let name = case["name"].as_str().expect("a name");
    let of: Vec<usize> = numbers(&case["sizes"])
        .iter()
        .map(|n| *n as usize)
        .collect();
    let [batch, heads, queries, keys, width, value] = of.try_into().expect("six sizes");
    let mut g = Graph::new(Mode::Train);
    let shapes = [
        ("q", [batch, heads, queries, width]),
        ("k", [batch, heads, keys, width]),
        ("v", [batch, heads, keys, value]),
    ];
    let [q, k, v] = shapes
        .each_ref()
        .map(|(name, shape)| g.parameter(name, shape, Init::Constant(0.0)));
    let masked = shape(&case["mask"]);
    let mask = g.declare_input("mask", sizes(&masked), DType::F32, None);
    let out_shape = [batch, heads, queries, value];
    let weight = g.declare_input("weight", sizes(&out_shape), DType::F32, None);
    let scale = case["scale"].as_f64();
    let out = g.attention(q, k, v, Some(mask), scale).expect("fits");
    let weighted = g.mul(out, weight).expect("fits");
    let loss = g.sum_all(weighted).expect("numbers");
    g.objective("loss", loss);

    let bits = case["mask"]["data"].as_str().expect("a mask").chars();
    let bits = bits.map(|bit| f32::from(bit == '1')).collect();
    let batch: Batch = [
        ("mask".to_owned(), HostTensor::f32(bits, &masked)),
        (
            "weight".to_owned(),
            HostTensor::f32(formula(4, &out_shape), &out_shape),
        ),
    ]
    .into();
    let device = Device::flex().with_kernels(kernels);
    let mut model = Model::init(&g, 7, &device).expect("a model");
    for (seed, (name, shape)) in shapes.iter().enumerate() {
        let value = HostTensor::f32(formula(seed + 1, shape), shape);
        model.set(name, &value).expect("a parameter");
    }
    let what = |of: &str| format!("{of} of `{name}`, {kernels:?}");
    let found = features(&g, &model, &batch, &[out]).expect("a forward pass");
    let got = by_row(data(&found[0]), value);
    close(&what("result"), &got, &numbers(&case["out"]), TOLERANCE);
    let found = gradients(&g, &model, &batch).expect("a backward pass");
    for (index, (parameter, shape)) in shapes.iter().enumerate() {
        let got = by_row(data(&found.gradients[*parameter]), shape[3]);
        let want = numbers(&case["gradients"][index]);
        close(&what(parameter), &got, &want, TOLERANCE);
    }
}

#[test]
fn masked_attention_agrees_with_pytorch() {
    let text = include_str!("../../../tests/fixtures/engine/masked_attention.json");
    for case in read(text).as_array().expect("cases") {
        for kernels in [Kernels::Fast, Kernels::Reference] {
            check(case, kernels);
        }
    }
}

/// Gradients of q for a mask that is made of a parameter: `mask = p`, 4 queries and keys.
#[test]
fn a_mask_that_is_learnt_has_a_gradient() {
    let found = [Kernels::Fast, Kernels::Reference].map(|kernels| {
        let mut g = Graph::new(Mode::Train);
        let tokens = [1, 1, 4, 4];
        let q = g.parameter("q", &tokens, Init::Normal(1.0));
        let mask = g.parameter("mask", &[1, 1, 1, 4], Init::Constant(1.0));
        let out = g.attention(q, q, q, Some(mask), None).expect("fits");
        let square = g.mul(out, out).expect("fits");
        let loss = g.mean_all(square).expect("numbers");
        g.objective("loss", loss);
        let device = Device::flex().with_kernels(kernels);
        let model = Model::init(&g, 7, &device).expect("a model");
        let x = HostTensor::f32(vec![0.0], &[1]);
        let found = gradients(&g, &model, &[("idle".to_owned(), x)].into()).expect("gradients");
        data(&found.gradients["mask"]).to_vec()
    });
    assert!(found[0].iter().any(|x| x.abs() > 1.0), "{found:?}");
    assert_eq!(found[0], found[1]);
}

const VOCABULARY: usize = 50;

/// BERT's task with dropout on four texts of 1 to 21 pieces.
fn masked_tokens(kernels: Kernels) -> Derivatives {
    const N: usize = 21;
    let bert = encoder(
        "bert",
        &[
            ("width", Value::Integer(24)),
            ("depth", Value::Integer(2)),
            ("heads", Value::Integer(3)),
        ],
    );
    let task = call(
        Kind::Task,
        "masked_tokens",
        &[("encoder", Value::Net(bert))],
    );
    let mut g = Graph::new(Mode::Train);
    for name in ["input", "target"] {
        let shape = vec![Size::batch(), N.into()];
        g.declare_input(name, shape, DType::Int, Some(VOCABULARY));
    }
    let Make::Task { build, .. } = &task.spec.make else {
        panic!("masked_tokens is a task")
    };
    build(&mut g, &task.args).expect("texts fit");
    let (mut input, mut target) = (Vec::new(), Vec::new());
    for (text, length) in [N, 13, 1, 8].into_iter().enumerate() {
        for i in 0..N {
            let id = (1 + (text * 31 + i * 17) % (VOCABULARY - 1)) as i64;
            input.push(if i < length { id } else { 0 });
            target.push(if i < length && i % 4 == 0 { id / 2 } else { 0 });
        }
    }
    let batch: Batch = [
        ("input".to_owned(), HostTensor::int(input, &[4, N])),
        ("target".to_owned(), HostTensor::int(target, &[4, N])),
    ]
    .into();
    let device = Device::flex().with_kernels(kernels);
    let model = Model::init(&g, 7, &device).expect("a model");
    gradients(&g, &model, &batch).expect("gradients")
}

#[test]
fn a_net_of_texts_agrees_with_burn() {
    let [fast, reference] = [Kernels::Fast, Kernels::Reference].map(masked_tokens);
    let (a, b) = (fast.objectives[0].1, reference.objectives[0].1);
    assert!((a - b).abs() < 1e-5 * b, "{a}, burn's {b}");
    assert_eq!(fast.gradients.len(), reference.gradients.len());
    // the slope of a key's bias is rounding: it shifts all scores of a query
    let sure = |key: &&String| !key.ends_with("key/bias");
    for key in reference.gradients.keys().filter(sure) {
        let [got, want] = [&fast, &reference].map(|of| data(&of.gradients[key]));
        close(key, got, want, 5e-5);
    }
}

#[test]
fn a_net_of_texts_does_not_depend_on_threads() {
    let run = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
        pool.expect("a pool")
            .install(|| masked_tokens(Kernels::Fast))
    };
    let one = run(1);
    for n in [2, 3, 7] {
        assert_eq!(one, run(n), "{n} threads");
    }
}

//! Whole training steps of the encoders, timed: forward, backward and SGD with momentum on a batch that is already there.
//!
//! ```text
//! cargo bench --bench step -- NET SIDE BATCH [--reference] [--steps=N] [--threads=N] [--device=WORD] [--precision=bf16]
//! cargo bench --bench step -- NET SIDE BATCH --serve      # `benches/peers/steps.py` alternates it with PyTorch
//! ```
//!
//! NET: resnet18, resnet50, small_cnn, nin, vit_tiny_4, vit_small_16, … With `--serve` each line on the standard input is a number of
//! steps to run, and each line on the standard output the seconds that they took.

use std::io::{BufRead, Write};
use std::time::Instant;

use pretext::catalog::{Args, Argument, Make, Origin, Value};
use pretext::engine::{Batch, Device, HostTensor, Kernels, Model, Trainer, set_threads};
use pretext::graph::{DType, Graph, Init, Mode, Size};
use pretext::language::Span;
use pretext::plan::{Optimizer, Precision};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLASSES: usize = 10;
const RATE: f64 = 0.05;

fn main() {
    pretext::engine::keep_memory();
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let plain: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let (name, side, size) = match plain.as_slice() {
        [name, side, size] => (*name, number(side), number(size)),
        _ => ("resnet18", 32, 32),
    };
    let has = |word: &str| arguments.iter().any(|a| a == word);
    let all = std::thread::available_parallelism().map_or(1, |n| n.get());
    let threads = (arguments.iter())
        .find_map(|a| a.strip_prefix("--threads="))
        .map_or(all, number);
    set_threads(Some(threads)).expect("threads");
    let kernels = if has("--reference") {
        Kernels::Reference
    } else {
        Kernels::Fast
    };
    let graph = graph(name, side);
    let batch = batch(side, size);
    let word = (arguments.iter())
        .find_map(|a| a.strip_prefix("--device="))
        .unwrap_or("flex");
    let device = Device::open(word)
        .expect("a device that starts")
        .with_kernels(kernels);
    let precision = match has("--precision=bf16") {
        true => Precision::Bf16,
        false => Precision::F32,
    };
    let model = Model::init(&graph, 7, &device).expect("a model");
    let sgd = Optimizer::Sgd {
        rate: RATE,
        momentum: 0.9,
        nesterov: false,
        weight_decay: 5e-4,
    };
    let mut trainer = Trainer::new(model, sgd, Vec::new(), 7).with_precision(precision);
    let mut steps = |n: usize| {
        let start = Instant::now();
        for _ in 0..n {
            trainer
                .step(&graph, std::slice::from_ref(&batch), RATE, None)
                .expect("a step");
        }
        device.sync();
        start.elapsed().as_secs_f64()
    };
    if has("--serve") {
        for line in std::io::stdin().lock().lines() {
            let seconds = steps(number(line.expect("a line").trim()));
            println!("{seconds}");
            std::io::stdout().flush().expect("a reader");
        }
        return;
    }
    let count = arguments
        .iter()
        .find_map(|a| a.strip_prefix("--steps="))
        .map_or(15, number);
    steps(2);
    let mut times: Vec<f64> = (0..count).map(|_| steps(1)).collect();
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    println!(
        "{name} {side} px, batch {size}, {word} {precision:?} {kernels:?}, {threads} threads: {:.1} ms (best {:.1}), {:.1} images/s",
        1e3 * median,
        1e3 * times[0],
        size as f64 / median
    );
}

fn number(text: &str) -> usize {
    text.parse().expect("a whole number")
}

/// An encoder with a linear head and cross-entropy.
fn graph(name: &str, side: usize) -> Graph {
    let word = |word: &str| Value::Word(word.into());
    let (of, given) = if name.starts_with("resnet") {
        let stem = if side <= 64 { "small" } else { "imagenet" };
        (name, vec![("stem", word(stem))])
    } else if let Some(rest) = name.strip_prefix("vit_") {
        let (size, patch) = rest.split_once('_').expect("vit_SIZE_PATCH");
        (
            "vit",
            vec![
                ("size", word(size)),
                ("patch", Value::Length(number(patch) as f64)),
                ("pool", word("class")),
                ("pre_norm", word("off")),
            ],
        )
    } else if name == "nin" {
        ("nin", vec![("blocks", Value::Integer(4))])
    } else {
        ("small_cnn", vec![("width", Value::Integer(32))])
    };
    let mut args = Args {
        of: of.into(),
        values: Default::default(),
    };
    let specs = pretext::encoders::specs();
    let spec = specs
        .into_iter()
        .find(|spec| spec.name == of)
        .expect("in the catalog");
    for (name, value) in given {
        let argument = Argument {
            value,
            span: Span::default(),
            origin: Origin::Written,
        };
        args.values.insert(name.to_owned(), argument);
    }
    let Make::Encoder(build) = spec.make else {
        panic!("{of} is an encoder")
    };
    let mut g = Graph::new(Mode::Train);
    let picture = vec![Size::batch(), 3.into(), side.into(), side.into()];
    let x = g.declare_input("image", picture, DType::F32, None);
    let y = g.declare_input("label", vec![Size::batch()], DType::Int, Some(CLASSES));
    let features = g
        .scoped("encoder", |g| build(g, &args, x))
        .expect("the picture fits");
    let width = g.shape(features)[1].known().expect("a known width");
    let weight = g.parameter("head/weight", &[width, CLASSES], Init::Uniform(0.05));
    let bias = g.parameter("head/bias", &[CLASSES], Init::Constant(0.0));
    let logits = g
        .linear(features, weight, Some(bias))
        .expect("features fit");
    let loss = g.cross_entropy(logits, y).expect("logits fit");
    g.objective("loss", loss);
    g
}

fn batch(side: usize, size: usize) -> Batch {
    let mut stream = pretext::data::Philox::new(1, &[]);
    let labels = (0..size)
        .map(|_| i64::from(stream.below(CLASSES as u32)))
        .collect();
    let pixels = (0..size * 3 * side * side)
        .map(|_| stream.normal())
        .collect();
    [
        (
            "image".to_owned(),
            HostTensor::f32(pixels, &[size, 3, side, side]),
        ),
        ("label".to_owned(), HostTensor::int(labels, &[size])),
    ]
    .into()
}

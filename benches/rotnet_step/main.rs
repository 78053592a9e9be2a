//! What the graph costs: a RotNet step through it against the same network written by hand in plain burn.
//!
//! ```text
//! cargo bench --bench rotnet_step                       # time and peak memory
//! cargo bench --bench rotnet_step --features capture    # and the burn calls, one by one
//! ```
//!
//! Recorded are the forward pass and the update; burn can't record under autodiff, but what it does backward follows from the
//! forward calls, and both nets must have the same loss to the last bit after some 40 steps.
//!
//! Batch 128 of 32 px pictures, `small_cnn(width = 32)`, `linear(4)`, cross-entropy, SGD with momentum. Both do everything a
//! step does: batch to device, forward, running statistics, accuracy, backward, update. Fails where the median time
//! ratio is over 1.03, the peak memory over 1.05, or a call differs.

mod by_hand;

use std::time::Instant;

use by_hand::Hand;
use pretext::catalog::{Args, Argument, Make, Origin, Value};
use pretext::engine::{Batch, Device, HostTensor, Kernels, Model, Trainer};
use pretext::graph::{DType, Graph, Init, Mode, Size};
use pretext::language::Span;
use pretext::plan::Optimizer;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 128;
const WIDTH: usize = 32;
const RATE: f64 = 0.1;
const MOMENTUM: f64 = 0.9;
const DECAY: f64 = 5e-4;
const PAIRS: usize = 31;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(which) = arguments.iter().find_map(|a| a.strip_prefix("--only=")) {
        return only(which);
    }
    calls();
    time();
    memory();
}

/// The task's graph: `rotation` with a linear head.
fn graph() -> Graph {
    let mut g = Graph::new(Mode::Train);
    let picture = vec![Size::batch(), 3.into(), 32.into(), 32.into()];
    let view = g.declare_input("view", picture, DType::F32, None);
    let turn = g.declare_input("turn", vec![Size::batch()], DType::Int, Some(4));
    let width = Argument {
        value: Value::Integer(WIDTH as i64),
        span: Span::default(),
        origin: Origin::Written,
    };
    let args = Args {
        of: "small_cnn".into(),
        values: [("width".to_owned(), width)].into(),
    };
    let spec = pretext::encoders::specs()
        .into_iter()
        .find(|spec| spec.name == "small_cnn")
        .expect("small_cnn is in the catalog");
    let Make::Encoder(build) = spec.make else {
        panic!("small_cnn is an encoder")
    };
    let features = g
        .scoped("encoder", |g| build(g, &args, view))
        .expect("small_cnn takes 32 px");
    let weight = g.parameter("head/weight", &[4 * WIDTH, 4], Init::Uniform(0.1));
    let bias = g.parameter("head/bias", &[4], Init::Constant(0.0));
    let logits = g
        .linear(features, weight, Some(bias))
        .expect("features fit the head");
    let loss = g.cross_entropy(logits, turn).expect("logits fit the turns");
    g.objective("loss", loss);
    let accuracy = g.accuracy(logits, turn).expect("logits fit the turns");
    g.metric("accuracy", accuracy);
    g
}

fn batch() -> Batch {
    let mut stream = pretext::data::Philox::new(1, &[]);
    let turns = (0..BATCH).map(|_| i64::from(stream.below(4))).collect();
    let pixels = (0..BATCH * 3 * 32 * 32).map(|_| stream.normal()).collect();
    [
        (
            "view".to_owned(),
            HostTensor::f32(pixels, &[BATCH, 3, 32, 32]),
        ),
        ("turn".to_owned(), HostTensor::int(turns, &[BATCH])),
    ]
    .into()
}

/// The CPU with burn's own operations: what is compared is what the graph costs, not the kernels.
fn device() -> Device {
    Device::flex().with_kernels(Kernels::Reference)
}

fn trainer(graph: &Graph, device: &Device) -> Trainer {
    let model = Model::init(graph, 7, device).expect("a model");
    let sgd = Optimizer::Sgd {
        rate: RATE,
        momentum: MOMENTUM,
        nesterov: false,
        weight_decay: DECAY,
    };
    Trainer::new(model, sgd, Vec::new(), 7)
}

fn step(trainer: &mut Trainer, graph: &Graph, batch: &Batch) -> f64 {
    let report = trainer
        .step(graph, std::slice::from_ref(batch), RATE, None)
        .expect("a step");
    report.objectives[0].1
}

/// The same burn calls in the same order, forward and update, twice.
#[cfg(feature = "capture")]
fn calls() {
    let (graph, batch) = (graph(), batch());
    let ones: Batch = graph
        .parameters
        .iter()
        .map(|p| {
            let n = p.shape.iter().product();
            (p.name.clone(), HostTensor::f32(vec![1.0; n], &p.shape))
        })
        .collect();
    let record = |steps: &dyn Fn(&Device)| pretext::engine::record(steps).expect("a recording");
    let compare = |what: &str, by_graph: Vec<String>, by_hand: Vec<String>| {
        for (index, (a, b)) in by_graph.iter().zip(&by_hand).enumerate() {
            assert_eq!(
                a, b,
                "call {index} of the {what}: through the graph, by hand"
            );
        }
        assert_eq!(by_graph.len(), by_hand.len(), "calls of the {what}");
        println!("calls    {} in the {what}, all the same", by_graph.len());
    };
    let wanted = [graph.objectives[0].var, graph.metrics[0].var];
    let by_graph = record(&|device| {
        let model = Model::init(&graph, 7, device).expect("a model");
        // nothing was computed, so that reading fails when all is recorded
        let _ = pretext::engine::features(&graph, &model, &batch, &wanted);
    });
    let by_hand = record(&|device| {
        let start = Model::init(&graph, 7, device).expect("a model");
        Hand::new(&start, false).forward(&batch);
    });
    compare("forward pass", by_graph, by_hand);

    let by_graph = record(&|device| {
        let mut trainer = trainer(&graph, device);
        for _ in 0..2 {
            trainer.update_by(&ones, RATE).expect("an update");
        }
    });
    let by_hand = record(&|device| {
        let start = Model::init(&graph, 7, device).expect("a model");
        let mut hand = Hand::new(&start, false);
        for _ in 0..2 {
            let gradients = hand.sizes().into_iter();
            hand.update(gradients.map(|n| ones_on(device, n)).collect());
        }
    });
    compare("update", by_graph, by_hand);
}

#[cfg(feature = "capture")]
fn ones_on(device: &Device, n: usize) -> burn::tensor::Tensor<1> {
    let data = burn::tensor::TensorData::new(vec![1f32; n], [n]);
    burn::tensor::Tensor::from_data(data, device.burn())
}

#[cfg(not(feature = "capture"))]
fn calls() {
    println!("calls    not compared; build with `--features capture`");
}

/// Interleaved pairs; which of the two goes first alternates.
fn time() {
    let (graph, batch, device) = (graph(), batch(), device());
    let mut trainer = trainer(&graph, &device);
    let mut hand = Hand::new(trainer.model(), true);
    let mut losses = [0.0; 2];
    let mut both = |first: usize| {
        let mut seconds = [0.0; 2];
        for which in [first, 1 - first] {
            let start = Instant::now();
            losses[which] = match which {
                0 => step(&mut trainer, &graph, &batch),
                _ => hand.step(&batch),
            };
            seconds[which] = start.elapsed().as_secs_f64();
        }
        seconds
    };
    for _ in 0..3 {
        both(0);
    }
    let times: Vec<[f64; 2]> = (0..PAIRS).map(|pair| both(pair % 2)).collect();
    assert_eq!(losses[0], losses[1], "both train the same net");
    let median = |mut xs: Vec<f64>| {
        xs.sort_by(f64::total_cmp);
        xs[xs.len() / 2]
    };
    let ratio = median(times.iter().map(|[graph, hand]| graph / hand).collect());
    println!(
        "time     {:.1} ms through the graph, {:.1} ms by hand, median ratio {ratio:.4} of {PAIRS} pairs",
        1e3 * median(times.iter().map(|t| t[0]).collect()),
        1e3 * median(times.iter().map(|t| t[1]).collect()),
    );
    assert!(ratio <= 1.03, "the graph costs more than 3%");
}

/// Peak resident memory of a process that does nothing else.
fn memory() {
    let peak = |which: &str| -> Option<f64> {
        let program = std::env::current_exe().ok()?;
        let output = std::process::Command::new(program)
            .arg(format!("--only={which}"))
            .output()
            .ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    let best = |which: &str| (0..3).filter_map(|_| peak(which)).fold(f64::MAX, f64::min);
    let (graph, hand) = (best("graph"), best("hand"));
    if graph == f64::MAX || hand == f64::MAX {
        println!("memory   not measured: no /proc here");
        return;
    }
    println!(
        "memory   {:.1} MB through the graph, {:.1} MB by hand, ratio {:.4}",
        graph / 1024.0,
        hand / 1024.0,
        graph / hand
    );
    assert!(graph / hand <= 1.05, "the graph takes more than 5% more");
}

/// Five steps of one of the two; prints the peak resident memory in KiB.
fn only(which: &str) {
    let (graph, batch, device) = (graph(), batch(), device());
    if which == "graph" {
        let mut trainer = trainer(&graph, &device);
        for _ in 0..5 {
            step(&mut trainer, &graph, &batch);
        }
    } else {
        let mut hand = Hand::new(&Model::init(&graph, 7, &device).expect("a model"), true);
        for _ in 0..5 {
            hand.step(&batch);
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next());
    println!("{}", peak.unwrap_or_default());
}

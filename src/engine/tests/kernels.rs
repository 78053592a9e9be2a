//! The engine's kernels against burn's own operations, over whole nets.

use super::fixtures::data;
use crate::catalog::Value;
use crate::engine::{Batch, Derivatives, Device, HostTensor, Kernels, Model, gradients};
use crate::graph::testing::{encoder, pictures};
use crate::graph::{ConvTranspose, DType, Graph, Init, Mode, Module, Size, Var};

/// An encoder with a linear head and cross-entropy over 5 classes.
fn classifier(name: &str, given: &[(&str, Value)], channels: usize, side: usize) -> Graph {
    let (mut g, x) = pictures(Mode::Train, channels, side);
    let label = g.declare_input("label", vec![Size::batch()], DType::Int, Some(5));
    let module = Module::new("encoder", &encoder(name, given));
    let features = g.call(&module, x).expect("an encoder");
    let width = g.shape(features)[1].known().expect("a known width");
    let weight = g.parameter("head/weight", &[width, 5], Init::Normal(0.1));
    let bias = g.parameter("head/bias", &[5], Init::Constant(0.0));
    let logits = g.linear(features, weight, Some(bias)).expect("fits");
    let loss = g.cross_entropy(logits, label).expect("fits");
    g.objective("loss", loss);
    g
}

fn batch(n: usize, channels: usize, side: usize) -> Batch {
    let mut stream = crate::data::Philox::new(3, &[]);
    let labels = (0..n).map(|_| i64::from(stream.below(5))).collect();
    let pixels = (0..n * channels * side * side)
        .map(|_| stream.normal())
        .collect();
    let image = HostTensor::f32(pixels, &[n, channels, side, side]);
    [
        ("image".to_owned(), image),
        ("label".to_owned(), HostTensor::int(labels, &[n])),
    ]
    .into()
}

/// The same batch with every pixel off by up to two parts in 100 000.
fn nudged(batch: &Batch) -> Batch {
    let mut stream = crate::data::Philox::new(4, &[]);
    let mut batch = batch.clone();
    if let Some(HostTensor::F32 { data, .. }) = batch.get_mut("image") {
        for x in data {
            *x *= 1.0 + 4e-5 * (stream.uniform() - 0.5);
        }
    }
    batch
}

fn with(kernels: Kernels, graph: &Graph, batch: &Batch) -> Derivatives {
    let device = Device::flex().with_kernels(kernels);
    let model = Model::init(graph, 7, &device).expect("a model");
    gradients(graph, &model, batch).expect("gradients")
}

/// Root mean square of the difference relative to that of what is wanted.
fn distance(got: &HostTensor, wanted: &HostTensor) -> f64 {
    let squares = |xs: &mut dyn Iterator<Item = f64>| xs.map(|x| x * x).sum::<f64>().sqrt();
    let pairs = data(got).iter().zip(data(wanted));
    let off = squares(&mut pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)));
    off / squares(&mut data(wanted).iter().map(|x| f64::from(*x))).max(1e-12)
}

#[test]
fn whole_nets_agree_with_burn() {
    let word = |word: &str| Value::Word(word.into());
    let nets: [(&str, Vec<(&str, Value)>, usize, usize); 4] = [
        ("small_cnn", vec![("width", Value::Integer(12))], 3, 13),
        ("nin", vec![("blocks", Value::Integer(3))], 3, 16),
        ("resnet18", vec![("stem", word("small"))], 3, 16),
        ("vit", vec![("patch", Value::Length(4.0))], 1, 8),
    ];
    for (name, given, channels, side) in nets {
        let graph = classifier(name, &given, channels, side);
        let batch = batch(6, channels, side);
        let fast = with(Kernels::Fast, &graph, &batch);
        let reference = with(Kernels::Reference, &graph, &batch);
        let (a, b) = (fast.objectives[0].1, reference.objectives[0].1);
        assert!((a - b).abs() < 1e-4 * b, "{name}: {a}, burn's {b}");
        assert_eq!(fast.gradients.len(), reference.gradients.len(), "{name}");
        // a ReLU or a maximum that falls the other way is worth far more than rounding, so the yardstick is what burn's own
        // gradients do when the pictures change in the fifth digit
        let nudged = with(Kernels::Reference, &graph, &nudged(&batch));
        let off = |other: &Derivatives| {
            let each = |(key, got)| distance(got, &reference.gradients[key]);
            other.gradients.iter().map(each).sum::<f64>() / reference.gradients.len() as f64
        };
        let (kernels, pictures) = (off(&fast), off(&nudged));
        assert!(
            kernels < pictures,
            "{name}: gradients differ by {kernels}, those of nudged pictures by {pictures}"
        );
        for (key, got) in &fast.buffers {
            let off = distance(got, &reference.buffers[key]);
            assert!(off < 1e-4, "{name} {key}: {off}");
        }
    }
}

#[test]
fn transposed_convolutions_agree_with_burn() {
    for (stride, padding, output_padding, groups) in [(2, 1, 0, 1), (2, 1, 1, 1), (3, 0, 2, 2)] {
        let mut g = Graph::new(Mode::Train);
        let sizes = vec![Size::batch(), 4.into(), 5.into(), 3.into()];
        let x = g.declare_input("image", sizes, DType::F32, None);
        let weight = g.parameter("weight", &[4, 6 / groups, 4, 4], Init::Normal(0.2));
        let bias = g.parameter("bias", &[6], Init::Normal(0.2));
        let conv = ConvTranspose {
            stride,
            padding,
            output_padding,
            groups,
        };
        let y = g
            .conv_transpose2d(x, weight, Some(bias), conv)
            .expect("fits");
        let square = g.mul(y, y).expect("fits");
        let loss = g.mean_all(square).expect("fits");
        g.objective("loss", loss);
        let mut stream = crate::data::Philox::new(3, &[]);
        let pixels = (0..2 * 4 * 15).map(|_| stream.normal()).collect();
        let batch = [("image".to_owned(), HostTensor::f32(pixels, &[2, 4, 5, 3]))].into();
        let fast = with(Kernels::Fast, &g, &batch);
        let reference = with(Kernels::Reference, &g, &batch);
        let (a, b) = (fast.objectives[0].1, reference.objectives[0].1);
        assert!((a - b).abs() < 1e-5 * b, "{a}, burn's {b}");
        for (key, wanted) in &reference.gradients {
            let off = distance(&fast.gradients[key], wanted);
            assert!(off < 1e-5, "{key}: {off}");
        }
    }
}

#[test]
fn kernels_do_not_depend_on_threads() {
    let word = Value::Word("small".into());
    let graph = classifier("resnet18", &[("stem", word)], 3, 16);
    let batch = batch(7, 3, 16);
    let run = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
        pool.expect("a pool")
            .install(|| with(Kernels::Fast, &graph, &batch))
    };
    let one = run(1);
    for n in [2, 3, 7] {
        assert_eq!(one, run(n), "{n} threads");
    }
}

/// d/dp of the mean of h² + h and, as `read` says, of w h, where h = p x with x = 3, p = 0.5, w = 2.
fn slope_of_a_shared_value(read: impl Fn(&mut Graph, Var) -> Option<Var>) -> f32 {
    let mut g = Graph::new(Mode::Train);
    let x = g.declare_input("x", vec![Size::batch(), 1.into()], DType::F32, None);
    let p = g.parameter("p", &[1, 1], Init::Constant(0.5));
    let w = g.parameter("w", &[1, 1], Init::Constant(2.0));
    let h = g.linear(x, p, None).expect("fits");
    // the first operation that reads `h`
    let wh = g.linear(h, w, None).expect("fits");
    let square = g.mul(h, h).expect("fits");
    let mut sum = g.add(square, h).expect("fits");
    if let Some(more) = read(&mut g, wh) {
        sum = g.add(sum, more).expect("fits");
    }
    let loss = g.mean_all(sum).expect("fits");
    g.objective("loss", loss);
    let x = HostTensor::f32(vec![3.0; 4], &[4, 1]);
    let found = with(Kernels::Fast, &g, &[("x".to_owned(), x)].into());
    data(&found.gradients["p"])[0]
}

#[test]
fn a_shared_values_gradients_are_summed() {
    // 3 (2 h + 1 + w) with h = 1.5
    let read = |_: &mut Graph, wh| Some(wh);
    assert_eq!(slope_of_a_shared_value(read), 18.0);
    // the first reader leads to no objective: 3 (2 h + 1)
    let stopped = |g: &mut Graph, wh| g.stop_gradient(wh).ok();
    assert_eq!(slope_of_a_shared_value(stopped), 12.0);
    let metric = |g: &mut Graph, wh| {
        let mean = g.mean_all(wh).expect("fits");
        g.metric("wh", mean);
        None
    };
    assert_eq!(slope_of_a_shared_value(metric), 12.0);
}

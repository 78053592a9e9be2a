//! What a stage's settings say about how parameters move: layer decay, averages, precision, checkpointing.

use std::collections::BTreeMap;

use super::fixtures::{close, data, model, sizes, small_batch, small_net};
use crate::engine::checkpoint::{Checkpoint, newest, save};
use crate::engine::{Batch, HostTensor, Trainer};
use crate::files::Folder;
use crate::graph::{DType, Graph, Init, Mode, Module};
use crate::plan::{Decay, Optimizer, Precision, Schedule, Settings};

fn sgd(rate: f64) -> Optimizer {
    Optimizer::Sgd {
        rate,
        momentum: 0.9,
        nesterov: false,
        weight_decay: 0.0,
    }
}

/// Settings that change nothing.
pub fn settings() -> Settings {
    Settings {
        batch: 16,
        accumulate: 1,
        batches_per_epoch: 4,
        steps: 12,
        optimizer: sgd(0.1),
        schedule: Schedule {
            warmup: None,
            decay: Decay::Constant,
        },
        clip: None,
        groups: Vec::new(),
        optimizers: BTreeMap::new(),
        layer_decay: None,
        average: None,
        precision: Precision::F32,
        recompute: false,
        best: None,
        stop: None,
        stop_collapsed: false,
        checkpoint_every: 500,
        checkpoint_minutes: None,
        keep: 2,
        on_bad: crate::data::OnBadSample::Stop,
        by_length: false,
    }
}

fn trainer(graph: &Graph, settings: &Settings) -> Trainer {
    Trainer::new(model(graph), settings.optimizer.clone(), Vec::new(), 7)
        .with_settings(settings, graph)
}

fn steps(trainer: &mut Trainer, graph: &Graph, range: std::ops::Range<u64>) {
    for step in range {
        trainer
            .step(graph, &[small_batch(16, step)], 0.1, None)
            .expect("a step");
    }
}

#[test]
fn deeper_blocks_learn_slower_by_the_layer_decay() {
    use crate::catalog::Value;
    use crate::graph::testing::{encoder, layer, net, pictures};
    let (mut g, image) = pictures(Mode::Train, 1, 8);
    let trunk = Module::new(
        "encoder",
        &encoder("small_cnn", &[("width", Value::Integer(2))]),
    );
    let head = Module::new("head", &net([layer("linear", &[3])]));
    let y = g.call(&trunk, image).expect("fits");
    let y = g.call(&head, y).expect("fits");
    let y = g.mul(y, y).expect("fits");
    let loss = g.mean_all(y).expect("fits");
    g.objective("loss", loss);
    let pixels: Vec<f32> = (0..4 * 64).map(|i| (i as f32 * 0.37).sin()).collect();
    let batch: Batch = [("image".to_owned(), HostTensor::f32(pixels, &[4, 1, 8, 8]))].into();
    let plain = settings();
    let decayed = Settings {
        layer_decay: Some(0.5),
        ..settings()
    };
    let moved = |settings: &Settings| {
        let mut trainer = trainer(&g, settings);
        let before = trainer.model().parameter_values().expect("values");
        trainer
            .step(&g, std::slice::from_ref(&batch), 0.1, None)
            .expect("a step");
        let after = trainer.model().parameter_values().expect("values");
        let change = |(name, tensor): (&String, &HostTensor)| {
            let old = data(&before[name]);
            let change: Vec<f32> = data(tensor).iter().zip(old).map(|(a, b)| a - b).collect();
            (name.clone(), change)
        };
        after.iter().map(change).collect::<BTreeMap<_, _>>()
    };
    let (plain, decayed) = (moved(&plain), moved(&decayed));
    for (name, change) in &plain {
        // three blocks: 0.5³ for the first, 0.5¹ for the last; the head at the full rate
        let factor = match name.split('/').nth(1) {
            Some("conv1") => 0.125,
            Some("conv2") => 0.25,
            Some("conv3") => 0.5,
            _ => 1.0,
        };
        for (a, b) in change.iter().zip(&decayed[name]) {
            assert!((a * factor - b).abs() <= 1e-6, "{name}: {a} {b}");
        }
    }
    assert!(
        plain["encoder/conv1/conv/weight"]
            .iter()
            .any(|x| x.abs() > 1e-4)
    );
}

#[test]
fn an_encoder_written_layer_by_layer_has_a_block_a_layer() {
    use crate::graph::testing::{layer, net, pictures};
    let (mut g, image) = pictures(Mode::Train, 1, 8);
    let layers = net([
        layer("flatten", &[]),
        layer("linear", &[5]),
        layer("relu", &[]),
        layer("linear", &[4]),
    ]);
    let y = g
        .call(&Module::new("encoder", &layers), image)
        .expect("fits");
    g.call(&Module::new("head", &net([layer("linear", &[2])])), y)
        .expect("fits");
    let depths: Vec<(&str, usize)> = g.depths.iter().map(|(n, d)| (n.as_str(), *d)).collect();
    assert_eq!(
        depths,
        [
            ("encoder/1/bias", 0),
            ("encoder/1/weight", 0),
            ("encoder/3/bias", 1),
            ("encoder/3/weight", 1)
        ]
    );
}

#[test]
fn an_average_is_the_recursion_over_the_steps() {
    let graph = small_net(Mode::Train);
    let settings = Settings {
        average: Some(0.8),
        ..settings()
    };
    let mut trainer = trainer(&graph, &settings);
    let values = |trainer: &Trainer| {
        let mut all = trainer.model().parameter_values().expect("values");
        all.extend(trainer.model().buffer_values().expect("values"));
        all
    };
    let mut expected: BTreeMap<String, Vec<f64>> = values(&trainer)
        .iter()
        .map(|(name, tensor)| {
            (
                name.clone(),
                data(tensor).iter().map(|x| f64::from(*x)).collect(),
            )
        })
        .collect();
    for step in 0..6 {
        steps(&mut trainer, &graph, step..step + 1);
        for (name, tensor) in values(&trainer) {
            let average = expected.get_mut(&name).expect("a name");
            for (average, x) in average.iter_mut().zip(data(&tensor)) {
                *average = 0.8 * *average + 0.2 * f64::from(*x);
            }
        }
    }
    let result = trainer.result();
    let mut apart = 0f64;
    for (name, tensor) in values(&trainer) {
        let average = result.get(&name).expect("a tensor");
        for ((got, want), live) in data(&average)
            .iter()
            .zip(&expected[&name])
            .zip(data(&tensor))
        {
            assert!(
                (f64::from(*got) - want).abs() < 1e-5,
                "{name}: {got} {want}"
            );
            apart = apart.max((f64::from(*got) - f64::from(*live)).abs());
        }
    }
    assert!(apart > 1e-3, "the average is the live model");
}

/// Half away from even: the nearest bfloat16.
fn rounded(x: f32) -> f32 {
    let bits = x.to_bits();
    let up = 0x7fff + ((bits >> 16) & 1);
    f32::from_bits((bits.wrapping_add(up)) & 0xffff_0000)
}

#[test]
fn bf16_rounds_what_products_take_and_nothing_else() {
    let mut g = Graph::new(Mode::Train);
    let x = g.declare_input("x", sizes(&[3, 4]), DType::F32, None);
    let weight = g.parameter("weight", &[4, 2], Init::Normal(1.0));
    let y = g.linear(x, weight, None).expect("fits");
    let y = g.mul_scalar(y, 1.0 + 1.0 / 4096.0).expect("fits");
    let loss = g.mean_all(y).expect("fits");
    g.objective("loss", loss);
    let rows: Vec<f32> = (0..12).map(|i| (i as f32 + 0.3).sin()).collect();
    let batch: Batch = [("x".to_owned(), HostTensor::f32(rows.clone(), &[3, 4]))].into();
    let settings = Settings {
        precision: Precision::Bf16,
        optimizer: Optimizer::Sgd {
            rate: 1.0,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        },
        ..settings()
    };
    let mut trainer = trainer(&g, &settings);
    let before = trainer.model().get("weight").expect("a weight");
    let w = data(&before).to_vec();
    let report = trainer.step(&g, &[batch], 1.0, None).expect("a step");
    // each of the six results is a product of rounded numbers, itself rounded once
    let mut sum = 0f64;
    for row in 0..3 {
        for column in 0..2 {
            let dot: f64 = (0..4)
                .map(|k| {
                    f64::from(rounded(rows[4 * row + k])) * f64::from(rounded(w[2 * k + column]))
                })
                .sum();
            sum += f64::from(rounded(dot as f32)) * (1.0 + 1.0 / 4096.0);
        }
    }
    let loss = report.objectives[0].1;
    assert!((loss - sum / 6.0).abs() < 1e-5, "{loss} {}", sum / 6.0);
    // weights are f32: an update far smaller than a bfloat16 step is not lost
    let after = trainer.model().get("weight").expect("a weight");
    assert!(data(&after).iter().any(|x| *x != rounded(*x)));
}

#[test]
fn bf16_trains() {
    let graph = small_net(Mode::Train);
    let settings = Settings {
        precision: Precision::Bf16,
        ..settings()
    };
    let mut trainer = trainer(&graph, &settings);
    let mut last = 0.0;
    for step in 0..60 {
        let report = trainer
            .step(&graph, &[small_batch(64, step)], 0.05, None)
            .expect("a step");
        last = report.metrics[0].1;
    }
    // chance is 1/3
    assert!(last > 0.9, "{last}");
}

/// Four convolutions with batch norm and dropout between them: enough to be worth a cut.
fn deep_net() -> Graph {
    use crate::graph::Size;
    use crate::graph::testing::{layer, net};
    let mut g = Graph::new(Mode::Train);
    let image = vec![Size::batch(), 1.into(), 6.into(), 6.into()];
    let mut x = g.declare_input("view", image, DType::F32, None);
    let label = g.declare_input("label", vec![Size::batch()], DType::Int, Some(3));
    for block in 0..4 {
        let layers = ["conv", "batch_norm", "relu"].map(|name| match name {
            "conv" => layer(name, &[8, 3]),
            _ => layer(name, &[]),
        });
        let block = Module::new(&format!("encoder/block{block}"), &net(layers));
        x = g.call(&block, x).expect("fits");
        x = g.dropout(x, 0.2).expect("fits");
    }
    let x = g.flatten(x).expect("fits");
    let logits = g
        .call(&Module::new("head", &net([layer("linear", &[3])])), x)
        .expect("fits");
    let loss = g.cross_entropy(logits, label).expect("fits");
    g.objective("loss", loss);
    g
}

#[test]
fn what_runs_again_between_cuts_gives_the_same_up_to_rounding() {
    let graph = deep_net();
    let named = graph.objectives.iter().map(|named| named.var);
    let cuts = graph.segments(&named.collect::<Vec<_>>()).cuts;
    assert!(!cuts.is_empty());
    assert!(graph.peak_memory_in_segments(64, 1) < graph.peak_memory(64, true, 1));
    let again = Settings {
        recompute: true,
        ..settings()
    };
    let (mut kept, mut again) = (trainer(&graph, &settings()), trainer(&graph, &again));
    steps(&mut kept, &graph, 0..5);
    steps(&mut again, &graph, 0..5);
    let (one, two) = (
        kept.state().expect("a state"),
        again.state().expect("a state"),
    );
    for (name, tensor) in &one.parameters {
        close(name, data(&two.parameters[name]), data(tensor), 1e-5);
    }
    // running statistics move once
    for (name, tensor) in &one.buffers {
        close(name, data(&two.buffers[name]), data(tensor), 1e-5);
    }
}

#[test]
fn training_goes_on_bit_for_bit_with_every_setting() {
    let variants = [
        Settings {
            average: Some(0.9),
            ..settings()
        },
        Settings {
            layer_decay: Some(0.75),
            ..settings()
        },
        Settings {
            precision: Precision::Bf16,
            ..settings()
        },
        Settings {
            recompute: true,
            average: Some(0.5),
            ..settings()
        },
    ];
    for settings in variants {
        let graph = match settings.recompute {
            true => deep_net(),
            false => small_net(Mode::Train),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let mut undisturbed = trainer(&graph, &settings);
        steps(&mut undisturbed, &graph, 0..12);
        let mut killed = trainer(&graph, &settings);
        steps(&mut killed, &graph, 0..5);
        let saved = Checkpoint {
            state: killed.state().expect("a state"),
            ..Checkpoint::default()
        };
        let opened = Folder::open(folder.path()).expect("a folder");
        save(&opened, &saved, 2).expect("a checkpoint");
        drop(killed);
        let found = newest(&opened, &saved.binding).expect("a folder").found;
        let (_, loaded) = found.expect("a checkpoint");
        assert_eq!(loaded, saved);
        let mut resumed = trainer(&graph, &settings);
        resumed.restore(&loaded.state).expect("a fitting state");
        steps(&mut resumed, &graph, 5..12);
        assert_eq!(
            resumed.state().expect("a state"),
            undisturbed.state().expect("a state")
        );
    }
}

//! What lives between steps: slow copies, states, objectives that take turns, random tensors, gates.

use std::collections::BTreeMap;

use super::fixtures::{close, data, model, read, sizes, tensor};
use super::settings::settings;
use crate::catalog::Value;
use crate::engine::checkpoint::{Checkpoint, newest, save};
use crate::engine::{Batch, Device, HostTensor, Kernels, Model, Trainer, features, gradients};
use crate::files::Folder;
use crate::graph::testing::{encoder, layer, net, pictures};
use crate::graph::{DType, Graph, Init, Mode, Module, Moment, Scalar, Size, Var};
use crate::plan::{Optimizer, Settings};

fn sgd(rate: f64) -> Optimizer {
    Optimizer::Sgd {
        rate,
        momentum: 0.0,
        nesterov: false,
        weight_decay: 0.0,
    }
}

fn rows(g: &mut Graph, name: &str, width: usize) -> Var {
    g.declare_input(name, vec![Size::batch(), width.into()], DType::F32, None)
}

fn batch(name: &str, values: &[f32], width: usize) -> Batch {
    let tensor = HostTensor::f32(values.to_vec(), &[values.len() / width, width]);
    [(name.to_owned(), tensor)].into()
}

fn noise(salt: u64, n: usize) -> Vec<f32> {
    let mut stream = crate::data::Philox::new(salt, &[]);
    (0..n).map(|_| stream.normal()).collect()
}

/// An encoder and its slow copy on the same pictures.
fn student_and_teacher(mode: Mode) -> (Graph, Var, Var) {
    let (mut g, image) = pictures(mode, 1, 8);
    let student = Module::new(
        "encoder",
        &encoder("small_cnn", &[("width", Value::Integer(2))]),
    );
    let teacher = g.ema(&student, 0.9).expect("a slow copy");
    let z = g.call(&student, image).expect("fits");
    let t = g.call(&teacher, image).expect("fits");
    let away = g.sub(z, t).expect("fits");
    let square = g.mul(away, away).expect("fits");
    let one = g.add_scalar(z, 1.0).expect("fits");
    let size = g.mul(one, one).expect("fits");
    let both = g.add(square, size).expect("fits");
    let loss = g.mean_all(both).expect("fits");
    g.objective("loss", loss);
    (g, z, t)
}

#[test]
fn a_slow_copy_starts_the_same_has_its_own_buffers_and_normalises_by_the_batch() {
    let (g, z, t) = student_and_teacher(Mode::Train);
    let start = model(&g);
    let pixels = noise(1, 4 * 64);
    let image: Batch = [("image".to_owned(), HostTensor::f32(pixels, &[4, 1, 8, 8]))].into();
    for parameter in g.parameters.iter().filter(|p| g.is_slow(&p.name)) {
        let source = parameter.name.strip_prefix("ema/").expect("a slow name");
        assert_eq!(
            start.get(&parameter.name).ok(),
            start.get(source).ok(),
            "{source}"
        );
    }
    // the same weights and both in train mode: the same output, whatever the running statistics are
    let mut odd = start.clone();
    for buffer in g.buffers.iter().filter(|b| b.name.starts_with("ema/")) {
        let values = HostTensor::f32(vec![7.0; buffer.shape.iter().product()], &buffer.shape);
        odd.set(&buffer.name, &values).expect("a buffer");
    }
    let out = features(&g, &odd, &image, &[z, t]).expect("a pass");
    assert_eq!(out[0], out[1]);

    let mut trainer = Trainer::new(odd, sgd(0.1), Vec::new(), 0);
    let before = trainer.state().expect("a state");
    trainer.step(&g, &[image], 0.1, None).expect("a step");
    let after = trainer.state().expect("a state");
    for (name, tensor) in &after.parameters {
        if let Some(source) = name.strip_prefix("ema/") {
            let expected: Vec<f32> = data(&before.parameters[name])
                .iter()
                .zip(data(&after.parameters[source]))
                .map(|(slow, new)| 0.9 * slow + 0.1 * new)
                .collect();
            close(name, data(tensor), &expected, 1e-6);
            assert!(!after.moments.contains_key(name), "{name}");
        }
    }
    for (name, tensor) in &after.buffers {
        // 0.9 * 7 + 0.1 * batch for the copy, 0.9 * start + 0.1 * batch for the encoder: the batch's part is the same
        if let Some(source) = name.strip_prefix("ema/") {
            let start = data(&before.buffers[source]);
            let own = data(&after.buffers[source]);
            let expected: Vec<f32> = own
                .iter()
                .zip(start)
                .map(|(x, s)| x - 0.9 * s + 6.3)
                .collect();
            close(name, data(tensor), &expected, 1e-5);
        }
    }
}

/// Everything that lives between steps: two objectives with their own optimisers, a slow copy, a queue, a bank, noise.
fn everything() -> Graph {
    let mut g = Graph::new(Mode::Train);
    g.set_records(20);
    let x = rows(&mut g, "x", 4);
    let trunk = Module::new(
        "encoder",
        &net([
            layer("linear", &[5]),
            layer("batch_norm", &[]),
            layer("relu", &[]),
        ]),
    );
    let critic = Module::new("critic", &net([layer("linear", &[1])]));
    let slow = g
        .ema(&trunk, Scalar::cosine(0.5, 1.0))
        .expect("a slow copy");
    let mut build = || -> crate::catalog::Result<()> {
        let jitter = g.random_normal(vec![Size::batch(), 4.into()]);
        let jitter = g.mul_scalar(jitter, 0.1)?;
        let x = g.add(x, jitter)?;
        let z = g.call(&trunk, x)?; // [B, 5]
        let key = g.call(&slow, x)?;
        let queue = g.state("queue", &[8, 5], Init::UnitRows, DType::F32)?;
        let bank = g.state("bank", &[20, 5], Init::Constant(0.0), DType::F32)?;
        let seen = g.state("seen", &[1], Init::Constant(0.0), DType::Int)?;
        let old = g.read(queue);
        let index = g.index();
        g.assign_rows(bank, index, key)?;
        let next = g.concat(&[key, old], 0)?; // [B + 8, 5]
        let next = g.slice(next, 0, 0.into(), 8.into())?;
        g.assign(queue, next)?;
        let count = g.read(seen);
        g.assign(seen, count)?;
        let still = g.stop_gradient(z)?;
        let judged = g.call(&critic, still)?;
        let judged = g.mul(judged, judged)?;
        let loss = g.mean_all(judged)?;
        g.objective_of("critic", loss, &[&critic])?;
        let turned = g.transpose(old, 0, 1)?;
        let logits = g.matmul(z, turned)?; // [B, 8]
        let fooled = g.call(&critic, z)?;
        let a = g.mean_all(logits)?;
        let b = g.mean_all(fooled)?;
        let loss = g.sub(a, b)?;
        g.objective("loss", loss);
        Ok(())
    };
    build().expect("it fits");
    g
}

fn everything_batch(step: u64) -> Batch {
    let index: Vec<i64> = (0..4).map(|i| ((step * 4 + i) % 20) as i64).collect();
    let mut batch = batch("x", &noise(step, 16), 4);
    batch.insert("index".into(), HostTensor::int(index, &[4]));
    batch
}

fn everything_settings() -> Settings {
    Settings {
        optimizer: Optimizer::AdamW {
            rate: 1e-2,
            betas: (0.9, 0.999),
            epsilon: 1e-8,
            weight_decay: 0.05,
        },
        optimizers: [("critic".to_owned(), sgd(0.05))].into(),
        average: Some(0.9),
        ..settings()
    }
}

fn trainer(graph: &Graph, settings: &Settings) -> Trainer {
    Trainer::new(model(graph), settings.optimizer.clone(), Vec::new(), 7)
        .with_settings(settings, graph)
}

#[test]
fn a_checkpoint_is_the_live_model_and_training_goes_on_bit_for_bit() {
    let graph = everything();
    let settings = everything_settings();
    let folder = tempfile::tempdir().expect("a folder");
    let steps = |trainer: &mut Trainer, range: std::ops::Range<u64>| {
        for step in range {
            trainer
                .step(&graph, &[everything_batch(step)], 1e-2, Some(1.0))
                .expect("a step");
        }
    };
    let mut undisturbed = trainer(&graph, &settings);
    steps(&mut undisturbed, 0..12);
    let mut killed = trainer(&graph, &settings);
    steps(&mut killed, 0..5);
    let saved = Checkpoint {
        state: killed.state().expect("a state"),
        ..Checkpoint::default()
    };
    let opened = Folder::open(folder.path()).expect("a folder");
    save(&opened, &saved, 2).expect("a checkpoint");
    let found = newest(&opened, &saved.binding).expect("a folder").found;
    let (path, loaded) = found.expect("a checkpoint");
    assert_eq!(loaded, saved);
    // nothing in it says which device it was made on
    let bytes = std::fs::read(folder.path().join(path)).expect("a file");
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        crate::engine::DEVICE_WORDS
            .iter()
            .all(|word| !text.contains(word))
    );
    // right after a step, what is restored is what lives
    let mut resumed = trainer(&graph, &settings);
    resumed.restore(&loaded.state).expect("a fitting state");
    for (name, value) in killed.model().parameter_values().expect("values") {
        assert_eq!(resumed.model().get(&name).ok(), Some(value), "{name}");
    }
    assert_eq!(
        resumed.state().expect("a state"),
        killed.state().expect("a state")
    );
    steps(&mut resumed, 5..12);
    let (a, b) = (
        resumed.state().expect("a state"),
        undisturbed.state().expect("a state"),
    );
    assert_eq!(a, b);
    // the momenta of both optimisers, the queue and the bank are there and have moved
    assert!(a.moments.contains_key("critic:critic/0/weight"));
    assert!(
        a.moments.contains_key("encoder/0/weight") && !a.moments.contains_key("critic/0/weight")
    );
    assert!(data(&a.states["bank"]).iter().any(|x| *x != 0.0));
    assert!(matches!(a.states["seen"], HostTensor::Int { .. }));
}

/// From flex to every other device that starts in this build, and back; flex without kernels of its own counts as one.
#[test]
fn training_goes_on_on_another_device() {
    let graph = everything();
    let settings = everything_settings();
    let on = |device: &Device| {
        let model = Model::init(&graph, 7, device).expect("a model");
        Trainer::new(model, settings.optimizer.clone(), Vec::new(), 7)
            .with_settings(&settings, &graph)
    };
    let losses = |trainer: &mut Trainer, range: std::ops::Range<u64>| -> Vec<f32> {
        let step = |step| {
            let report = trainer.step(&graph, &[everything_batch(step)], 1e-2, Some(1.0));
            report.expect("a step").objectives[1].1 as f32
        };
        range.map(step).collect()
    };
    let flex = Device::flex();
    let mut undisturbed = on(&flex);
    losses(&mut undisturbed, 0..5);
    let wanted = losses(&mut undisturbed, 5..9);
    let others = ["ndarray", "cuda", "vulkan"].map(Device::open);
    let mut others: Vec<Device> = others.into_iter().flatten().collect();
    others.push(flex.clone().with_kernels(Kernels::Reference));
    for other in &others {
        for (from, to) in [(&flex, other), (other, &flex)] {
            let mut first = on(from);
            losses(&mut first, 0..5);
            let state = first.state().expect("a state");
            let mut then = on(to);
            then.restore(&state).expect("a fitting state");
            assert_eq!(then.state().expect("a state"), state);
            let what = format!("{} to {}", from.name(), to.name());
            close(&what, &losses(&mut then, 5..9), &wanted, 1e-4);
        }
    }
}

#[test]
fn a_queue_and_a_bank_hold_what_was_assigned() {
    let mut g = Graph::new(Mode::Train);
    g.set_records(6);
    let x = rows(&mut g, "x", 2);
    let weight = g.parameter("weight", &[2, 2], Init::Normal(1.0));
    let z = g.linear(x, weight, None).expect("fits");
    let bank = g
        .state("bank", &[6, 2], Init::Constant(-1.0), DType::F32)
        .expect("a state");
    let queue = g
        .state("queue", &[4, 2], Init::Constant(0.0), DType::F32)
        .expect("a state");
    let index = g.index();
    g.assign_rows(bank, index, x).expect("fits");
    let old = g.read(queue);
    let next = g.concat(&[x, old], 0).expect("fits"); // [B + 4, 2]
    let next = g.slice(next, 0, 0.into(), 4.into()).expect("fits");
    g.assign(queue, next).expect("fits");
    let loss = g.mean_all(z).expect("fits");
    g.objective("loss", loss);
    let mut trainer = Trainer::new(model(&g), sgd(0.1), Vec::new(), 0);
    for (rows, at) in [
        ([1.0, 2.0, 3.0, 4.0], [4, 1]),
        ([5.0, 6.0, 7.0, 8.0], [0, 4]),
    ] {
        let mut batch = batch("x", &rows, 2);
        batch.insert("index".into(), HostTensor::int(at.to_vec(), &[2]));
        trainer.step(&g, &[batch], 0.1, None).expect("a step");
    }
    let states = trainer.state().expect("a state").states;
    assert_eq!(
        data(&states["queue"]),
        [5.0, 6.0, 7.0, 8.0, 1.0, 2.0, 3.0, 4.0]
    );
    assert_eq!(
        data(&states["bank"]),
        [
            5.0, 6.0, 3.0, 4.0, -1.0, -1.0, -1.0, -1.0, 7.0, 8.0, -1.0, -1.0
        ]
    );
}

/// Rows `x w` and a queue of the last ones: each of them is moved towards the queue's mean.
fn queued() -> Graph {
    let mut g = Graph::new(Mode::Train);
    let x = rows(&mut g, "x", 2);
    let weight = g.parameter("weight", &[2, 2], Init::Normal(1.0));
    let z = g.linear(x, weight, None).expect("fits"); // [B, 2]
    let queue = g
        .state("queue", &[4, 2], Init::Constant(0.5), DType::F32)
        .expect("a state");
    let old = g.read(queue); // [4, 2]
    let mean = g.mean(old, 0).expect("fits"); // [1, 2]
    let away = g.sub(z, mean).expect("fits");
    let square = g.mul(away, away).expect("fits");
    let loss = g.mean_all(square).expect("fits");
    g.objective("loss", loss);
    let young = g.stop_gradient(z).expect("fits");
    let next = g.concat(&[young, old], 0).expect("fits");
    let next = g.slice(next, 0, 0.into(), 4.into()).expect("fits");
    g.assign(queue, next).expect("fits");
    g
}

#[test]
fn batches_of_one_step_hand_the_states_on() {
    let g = queued();
    let batches = [
        batch("x", &[1.0, 2.0, 3.0, -4.0], 2),
        batch("x", &[0.5, -1.0, 2.0, 0.25], 2),
    ];
    let start = model(&g);
    let weight = data(&start.get("weight").expect("a weight")).to_vec();
    let mut trainer = Trainer::new(start.clone(), sgd(0.1), Vec::new(), 0);
    let report = trainer.step(&g, &batches, 0.1, None).expect("a step");
    // a rate of 0 moves the queue alone: what the second batch finds
    let mut still = Trainer::new(start.clone(), sgd(0.0), Vec::new(), 0);
    let first = still.step(&g, &batches[..1], 0.0, None).expect("a step");
    let one = gradients(&g, &start, &batches[0]).expect("gradients");
    let two = gradients(&g, still.model(), &batches[1]).expect("gradients");
    let second = still.step(&g, &batches[1..], 0.0, None).expect("a step");
    let [one, two] = [one, two].map(|found| data(&found.gradients["weight"]).to_vec());
    let moved: Vec<f32> = (0..4)
        .map(|i| weight[i] - 0.05 * (one[i] + two[i]))
        .collect();
    let got = trainer.model().get("weight").expect("a weight");
    close("weight", data(&got), &moved, 1e-6);
    let loss = 0.5 * (first.objectives[0].1 + second.objectives[0].1);
    assert!((report.objectives[0].1 - loss).abs() < 1e-6);
    // x w of the second batch in front of the first one's
    let z = |x: [f32; 2]| [0, 1].map(|j| x[0] * weight[j] + x[1] * weight[2 + j]);
    let wanted = [[0.5, -1.0], [2.0, 0.25], [1.0, 2.0], [3.0, -4.0]]
        .map(z)
        .concat();
    let states = trainer.state().expect("a state").states;
    close("queue", data(&states["queue"]), &wanted, 1e-6);
    // where the second fails, what the first put in is taken back
    let before = trainer.state().expect("a state");
    let bad = [batches[0].clone(), batch("x", &[f32::NAN; 4], 2)];
    assert!(trainer.step(&g, &bad, 0.1, None).is_err());
    assert_eq!(trainer.state().expect("a state"), before);
}

/// y = a b, made small by a first and by b then, with the same node.
#[test]
fn a_value_with_two_gradients_is_computed_again_from_what_has_moved() {
    let mut g = Graph::new(Mode::Train);
    let a = g.parameter("a/w", &[1], Init::Constant(2.0));
    let b = g.parameter("b/w", &[1], Init::Constant(3.0));
    let y = g.mul(a, b).expect("fits");
    let square = g.mul(y, y).expect("fits");
    let half = g.mul_scalar(square, 0.5).expect("fits");
    let module = |name: &str| Module::new(name, &net([layer("linear", &[1])]));
    g.objective_of("first", half, &[&module("a")])
        .expect("a name");
    g.objective_of("second", half, &[&module("b")])
        .expect("a name");
    let turns = g.turns(&[]);
    assert_eq!(turns.len(), 2);
    assert!(turns[0].repeated.is_empty() && turns[0].keep.is_empty());
    assert_eq!(turns[1].repeated.len(), 3);
    let mut trainer = Trainer::new(model(&g), sgd(0.01), Vec::new(), 0);
    let report = trainer
        .step(&g, &[Batch::new()], 0.01, None)
        .expect("a step");
    let a1 = 2.0 - 0.01 * (2.0 * 3.0 * 3.0);
    let b1 = 3.0 - 0.01 * (a1 * 3.0 * a1);
    let value = |name: &str| data(&trainer.model().get(name).expect("a tensor"))[0];
    assert!((value("a/w") - a1).abs() < 1e-6);
    assert!((value("b/w") - b1).abs() < 1e-6);
    let second = 0.5 * f64::from(a1 * 3.0).powi(2);
    assert!((report.objectives[0].1 - 18.0).abs() < 1e-5);
    assert!((report.objectives[1].1 - second).abs() < 1e-4);
}

#[test]
fn a_gan_follows_pytorch_for_twenty_steps() {
    let fixture = read(include_str!("../../../tests/fixtures/engine/gan.json"));
    let mut g = Graph::new(Mode::Train);
    let noise = rows(&mut g, "noise", 3);
    let real = rows(&mut g, "real", 2);
    let generator = Module::new(
        "generator",
        &net([
            layer("linear", &[6]),
            layer("relu", &[]),
            layer("batch_norm", &[]),
            layer("linear", &[2]),
        ]),
    );
    let critic = Module::new(
        "critic",
        &net([
            layer("linear", &[5]),
            layer("relu", &[]),
            layer("linear", &[1]),
        ]),
    );
    let mut build = || -> crate::catalog::Result<()> {
        let fake = g.call(&generator, noise)?;
        let still = g.stop_gradient(fake)?;
        let real = g.call(&critic, real)?;
        let made = g.call(&critic, still)?;
        let real = g.neg(real)?;
        let (right, wrong) = (g.softplus(real)?, g.softplus(made)?);
        let (right, wrong) = (g.mean_all(right)?, g.mean_all(wrong)?);
        let loss = g.add(right, wrong)?;
        g.objective_of("critic", loss, &[&critic])?;
        let fooled = g.call(&critic, fake)?;
        let fooled = g.neg(fooled)?;
        let fooled = g.softplus(fooled)?;
        let loss = g.mean_all(fooled)?;
        g.objective("generator", loss);
        Ok(())
    };
    build().expect("it fits");
    // what the generator made is carried with its tape; the discriminator judges it again
    let turns = g.turns(&[]);
    assert!(turns[1].repeated.is_empty(), "{:?}", turns[1].repeated);
    assert_eq!(
        turns[0]
            .keep
            .iter()
            .map(|(_, gradient)| *gradient)
            .collect::<Vec<_>>(),
        [true]
    );
    let adam = |rate| Optimizer::Adam {
        rate,
        betas: (0.5, 0.999),
        epsilon: 1e-8,
        weight_decay: 0.0,
    };
    let settings = Settings {
        optimizer: adam(1e-2),
        optimizers: [("critic".to_owned(), adam(2e-2))].into(),
        ..settings()
    };
    let mut start = model(&g);
    let list = |key: &str| -> BTreeMap<String, HostTensor> {
        let all = fixture[key].as_object().expect("tensors");
        all.iter()
            .map(|(name, json)| (name.clone(), tensor(json)))
            .collect()
    };
    for (name, value) in list("start") {
        start
            .set(&named(&start, &name), &value)
            .expect("a tensor of this name");
    }
    let mut trainer =
        Trainer::new(start, settings.optimizer.clone(), Vec::new(), 0).with_settings(&settings, &g);
    for step in fixture["steps"].as_array().expect("steps") {
        let batch: Batch = [
            ("noise".to_owned(), tensor(&step["noise"])),
            ("real".to_owned(), tensor(&step["real"])),
        ]
        .into();
        let report = trainer.step(&g, &[batch], 1e-2, None).expect("a step");
        for (name, value) in &report.objectives {
            let wanted = step[name.as_str()].as_f64().expect("a loss");
            assert!(
                (value - wanted).abs() < 2e-5,
                "{name}: {value}, expected {wanted}"
            );
        }
    }
    for (name, value) in list("end") {
        let got = trainer
            .model()
            .get(&named(trainer.model(), &name))
            .expect("a tensor");
        close(&name, data(&got), data(&value), 5e-5);
    }
}

/// The name that a tensor of PyTorch has here; a batch norm's are called the same.
fn named(model: &Model, name: &str) -> String {
    let known = model
        .parameters()
        .chain(model.buffers())
        .any(|(own, _)| own == name);
    assert!(known, "{name}");
    name.to_owned()
}

#[test]
fn a_gate_holds_the_gradient_and_the_momentum_back() {
    let mut g = Graph::new(Mode::Train);
    let w = g.parameter("w", &[1], Init::Constant(1.0));
    let v = g.parameter("v", &[1], Init::Constant(1.0));
    let gated = g.when(Scalar::After(Moment::Steps(2)), w);
    let y = g.add(gated, v).expect("fits");
    let loss = g.mean_all(y).expect("fits");
    g.objective("loss", loss);
    let settings = Settings {
        optimizer: Optimizer::Sgd {
            rate: 0.1,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 0.0,
        },
        ..settings()
    };
    let mut trainer = trainer(&g, &settings);
    let mut values = Vec::new();
    for _ in 0..4 {
        trainer
            .step(&g, &[Batch::new()], 0.1, None)
            .expect("a step");
        values.push(data(&trainer.model().get("w").expect("w"))[0]);
    }
    // 0.1, then 0.1 * 1.9
    close("w", &values, &[1.0, 1.0, 0.9, 0.71], 1e-6);
}

#[test]
fn a_loss_that_is_gated_off_as_a_whole_moves_nothing() {
    let mut g = Graph::new(Mode::Train);
    let w = g.parameter("w", &[1], Init::Constant(1.0));
    let loss = g.when(Scalar::After(Moment::Steps(1)), w);
    g.objective("loss", loss);
    let mut trainer = trainer(&g, &settings());
    trainer
        .step(&g, &[Batch::new()], 0.1, None)
        .expect("a step");
    assert_eq!(data(&trainer.model().get("w").expect("w")), [1.0]);
    trainer
        .step(&g, &[Batch::new()], 0.1, None)
        .expect("a step");
    assert_ne!(data(&trainer.model().get("w").expect("w")), [1.0]);
}

#[test]
fn scalars_follow_the_step() {
    let mut g = Graph::new(Mode::Train);
    let w = g.parameter("w", &[1], Init::Constant(1.0));
    let scalar = g.scalar(Scalar::linear(0.0, 1.0, Moment::Fraction(1.0)));
    let loss = g.mul(w, scalar).expect("fits");
    g.objective("loss", loss);
    g.metric("scalar", scalar);
    let mut trainer = trainer(&g, &settings());
    let seen: Vec<f64> = (0..3)
        .map(|_| {
            let report = trainer
                .step(&g, &[Batch::new()], 0.0, None)
                .expect("a step");
            report.metrics[0].1
        })
        .collect();
    for (step, value) in seen.iter().enumerate() {
        assert!((value - step as f64 / 12.0).abs() < 1e-6);
    }
}

#[test]
fn a_later_turn_that_fails_takes_the_earlier_one_back() {
    let mut g = Graph::new(Mode::Train);
    let x = g.declare_input("x", sizes(&[1]), DType::F32, None);
    let a = g.parameter("a/w", &[1], Init::Constant(2.0));
    let b = g.parameter("b/w", &[1], Init::Constant(3.0));
    let module = |name: &str| Module::new(name, &net([layer("linear", &[1])]));
    g.objective_of("first", a, &[&module("a")]).expect("a name");
    let bad = g.mul(b, x).expect("fits");
    g.objective_of("second", bad, &[&module("b")])
        .expect("a name");
    let mut trainer = trainer(&g, &settings());
    let before = trainer.state().expect("a state");
    let batch: Batch = [("x".to_owned(), HostTensor::f32(vec![f32::NAN], &[1]))].into();
    assert!(trainer.step(&g, &[batch], 0.1, None).is_err());
    assert_eq!(trainer.state().expect("a state"), before);
}

#[test]
fn random_tensors_change_with_the_step_and_not_with_a_restart() {
    let mut g = Graph::new(Mode::Train);
    let w = g.parameter("w", &[1], Init::Constant(1.0));
    let drawn = g.random_uniform(vec![1.into()]);
    let again = g.random_uniform(vec![1.into()]);
    let loss = g.mul(w, drawn).expect("fits");
    g.objective("loss", loss);
    g.metric("a", drawn);
    g.metric("b", again);
    let run = |from: u64| {
        let mut trainer = Trainer::new(
            Model::init(&g, 7, &Device::flex()).expect("a model"),
            sgd(0.0),
            Vec::new(),
            7,
        );
        let mut seen = Vec::new();
        for step in 0..4 {
            if step == from {
                let state = trainer.state().expect("a state");
                trainer.restore(&state).expect("a state");
            }
            let report = trainer
                .step(&g, &[Batch::new()], 0.0, None)
                .expect("a step");
            seen.push((report.metrics[0].1, report.metrics[1].1));
        }
        seen
    };
    let seen = run(9);
    assert_eq!(seen, run(2));
    let mut all: Vec<f64> = seen.iter().flat_map(|(a, b)| [*a, *b]).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    assert_eq!(all.len(), 8);
}

#[test]
fn a_random_order_is_a_permutation_that_changes_with_the_step() {
    let mut g = Graph::new(Mode::Train);
    let w = g.parameter("w", &[1], Init::Constant(1.0));
    let order = g.random_order(16);
    let order = g.to_float(order).expect("fits"); // [16]
    let first = g.slice(order, 0, 0.into(), 1.into()).expect("fits");
    let loss = g.mul(w, first).expect("fits");
    g.objective("loss", loss);
    let sum = g.mean_all(order).expect("fits");
    g.metric("mean", sum);
    let square = g.mul(order, order).expect("fits");
    let cube = g.mul(square, order).expect("fits");
    for (name, power) in [("squares", square), ("cubes", cube)] {
        let mean = g.mean_all(power).expect("fits");
        g.metric(name, mean);
    }
    let model = Model::init(&g, 7, &Device::flex()).expect("a model");
    let mut trainer = Trainer::new(model, sgd(0.0), Vec::new(), 7);
    let mut firsts = Vec::new();
    for _ in 0..8 {
        let report = trainer
            .step(&g, &[Batch::new()], 0.0, None)
            .expect("a step");
        // of 0..16: 120 / 16, 1240 / 16, 14400 / 16
        let means: Vec<f64> = report.metrics.iter().map(|(_, value)| *value).collect();
        assert_eq!(means, [7.5, 77.5, 900.0]);
        firsts.push(report.objectives[0].1);
    }
    firsts.sort_by(f64::total_cmp);
    firsts.dedup();
    assert!(firsts.len() > 3, "{firsts:?}");
}

//! States, slow copies, phases, hashes.

use super::testing::{encoder, layer, net, pictures};
use super::{Attrs, DType, Graph, Init, Mode, Module, Moment, Scalar, Size, Var, operation, show};
use crate::catalog::Value;
use crate::language::Span;

fn rows(g: &mut Graph, width: usize) -> Var {
    g.declare_input("x", vec![Size::batch(), width.into()], DType::F32, None)
}

fn linear(name: &str, width: i64) -> Module {
    Module::new(name, &net([layer("linear", &[width])]))
}

#[test]
fn a_slow_copy_has_names_of_its_own_and_no_gradient() {
    let (mut g, image) = pictures(Mode::Train, 3, 16);
    let encoder = Module::new(
        "encoder",
        &encoder("small_cnn", &[("width", Value::Integer(4))]),
    );
    let slow = g.ema(&encoder, Scalar::cosine(0.99, 1.0)).unwrap();
    assert_eq!(slow.name, "ema/encoder");
    let key = g.call(&slow, image).unwrap();
    let query = g.call(&encoder, image).unwrap();
    for parameter in &g.parameters {
        let name = &parameter.name;
        assert_eq!(g.is_slow(name), name.starts_with("ema/encoder/"), "{name}");
    }
    let count = |prefix: &str| {
        let starts = |name: &&str| name.starts_with(prefix);
        let parameters = g.parameters.iter().map(|p| p.name.as_str()).filter(starts);
        let buffers = g.buffers.iter().map(|b| b.name.as_str()).filter(starts);
        (parameters.count(), buffers.count())
    };
    assert_eq!(count("ema/encoder/"), count("encoder/"));
    let flow = g.flow();
    assert!(!flow.differentiable[key.0 as usize]);
    assert!(flow.differentiable[query.0 as usize]);
    assert!(g.ema(&encoder, 0.5).is_err());
    assert!(g.ema(&encoder, Scalar::cosine(0.99, 1.0)).is_ok());
}

#[test]
fn objectives_share_out_the_parameters() {
    let mut g = Graph::new(Mode::Train);
    let x = rows(&mut g, 3);
    let (generator, critic) = (linear("generator", 3), linear("critic", 1));
    let fake = g.call(&generator, x).unwrap();
    let stopped = g.stop_gradient(fake).unwrap();
    let judged = g.call(&critic, stopped).unwrap();
    let loss = g.mean_all(judged).unwrap();
    g.objective_of("critic", loss, &[&critic]).unwrap();
    let fooled = g.call(&critic, fake).unwrap();
    let loss = g.mean_all(fooled).unwrap();
    g.objective("adversarial", loss);
    let size = g.mean_all(fake).unwrap();
    g.objective("size", size);
    let names = |phase: &super::Phase| -> Vec<&str> {
        phase
            .parameters
            .iter()
            .map(|i| g.parameters[*i].name.as_str())
            .collect()
    };
    let phases = g.phases();
    assert_eq!(phases.len(), 2);
    assert_eq!(phases[0].name.as_deref(), Some("critic"));
    assert_eq!(names(&phases[0]), ["critic/0/weight", "critic/0/bias"]);
    assert_eq!(phases[1].name, None);
    assert_eq!(phases[1].objectives, [1, 2]);
    assert_eq!(
        names(&phases[1]),
        ["generator/0/weight", "generator/0/bias"]
    );
    assert!(g.objective_of("critic", loss, &[&critic]).is_err());
}

#[test]
fn states_are_read_and_assigned_by_their_sizes() {
    let mut g = Graph::new(Mode::Train);
    let x = rows(&mut g, 4);
    g.set_records(100);
    let bank = g
        .state("bank", &[100, 4], Init::UnitRows, DType::F32)
        .unwrap();
    assert_eq!(
        g.state("bank", &[100, 4], Init::UnitRows, DType::F32).ok(),
        Some(bank)
    );
    assert!(
        g.state("bank", &[10, 4], Init::UnitRows, DType::F32)
            .is_err()
    );
    assert!(g.state("ids", &[3], Init::Normal(1.0), DType::Int).is_err());
    for init in [
        Init::Normal(0.0),
        Init::Normal(-1.0),
        Init::Normal(f32::NAN),
        Init::Uniform(0.0),
        Init::TruncatedNormal(f32::INFINITY),
    ] {
        let refused = g.state("zeros", &[3], init, DType::F32).unwrap_err();
        assert!(refused.message.contains("above 0"), "{refused}");
    }
    let old = g.read(bank);
    assert_eq!(show(g.shape(old)), "[100, 4]");
    let index = g.index();
    assert_eq!(g.index(), index);
    g.assign_rows(bank, index, x).unwrap();
    let problem = g.assign(bank, x).unwrap_err();
    assert!(
        problem.message.contains("state `bank` is F32 [100, 4]"),
        "{problem}"
    );
    assert!(g.assign_rows(bank, x, x).is_err());
    assert_eq!(g.records().ok(), Some(100));
    assert!(Graph::new(Mode::Train).records().is_err());
}

/// A queue through the methods, or through the table.
fn queue(by_table: bool, span: Span) -> Graph {
    let mut g = Graph::new(Mode::Train);
    g.set_span(span);
    let x = rows(&mut g, 4);
    let gate = Scalar::After(Moment::Epochs(1.0));
    if by_table {
        let mut apply = |name: &str, operands: &[Var], attrs: Attrs| {
            g.apply(operation(name).unwrap(), operands, &attrs).unwrap()
        };
        let state = Attrs::new()
            .with("name", "queue")
            .with("shape", vec![8i64, 4]);
        let old = apply("state", &[], state.with("init", "unit_rows"))[0];
        let when = Attrs::new()
            .with("curve", "step")
            .with("end", 1.0)
            .with("unit", "epochs");
        let gated = apply("when", &[x], when)[0];
        let loss = apply("mean_all", &[gated], Attrs::new())[0];
        apply("objective", &[loss], Attrs::new().with("name", "loss"));
        apply("assign", &[old, old], Attrs::new());
    } else {
        let id = g
            .state("queue", &[8, 4], Init::UnitRows, DType::F32)
            .unwrap();
        let old = g.read(id);
        let gated = g.when(gate, x);
        let loss = g.mean_all(gated).unwrap();
        g.objective("loss", loss);
        g.assign(id, old).unwrap();
    }
    g
}

#[test]
fn a_hash_is_of_what_is_computed() {
    let here = Span::default();
    let there = Span::new(here.file, 3, 9);
    let hash = queue(false, here).hash();
    assert_eq!(hash, queue(false, there).hash());
    assert_eq!(hash, queue(true, here).hash());
    let mut other = queue(false, here);
    other.states[0].init = Init::Normal(1.0);
    assert_ne!(hash, other.hash());
    let mut other = queue(false, here);
    other.objectives[0].name = "cost".into();
    assert_ne!(hash, other.hash());
    let mut other = queue(false, here);
    other.nodes.swap(0, 1);
    assert_ne!(hash, other.hash());
}

#[test]
fn work_before_epochs_is_told_where_it_does_not_fit() {
    let (mut g, image) = pictures(Mode::Train, 3, 16);
    g.set_records(100);
    let small = Module::new(
        "encoder",
        &encoder("small_cnn", &[("width", Value::Integer(2))]),
    );
    g.call(&small, image).unwrap(); // [B, 8]
    let mut state = |name: &str, shape: &[usize], dtype| {
        g.state(name, shape, Init::Constant(0.0), dtype).unwrap()
    };
    let bank = state("bank", &[100, 8], DType::F32);
    let narrow = state("narrow", &[100, 7], DType::F32);
    let centres = state("centres", &[10, 8], DType::F32);
    let many = state("many", &[101, 8], DType::F32);
    let clusters = state("clusters", &[100], DType::Int);
    assert!(g.kmeans(bank, centres, clusters, 10).is_ok());
    for (bank, centres, clusters) in [
        (narrow, centres, clusters),
        (bank, many, clusters),
        (bank, centres, bank),
        (clusters, centres, clusters),
    ] {
        let problem = g.kmeans(bank, centres, clusters, 10).unwrap_err();
        assert!(problem.message.contains("k up to N"), "{problem}");
    }
    assert!(g.kmeans(bank, centres, clusters, 0).is_err());
    assert!(g.fill(bank, |g, x| g.call(&small, x)).is_ok());
    assert!(g.fill(narrow, |g, x| g.call(&small, x)).is_err());
    assert!(g.fill(clusters, |g, x| g.call(&small, x)).is_err());
    // one row for all is not one for each
    let mean = g.fill(bank, |g, x| {
        let z = g.call(&small, x)?;
        g.mean(z, 0)
    });
    assert!(mean.unwrap_err().message.contains("can't be filled"));
    assert_eq!(g.work.len(), 2);
    assert!(g.verify().is_ok());
    // what only the filling calls is in no checkpoint
    let head = linear("head", 8);
    g.fill(bank, |g, x| {
        let z = g.call(&small, x)?;
        g.call(&head, z)
    })
    .unwrap();
    let problem = g.verify().unwrap_err();
    assert!(problem.message.contains("`head/0/weight`"), "{problem}");
}

#[test]
fn a_part_must_be_called() {
    let mut g = Graph::new(Mode::Train);
    let x = rows(&mut g, 3);
    let (called, idle) = (linear("called", 3), linear("idle", 3));
    g.call(&called, x).unwrap();
    g.part("good", &called);
    assert!(g.verify().is_ok());
    g.part("bad", &idle);
    let problem = g.verify().unwrap_err();
    assert!(
        problem.message.contains("the part `bad` is `idle`"),
        "{problem}"
    );
}

#[test]
fn tensors_of_a_module_take_another_name() {
    let (mut g, image) = pictures(Mode::Eval, 3, 16);
    let small = encoder("small_cnn", &[("width", Value::Integer(2))]);
    g.call(&Module::new("encoder", &small), image).unwrap();
    let other = g.with_module_named("encoder", "image_encoder");
    let names = |g: &Graph| -> Vec<String> {
        let buffers = g.buffers.iter().map(|b| b.name.clone());
        g.parameters
            .iter()
            .map(|p| p.name.clone())
            .chain(buffers)
            .collect()
    };
    let wanted: Vec<String> = names(&g)
        .iter()
        .map(|name| format!("image_{name}"))
        .collect();
    assert_eq!(names(&other), wanted);
    assert_eq!(names(&g.with_module_named("enc", "x")), names(&g));
    assert_eq!(super::followed("ema/image_encoder"), "image_encoder");
    assert_eq!(super::followed("encoder"), "encoder");
}

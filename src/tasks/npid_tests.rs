//! Whole steps against PyTorch, with the noise as an input; the noise itself.

use super::*;
use crate::catalog::{Net, Value};
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::graph::testing::{args, entry, layer, net};
use crate::graph::{Mode, Random};
use crate::graph::{Op, Size};
use crate::tasks::traces::{arguments, compare, follow, read};

#[test]
fn steps_over_all_records_are_those_of_the_paper() {
    follow(include_str!("../../tests/fixtures/tasks/npid.json"));
}

#[test]
fn steps_against_noise_are_those_of_the_paper() {
    let trace = read(include_str!("../../tests/fixtures/tasks/npid_nce.json"));
    let spec = entry(Kind::Task, "npid");
    let mut given = arguments(&trace, &spec);
    given.push(("encoder", Value::Net(encoder())));
    given.push(("head", Value::Net(net([layer("linear", &[5])]))));
    let mut g = graph(11);
    let noise = g.declare_input("noise", vec![6.into()], DType::F32, None);
    discriminate(&mut g, &args(&spec, &given), Some(noise)).unwrap();
    compare(&trace, &g);
}

/// Of the fixtures.
fn encoder() -> Net {
    net([
        layer("flatten", &[]),
        layer("linear", &[7]),
        layer("batch_norm", &[]),
        layer("relu", &[]),
    ])
}

fn graph(records: usize) -> Graph {
    let mut g = Graph::new(Mode::Train);
    g.set_records(records);
    let shape = vec![Size::batch(), 1.into(), 3.into(), 3.into()];
    g.declare_input("view", shape, DType::F32, None);
    g
}

/// A graph of the task over so many records, with so much noise.
fn with_noise(records: usize, negatives: i64) -> Graph {
    let mut g = graph(records);
    let given = [
        ("negatives", Value::Integer(negatives)),
        ("encoder", Value::Net(encoder())),
        ("head", Value::Net(net([layer("linear", &[2])]))),
    ];
    build(&mut g, &args(&entry(Kind::Task, "npid"), &given)).unwrap();
    g
}

#[test]
fn noise_is_drawn_where_there_are_more_records_than_it() {
    let draws = |g: &Graph| {
        let uniform = |node: &&crate::graph::Node| node.op == Op::Random(Random::Uniform);
        g.nodes.iter().filter(uniform).count()
    };
    for (negatives, drawn) in [(0, 0), (1, 1), (29, 1), (30, 0), (4096, 0)] {
        let g = with_noise(30, negatives);
        assert_eq!(draws(&g), drawn, "{negatives}");
        let z = g.states.iter().any(|state| state.name == "z");
        assert_eq!(z, drawn == 1, "{negatives}");
    }
}

#[test]
fn all_records_are_noise_alike() {
    let (records, negatives) = (400, 399);
    let g = with_noise(records, negatives as i64);
    let taken = g.nodes.iter().find_map(|node| match node.op {
        Op::Take(0) if node.shape[0].known() == Some(negatives) => Some(node.inputs[1]),
        _ => None,
    });
    let model = Model::init(&g, 0, &Device::flex()).unwrap();
    let view = HostTensor::f32(vec![0.5; 18], &[2, 1, 3, 3]);
    let index = HostTensor::int(vec![0, 1], &[2]);
    let batch: Batch = [("view".to_owned(), view), ("index".to_owned(), index)].into();
    let drawn = features(&g, &model, &batch, &[taken.unwrap()]).unwrap();
    let mut seen = [0; 8];
    for record in drawn[0].as_int().unwrap() {
        seen[*record as usize / 50] += 1;
    }
    // 399 draws of 8 parts: s.d. of a count is below 7
    assert!(seen.iter().all(|k| (22..78).contains(k)), "{seen:?}");
}

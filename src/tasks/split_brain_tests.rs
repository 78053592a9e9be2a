//! Whole steps against PyTorch, levels of light, and what is refused.

use super::*;
use crate::catalog::{Net, Value};
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::graph::testing::{args, call, encoder, entry, layer, net};
use crate::graph::{DType, Mode, Size};
use crate::tasks::traces::{arguments, compare, inputs, read};

fn halves(half: Net) -> Net {
    net([call(Kind::Encoder, "halves", &[("half", Value::Net(half))])])
}

#[test]
fn steps_are_those_of_pytorch() {
    for text in [
        include_str!("../../tests/fixtures/tasks/split_brain.json"),
        include_str!("../../tests/fixtures/tasks/split_brain_values.json"),
    ] {
        let trace = read(text);
        let spec = entry(Kind::Task, "split_brain");
        let mut given = arguments(&trace, &spec);
        let half = net([
            layer("flatten", &[]),
            layer("linear", &[7]),
            layer("batch_norm", &[]),
            layer("relu", &[]),
        ]);
        given.push(("encoder", Value::Net(halves(half))));
        let mut g = inputs(&trace);
        build(&mut g, &args(&spec, &given)).unwrap();
        compare(&trace, &g);
    }
}

#[test]
fn light_is_parted_into_fifty() {
    let mut g = Graph::new(Mode::Eval);
    let l = g.declare_input("l", vec![Size::batch(), 1.into()], DType::F32, None);
    let level = levels(&mut g, l).unwrap();
    let model = Model::init(&g, 0, &Device::flex()).unwrap();
    let light = vec![-3.0, 0.0, 1.99, 2.0, 50.0, 99.9, 100.0, 104.0];
    let batch = Batch::from([("l".to_owned(), HostTensor::f32(light, &[8, 1]))]);
    let found = features(&g, &model, &batch, &[level]).unwrap();
    assert_eq!(found[0].as_int().unwrap(), [0, 0, 0, 1, 25, 49, 49, 49]);
}

fn built(channels: usize, net: Net, mut g: Graph) -> Result<Graph> {
    let shape = vec![Size::batch(), channels.into(), 16.into(), 16.into()];
    g.declare_input("lab", shape, DType::F32, None);
    let spec = entry(Kind::Task, "split_brain");
    build(&mut g, &args(&spec, &[("encoder", Value::Net(net))])).map(|()| g)
}

fn small() -> Net {
    encoder("small_cnn", &[("width", Value::Integer(4))])
}

#[test]
fn halves_and_three_channels_are_asked_for() {
    let g = built(3, halves(small()), Graph::to_show()).unwrap();
    assert_eq!(g.exhibits[0].panels.len(), 5);
    let problem = built(3, small(), Graph::new(Mode::Train)).unwrap_err();
    assert_eq!(problem.code, Code::UnknownPart);
    assert!(problem.helps[0].contains("halves(small_cnn"), "{problem}");
    let problem = built(2, halves(small()), Graph::new(Mode::Train)).unwrap_err();
    assert!(problem.message.contains("has 2 channels"), "{problem}");
}

/// No weight of one half is moved by what the other half sees.
#[test]
fn halves_know_nothing_of_one_another() {
    let g = built(3, halves(small()), Graph::new(Mode::Train)).unwrap();
    for (half, tells) in [("first", "decoder/colour"), ("rest", "decoder/light")] {
        let own = format!("encoder/{half}/");
        let decoded = g
            .nodes
            .iter()
            .rposition(|node| node.path.starts_with(tells));
        let behind = g.origins(&[Var(decoded.unwrap() as u32)]);
        for (node, behind) in g.nodes.iter().zip(behind) {
            if let (crate::graph::Op::Parameter(id), true) = (&node.op, behind) {
                let name = &g.parameters[id.0 as usize].name;
                assert!(name.starts_with(&own) || name.starts_with(tells), "{name}");
            }
        }
    }
}

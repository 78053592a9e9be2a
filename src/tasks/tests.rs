//! Graphs of the tasks: shapes, errors, default augments.

use crate::catalog::Make;
use crate::data::SampleType;
use crate::graph::testing::{encoder, layer, net, task};
use crate::graph::{Graph, Op, Shape, Size, show};
use crate::language::codes::Code;

fn images() -> Shape {
    vec![Size::batch(), 3.into(), 32.into(), 32.into()]
}

fn labels() -> Shape {
    vec![Size::batch()]
}

fn rotation(classes: usize, outputs: i64) -> crate::catalog::Result<Graph> {
    let inputs = [("view", images(), None), ("turn", labels(), Some(classes))];
    let head = net([
        layer("linear", &[64]),
        layer("relu", &[]),
        layer("linear", &[outputs]),
    ]);
    task("rotation", &inputs, encoder("small_cnn", &[]), head)
}

#[test]
fn rotation_of_single_turns() {
    let g = rotation(4, 4).unwrap();
    assert_eq!(g.objectives[0].name, "loss");
    assert_eq!(show(g.shape(g.objectives[0].var)), "[1]");
    assert_eq!(g.metrics[0].name, "accuracy");
    assert!(g.parameters.iter().any(|p| p.name == "head/2/bias"));
}

#[test]
fn rotation_of_all_four_turns_is_one_batch() {
    let mut inputs = Vec::new();
    let names: Vec<(String, String)> = (0..4)
        .map(|i| (format!("view/{i}"), format!("turn/{i}")))
        .collect();
    for (view, turn) in &names {
        inputs.push((view.as_str(), images(), None));
        inputs.push((turn.as_str(), labels(), Some(4)));
    }
    let head = net([layer("linear", &[4])]);
    let g = task("rotation", &inputs, encoder("small_cnn", &[]), head).unwrap();
    let logits = g.nodes.iter().find(|n| n.op == Op::LogSoftmax(1)).unwrap();
    assert_eq!(show(&logits.shape), "[4*B, 4]");
}

#[test]
fn a_head_must_have_the_classes_of_its_target() {
    let problem = rotation(9, 4).unwrap_err();
    assert_eq!(problem.code, Code::Classes);
    assert_eq!(
        problem.message,
        "the head gives 4 scores, but `turn` has 9 classes"
    );
    assert!(problem.helps[0].contains("linear(9)"));
}

#[test]
fn simclr_compares_all_views() {
    let inputs = [("views/0", images(), None), ("views/1", images(), None)];
    let head = || {
        net([
            layer("linear", &[64]),
            layer("relu", &[]),
            layer("linear", &[16]),
        ])
    };
    let g = task("simclr", &inputs, encoder("small_cnn", &[]), head()).unwrap();
    let logits = g.nodes.iter().find(|n| n.op == Op::LogSoftmax(1)).unwrap();
    assert_eq!(show(&logits.shape), "[2*B, 2*B]");
    // one batch norm per layer of small_cnn: both views go through at once
    let norms = g
        .nodes
        .iter()
        .filter(|n| matches!(n.op, Op::BatchNorm { .. }));
    assert_eq!(norms.count(), 3);
    let three = [inputs.to_vec(), vec![("views/2", images(), None)]].concat();
    let problem = task("simclr", &three, encoder("small_cnn", &[]), head()).unwrap_err();
    assert_eq!(problem.code, Code::Unbound);
    assert!(problem.message.contains("not 3"), "{problem}");
}

#[test]
fn default_augments_end_in_normalize() {
    let fields = vec![
        ("label".to_owned(), SampleType::label(10)),
        ("image".to_owned(), SampleType::image(3, 32, 32)),
    ];
    for spec in super::specs() {
        let Make::Task { augment, .. } = &spec.make else {
            panic!("{}", spec.name)
        };
        let body = augment(&Default::default(), &fields).unwrap().unwrap();
        assert!(body.contains("normalize()"), "{body}");
        assert!(body.contains("32px"), "{body}");
        assert_eq!(augment(&Default::default(), &vec![]), Ok(None));
    }
}

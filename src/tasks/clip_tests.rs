//! Whole steps against PyTorch, with the bound of the scale met and left again; locked encoders.

use crate::catalog::{Kind, Problem, Result, Value};
use crate::graph::testing::{args, entry, layer, net};
use crate::graph::{DType, Graph, Mode, Size};
use crate::language::codes::Code;
use crate::tasks::traces::follow;

#[test]
fn steps_are_those_of_the_paper() {
    follow(include_str!("../../tests/fixtures/tasks/clip.json"));
}

fn traced(given: &[(&str, Value)]) -> Result<Graph> {
    let mut g = Graph::new(Mode::Train);
    let shape = vec![Size::batch(), 1.into(), 3.into(), 3.into()];
    g.declare_input("image", shape, DType::F32, None);
    g.declare_input("text", vec![Size::batch(), 4.into()], DType::F32, None);
    let image = net([
        layer("flatten", &[]),
        layer("linear", &[7]),
        layer("batch_norm", &[]),
    ]);
    let mut all = vec![
        ("image_encoder", Value::Net(image)),
        ("text_encoder", Value::Net(net([layer("linear", &[6])]))),
    ];
    all.extend(given.iter().cloned());
    super::build(&mut g, &args(&entry(Kind::Task, "clip"), &all))?;
    g.verify()?;
    Ok(g)
}

#[test]
fn a_locked_encoder_stays_and_its_projection_learns() {
    let lock = ("lock", Value::Word("image".into()));
    let problem: Problem = traced(std::slice::from_ref(&lock)).expect_err("it begins with nothing");
    assert_eq!(problem.code, Code::MissingField);
    assert!(
        problem.helps[0].contains("image_start = STAGE"),
        "{problem:?}"
    );
    let start = ("image_start", Value::Stage("before".into()));
    let g = traced(&[lock, start]).unwrap();
    let phases = g.phases();
    let moved = phases[0].parameters.iter();
    let moved: Vec<&str> = moved.map(|id| g.parameters[*id].name.as_str()).collect();
    assert_eq!(
        moved,
        [
            "image_projection/weight",
            "text_encoder/0/weight",
            "text_encoder/0/bias",
            "text_projection/weight",
            "logit_scale",
        ]
    );
    // its batch norm is that of evaluation
    let norm = g
        .nodes
        .iter()
        .find(|node| node.path.starts_with("image_encoder/2"));
    assert!(norm.is_some_and(|node| g.runs_still(node)));
    let free = traced(&[]).unwrap();
    assert_eq!(free.phases()[0].parameters.len(), free.parameters.len());
    assert_ne!(free.hash(), g.hash());
}

//! Whole steps against PyTorch, by each of the losses; what a teacher may be.

use crate::catalog::{Kind, Problem, Result, Value};
use crate::graph::testing::{args, entry, layer, net};
use crate::graph::{DType, Graph, Mode, Size};
use crate::tasks::traces::follow;

#[test]
fn steps_by_similarity_are_those_of_the_paper() {
    follow(include_str!("../../tests/fixtures/tasks/distill.json"));
}

#[test]
fn steps_by_directions_are_those_of_pytorch() {
    follow(include_str!(
        "../../tests/fixtures/tasks/distill_cosine.json"
    ));
}

#[test]
fn steps_by_features_are_those_of_pytorch() {
    follow(include_str!("../../tests/fixtures/tasks/distill_mse.json"));
}

fn traced(given: &[(&str, Value)], input: &str) -> Result<Graph> {
    let mut g = Graph::new(Mode::Train);
    let shape = vec![Size::batch(), 1.into(), 3.into(), 3.into()];
    g.declare_input(input, shape, DType::F32, None);
    let of = |width| {
        Value::Net(net([
            layer("flatten", &[]),
            layer("linear", &[width]),
            layer("batch_norm", &[]),
        ]))
    };
    let mut all = vec![("encoder", of(3)), ("teacher", of(5))];
    all.extend(given.iter().cloned());
    super::build(&mut g, &args(&entry(Kind::Task, "distill"), &all))?;
    g.verify()?;
    Ok(g)
}

#[test]
fn the_student_alone_is_moved() {
    let g = traced(&[], "view").unwrap();
    let phases = g.phases();
    let moved = phases[0].parameters.iter();
    let moved: Vec<&str> = moved.map(|id| g.parameters[*id].name.as_str()).collect();
    assert_eq!(
        moved,
        [
            "encoder/1/weight",
            "encoder/1/bias",
            "encoder/2/weight",
            "encoder/2/bias",
            "head/weight",
            "head/bias",
        ]
    );
    let mut nodes = g.nodes.iter();
    let norm = nodes.find(|node| node.path.starts_with("teacher/2"));
    assert!(norm.is_some_and(|node| g.runs_still(node)));
    let parts: Vec<&str> = g.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(parts, ["student", "teacher"]);
}

#[test]
fn what_gives_no_vector_of_the_teachers_width_is_told() {
    let said = |given: &[(&str, Value)], input: &str| {
        let problem: Problem = traced(given, input).expect_err("it is refused");
        format!("{problem:?}")
    };
    let head = Value::Net(net([layer("linear", &[4])]));
    let why = said(&[("head", head)], "view");
    assert!(
        why.contains("`head` gives 4 numbers") && why.contains("linear(5)"),
        "{why}"
    );
    let map = Value::Net(net([layer("relu", &[])]));
    let why = said(&[("teacher", map)], "view");
    assert!(why.contains("map") && why.contains("teacher"), "{why}");
    let why = said(&[], "other");
    assert!(why.contains("let the augment emit `view`"), "{why}");
}

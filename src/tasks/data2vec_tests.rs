//! Whole steps against PyTorch with the noise as an input.

use super::*;
use crate::catalog::Value;
use crate::graph::testing::{args, encoder, entry};
use crate::tasks::traces;

#[test]
fn steps_are_those_of_the_paper() {
    let trace = traces::read(include_str!("../../tests/fixtures/tasks/data2vec.json"));
    let spec = entry(Kind::Task, "data2vec");
    let vit = [
        ("patch", Value::Length(2.0)),
        ("width", Value::Integer(8)),
        ("depth", Value::Integer(3)),
        ("heads", Value::Integer(2)),
    ];
    let mut given = traces::arguments(&trace, &spec);
    given.push(("encoder", Value::Net(encoder("vit", &vit))));
    let task = args(&spec, &given);
    let mut g = traces::inputs(&trace);
    let (x, noise) = (g.input("view").unwrap(), g.input("noise").unwrap());
    let loss = tell_hidden(&mut g, &task, [x, noise]).unwrap();
    g.objective("loss", loss);
    traces::compare(&trace, &g);
}

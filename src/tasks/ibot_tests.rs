//! Whole steps against PyTorch with the noise as an input.

use super::*;
use crate::catalog::Value;
use crate::graph::testing::{args, encoder, entry};
use crate::tasks::traces;

#[test]
fn steps_are_those_of_algorithm_1() {
    let trace = traces::read(include_str!("../../tests/fixtures/tasks/ibot.json"));
    let spec = entry(Kind::Task, "ibot");
    let vit = [
        ("patch", Value::Length(2.0)),
        ("width", Value::Integer(8)),
        ("depth", Value::Integer(2)),
        ("heads", Value::Integer(2)),
    ];
    let mut given = traces::arguments(&trace, &spec);
    given.push(("encoder", Value::Net(encoder("vit", &vit))));
    given.push(("head", Value::Net(traces::net_of(&trace, "head"))));
    let task = args(&spec, &given);
    let mut g = traces::inputs(&trace);
    let crops = crops(&g, "ibot").unwrap();
    // one row for each picture, the noise of both its views side by side
    let noise = g.input("noise").unwrap(); // [B, 84]
    let views = g.split(noise, 1, 2).unwrap();
    let noise = g.concat(&views, 0).unwrap(); // [2 B, 42]
    let loss = distil(&mut g, &task, &crops, noise).unwrap();
    g.objective("loss", loss);
    traces::compare(&trace, &g);
}

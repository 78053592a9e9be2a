//! Whole steps against PyTorch with the noise as an input.

use super::*;
use crate::catalog::Value;
use crate::graph::testing::{args, encoder, entry};
use crate::tasks::traces;

#[test]
fn steps_are_those_of_the_paper() {
    let trace = traces::read(include_str!("../../tests/fixtures/tasks/ijepa.json"));
    let spec = entry(Kind::Task, "ijepa");
    let given = traces::arguments(&trace, &spec);
    let task = args(&spec, &given);
    let vit = [
        ("patch", Value::Length(2.0)),
        ("width", Value::Integer(8)),
        ("depth", Value::Integer(2)),
        ("heads", Value::Integer(2)),
        ("pool", Value::Word("mean".into())),
    ];
    let encoder = Module::new("encoder", &encoder("vit", &vit));
    let mut g = traces::inputs(&trace);
    let (x, noise) = (g.input("view").unwrap(), g.input("noise").unwrap());
    let patches = g.call_part(&encoder, "embed", x).unwrap();
    let loss = predict_blocks(&mut g, &task, &encoder, [x, patches, noise]).unwrap();
    g.objective("loss", loss);
    traces::compare(&trace, &g);
}

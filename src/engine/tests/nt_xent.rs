//! The SimCLR task against the sums of its paper's equation 1.

use super::fixtures::{close, data, model, numbers, read, tensor};
use crate::engine::{Batch, features, gradients};
use crate::graph::Size;
use crate::graph::testing::{layer, net, task};

#[test]
fn simclr_agrees_with_the_paper() {
    let fixture = read(include_str!("../../../tests/fixtures/engine/nt_xent.json"));
    assert_eq!(fixture["temperature"], 0.5, "the default");
    let view: Vec<Size> = vec![Size::batch(), 1.into(), 3.into(), 4.into()];
    let inputs = [("views/0", view.clone(), None), ("views/1", view, None)];
    let encoder = net([layer("flatten", &[])]);
    let head = net([layer("linear", &[6])]);
    let graph = task("simclr", &inputs, encoder, head).expect("a graph");
    let mut model = model(&graph);
    let named = |end: &str| {
        let found = graph.parameters.iter().find(|p| p.name.ends_with(end));
        found.expect("a parameter").name.clone()
    };
    for name in ["weight", "bias"] {
        let value = tensor(&fixture[name]);
        model.set(&named(name), &value).expect("a known tensor");
    }
    let views = fixture["views"].as_array().expect("views");
    let batch: Batch = views
        .iter()
        .enumerate()
        .map(|(i, view)| (format!("views/{i}"), tensor(view)))
        .collect();
    let found = gradients(&graph, &model, &batch).expect("gradients");
    let loss = fixture["loss"].as_f64().expect("a loss");
    let got = found.objectives[0].1;
    assert!((got - loss).abs() < 3e-6, "{got}, expected {loss}");
    for name in ["weight", "bias"] {
        let want = numbers(&fixture[format!("{name}_gradient")]["data"]);
        close(name, data(&found.gradients[&named(name)]), &want, 2e-5);
    }
    let metric = graph.metrics[0].var;
    let accuracy = features(&graph, &model, &batch, &[metric]).expect("a metric");
    let want = fixture["accuracy"].as_f64().expect("a fraction") as f32;
    assert!((data(&accuracy[0])[0] - want).abs() < 1e-6);
}

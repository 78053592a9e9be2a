//! Rewarded replies against PyTorch, and what a batch lacks.

use std::sync::Arc;

use super::*;
use crate::catalog::{Kind, Make, Value};
use crate::graph::testing::{args, call, encoder, entry, layer, net};
use crate::graph::{DType, Init, Lent, Mode, Shape, Size};
use crate::tasks::adversarial::{combined, policy};
use crate::tasks::traces;

const VOCABULARY: usize = 15;
/// Pieces of pairs of turns, of a turn, of an answer.
const N: usize = 6;
const M: usize = 5;
const R: usize = 4;

fn ids(g: &mut Graph, name: &str, n: usize) -> Var {
    let shape = vec![Size::batch(), n.into()];
    g.declare_input(name, shape, DType::Int, Some(VOCABULARY))
}

/// A network of the order of dialogues that reads pairs of six pieces, as another stage would have it.
fn network() -> Lent {
    let mut g = Graph::new(Mode::Eval);
    for (name, i) in ["target", "in_order", "out_of_order"]
        .iter()
        .flat_map(|name| (0..3).map(move |i| (name, i)))
    {
        ids(&mut g, &format!("{name}/{i}"), N);
    }
    g.declare_input("ordered", vec![Size::batch()], DType::Int, Some(2));
    let sizes = [("width", 4), ("embedding", 5)];
    let sizes = sizes.map(|(name, n)| (name, Value::Integer(n)));
    let head = [
        layer("linear", &[7]),
        layer("relu", &[]),
        layer("linear", &[2]),
    ];
    let given = [
        ("width", Value::Integer(3)),
        ("encoder", Value::Net(encoder("gru", &sizes))),
        ("head", Value::Net(net(head))),
    ];
    let call = call(Kind::Task, "dialogue_order", &given);
    let Make::Task { build, .. } = &call.spec.make else {
        panic!("a task")
    };
    build(&mut g, &call.args).unwrap();
    Lent {
        stage: "order".into(),
        task: "dialogue_order".into(),
        graph: g,
    }
}

/// The batch that a reply's order is told by.
fn batch() -> Graph {
    let mut g = Graph::new(Mode::Train);
    for (name, n) in [("earlier", 2), ("in_order", 3), ("out_of_order", 3)] {
        for i in 0..n {
            ids(&mut g, &format!("{name}/{i}"), N);
        }
    }
    ids(&mut g, "asked", M);
    g
}

fn rewarded() -> crate::catalog::Args {
    let given = [(REWARD, Value::Stage("order".into()))];
    args(&entry(Kind::Task, "reply"), &given)
}

/// `[CLS]` and `[SEP]` of the fixture.
fn ends(g: &mut Graph) -> Ends {
    let shape: Shape = vec![Size::batch(), 1.into()];
    let [first, last] = [2.0, 3.0].map(|id| {
        let id = g.full(shape.clone(), id).unwrap();
        g.to_int(id).unwrap()
    });
    Ends { first, last }
}

#[test]
fn rewarded_steps_are_those_of_the_paper() {
    let text = include_str!("../../tests/fixtures/tasks/order_reward.json");
    let trace = traces::read(text);
    let mut g = batch();
    g.lend(REWARD, Arc::new(network()));
    let written = ids(&mut g, "written", R);
    let taken = g.declare_input("taken", vec![Size::batch()], DType::F32, None);
    let ends = ends(&mut g);
    let order = OrderReward::of(&g, &rewarded()).unwrap().unwrap();
    let score = order.score(&mut g, written, ends).unwrap();
    // a second time: the same weights
    let known = g.parameters.len();
    let again = order.score(&mut g, written, ends).unwrap();
    assert_eq!((g.parameters.len(), g.shape(again).len()), (known, 1));
    // one row of scores for each place of the batch
    let table = g.parameter("table", &[5 * R, VOCABULARY], Init::Constant(0.0));
    let all = &Size::batch() * &Size::fixed(R);
    let places = g.arange(all.clone());
    let logits = g.take(table, places, 0).unwrap(); // [B R, V]
    let words = g.reshape(written, vec![all]).unwrap();
    let (reward, weight) = combined(&mut g, &[(taken, 0.4), (score, 1.7)]).unwrap();
    let loss = policy(&mut g, logits, words, reward, R).unwrap();
    let loss = g.mul_scalar(loss, weight).unwrap();
    g.objective("loss", loss);
    let mean = g.mean_all(score).unwrap();
    g.metric("coherence", mean);
    g.verify().unwrap();
    assert!(g.is_still("reward/encoder/embedding/weight") && !g.is_still("table"));
    // what is left of the network's weights after the last step are those of the first
    traces::compare(&trace, &g);
}

#[test]
fn what_does_not_fit_is_said() {
    let mut g = batch();
    g.nodes.pop();
    let said = OrderReward::of(&g, &rewarded()).err().unwrap();
    assert!(said.message.contains("told by `asked` too"), "{said}");
    let unasked = args(&entry(Kind::Task, "reply"), &[]);
    assert!(OrderReward::of(&g, &unasked).unwrap().is_none());

    let asked = |g: &mut Graph| {
        let written = ids(g, "written", R);
        let ends = ends(g);
        let order = OrderReward::of(g, &rewarded()).unwrap().unwrap();
        order.score(g, written, ends).unwrap_err().message
    };
    let message = asked(&mut batch());
    assert!(message.contains("names no stage"), "{message}");
    let mut g = batch();
    let mut shorter = network();
    shorter.graph.nodes[0].shape[1] = 9.into();
    g.lend(REWARD, Arc::new(shorter));
    let message = asked(&mut g);
    assert!(
        message.contains("trained on `target/0` of [B, 9], and here it is [B, 6]"),
        "{message}"
    );
    let mut g = batch();
    let mut silent = network();
    silent.graph.places.clear();
    g.lend(REWARD, Arc::new(silent));
    let message = asked(&mut g);
    assert!(message.contains("tells no `coherence`"), "{message}");
}

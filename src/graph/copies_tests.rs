//! Copies of one value, objectives that collapse, queues, values that run twice.

use super::testing::{layer, net};
use super::{DType, Graph, Init, Mode, Module, Pull, Size, Var};
use crate::catalog::Result;

/// A graph with two views `[B, 8]` and an encoder of one layer.
fn pair() -> (Graph, [Var; 2], Module) {
    let mut g = Graph::new(Mode::Train);
    let mut view = |name: &str| {
        let shape = vec![Size::batch(), 8.into()];
        g.declare_input(name, shape, DType::F32, None)
    };
    let views = [view("views/0"), view("views/1")];
    let encoder = Module::new("encoder", &net([layer("linear", &[4])]));
    (g, views, encoder)
}

/// Both inputs hold one sample.
fn one(_: &str) -> String {
    "the picture".into()
}

/// Each input holds its own.
fn own(name: &str) -> String {
    name.to_owned()
}

#[test]
fn views_are_the_same_where_their_samples_are() -> Result<()> {
    let (mut g, [a, b], encoder) = pair();
    let (z, other) = (g.call(&encoder, a)?, g.call(&encoder, b)?);
    let loss = g.mse(z, other, None)?;
    g.objective("loss", loss);
    assert_eq!(g.same_views(&own), None);
    let found = g.same_views(&one).unwrap();
    assert_eq!(found.inputs, ["views/0", "views/1"]);

    // stacked, encoded together, taken apart; the other way round they meet too
    let (mut g, [a, b], encoder) = pair();
    let x = g.concat(&[a, b], 0)?;
    let z = g.call(&encoder, x)?;
    let halves = g.split(z, 0, 2)?;
    let slow = g.ema(&encoder, 0.9)?;
    let k = g.call(&slow, a)?;
    let loss = g.mse(halves[1], k, None)?;
    g.objective("loss", loss);
    assert_eq!(g.same_views(&own), None);
    assert_eq!(g.same_views(&one).unwrap().inputs, ["views/0", "views/1"]);

    // what only meets in the loss may be the same: a picture and its reconstruction
    let (mut g, [a, b], encoder) = pair();
    let z = g.call(&encoder, a)?;
    let decoder = Module::new("decoder", &net([layer("linear", &[8])]));
    let back = g.call(&decoder, z)?;
    let loss = g.mse(back, b, None)?;
    g.objective("loss", loss);
    assert_eq!(g.same_views(&one), None);

    // drawn in the graph: SimCSE's two passes of one sentence
    let (mut g, [a, b], encoder) = pair();
    let (a, b) = (g.dropout(a, 0.1)?, g.dropout(b, 0.1)?);
    let (z, other) = (g.call(&encoder, a)?, g.call(&encoder, b)?);
    let loss = g.mse(z, other, None)?;
    g.objective("loss", loss);
    assert_eq!(g.same_views(&one), None);
    Ok(())
}

#[test]
fn a_contrast_needs_two_views() -> Result<()> {
    // NT-Xent over rows of both views, and of one stacked twice
    for (twice, found) in [(false, false), (true, true)] {
        let (mut g, [a, b], encoder) = pair();
        let (z, other) = (g.call(&encoder, a)?, g.call(&encoder, b)?);
        let z = g.concat(&[z, if twice { z } else { other }], 0)?;
        let (loss, _) = g.nt_xent(z, 0.5)?;
        g.objective("loss", loss);
        assert_eq!(g.own_positive().is_some(), found);
    }
    // the rows of both views behind tokens, of which each picture has one that is the same for all
    for (twice, found) in [(false, false), (true, true)] {
        let (mut g, [a, b], encoder) = pair();
        let x = g.concat(&[a, if twice { a } else { b }], 0)?; // [2 B, 8]
        let rows = g.shape(x)[0].clone();
        let tokens = g.reshape(x, vec![rows.clone(), 2.into(), 4.into()])?;
        let class = g.parameter("class", &[1, 1, 4], Init::Constant(0.0));
        let class = g.expand(class, vec![rows, 1.into(), 4.into()])?;
        let tokens = g.concat(&[class, tokens], 1)?; // [2 B, 3, 4]
        let z = g.flatten(tokens)?;
        let z = g.call(&encoder, z)?;
        let (loss, _) = g.nt_xent(z, 0.5)?;
        g.objective("loss", loss);
        assert_eq!(g.own_positive().is_some(), found, "{twice}");
    }
    // rows that were moved: which one is another's view can't be seen
    let (mut g, [a, b], encoder) = pair();
    let both = g.concat(&[a, b], 1)?; // [B, 16]
    let rows = Size::polynomial(&[0, 2]);
    let x = g.reshape(both, vec![rows, 8.into()])?; // [2 B, 8]
    let z = g.call(&encoder, x)?;
    let (loss, _) = g.nt_xent(z, 0.5)?;
    g.objective("loss", loss);
    assert_eq!(g.own_positive(), None);
    // InfoNCE: the query's own slow copy, what is predicted from it alone, the other view; with a queue and without
    for queue in [false, true] {
        for (key, found) in [("slow", true), ("predicted", true), ("other", false)] {
            let (mut g, [a, b], encoder) = pair();
            let q = g.call(&encoder, a)?;
            let slow = g.ema(&encoder, 0.9)?;
            let k = match key {
                "slow" => g.call(&slow, a)?,
                "predicted" => {
                    g.call(&Module::new("predictor", &net([layer("linear", &[4])])), q)?
                }
                _ => g.call(&slow, b)?,
            };
            let kept = match queue {
                true => {
                    let state = g.state("queue", &[64, 4], Init::UnitRows, DType::F32)?;
                    Some(g.read(state))
                }
                false => None,
            };
            let (loss, _) = g.info_nce(q, k, kept, 0.2, true)?;
            g.objective("loss", loss);
            assert_eq!(g.own_positive().is_some(), found, "{key} {queue}");
        }
    }
    // a target that comes with the batch is no contrast: labels may be told from scores of a view with itself
    let (mut g, [a, _], encoder) = pair();
    let label = g.declare_input("label", vec![Size::batch()], DType::Int, None);
    let z = g.call(&encoder, a)?;
    let z_t = g.transpose(z, 0, 1)?;
    let scores = g.matmul(z, z_t)?;
    let loss = g.cross_entropy(scores, label)?;
    g.objective("loss", loss);
    assert_eq!(g.own_positive(), None);
    Ok(())
}

/// How an objective of two views collapses; `build` gets the outputs of both.
fn collapse(
    build: impl Fn(&mut Graph, &Module, [Var; 2], [Var; 2]) -> Result<Var>,
) -> Option<Pull> {
    let (mut g, views, encoder) = pair();
    let made = (|| {
        let z = [g.call(&encoder, views[0])?, g.call(&encoder, views[1])?];
        build(&mut g, &encoder, views, z)
    })();
    g.objective("loss", made.unwrap());
    g.collapses().map(|(_, why)| why)
}

#[test]
fn what_only_draws_together_collapses() {
    let predictor = || Module::new("predictor", &net([layer("linear", &[4])]));
    let moves = Some(Pull::BothMove);
    assert_eq!(collapse(|g, _, _, [a, b]| g.mse(a, b, None)), moves);
    assert_eq!(collapse(|g, _, _, [a, b]| g.l1(a, b, None)), moves);
    assert_eq!(collapse(|g, _, _, [a, b]| g.cosine_loss(a, b)), moves);
    // a predictor alone (Chen & He, 2021, table 1: 0.1% without stop-gradient)
    let predicts = |g: &mut Graph, _: &Module, _: [Var; 2], [a, b]: [Var; 2]| {
        let p = g.call(&predictor(), a)?;
        g.cosine_loss(p, b)
    };
    assert_eq!(collapse(predicts), moves);
    // a stop-gradient alone (their table 2: 0.1% without predictor), a slow copy alone (Grill et al., 2020, table 5)
    let held = |g: &mut Graph, _: &Module, _: [Var; 2], [a, b]: [Var; 2]| {
        let b = g.stop_gradient(b)?;
        g.cosine_loss(a, b)
    };
    assert_eq!(collapse(held), Some(Pull::NoPredictor));
    let slow = |g: &mut Graph, encoder: &Module, views: [Var; 2], [a, _]: [Var; 2]| {
        let slow = g.ema(encoder, 0.99)?;
        let k = g.call(&slow, views[1])?;
        g.mse(a, k, None)
    };
    assert_eq!(collapse(slow), Some(Pull::NoPredictor));
}

#[test]
fn what_keeps_outputs_apart_is_seen() {
    let predictor = || Module::new("predictor", &net([layer("linear", &[4])]));
    // SimSiam
    let simsiam = |g: &mut Graph, _: &Module, _: [Var; 2], [a, b]: [Var; 2]| {
        let p = g.call(&predictor(), a)?;
        let b = g.stop_gradient(b)?;
        g.cosine_loss(p, b)
    };
    assert_eq!(collapse(simsiam), None);
    // whitened features have a variance whatever comes in (Ermolov et al., 2021)
    let whitened = |g: &mut Graph, _: &Module, _: [Var; 2], [a, b]: [Var; 2]| {
        let (a, b) = (g.standardize(a, &[0], 1e-5)?, g.standardize(b, &[0], 1e-5)?);
        g.mse(a, b, None)
    };
    assert_eq!(collapse(whitened), None);
    // a second term: outputs are pushed apart
    let pushed = |g: &mut Graph, _: &Module, _: [Var; 2], [a, b]: [Var; 2]| {
        let near = g.mse(a, b, None)?;
        let far = g.pairwise_distance(a, b)?;
        let far = g.mean_all(far)?;
        g.sub(near, far)
    };
    assert_eq!(collapse(pushed), None);
    let triplet = |g: &mut Graph, encoder: &Module, views: [Var; 2], [a, b]: [Var; 2]| {
        let other = g.flip(views[1], &[0])?;
        let other = g.call(encoder, other)?;
        g.triplet(a, b, other, 0.2, super::Distance::Squared)
    };
    assert_eq!(collapse(triplet), None);
    // networks that share nothing, and a target that is no output
    let apart = |g: &mut Graph, _: &Module, views: [Var; 2], [a, _]: [Var; 2]| {
        let text = Module::new("text", &net([layer("linear", &[4])]));
        let b = g.call(&text, views[1])?;
        g.mse(a, b, None)
    };
    assert_eq!(collapse(apart), None);
    let decoded = |g: &mut Graph, _: &Module, views: [Var; 2], [a, _]: [Var; 2]| {
        let decoder = Module::new("decoder", &net([layer("linear", &[8])]));
        let back = g.call(&decoder, a)?;
        g.mse(back, views[0], None)
    };
    assert_eq!(collapse(decoded), None);
}

#[test]
fn queues_say_what_each_step_brings() -> Result<()> {
    let (mut g, [a, b], encoder) = pair();
    let x = g.concat(&[a, b], 0)?;
    let z = g.call(&encoder, x)?; // [2 B, 4]
    let queue = g.state("queue", &[96, 4], Init::UnitRows, DType::F32)?;
    let centre = g.state("centre", &[1, 4], Init::Constant(0.0), DType::F32)?;
    let mean = g.mean(z, 0)?;
    g.assign(centre, mean)?;
    let kept = g.read(queue);
    let stay = &Size::fixed(96) - &g.shape(z)[0];
    let stay = g.slice(kept, 0, 0.into(), stay)?;
    let next = g.concat(&[z, stay], 0)?;
    g.assign(queue, next)?;
    let found: Vec<(&str, Size)> = g
        .queues()
        .into_iter()
        .map(|(s, n)| (s.name.as_str(), n))
        .collect();
    assert_eq!(found, [("queue", Size::polynomial(&[0, 2]))]);
    Ok(())
}

#[test]
fn what_two_objectives_send_gradients_through_runs_twice() -> Result<()> {
    for still in [false, true] {
        let (mut g, [a, _], encoder) = pair();
        let critic = Module::new("critic", &net([layer("linear", &[1])]));
        let z = g.call(&encoder, a)?;
        let seen = if still { g.stop_gradient(z)? } else { z };
        let score = g.call(&critic, seen)?;
        let first = g.mean_all(score)?;
        g.objective_of("critic", first, &[&critic])?;
        let square = g.mul(z, z)?;
        let second = g.mean_all(square)?;
        g.objective_of("features", second, &[&encoder])?;
        let wanted = if still {
            Vec::new()
        } else {
            vec![(z, vec!["features"])]
        };
        assert_eq!(g.repeats(), wanted);
    }
    Ok(())
}

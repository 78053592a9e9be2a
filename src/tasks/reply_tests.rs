//! Whole steps against PyTorch, and what does not count.

use super::*;
use crate::catalog::{Artifact, Net, Value};
use crate::graph::testing::{args, encoder};
use crate::graph::{DType, Mode};
use crate::tasks::traces;

const VOCABULARY: usize = 20;

fn gpt() -> Net {
    encoder(
        "gpt",
        &[
            ("width", Value::Integer(8)),
            ("depth", Value::Integer(2)),
            ("heads", Value::Integer(2)),
            ("dropout", Value::Ratio(0.0)),
        ],
    )
}

fn declared([c, r]: [usize; 2]) -> Graph {
    let mut g = Graph::new(Mode::Train);
    for (name, n) in [("context", c), ("reply", r)] {
        let shape = vec![Size::batch(), n.into()];
        g.declare_input(name, shape, DType::Int, Some(VOCABULARY));
    }
    g
}

/// Padding lies between what was said and what was answered here, and nowhere there.
#[test]
fn steps_are_those_of_texts_without_padding() {
    let trace = traces::read(include_str!("../../tests/fixtures/tasks/reply.json"));
    let mut g = declared([7, 5]);
    let given = [("encoder", Value::Net(gpt()))];
    build(&mut g, &args(&std::sync::Arc::new(spec()), &given)).unwrap();
    traces::compare(&trace, &g);
}

#[test]
fn what_does_not_fit_is_said() {
    let spec = std::sync::Arc::new(spec());
    let said = |g: &mut Graph, net: Net| {
        let given = [("encoder", Value::Net(net))];
        build(g, &args(&spec, &given)).unwrap_err().message
    };
    let message = said(&mut declared([7, 1]), gpt());
    assert!(
        message.contains("not [B, 7] and [B, 1]") && message.contains("two pieces"),
        "{message}"
    );
    let message = said(&mut declared([7, 5]), encoder("small_cnn", &[]));
    assert!(message.contains("no part `tokens`"), "{message}");
}

#[test]
fn the_default_takes_what_replies_gives() {
    let fit = Artifact::new("pieces", "vocabulary", Default::default());
    let spec = std::sync::Arc::new(spec());
    let named = args(&spec, &[("vocabulary", Value::Fit(fit))]);
    let fields: Fields = vec![
        ("context".into(), SampleType::list(SampleType::TEXT, None)),
        ("reply".into(), SampleType::TEXT),
    ];
    assert_eq!(
        augment(&named, &fields).unwrap(),
        "emit context = context |> join(vocabulary = pieces) |> crop_tokens(48, at = end), \
         reply = reply |> tokenize(pieces) |> crop_tokens(24, at = start)\n"
    );
    assert_eq!(augment(&args(&spec, &[]), &fields), None);
    assert_eq!(augment(&named, &fields[1..].to_vec()), None);
}

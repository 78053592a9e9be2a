//! Whole steps against PyTorch, and what does not fit.

use super::*;
use crate::catalog::{Artifact, Net, Problem, Value};
use crate::graph::testing::{args, encoder, layer, net};
use crate::graph::{DType, Mode, show};
use crate::tasks::traces;

const VOCABULARY: usize = 15;

fn gru() -> Net {
    encoder(
        "gru",
        &[
            ("width", Value::Integer(4)),
            ("embedding", Value::Integer(5)),
        ],
    )
}

/// The task on so many pairs of turns of six pieces in each field.
fn built(counts: [usize; 3], given: &[(&str, Value)]) -> std::result::Result<Graph, Problem> {
    let mut g = Graph::new(Mode::Train);
    for (name, n) in ["target", "in_order", "out_of_order"].iter().zip(counts) {
        for i in 0..n {
            let shape = vec![Size::batch(), 6.into()];
            g.declare_input(&format!("{name}/{i}"), shape, DType::Int, Some(VOCABULARY));
        }
    }
    g.declare_input("ordered", vec![Size::batch()], DType::Int, Some(2));
    let mut given = given.to_vec();
    let head = net([
        layer("linear", &[7]),
        layer("relu", &[]),
        layer("linear", &[2]),
    ]);
    given.push(("head", Value::Net(head)));
    if !given.iter().any(|(name, _)| *name == "encoder") {
        given.push(("encoder", Value::Net(gru())));
    }
    build(&mut g, &args(&spec(), &given)).map(|()| g)
}

#[test]
fn steps_are_those_of_the_paper() {
    let trace = traces::read(include_str!(
        "../../tests/fixtures/tasks/dialogue_order.json"
    ));
    let own = spec();
    let given = traces::arguments(&trace, &own);
    let g = built([3, 6, 6], &given).unwrap();
    traces::compare(&trace, &g);
}

#[test]
fn a_transformer_reads_pairs_as_well() {
    let bert = encoder("bert", &[("size", Value::Word("tiny".into()))]);
    let g = built([3, 3, 3], &[("encoder", Value::Net(bert))]).unwrap();
    let place = g.places.iter().find(|place| place.name == COHERENCE);
    assert_eq!(show(g.shape(place.unwrap().var)), "[B]");
    // one network for all pairs of a batch
    let words = "encoder/embeddings/word_embeddings/weight";
    assert_eq!(g.parameters.iter().filter(|p| p.name == words).count(), 1);
}

#[test]
fn what_are_no_triples_is_said() {
    let said = |counts| built(counts, &[]).unwrap_err().message;
    assert_eq!(
        said([3, 4, 3]),
        "`in_order` holds 4 pairs of turns, which are no triples"
    );
    let wanted = "one target and as many references of each kind, not [1, 2, 1] triples";
    assert!(said([3, 6, 3]).contains(wanted));
    assert!(said([3, 0, 3]).contains("no list `in_order`"));
}

#[test]
fn defaults_take_what_triples_give() {
    let fit = Artifact::new("pieces", "vocabulary", Default::default());
    let given = [("vocabulary", Value::Fit(fit))];
    let several = |n| SampleType::list(SampleType::TEXT, Some(n));
    let mut fields: Fields = vec![
        ("target".into(), several(3)),
        ("in_order".into(), several(6)),
        ("out_of_order".into(), several(6)),
        ("ordered".into(), SampleType::label(2)),
    ];
    let body =
        |given: &[(&str, Value)], fields: &Fields| super::augment(&args(&spec(), given), fields);
    assert_eq!(
        body(&given, &fields).unwrap(),
        "emit target = target |> tokenize(pieces) |> crop_tokens(40, at = start), \
         in_order = in_order |> tokenize(pieces) |> crop_tokens(40, at = start), \
         out_of_order = out_of_order |> tokenize(pieces) |> crop_tokens(40, at = start), ordered\n"
    );
    assert_eq!(body(&[], &fields), None);
    fields.pop();
    assert_eq!(body(&given, &fields), None);
}

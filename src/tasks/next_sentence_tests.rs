//! Whole steps against PyTorch: of the order of texts, and of that with hidden words.

use super::*;
use crate::catalog::{Make, Net, Problem, Value};
use crate::data::Fields;
use crate::graph::testing::{args, encoder, entry};
use crate::graph::{DType, Mode, Size};
use crate::tasks::traces;

const VOCABULARY: usize = 20;

fn bert() -> Net {
    encoder(
        "bert",
        &[
            ("width", Value::Integer(8)),
            ("depth", Value::Integer(2)),
            ("heads", Value::Integer(2)),
            ("dropout", Value::Ratio(0.0)),
        ],
    )
}

/// A task's graph on pairs of ten pieces.
fn built(task: &str, given: &[(&str, Value)]) -> std::result::Result<Graph, Problem> {
    let mut g = Graph::new(Mode::Train);
    let texts = || vec![Size::batch(), 10.into()];
    let declared = [
        ("input", texts(), VOCABULARY),
        ("input/kinds", texts(), 2),
        ("target", texts(), VOCABULARY),
        ("next", vec![Size::batch()], 2),
    ];
    for (name, shape, classes) in declared {
        g.declare_input(name, shape, DType::Int, Some(classes));
    }
    let spec = entry(Kind::Task, task);
    let Make::Task { build, .. } = &spec.make else {
        panic!("{task} is no task")
    };
    let mut given = given.to_vec();
    given.push(("encoder", Value::Net(bert())));
    build(&mut g, &args(&spec, &given)).map(|()| g)
}

fn follow(text: &str, task: &str) -> Graph {
    let trace = traces::read(text);
    let spec = entry(Kind::Task, task);
    let given = traces::arguments(&trace, &spec);
    let graph = built(task, &given).unwrap();
    traces::compare(&trace, &graph);
    graph
}

#[test]
fn steps_are_those_of_the_paper() {
    let text = include_str!("../../tests/fixtures/tasks/next_sentence.json");
    follow(text, "next_sentence");
}

#[test]
fn both_tasks_at_once_are_those_of_the_paper() {
    let text = include_str!("../../tests/fixtures/tasks/pretraining.json");
    let both = follow(text, "masked_tokens");
    assert_eq!(both.objectives.len(), 1);
    let names: Vec<&str> = both.metrics.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(
        names,
        ["accuracy", "accuracy_at_5", "perplexity", "order_accuracy"]
    );
    // what is asked of the order is learnt by the same layers, whichever task asks
    let order = built("next_sentence", &[]).unwrap();
    for own in &order.parameters {
        let same = both.parameters.iter().find(|p| p.name == own.name);
        assert_eq!(same.map(|p| &p.shape), Some(&own.shape), "{}", own.name);
    }
    // and nothing of it is there where it is not asked for
    let words = built("masked_tokens", &[]).unwrap();
    let asks = |name: &str| name.contains("pooler") || name.contains("seq_relationship");
    assert!(!words.parameters.iter().any(|p| asks(&p.name)));
}

#[test]
fn a_batch_without_an_order_is_refused() {
    let mut g = Graph::new(Mode::Train);
    let texts = || vec![Size::batch(), 10.into()];
    for name in ["input", "target"] {
        g.declare_input(name, texts(), DType::Int, Some(VOCABULARY));
    }
    let spec = entry(Kind::Task, "masked_tokens");
    let Make::Task { build, .. } = &spec.make else {
        panic!("it is no task")
    };
    let given = [
        ("encoder", Value::Net(bert())),
        ("next_sentence", Value::Word("on".into())),
    ];
    let problem = build(&mut g, &args(&spec, &given)).unwrap_err();
    assert!(problem.message.contains("no field `next`"), "{problem:?}");
}

#[test]
fn defaults_take_what_neighbours_give() {
    let fit = crate::catalog::Artifact::new("pieces", "vocabulary", Default::default());
    let vocabulary = || ("vocabulary", Value::Fit(fit.clone()));
    let both = ("next_sentence", Value::Word("on".into()));
    let body = |task: &str, given: &[(&str, Value)], fields: &Fields| {
        let spec = entry(Kind::Task, task);
        let Make::Task { augment, .. } = &spec.make else {
            panic!("{task} is no task")
        };
        augment(&args(&spec, given), fields).unwrap()
    };
    let fields: Fields = vec![
        ("first".into(), SampleType::TEXT),
        ("second".into(), SampleType::TEXT),
        ("next".into(), SampleType::label(2)),
    ];
    assert_eq!(
        body("next_sentence", &[vocabulary()], &fields).unwrap(),
        "emit input = (first, second) |> pair(pieces, 128), next\n"
    );
    assert_eq!(
        body("masked_tokens", &[vocabulary(), both.clone()], &fields).unwrap(),
        "(input, target) = (first, second) |> pair(pieces, 128) |> mask_tokens(15%)\nemit input, target, next\n"
    );
    // one text of a pair, where nothing is asked of their order
    let one = body("masked_tokens", &[vocabulary()], &fields).unwrap();
    assert!(one.contains("first |> tokenize(pieces)"), "{one}");
    assert_eq!(body("next_sentence", &[], &fields), None);
    let text = vec![("text".to_owned(), SampleType::TEXT)];
    assert_eq!(body("next_sentence", &[vocabulary()], &text), None);
    assert_eq!(body("masked_tokens", &[vocabulary(), both], &text), None);
}

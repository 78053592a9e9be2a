use super::*;
use crate::catalog::Value as Given;
use crate::data::Prepared;
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::graph::testing;

fn bert(length: usize) -> Reader {
    let given = [
        ("width", Given::Integer(8)),
        ("depth", Given::Integer(2)),
        ("heads", Given::Integer(2)),
    ];
    Reader {
        part: ENCODER.into(),
        module: ENCODER.into(),
        net: testing::encoder("bert", &given),
        sample: SampleType::tokens(Some(length), Some(20)),
        prepared: Prepared::default(),
    }
}

/// A text that is padded to 12 pieces, and the same in a graph of 8: its features are the same, at the output and at a block, whose mean
/// is one of the text's own pieces.
#[test]
fn a_text_is_read_alike_at_any_length() {
    let whole = bert(12);
    let places = ["block1".to_owned(), "output".to_owned()];
    let (graph, long) = reading_graph(&whole, &places, Pool::Avg).unwrap();
    let model = Model::init(&graph, 3, &Device::flex()).unwrap();
    let text = [2, 7, 8, 9, 3];
    let read = |graph: &Graph, places: &[(String, Var, usize)], length: usize| {
        let mut ids = text.to_vec();
        ids.resize(length, 0);
        let batch: Batch = [(INPUT.to_owned(), HostTensor::int(ids, &[1, length]))].into();
        let vars: Vec<Var> = places.iter().map(|(_, var, _)| *var).collect();
        let values = features(graph, &model, &batch, &vars).unwrap();
        let values = values.iter().flat_map(|value| value.as_f32().unwrap());
        values.copied().collect::<Vec<f32>>()
    };
    let wanted = read(&graph, &long, 12);
    let emitted = vec![(INPUT.to_owned(), whole.sample.clone())];
    let others = shorter(&whole, &emitted);
    assert_eq!(others.len(), 1, "lengths of at most 12: 8 and 12");
    let on = Graph::on_parameters_of(&graph);
    let (short, places) = reading_on(on, &others[0], &places, Pool::Avg).unwrap();
    let found = read(&short, &places, 8);
    assert_eq!(
        (wanted.len(), short.parameters == graph.parameters),
        (16, true)
    );
    for (a, b) in wanted.iter().zip(&found) {
        assert!((a - b).abs() < 1e-5, "{wanted:?} {found:?}");
    }
    // all pieces of a place side by side are more for a longer text
    let flat = |graph: Graph, encoder: &Reader| {
        let places = ["block1".to_owned()];
        reading_on(graph, encoder, &places, Pool::Flatten)
            .unwrap()
            .1[0]
            .2
    };
    assert_eq!(flat(Graph::new(Mode::Eval), &whole), 12 * 8);
    assert_eq!(flat(Graph::on_parameters_of(&graph), &others[0]), 8 * 8);
    assert!(shorter(&whole, &Vec::new()).is_empty());
}

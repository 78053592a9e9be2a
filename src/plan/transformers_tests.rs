//! Names, shapes and numbers against Hugging Face's own, from `tests/fixtures/bert_file.py`.

use super::super::export::filled;
use super::*;
use crate::catalog::{Make, Value};
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::graph::testing::{args, encoder, entry};
use crate::graph::{DType, Mode, Module, Op, Size, Var};

const VOCABULARY: usize = 20;
const LENGTH: usize = 10;
const WIDTH: usize = 8;

fn fixture() -> Json {
    let text = include_str!("../../tests/fixtures/bert_file.json");
    serde_json::from_str(text).unwrap()
}

fn numbers(of: &Json) -> Vec<f32> {
    let numbers = of.as_array().unwrap().iter();
    numbers.map(|x| x.as_f64().unwrap() as f32).collect()
}

fn rows(of: &Json) -> HostTensor {
    let rows = of.as_array().unwrap().iter();
    let rows: Vec<Vec<i64>> = rows
        .map(|row| serde_json::from_value(row.clone()).unwrap())
        .collect();
    HostTensor::int(rows.concat(), &[rows.len(), rows[0].len()])
}

fn bert() -> Net {
    let given = [
        ("width", Value::Integer(WIDTH as i64)),
        ("depth", Value::Integer(2)),
        ("heads", Value::Integer(2)),
    ];
    encoder("bert", &given)
}

fn texts() -> Vec<Size> {
    vec![Size::batch(), LENGTH.into()]
}

/// A task's graph, in evaluation, with every place of a text guessed where words are.
fn task(name: &str, next: bool) -> (Spec, Graph) {
    let mut g = Graph::new(Mode::Eval);
    g.declare_input("input", texts(), DType::Int, Some(VOCABULARY));
    if next {
        g.declare_input("input/kinds", texts(), DType::Int, Some(2));
        g.declare_input("next", vec![Size::batch()], DType::Int, Some(2));
    }
    g.declare_input("target", texts(), DType::Int, Some(VOCABULARY));
    let spec = entry(Kind::Task, name);
    let Make::Task { build, .. } = &spec.make else {
        panic!("{name} is no task")
    };
    let mut given = vec![("encoder", Value::Net(bert()))];
    if name == "masked_tokens" {
        given.push(("guessed", Value::Ratio(1.0)));
        given.push((
            "next_sentence",
            Value::Word(["off", "on"][usize::from(next)].into()),
        ));
    }
    build(&mut g, &args(&spec, &given)).unwrap();
    (spec, g)
}

/// The encoder alone on texts, or on pairs of them: its graph, and what it gives for each piece.
fn alone(pairs: bool) -> (Graph, Var) {
    let mut g = Graph::new(Mode::Eval);
    let mut read = g.declare_input("input", texts(), DType::Int, Some(VOCABULARY));
    if pairs {
        let kinds = g.declare_input("input/kinds", texts(), DType::Int, Some(2));
        read = g.stack(&[read, kinds], 2).unwrap();
    }
    let all = g
        .call_part(&Module::new("encoder", &bert()), "tokens", read)
        .unwrap();
    (g, all)
}

/// What is written after a task.
fn written(name: &str, next: bool, head: bool) -> Transformers {
    let (spec, graph) = task(name, next);
    let trained = Trained {
        graph: &graph,
        task: &spec,
        module: "encoder",
    };
    let tensors = alone(false).0.torch_tensors("encoder");
    of(&bert(), tensors, Some(trained), head, None)
        .unwrap()
        .unwrap()
}

/// Every task with what is written after it: alone, and with its head.
const AFTER: [(&str, bool, &str, Class); 3] = [
    (
        "masked_tokens",
        false,
        "BertModel without pooler",
        Class::Words,
    ),
    ("next_sentence", true, "BertModel", Class::Order),
    ("masked_tokens", true, "BertModel", Class::Both),
];

#[test]
fn names_and_shapes_are_those_of_a_state_dict() {
    let fixture = fixture();
    let expected = |class: &str| -> Vec<(String, Vec<usize>)> {
        serde_json::from_value(fixture["classes"][class].clone()).unwrap()
    };
    let found = |own: &Transformers| -> Vec<(String, Vec<usize>)> {
        let tensors = own.tensors.iter();
        tensors.map(|t| (t.name.clone(), t.shape.clone())).collect()
    };
    for (name, next, plain, class) in AFTER {
        let own = written(name, next, false);
        assert_eq!((own.class, own.pooler), (Class::Encoder, next));
        assert_eq!(found(&own), expected(plain), "{name}");
        let own = written(name, next, true);
        assert_eq!(own.class, class);
        assert_eq!(found(&own), expected(class.name()), "{name}");
    }
    // an encoder of which nothing is known but what it is
    let tensors = alone(false).0.torch_tensors("encoder");
    let own = of(&bert(), tensors, None, false, None).unwrap().unwrap();
    assert_eq!(found(&own), expected("BertModel without pooler"));
    assert!(own.of_training.is_empty());
}

/// Fills a model with the library's numbers by the names that they would be written under.
fn filled_with(graph: &Graph, own: &Transformers, tensors: &Json) -> Model {
    let mut model = Model::init(graph, 3, &Device::flex()).unwrap();
    for tensor in &own.tensors {
        let values = numbers(&tensors[&tensor.name]);
        let (name, values, shape) = match &tensor.source {
            TorchSource::Same(name) => (name, values, tensor.shape.clone()),
            TorchSource::Transposed(name) => {
                let [out, inside] = tensor.shape[..] else {
                    panic!("{}", tensor.name)
                };
                let turned = (0..inside)
                    .flat_map(|i| (0..out).map(move |o| o * inside + i))
                    .map(|at| values[at]);
                (name, turned.collect(), vec![inside, out])
            }
            TorchSource::Batches => panic!("{}", tensor.name),
        };
        // what an encoder alone lacks
        if graph.parameters.iter().any(|p| p.name == *name) {
            model.set(name, &HostTensor::f32(values, &shape)).unwrap();
        }
    }
    model
}

fn near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let apart = apart.fold(0.0, f32::max);
    println!("{what}: largest difference {apart:.1e}");
    assert!(apart < 1e-5, "{what}: {apart}");
}

#[test]
fn a_file_of_theirs_computes_here_what_it_does_there() {
    let fixture = fixture();
    let tensors = &fixture["tensors"];
    let (ids, kinds) = (rows(&fixture["ids"]), rows(&fixture["kinds"]));
    let count = ids.shape()[0];
    let batch = Batch::from([
        ("input".to_owned(), ids),
        ("input/kinds".to_owned(), kinds),
        // a place is scored where something was hidden
        (
            "target".to_owned(),
            HostTensor::int(vec![7; count * LENGTH], &[count, LENGTH]),
        ),
        ("next".to_owned(), HostTensor::int(vec![0; count], &[count])),
    ]);
    let read = |graph: &Graph, own: &Transformers, var: Var| {
        let model = filled_with(graph, own, tensors);
        let read = features(graph, &model, &batch, &[var]).unwrap();
        read[0].as_f32().unwrap().to_vec()
    };
    let own = written("masked_tokens", true, true);
    for (pairs, name) in [(true, "hidden"), (false, "hidden of one text")] {
        let (graph, all) = alone(pairs);
        near(&read(&graph, &own, all), &numbers(&fixture[name]), name);
    }
    // the heads as the task itself has them: what its losses stand on
    let (_, graph) = task("masked_tokens", true);
    let scores = graph.nodes.iter();
    let scores = scores.filter(|node| matches!(node.op, Op::LogSoftmax(_)));
    let scores: Vec<Var> = scores.map(|node| node.inputs[0]).collect();
    let [words, order] = scores[..] else {
        panic!("{} losses", scores.len())
    };
    for (var, name) in [(words, "words"), (order, "order")] {
        near(&read(&graph, &own, var), &numbers(&fixture[name]), name);
    }

    // and out again: the same numbers under the same names
    let model = filled_with(&graph, &own, tensors);
    let value = |name: &str| Some(model.get(name).ok()?.as_f32()?.to_vec());
    for tensor in filled(own.tensors.clone(), value, 0).unwrap() {
        let (numbers_of, rest) = tensor.bytes.as_chunks();
        assert!(rest.is_empty());
        let found = numbers_of.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let expected = numbers(&tensors[&tensor.name]);
        assert_eq!(found.collect::<Vec<_>>(), expected, "{}", tensor.name);
    }
}

#[test]
fn what_is_beside_the_encoder_is_named_in_the_training() {
    let own = written("masked_tokens", true, true);
    let mut names = own.of_training.clone();
    names.sort();
    assert_eq!(
        names,
        [
            "encoder/pooler/dense/bias",
            "encoder/pooler/dense/weight",
            "head/bias",
            "head/dense/bias",
            "head/dense/weight",
            "head/norm/bias",
            "head/norm/weight",
            "head/seq_relationship/bias",
            "head/seq_relationship/weight",
        ]
    );
    assert!(
        written("masked_tokens", false, false)
            .of_training
            .is_empty()
    );
    // a table is written twice where the library ties one to it
    let numbers = |own: &Transformers| own.bytes() / 4;
    let [alone, words] = [false, true].map(|head| numbers(&written("masked_tokens", false, head)));
    let head = WIDTH * WIDTH + 3 * WIDTH + VOCABULARY;
    let ties = VOCABULARY * WIDTH + VOCABULARY;
    assert_eq!(words - alone, (head + ties) as u64);
}

#[test]
fn the_config_is_the_librarys() {
    let fixture = fixture();
    let own = written("masked_tokens", true, true);
    let about = [("format", "pt"), ("recipe_hash", "abc")];
    let about = about.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let config = own.config(&about.into());
    for part in ["sizes", "defaults"] {
        for (name, value) in fixture[part].as_object().unwrap() {
            assert_eq!(&config[name], value, "{name}");
        }
    }
    assert_eq!(config["architectures"], json!(["BertForPreTraining"]));
    assert_eq!(config["pretext"], json!({"recipe_hash": "abc"}));
}

#[test]
fn lines_say_what_is_there() {
    let plain = written("masked_tokens", false, false);
    let folder = Beside {
        folder: Some("run/b\"ert".into()),
        tokenizer: Some("run/b\"ert/tokenizer.json".into()),
    };
    let lines = plain.lines("run/b\"ert/model.safetensors", &folder);
    assert_eq!(
        lines[..3],
        [
            "from transformers import AutoTokenizer, BertModel",
            "model = BertModel.from_pretrained(\"run/b\\\"ert\", add_pooling_layer=False)",
            "tokenizer = AutoTokenizer.from_pretrained(\"run/b\\\"ert\")",
        ]
    );
    assert!(lines.last().unwrap().starts_with("features = "));
    // a pooler that was trained is loaded, and a head has no features
    let both = written("masked_tokens", true, true)
        .lines("m", &folder)
        .join("\n");
    assert!(both.contains("BertForPreTraining.from_pretrained(\"run/b\\\"ert\")"));
    assert!(!both.contains("features"), "{both}");
    // a file on its own
    let lines = plain.lines("run/w", &Beside::default()).join("\n");
    assert!(
        lines.contains("BertConfig(vocab_size=20, hidden_size=8, "),
        "{lines}"
    );
    assert!(lines.contains("model = BertModel(config, add_pooling_layer=False)"));
    assert!(lines.contains("model.load_state_dict(load_file(\"run/w\"))"));
    assert!(!lines.contains("okenizer"), "{lines}");
}

/// What is said where a head is asked for that no library has.
#[test]
fn a_head_that_nobody_has_is_refused() {
    let said = |net: &Net, trained: Option<Trained<'_>>| {
        let problem = of(net, Vec::new(), trained, true, None).unwrap_err();
        assert!(
            problem
                .helps
                .iter()
                .any(|help| help.contains("leave `head` out"))
        );
        problem.message
    };
    let cnn = encoder("small_cnn", &[]);
    assert_eq!(
        said(&cnn, None),
        "no library has a place for the head of `small_cnn`"
    );
    assert!(of(&cnn, Vec::new(), None, false, None).unwrap().is_none());
    let (graph, _) = alone(false);
    let trained = |task, module| Trained {
        graph: &graph,
        task,
        module,
    };
    let windows = entry(Kind::Task, "skip_gram");
    assert_eq!(
        said(&bert(), Some(trained(&windows, "encoder"))),
        "transformers has no `bert` with the head of `skip_gram`"
    );
    assert_eq!(
        said(&bert(), Some(trained(&windows, "ema/encoder"))),
        "the head stands on the encoder that was trained, not on this part"
    );
}

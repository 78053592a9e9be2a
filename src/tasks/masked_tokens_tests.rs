//! Whole steps against PyTorch, and what does not count.

use super::*;
use crate::catalog::{Net, Value};
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::graph::testing::{args, encoder};
use crate::graph::{DType, Mode, Totals};
use crate::tasks::traces;

const VOCABULARY: usize = 20;

fn bert(pool: &str) -> Net {
    encoder(
        "bert",
        &[
            ("width", Value::Integer(8)),
            ("depth", Value::Integer(2)),
            ("heads", Value::Integer(2)),
            ("dropout", Value::Ratio(0.0)),
            ("pool", Value::Word(pool.into())),
        ],
    )
}

fn declared(n: usize) -> Graph {
    let mut g = Graph::new(Mode::Train);
    for name in ["input", "target"] {
        let shape = vec![Size::batch(), n.into()];
        g.declare_input(name, shape, DType::Int, Some(VOCABULARY));
    }
    g
}

#[test]
fn steps_are_those_of_the_paper() {
    let trace = traces::read(include_str!(
        "../../tests/fixtures/tasks/masked_tokens.json"
    ));
    let spec = std::sync::Arc::new(spec());
    let mut given = traces::arguments(&trace, &spec);
    given.push(("encoder", Value::Net(bert("mean"))));
    let mut g = declared(10);
    build(&mut g, &args(&spec, &given)).unwrap();
    traces::compare(&trace, &g);
}

fn ids(rows: &[&[i64]]) -> HostTensor {
    HostTensor::int(rows.concat(), &[rows.len(), rows[0].len()])
}

/// What an encoder gives for these texts.
fn read(pool: &str, rows: &[&[i64]]) -> Vec<f32> {
    let mut g = Graph::new(Mode::Eval);
    let shape = vec![Size::batch(), 6.into()];
    let x = g.declare_input("x", shape, DType::Int, Some(VOCABULARY));
    let whole = g.call(&Module::new("encoder", &bert(pool)), x).unwrap();
    let model = Model::init(&g, 5, &Device::flex()).unwrap();
    let batch: Batch = [("x".to_owned(), ids(rows))].into();
    features(&g, &model, &batch, &[whole]).unwrap()[0]
        .as_f32()
        .unwrap()
        .to_vec()
}

/// A text gives the same whatever its neighbours, and whatever stood where its padding is cannot be asked: only ids that are 0 are padding.
#[test]
fn nothing_looks_at_padding() {
    let alone = read("mean", &[&[7, 8, 9, 0, 0, 0]]);
    let beside = read("mean", &[&[7, 8, 9, 0, 0, 0], &[5, 6, 7, 8, 9, 10]]);
    for (a, b) in alone.iter().zip(&beside[..8]) {
        assert!((a - b).abs() < 1e-5);
    }
    // of the first piece: the others do count, padding does not
    let first = read("cls", &[&[7, 8, 9, 0, 0, 0]]);
    let other = read("cls", &[&[7, 8, 10, 0, 0, 0]]);
    assert!(first.iter().zip(&other).any(|(a, b)| (a - b).abs() > 1e-4));
    // norms of the last block: each piece has mean 0 and variance 1, and so not their mean
    let norm = |x: &[f32]| x.iter().map(|v| v * v).sum::<f32>() / 8.0;
    assert!((norm(&first) - 1.0).abs() < 1e-3, "{first:?}");
    assert!(alone != first);
}

/// A text of padding alone is finite: a vector of zeros.
#[test]
fn an_empty_text_is_a_vector_of_zeros() {
    assert!(read("mean", &[&[0; 6]]).iter().all(|x| *x == 0.0));
}

#[test]
fn what_does_not_fit_is_said() {
    let mut g = Graph::new(Mode::Train);
    let module = Module::new("encoder", &bert("mean"));
    let long = g.declare_input(
        "long",
        vec![Size::batch(), 9.into()],
        DType::Int,
        Some(VOCABULARY),
    );
    let short = g.declare_input(
        "short",
        vec![Size::batch(), 6.into()],
        DType::Int,
        Some(VOCABULARY),
    );
    g.call(&module, short).unwrap();
    let problem = g.call(&module, long).unwrap_err();
    assert_eq!(
        problem.message,
        "bert was trained on texts of 6 pieces, and one of 9 flows in"
    );
    assert!(problem.helps[0].contains("crop_tokens(6, at = start)"));
    let mut g = Graph::new(Mode::Train);
    let unknown = g.declare_input("x", vec![Size::batch(), 6.into()], DType::Int, None);
    let problem = g.call(&module, unknown).unwrap_err();
    assert!(
        problem.message.contains("vocabulary whose size is known"),
        "{}",
        problem.message
    );
    // a net without words
    let mut g = declared(6);
    let spec = std::sync::Arc::new(spec());
    let given = [("encoder", Value::Net(encoder("small_cnn", &[])))];
    assert!(build(&mut g, &args(&spec, &given)).is_err());
}

/// Kinds of 0 are what a text without kinds has, and those of 1 count.
#[test]
fn kinds_are_read_beside_the_words() {
    let text: &[i64] = &[7, 8, 9, 10, 0, 0];
    let of_kinds = |kinds: &[i64]| {
        let mut g = Graph::new(Mode::Eval);
        let shape = vec![Size::batch(), 6.into()];
        g.declare_input("x", shape.clone(), DType::Int, Some(VOCABULARY));
        g.declare_input("x/kinds", shape, DType::Int, Some(2));
        let x = crate::tasks::texts_of(&mut g, "x").unwrap();
        let whole = g.call(&Module::new("encoder", &bert("mean")), x).unwrap();
        let model = Model::init(&g, 5, &Device::flex()).unwrap();
        let batch: Batch = [
            ("x".to_owned(), ids(&[text])),
            ("x/kinds".to_owned(), ids(&[kinds])),
        ]
        .into();
        let read = features(&g, &model, &batch, &[whole]).unwrap();
        read[0].as_f32().unwrap().to_vec()
    };
    let one = read("mean", &[text]);
    let zeros = of_kinds(&[0; 6]);
    assert!(one.iter().zip(&zeros).all(|(a, b)| (a - b).abs() < 1e-5));
    let second = of_kinds(&[0, 0, 1, 1, 0, 0]);
    assert!(one.iter().zip(&second).any(|(a, b)| (a - b).abs() > 1e-3));
}

/// The scores are the words' own embeddings: no second table of that size.
#[test]
fn scores_share_the_embeddings() {
    let mut g = declared(10);
    let spec = std::sync::Arc::new(spec());
    build(
        &mut g,
        &args(&spec, &[("encoder", Value::Net(bert("mean")))]),
    )
    .unwrap();
    let tables = g
        .parameters
        .iter()
        .filter(|p| p.shape.contains(&VOCABULARY) && p.shape.len() == 2);
    let names: Vec<&str> = tables.map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["encoder/embeddings/word_embeddings/weight"]);
}

/// A step over a batch of short texts and one of long ones is the same whether the short ones are padded or the task was traced for them.
#[test]
fn a_step_over_two_lengths_is_that_of_padded_texts() {
    use crate::engine::Trainer;
    use crate::plan::Optimizer;
    let spec = std::sync::Arc::new(spec());
    let given = [
        ("encoder", Value::Net(bert("mean"))),
        ("guessed", Value::Ratio(1.0)),
    ];
    let args = args(&spec, &given);
    let mut long = declared(10);
    build(&mut long, &args).unwrap();
    let mut short = Graph::on_parameters_of(&long);
    for name in ["input", "target"] {
        let shape = vec![Size::batch(), 6.into()];
        short.declare_input(name, shape, DType::Int, Some(VOCABULARY));
    }
    build(&mut short, &args).unwrap();
    assert_eq!(short.parameters, long.parameters);

    let of = |input: &[&[i64]], target: &[&[i64]]| -> Batch {
        [("input", ids(input)), ("target", ids(target))]
            .map(|(name, ids)| (name.to_owned(), ids))
            .into()
    };
    let cut = of(
        &[&[4, 8, 9, 6, 7, 0], &[11, 4, 13, 4, 0, 0]],
        &[&[5, 0, 0, 0, 7, 0], &[0, 12, 0, 14, 0, 0]],
    );
    let padded = of(
        &[
            &[4, 8, 9, 6, 7, 0, 0, 0, 0, 0],
            &[11, 4, 13, 4, 0, 0, 0, 0, 0, 0],
        ],
        &[
            &[5, 0, 0, 0, 7, 0, 0, 0, 0, 0],
            &[0, 12, 0, 14, 0, 0, 0, 0, 0, 0],
        ],
    );
    let whole = of(
        &[&[5, 4, 7, 8, 9, 10, 4, 12, 13, 14]],
        &[&[0, 6, 0, 0, 0, 0, 11, 0, 0, 0]],
    );
    let step = |graphs: &[&Graph], batches: [&Batch; 2]| {
        let model = Model::init(&long, 5, &Device::flex()).unwrap();
        let optimizer = Optimizer::Sgd {
            rate: 1.0,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        };
        let mut trainer = Trainer::new(model, optimizer, Vec::new(), 1);
        let report = trainer
            .step_of(graphs, &batches.map(Batch::clone), 1.0, None)
            .unwrap();
        (report, trainer.state().unwrap().parameters)
    };
    let (a, moved) = step(&[&short, &long], [&cut, &whole]);
    let (b, wanted) = step(&[&long, &long], [&padded, &whole]);
    assert!((a.objectives[0].1 - b.objectives[0].1).abs() < 1e-5);
    for (name, wanted) in &wanted {
        let (a, b) = (moved[name].as_f32().unwrap(), wanted.as_f32().unwrap());
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() < 1e-4, "{name}: {a}, padded {b}");
        }
    }
}

/// Batches hide more and fewer words: what is said of a split is what one batch with all of its texts gives, not a mean over batches.
#[test]
fn unequal_batches_are_weighed_by_the_words_they_hide() {
    let spec = std::sync::Arc::new(spec());
    let given = [
        ("encoder", Value::Net(bert("mean"))),
        ("guessed", Value::Ratio(1.0)),
    ];
    let mut g = Graph::new(Mode::Eval);
    for name in ["input", "target"] {
        let shape = vec![Size::batch(), 6.into()];
        g.declare_input(name, shape, DType::Int, Some(VOCABULARY));
    }
    build(&mut g, &args(&spec, &given)).unwrap();
    let mut model = Model::init(&g, 5, &Device::flex()).unwrap();
    // words that differ in how likely they are
    let bias = (0..VOCABULARY).map(|word| word as f32 / 4.0).collect();
    let bias = HostTensor::f32(bias, &[VOCABULARY]);
    model.set("head/bias", &bias).unwrap();
    let input: [&[i64]; 3] = [
        &[4, 8, 9, 6, 7, 0],
        &[4, 4, 4, 4, 4, 4],
        &[11, 4, 13, 10, 0, 0],
    ];
    let target: [&[i64]; 3] = [
        &[19, 0, 0, 0, 0, 0],
        &[5, 6, 19, 8, 19, 6],
        &[0, 7, 0, 0, 0, 0],
    ];
    // batches by where they begin, and where the last one ends
    let read = |cuts: &[usize]| -> (Vec<f64>, Vec<f64>) {
        let mut totals = Totals::of(&g);
        let named = g.objectives.iter().chain(&g.metrics);
        let named: Vec<Var> = named.map(|named| named.var).collect();
        let mut means = vec![0.0; named.len()];
        for cut in cuts.windows(2) {
            let rows = cut[0]..cut[1];
            let batch: Batch = [("input", &input), ("target", &target)]
                .map(|(name, all)| (name.to_owned(), ids(&all[rows.clone()])))
                .into();
            let first = |wanted: &[Var]| -> Vec<f64> {
                let values = features(&g, &model, &batch, wanted).unwrap();
                let values = values.iter().map(|value| value.as_f32().unwrap()[0]);
                values.map(f64::from).collect()
            };
            totals.add(&first(&totals.wanted()), rows.len());
            for (mean, value) in means.iter_mut().zip(first(&named)) {
                *mean += value * rows.len() as f64 / 3.0;
            }
        }
        (totals.values(), means)
    };
    let (whole, same) = read(&[0, 3]);
    let (cut, means) = read(&[0, 1, 3]);
    for at in 0..whole.len() {
        assert!((whole[at] - same[at]).abs() < 1e-4, "{whole:?} {same:?}");
        assert!((whole[at] - cut[at]).abs() < 1e-4, "{whole:?} {cut:?}");
        // a mean over batches, each as heavy as its texts, is another number
        assert!((whole[at] - means[at]).abs() > 1e-2, "{whole:?} {means:?}");
    }
    let perplexity = g
        .metrics
        .iter()
        .position(|named| named.name == "perplexity");
    let perplexity = cut[1 + perplexity.unwrap()];
    assert!((perplexity - cut[0].exp()).abs() < 1e-9, "{cut:?}");
}

//! What is drawn is drawn by its probability, and what differs is counted as it is by hand.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::catalog::Value;
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::graph::testing::encoder;
use crate::graph::{DType, Mode};

const VOCABULARY: usize = 9;
const FIRST: i64 = 2;
const LAST: i64 = 3;

fn ids(g: &mut Graph, name: &str, n: usize) -> Var {
    let shape = vec![Size::batch(), n.into()];
    g.declare_input(name, shape, DType::Int, Some(VOCABULARY))
}

fn whole(g: &Graph, model: &Model, batch: &Batch, of: Var) -> Vec<i64> {
    let found = features(g, model, batch, &[of]).unwrap();
    found[0].as_int().unwrap().to_vec()
}

fn batch(fields: &[(&str, &[i64], usize)]) -> Batch {
    let tensor = |(name, data, n): &(&str, &[i64], usize)| {
        let tensor = HostTensor::int(data.to_vec(), &[data.len() / n, *n]);
        ((*name).to_owned(), tensor)
    };
    fields.iter().map(tensor).collect()
}

#[test]
fn pieces_are_drawn_by_their_probability_and_never_padding() {
    let (mut g, rows) = (Graph::new(Mode::Eval), 4000);
    let shape = vec![Size::batch(), 4.into()];
    let scores = g.declare_input("scores", shape, DType::F32, None);
    let drawn = draw(&mut g, scores).unwrap();
    let model = Model::init(&g, 5, &Device::flex()).unwrap();
    // padding would be drawn nearly always
    let row = [9.0, 0.0, 2.0_f32.ln(), 5.0_f32.ln()];
    let scores = HostTensor::f32(row.repeat(rows), &[rows, 4]);
    let found = whole(&g, &model, &[("scores".to_owned(), scores)].into(), drawn);
    for (piece, p) in [(0, 0.0), (1, 0.125), (2, 0.25), (3, 0.625)] {
        let n = found.iter().filter(|own| **own == piece).count() as f64;
        let (mean, all): (f64, f64) = (p * rows as f64, rows as f64);
        let five = 5.0 * (all * p * (1.0 - p)).sqrt();
        assert!((n - mean).abs() <= five, "{piece}: {n}, not {mean}");
    }
}

/// Reading piece by piece is reading the whole: what is drawn next is scored by the features that the whole text has there.
#[test]
fn what_is_read_piece_by_piece_is_what_is_read_at_once() {
    let mut g = Graph::new(Mode::Eval);
    let [a, b, c] = [("a", 4), ("b", 1), ("c", 2)].map(|(name, n)| ids(&mut g, name, n));
    let module = gpt();
    let whole = g.concat(&[a, b, c], 1).unwrap();
    let whole = g.call_part(&module, "tokens", whole).unwrap(); // [B, 7, 8]
    let mut past = Past::default();
    let parts = [a, b, c].map(|ids| g.call_next(&module, &mut past, ids).unwrap());
    let parts = g.concat(&parts, 1).unwrap();
    let model = model(&g, 7);
    let texts = batch(&[
        ("a", &[2, 5, 3, 0, 2, 7, 8, 3], 4),
        ("b", &[2, 2], 1),
        ("c", &[6, 0, 5, 3], 2),
    ]);
    let found = features(&g, &model, &texts, &[whole, parts]).unwrap();
    let [whole, parts] = [0, 1].map(|at: usize| found[at].as_f32().unwrap().to_vec());
    assert_eq!(whole.len(), 2 * 7 * 8);
    for (at, (a, b)) in whole.iter().zip(&parts).enumerate() {
        assert!((a - b).abs() < 1e-5, "{at}: {a} {b}");
    }
}

fn gpt() -> Module {
    let net = encoder(
        "gpt",
        &[
            ("width", Value::Integer(8)),
            ("depth", Value::Integer(2)),
            ("heads", Value::Integer(2)),
        ],
    );
    Module::new("encoder", &net)
}

/// With embeddings that count, against which a mistake of places would show.
fn model(g: &Graph, positions: usize) -> Model {
    let mut model = Model::init(g, 5, &Device::flex()).unwrap();
    for (name, rows) in [("wpe", positions), ("wte", VOCABULARY)] {
        let table: Vec<f32> = (0..rows * 8)
            .map(|i| (i * 7 % 11) as f32 / 5.0 - 1.0)
            .collect();
        let table = HostTensor::f32(table, &[rows, 8]);
        model
            .set(&format!("encoder/{name}/weight"), &table)
            .unwrap();
    }
    model
}

#[test]
fn a_reply_ends_once_and_is_drawn_anew_for_each_record() {
    const N: usize = 6;
    let mut g = Graph::new(Mode::Eval);
    let [context, first, last] =
        [("context", 4), ("first", 1), ("last", 1)].map(|(name, n)| ids(&mut g, name, n));
    let ends = Ends { first, last };
    // how many positions there are, the longest text says
    let longest = ids(&mut g, "longest", 4 + N);
    g.call_part(&gpt(), "tokens", longest).unwrap();
    let written = write(&mut g, &gpt(), context, ends, N).unwrap();
    let model = model(&g, 4 + N);
    let rows = 200;
    let same = |row: &[i64]| row.repeat(rows);
    let texts = [same(&[2, 5, 6, 3]), same(&[FIRST]), same(&[LAST])];
    let texts = batch(&[
        ("context", &texts[0], 4),
        ("first", &texts[1], 1),
        ("last", &texts[2], 1),
    ]);
    let found = whole(&g, &model, &texts, written);
    assert_eq!(found, whole(&g, &model, &texts, written));
    let replies: BTreeSet<&[i64]> = found.chunks(N).collect();
    assert!(replies.len() > rows / 2, "{}", replies.len());
    let mut ended = 0;
    for reply in &replies {
        match reply.iter().position(|id| *id == LAST) {
            Some(end) => {
                ended += 1;
                assert!(reply[end + 1..].iter().all(|id| *id == 0), "{reply:?}");
                assert!(reply[..end].iter().all(|id| *id > 0), "{reply:?}");
            }
            None => assert!(reply.iter().all(|id| *id > 0), "{reply:?}"),
        }
    }
    assert!(ended > 0 && ended < replies.len(), "{ended}");
}

#[test]
fn distinct_pieces_and_pairs_are_counted_as_by_hand() {
    let mut g = Graph::new(Mode::Eval);
    let texts = ids(&mut g, "texts", 4);
    let [one, two] = distinct(&mut g, texts).unwrap();
    let model = Model::init(&g, 5, &Device::flex()).unwrap();
    let by_hand = |rows: &[i64]| -> [f64; 2] {
        let (mut ones, mut twos) = (BTreeMap::new(), BTreeMap::new());
        for row in rows.chunks(4) {
            let row: Vec<i64> = row.iter().copied().filter(|id| *id > 0).collect();
            row.iter().for_each(|id| *ones.entry(*id).or_insert(0) += 1);
            row.windows(2)
                .for_each(|two| *twos.entry(two.to_vec()).or_insert(0) += 1);
        }
        let share = |found: usize, all: usize| found as f64 / all.max(1) as f64;
        [
            share(ones.len(), ones.values().sum()),
            share(twos.len(), twos.values().sum()),
        ]
    };
    let cases: [&[i64]; 5] = [
        &[5, 6, 5, 6, 5, 6, 7, 0, 8, 0, 0, 0],
        &[5, 5, 5, 5, 5, 5, 5, 5],
        &[0; 8],
        &[6, 5, 0, 0, 5, 6, 0, 0, 6, 5, 6, 5],
        &[1, 2, 3, 4, 4, 3, 2, 1],
    ];
    for rows in cases {
        let found = features(&g, &model, &batch(&[("texts", rows, 4)]), &[one, two]).unwrap();
        let found = [0, 1].map(|at: usize| f64::from(found[at].as_f32().unwrap()[0]));
        let wanted = by_hand(rows);
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-6, "{rows:?}: {found} {wanted}");
        }
    }
}

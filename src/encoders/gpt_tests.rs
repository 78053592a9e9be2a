//! What a piece sees, and what it does not.

use crate::catalog::Value;
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::graph::testing::encoder;
use crate::graph::{DType, Graph, Mode, Module, Size};

const N: usize = 6;

/// Features of each piece, `[rows, N, 8]`, or of the texts, `[rows, 8]`.
fn read(part: Option<&str>, pool: &str, rows: &[&[i64]]) -> Vec<f32> {
    let mut g = Graph::new(Mode::Eval);
    let x = g.declare_input("x", vec![Size::batch(), N.into()], DType::Int, Some(20));
    let net = encoder(
        "gpt",
        &[
            ("width", Value::Integer(8)),
            ("depth", Value::Integer(2)),
            ("heads", Value::Integer(2)),
            ("pool", Value::Word(pool.into())),
        ],
    );
    let module = Module::new("encoder", &net);
    let y = match part {
        Some(part) => g.call_part(&module, part, x),
        None => g.call(&module, x),
    };
    let mut model = Model::init(&g, 5, &Device::flex()).unwrap();
    // positions that count, against which a mistake of places would show
    let places: Vec<f32> = (0..N * 8).map(|i| (i * 7 % 11) as f32 / 5.0).collect();
    let places = HostTensor::f32(places, &[N, 8]);
    model.set("encoder/wpe/weight", &places).unwrap();
    let ids = HostTensor::int(rows.concat(), &[rows.len(), N]);
    let batch: Batch = [("x".to_owned(), ids)].into();
    let read = features(&g, &model, &batch, &[y.unwrap()]).unwrap();
    read[0].as_f32().unwrap().to_vec()
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

#[test]
fn a_piece_sees_itself_and_those_before_it() {
    let rows: [&[i64]; 2] = [&[7, 8, 9, 10, 11, 12], &[7, 8, 9, 13, 11, 12]];
    let read = read(Some("tokens"), "mean", &rows);
    let (a, b) = read.split_at(N * 8);
    assert!(close(&a[..3 * 8], &b[..3 * 8]));
    for piece in 3..N {
        let own = piece * 8..(piece + 1) * 8;
        assert!(!close(&a[own.clone()], &b[own]), "{piece}");
    }
}

#[test]
fn padding_takes_no_place_wherever_it_stands() {
    let rows: [&[i64]; 3] = [
        &[7, 8, 9, 10, 0, 0],
        &[7, 8, 0, 0, 9, 10],
        &[0, 7, 8, 0, 9, 10],
    ];
    let of_pieces = read(Some("tokens"), "mean", &rows);
    let at = |row: usize, piece: usize| {
        let first = (row * N + piece) * 8;
        &of_pieces[first..first + 8]
    };
    for (row, places) in [(1, [0, 1, 4, 5]), (2, [1, 2, 4, 5])] {
        for (piece, place) in places.into_iter().enumerate() {
            assert!(close(at(0, piece), at(row, place)), "{row} {piece}");
        }
    }
    for pool in ["mean", "last"] {
        let texts = read(None, pool, &rows);
        assert!(close(&texts[..8], &texts[8..16]) && close(&texts[..8], &texts[16..]));
        if pool == "last" {
            assert!(close(&texts[..8], at(0, 3)));
        }
    }
}

#[test]
fn a_text_of_padding_alone_is_finite() {
    for pool in ["mean", "last"] {
        let read = read(None, pool, &[&[0; N]]);
        assert!(read.iter().all(|x| x.is_finite()), "{read:?}");
    }
}

//! Whole steps against PyTorch, what the context sees, and sizes.

use super::*;
use crate::catalog::Value;
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::graph::testing::{args, encoder, entry, net};
use crate::graph::{DType, Mode, show};
use crate::tasks::traces::follow;

#[test]
fn steps_are_those_of_the_paper() {
    follow(include_str!("../../tests/fixtures/tasks/cpc.json"));
}

/// A change of one place changes what is below it, and nothing above or in another picture.
#[test]
fn nothing_below_flows_into_the_context() {
    // of so many features some are above 0 at each place
    let (rows, columns, width) = (6, 5, 12);
    let mut g = Graph::new(Mode::Eval);
    let shape = vec![Size::batch(), rows.into(), columns.into(), width.into()];
    let z = g.declare_input("z", shape, DType::F32, None);
    let c = context(&mut g, z, 16, 2).unwrap();
    let model = Model::init(&g, 5, &Device::flex()).unwrap();
    let of = |numbers: Vec<f32>| {
        let z = HostTensor::f32(numbers, &[2, rows, columns, width]);
        let batch: Batch = [("z".to_owned(), z)].into();
        let found = features(&g, &model, &batch, &[c]).unwrap();
        found[0].as_f32().unwrap().to_vec()
    };
    let plain: Vec<f32> = (0..2 * rows * columns * width)
        .map(|i| (i as f32 * 0.37).sin())
        .collect();
    let before = of(plain.clone());
    let (row, column) = (2, 2);
    let mut other = plain;
    let own = (row * columns + column) * width;
    (own..own + width).for_each(|i| other[i] += 1.0);
    let after = of(other);
    let mut changed = vec![vec![false; columns]; 2 * rows];
    for (i, (a, b)) in before.iter().zip(&after).enumerate() {
        let place = i / width;
        changed[place / columns][place % columns] |= a != b;
    }
    for (at, changed) in changed.iter().enumerate() {
        // two blocks see two rows up, and two columns to each side
        let sees = (row..=row + 2).contains(&at);
        assert!(sees || !changed.contains(&true), "row {at}: {changed:?}");
    }
    assert!(changed[row + 2].contains(&true), "{changed:?}");
    assert!(
        changed[row][column - 1..=column + 1].iter().all(|c| *c),
        "{changed:?}"
    );
}

/// The task on pictures of this height.
fn built(height: usize, given: &[(&str, f64)]) -> Result<Graph> {
    let spec = entry(Kind::Task, "cpc");
    let small = encoder("small_cnn", &[("width", Value::Integer(4))]);
    let mut all = vec![(
        "encoder",
        Value::Net(net(small.steps.into_iter().map(|s| s.call))),
    )];
    all.extend(given.iter().map(|(name, n)| match *name {
        "patch" | "stride" => (*name, Value::Length(*n)),
        _ => (*name, Value::Integer(*n as i64)),
    }));
    let mut g = Graph::new(Mode::Train);
    let shape = vec![Size::batch(), 3.into(), height.into(), 32.into()];
    g.declare_input("view", shape, DType::F32, None);
    build(&mut g, &args(&spec, &all)).map(|()| g)
}

#[test]
fn a_picture_is_seven_by_seven_patches_and_five_steps_where_nothing_is_said() {
    let g = built(32, &[]).unwrap();
    let places = |g: &Graph| -> Vec<String> {
        let scores = g
            .nodes
            .iter()
            .filter(|n| n.op == crate::graph::Op::LogSoftmax(1));
        scores.map(|n| show(&n.shape)).collect()
    };
    // the next row shares pixels with its own: two to six rows below
    assert_eq!(
        places(&g),
        [
            "[35*B, 35*B]",
            "[28*B, 28*B]",
            "[21*B, 21*B]",
            "[14*B, 14*B]",
            "[7*B, 7*B]"
        ]
    );
    // fewer rows, fewer steps
    let g = built(32, &[("patch", 16.0)]).unwrap();
    assert_eq!(places(&g), ["[3*B, 3*B]"]);
    for given in [
        [("patch", 16.0), ("stride", 16.0)],
        [("patch", 40.0), ("stride", 8.0)],
        [("patch", 8.0), ("skip", 6.0)],
    ] {
        let problem = built(32, &given).unwrap_err();
        assert!(problem.message.contains("rows or more"), "{problem}");
    }
    assert!(built(32, &[("patch", 16.0), ("stride", 16.0), ("skip", 0.0)]).is_ok());
}

/// One channel of each patch is left, three times as bright, each as often as the others.
#[test]
fn a_patch_keeps_one_of_its_colours() {
    let n = 300;
    let mut g = Graph::new(Mode::Train);
    let shape = vec![Size::batch(), 3.into(), 2.into(), 2.into()];
    let x = g.declare_input("x", shape, DType::F32, None);
    let one = one_colour(&mut g, x).unwrap();
    let model = Model::init(&g, 0, &Device::flex()).unwrap();
    let x = HostTensor::f32(vec![0.5; n * 12], &[n, 3, 2, 2]);
    let found = features(&g, &model, &Batch::from([("x".to_owned(), x)]), &[one]).unwrap();
    let mut often = [0; 3];
    for patch in found[0].as_f32().unwrap().chunks(12) {
        let kept = patch.iter().position(|x| *x != 0.0).unwrap() / 4;
        for (at, x) in patch.iter().enumerate() {
            assert_eq!(*x, if at / 4 == kept { 1.5 } else { 0.0 });
        }
        often[kept] += 1;
    }
    // 300 draws of three: s.d. of a count is below 9
    assert!(often.iter().all(|k| (60..140).contains(k)), "{often:?}");
}

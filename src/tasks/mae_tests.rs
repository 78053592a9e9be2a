//! Masking, and whole steps against PyTorch with the noise as an input.

use super::*;
use crate::catalog::Value;
use crate::engine::{Batch, HostTensor, Model, features};
use crate::graph::testing::{args, encoder, entry};
use crate::graph::{DType, Mode};
use crate::tasks::traces;

fn vit() -> crate::catalog::Net {
    let sizes = [("patch", Value::Length(2.0)), ("width", Value::Integer(8))];
    let more = [("depth", Value::Integer(2)), ("heads", Value::Integer(2))];
    encoder("vit", &[sizes, more].concat())
}

#[test]
fn steps_are_those_of_the_paper() {
    let trace = traces::read(include_str!("../../tests/fixtures/tasks/mae.json"));
    let spec = entry(Kind::Task, "mae");
    let given = traces::arguments(&trace, &spec);
    let task = args(&spec, &given);
    let encoder = Module::new("encoder", &vit());
    let mut g = traces::inputs(&trace);
    let (x, noise) = (g.input("view").unwrap(), g.input("noise").unwrap());
    let patches = g.call_part(&encoder, "embed", x).unwrap();
    let loss = hide_and_draw(&mut g, &task, &encoder, [x, patches, noise]).unwrap();
    g.objective("loss", loss);
    traces::compare(&trace, &g);
}

#[test]
fn each_picture_hides_patches_of_its_own() {
    let (rows, n, seen) = (200usize, 8usize, 3usize);
    let mut g = Graph::new(Mode::Train);
    let noise = g.random_uniform(vec![rows.into(), n.into()]);
    let x = g.declare_input("x", vec![rows.into(), n.into(), 1.into()], DType::F32, None);
    let shuffled = shuffle(&mut g, noise, seen).unwrap();
    let kept = g.gather_rows(x, shuffled.keep).unwrap(); // [rows, seen, 1]
    let hidden = shuffled.hidden;
    let model = Model::init(&g, 3, &crate::engine::Device::flex()).unwrap();
    // a patch is its own number
    let numbers: Vec<f32> = (0..rows * n).map(|i| (i % n) as f32).collect();
    let batch: Batch = [("x".to_owned(), HostTensor::f32(numbers, &[rows, n, 1]))].into();
    let found = features(&g, &model, &batch, &[kept, hidden]).unwrap();
    let (kept, hidden) = (found[0].as_f32().unwrap(), found[1].as_f32().unwrap());
    let mut seen_often = vec![0usize; n];
    for row in 0..rows {
        let own = &hidden[row * n..(row + 1) * n];
        assert_eq!(own.iter().sum::<f32>(), (n - seen) as f32);
        for patch in &kept[row * seen..(row + 1) * seen] {
            assert_eq!(own[*patch as usize], 0.0);
            seen_often[*patch as usize] += 1;
        }
    }
    // 600 choices of 8: s.d. of a count is below 9
    assert!(
        seen_often.iter().all(|k| (40..110).contains(k)),
        "{seen_often:?}"
    );
}

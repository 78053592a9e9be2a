//! Hiding, and whole steps against PyTorch with the noise as an input.

use super::*;
use crate::catalog::{Net, Value};
use crate::engine::{Batch, Device, Model, features};
use crate::graph::testing::{args, encoder, entry};
use crate::graph::{DType, Mode};
use crate::tasks::traces::{arguments, compare, inputs, read};

fn vit(patch: f64) -> Net {
    let sizes = [
        ("patch", Value::Length(patch)),
        ("width", Value::Integer(8)),
        ("depth", Value::Integer(2)),
        ("heads", Value::Integer(2)),
    ];
    encoder("vit", &sizes)
}

#[test]
fn steps_are_those_of_the_paper() {
    let trace = read(include_str!("../../tests/fixtures/tasks/simmim.json"));
    let spec = entry(Kind::Task, "simmim");
    let given = arguments(&trace, &spec);
    let task = args(&spec, &given);
    let encoder = Module::new("encoder", &vit(2.0));
    let mut g = inputs(&trace);
    let (x, noise) = (g.input("view").unwrap(), g.input("noise").unwrap());
    let patches = g.call_part(&encoder, "patches", x).unwrap();
    let grid = Grid::new(&g, &task, x, patches).unwrap();
    let loss = hide_and_tell(&mut g, &task, &encoder, grid, [x, patches, noise]).unwrap();
    g.objective("loss", loss);
    compare(&trace, &g);
}

/// The task on pictures of this size, cut into patches of so many pixels.
fn built([height, width]: [usize; 2], patch: f64, unit: Option<f64>) -> Result<Graph> {
    let spec = entry(Kind::Task, "simmim");
    let mut given = vec![("encoder", Value::Net(vit(patch)))];
    given.extend(unit.map(|unit| ("unit", Value::Length(unit))));
    let mut g = Graph::new(Mode::Train);
    let shape = vec![Size::batch(), 3.into(), height.into(), width.into()];
    g.declare_input("view", shape, DType::F32, None);
    build(&mut g, &args(&spec, &given)).map(|()| g)
}

#[test]
fn units_are_whole_patches_of_whole_pictures() {
    for (side, patch, unit) in [
        (32, 4.0, None),
        (28, 4.0, None),
        (28, 4.0, Some(28.0 / 2.0)),
        (28, 4.0, Some(4.0)),
    ] {
        let found = built([side, side], patch, unit);
        // 14 px are no whole patches of 4
        assert_eq!(found.is_ok(), unit != Some(14.0), "{side} {patch} {unit:?}");
    }
    // three patches a side can't be paired
    let single = built([12, 12], 4.0, None).unwrap();
    let noise = |g: &Graph| {
        let random = |node: &&crate::graph::Node| matches!(node.op, crate::graph::Op::Random(_));
        g.nodes
            .iter()
            .find(random)
            .map(|node| node.shape[1].known())
    };
    assert_eq!(noise(&single), Some(Some(9)));
    assert_eq!(noise(&built([16, 16], 4.0, None).unwrap()), Some(Some(4)));
    for unit in [3.0, 12.0, 64.0] {
        let problem = built([32, 32], 4.0, Some(unit)).unwrap_err();
        assert!(
            problem.helps[0].contains("4px, 8px, 16px, 32px"),
            "{problem}"
        );
    }
    let problem = built([32, 32], 4.0, Some(32.0)).unwrap_err();
    assert!(problem.message.contains("are one unit"), "{problem}");
}

#[test]
fn each_picture_hides_units_of_its_own() {
    let rows = 200usize;
    let grid = Grid {
        patch: 1,
        side: 2,
        units: [2, 3],
    };
    let mut g = Graph::new(Mode::Train);
    let noise = g.random_uniform(vec![rows.into(), 6.into()]);
    let hidden = grid.hidden(&mut g, noise, 0.6).unwrap(); // [rows, 24, 1]
    let model = Model::init(&g, 3, &Device::flex()).unwrap();
    let found = features(&g, &model, &Batch::new(), &[hidden]).unwrap();
    let mut often = [0usize; 6];
    for row in found[0].as_f32().unwrap().chunks(24) {
        // 3.6 of 6: four, each of four patches
        assert_eq!(row.iter().sum::<f32>(), 16.0);
        for (unit, often) in often.iter_mut().enumerate() {
            let at = |r: usize, c: usize| row[(unit / 3 * 2 + r) * 6 + unit % 3 * 2 + c];
            let all = [at(0, 0), at(0, 1), at(1, 0), at(1, 1)];
            assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
            *often += all[0] as usize;
        }
    }
    // 800 of 1200: s.d. of a count is below 7
    assert!(often.iter().all(|k| (105..162).contains(k)), "{often:?}");
}

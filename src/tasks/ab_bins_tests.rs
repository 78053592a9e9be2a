//! Bins and colours against `tests/fixtures/lab`.

use serde::Deserialize;

use super::*;
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::graph::{Mode, Size};

#[derive(Deserialize)]
struct Fixture {
    rgb: Vec<[f32; 3]>,
    lab: Vec<[f32; 3]>,
    out_of_gamut: Vec<[f32; 3]>,
    cut_off: Vec<[f32; 3]>,
    bins: Vec<[f32; 2]>,
    ab: Vec<[f32; 2]>,
    nearest: Vec<Vec<i64>>,
    weight: Vec<Vec<f32>>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../tests/fixtures/lab/lab.json")).unwrap()
}

/// What `build` makes of the rows of `x`.
fn values(
    x: Vec<f32>,
    width: usize,
    build: impl FnOnce(&mut Graph, Var) -> Result<Vec<Var>>,
) -> Vec<HostTensor> {
    let mut g = Graph::new(Mode::Eval);
    let input = g.declare_input("x", vec![Size::batch(), width.into()], DType::F32, None);
    let wanted = build(&mut g, input).unwrap();
    let model = Model::init(&g, 0, &Device::flex()).unwrap();
    let rows = x.len() / width;
    let batch = Batch::from([("x".to_owned(), HostTensor::f32(x, &[rows, width]))]);
    features(&g, &model, &batch, &wanted).unwrap()
}

fn close(found: &[f32], wanted: &[f32], by: f32) {
    assert_eq!(found.len(), wanted.len());
    for (i, (a, b)) in found.iter().zip(wanted).enumerate() {
        assert!((a - b).abs() < by, "{i}: {a}, {b}");
    }
}

#[test]
fn bins_are_those_whose_centre_comes_back_from_srgb() {
    let fixture = fixture();
    assert_eq!((count(), fixture.bins.len()), (225, 225));
    let found = values(vec![0.0], 1, |g, x| {
        let centres = centres(g)?;
        // as many rows as the batch has: one
        let flat = g.reshape(centres, vec![1.into(), 450.into()])?;
        let x = g.mul_scalar(x, 0.0)?;
        Ok(vec![g.add(x, flat)?])
    });
    let found = found[0].as_f32().unwrap();
    for (i, [a, b]) in fixture.bins.iter().enumerate() {
        assert_eq!((found[i], found[225 + i]), (*a, *b), "bin {i}");
    }
}

#[test]
fn a_colour_is_shared_by_its_five_nearest_bins() {
    let fixture = fixture();
    let found = values(fixture.ab.concat(), 2, |g, x| {
        let centres = centres(g)?;
        let soft = encode(g, x, centres)?;
        let bins = g.to_float(soft.bins)?;
        Ok(vec![bins, soft.shares])
    });
    let [bins, shares] = [&found[0], &found[1]].map(|x| x.as_f32().unwrap());
    for (i, (nearest, weight)) in fixture.nearest.iter().zip(&fixture.weight).enumerate() {
        // bins that are equally near may stand in any order, and the last of them be another
        let mut own: Vec<(f32, i64)> = Vec::new();
        for k in 0..5 {
            own.push((shares[5 * i + k], bins[5 * i + k] as i64));
        }
        for ((share, bin), (wanted, place)) in own.iter().zip(weight.iter().zip(nearest)) {
            assert!((share - wanted).abs() < 1e-4, "{i}: {share}, {wanted}");
            let tied = weight.iter().filter(|w| (*w - wanted).abs() < 1e-5).count() > 1;
            assert!(bin == place || tied, "{i}: {bin}, {place}");
        }
    }
}

#[test]
fn colours_out_of_lab_are_those_of_scikit_image() {
    let fixture = fixture();
    let lab = [fixture.lab, fixture.out_of_gamut].concat();
    let wanted = [fixture.rgb, fixture.cut_off].concat();
    let found = values(lab.concat(), 3, |g, x| {
        let batch = g.shape(x)[0].clone();
        let x = g.reshape(x, vec![batch.clone(), 3.into(), 1.into(), 1.into()])?;
        let l = g.slice(x, 1, 0.into(), 1.into())?;
        let ab = g.slice(x, 1, 1.into(), 2.into())?;
        let rgb = rgb(g, l, ab)?;
        Ok(vec![g.reshape(rgb, vec![batch, 3.into()])?])
    });
    close(found[0].as_f32().unwrap(), &wanted.concat(), 1e-4);
}

#[test]
fn the_mean_of_a_certain_distribution_is_its_bin() {
    // T → 0 of two scores that differ: the larger one's bin; of equal ones their middle
    let mut scores = vec![-50.0; 2 * 225];
    (scores[7], scores[8]) = (1.0, 0.0);
    (scores[225 + 7], scores[225 + 8]) = (1.0, 1.0);
    let found = values(scores, 225, |g, x| {
        let centres = centres(g)?;
        Ok(vec![annealed_mean(g, x, centres, 0.02)?])
    });
    let bins = fixture().bins;
    let middle = [0, 1].map(|i| (bins[7][i] + bins[8][i]) / 2.0);
    close(
        found[0].as_f32().unwrap(),
        &[bins[7], middle].concat(),
        1e-3,
    );
}

#[test]
fn weights_have_mean_one_and_fall_with_what_occurs() {
    let mut p = vec![0.5 / 224.0; 225];
    p[100] = 0.5;
    let found = values(p, 225, |g, p| {
        let centres = centres(g)?;
        let p = g.slice(p, 0, 0.into(), 1.into())?;
        let p = g.squeeze(p, 0)?;
        let p = smoothed(g, p, centres)?;
        let w = weights(g, p, 0.5)?;
        Ok(vec![p, g.unsqueeze(w, 0)?])
    });
    let [p, w] = [&found[0], &found[1]].map(|x| x.as_f32().unwrap());
    let mean: f32 = p.iter().zip(w).map(|(p, w)| p * w).sum();
    assert!((mean - 1.0).abs() < 1e-4, "{mean}");
    assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-4);
    let most = (0..225).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap();
    let least = (0..225).min_by(|a, b| w[*a].total_cmp(&w[*b])).unwrap();
    assert_eq!((most, least), (100, 100));
}

use std::sync::Arc;

use super::super::features::Features;
use super::super::frames::Frames;
use super::super::lab::{Heads, Rows};
use super::*;
use crate::graph::testing::args;

/// Clips of one thing of 4 × 4 pixels that goes 4 pixels to the right in each of four frames of 16 × 16.
struct Film;

impl Lab for Film {
    fn rows<'l>(&'l mut self, _: Vec<f32>, _: usize) -> Result<Box<dyn Rows + 'l>, Failed> {
        Err(Failed)
    }

    fn k_means(&mut self, _: &[f32], _: usize, _: usize, _: usize) -> Result<Vec<u32>, Failed> {
        Err(Failed)
    }

    fn scene(&mut self, record: usize) -> Result<Scene, Failed> {
        let frame = |at: usize, value: u8| {
            let inside = |index: usize| index / 16 / 4 == record && index % 16 / 4 == at;
            let pixels = (0..256).map(|index| if inside(index) { value } else { 0 });
            Image::new(pixels.collect(), 16, 16, 1)
        };
        Ok(Scene {
            frames: (0..4).map(|at| frame(at, 200)).collect(),
            masks: vec![
                (0..4).map(|at| frame(at, 255)).collect(),
                // one that the first frame does not show
                (0..4)
                    .map(|_| Image::new(vec![0; 256], 16, 16, 1))
                    .collect(),
            ],
        })
    }

    fn train<'l>(&'l mut self, _: &Read, _: Option<&Read>) -> Result<Box<dyn Heads + 'l>, Failed> {
        Err(Failed)
    }
}

/// What is found with features of 4 × 4 places: of the thing one direction, of all else another, or the same everywhere.
fn found(tell: bool) -> Findings {
    let features = |record: usize| {
        (0..4).flat_map(move |at| {
            let thing = move |place: usize| tell && place == record * 4 + at;
            let plane =
                move |own: bool| (0..16).map(move |place| f32::from(u8::from(thing(place) == own)));
            plane(true).chain(plane(false))
        })
    };
    let rows = Features {
        records: 2,
        places: vec![(0..2).flat_map(features).collect()],
        dims: vec![4 * 2 * 16],
        numbers: vec![0, 1],
        ..Features::default()
    };
    let args = args(&Arc::new(spec()), &[]);
    let judged = Judged {
        args: &args,
        places: &["map".to_owned()],
        classes: 0,
        file: b"",
    };
    let frames = Frames {
        rows,
        sizes: vec![[4, 2, 4, 4]],
    };
    Propagation
        .judge(&judged, vec![Read::Frames(frames)], &mut Film)
        .unwrap()
}

fn value(findings: &Findings, place: &str, name: &str) -> f64 {
    let mut metrics = findings.metrics.iter();
    let metric = metrics.find(|metric| metric.place == place && metric.name == name);
    metric.unwrap().value
}

#[test]
fn masks_go_along_where_features_tell_a_thing() {
    let found = found(true);
    // what is interpolated between places rounds corners, four of a block inside the frame and two of one at its edge: 12/16 and 14/16
    assert_eq!(value(&found, "map", "region_j"), 0.8125);
    assert!(value(&found, "map", "contour_f") > 0.85);
    let mean = (value(&found, "map", "region_j") + value(&found, "map", "contour_f")) / 2.0;
    assert!((value(&found, "map", "j_and_f") - mean).abs() < 1e-12);
    // a mask that stays never meets a thing that has gone on
    assert_eq!(value(&found, "identity", "region_j"), 0.0);
    let Exhibit::Drawn { rows, .. } = &found.exhibits[0] else {
        panic!("{:?}", found.exhibits);
    };
    assert_eq!((rows.len(), rows[0].1.len()), (2, 4));
    // the thing is red, and goes along
    let red = |at: usize, x: usize| rows[0].1[at].pixels[(16 + x) * 3] > 180;
    assert!(red(0, 1) && red(2, 9) && !red(2, 1));
}

#[test]
fn features_that_tell_nothing_carry_nothing() {
    let found = found(false);
    assert!(
        value(&found, "map", "region_j") < 0.2,
        "{:?}",
        found.metrics
    );
}

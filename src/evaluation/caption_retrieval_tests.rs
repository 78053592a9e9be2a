//! Recall on rows whose answers are seen at once, and chance by its closed form.

use super::super::Features;
use super::super::testing::Desk;
use super::*;
use crate::graph::testing::args;

/// Pairs of directions, by their angles in degrees, with their groups.
fn judged(pairs: &[(f32, f32, u64)]) -> Findings {
    let row = |angle: f32| {
        let (sin, cos) = angle.to_radians().sin_cos();
        [cos, sin]
    };
    let images = pairs.iter().flat_map(|(image, ..)| row(*image));
    let texts = pairs.iter().flat_map(|(_, text, _)| row(*text));
    let shown = Shown {
        rows: Features {
            records: pairs.len(),
            places: vec![images.collect(), texts.collect()],
            dims: vec![2, 2],
            numbers: (10..10 + pairs.len() as u32).collect(),
            ..Features::default()
        },
        groups: pairs.iter().map(|(.., group)| *group).collect(),
        classes: Vec::new(),
    };
    let args = args(&spec(), &[]);
    let judged = Judged {
        args: &args,
        places: &[],
        classes: 0,
        file: b"",
    };
    CaptionRetrieval
        .judge(&judged, vec![Read::Shown(shown)], &mut Desk)
        .expect("findings")
}

fn values(found: &Findings, way: &str) -> Vec<f64> {
    let own = found.metrics.iter().filter(|metric| metric.place == way);
    own.map(|metric| metric.value).collect()
}

#[test]
fn both_ways_ask_each_picture_and_each_caption_once() {
    // the first picture has three captions, of which two are one text; the last two pictures are of one group
    let found = judged(&[
        (0.0, 10.0, 1),
        (0.0, 10.0, 1),
        (0.0, 100.0, 1),
        (90.0, 92.0, 2),
        (180.0, 150.0, 3),
        (200.0, 200.0, 3),
    ]);
    // captions 10, 100, 92, 150, 200 among pictures 0, 90, 180, 200: that at 100 is nearest to 90, then to 180, 0 and 200 are as far
    assert_eq!(values(&found, "text to image"), [0.8, 1.0, 1.0, 1.0]);
    // pictures 0, 90, 180, 200 among the five captions: 90 finds 92
    assert_eq!(values(&found, "image to text"), [1.0, 1.0, 1.0, 1.0]);
    let Exhibit::Text(table) = &found.exhibits[0] else {
        panic!("{:?}", found.exhibits)
    };
    let line: Vec<&str> = table
        .lines()
        .nth(1)
        .expect("a line")
        .split_whitespace()
        .collect();
    // 5 captions of 4 pictures: three have 1 of 4 right, two have 2 of 4
    assert_eq!(
        line[3..],
        [
            "5", "4", "80.0%", "100.0%", "100.0%", "35.00%", "100.00%", "100.00%"
        ]
    );
    let Exhibit::Nearest { queries, .. } = &found.exhibits[1] else {
        panic!("{:?}", found.exhibits)
    };
    // the worst caption is that of 100 degrees, the record of number 12
    assert!(
        queries
            .iter()
            .any(|query| query.record == 12 && query.found[0].record == 13)
    );
}

#[test]
fn what_is_as_near_comes_before_the_right_one() {
    let found = judged(&[(0.0, 0.0, 1), (0.0, 0.0, 2), (0.0, 0.0, 3)]);
    assert_eq!(values(&found, "text to image"), [0.0, 1.0, 1.0, 3.0]);
    let found = judged(&[(f32::NAN, 0.0, 1), (10.0, 90.0, 2)]);
    assert_eq!(values(&found, "image to text")[0], 0.0);
}

#[test]
fn chance_is_that_of_drawing_without_putting_back() {
    // 1 − C(3, 2) / C(5, 2) = 1 − 3/10
    assert!((chance(2, 5, 2) - 0.7).abs() < 1e-12);
    assert!((chance(1, 100, 10) - 0.1).abs() < 1e-12);
    assert_eq!(chance(3, 5, 3), 1.0);
    assert_eq!(chance(0, 5, 3), 0.0);
}

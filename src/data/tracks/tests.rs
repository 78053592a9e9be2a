use super::*;
use crate::catalog::{Split, Value};
use crate::data::{Dataset, Draws, Philox, Sample, test_help as help};

/// Thirty frames of one or two figures, and the boxes of the largest.
fn clips(figures: i64, n: usize) -> Vec<(Vec<Image>, Vec<Rectangle>)> {
    let given = [
        ("train", Value::Integer(n as i64)),
        ("frames", Value::Integer(30)),
        ("size", Value::Length(64.0)),
        ("figures", Value::Integer(figures)),
    ];
    let splits = help::splits(
        help::open_at("moving_shapes", &given, &crate::data::Places::default()).unwrap(),
    );
    let train: &dyn Dataset = &*splits.parts[&Split::Train];
    let at = train
        .fields()
        .iter()
        .position(|(name, _)| name == "extents")
        .unwrap();
    (0..n)
        .map(|index| {
            let mut record = train.read(index, Draws::STILL).unwrap();
            let extents = record[at].as_list().unwrap()[0]
                .as_boxes()
                .unwrap()
                .to_vec();
            (record.swap_remove(0).into_frames().unwrap(), extents)
        })
        .collect()
}

const TRACKER: Tracker = Tracker {
    part: 0.45,
    length: 30,
    least: 0.0,
};

/// The mean overlap of a track with where the figure is, over the frames in which something of it is seen.
fn overlaps(track: &Track, truth: &[Rectangle]) -> f32 {
    let seen = truth
        .iter()
        .enumerate()
        .filter(|(_, truth)| area(**truth) > 16.0);
    let each: Vec<f32> = seen
        .map(|(at, truth)| {
            track
                .boxes
                .get(at)
                .map_or(0.0, |found| overlap(*found, *truth))
        })
        .collect();
    each.iter().sum::<f32>() / each.len() as f32
}

/// Over 30 frames, whatever the figure does: goes, turns, comes near, is passed by another.
#[test]
fn figures_are_followed_over_thirty_frames() {
    for figures in [1, 2] {
        let all: Vec<f32> = clips(figures, 48)
            .iter()
            .map(|(frames, truth)| overlaps(&TRACKER.follow(frames, 0, truth[0]), truth))
            .collect();
        let mean = all.iter().sum::<f32>() / all.len() as f32;
        assert!(mean > 0.77, "{figures}: {mean} {all:?}");
        // a box that stays where it was, to know what that is worth
        let still: f32 = clips(figures, 48)
            .iter()
            .map(|(_, truth)| {
                let boxes = vec![truth[0]; 30];
                overlaps(&Track { start: 0, boxes }, truth)
            })
            .sum();
        assert!(still / 48.0 < mean - 0.2, "{still} {mean}");
    }
}

/// Without anybody saying where: the track starts on a figure and stays on it.
#[test]
fn what_moves_is_found_and_followed() {
    let tracker = Tracker {
        length: 15,
        least: 0.15,
        ..TRACKER
    };
    let (mut found, mut on, mut all) = (0, 0, 0);
    for (frames, truth) in clips(1, 48) {
        let Some(track) = tracker.track(&frames) else {
            continue;
        };
        found += 1;
        for (at, found) in track.boxes.iter().enumerate() {
            all += 1;
            let [left, top, right, bottom] = truth[track.start + at];
            let (x, y) = ((found[0] + found[2]) / 2.0, (found[1] + found[3]) / 2.0);
            on += usize::from((left..right).contains(&x) && (top..bottom).contains(&y));
        }
    }
    assert!(found >= 40, "{found} of 48");
    assert!(on as f32 > 0.85 * all as f32, "{on} of {all}");
}

#[test]
fn nothing_is_followed_where_nothing_moves_or_all_does() {
    let still = vec![Image::new(vec![90; 48 * 48 * 3], 48, 48, 3); 20];
    let tracker = Tracker {
        length: 10,
        ..TRACKER
    };
    assert_eq!(tracker.track(&still), None);
    assert_eq!(tracker.track(&still[..9]), None);
    assert_eq!(tracker.track(&[]), None);
    // noise, anew in each frame
    let mut rng = Philox::new(1, &[]);
    let noise: Vec<Image> = (0..20)
        .map(|_| {
            let pixels = (0..48 * 48 * 3).map(|_| rng.next_u32() as u8).collect();
            Image::new(pixels, 48, 48, 3)
        })
        .collect();
    assert_eq!(tracker.track(&noise), None);
    // pictures of a few pixels
    let tiny = vec![Image::new(vec![1, 2, 3], 1, 1, 3); 12];
    assert_eq!(tracker.track(&tiny), None);
}

/// A camera that is turned moves everything: what moves otherwise is what counts.
#[test]
fn a_turning_camera_is_undone() {
    let mut rng = Philox::new(7, &[]);
    let wall: Vec<u8> = (0..48 * 128)
        .map(|_| (rng.next_u32() % 160) as u8)
        .collect();
    let frame = |at: usize| {
        let mut pixels = Vec::new();
        for y in 0..48 {
            for x in 0..48 {
                // the wall goes by 2 pixels a frame to the left, smoothed; a white square by 1 to the right
                let mean = (0..4)
                    .map(|d| u32::from(wall[y * 128 + x + 2 * at + d]))
                    .sum::<u32>()
                    / 4;
                let inside = (10 + at..22 + at).contains(&x) && (20..32).contains(&y);
                pixels.push(if inside { 250 } else { mean as u8 });
            }
        }
        Image::new(pixels, 48, 48, 1)
    };
    let frames: Vec<Image> = (0..12).map(frame).collect();
    let (start, at) = start::of(&frames, 0.4, 8)[0];
    let left = 10.0 + start as f32;
    let square = [left, 20.0, left + 12.0, 32.0];
    assert!(overlap(at, square) > 0.3, "{start} {at:?}");
}

#[test]
fn tracks_are_known_again_by_their_clips() {
    let all = clips(1, 3);
    let tracker = Tracker {
        length: 10,
        ..TRACKER
    };
    let mut tracks = Tracks::default();
    for (frames, _) in &all[..2] {
        tracks.add(frames, tracker.track(frames));
    }
    let opened = Tracks::open(&tracks.bytes().unwrap()).unwrap();
    assert_eq!(opened, tracks);
    for (frames, _) in &all[..2] {
        assert_eq!(opened.of(frames).cloned(), tracker.track(frames));
    }
    assert!(opened.of(&all[2].0).is_none());
    assert!(opened.of(&all[0].0[..29]).is_none());
    let clip = Sample::clip(all[0].0.clone());
    assert!(
        clip.as_clip()
            .is_some_and(|clip| opened.of(&clip.frames).is_some())
    );
    for bad in [
        "",
        "{}",
        r#"{"tracks": {"a": {"start": 0, "boxes": []}}}"#,
        r#"{"tracks": {"a": {"start": 0, "boxes": [[2, 0, 1, 1]]}}}"#,
    ] {
        assert!(Tracks::open(bad.as_bytes()).is_err(), "{bad}");
    }
}

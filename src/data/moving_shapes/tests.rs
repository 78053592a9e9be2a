use super::*;

const SCENE: draw::Scene = draw::Scene {
    frames: 8,
    side: 32,
    figures: 2,
};

fn set(split: Split, n: usize) -> MovingShapes {
    MovingShapes::new(split, n, 1, SCENE)
}

fn frames(record: &Record) -> Vec<Vec<u8>> {
    let clip = record[0].as_clip().unwrap();
    clip.frames
        .iter()
        .map(|frame| frame.pixels.clone())
        .collect()
}

fn tracks(record: &Record, figure: usize) -> Vec<[f32; 4]> {
    record[3].as_list().unwrap()[figure]
        .as_boxes()
        .unwrap()
        .to_vec()
}

/// Centre and half of the sides' sum of a box.
fn middle([left, top, right, bottom]: [f32; 4]) -> (f32, f32, f32) {
    (
        (left + right) / 2.0,
        (top + bottom) / 2.0,
        (right - left + bottom - top) / 2.0,
    )
}

/// The same clips on every machine, and after every change of the program: a change of these hashes is a change of the
/// data set and raises `VERSION`.
#[test]
fn the_clips_are_known() {
    let hash = |split| {
        let set = set(split, 16);
        let all =
            (0..16).flat_map(|i| frames(&set.read(i, crate::data::Draws::STILL).unwrap()).concat());
        let all: Vec<u8> = all.collect();
        blake3::hash(&all).to_hex()[..16].to_owned()
    };
    let found = [Split::Train, Split::Valid, Split::Test].map(hash);
    assert_eq!(
        found,
        ["42c607ad4fd45b65", "6f6d9b25a16820e0", "3f877067e35a2ed4"]
    );
}

#[test]
fn records_are_what_their_types_say_and_balanced() {
    let small = set(Split::Train, 16);
    let large = set(Split::Train, 64);
    let mut counts = [0; 8];
    for i in 0..16 {
        let record = small.read(i, crate::data::Draws::STILL).unwrap();
        for (value, (name, ty)) in record.iter().zip(small.fields()) {
            assert!(ty.holds(value), "{name} of {i} is {}", value.shown());
        }
        let label = small.class(i).unwrap();
        assert_eq!(record[1].as_label(), label);
        counts[label.unwrap() as usize] += 1;
        assert_eq!(
            frames(&record),
            frames(&large.read(i, crate::data::Draws::STILL).unwrap())
        );
    }
    assert_eq!(counts, [2; 8]);
    assert!(small.read(16, crate::data::Draws::STILL).is_err());
    assert_ne!(
        frames(&small.read(0, crate::data::Draws::STILL).unwrap()),
        frames(
            &set(Split::Test, 1)
                .read(0, crate::data::Draws::STILL)
                .unwrap()
        )
    );
    let other = MovingShapes::new(Split::Train, 1, 2, SCENE);
    assert_ne!(
        frames(&small.read(0, crate::data::Draws::STILL).unwrap()),
        frames(&other.read(0, crate::data::Draws::STILL).unwrap())
    );
}

/// What is seen of a figure lies in its box and touches all its sides, and no pixel is of two figures.
#[test]
fn masks_and_tracks_agree() {
    let set = set(Split::Train, 40);
    let mut hidden = 0;
    for i in 0..40 {
        let record = set.read(i, crate::data::Draws::STILL).unwrap();
        let masks: Vec<Vec<&Image>> = record[2]
            .as_list()
            .unwrap()
            .iter()
            .map(|one| one.as_clip().unwrap().frames.iter().collect())
            .collect();
        for at in 0..SCENE.frames {
            let both = masks[0][at].pixels.iter().zip(&masks[1][at].pixels);
            assert!(both.clone().all(|(a, b)| a & b == 0));
            for (figure, masks) in masks.iter().enumerate() {
                let [left, top, right, bottom] = tracks(&record, figure)[at].map(|x| x as usize);
                let seen = |x: usize, y: usize| masks[at].pixels[y * 32 + x] > 0;
                let all = (0..32).flat_map(|y| (0..32).map(move |x| (x, y)));
                let inside = all.filter(|(x, y)| seen(*x, *y));
                let (mut n, mut ends) = (0, [32, 32, 0, 0]);
                for (x, y) in inside {
                    n += 1;
                    ends = [
                        ends[0].min(x),
                        ends[1].min(y),
                        ends[2].max(x + 1),
                        ends[3].max(y + 1),
                    ];
                }
                if n == 0 {
                    hidden += 1;
                    ends = [0; 4];
                }
                assert_eq!([left, top, right, bottom], ends);
            }
        }
    }
    assert!(hidden < 200, "{hidden} of 640");
}

/// The largest figure does what the label says.
#[test]
fn actions_are_what_their_names_say() {
    let set = MovingShapes::new(
        Split::Train,
        160,
        1,
        draw::Scene {
            figures: 1,
            side: 64,
            ..SCENE
        },
    );
    let mut right = [0usize; 8];
    for i in 0..160 {
        let track = tracks(&set.read(i, crate::data::Draws::STILL).unwrap(), 0);
        let (first, last) = (middle(track[0]), middle(track[7]));
        let (x, y, size) = (last.0 - first.0, last.1 - first.1, last.2 - first.2);
        let way = x.abs().max(y.abs());
        right[i % 8] += usize::from(match i % 8 {
            0 => x < -6.0 && y.abs() < 5.0,
            1 => x > 6.0 && y.abs() < 5.0,
            2 => y < -6.0 && x.abs() < 5.0,
            3 => y > 6.0 && x.abs() < 5.0,
            4 | 5 => way < 7.0 && size.abs() < 7.0,
            6 => size > 5.0,
            _ => size < -5.0,
        });
    }
    // one that leaves the picture is seen in part
    assert!(right.iter().all(|n| *n >= 17), "{right:?}");
}

/// In the middle of its time a figure is anywhere, whichever way it goes: means of 400 clips, s.d. of a mean below 0.4 pixels.
#[test]
fn one_frame_does_not_tell_the_action() {
    let scene = draw::Scene {
        frames: 3,
        figures: 1,
        ..SCENE
    };
    let set = MovingShapes::new(Split::Train, 3200, 1, scene);
    let mut means = [(0.0, 0.0, 0.0); 8];
    for i in 0..3200 {
        let (x, y, size) = middle(tracks(&set.read(i, crate::data::Draws::STILL).unwrap(), 0)[1]);
        let mean = &mut means[i % 8];
        *mean = (
            mean.0 + x / 400.0,
            mean.1 + y / 400.0,
            mean.2 + size / 400.0,
        );
    }
    for pair in means.chunks_exact(2) {
        let (a, b) = (pair[0], pair[1]);
        let far = (a.0 - b.0)
            .abs()
            .max((a.1 - b.1).abs())
            .max((a.2 - b.2).abs());
        assert!(far < 1.6, "{means:?}");
    }
}

/// What `normalization` says is what the frames have.
#[test]
fn the_statistics_are_those_of_the_frames() {
    let scene = draw::Scene {
        frames: 16,
        ..SCENE
    };
    let set = MovingShapes::new(Split::Train, 400, 1, scene);
    let mut tally = crate::data::Tally::of(set.fields()).unwrap();
    for i in 0..400 {
        tally.add(&set.read(i, crate::data::Draws::STILL).unwrap());
    }
    let (said, found) = (set.normalization().unwrap(), tally.done());
    let all = found.clone();
    for (said, found) in [(said.mean, found.mean), (said.std, found.std)] {
        for (said, found) in said.iter().zip(&found) {
            assert!((said - found).abs() < 0.006, "{all:?}");
        }
    }
}

use super::*;

const SCENE: draw::Scene = draw::Scene {
    frames: 8,
    side: 32,
    figures: 2,
    cameras: 1,
    posts: 0,
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

fn read(scene: draw::Scene, index: usize) -> Record {
    let set = MovingShapes::new(Split::Train, 400, 1, scene);
    set.read(index, crate::data::Draws::STILL).unwrap()
}

fn boxes(value: &Sample, figure: usize) -> &[[f32; 4]] {
    value.as_list().unwrap()[figure].as_boxes().unwrap()
}

/// The first camera sees what the only one would; the others see the same moments elsewhere, in other light.
#[test]
fn cameras_see_the_same_moments() {
    let three = draw::Scene {
        cameras: 3,
        side: 64,
        ..SCENE
    };
    let set = MovingShapes::new(Split::Train, 400, 1, three);
    let names: Vec<&str> = set.fields().iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        [
            "camera1", "camera2", "camera3", "action", "masks1", "tracks1", "extents1", "masks2",
            "tracks2", "extents2", "masks3", "tracks3", "extents3"
        ]
    );
    let (mut ways, mut narrow, mut elsewhere) = (0, 0, 0);
    for i in 0..40 {
        let record = read(three, i);
        for (value, (name, ty)) in record.iter().zip(set.fields()) {
            assert!(ty.holds(value), "{name} of {i} is {}", value.shown());
        }
        let one = draw::Scene {
            cameras: 1,
            ..three
        };
        assert_eq!(frames(&record), frames(&read(one, i)));
        assert_ne!(record[0].as_clip(), record[1].as_clip());
        assert_ne!(record[1].as_clip(), record[2].as_clip());
        for camera in [1, 2] {
            let (front, other) = (boxes(&record[6], 0), boxes(&record[6 + 3 * camera], 0));
            let way = |boxes: &[[f32; 4]]| {
                let (first, last) = (middle(boxes[0]), middle(boxes[7]));
                (last.0 - first.0, last.1 - first.1, last.2 - first.2)
            };
            let (a, b) = (way(front), way(other));
            // left stays left, up stays up, nearer stays nearer
            let together = match i % 8 {
                0 | 1 => a.0 * b.0 > 0.0,
                2 | 3 => a.1 * b.1 > 0.0,
                6 | 7 => a.2 * b.2 > 0.0,
                _ => continue,
            };
            ways += usize::from(together);
            let width = |boxes: &[[f32; 4]]| {
                let each = boxes.iter().map(|b| (b[2] - b[0]) / (b[3] - b[1]).max(1.0));
                each.sum::<f32>()
            };
            narrow += usize::from(width(other) < width(front));
            // two figures at two depths: what lies between them is another
            let between =
                |tracks: &Sample| middle(boxes(tracks, 0)[4]).0 - middle(boxes(tracks, 1)[4]).0;
            let off = between(&record[6]) - between(&record[6 + 3 * camera]);
            elsewhere += usize::from(off.abs() > 4.0);
        }
    }
    // of 60; one that leaves the picture is seen in part
    assert!(ways >= 56, "{ways}");
    assert!(narrow >= 52, "{narrow}");
    assert!(elsewhere >= 40, "{elsewhere}");
}

/// A figure behind a post or another figure keeps its extent; what is seen of it lies inside.
#[test]
fn what_is_hidden_keeps_its_extent() {
    let scene = draw::Scene { posts: 2, ..SCENE };
    let (mut hidden, mut less, mut all) = (0, 0, 0);
    for i in 0..100 {
        let (behind, free) = (read(scene, i), read(SCENE, i));
        for figure in 0..2 {
            // posts hide, and change nothing else
            assert_eq!(boxes(&behind[4], figure), boxes(&free[4], figure));
            let seen = boxes(&behind[3], figure).iter();
            for (seen, extent) in seen.zip(boxes(&behind[4], figure)) {
                all += 1;
                if *seen == [0.0; 4] {
                    hidden += usize::from(*extent != [0.0; 4]);
                    continue;
                }
                assert!(seen[0] >= extent[0] && seen[1] >= extent[1]);
                assert!(seen[2] <= extent[2] && seen[3] <= extent[3]);
                less += usize::from(seen != extent);
            }
        }
        // a post covers some columns from top to bottom, in every frame
        let (with, without) = (frames(&behind), frames(&free));
        let differs = |x: usize| {
            (0..8).all(|at| {
                (0..32).any(|y| {
                    let pixel = |frames: &Vec<Vec<u8>>| frames[at][(y * 32 + x) * 3];
                    pixel(&with).abs_diff(pixel(&without)) > 24
                })
            })
        };
        assert!((0..32).any(differs), "{i}");
    }
    assert!(hidden > 10 && hidden < all / 4, "{hidden} of {all}");
    assert!(less > all / 10, "{less} of {all}");
}

/// Posts and cameras make other data; neither makes what there was.
#[test]
fn manifests_tell_scenes_apart() {
    let manifest = |scene| {
        let set = MovingShapes::new(Split::Train, 4, 1, scene);
        set.manifest(&crate::data::Silent).unwrap()
    };
    let all = [
        manifest(SCENE),
        manifest(draw::Scene { posts: 1, ..SCENE }),
        manifest(draw::Scene {
            cameras: 2,
            ..SCENE
        }),
    ];
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
}

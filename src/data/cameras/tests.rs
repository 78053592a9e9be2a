use super::*;
use crate::catalog::Split;
use crate::data::test_help as help;
use crate::data::{Dataset, Draws, Silent};

fn open(folder: &Path, given: &[(&str, Value)]) -> Result<Splits> {
    let mut all = vec![("name", Value::Text("scenes".into()))];
    all.extend(given.iter().cloned());
    help::open_at("cameras", &all, &help::given("scenes", folder)).map(help::splits)
}

/// Grey frames of two by two pixels, so many in a second: each says its number.
fn film(path: &Path, first: u8, frames: u8, rate: &str) {
    let mut bytes = format!("YUV4MPEG2 W2 H2 F{rate} Cmono XCOLORRANGE=FULL\n").into_bytes();
    for at in 0..frames {
        bytes.extend(b"FRAME\n");
        bytes.extend([first + at; 4]);
    }
    help::write(path, &bytes);
}

fn views(set: &dyn Dataset, index: usize) -> Vec<Vec<u8>> {
    let record = set.read(index, Draws::STILL).unwrap();
    let clips = record.iter().map(|clip| {
        let frames = clip.as_clip().unwrap().frames.iter();
        frames.map(|frame| frame.pixels[0]).collect()
    });
    clips.collect()
}

#[test]
fn views_of_a_scene_are_parts_of_a_record() {
    let folder = tempfile::tempdir().unwrap();
    for (scene, first) in [("walk", 10), ("run", 50)] {
        for (camera, ahead) in [("left", 0), ("right", 100), ("top", 200)] {
            let path = folder.path().join(format!("train/{scene}/{camera}.y4m"));
            film(&path, first + ahead % 100, 6, "10:1");
        }
    }
    // a film that ends earlier, and a scene that nobody sees from the top
    film(&folder.path().join("train/walk/top.y4m"), 70, 5, "10:1");
    film(&folder.path().join("train/sit/left.y4m"), 1, 6, "10:1");
    film(&folder.path().join("train/sit/right.y4m"), 1, 6, "10:1");
    let splits = open(folder.path(), &[]).unwrap();
    let train = &*splits.parts[&Split::Train];
    let fields: Vec<String> = train
        .fields()
        .iter()
        .map(|(name, ty)| format!("{name}: {ty}"))
        .collect();
    assert_eq!(
        fields,
        [
            "camera1: clip[?, 3, 2, 2]",
            "camera2: clip[?, 3, 2, 2]",
            "camera3: clip[?, 3, 2, 2]"
        ]
    );
    assert_eq!(train.len(), 2);
    assert_eq!(views(train, 0)[0], [50, 51, 52, 53, 54, 55]);
    // moments that one camera lacks are none
    assert_eq!(
        views(train, 1),
        [
            vec![10, 11, 12, 13, 14],
            vec![10, 11, 12, 13, 14],
            vec![70, 71, 72, 73, 74]
        ]
    );
    let found = &splits.found.as_ref().unwrap().line;
    assert!(
        found.contains("2 scenes")
            && found.contains("camera1 is left, camera2 is right, camera3 is top"),
        "{found}"
    );
    assert!(
        splits.doubts[0].message.contains("`sit` lacks `top`"),
        "{}",
        splits.doubts[0].message
    );
    // two moments each; parts of one scene stay together
    let pairs = open(folder.path(), &[("frames", Value::Integer(2))]).unwrap();
    let pairs = &*pairs.parts[&Split::Train];
    assert_eq!(pairs.len(), 5);
    assert_eq!(pairs.fields()[2].1.to_string(), "clip[2, 3, 2, 2]");
    assert_eq!(views(pairs, 4), [vec![12, 13], vec![12, 13], vec![72, 73]]);
    assert_eq!(
        (0..5).filter_map(|at| pairs.group(at)).collect::<Vec<_>>(),
        [0, 0, 0, 1, 1]
    );
    assert_ne!(
        train.manifest(&Silent).unwrap(),
        pairs.manifest(&Silent).unwrap()
    );
}

#[test]
fn cameras_that_began_earlier_or_run_faster_agree_by_time() {
    let folder = tempfile::tempdir().unwrap();
    film(&folder.path().join("a_one.y4m"), 0, 20, "10:1");
    film(&folder.path().join("a_two.y4m"), 100, 60, "20:1");
    let pattern = ("pattern", Value::Text("{scene}_{camera}".into()));
    let error = open(folder.path(), std::slice::from_ref(&pattern))
        .err()
        .unwrap();
    assert!(
        error.message.contains("shows 10.00 frames in a second"),
        "{}",
        error.message
    );
    // the second began half a second earlier
    let offsets = Value::List(vec![Value::Integer(0), Value::Number(0.5)]);
    let given = [
        pattern.clone(),
        ("fps", Value::Integer(5)),
        ("offsets", offsets),
    ];
    let splits = open(folder.path(), &given).unwrap();
    let views = views(&*splits.parts[&Split::Train], 0);
    assert_eq!(views[0], [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    assert_eq!(views[1], [110, 114, 118, 122, 126, 130, 134, 138, 142, 146]);
    for wrong in [
        vec![Value::Integer(0)],
        vec![Value::Integer(0), Value::Integer(-1)],
    ] {
        let given = [
            pattern.clone(),
            ("fps", Value::Integer(5)),
            ("offsets", Value::List(wrong)),
        ];
        assert!(open(folder.path(), &given).is_err());
    }
    // one camera is none
    let error = open(
        folder.path(),
        &[("pattern", Value::Text("{camera}".into()))],
    );
    assert!(error.is_err() || error.is_ok_and(|splits| splits.parts[&Split::Train].len() == 1));
    let error = open(
        folder.path(),
        &[("pattern", Value::Text("a_one{camera}".into()))],
    )
    .err()
    .unwrap();
    assert!(
        error.message.contains("is seen by 0 cameras"),
        "{}",
        error.message
    );
}

use std::fs;

use serde_json::Value as Json;

use super::*;
use crate::catalog::{Split, Value};
use crate::data::test_help as help;
use crate::data::{Clip as Frames, Dataset, Sample, Silent, decode};

const GIF: &[u8] = include_bytes!("../../../tests/fixtures/data/clips/walk.gif");
const APNG: &[u8] = include_bytes!("../../../tests/fixtures/data/clips/walk.png");
const SHOWN: &str = include_str!("../../../tests/fixtures/data/clips/frames.json");

fn dot(value: u8) -> Vec<u8> {
    help::png(2, 3, |_, _| [value, 0, 255 - value])
}

fn open(folder: &Path, given: &[(&str, Value)]) -> Result<Splits> {
    let mut all = vec![("name", Value::Text("films".into()))];
    all.extend(given.iter().cloned());
    help::open_at("video_folder", &all, &help::given("films", folder)).map(help::splits)
}

fn write(folder: &Path, files: &[(&str, Vec<u8>)]) {
    for (at, bytes) in files {
        help::write(&folder.join(at), bytes);
    }
}

fn clip(set: &dyn Dataset, index: usize) -> (Frames, Option<u32>) {
    let record = set.read(index, crate::data::Draws::STILL).unwrap();
    let clip = record[0].as_clip().unwrap().clone();
    (clip, record.get(1).and_then(Sample::as_label))
}

fn firsts(set: &dyn Dataset, index: usize) -> Vec<u8> {
    let (clip, _) = clip(set, index);
    clip.frames.iter().map(|frame| frame.pixels[0]).collect()
}

#[test]
fn folders_of_frames_are_clips_in_the_order_in_which_people_count() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("train/wave/a/f10.png", dot(3)),
            ("train/wave/a/f2.png", dot(2)),
            ("train/wave/a/f1.png", dot(1)),
            ("train/wave/b/0.png", dot(7)),
            ("train/wave/b/1.png", dot(8)),
            ("train/wave/b/2.png", dot(9)),
            ("train/nod/deep/c/0.png", dot(4)),
            ("train/nod/deep/c/1.png", dot(5)),
            ("train/nod/deep/c/2.png", dot(6)),
            ("test/nod/d/0.png", dot(0)),
            ("test/nod/d/1.png", dot(1)),
        ],
    );
    let splits = open(folder.path(), &[]).unwrap();
    let train = &*splits.parts[&Split::Train];
    assert_eq!(train.class_names(), ["nod", "wave"]);
    assert_eq!(train.fields()[0].1.to_string(), "clip[3, 3, 2, 3]");
    assert_eq!(train.fields()[1].1, SampleType::label(2));
    assert_eq!(train.len(), 3);
    assert_eq!(firsts(train, 0), [4, 5, 6]);
    assert_eq!(firsts(train, 1), [1, 2, 3]);
    assert_eq!(firsts(train, 2), [7, 8, 9]);
    assert_eq!(
        (0..3).map(|i| clip(train, i).1).collect::<Vec<_>>(),
        [Some(0), Some(1), Some(1)]
    );
    assert_eq!(train.class(2).unwrap(), Some(1));
    let found = splits.found.unwrap();
    assert_eq!(found.line, "4 clips, 2 classes, 2 splits");
    assert!(splits.doubts.is_empty());
    // every other frame
    let halves = open(folder.path(), &[("step", Value::Integer(2))]).unwrap();
    assert_eq!(firsts(&*halves.parts[&Split::Train], 1), [1, 3]);
    assert_eq!(
        halves.parts[&Split::Train].fields()[0].1.to_string(),
        "clip[2, 3, 2, 3]"
    );
}

#[test]
fn clips_right_below_a_split_have_no_class() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("one/0.png", dot(1)),
            ("one/1.png", dot(2)),
            ("two/0.png", dot(3)),
            ("two/1.png", dot(4)),
            ("two/2.png", dot(5)),
        ],
    );
    let splits = open(folder.path(), &[]).unwrap();
    let train = &*splits.parts[&Split::Train];
    assert_eq!(train.fields().len(), 1);
    assert_eq!(train.fields()[0].1.to_string(), "clip[?, 3, 2, 3]");
    assert_eq!((train.len(), train.class(0).unwrap()), (2, None));
    assert_eq!(firsts(train, 1), [3, 4, 5]);
    // and classes where nobody wants them are none
    write(
        folder.path(),
        &[("deep/er/0.png", dot(1)), ("deep/er/1.png", dot(1))],
    );
    let labelled = open(folder.path(), &[]).unwrap();
    assert_eq!(labelled.parts[&Split::Train].fields().len(), 2);
    let none = open(folder.path(), &[("labels", Value::Word("none".into()))]).unwrap();
    assert_eq!(none.parts[&Split::Train].fields().len(), 1);
    assert_eq!(none.parts[&Split::Train].len(), 3);
}

/// Frames as Pillow puts them together.
#[test]
fn animations_are_put_together_as_they_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("train/a/walk.gif", GIF.to_vec()),
            ("train/b/walk.png", APNG.to_vec()),
        ],
    );
    // Pillow leaves black what is transparent
    let black = ("background", Value::Word("black".into()));
    let splits = open(folder.path(), &[black]).unwrap();
    let train = &*splits.parts[&Split::Train];
    assert_eq!(train.fields()[0].1.to_string(), "clip[?, 3, 8, 12]");
    let shown: Json = serde_json::from_str(SHOWN).unwrap();
    for (index, name) in ["walk.gif", "walk.png"].into_iter().enumerate() {
        let (clip, label) = clip(train, index);
        assert_eq!(label, Some(index as u32));
        let frames = shown[name]["frames"].as_array().unwrap();
        assert_eq!(clip.frames.len(), frames.len());
        for (at, (frame, wanted)) in clip.frames.iter().zip(frames).enumerate() {
            let wanted = wanted.as_array().unwrap().iter();
            let wanted: Vec<u8> = wanted.map(|n| n.as_u64().unwrap() as u8).collect();
            assert_eq!((frame.height, frame.width, frame.channels), (8, 12, 3));
            assert_eq!(frame.pixels, wanted, "frame {at} of {name}");
        }
    }
    let halves = open(folder.path(), &[("step", Value::Integer(3))]).unwrap();
    let (thirds, _) = clip(&*halves.parts[&Split::Train], 0);
    let (whole, _) = clip(train, 0);
    assert_eq!(
        thirds.frames,
        [whole.frames[0].clone(), whole.frames[3].clone()]
    );
}

fn refusal(set: &dyn Dataset, index: usize) -> String {
    set.read(index, crate::data::Draws::STILL)
        .unwrap_err()
        .message
}

#[test]
fn what_can_not_be_a_clip_says_which_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let wide = help::png(2, 4, |_, _| [1, 2, 3]);
    let mut lied = APNG.to_vec();
    // it says that it has nine frames
    let at = lied.windows(4).position(|name| name == b"acTL").unwrap();
    lied[at + 7] = 9;
    write(
        folder.path(),
        &[
            ("train/x/0 short/0.png", dot(1)),
            ("train/x/1 sizes/0.png", dot(1)),
            ("train/x/1 sizes/1.png", wide),
            ("train/x/2 broken/0.png", dot(1)),
            ("train/x/2 broken/1.png", dot(1)[..50].to_vec()),
            ("train/y/3 cut.gif", GIF[..GIF.len() - 60].to_vec()),
            ("train/y/4 cut.apng", APNG[..APNG.len() - 60].to_vec()),
            ("train/y/5 lies.apng", lied),
            ("train/y/6 text.gif", b"GIF89a and no more".to_vec()),
            ("train/y/7 single.gif", gif(&[1])),
            ("train/z/8 good.gif", gif(&[1, 2, 3])),
        ],
    );
    let splits = open(folder.path(), &[]).unwrap();
    let train = &*splits.parts[&Split::Train];
    assert_eq!(train.len(), 9);
    let root = folder.path().join("train");
    let said = |index: usize, clip: &str, why: &str| {
        let message = refusal(train, index);
        let name = format!("can't read {} (clip {index}): ", root.join(clip).display());
        let rest = message
            .strip_prefix(&name)
            .unwrap_or_else(|| panic!("{message}"));
        assert!(rest.starts_with(why), "{message}");
    };
    said(0, "x/0 short", "it has 1 frame, and clips have 2 at least");
    said(
        1,
        "x/1 sizes",
        "its frames differ in size: 0.png is 2 × 3 pixels, 1.png 2 × 4",
    );
    said(2, "x/2 broken", "1.png: it is not whole");
    said(3, "y/3 cut.gif", "it is not whole: it ends in the middle");
    said(4, "y/4 cut.apng", "it is not whole: it ends in the middle");
    said(
        5,
        "y/5 lies.apng",
        "it is not whole: 4 of its 9 frames are there",
    );
    said(6, "y/6 text.gif", "");
    said(
        7,
        "y/7 single.gif",
        "it has 1 frame, and clips have 2 at least",
    );
    assert_eq!(
        train.read(8, crate::data::Draws::STILL).unwrap()[0].shown(),
        "clip[3, 3, 2, 2]"
    );
    assert!(train.read(9, crate::data::Draws::STILL).is_err());
    // what there is of one that is cut
    let mended = train.mend(3, crate::data::Draws::STILL).unwrap();
    let frames = mended[0].as_clip().unwrap().frames.len();
    assert!((2..4).contains(&frames), "{frames}");
    // a clip of one frame is one where the recipe says so
    let splits = open(folder.path(), &[("at_least", Value::Integer(1))]).unwrap();
    assert!(
        splits.parts[&Split::Train]
            .read(0, crate::data::Draws::STILL)
            .is_ok()
    );
}

/// A GIF of two by two pixels, a frame for each grey.
fn gif(greys: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
    for grey in greys {
        let frame = image::RgbaImage::from_pixel(2, 2, image::Rgba([*grey, *grey, *grey, 255]));
        encoder.encode_frame(image::Frame::new(frame)).unwrap();
    }
    drop(encoder);
    bytes
}

#[test]
fn nothing_is_left_out_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("train/a/one/0.png", dot(1)),
            ("train/a/one/1.png", dot(2)),
            ("train/a/cover.jpg", dot(1)),
            ("train/b/two.gif", gif(&[1, 2])),
            ("train/b/still.png", dot(3)),
            ("train/b/notes.txt", b"text".to_vec()),
        ],
    );
    fs::create_dir_all(folder.path().join("train/a/empty")).unwrap();
    let splits = open(folder.path(), &[]).unwrap();
    assert_eq!(splits.parts[&Split::Train].len(), 2);
    let found = splits.found.unwrap();
    assert_eq!(
        found.line,
        "2 clips, 2 classes, 1 split; 3 files left out: 2 beside clips, 1 .txt; 1 folder left out: 1 without a clip; \
         transparent pictures are put on white (`background`)"
    );
    assert_eq!(splits.doubts.len(), 1);
    assert!(
        splits.doubts[0]
            .message
            .ends_with("2 pictures beside clips are left out, the first is `a/cover.jpg`"),
        "{}",
        splits.doubts[0].message
    );
    let nothing = tempfile::tempdir().unwrap();
    fs::create_dir_all(nothing.path().join("train/a/empty")).unwrap();
    assert!(open(nothing.path(), &[]).is_err());
}

/// What a clip is of counts, not where it lies.
#[test]
fn the_manifest_is_of_clips() {
    let manifest = |files: &[(&str, Vec<u8>)], given: &[(&str, Value)]| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), files);
        let splits = open(folder.path(), given).unwrap();
        splits.parts[&Split::Train].manifest(&Silent).unwrap()
    };
    let two = [
        ("a/x/0.png", dot(1)),
        ("a/x/1.png", dot(2)),
        ("a/y/0.png", dot(3)),
        ("a/y/1.png", dot(4)),
    ];
    let one = [
        ("a/x/0.png", dot(1)),
        ("a/x/1.png", dot(2)),
        ("a/x/2.png", dot(3)),
        ("a/y/1.png", dot(4)),
    ];
    let first = manifest(&two, &[]);
    assert_eq!(first, manifest(&two, &[]));
    // the same pictures, divided otherwise
    assert_ne!(first, manifest(&one, &[]));
    assert_ne!(first, manifest(&two, &[("step", Value::Integer(2))]));
}

/// The decoder puts the frame back that was cleared.
#[test]
fn a_way_of_disposal_that_comes_out_wrong_is_refused() {
    let mut bytes = APNG.to_vec();
    let fctl = |bytes: &[u8], n: usize| {
        let mut all = bytes
            .windows(4)
            .enumerate()
            .filter(|(_, name)| *name == b"fcTL");
        all.nth(n).unwrap().0
    };
    // of the first frame: to the background; of the second: to what was before
    for (frame, dispose) in [(0, 1), (1, 2)] {
        let at = fctl(&bytes, frame);
        bytes[at + 4 + 24] = dispose;
    }
    let error = decode::animated(&bytes).unwrap_err();
    assert!(error.contains("disposes of its frames"), "{error}");
}

/// A file of some bytes that says it is large is refused before anything is made for it.
#[test]
fn a_small_file_does_not_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = gif(&[1, 2, 3]);
    // width and height of the screen
    bytes[6..10].copy_from_slice(&[255, 255, 255, 255]);
    assert!(decode::animated(&bytes).is_err());
    bytes[6..10].copy_from_slice(&[0, 32, 0, 32]);
    write(folder.path(), &[("train/large.gif", bytes)]);
    let splits = open(folder.path(), &[("labels", Value::Word("none".into()))]).unwrap();
    let error = refusal(&*splits.parts[&Split::Train], 0);
    assert!(
        error.contains("`side = 128px` makes them smaller"),
        "{error}"
    );
}

/// Films, windows of them, and what keeps these together.
#[test]
fn films_are_clips_and_long_ones_several() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/data/clips/");
        fs::read(format!("{folder}{name}")).unwrap()
    };
    write(
        folder.path(),
        &[
            ("train/one/a.avi", fixture("walk.avi")),
            ("train/one/b.y4m", fixture("walk.y4m")),
            ("train/two/c.webp", fixture("walk.webp")),
            ("train/two/d/0.png", dot(1)),
            ("train/two/d/1.png", dot(2)),
        ],
    );
    let splits = open(folder.path(), &[]).unwrap();
    let train = &*splits.parts[&Split::Train];
    assert_eq!(train.len(), 4);
    assert_eq!(train.class_names(), ["one", "two"]);
    let lengths = |set: &dyn Dataset| -> Vec<usize> {
        (0..set.len())
            .map(|at| clip(set, at).0.frames.len())
            .collect()
    };
    assert_eq!(lengths(train), [4, 3, 4, 2]);
    let pairs = open(
        folder.path(),
        &[("frames", Value::Integer(2)), ("side", Value::Length(8.0))],
    )
    .unwrap();
    let pairs = &*pairs.parts[&Split::Train];
    assert_eq!(pairs.fields()[0].1.to_string(), "clip[2, 3, ?, ?]");
    assert_eq!(lengths(pairs), [2; 6]);
    let groups: Vec<u64> = (0..6).filter_map(|at| pairs.group(at)).collect();
    assert_eq!(groups, [0, 0, 1, 2, 2, 3]);
    let (first, _) = clip(pairs, 0);
    assert_eq!((first.frames[0].height, first.frames[0].width), (8, 12));
    assert_eq!(pairs.class(5).unwrap(), Some(1));
    // the second half of the first film, as it is in the whole
    let sized = open(folder.path(), &[("side", Value::Length(8.0))]).unwrap();
    let (whole, _) = clip(&*sized.parts[&Split::Train], 0);
    assert_eq!(clip(pairs, 1).0.frames, whole.frames[2..]);
    // films decoded when data are fetched give the same
    pairs.fetch(&Silent).unwrap();
    assert_eq!(clip(pairs, 1).0.frames, whole.frames[2..]);
    let all: Vec<String> = [
        vec![],
        vec![("fps", Value::Number(5.0))],
        vec![("side", Value::Length(8.0))],
    ]
    .iter()
    .map(|given| {
        open(folder.path(), given).unwrap().parts[&Split::Train]
            .manifest(&Silent)
            .unwrap()
    })
    .collect();
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    // none is long enough
    assert!(open(folder.path(), &[("frames", Value::Integer(9))]).is_err());
}

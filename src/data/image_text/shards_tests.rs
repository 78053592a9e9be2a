//! Shards and parquet files that others have written: `tests/fixtures/data/image_text/shards.py`.

use std::path::{Path, PathBuf};

use crate::catalog::{Split, Value};
use crate::data::test_help::{self as help, write};
use crate::data::{Dataset, Draws, Silent};

fn fixture(name: &str) -> PathBuf {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/data/image_text"
    );
    Path::new(folder).join(name)
}

fn train(place: &Path, given: &[(&str, Value)]) -> std::sync::Arc<dyn Dataset> {
    let mut all = vec![("name", Value::Text("pairs".into()))];
    all.extend(given.iter().cloned());
    let opened = help::open_at("image_text", &all, &help::given("pairs", place));
    help::splits(opened.unwrap()).parts[&Split::Train].clone()
}

fn pairs(part: &dyn Dataset) -> Vec<(u8, String)> {
    let read = |index| {
        let record = part.read(index, Draws::STILL).unwrap();
        let value = help::picture(&record[..1]).0.pixels[0];
        let caption = record.into_iter().nth(1).unwrap().into_text().unwrap();
        (value, caption.to_string())
    };
    (0..part.len()).map(read).collect()
}

#[test]
fn every_format_of_archives_and_parquet_hold_the_same_pairs() {
    let wanted = [(1, "a cat"), (2, "größe"), (3, "the last")];
    let wanted = wanted.map(|(value, caption)| (value, caption.to_owned()));
    let named = |name: &'static str, value: &str| (name, Value::Text(value.into()));
    for name in ["ustar.tar", "gnu.tar", "pax.tar", "pairs.parquet"] {
        let given = [named("group", "of"), named("label", "cls")];
        let part = train(&fixture(name), &given);
        assert_eq!(pairs(&*part), wanted, "{name}");
        assert_eq!(part.class_names(), ["4", "9"], "{name}");
        let classes: Vec<_> = (0..3).map(|index| part.class(index).unwrap()).collect();
        assert_eq!(classes, [Some(0), None, Some(1)], "{name}");
        let groups: Vec<_> = (0..3).map(|index| part.group(index)).collect();
        assert_eq!(groups, [0, 1, 2].map(Some), "{name}");
        assert_eq!(part.fields()[0].1.to_string(), "image[3, 2, 2]", "{name}");
        part.manifest(&Silent).unwrap();
    }
    let other = train(&fixture("gnu.tar"), &[named("text", "seg.txt")]);
    assert_eq!(
        pairs(&*other),
        [(2, "no caption of the picture".to_owned())]
    );
}

/// Lists, plain bytes, large types, records: what pyarrow writes of them. Blank captions are none, and rows without any are left out.
#[test]
fn rows_of_parquet_have_any_number_of_captions() {
    let text = |name: &'static str, value: &str| (name, Value::Text(value.into()));
    let each = || ("captions", Value::Word("each".into()));
    let wanted = [
        (1, "a cat"),
        (1, "the cat again"),
        (2, "größe"),
        (3, "the last"),
    ];
    let wanted = wanted.map(|(value, caption)| (value, caption.to_owned()));
    for (name, given) in [
        ("lists.parquet", vec![]),
        ("large.parquet", vec![]),
        ("records.parquet", vec![text("text", "sentences.raw")]),
    ] {
        let part = train(&fixture(name), &[given.clone(), vec![each()]].concat());
        assert_eq!(pairs(&*part), wanted, "{name}");
        let groups: Vec<_> = (0..4).map(|index| part.group(index)).collect();
        assert_eq!(groups, [0, 0, 1, 2].map(Some), "{name}");
        // a record is a picture, and one of its captions is drawn
        assert_eq!(train(&fixture(name), &given).len(), 3, "{name}");
    }
    // classes by the names of the hub's metadata, groups by numbers
    let given = [text("label", "cls"), text("group", "of"), each()];
    let part = train(&fixture("lists.parquet"), &given);
    assert_eq!(part.class_names(), ["four", "nine"]);
    let classes: Vec<_> = (0..4).map(|index| part.class(index).unwrap()).collect();
    assert_eq!(classes, [Some(0), Some(0), Some(1), Some(0)]);
    let groups: Vec<_> = (0..4).map(|index| part.group(index)).collect();
    assert_eq!(groups, [0, 0, 0, 1].map(Some));
    // several columns, each with what it has
    let both = ["caption", "title"].map(|name| Value::Text(name.into()));
    let given = [
        ("text", Value::List(both.into())),
        text("label", "kind"),
        each(),
    ];
    let part = train(&fixture("large.parquet"), &given);
    let captions: Vec<String> = pairs(&*part).into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        captions,
        [
            "a cat",
            "the cat again",
            "one",
            "größe",
            "the last",
            "four",
            "five"
        ]
    );
    assert_eq!(part.class_names(), ["a", "b"]);
}

#[test]
fn columns_that_hold_no_texts_are_told() {
    let refused = |name: &str, column: &str| {
        let given = [
            ("name", Value::Text("pairs".into())),
            ("text", Value::Text(column.into())),
        ];
        let opened = help::open_at("image_text", &given, &help::given("pairs", &fixture(name)));
        format!("{:?}", opened.err().expect("it is refused"))
    };
    for (name, column, why) in [
        (
            "records.parquet",
            "sentences",
            "name a field of them, sentences.raw, sentences.id",
        ),
        (
            "records.parquet",
            "sentences.id",
            "holds lists of whole numbers, not texts",
        ),
        ("records.parquet", "deep", "lists of"),
        ("lists.parquet", "cls", "holds whole numbers, not texts"),
        (
            "lists.parquet",
            "title",
            "its columns are image, captions, cls, of",
        ),
    ] {
        let said = refused(name, column);
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_damaged_file_of_columns_is_refused_or_read_as_far_as_it_goes() {
    let whole = std::fs::read(fixture("lists.parquet")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.parquet");
    let mut rng = crate::data::Philox::new(9, &[]);
    let (mut refused, mut read) = (0, 0);
    for _ in 0..300 {
        let mut bytes = whole.clone();
        let at = rng.below(bytes.len() as u32) as usize;
        bytes[at] = rng.below(256) as u8;
        write(&path, bytes);
        let given = [("name", Value::Text("pairs".into()))];
        match help::open_at("image_text", &given, &help::given("pairs", &path)).map(help::splits) {
            Err(_) => refused += 1,
            Ok(splits) => {
                let part = &splits.parts[&Split::Train];
                (0..part.len()).for_each(|index| drop(part.read(index, Draws::STILL)));
                read += 1;
            }
        }
    }
    assert!(refused > 20 && read > 20, "{refused} {read}");
}

#[test]
fn a_shard_that_ends_early_is_refused_or_read_as_far_as_it_goes() {
    let whole = std::fs::read(fixture("pax.tar")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.tar");
    let open = || {
        let given = [("name", Value::Text("pairs".into()))];
        help::open_at("image_text", &given, &help::given("pairs", &path)).map(help::splits)
    };
    let mut rng = crate::data::Philox::new(3, &[]);
    let (mut refused, mut read) = (0, 0);
    for round in 0..300 {
        let mut bytes = whole.clone();
        match round % 2 {
            0 => bytes.truncate(rng.below(bytes.len() as u32) as usize),
            _ => {
                let at = rng.below(8192) as usize;
                bytes[at] = rng.below(256) as u8;
            }
        }
        write(&path, bytes);
        match open() {
            Err(_) => refused += 1,
            Ok(splits) => {
                let part = &splits.parts[&Split::Train];
                (0..part.len()).for_each(|index| drop(part.read(index, Draws::STILL)));
                read += 1;
            }
        }
    }
    assert!(refused > 50 && read > 20, "{refused} {read}");
    write(&path, vec![b'x'; 4096]);
    let problem = open().err().expect("it is no archive");
    let said = format!("{problem:?}");
    assert!(
        said.contains("there is no header of a tar archive at byte 0"),
        "{said}"
    );
}

#[test]
fn a_buffer_is_that_of_what_it_is_made_into() {
    let source = help::call(
        "image_text",
        &[
            ("name", Value::Text("pairs".into())),
            ("buffer", Value::Integer(2)),
        ],
    );
    let pipe = help::call("hold_out", &[("amount", Value::Integer(1))]);
    let places = help::given("pairs", &fixture("gnu.tar"));
    let data = help::data(source, vec![pipe]);
    let splits = help::splits(crate::data::open(&data, &Default::default(), &places).unwrap());
    assert_eq!(splits.parts[&Split::Train].buffer(), Some(2));
    assert_eq!(train(&fixture("gnu.tar"), &[]).buffer(), None);
}

/// The same archives as pictures with a class, whatever is said of them.
#[test]
fn shards_without_captions_are_pictures_with_a_class() {
    let open = |place: &Path, given: &[(&str, Value)]| {
        let mut all = vec![("name", Value::Text("shards".into()))];
        all.extend(given.iter().cloned());
        help::open_at("webdataset", &all, &help::given("shards", place)).map(help::splits)
    };
    for name in ["ustar.tar", "gnu.tar", "pax.tar"] {
        let part = open(&fixture(name), &[]).unwrap().parts[&Split::Train].clone();
        let names: Vec<&str> = part
            .fields()
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["image", "label"], "{name}");
        assert_eq!(part.class_names(), ["4", "9"], "{name}");
        let seen: Vec<_> = (0..part.len())
            .map(|index| {
                let record = part.read(index, Draws::STILL).unwrap();
                let value = help::picture(&record[..1]).0.pixels[0];
                (
                    value,
                    part.class(index).unwrap(),
                    record[1].as_missing().is_some(),
                )
            })
            .collect();
        let wanted = [(1, Some(0), false), (2, None, true), (3, Some(1), false)];
        assert_eq!(seen[..3], wanted, "{name}");
        part.manifest(&Silent).unwrap();
    }
    // a class by another name, none where the default is not there, an error where it was asked for
    let folder = tempfile::tempdir().unwrap();
    let picture = help::png(2, 2, |_, _| [9, 0, 0]);
    for (shard, members) in [
        (
            "train-000000.tar",
            vec![
                ("a.png", picture.as_slice()),
                ("a.json", b"{\"kind\": \"cat\"}"),
                ("b.txt", b"no picture"),
            ],
        ),
        (
            "train-000001.tar",
            vec![
                ("a.png", picture.as_slice()),
                ("a.json", b"{\"kind\": \"dog\"}"),
            ],
        ),
        (
            "test/000000.tar",
            vec![
                ("c.PNG", picture.as_slice()),
                ("c.json", b"{\"kind\": \"dog\"}"),
            ],
        ),
    ] {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, bytes) in members {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, name, bytes).unwrap();
        }
        write(&folder.path().join(shard), tar.into_inner().unwrap());
    }
    let splits = open(folder.path(), &[]).unwrap();
    assert_eq!(splits.parts[&Split::Train].fields().len(), 1);
    let found = splits.found.unwrap();
    assert!(
        found
            .line
            .contains("3 pictures, no classes, 2 splits; 1 rows without a picture left out"),
        "{}",
        found.line
    );
    let kind = [("label", Value::Text("kind".into()))];
    let splits = open(folder.path(), &kind).unwrap();
    assert_eq!(splits.parts[&Split::Train].class_names(), ["cat", "dog"]);
    assert_eq!(splits.parts[&Split::Test].class(0).unwrap(), Some(1));
    let kind = [("label", Value::Text("species".into()))];
    let problem = open(folder.path(), &kind).err().unwrap();
    assert!(
        problem.message.contains("no row has a class in `species`"),
        "{problem:?}"
    );
}

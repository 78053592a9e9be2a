use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::catalog::{Problem, Result, Split, Value};
use crate::data::test_help::{self as help, write};
use crate::data::{Dataset, Draws, Silent, Splits};

fn dot(value: u8) -> Vec<u8> {
    help::png(2, 2, |_, _| [value, 0, 0])
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn open(place: &Path, given: &[(&str, Value)]) -> Result<Splits> {
    let mut all = vec![("name", text("pairs"))];
    all.extend(given.iter().cloned());
    help::open_at("image_text", &all, &help::given("pairs", place)).map(help::splits)
}

fn train(place: &Path, given: &[(&str, Value)]) -> Arc<dyn Dataset> {
    open(place, given).unwrap().parts[&Split::Train].clone()
}

fn refused(place: &Path, given: &[(&str, Value)]) -> String {
    let problem: Problem = open(place, given).err().expect("it is refused");
    format!("{problem:?}")
}

/// The first channel of a record's first pixel, and its caption.
fn read(part: &dyn Dataset, index: usize) -> (u8, String) {
    let record = part.read(index, Draws::STILL).unwrap();
    let value = help::picture(&record[..1]).0.pixels[0];
    let mut samples = record.into_iter().skip(1);
    let caption = samples.next().and_then(crate::data::Sample::into_text);
    (value, caption.unwrap().to_string())
}

fn all(part: &dyn Dataset) -> Vec<(u8, String)> {
    (0..part.len()).map(|index| read(part, index)).collect()
}

/// A folder with this file and pictures `pictures/1.png` to `3.png` beside it.
fn folder(name: &str, bytes: impl AsRef<[u8]>) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for value in 1..=3 {
        let path = folder.path().join(format!("pictures/{value}.png"));
        write(&path, dot(value));
    }
    let path = folder.path().join(name);
    write(&path, bytes);
    (folder, path)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

const TABLE: &str = "caption,image\na cat,pictures/1.png\n\"two \"\"dogs\"\",\nasleep\",./pictures/2.png\n  ,pictures/3.png\nthe cat again,pictures/1.png\n";

#[test]
fn every_way_of_writing_pairs_is_read() {
    let tsv = "file\tcaption\npictures/1.png\ta cat\npictures/2.png\t\"two \"\"dogs\"\",\nasleep\"\npictures/1.png\tthe cat again\n";
    let lines = "{\"path\": \"pictures/1.png\", \"captions\": [\"a cat\", \" \", \"the cat again\"]}\n\n\
        {\"path\": \"pictures/2.png\", \"captions\": \"two \\\"dogs\\\",\\nasleep\"}\n\
        {\"path\": \"pictures/3.png\", \"captions\": []}\n";
    let wanted = [
        (1, "a cat"),
        (1, "the cat again"),
        (2, "two \"dogs\",\nasleep"),
    ];
    let wanted = wanted.map(|(value, caption)| (value, caption.to_owned()));
    for (name, bytes) in [
        ("train.csv", TABLE.as_bytes().to_vec()),
        ("captions.csv.gz", gzip(TABLE.as_bytes())),
        ("captions.tsv", tsv.into()),
        ("captions.jsonl", lines.into()),
        (
            "captions.jsonl.zst",
            zstd::encode_all(lines.as_bytes(), 1).unwrap(),
        ),
    ] {
        let (_folder, path) = folder(name, bytes);
        let each = train(&path, &[("captions", Value::Word("each".into()))]);
        assert_eq!(all(&*each), wanted, "{name}");
        let groups: Vec<_> = (0..3).map(|index| each.group(index)).collect();
        assert_eq!(groups, [Some(0), Some(0), Some(1)], "{name}");
        // a record is a picture: one of its captions is drawn, another one in another epoch
        let drawn = train(&path, &[]);
        assert_eq!((drawn.len(), read(&*drawn, 1)), (2, wanted[2].clone()));
        let of = |epoch| {
            let record = drawn.read(0, Draws::new(3, epoch)).unwrap();
            record.into_iter().nth(1).unwrap().into_text().unwrap()
        };
        let seen: std::collections::BTreeSet<Arc<str>> = (0..20).map(of).collect();
        assert_eq!(seen.len(), 2, "{name}");
        assert_eq!(of(4), of(4));
    }
}

#[test]
fn names_groups_and_classes_are_those_that_are_asked_for() {
    let table = "a,b,what,kind,of\nsea,,pictures/1.png,x,7\nland,coast,pictures/2.png,,8\nair,sky,pictures/3.png,w,7\n";
    let (_folder, path) = folder("pairs.csv", table);
    let given = [
        ("image", text("what")),
        ("text", Value::List(vec![text("a"), text("b")])),
        ("group", text("of")),
        ("label", text("kind")),
        ("captions", Value::Word("each".into())),
    ];
    let part = train(&path, &given);
    let captions: Vec<String> = all(&*part).into_iter().map(|(_, text)| text).collect();
    assert_eq!(captions, ["sea", "land", "coast", "air", "sky"]);
    let groups: Vec<_> = (0..5).map(|index| part.group(index)).collect();
    assert_eq!(groups, [0, 1, 1, 0, 0].map(Some));
    assert_eq!(part.class_names(), ["w", "x"]);
    let classes: Vec<_> = (0..5).map(|index| part.class(index).unwrap()).collect();
    assert_eq!(classes, [Some(1), None, None, Some(0), Some(0)]);
    assert_eq!(part.fields()[2].0, "label");
    let why = refused(&path, &[("text", text("caption")), ("image", text("what"))]);
    assert!(why.contains("has no column `caption`"), "{why}");
    let why = refused(&path, &[("text", text("a"))]);
    assert!(
        why.contains("no column of the image by a name that is known"),
        "{why}"
    );
}

#[test]
fn groups_are_held_out_whole() {
    let mut table = "file,caption,of\n".to_owned();
    for number in 0..60 {
        table += &format!(
            "pictures/{}.png,number {number},{}\n",
            number % 3 + 1,
            number / 2
        );
    }
    // each row has a picture of its own
    let folder = tempfile::tempdir().unwrap();
    for number in 0..60 {
        write(&folder.path().join(format!("{number}.png")), dot(number));
    }
    let rows = (0..60).map(|number| format!("{number}.png,number {number},{}\n", number % 30));
    let path = folder.path().join("pairs.csv");
    write(
        &path,
        "file,caption,of\n".to_owned() + &rows.collect::<String>(),
    );
    let held = |captions: &str| {
        let given = [
            ("name", text("pairs")),
            ("group", text("of")),
            ("captions", Value::Word(captions.into())),
        ];
        let source = help::call("image_text", &given);
        let pipe = help::call("hold_out", &[("amount", Value::Ratio(0.2))]);
        let data = help::data(source, vec![pipe]);
        let places = help::given("pairs", &path);
        let opened = crate::data::open(&data, &Default::default(), &places);
        help::splits(opened.unwrap())
    };
    let splits = held("drawn");
    let (train, valid) = (&splits.parts[&Split::Train], &splits.parts[&Split::Valid]);
    // 6 of 30 groups, each of two pictures
    assert_eq!((train.len(), valid.len()), (48, 12));
    let of = |part: &Arc<dyn Dataset>| -> std::collections::BTreeSet<u64> {
        (0..part.len())
            .filter_map(|index| part.group(index))
            .collect()
    };
    assert_eq!((of(train).len(), of(valid).len()), (24, 6));
    assert!(of(train).is_disjoint(&of(valid)));
    // and the same ones where each caption is a record
    let each = held("each");
    assert_eq!(of(&each.parts[&Split::Valid]), of(valid));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let rows = "image,caption\npictures/1.png,fine\n../secret.png,out\n/etc/passwd,out\n,nothing\npictures/9.png,lost\npictures/2.png,a,b\npictures/3.png,\"open\n";
    let (folder, path) = folder("pairs.csv", rows);
    write(&folder.path().join("secret.png"), dot(9));
    let part = train(&path, &[]);
    let errors: Vec<String> = (0..part.len())
        .filter_map(|index| part.read(index, Draws::STILL).err())
        .map(|error| error.message)
        .collect();
    let lies = "its picture does not lie below";
    for (error, wanted) in errors.iter().zip([
        ["line 3 of", lies],
        ["line 4 of", lies],
        ["line 5 of", "it names no picture"],
        ["9.png", "line 6 of"],
        ["line 7 of", "it has 3 fields, and the first line names 2"],
        ["line 8 of", "a quote in it is not closed"],
    ]) {
        assert!(wanted.iter().all(|part| error.contains(part)), "{error}");
    }
    assert_eq!(errors.len(), 6, "{errors:?}");
    for (bytes, wanted) in [
        ("image,caption\n", "holds no pair"),
        (
            "image,caption\npictures/1.png, \n",
            "it is blank in all of its 1 rows",
        ),
    ] {
        write(&path, bytes);
        let why = refused(&path, &[]);
        assert!(why.contains(wanted), "{why}");
    }
    let lines = folder.path().join("pairs.jsonl");
    write(&lines, "{\"url\": \"x\"}\n[1]\n");
    let why = refused(&lines, &[]);
    assert!(
        why.contains("line 1 of it names no pair: it has no field `image` or"),
        "{why}"
    );
    // a folder of pictures that is named stands for the file's own
    let other = tempfile::tempdir().unwrap();
    write(&other.path().join("1.png"), dot(7));
    write(
        &path,
        format!("image,caption\n{}/1.png,seven\n", other.path().display()),
    );
    let images = other.path().to_str().unwrap();
    assert_eq!(
        all(&*train(&path, &[("images", text(images))])),
        [(7, "seven".to_owned())]
    );
}

#[test]
fn the_manifest_is_that_of_captions_and_pictures() {
    let (folder, path) = folder("pairs.csv", TABLE);
    let of = |given: &[(&str, Value)]| train(&path, given).manifest(&Silent).unwrap();
    let own = of(&[]);
    assert_eq!(own, of(&[]));
    assert_ne!(own, of(&[("captions", Value::Word("each".into()))]));
    write(
        &folder.path().join("pictures/2.png"),
        help::png(2, 3, |_, _| [9, 9, 9]),
    );
    let moved = of(&[]);
    assert_ne!(own, moved);
    // one that no caption is of does not count
    write(
        &folder.path().join("pictures/3.png"),
        help::png(2, 3, |_, _| [9, 9, 9]),
    );
    assert_eq!(moved, of(&[]));
    write(&path, TABLE.replace("a cat", "a Cat"));
    assert_ne!(moved, of(&[]));
}

/// What a file from a stranger says is looked through without a panic, and read without one.
#[test]
fn no_bytes_make_it_panic() {
    let mut rng = crate::data::Philox::new(5, &[]);
    for name in ["pairs.csv", "pairs.jsonl"] {
        let (_folder, path) = folder(name, "");
        let whole = match name {
            "pairs.csv" => TABLE.as_bytes().to_vec(),
            _ => b"{\"image\": \"pictures/1.png\", \"text\": [\"a\", \"b\"]}\n".repeat(3),
        };
        for _ in 0..200 {
            let mut bytes = whole.clone();
            for _ in 0..3 {
                let at = rng.below(bytes.len() as u32) as usize;
                bytes[at] = rng.below(256) as u8;
            }
            bytes.truncate(1 + rng.below(bytes.len() as u32) as usize);
            write(&path, bytes);
            if let Ok(splits) = open(&path, &[]) {
                for part in splits.parts.values() {
                    (0..part.len()).for_each(|index| drop(part.read(index, Draws::STILL)));
                }
            }
        }
    }
}

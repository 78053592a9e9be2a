use std::io::Write;
use std::path::Path;

use proptest::prelude::*;

use crate::catalog::{Problem, Result, Split, Value};
use crate::data::test_help::{self as help, write};
use crate::data::{Crossing, Dataset, Draws, SampleType, Silent, Splits};

fn open(place: &Path, passage: Option<i64>) -> Result<Splits> {
    let mut all = vec![("name", Value::Text("corpus".into()))];
    all.extend(passage.map(|n| ("passage", Value::Integer(n))));
    help::open_at("text_lines", &all, &help::given("corpus", place)).map(help::splits)
}

fn train(place: &Path, passage: Option<i64>) -> std::sync::Arc<dyn Dataset> {
    open(place, passage).unwrap().parts[&Split::Train].clone()
}

fn refused(place: &Path, passage: Option<i64>) -> Problem {
    open(place, passage).err().expect("it is refused")
}

fn text(part: &dyn Dataset, index: usize) -> String {
    let mut record = part.read(index, Draws::STILL).unwrap();
    assert_eq!(record.len(), 1);
    match record.remove(0).cross() {
        Ok(Crossing::Text(text)) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

fn texts(part: &dyn Dataset) -> Vec<String> {
    (0..part.len()).map(|index| text(part, index)).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn each_line_is_a_record_and_empty_ones_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let lines = "\u{feff}first line\r\n\n \t\nzweite Größe\nlast";
    write(&at("corpus.en"), lines);
    write(&at("corpus.txt.gz"), gzip(lines.as_bytes()));
    write(
        &at("corpus.txt.zst"),
        zstd::encode_all(lines.as_bytes(), 1).unwrap(),
    );
    for name in ["corpus.en", "corpus.txt.gz", "corpus.txt.zst"] {
        let splits = open(&at(name), None).unwrap();
        assert_eq!(
            splits.found.unwrap().line,
            "3 lines, no classes, 1 split; 2 empty lines left out"
        );
        let train = &splits.parts[&Split::Train];
        assert_eq!(train.fields(), &[("text".to_owned(), SampleType::TEXT)]);
        assert_eq!(
            texts(&**train),
            ["first line", "zweite Größe", "last"],
            "{name}"
        );
        assert_eq!(train.class(0).unwrap(), None);
    }
    // lines and records of the same file are two things
    assert_ne!(
        train(&at("corpus.en"), None).manifest(&Silent).unwrap(),
        train(&at("corpus.en"), Some(64)).manifest(&Silent).unwrap()
    );
}

#[test]
fn names_say_the_split() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("wiki.train.tokens"), "a\nb\n");
    write(&at("wiki.valid.tokens"), "c\n");
    write(&at("wiki.test.tokens"), "d\n");
    write(&at("more.tokens"), "e\n");
    write(&at("about.md"), "f\n");
    for passage in [None, Some(64)] {
        let splits = open(folder.path(), passage).unwrap();
        let of = |split: Split| texts(&*splits.parts[&split]).concat();
        assert_eq!(of(Split::Train).replace('\n', ""), "ab");
        assert_eq!(of(Split::Valid).trim(), "c");
        assert_eq!(of(Split::Test).trim(), "d");
        let line = splits.found.unwrap().line.clone();
        assert!(
            line.ends_with("2 files left out: 1 .md, 1 of no split"),
            "{line}"
        );
    }
    let one = open(&at("wiki.test.tokens"), None).unwrap();
    assert_eq!(one.parts.keys().collect::<Vec<_>>(), [&Split::Test]);
}

#[test]
fn what_is_no_text_is_named_by_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    // beyond the bytes that are looked at when the file is opened
    let good = "good".repeat(200);
    write(&path, [good.as_bytes(), b"\n\ncaf\xe9\nzero\0\n"].concat());
    let lines = train(&path, None);
    let error = |part: &dyn Dataset, i| part.read(i, Draws::STILL).unwrap_err().message;
    for (index, what) in [
        (1, ["line 3 of ", "a.txt", "no UTF-8: byte 3 (0xe9)"]),
        (2, ["line 4 of ", "a.txt", "byte 4 is zero"]),
    ] {
        let error = error(&*lines, index);
        assert!(what.iter().all(|what| error.contains(what)), "{error}");
    }
    let mended = lines.mend(1, Draws::STILL).unwrap();
    assert_eq!(
        format!("{:?}", mended[0]),
        format!("{:?}", crate::data::Sample::text("caf�"))
    );
    let passages = train(&path, Some(2048));
    let error = error(&*passages, 0);
    for what in [
        "passage at byte 0 of ",
        "a.txt",
        "byte 805 (0xe9), in its line 3",
    ] {
        assert!(error.contains(what), "{error}");
    }
    assert!(passages.mend(0, Draws::STILL).is_ok());
}

#[test]
fn what_cannot_be_read_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("a.jsonl"), "{\"text\": \"x\"}\n");
    write(&at("b.bin"), b"\x7fELF\0\0");
    write(&at("c.txt"), "\n \n");
    write(&at("d.txt"), "");
    write(&at("e.txt"), b"\xff\xfea\0");
    write(&at("f.txt.gz"), gzip(b"a line"));
    write(&at("text8"), "word ".repeat(4 << 20));
    for (name, passage, what) in [
        ("a.jsonl", None, "`documents("),
        ("b.bin", None, "it is no text"),
        ("c.txt", None, "holds no line of text"),
        ("d.txt", None, "holds no line of text"),
        ("d.txt", Some(64), "is empty"),
        ("e.txt", None, "UTF-16"),
        ("e.txt", Some(64), "UTF-16"),
        ("f.txt.gz", Some(64), "unpack it"),
        ("text8", None, "`passage = 4096`"),
    ] {
        let said = format!("{:?}", refused(&at(name), passage));
        assert!(said.contains(what) && said.contains(name), "{name}: {said}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(format!("{:?}", refused(empty.path(), None)).contains("holds no text"));
    assert_eq!(train(&at("text8"), Some(4096)).len(), 5 * 1024);
}

#[test]
fn a_passage_goes_from_line_end_to_line_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    // lines of 40 bytes: those that end at or after byte 64 end at 80, those after 128 at 160, after 192 at 200
    let lines: String = (0..10).map(|i| format!("{i:039}\n")).collect();
    write(&path, &lines);
    let passages = train(&path, Some(64));
    let ends = [80, 160, 200, 280, 320, 400, 400];
    let mut start = 0;
    for (index, end) in ends.into_iter().enumerate() {
        assert_eq!(text(&*passages, index), lines[start..end], "{index}");
        start = end;
    }
    assert_eq!(passages.len(), ends.len());
    // one long line: cut at white space; the last is what is left
    let line = "0123456 ".repeat(20);
    write(&path, &line);
    let passages = train(&path, Some(66));
    let all = texts(&*passages);
    assert_eq!(all, [&line[..72], &line[72..136], &line[136..]]);
    // a word that is longer than many passages, and one that is longer than can be looked through
    for (n, most) in [(5_000, 5_000), (300_000, (1 << 16) + 64)] {
        let word = format!("a {} b", "é".repeat(n / 2));
        write(&path, &word);
        let all = texts(&*train(&path, Some(64)));
        assert_eq!(all.concat().replace(' ', ""), word.replace(' ', ""));
        assert!(all.iter().all(|text| text.len() <= most + 64));
    }
    // the file is not what it was
    let passages = train(&path, Some(64));
    write(&path, "short");
    let error = passages.read(0, Draws::STILL).unwrap_err().message;
    assert!(error.contains("has changed"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever the text: passages are the file, and each word is in one.
    #[test]
    fn every_word_is_in_one_passage(
        words in proptest::collection::vec("[a-zé京]{1,90}[ \n\t]{1,3}", 1..60),
        n in 64i64..200,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let whole = words.concat();
        write(&path, &whole);
        let all = texts(&*train(&path, Some(n)));
        prop_assert_eq!(all.len(), whole.len().div_ceil(n as usize));
        let own: Vec<&str> = all.iter().flat_map(|text| text.split_whitespace()).collect();
        let wanted: Vec<&str> = whole.split_whitespace().collect();
        prop_assert_eq!(own, wanted);
    }
}

use std::io::Write;
use std::path::Path;

use ::parquet::data_type::{ByteArray, ByteArrayType};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;

use crate::catalog::{Problem, Result, Split, Value};
use crate::data::test_help::{self as help, write};
use crate::data::{Dataset, Draws, SampleType, Silent, Splits, texts};

fn open(place: &Path, given: &[(&str, Value)]) -> Result<Splits> {
    let mut all = vec![("name", Value::Text("news".into()))];
    all.extend(given.iter().cloned());
    help::open_at("documents", &all, &help::given("news", place)).map(help::splits)
}

fn refused(place: &Path, given: &[(&str, Value)]) -> Problem {
    open(place, given).err().expect("it is refused")
}

/// All that a problem says.
fn said(problem: &Problem) -> String {
    format!("{problem:?}")
}

fn column(name: &str) -> Value {
    Value::Text(name.into())
}

type Read = (String, Option<u32>);

fn value(record: &[crate::data::Sample]) -> Read {
    let text = match record[0].clone().cross() {
        Ok(crate::data::Crossing::Text(text)) => text.to_string(),
        other => panic!("{other:?}"),
    };
    (text, record.get(1).and_then(|label| label.as_label()))
}

fn all(part: &dyn Dataset) -> Vec<Read> {
    (0..part.len())
        .map(|i| {
            let read = value(&part.read(i, Draws::STILL).unwrap());
            assert_eq!(part.class(i).unwrap(), read.1);
            read
        })
        .collect()
}

fn train(place: &Path, given: &[(&str, Value)]) -> std::sync::Arc<dyn Dataset> {
    open(place, given).unwrap().parts[&Split::Train].clone()
}

fn errors(part: &dyn Dataset) -> Vec<String> {
    let read = (0..part.len()).filter_map(|i| part.read(i, Draws::STILL).err());
    read.map(|error| error.message).collect()
}

fn read(of: &[(&str, u32)]) -> Vec<Read> {
    of.iter()
        .map(|(t, l)| ((*t).to_owned(), Some(*l)))
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn folders_are_classes_and_splits_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("train/sport/1.txt"), "a match\r\nwon");
    write(&at("train/tech/2.txt.gz"), gzip("größer".as_bytes()));
    write(&at("train/tech/3.md"), "# chips");
    write(&at("train/tech/49960"), "from a list");
    write(&at("test/art/a.TXT"), "\u{feff}paint");
    for other in ["train/sport/x.pdf", "train/.hidden", "readme.rtf"] {
        write(&at(other), "left");
    }
    write(&at("train/tech/binary"), [1, 0, 2]);
    let splits = open(folder.path(), &[]).unwrap();
    let found = splits.found.clone().unwrap();
    assert_eq!(
        found.line,
        "5 documents, 3 classes, 2 splits; 4 files left out: 1 .pdf, 1 .rtf, 1 hidden or of the system, 1 without an ending"
    );
    let train = &splits.parts[&Split::Train];
    assert_eq!(train.class_names(), ["art", "sport", "tech"]);
    assert_eq!(train.fields()[0], ("text".into(), SampleType::TEXT));
    assert_eq!(train.fields()[1], ("label".into(), SampleType::label(3)));
    let expected = [
        ("a match\r\nwon", 1),
        ("größer", 2),
        ("# chips", 2),
        ("from a list", 2),
    ];
    assert_eq!(all(&**train), read(&expected));
    assert_eq!(all(&*splits.parts[&Split::Test]), read(&[("paint", 0)]));

    let none = open(folder.path(), &[("label", Value::Word("none".into()))]).unwrap();
    let train = &none.parts[&Split::Train];
    assert_eq!((train.fields().len(), train.len()), (1, 4));
}

#[test]
fn bad_files_are_named_and_mended_as_far_as_they_go() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("a.txt"), b"one\ncaf\xe9");
    write(&at("b.txt"), b"\xff\xfea\0b\0");
    write(&at("c.txt"), " \n ");
    write(&at("d.txt"), vec![b'x'; 50 << 20]);
    let mut cut = gzip(&b"text ".repeat(1000));
    cut.truncate(cut.len() / 2);
    write(&at("e.txt.gz"), cut);
    write(&at("f.txt"), "good");
    let train = train(folder.path(), &[]);
    let errors = errors(&*train);
    for (error, (file, what)) in errors.iter().zip([
        (
            "a.txt (document 0)",
            "no UTF-8: byte 7 (0xe9), in its line 2",
        ),
        ("b.txt (document 1)", "UTF-16"),
        ("c.txt (document 2)", "it is empty"),
        (
            "d.txt (document 3)",
            "52.4 MB, and a document has at most 16 MiB",
        ),
        ("e.txt.gz (document 4)", "corrupt"),
    ]) {
        assert!(error.contains(file), "{error}");
        assert!(error.contains(what) || file.starts_with('e'), "{error}");
    }
    assert_eq!(errors.len(), 5);
    let mended = |i: usize| train.mend(i, Draws::STILL).map(|record| value(&record).0);
    assert_eq!(mended(0).unwrap(), "one\ncaf�");
    assert_eq!(mended(1).unwrap(), "ab");
    assert!(mended(2).is_err() && mended(4).is_err());
    assert_eq!(mended(3).unwrap().len(), texts::MOST);
    assert!(
        train
            .read(6, Draws::STILL)
            .unwrap_err()
            .message
            .contains("there is no record 6")
    );
}

const LINES: &str = "{\"text\": \"one\", \"label\": \"b\"}\n\n\
     {\"label\": \"a\", \"text\": \"tw\\u00f6\\nlines\", \"more\": [1]}\r\n   \n{\"text\":\"three\",\"label\":\"b\"}";

#[test]
fn lines_of_json_are_read_packed_or_not() {
    let expected = read(&[("one", 1), ("twö\nlines", 0), ("three", 1)]);
    let two = |bytes: &str| [gzip(&bytes.as_bytes()[..40]), gzip(&bytes.as_bytes()[40..])].concat();
    let marked = format!("\u{feff}{LINES}\n");
    for (name, bytes) in [
        ("a.jsonl", LINES.as_bytes().to_vec()),
        ("a.ndjson", marked.into_bytes()),
        ("a.json.gz", gzip(LINES.as_bytes())),
        // as `cat` puts packed files together
        ("a.jsonl.gz", two(LINES)),
        (
            "a.jsonl.zst",
            zstd::encode_all(LINES.as_bytes(), 1).unwrap(),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        write(&path, bytes);
        for place in [folder.path(), &path] {
            let train = train(place, &[]);
            assert_eq!(train.class_names(), ["a", "b"], "{name}");
            assert_eq!(all(&*train), expected, "{name}");
            // in any order, from any thread
            std::thread::scope(|scope| {
                for i in [2, 0, 1, 2] {
                    let (train, expected) = (&train, &expected);
                    scope.spawn(move || {
                        assert_eq!(value(&train.read(i, Draws::STILL).unwrap()), expected[i])
                    });
                }
            });
        }
    }
}

#[test]
fn bad_lines_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.jsonl");
    let long = format!("{{\"text\": \"{}\", \"label\": 1}}", "y".repeat(50 << 20));
    let mut bytes = Vec::new();
    for line in [
        &b"{\"text\": \"good\", \"label\": 0}"[..],
        b"",
        b"{\"text\": \"cut",
        b"[1, 2]",
        b"{\"body\": \"x\", \"label\": 1}",
        b"{\"text\": 7, \"label\": 1}",
        b"{\"text\": null}",
        b"{\"text\": \"caf\xe9\", \"label\": 1}",
        b"{\"text\": \"  \"}",
        long.as_bytes(),
        b"{}",
    ] {
        bytes.extend(line);
        bytes.push(b'\n');
    }
    write(&path, bytes);
    let train = train(folder.path(), &[]);
    let errors = errors(&*train);
    let expected = [
        (3, "it is no JSON: EOF while parsing a string"),
        (4, "it is a list, and no JSON object"),
        (5, "it has no field `text`: it has `body`, `label`"),
        (6, "its field `text` is a number, not text"),
        (7, "its field `text` is null, not text"),
        (8, "it is no UTF-8: byte 13 (0xe9)"),
        (9, "it is empty"),
        (10, "it has 52.4 MB, and a document has at most 16 MiB"),
        (11, "it has no field `text`: it is an empty object"),
    ];
    assert_eq!(errors.len(), expected.len());
    for (error, (line, what)) in errors.iter().zip(expected) {
        let place = format!("can't read line {line} of {}: ", path.display());
        assert!(error.starts_with(&place) && error.contains(what), "{error}");
    }
    let mended = |i: usize| train.mend(i, Draws::STILL).map(|record| value(&record).0);
    assert_eq!(mended(6).unwrap(), "caf�");
    assert_eq!(mended(8).unwrap(), "y".repeat(texts::MOST));
    assert!(mended(1).is_err());
    // a record without a class is an error only where that is used
    let without = value(&train.mend(6, Draws::STILL).unwrap());
    assert_eq!(
        without.1, None,
        "no class was seen in a line that is no UTF-8"
    );
}

#[test]
fn a_line_beyond_all_measure_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let mut bytes = b"{\"text\": \"first\"}\n{\"text\": \"".to_vec();
    bytes.resize(bytes.len() + super::index::LONGEST + 9, b'z');
    bytes.extend(b"\"}\n{\"text\": \"last\"}\n");
    write(&path, bytes);
    let train = train(&path, &[]);
    assert_eq!(train.len(), 3);
    let errors = errors(&*train);
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].contains("line 2 of") && errors[0].contains("at most 64 MiB"),
        "{errors:?}"
    );
    assert_eq!(value(&train.read(2, Draws::STILL).unwrap()).0, "last");
}

#[test]
fn tables_are_read_with_quotes_and_lines_in_them() {
    let csv =
        "label,text,more\r\n10,\"one, two\r\nthree \"\"four\"\"\",x\r\n9,five,\r\n\r\n-1,six,y\r\n";
    let tsv = "label\ttext\tmore\n10\t\"one, two\r\nthree \"\"four\"\"\"\tx\n9\tfive\t\n-1\tsix\ty";
    for (name, bytes) in [("a.csv", csv), ("b.TSV", tsv)] {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join(name), format!("\u{feff}{bytes}"));
        let train = train(folder.path(), &[]);
        assert_eq!(
            train.class_names(),
            ["9", "10"],
            "{name}: numbers in their order"
        );
        let mut expected = read(&[("one, two\r\nthree \"four\"", 1), ("five", 0)]);
        expected.push(("six".into(), None));
        assert_eq!(all(&*train), expected, "{name}");
        let record = train.read(2, Draws::STILL).unwrap();
        let why = record[1].as_missing().unwrap();
        assert!(why.contains("says no class in `label`"), "{why}");
        let line = if name == "a.csv" {
            "line 6 of"
        } else {
            "line 5 of"
        };
        assert!(why.contains(line), "{why}");
    }
}

#[test]
fn bad_rows_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    write(
        &path,
        b"text,label\r\n\"two\r\nlines\",a\r\nno, quotes,b\r\ncaf\xe9,a\r\n,b\r\n\"open,a\r\nmore,b\r\n",
    );
    let train = train(folder.path(), &[]);
    let errors = errors(&*train);
    let expected = [
        (4, "it has 3 fields, and the first line names 2 columns"),
        (5, "no UTF-8: byte 3 (0xe9)"),
        (6, "it is empty"),
        (7, "a quote in it is not closed"),
    ];
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    for (error, (line, what)) in errors.iter().zip(expected) {
        assert!(error.contains(&format!("line {line} of ")), "{error}");
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn a_missing_column_is_named_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("a.csv"), "texts,label\nx,1\n");
    write(&at("b.csv"), "text;label\nx;1\n");
    write(&at("c.jsonl"), "{\"content\": \"x\", \"topic\": \"y\"}\n");
    write(&at("d.csv"), "");
    write(&at("e.json"), "[{\"text\": \"x\"}]");
    write(&at("f.csv"), b"\xff\xfet\0e\0");
    write(&at("g.jsonl"), b"\xff\xfe{\0");
    write(&at("h.jsonl"), "\n\n");
    write(&at("i.txt"), "a text");
    write(&at("j.docx"), "PK");
    write(&at("k.jsonl.gz"), "not packed");
    for (name, what) in [
        ("a.csv", "has no column `text` of text"),
        ("a.csv", "name the column: `text = \\\"texts\\\"`"),
        ("b.csv", "separated by ';'"),
        ("c.jsonl", "its fields are `content`, `topic`"),
        ("d.csv", "it is empty"),
        ("e.json", "one JSON list"),
        ("f.csv", "UTF-16"),
        ("g.jsonl", "UTF-16"),
        ("h.jsonl", "holds no document"),
        ("i.txt", "it is one document: name its folder"),
        ("j.docx", "its ending says nothing that is read"),
        ("k.jsonl.gz", "can't read"),
    ] {
        let text = said(&refused(&at(name), &[]));
        assert!(text.contains(what) && text.contains(name), "{name}: {text}");
    }
    let named = [("text", column("content"))];
    assert_eq!(train(&at("c.jsonl"), &named).fields().len(), 1);
    let text = said(&refused(
        &at("c.jsonl"),
        &[("text", column("content")), ("label", column("topics"))],
    ));
    assert!(text.contains("no record has a class in `topics`"), "{text}");
    assert!(text.contains("`label = \\\"topic\\\"`"), "{text}");
    let empty = tempfile::tempdir().unwrap();
    assert!(said(&refused(empty.path(), &[])).contains("it holds no documents"));
}

#[test]
fn shards_are_splits_by_name_and_share_their_classes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let line =
        |text: &str, label: &str| format!("{{\"text\": \"{text}\", \"label\": \"{label}\"}}\n");
    write(&at("train-00001.jsonl"), line("c", "y"));
    write(&at("train-00000.jsonl"), line("a", "z") + &line("b", "y"));
    write(&at("dev.csv"), "text,label\nd,x\n");
    write(&at("extra.jsonl"), line("e", "w"));
    write(&at("README.md"), "about");
    let splits = open(folder.path(), &[]).unwrap();
    assert_eq!(
        all(&*splits.parts[&Split::Train]),
        read(&[("a", 2), ("b", 1), ("c", 1)])
    );
    assert_eq!(all(&*splits.parts[&Split::Valid]), read(&[("d", 0)]));
    let found = splits.found.unwrap();
    assert_eq!(
        found.line,
        "4 documents, 3 classes, 2 splits; 2 files left out: 1 .md, 1 of no split"
    );
    assert!(splits.doubts[0].message.contains("extra.jsonl"));
}

#[test]
fn labels_of_too_many_values_are_no_classes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let lines =
        (0..=super::index::MOST_CLASSES).map(|i| format!("{{\"text\":\"t\",\"label\":\"{i}\"}}\n"));
    write(&path, lines.collect::<String>());
    let train = train(&path, &[]);
    assert_eq!(train.fields().len(), 1);
    assert!(
        train
            .no_label()
            .unwrap()
            .contains("more than 65536 different values")
    );
    let text = said(&refused(&path, &[("label", column("label"))]));
    assert!(text.contains("names no classes"), "{text}");
}

#[test]
fn the_manifest_knows_content_and_a_change_is_seen() {
    let manifest = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        write(&path, text);
        train(&path, &[]).manifest(&Silent).unwrap()
    };
    assert_eq!(manifest(LINES), manifest(LINES));
    assert_ne!(manifest(LINES), manifest(&LINES.replace("one", "two")));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    write(&path, LINES);
    let train = train(&path, &[]);
    write(&path, "{\"text\": \"x\"}\n");
    let error = train.read(0, Draws::STILL).unwrap_err().message;
    assert!(
        error.contains("line 1 of") && error.contains("has changed"),
        "{error}"
    );
}

/// A large file's index is kept between runs, and says the same.
#[test]
fn a_kept_index_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let pad = "word ".repeat(2000);
    let line = |i: usize| format!("{{\"text\": \"{i} {pad}\", \"label\": \"{}\"}}\n", i % 7);
    write(&path, (0..1000).map(line).collect::<String>());
    let first = train(&path, &[]);
    let again = train(&path, &[]);
    for i in [0, 1, 499, 999] {
        assert_eq!(
            value(&first.read(i, Draws::STILL).unwrap()),
            value(&again.read(i, Draws::STILL).unwrap())
        );
        assert!(
            value(&again.read(i, Draws::STILL).unwrap())
                .0
                .starts_with(&format!("{i} "))
        );
    }
    assert_eq!(again.class_names(), ["0", "1", "2", "3", "4", "5", "6"]);
}

#[test]
fn texts_in_parquet_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.parquet");
    let schema = "message schema { optional binary text (UTF8); optional binary label (UTF8); }";
    let schema = std::sync::Arc::new(parse_message_type(schema).unwrap());
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let columns: [&[Option<&[u8]>]; 2] = [
        &[
            Some(b"one"),
            None,
            Some(b"caf\xe9"),
            Some(b""),
            Some(b"two"),
        ],
        &[Some(b"b"), Some(b"a"), Some(b"a"), Some(b"a"), None],
    ];
    for column in columns {
        let mut to = group.next_column().unwrap().unwrap();
        let values: Vec<ByteArray> = column.iter().flatten().map(|v| v.to_vec().into()).collect();
        let levels: Vec<i16> = column.iter().map(|v| i16::from(v.is_some())).collect();
        to.typed::<ByteArrayType>()
            .write_batch(&values, Some(&levels), None)
            .unwrap();
        to.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    let train = train(folder.path(), &[]);
    assert_eq!(train.class_names(), ["a", "b"]);
    assert_eq!(
        value(&train.read(0, Draws::STILL).unwrap()),
        ("one".into(), Some(1))
    );
    assert_eq!(
        value(&train.read(4, Draws::STILL).unwrap()),
        ("two".into(), None)
    );
    let errors = errors(&*train);
    for (error, what) in errors.iter().zip(["row 1 has no text", "row 2", "row 3"]) {
        assert!(
            error.contains(what) && error.contains("train.parquet"),
            "{error}"
        );
    }
    assert!(errors[1].contains("no UTF-8") && errors[2].contains("it is empty"));
    assert_eq!(value(&train.mend(2, Draws::STILL).unwrap()).0, "caf�");
    let text = said(&refused(folder.path(), &[("text", column("texts"))]));
    assert!(
        text.contains("has no column `texts` of texts") && text.contains("`text = \\\"text\\\"`"),
        "{text}"
    );
}

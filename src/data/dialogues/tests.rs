use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::catalog::{Problem, Result, Split, Value};
use crate::data::test_help::{self as help, write};
use crate::data::{Dataset, Draws, Sample, SampleType, Silent, Splits};

fn open(place: &Path, given: &[(&str, &str)]) -> Result<Splits> {
    let mut all = vec![("name", Value::Text("talks".into()))];
    all.extend(
        given
            .iter()
            .map(|(name, text)| (*name, Value::Text((*text).into()))),
    );
    help::open_at("dialogues", &all, &help::given("talks", place)).map(help::splits)
}

fn refused(place: &Path, given: &[(&str, &str)]) -> String {
    let problem: Problem = open(place, given).err().expect("it is refused");
    format!("{problem:?}")
}

fn train(place: &Path, given: &[(&str, &str)]) -> Arc<dyn Dataset> {
    open(place, given).unwrap().parts[&Split::Train].clone()
}

fn texts(record: Vec<Sample>) -> Vec<String> {
    let [turns] = <[Sample; 1]>::try_from(record).unwrap();
    let turns = turns.into_list().unwrap().into_iter();
    turns
        .map(|turn| turn.into_text().unwrap().to_string())
        .collect()
}

fn all(part: &dyn Dataset) -> Vec<Vec<String>> {
    (0..part.len())
        .map(|i| texts(part.read(i, Draws::STILL).unwrap()))
        .collect()
}

fn errors(part: &dyn Dataset) -> Vec<String> {
    let read = (0..part.len()).filter_map(|i| part.read(i, Draws::STILL).err());
    read.map(|error| error.message).collect()
}

/// A file of this name with these bytes, alone in a folder.
fn file(name: &str, bytes: impl AsRef<[u8]>) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    write(&path, bytes);
    (folder, path)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn wanted() -> Vec<Vec<String>> {
    let owned = |turns: &[&str]| turns.iter().map(|turn| (*turn).to_owned()).collect();
    vec![
        owned(&["hi", "hello, \"you\"", "größe"]),
        owned(&["only one"]),
        owned(&["a", "b"]),
    ]
}

#[test]
fn every_way_of_writing_them_is_read() {
    let lines = "[\"hi\", \"hello, \\\"you\\\"\", \"gr\\u00f6\\u00dfe\"]\n\n\
        {\"id\": 7, \"dialog\": [{\"speaker\": \"A\", \"text\": \"only one\"}]}\r\n\
        {\"turns\": [[\"a\"], [{\"utterance\": \"b\"}, {\"utterance\": \" \"}]], \"messages\": 3}";
    let one = "[[\"hi\", \"hello, \\\"you\\\"\", \"größe\"],\n {\"messages\": [{\"content\": \"only one\"}]},\n [\"a\", \"\", \"b\"]]";
    let table = "speaker,text,dialogue_id,id\nA,hi,1,1\nB,\"hello, \"\"you\"\"\",1,2\nA,größe,1,3\r\nA,only one,2,4\nB,a,x,5\nA, ,x,6\nA,b,x,7\n";
    let marked = format!("\u{feff}{lines}\n");
    for (name, bytes) in [
        ("a.jsonl", lines.as_bytes().to_vec()),
        ("a.ndjson", marked.clone().into_bytes()),
        ("a.json", marked.into_bytes()),
        ("a.jsonl.gz", gzip(lines.as_bytes())),
        ("a.json.zst", zstd::encode_all(one.as_bytes(), 1).unwrap()),
        ("a.json", one.as_bytes().to_vec()),
        ("b.json", format!("\u{feff}\n{one}\n").into_bytes()),
        ("c.json", format!("{{\"version\": \"1,]\", \"dialogues\": {one}, \"more\": []}}").into_bytes()),
        ("d.json", format!("{{\"talks\": {one}}}").into_bytes()),
        (
            "e.json",
            b"{\"x\": [\"hi\", \"hello, \\\"you\\\"\", \"gr\xc3\xb6\xc3\x9fe\"],\n\"y\":{\"log\": [{\"value\": \"only one\"}]}, \"z\\\"\": [\"a\", \"b\"]}".to_vec(),
        ),
        ("a.csv", table.as_bytes().to_vec()),
        ("a.csv.gz", gzip(table.as_bytes())),
        ("a.tsv", b"text\tid\nhi\t1\n\"hello, \"\"you\"\"\"\t1\ngr\xc3\xb6\xc3\x9fe\t1\nonly one\t2\na\t3\nb\t3".to_vec()),
    ] {
        let (folder, path) = file(name, bytes);
        for place in [folder.path(), &path] {
            let train = train(place, &[]);
            assert_eq!(all(&*train), wanted(), "{name}");
            let list = SampleType::list(SampleType::TEXT, None);
            assert_eq!(*train.fields(), [("turns".into(), list)]);
            assert_eq!(train.class(0).unwrap(), None);
        }
    }
}

#[test]
fn one_dialogue_is_one_however_it_is_written() {
    for text in [
        "[\"hi\", \"ho\"]",
        "[{\"from\": \"A\", \"value\": \"hi\"},\n {\"from\": \"B\", \"value\": \"ho\"}]",
        "{\"conversations\": [{\"from\": \"A\", \"value\": \"hi\"}, {\"value\": \"ho\"}]}",
        "{\n \"id\": 3,\n \"turns\": [[\"hi\"], [\"ho\"]]\n}",
        "[[\"hi\", \"ho\"]]",
    ] {
        let (_folder, path) = file("a.json", text);
        assert_eq!(all(&*train(&path, &[])), [["hi", "ho"]], "{text}");
    }
    let text = "{\"talk\": [{\"said\": \"hi\", \"text\": 1}], \"turns\": [\"no\"]}";
    let (_folder, path) = file("a.jsonl", text);
    assert_eq!(
        all(&*train(&path, &[("turns", "talk"), ("text", "said")])),
        [["hi"]]
    );
    let (_folder, path) = file("a.csv", "talk,said,id\n1,hi,1\n1,ho,2\n");
    assert_eq!(
        all(&*train(&path, &[("dialogue", "talk"), ("text", "said")])),
        [["hi", "ho"]]
    );
}

#[test]
fn splits_are_said_by_names_and_all_of_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (name, n) in [
        ("train-0.jsonl", 3),
        ("train-1.jsonl", 2),
        ("dev.json", 1),
        ("test.csv", 1),
        ("readme.md", 0),
    ] {
        let text = match name {
            "test.csv" => "id,text\n1,a\n1,b\n".to_owned(),
            _ => "[\"a\", \"b\"]\n".repeat(n),
        };
        write(&folder.path().join(name), text);
    }
    let splits = open(folder.path(), &[]).unwrap();
    let lens: Vec<(Split, usize)> = splits
        .parts
        .iter()
        .map(|(split, part)| (*split, part.len()))
        .collect();
    assert_eq!(
        lens,
        [(Split::Train, 5), (Split::Valid, 1), (Split::Test, 1)]
    );
    let found = splits.found.unwrap();
    assert_eq!(
        found.line,
        "7 dialogues, no classes, 3 splits; 1 file left out: 1 .md"
    );
    let train = &splits.parts[&Split::Train];
    let manifest = train.manifest(&Silent).unwrap();
    assert_eq!(manifest, train.manifest(&Silent).unwrap());
    assert_ne!(
        manifest,
        splits.parts[&Split::Valid].manifest(&Silent).unwrap()
    );
    assert!(
        train
            .read(5, Draws::STILL)
            .unwrap_err()
            .message
            .contains("there is no record 5")
    );
}

#[test]
fn bad_dialogues_are_named_by_file_and_line() {
    let long = format!("[\"{}\"]", "y".repeat(50 << 20));
    let mut bytes = Vec::new();
    for line in [
        &b"[\"good\"]"[..],
        b"",
        b"[\"cut",
        b"[]",
        b"[\" \", \"\"]",
        b"7",
        b"{\"turns\": \"x\", \"a\": 1}",
        b"{\"turns\": [null]}",
        b"{\"turns\": [\"x\", {\"speaker\": \"A\"}]}",
        b"[\"x\", {\"text\": 3}]",
        b"[\"caf\xe9\"]",
        b"[[[\"deep\"]]]",
        b"[\"a\\u0000b\"]",
        b"[\"two\"] [\"values\"]",
        long.as_bytes(),
    ] {
        bytes.extend(line);
        bytes.push(b'\n');
    }
    let (_folder, path) = file("talks.jsonl", bytes);
    let part = train(&path, &[]);
    let found = errors(&*part);
    let expected = [
        (3, "it is no JSON: EOF while parsing a string"),
        (4, "it has no turn with a text"),
        (5, "it has no turn with a text"),
        (6, "it is a number, and no dialogue"),
        (7, "it has no list of turns: it has `turns`, `a`"),
        (8, "its turn 1 is null, not text"),
        (9, "its turn 2 has no `text`: it has `speaker`"),
        (10, "its turn 2 has the `text` that is a number, not text"),
        (11, "it is no UTF-8: byte 5 (0xe9)"),
        (12, "its turn 1 is a list, not text"),
        (13, "its turn 1: byte 1 is zero"),
        (14, "it is no JSON: trailing characters"),
        (15, "it has 52.4 MB, and a dialogue has at most 16 MiB"),
    ];
    for (error, (line, what)) in found.iter().zip(expected) {
        let place = format!("line {line} of {}", path.display());
        assert!(error.contains(&place) && error.contains(what), "{error}");
    }
    assert_eq!(found.len(), expected.len());
    // what there is of some
    let mended = |i: usize| part.mend(i, Draws::STILL).map(texts);
    assert_eq!(mended(9).unwrap(), ["caf�"]);
    assert_eq!(mended(11).unwrap(), ["a�b"]);
    assert!(mended(1).is_err() && mended(2).is_err());
}

#[test]
fn a_list_that_is_broken_is_refused_at_once_and_one_dialogue_of_it_where_it_is_read() {
    for (text, what) in [
        ("[[\"a\"],\n [\"b\"", "it ends in a value, in its line 2"),
        (
            "[[\"a\"]\n [\"b\"]]",
            "no `,` between two values, in its line 2",
        ),
        ("[[\"a\"],\n\n ]", "a value is missing, in its line 3"),
        ("{\"a\" [\"b\"]}", "no `:` behind a name"),
        ("{a: [\"b\"]}", "a name is missing"),
        ("[\"a", "a text is not closed"),
        (
            "{\"a\": 1, \"b\": 2}",
            "it is one object that holds no dialogues: it has `a`, `b`",
        ),
        ("{}", "it is an empty object"),
        ("hello", "no JSON list"),
        (
            "[1, 2]\n[3]",
            "line 1 of it is no dialogue: its turn 1 is a number",
        ),
        ("", "holds no dialogue"),
        ("[]", "holds no dialogue"),
        (" \n", "holds no dialogue"),
    ] {
        let (_folder, path) = file("a.json", text);
        let said = refused(&path, &[]);
        assert!(said.contains(what), "{text}: {said}");
    }
    let (_folder, path) = file(
        "a.json",
        "[[\"a\"],\n{\"turns\": [tru]},\n[\"b\", nul],\n [\"c\"]]",
    );
    let found = errors(&*train(&path, &[]));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("dialogue 1, line 2 of") && found[0].contains("it is no JSON"),
        "{found:?}"
    );
    assert!(found[1].contains("dialogue 2, line 3 of"), "{found:?}");
    let (_folder, path) = file("a.jsonl", b"\xff\xfe[\0");
    assert!(refused(&path, &[]).contains("UTF-16"));
    let (_folder, path) = file("a.jsonl", "{\"body\": []}\n{\"body\": []}");
    let said = refused(&path, &[]);
    assert!(
        said.contains("line 1 of it is no dialogue: it has no list of turns: it has `body`"),
        "{said}"
    );
    assert!(said.contains("turns = "), "{said}");
    let (folder, path) = file("a.txt", "hi");
    assert!(refused(&path, &[]).contains("its ending says nothing"));
    assert!(refused(folder.path(), &[]).contains("it holds no dialogues"));
    // brackets without end take no stack
    let (_folder, path) = file("a.json", "[".repeat(1 << 20));
    assert!(refused(&path, &[]).contains("it ends in a value"));
    let deep = format!("[{}{}]", "[".repeat(5000), "]".repeat(5000));
    let (_folder, path) = file("a.json", deep);
    assert!(errors(&*train(&path, &[]))[0].contains("recursion limit"));
}

#[test]
fn tables_say_what_is_wrong_with_them() {
    for (text, what) in [
        ("", "it is empty"),
        ("id,text\n", "holds no dialogue"),
        ("id,body\n1,a\n", "has no column of the text"),
        ("talk,text\n1,a\n", "has no column of the dialogue"),
        (
            "id,text\n1,a\n2,b\n1,c\n",
            "line 4 of it goes on with the dialogue `1` of line 2",
        ),
        (
            "talk,id,text\n1,1,a\n1,2,b\n",
            "each row of it has a `id` of its own",
        ),
        (
            "id,text\n1,a\n,b\n",
            "line 3 of it names no dialogue in `id`",
        ),
    ] {
        let (_folder, path) = file("a.csv", text);
        let said = refused(&path, &[]);
        assert!(said.contains(what), "{text}: {said}");
    }
    // who says so may have dialogues of one turn
    let (_folder, path) = file("a.csv", "id,text\n1,a\n2,b\n");
    assert_eq!(all(&*train(&path, &[("dialogue", "id")])), [["a"], ["b"]]);
    let (_folder, path) = file("a.csv", "id,text\n1,a\n");
    let said = refused(&path, &[("text", "txt")]);
    assert!(
        said.contains("no column `txt`") && said.contains("text = \\\"text\\\""),
        "{said}"
    );
    let text = b"id,text\n1,a\n1,b, c\n2,caf\xe9\n3, \n4,\"two\nlines\"\n5,\"open\n";
    let (_folder, path) = file("a.csv", text);
    let part = train(&path, &[]);
    let found = errors(&*part);
    for (error, (line, what)) in found.iter().zip([
        (
            2,
            "its turn 2 has 3 fields, and the first line names 2 columns",
        ),
        (4, "its turn 1: it is no UTF-8"),
        (5, "it has no turn with a text"),
        (8, "a quote in it is not closed"),
    ]) {
        assert!(
            error.contains(&format!("line {line} of")) && error.contains(what),
            "{error}"
        );
    }
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(texts(part.read(3, Draws::STILL).unwrap()), ["two\nlines"]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]
    /// What is JSON is taken apart as serde takes it apart; what is none is refused there or here, and nothing panics.
    #[test]
    fn any_text_is_taken_apart_or_refused(text in "([\\[\\]{}\",:\\\\a1 \\n]|\\[\"a\"\\]|\\{\"b\":|\"c\", ?|true){0,24}") {
        let found = super::whole::scan(text.as_bytes(), &super::turns::Names::default());
        if let Ok(serde_json::Value::Array(all)) = serde_json::from_str(&text) {
            let index = found.unwrap().unwrap();
            let one = index.len() == 1 && index.place(0).is_some_and(|(at, _)| text[at as usize..].starts_with('['));
            proptest::prop_assert!(index.len() == all.len() || one, "{text}");
        }
    }
}

use std::path::Path;

use super::super::test_help::{self as help, picture};
use crate::catalog::{Problem, Result, Split, Value};
use crate::data::{Draws, Silent, Splits};
use crate::language::codes::Code;

/// A folder `photos` with pictures under these names, whose first channel counts them, and files beside it.
fn folder(pictures: &[&str], files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (value, name) in pictures.iter().enumerate() {
        let bytes = help::png(2, 2, |_, _| [value as u8, 0, 0]);
        help::write(&folder.path().join("photos").join(name), bytes);
    }
    for (name, text) in files {
        help::write(&folder.path().join(name), text);
    }
    folder
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn open(folder: &Path, given: &[(&str, Value)]) -> Result<Splits> {
    let mut all = vec![("name", text("photos"))];
    all.extend(given.iter().cloned());
    let mut places = help::given("photos", &folder.join("photos"));
    places.recipe = folder.to_owned();
    help::open_at("image_folder", &all, &places).map(help::splits)
}

fn labelled(folder: &tempfile::TempDir, labels: &str) -> Result<Splits> {
    open(folder.path(), &[("labels", text(labels))])
}

/// Of each split the pictures' numbers with the names of their classes.
fn seen(splits: &Splits) -> Vec<(&'static str, Vec<(u8, String)>)> {
    let parts = splits.parts.iter().map(|(split, part)| {
        let records = (0..part.len()).map(|at| {
            let record = part.read(at, Draws::STILL).unwrap();
            let class = part.class(at).unwrap();
            let name = class.map_or("-".to_owned(), |class| {
                part.class_names()[class as usize].clone()
            });
            match class {
                Some(class) => assert_eq!(picture(&record).1, Some(class)),
                None => assert!(
                    record
                        .get(1)
                        .is_none_or(|label| label.as_missing().is_some())
                ),
            }
            let image = record[0].as_image().unwrap();
            (image.pixels[0], name)
        });
        (split.name(), records.collect())
    });
    parts.collect()
}

fn words(pairs: &[(u8, &str)]) -> Vec<(u8, String)> {
    pairs
        .iter()
        .map(|(value, name)| (*value, (*name).to_owned()))
        .collect()
}

fn doubts(splits: &Splits) -> String {
    let all = splits.doubts.iter().map(|doubt| doubt.message.clone());
    all.collect::<Vec<_>>().join("\n")
}

fn refused(found: Result<Splits>) -> Problem {
    found.err().expect("a problem")
}

const PICTURES: &[&str] = &["a.png", "b.png", "c.png", "in/d.png"];

#[test]
fn tables_of_every_kind_say_the_same() {
    let wanted = [
        ("train", words(&[(0, "cat"), (2, "dog")])),
        ("test", words(&[(1, "cat"), (3, "dog")])),
    ];
    let csv = "file,label,split\na.png,cat,train\nb.png,cat,test\n\"c.png\",dog,train\nin/d.png,dog,test\n";
    let lines = [
        ("a.png", "cat", "train"),
        ("b.png", "cat", "test"),
        ("c", "dog", "train"),
        ("d.png", "dog", "test"),
    ]
    .map(|(file, label, split)| {
        format!("{{\"image\": \"{file}\", \"class\": \"{label}\", \"split\": \"{split}\"}}")
    });
    for (name, content) in [
        ("labels.csv", csv.to_owned()),
        ("labels.tsv", csv.replace(',', "\t")),
        (
            "labels.csv",
            csv.replace("file,label", "Image,Label")
                .replace("\n", "\r\n"),
        ),
        ("labels.csv", format!("\u{feff}{csv}\n\n")),
        ("labels.jsonl", lines.join("\n")),
        ("labels.json", format!("[{}]", lines.join(",\n"))),
        ("labels.json", lines.join("\n")),
    ] {
        let folder = folder(PICTURES, &[(name, &content)]);
        let splits =
            labelled(&folder, name).unwrap_or_else(|problem| panic!("{content}: {problem:?}"));
        assert_eq!(seen(&splits), wanted, "{content}");
        assert_eq!(doubts(&splits), "", "{content}");
        let found = splits.found.unwrap();
        assert!(
            found.line.contains("4 pictures, 2 classes, 2 splits"),
            "{}",
            found.line
        );
    }
}

#[test]
fn an_object_names_files_and_a_text_has_no_columns() {
    let wanted = [("train", words(&[(0, "2"), (1, "10"), (2, "cat"), (3, "2")]))];
    for (name, content) in [
        (
            "l.json",
            r#"{"a.png": 2, "b.png": "10", "c": "cat", "in/d.png": 2}"#,
        ),
        (
            "l.txt",
            "a.png\t2\t0 0 9 9\nb.png\t10\nc.png\tcat\n\nd.png\t2\n",
        ),
        ("l.txt", "a.png 2\nb.png 10 1 1\nc cat\nin/d.png 2\n"),
        ("l.csv", "id,breed\na,2\nb,10\nc,cat\nd,2\n"),
        (
            "l.csv",
            "split,label,who\ntrain,2,a\ntrain,10,b\ntrain,cat,c\ntrain,2,d\n",
        ),
    ] {
        let folder = folder(PICTURES, &[(name, content)]);
        let splits =
            labelled(&folder, name).unwrap_or_else(|problem| panic!("{content}: {problem:?}"));
        // numbers in their order, then words
        assert_eq!(
            splits.parts[&Split::Train].class_names(),
            ["2", "10", "cat"]
        );
        assert_eq!(seen(&splits), wanted, "{content}");
    }
    let folder = folder(
        &["my cat.png", "b.png"],
        &[("l.txt", "my cat.png cat\nb.png dog\n")],
    );
    let splits = labelled(&folder, "l.txt").unwrap();
    assert_eq!(seen(&splits)[0].1, words(&[(1, "dog"), (0, "cat")]));
}

#[test]
fn columns_are_named_where_they_are_called_otherwise() {
    let table =
        "who,kind,fold,patient\na.png,x,dev,1\nb.png,y,dev,1\nc.png,x,train,2\nd.png,y,train,\n";
    let folder = folder(PICTURES, &[("photos/meta.csv", table)]);
    let names = [
        ("labels", text("meta.csv")),
        ("file", text("who")),
        ("label", text("kind")),
        ("split", text("fold")),
        ("group", text("patient")),
    ];
    let splits = open(folder.path(), &names).unwrap();
    let lens: Vec<_> = splits
        .parts
        .iter()
        .map(|(split, part)| (split.name(), part.len()))
        .collect();
    assert_eq!(lens, [("train", 2), ("valid", 2)]);
    let valid = &splits.parts[&Split::Valid];
    assert!(valid.group(0).is_some() && valid.group(0) == valid.group(1));
    let train = &splits.parts[&Split::Train];
    assert!(train.group(0) != train.group(1));
    let problem = refused(labelled(&folder, "meta.csv"));
    assert!(
        problem
            .message
            .contains("meta.csv has no column of the file"),
        "{problem:?}"
    );
    assert!(problem.notes[0].contains("`who`, `kind`"), "{problem:?}");
    let mut slip = names.clone();
    slip[3] = ("split", text("folds"));
    let problem = refused(open(folder.path(), &slip));
    assert!(problem.message.contains("no column `folds`"), "{problem:?}");
    assert!(
        problem.helps[0].contains("`split = \"fold\"`"),
        "{problem:?}"
    );
}

#[test]
fn what_does_not_fit_is_counted_and_named() {
    let table = "file,label\na.png,cat\nb.png,\nx.png,dog\ny.png,dog\na.png,cat\nc.png,dog\n";
    let folder = folder(PICTURES, &[("l.csv", table)]);
    let splits = labelled(&folder, "l.csv").unwrap();
    assert_eq!(
        seen(&splits),
        [("train", words(&[(0, "cat"), (1, "-"), (2, "dog")]))]
    );
    let said = doubts(&splits);
    for wanted in [
        "l.csv: 2 of its 6 rows name no picture in",
        "`x.png` (line 4), `y.png` (line 5)",
        "1 picture is named again, and counted once: `a.png` (line 2 of l.csv, line 6 of l.csv)",
        "1 picture is of no class, which is blank: `b.png` (line 3 of l.csv)",
        "1 picture that l.csv does not name left out: `in/d.png`",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    assert!(
        splits
            .doubts
            .iter()
            .all(|doubt| doubt.code == Code::LintTable)
    );
    assert_eq!(splits.found.unwrap().files_left_out["in no table"], 1);
    // of many, a few
    let pictures: Vec<String> = (0..20).map(|n| format!("{n}.png")).collect();
    let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
    let folder = self::folder(&pictures, &[("l.csv", "file,label\n0.png,a\n1.png,b\n")]);
    let said = doubts(&labelled(&folder, "l.csv").unwrap());
    assert!(said.contains("18 pictures that l.csv does not name left out: `10.png`, `11.png`, `12.png` and 15 more"), "{said}");
}

#[test]
fn a_table_that_contradicts_itself_is_refused() {
    let twins = &["x/a.png", "y/a.png", "b.png", "c.png"];
    for (pictures, name, content, wanted) in [
        (
            PICTURES,
            "l.csv",
            "file,label\na.png,cat\na.png,dog\n",
            "`a.png` is `cat` in line 2 of l.csv and `dog` in line 3 of l.csv",
        ),
        (
            PICTURES,
            "l.csv",
            "file,label,split\na.png,cat,train\na.png,cat,test\n",
            "`a.png` is in two splits, by line 2",
        ),
        (
            PICTURES,
            "l.csv",
            "file,label,split\na.png,cat,trian\nb.png,cat,\nc.png,x,test\n",
            "the split of 2 rows is none: `trian` (line 2 of l.csv), `nothing` (line 3 of l.csv)",
        ),
        (
            PICTURES,
            "l.csv",
            "file,label\na.png,\nb.png,\n",
            "no row says a class",
        ),
        (
            PICTURES,
            "l.csv",
            "file,label\nz.png,cat\nother/a.png,dog\n",
            "none of the 2 files that l.csv names is a picture in",
        ),
        (
            twins,
            "l.csv",
            "file,label\na.png,cat\nb.png,dog\n",
            "1 row means pictures in several folders: `a.png` (line 2)",
        ),
        (
            PICTURES,
            "l.csv",
            "file,label\na.png,cat,x\n",
            "line 2: it has 3 fields, and the first line names 2 columns",
        ),
        (
            PICTURES,
            "l.csv",
            "a.png,cat\nb.png,dog\n",
            "l.csv has no column of the file",
        ),
        (PICTURES, "l.csv", "", "it is empty"),
        (PICTURES, "l.csv", "file,label\n", "it has no rows"),
        (
            PICTURES,
            "l.json",
            "[1, 2]",
            "item 1: it is a number, and no object",
        ),
        (
            PICTURES,
            "l.json",
            "[{\"file\": \"a.png\", \"label\": [1]}]",
            "item 1: its label is a list",
        ),
        (
            PICTURES,
            "l.json",
            "[{\"label\": 1}]",
            "item 1: it has no field `file`",
        ),
        (
            PICTURES,
            "l.jsonl",
            "{\"file\": \"a.png\", \"label\": 1}\n{\n",
            "line 2: it is no JSON",
        ),
        (PICTURES, "l.json", "[{\"file\": ", "it is no JSON"),
        (PICTURES, "l.txt", "a.png\tcat\nb\u{0}\n", ""),
    ] {
        let folder = folder(pictures, &[(name, content)]);
        let found = labelled(&folder, name);
        if wanted.is_empty() {
            assert!(found.is_ok());
            continue;
        }
        let problem = refused(found);
        assert!(problem.message.contains(wanted), "{content}\n{problem:?}");
    }
    let folder = folder(PICTURES, &[]);
    let problem = refused(labelled(&folder, "gone.csv"));
    assert_eq!(problem.code, Code::MissingFile);
    let problem = refused(labelled(&folder, "cats"));
    assert!(
        problem.message.contains("`cats` is no table"),
        "{problem:?}"
    );
    let problem = refused(open(folder.path(), &[("label", text("kind"))]));
    assert!(
        problem.message.contains("`labels` names no table"),
        "{problem:?}"
    );
}

#[test]
fn several_tables_and_folders_say_splits() {
    let pictures = &["train/1.png", "train/2.png", "test/1.png"];
    let table = "file,label\ntrain/1.png,x\ntrain/2.png,y\ntest/1.png,x\n";
    let folder = folder(
        pictures,
        &[
            ("l.csv", table),
            ("train.csv", "file,label\n2.png,x\n"),
            ("test.csv", "file,label\n1.png,y\n"),
        ],
    );
    let splits = labelled(&folder, "l.csv").unwrap();
    assert_eq!(
        seen(&splits),
        [
            ("train", words(&[(0, "x"), (1, "y")])),
            ("test", words(&[(2, "x")]))
        ]
    );
    // `1.png` lies in two folders: neither is meant by its name alone
    let two = Value::List(vec![text("train.csv"), text("test.csv")]);
    let problem = refused(open(folder.path(), &[("labels", two)]));
    assert!(
        problem
            .message
            .contains("test.csv: 1 row means pictures in several folders"),
        "{problem:?}"
    );
    let beside = self::folder(
        pictures,
        &[
            ("photos/train/l.csv", "file,label\n1.png,x\n2.png,y\n"),
            ("photos/test/l.csv", "file,label\n1.png,x\n"),
        ],
    );
    let two = Value::List(vec![text("train/l.csv"), text("test/l.csv")]);
    let splits = open(beside.path(), &[("labels", two)]).unwrap();
    assert_eq!(
        seen(&splits),
        [
            ("train", words(&[(0, "x"), (1, "y")])),
            ("test", words(&[(2, "x")]))
        ]
    );
}

#[test]
fn names_say_classes_by_a_pattern() {
    let pictures = &[
        "great_dane_1.png",
        "great_dane_2.png",
        "pug_1.png",
        "more/pug_7.png",
        "odd.png",
    ];
    let folder = folder(pictures, &[]);
    for pattern in ["{label}_*", "{label}_{}.png", "{label}_*.png"] {
        let splits = labelled(&folder, pattern).unwrap();
        let wanted = words(&[(0, "great_dane"), (1, "great_dane"), (3, "pug"), (2, "pug")]);
        assert_eq!(seen(&splits), [("train", wanted)], "{pattern}");
        assert!(
            doubts(&splits).contains("1 picture that `")
                && doubts(&splits).contains("left out: `odd.png`"),
            "{}",
            doubts(&splits)
        );
    }
    let deep = self::folder(
        &[
            "x/train/cat-1-p1.png",
            "x/test/dog-2-p1.png",
            "x/train/dog-3-p2.png",
        ],
        &[],
    );
    let splits = labelled(&deep, "{split}/{label}-*-{group}").unwrap();
    assert_eq!(
        seen(&splits),
        [
            ("train", words(&[(0, "cat"), (2, "dog")])),
            ("test", words(&[(1, "dog")]))
        ]
    );
    assert_eq!(
        splits.parts[&Split::Train].group(0),
        splits.parts[&Split::Test].group(0)
    );
    assert!(splits.parts[&Split::Train].group(0) != splits.parts[&Split::Train].group(1));
    for (pattern, wanted) in [
        (
            "{labels}_*",
            "a pattern has `{label}`, `{split}`, `{group}`, `*` and text",
        ),
        ("{split}_*", "where the class stands"),
        ("{label}{label}", "stands in a pattern once"),
        ("{label}-{}-{}-{}", "fits none of the 5 pictures"),
        (
            "{label}_{split}",
            "finds no split in the names of 4 pictures: `1` (great_dane_1.png)",
        ),
    ] {
        let problem = refused(labelled(&folder, pattern));
        assert!(problem.message.contains(wanted), "{pattern}\n{problem:?}");
    }
    // what each is called is no class
    let pictures: Vec<String> = (0..20).map(|n| format!("p{n}_x.png")).collect();
    let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
    let splits = labelled(&self::folder(&pictures, &[]), "{label}_*").unwrap();
    assert!(
        doubts(&splits).contains("20 pictures have 20 classes"),
        "{}",
        doubts(&splits)
    );
}

#[test]
fn nested_folders_are_classes_by_the_first_the_innermost_or_all() {
    let pictures = &[
        "cats/black/1.png",
        "cats/white/1.png",
        "dogs/black/1.png",
        "dogs/black/2.png",
    ];
    let folder = folder(pictures, &[]);
    for (word, classes, note) in [
        ("folders", vec!["cats", "dogs"], ""),
        (
            "leaf",
            vec!["black", "white"],
            "`black` is the name of several folders each, which are one class",
        ),
        ("path", vec!["cats/black", "cats/white", "dogs/black"], ""),
        ("none", vec![], "no classes"),
    ] {
        let splits = open(folder.path(), &[("labels", Value::Word(word.into()))]).unwrap();
        let train = &splits.parts[&Split::Train];
        assert_eq!(train.class_names(), classes, "{word}");
        assert_eq!(train.len(), 4);
        assert!(
            splits.found.as_ref().unwrap().line.contains(note),
            "{word}: {:?}",
            splits.found
        );
        if word == "leaf" {
            assert_eq!(
                seen(&splits)[0].1,
                words(&[(0, "black"), (1, "white"), (2, "black"), (3, "black")])
            );
        }
    }
}

#[test]
fn lists_say_which_files_count() {
    let pictures = &[
        "images/pie/1.png",
        "images/pie/2.png",
        "images/soup/3.png",
        "images/soup/4.png",
        "images/egg/5.png",
    ];
    let files = [
        ("photos/meta/train.txt", "pie/1\nsoup/3\nsoup/3\n"),
        (
            "photos/meta/test.txt",
            "./images/pie/2.png\n\nimages/soup/4.png 7\nimages/gone.png\n",
        ),
        ("photos/meta/val.txt", "pie/1\n"),
        ("some.txt", "3.png\n1.png\n"),
    ];
    let folder = folder(pictures, &files);
    let lists = |names: &[&str]| Value::List(names.iter().map(|name| text(name)).collect());
    let splits = open(
        folder.path(),
        &[("files", lists(&["meta/train.txt", "meta/test.txt"]))],
    )
    .unwrap();
    // no egg is listed
    assert_eq!(
        seen(&splits),
        [
            ("train", words(&[(0, "pie"), (2, "soup")])),
            ("test", words(&[(1, "pie"), (3, "soup")]))
        ]
    );
    assert_eq!(splits.parts[&Split::Train].class_names(), ["pie", "soup"]);
    let said = doubts(&splits);
    assert!(
        said.contains("test.txt: 1 of its 3 rows names no picture"),
        "{said}"
    );
    assert!(said.contains("1 line names a picture again"), "{said}");
    assert_eq!(
        splits.found.as_ref().unwrap().files_left_out["in no list"],
        1
    );
    let splits = open(
        folder.path(),
        &[
            ("files", text("some.txt")),
            ("labels", Value::Word("none".into())),
        ],
    )
    .unwrap();
    assert_eq!(seen(&splits), [("train", words(&[(0, "-"), (2, "-")]))]);
    let problem = refused(open(
        folder.path(),
        &[("files", lists(&["meta/train.txt", "meta/val.txt"]))],
    ));
    assert!(
        problem
            .message
            .contains("1 picture is in two splits: `images/pie/1.png` (train.txt, val.txt)"),
        "{problem:?}"
    );
}

#[test]
fn the_manifest_knows_what_the_table_says() {
    let manifest = |table: &str, more: &[(&str, Value)]| {
        let folder = folder(PICTURES, &[("l.csv", table)]);
        let mut given = vec![("labels", text("l.csv"))];
        given.extend(more.iter().cloned());
        let splits = open(folder.path(), &given).unwrap();
        splits.parts[&Split::Train].manifest(&Silent).unwrap()
    };
    let table = "file,label,p\na.png,x,1\nb.png,y,1\nc.png,x,2\nd.png,y,3\n";
    let own = manifest(table, &[]);
    assert_eq!(
        own,
        manifest(
            &table
                .replace("\na.png,x,1", "")
                .replace("p\n", "p\na.png,x,9\n"),
            &[]
        )
    );
    assert_ne!(own, manifest(&table.replace("c.png,x", "c.png,y"), &[]));
    let grouped = manifest(table, &[("group", text("p"))]);
    assert_ne!(own, grouped);
    assert_ne!(
        grouped,
        manifest(&table.replace("y,3", "y,2"), &[("group", text("p"))])
    );
}

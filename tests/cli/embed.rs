//! `pretext embed`: vectors of a folder, a file and a named data set, of a run's encoders and of exported weights.

use std::collections::BTreeMap;

use crate::Test;

/// Pictures of two classes in two splits, the data set of a run.
const RECIPE: &str = r#"ssl 1

dataset own = image_folder("photos")

encoder net = conv(4, 3) |> batch_norm() |> relu() as conv1 |> max_pool(2) |> conv(8, 3) |> relu() as conv2 |> global_avg_pool()

pretext turns = rotation() { data = own.train, encoder = net, batch = 8, length = 4 steps }
pretext slow = byol() { data = own.train, encoder = net, batch = 8, length = 2 steps }
evaluate nearest = knn(k = 1) { from = turns, data = own.train, test = own.test }
finetune tuned = classifier(unfreeze = all) { from = turns, data = own.train, test = own.test, batch = 8, length = 3 steps }
export weights = safetensors("net.safetensors") { from = turns }
export runs = onnx("net.onnx") { from = turns }

run { seed = 3 }
"#;

fn picture(class: u32, number: u32, side: u32) -> image::RgbImage {
    image::RgbImage::from_fn(side, side, |x, y| {
        let stripe = if class == 0 { x } else { y };
        let bright = (stripe * (3 + number % 4) * 17 + number * 29 + x * y % 13) as u8;
        image::Rgb([bright, bright.wrapping_mul(3), (number * 11) as u8])
    })
}

/// Pictures of 16 px, and the recipe.
pub fn pictures() -> Test {
    let test = Test::new().file("recipe.ssl", RECIPE);
    for (split, from, each) in [("train", 0, 20), ("test", 50, 9)] {
        for (class, name) in [(0, "across"), (1, "down")] {
            let folder = test.path(&format!("photos/{split}/{name}"));
            std::fs::create_dir_all(&folder).expect("a folder");
            for number in from..from + each {
                let path = folder.join(format!("{number:02}.png"));
                picture(class, number, 16).save(path).expect("a picture");
            }
        }
    }
    test
}

/// A run on them.
pub fn ran() -> Test {
    let test = pictures();
    test.run(&["run", "recipe.ssl", "--out", "run"]).success();
    test
}

/// What a csv says of each path: its label and its vector.
type Rows = BTreeMap<String, (String, Vec<f32>)>;

fn rows(test: &Test, name: &str) -> Rows {
    let text = test.text(name);
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().expect("a head").split(',').collect();
    let at = head
        .iter()
        .position(|name| *name == "vector_0")
        .expect("vectors");
    assert_eq!(head[..3], ["path", "id", "label"]);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let numbers = cells[at..].iter().map(|x| x.parse().expect("a number"));
            (
                cells[0].to_owned(),
                (cells[2].to_owned(), numbers.collect()),
            )
        })
        .collect()
}

fn bits(rows: &Rows) -> Vec<Vec<u32>> {
    let vectors = rows.values().map(|(_, vector)| vector);
    vectors
        .map(|vector| vector.iter().map(|x| x.to_bits()).collect())
        .collect()
}

#[test]
fn a_run_a_file_a_folder_and_a_name_give_the_same_vectors() {
    let test = ran();
    let own = [
        "embed",
        "run",
        "own.test",
        "--from",
        "turns",
        "-o",
        "named.csv",
    ];
    let said = test.run(&own).success();
    assert!(
        said.stdout()
            .contains("18 pictures of own.test, 8 numbers each"),
        "{}",
        said.stdout()
    );
    assert!(said.stdout().contains("pictures/s"), "{}", said.stdout());
    let named = rows(&test, "named.csv");
    assert_eq!(named.len(), 18);
    assert_eq!(named["test/down/53.png"].0, "down");
    // the data need not be those of the recipe, nor the run there
    std::fs::rename(test.path("photos/test"), test.path("others")).expect("moved");
    std::fs::rename(test.path("photos"), test.path("gone")).expect("moved");
    test.run(&[
        "embed",
        "run",
        "others",
        "--stage",
        "turns",
        "-o",
        "folder.csv",
    ])
    .success();
    let folder = rows(&test, "folder.csv");
    assert_eq!(
        folder.keys().next().map(String::as_str),
        Some("across/50.png")
    );
    assert_eq!(bits(&named), bits(&folder));
    std::fs::rename(
        test.path("run/net.safetensors"),
        test.path("alone.safetensors"),
    )
    .expect("moved");
    std::fs::remove_dir_all(test.path("run")).expect("removed");
    test.run(&["embed", "alone.safetensors", "others", "-o", "file.csv"])
        .success();
    assert_eq!(bits(&named), bits(&rows(&test, "file.csv")));
    // npy: the same numbers, in the order of its rows
    test.run(&["embed", "alone.safetensors", "others", "-o", "file.npy"])
        .success();
    let npy = std::fs::read(test.path("file.npy")).expect("written");
    let numbers: Vec<u32> = npy[128..]
        .chunks_exact(4)
        .map(|x| u32::from_le_bytes(x.try_into().expect("four")))
        .collect();
    assert_eq!(numbers, bits(&folder).concat());
    let apart = test.text("file.rows.csv");
    let paths: Vec<&str> = apart
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(paths, folder.keys().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn nearest_vectors_are_those_that_the_run_has_judged() {
    let test = ran();
    for split in ["train", "test"] {
        let name = format!("own.{split}");
        test.run(&[
            "embed",
            "run",
            &name,
            "--from",
            "turns",
            "-o",
            &format!("{split}.csv"),
        ])
        .success();
    }
    let unit = |rows: Rows| -> Vec<(String, Vec<f64>)> {
        let rows = rows.into_values().map(|(label, vector)| {
            let norm = vector
                .iter()
                .map(|x| f64::from(*x).powi(2))
                .sum::<f64>()
                .sqrt();
            (label, vector.iter().map(|x| f64::from(*x) / norm).collect())
        });
        rows.collect()
    };
    let (train, tested) = (
        unit(rows(&test, "train.csv")),
        unit(rows(&test, "test.csv")),
    );
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let right = tested.iter().filter(|(label, vector)| {
        let best = train
            .iter()
            .max_by(|a, b| product(&a.1, vector).total_cmp(&product(&b.1, vector)));
        best.is_some_and(|(own, _)| own == label)
    });
    let results = test.json("run/results.json");
    let rows = results.as_array().expect("rows").iter();
    let mut judged = rows
        .filter(|row| row["stage"] == "nearest")
        .filter_map(|row| row["value"].as_f64());
    let expected = judged.next().expect("a value");
    assert!((right.count() as f64 / 18.0 - expected).abs() < 1e-9);
}

#[test]
fn any_stage_part_place_and_size_is_read() {
    let test = ran();
    std::fs::create_dir_all(test.path("large")).expect("a folder");
    for number in 0..3 {
        picture(0, number, 40 + number)
            .save(test.path(&format!("large/{number}.jpg")))
            .expect("a picture");
    }
    let embedded = |args: &[&str], name: &str| {
        let own = [&["embed", "run", "large", "-o", name], args].concat();
        test.run(&own).success();
        let rows = rows(&test, name);
        // without classes there is no label
        assert!(rows.values().all(|(label, _)| label.is_empty()));
        bits(&rows)
    };
    let turns = embedded(&["--from", "turns"], "turns.csv");
    let tuned = embedded(&["--from", "tuned"], "tuned.csv");
    let online = embedded(&["--from", "slow"], "slow.csv");
    let target = embedded(&["--from", "slow.target"], "target.csv");
    assert!(turns != tuned && online != target && turns != online);
    let place = embedded(&["--from", "turns", "--at", "conv1"], "conv1.csv");
    let cells = embedded(
        &["--from", "turns", "--place", "conv1", "--pool", "grid(2)"],
        "cells.csv",
    );
    assert_eq!((turns[0].len(), place[0].len(), cells[0].len()), (8, 4, 16));
    // several splits are told apart
    test.run(&["embed", "run", "own", "--from", "turns", "-o", "all.csv"])
        .success();
    let all = test.text("all.csv");
    assert!(all.starts_with("path,id,label,split,vector_0,"), "{all}");
    assert_eq!(
        all.lines().filter(|line| line.contains(",test,")).count(),
        18
    );
    assert_eq!(
        all.lines().filter(|line| line.contains(",train,")).count(),
        40
    );
    // and so is data as a recipe writes them
    test.run(&[
        "embed",
        "run",
        "own.train |> take(5, per = class)",
        "--from",
        "turns",
        "-o",
        "some.csv",
    ])
    .success();
    assert_eq!(test.text("some.csv").lines().count(), 11);
}

#[test]
fn what_can_not_be_read_is_left_out_and_said() {
    let test = ran();
    test.write("photos/test/down/60.png", b"\x89PNG\r\n\x1a\nnot more");
    let said = test
        .run(&[
            "embed", "run", "own.test", "--from", "turns", "-o", "some.csv",
        ])
        .success();
    assert!(
        said.stderr()
            .contains("1 pictures can't be read and are left out"),
        "{}",
        said.stderr()
    );
    assert!(said.stderr().contains("60.png"), "{}", said.stderr());
    assert_eq!(test.text("some.csv").lines().count(), 19);
}

#[test]
fn nothing_is_written_over_and_nothing_half() {
    let test = ran();
    test.write("there.csv", "mine");
    let refused = test
        .run(&[
            "embed",
            "run",
            "own.test",
            "--from",
            "turns",
            "-o",
            "there.csv",
        ])
        .code(1);
    assert!(refused.stderr().contains("--force"), "{}", refused.stderr());
    assert_eq!(test.text("there.csv"), "mine");
    test.run(&[
        "embed",
        "run",
        "own.test",
        "--from",
        "turns",
        "-o",
        "there.csv",
        "--force",
    ])
    .success();
    assert_eq!(test.text("there.csv").lines().count(), 19);
    // of a folder of which nothing can be read there is no file
    test.write("broken/a.png", b"\x89PNG\r\n\x1a\n");
    let failed = test.run(&[
        "embed",
        "run",
        "broken",
        "--from",
        "turns",
        "-o",
        "none.parquet",
    ]);
    assert_ne!(failed.output.status.code(), Some(0));
    let names = std::fs::read_dir(test.path("")).expect("a folder");
    let names: Vec<String> = names
        .map(|e| {
            e.expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert!(
        !names
            .iter()
            .any(|name| name.starts_with("none") || name.ends_with(".part")),
        "{names:?}"
    );
}

#[test]
fn what_is_wrong_is_said_with_the_way_on() {
    let test = ran();
    test.write("weights/plain.safetensors", {
        let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        [&(header.len() as u64).to_le_bytes()[..], header, &[0; 4]].concat()
    });
    for (args, said) in [
        (
            &["embed", "run", "own.test", "-o", "a.csv"][..],
            "say which with `--from`: `turns`, `slow`, `slow.target`, `tuned`",
        ),
        (
            &["embed", "run", "own.test", "--from", "turn", "-o", "a.csv"],
            "did you mean `turns`?",
        ),
        (
            &[
                "embed",
                "run",
                "own.test",
                "--from",
                "slow.targe",
                "-o",
                "a.csv",
            ],
            "did you mean `target`?",
        ),
        (
            &["embed", "run", "own.tset", "--from", "turns", "-o", "a.csv"],
            "tset",
        ),
        (
            &["embed", "run", "other", "--from", "turns", "-o", "a.csv"],
            "`own`",
        ),
        (
            &[
                "embed", "run", "own.test", "--from", "turns", "--at", "conv9", "-o", "a.csv",
            ],
            "its places are conv1, conv2, output",
        ),
        (
            &["embed", "run", "own.test", "--from", "turns", "-o", "a.txt"],
            "`.parquet`, `.npy` or `.csv`",
        ),
        (
            &["embed", "photos", "own.test", "-o", "a.csv"],
            "is no run directory",
        ),
        (
            &["embed", "nowhere", "own.test", "-o", "a.csv"],
            "nowhere is not there",
        ),
        (
            &[
                "embed",
                "weights/plain.safetensors",
                "photos",
                "-o",
                "a.csv",
            ],
            "does not say `encoder` and `input`",
        ),
        (
            &["embed", "run", "weights", "--from", "turns", "-o", "a.csv"],
            "holds no pictures",
        ),
    ] {
        let ran = test.run(args).code(1);
        assert!(ran.stderr().contains(said), "{args:?}\n{}", ran.stderr());
    }
    // a stage that is not at its end
    std::fs::remove_file(test.path("run/stages/turns/final.ckpt")).expect("removed");
    let ran = test
        .run(&["embed", "run", "own.test", "--from", "turns", "-o", "a.csv"])
        .code(3);
    assert!(
        ran.stderr().contains("has no trained weights"),
        "{}",
        ran.stderr()
    );
}

/// What onnxruntime makes of it: `plan/onnx`. Here the file is there, and says what goes in.
#[test]
fn an_encoder_is_written_as_onnx() {
    let test = ran();
    let said = test
        .run(&["onnx", "run", "--from", "turns", "-o", "net.onnx"])
        .success();
    assert!(
        said.stdout().contains("`output` has 8 numbers for each"),
        "{}",
        said.stdout()
    );
    let whole = std::fs::read(test.path("net.onnx")).expect("written");
    let holds = |text: &str| whole.windows(text.len()).any(|own| own == text.as_bytes());
    for text in [
        "pretext",
        "Conv",
        "BatchNormalization",
        "image[3, 16, 16]",
        "batch",
    ] {
        assert!(holds(text), "{text}");
    }
    // the stage of the recipe computes the same, and writes its file again where it is lost
    let exported = std::fs::read(test.path("run/net.onnx")).expect("exported");
    assert_eq!(exported[..11], whole[..11]);
    std::fs::remove_file(test.path("run/net.onnx")).expect("removed");
    let again = test.run(&["run", "recipe.ssl", "--out", "run"]).success();
    assert!(
        again.stderr().contains("InferenceSession"),
        "{}",
        again.stderr()
    );
    let second = std::fs::read(test.path("run/net.onnx")).expect("exported");
    assert_eq!(second, exported);
    // the same from the file alone
    test.run(&["onnx", "run/net.safetensors", "-o", "alone.onnx"])
        .success();
    let alone = std::fs::read(test.path("alone.onnx")).expect("written");
    let longer = "run/net.safetensors".len() - "turns".len();
    assert_eq!(alone.len(), whole.len() + longer);
    let refused = test
        .run(&["onnx", "run", "--from", "turns", "-o", "net.onnx"])
        .code(1);
    assert!(refused.stderr().contains("--force"), "{}", refused.stderr());
}

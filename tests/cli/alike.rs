//! `pretext neighbours` and `pretext duplicates`, and the leak check of the report.

use crate::Test;
use crate::embed::{pictures, ran};

/// A run on data of which one picture stands in both splits, under another name.
fn leaking() -> Test {
    let test = pictures();
    let (from, to) = ("photos/train/across/03.png", "photos/test/across/90.png");
    std::fs::copy(test.path(from), test.path(to)).expect("copied");
    test.run(&["run", "recipe.ssl", "--out", "run"]).success();
    test
}

fn sheet(test: &Test, name: &str) -> image::RgbImage {
    let picture = image::open(test.path(name)).expect("a picture");
    picture.into_rgb8()
}

/// The inside of a cell's picture: 48 px, without its frame.
fn inside(sheet: &image::RgbImage, column: u32) -> Vec<u8> {
    let (left, top) = (8 + column * (96 + 8), 28);
    let cut = image::imageops::crop_imm(sheet, left + 3, top + 3, 42, 42);
    cut.to_image().into_raw()
}

#[test]
fn a_copy_is_its_own_nearest_neighbour() {
    let test = leaking();
    let args = [
        "neighbours",
        "run",
        "own.test",
        "--from",
        "turns",
        "--among",
        "own.train",
    ];
    let own = ["--query", "90.png", "-k", "2", "-o", "sheet.png"];
    let said = test.run(&[&args[..], &own[..]].concat()).success();
    assert!(
        said.stdout().starts_with("sheet.png\n"),
        "{}",
        said.stdout()
    );
    assert!(
        said.stdout()
            .contains("of 2 neighbours are of the query's class"),
        "{}",
        said.stdout()
    );
    let drawn = sheet(&test, "sheet.png");
    assert_eq!(inside(&drawn, 0), inside(&drawn, 1));
    assert_ne!(inside(&drawn, 0), inside(&drawn, 2));
    // the original is the copy's, but no record is its own
    let original = [
        "neighbours",
        "run",
        "own",
        "--from",
        "turns",
        "--query",
        "across/03.png",
        "-k",
        "1",
        "-o",
        "other.png",
    ];
    test.run(&original).success();
    let drawn = sheet(&test, "other.png");
    assert_eq!(inside(&drawn, 0), inside(&drawn, 1));
}

#[test]
fn a_sheet_is_drawn_of_what_was_trained_on_and_of_any_folder() {
    let test = ran();
    test.run(&["neighbours", "run", "--from", "turns"])
        .success();
    let drawn = sheet(&test, "run-neighbours.png");
    // twelve rows, each with the query and eight neighbours
    assert!(
        drawn.width() > 9 * 96 && drawn.height() > 12 * 48,
        "{:?}",
        drawn.dimensions()
    );
    test.run(&[
        "neighbours",
        "run/net.safetensors",
        "photos/test",
        "--queries",
        "3",
        "-k",
        "4",
    ])
    .success();
    let drawn = sheet(&test, "net-neighbours.png");
    assert!(drawn.height() < 5 * 110, "{:?}", drawn.dimensions());
    for (args, said) in [
        (
            &[
                "neighbours",
                "run",
                "--from",
                "turns",
                "--query",
                "nobody.png",
            ][..],
            "no record of own.test is `nobody.png`",
        ),
        (
            &["neighbours", "run/net.safetensors"],
            "nothing says which data",
        ),
        (&["neighbours", "run"], "several encoders"),
    ] {
        let ran = test.run(args).code(1);
        assert!(ran.stderr().contains(said), "{args:?}\n{}", ran.stderr());
    }
}

#[test]
fn what_stands_in_two_splits_is_found() {
    let test = leaking();
    let args = [
        "duplicates",
        "run",
        "--from",
        "turns",
        "--between",
        "--threshold",
        "0.999999",
    ];
    let said = test.run(&args).success();
    let table = test.text("run-duplicates.csv");
    let mut lines = table.lines();
    assert_eq!(
        lines.next(),
        Some("similarity,pixels,data_a,path_a,id_a,label_a,data_b,path_b,id_b,label_b")
    );
    let first: Vec<&str> = lines.next().expect("a pair").split(',').collect();
    assert_eq!(
        first[1..4],
        ["1.000", "own.train", "train/across/03.png"],
        "{table}"
    );
    assert_eq!(
        (first[5], first[6], first[7]),
        ("across", "own.test", "test/across/90.png")
    );
    assert!(first[0].parse::<f32>().expect("a number") > 0.999_999);
    assert!(
        said.stdout().contains("between own.train and own.test"),
        "{}",
        said.stdout()
    );
    assert!(
        said.stderr()
            .contains("has been seen before it is judged by"),
        "{}",
        said.stderr()
    );
    // nothing is written over
    test.run(&args).code(1);
    // two folders, and the file alone
    let against = [
        "duplicates",
        "run/net.safetensors",
        "photos/train",
        "--against",
        "photos/test",
        "--threshold",
        "0.999999",
        "-o",
        "two.csv",
    ];
    test.run(&against).success();
    assert!(
        test.text("two.csv")
            .lines()
            .nth(1)
            .expect("a pair")
            .contains("across/03.png")
    );
    // every pair of one folder: 40 pictures have 780
    let all = [
        "duplicates",
        "run/net.safetensors",
        "photos/train",
        "--threshold",
        "0",
        "--most",
        "5",
        "-o",
        "all.csv",
    ];
    let said = test.run(&all).success();
    assert_eq!(test.text("all.csv").lines().count(), 6);
    assert!(
        said.stdout().contains("780 pairs of 40 pictures"),
        "{}",
        said.stdout()
    );
    let one = [
        "duplicates",
        "run/net.safetensors",
        "photos/train",
        "--between",
        "-o",
        "none.csv",
    ];
    assert!(test.run(&one).code(1).stderr().contains("--against"));
}

#[test]
fn the_report_says_what_has_leaked() {
    let test = leaking();
    let leaks = test.json("run/stages/nearest/leaks.json");
    assert_eq!(
        (&leaks["data"], &leaks["test"]),
        (&"own.train".into(), &"own.test".into())
    );
    assert_eq!(
        (leaks["leaked"].as_u64(), leaks["of"].as_u64()),
        (Some(1), Some(19)),
        "{leaks}"
    );
    assert_eq!(leaks["pairs"][0]["test"], "test/across/90.png (across)");
    assert_eq!(leaks["pairs"][0]["data"], "train/across/03.png (across)");
    let report = test.text("run/report.html");
    assert!(report.contains("1 of 19 records of own.test is nearly the same as one of own.train"));
    let clean = ran();
    assert_eq!(clean.json("run/stages/nearest/leaks.json")["leaked"], 0);
    assert!(
        clean
            .text("run/report.html")
            .contains("None of 18 records of own.test is nearly the same")
    );
}

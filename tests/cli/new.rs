//! `pretext new`: for every task of the catalog, on a folder of the kind that it learns from, the recipe that is written checks.

use std::path::Path;

use pretext::catalog::{Catalog, Kind};

use crate::Test;

/// Pictures of a side that is drawn by `side`, in so many classes; 0: without.
fn pictures(test: &Test, classes: usize, each: usize, side: impl Fn(usize) -> u32) {
    for class in 0..classes.max(1) {
        let folder = match classes {
            0 => test.path("photos"),
            _ => test.path(&format!("photos/class{class}")),
        };
        std::fs::create_dir_all(&folder).expect("a folder");
        for number in 0..each {
            let side = side(number);
            let picture =
                image::RgbImage::from_fn(side, side + number as u32 % 2 * (side / 8), |x, y| {
                    image::Rgb([x as u8, y as u8, (class * 40 + number) as u8])
                });
            picture
                .save(folder.join(format!("{number}.png")))
                .expect("a picture");
        }
    }
}

/// Folders of frames: clips of two classes, or scenes that two cameras see.
fn clips(test: &Test, name: &str, inner: [&str; 2], scenes: usize) {
    for scene in 0..scenes {
        for own in inner {
            let folder = match name {
                "scenes" => format!("{name}/scene{scene}/{own}"),
                _ => format!("{name}/{own}/clip{scene}"),
            };
            let folder = test.path(&folder);
            std::fs::create_dir_all(&folder).expect("a folder");
            for frame in 0..20u8 {
                let picture =
                    image::RgbImage::from_pixel(64, 64, image::Rgb([frame * 9, scene as u8, 90]));
                picture
                    .save(folder.join(format!("{frame:02}.png")))
                    .expect("a frame");
            }
        }
    }
}

/// Data of every kind that a task may learn from.
fn data() -> Test {
    let test = Test::new();
    pictures(&test, 3, 30, |number| 80 + number as u32 % 7 * 9);
    clips(&test, "clips", ["walk", "run"], 12);
    clips(&test, "scenes", ["left", "right"], 12);
    let text =
        |n: usize| format!("The number {n} comes first. Then comes another one. And it ends.");
    for n in 0..40 {
        let class = ["sport", "politics"][n % 2];
        test.write(&format!("news/{class}/{n}.txt"), text(n));
    }
    let rows: Vec<String> = (0..60)
        .map(|n| format!("class{}/{}.png,a picture of {n}", n % 3, n / 3))
        .collect();
    test.write(
        "photos/captions.csv",
        format!("image,caption\n{}\n", rows.join("\n")),
    );
    let talks: Vec<String> = (0..40)
        .map(|n| {
            let turns: Vec<String> = (0..8)
                .map(|turn| format!("\"turn {turn} of {n}\""))
                .collect();
            format!("{{\"turns\": [{}]}}", turns.join(", "))
        })
        .collect();
    test.write("talks.jsonl", talks.join("\n"));
    test
}

fn path_of(task: &str) -> &'static str {
    match task {
        "clip" | "siglip" => "photos/captions.csv",
        "masked_tokens" | "next_sentence" | "skip_gram" | "cbow" => "news",
        "dialogue_order" | "reply" => "talks.jsonl",
        "frame_order" | "frame_similarity" | "tracking" | "video_color" => "clips",
        "multi_view" => "scenes",
        _ => "photos",
    }
}

#[test]
fn what_is_written_for_any_task_checks() {
    let test = data();
    let catalog = Catalog::builtin();
    let mut wrong = String::new();
    for task in catalog.of_kind(Kind::Task) {
        let (name, file) = (&task.name, format!("{}.ssl", task.name));
        let ran = test.run(&["new", "--task", name, "--data", path_of(name)]);
        // it needs a teacher, which is a stage of its own
        if name == "distill" {
            assert!(
                ran.stderr()
                    .contains("begins with what another stage has learnt"),
                "{}",
                ran.stderr()
            );
            continue;
        }
        if ran.output.status.code() != Some(0) {
            wrong += &format!("{name}: {}\n", ran.stderr());
            continue;
        }
        let checked = test.run(&["check", "--offline", &file]);
        if checked.output.status.code() != Some(0) || checked.stderr().contains("warning[") {
            wrong += &format!("{name}: {}\n{}\n", checked.stderr(), test.text(&file));
        }
        let formatted = test.run(&["fmt", "--check", &file]);
        if formatted.output.status.code() != Some(0) {
            wrong += &format!("{name} is not in the one form\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn numbers_are_chosen_by_what_is_there_and_say_why() {
    let test = data();
    test.run(&["new", "--task", "simclr", "--data", "photos"])
        .success();
    let text = test.text("simclr.ssl");
    for part in [
        "dataset own = image_folder(\"photos\") |> hold_out(20%, seed = 0)",
        "// 90 pictures",
        "3 classes",
        "pictures have 80 to 134 px",
        "batch     = 16",
        "steps an epoch",
        "emit views = ",
        "random_resized_crop(96px",
        "evaluate neighbours = knn(",
        "finetune probe = linear_probe(",
        "test = own.valid",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    // it lies where it was told to, and data are named from there
    std::fs::create_dir_all(test.path("recipes")).expect("a folder");
    let args = [
        "new",
        "--task",
        "mae",
        "--data",
        "photos",
        "-o",
        "recipes/own.ssl",
    ];
    test.run(&args).success();
    let text = test.text("recipes/own.ssl");
    assert!(
        text.contains(
            &*test
                .path("photos")
                .canonicalize()
                .expect("there")
                .to_string_lossy()
        ),
        "{text}"
    );
    test.run(&["check", "recipes/own.ssl"]).success();
    // without classes nothing is judged by them
    let plain = Test::new();
    pictures(&plain, 0, 40, |_| 32);
    plain
        .run(&["new", "--task", "simsiam", "--data", "photos/", "-o", "-"])
        .success()
        .prints("rank()");
    let printed = plain
        .run(&["new", "--task", "simsiam", "--data", "photos/", "-o", "-"])
        .success();
    assert!(!printed.stdout().contains("knn("), "{}", printed.stdout());
    assert!(
        printed
            .stdout()
            .contains("for 32 px: pictures have 32 px\n"),
        "{}",
        printed.stdout()
    );
    assert!(!Path::new(&plain.path("simsiam.ssl")).exists());
}

#[test]
fn nothing_is_written_over_and_errors_say_what_was_found() {
    let test = data();
    test.write("simclr.ssl", "mine");
    test.run(&["new", "--task", "simclr", "--data", "photos"])
        .code(1)
        .says("simclr.ssl is there already")
        .says("--force");
    assert_eq!(test.text("simclr.ssl"), "mine");
    test.run(&["new", "--task", "simclr", "--data", "photos", "--force"])
        .success();
    assert_ne!(test.text("simclr.ssl"), "mine");
    test.run(&["new", "--task", "simclrr", "--data", "photos"])
        .code(1)
        .says("did you mean `simclr`?");
    test.run(&["new", "--task", "byol", "--data", "nowhere"])
        .code(1)
        .says("nowhere is not there");
    test.run(&["new", "--task", "masked_tokens", "--data", "clips"])
        .code(1)
        .says("learns from texts")
        .says("found ")
        .says("video_folder");
    test.run(&["new", "--task", "byol", "--data", "news"])
        .code(1)
        .says("documents");
    assert!(!test.path("byol.ssl").exists());
    // as few as can't be trained on
    let few = Test::new();
    pictures(&few, 1, 1, |_| 32);
    few.run(&["new", "--task", "simclr", "--data", "photos"])
        .code(1);
}

#[test]
fn the_length_follows_from_the_time_that_there_is() {
    let test = data();
    let steps = |time: &str| -> u64 {
        let file = format!("in_{time}.ssl");
        let args = [
            "new", "--task", "rotation", "--data", "photos", "--budget", time, "-o", &file,
        ];
        test.run(&args).success().prints("on this machine");
        test.run(&["check", &file]).success();
        let text = test.text(&file);
        let line = text
            .lines()
            .find(|line| line.contains("steps of"))
            .expect("a reason");
        let said = line.split("// ").nth(1).expect("a comment");
        let number = said.split(' ').next().and_then(|word| word.parse().ok());
        number.expect("a number of steps")
    };
    // an hour, since the machine may be a slow one
    assert!(steps("24h") >= steps("1h"));
    for (time, why) in [("soon", "20min"), ("1s", "10 seconds"), ("-3min", "")] {
        test.run(&[
            "new", "--task", "rotation", "--data", "photos", "--budget", time,
        ])
        .code(2)
        .says(why);
    }
}

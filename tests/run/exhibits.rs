//! What a stage shows of itself once it is trained.

use std::fs;

use super::{Test, bytes, equal, run, start, with};

/// The tasks that show something, trained for a moment.
const TASKS: [(&str, &str, &str); 5] = [
    (
        "patches",
        "mae(decoder_width = 16, decoder_depth = 1, decoder_heads = 2)",
        "vit(patch = 8px, width = 16, depth = 1, heads = 2)",
    ),
    ("filled", "inpainting(width = 4)", "small_cnn(width = 4)"),
    (
        "copies",
        "autoencoder(noise = 25%, width = 4)",
        "small_cnn(width = 4)",
    ),
    (
        "puzzle",
        "jigsaw(head = linear(64))",
        "small_cnn(width = 4)",
    ),
    (
        "coloured",
        "colorization(width = 4)",
        "small_cnn(width = 4)",
    ),
];

fn recipe(task: &str, encoder: &str, seed: u64, more: &str) -> Test {
    with(&format!(
        "ssl 1\n\ndataset figures = shapes(train = 128, valid = 32, test = 32)\n\n\
         pretext shown = {task} {{\n  data      = figures.train\n{more}\
         \x20 encoder   = {encoder}\n  batch     = 16\n  length    = 6 steps\n  optimizer = adamw(3e-3)\n}}\n\n\
         run {{ seed = {seed}, threads = 1 }}\n"
    ))
}

fn records(test: &Test, out: &str) -> Vec<u64> {
    let shown = test.json(&format!("{out}/stages/shown/exhibits.json"));
    let records = shown[0]["records"].as_array().expect("records");
    records
        .iter()
        .map(|id| id.as_u64().expect("a number"))
        .collect()
}

fn is_in(report: &str, png: &[u8]) -> bool {
    // three bytes are four letters; the header is the same for all
    let coded = test_base64(&png[..png.len() / 3 * 3]);
    report.replace("&#x2f;", "/").contains(&coded)
}

/// The standard alphabet, for whole groups.
fn test_base64(bytes: &[u8]) -> String {
    let letters: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['+', '/'])
        .collect();
    let groups = bytes.chunks_exact(3).flat_map(|group| {
        let word = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        [18, 12, 6, 0].map(|shift| letters[(word >> shift) as usize & 63])
    });
    groups.collect()
}

#[test]
fn tasks_show_the_same_records_whatever_the_seed() {
    for (name, task, encoder) in TASKS {
        let mut seen = Vec::new();
        for seed in [1, 2] {
            let test = recipe(task, encoder, seed, "");
            run(&test, "run", &[]).success();
            let png = bytes(&test.path(&format!("run/results/shown.{name}.png")));
            let picture = image::load_from_memory(&png).expect("a picture");
            assert!(picture.width() > 96 && picture.height() > 6 * 20, "{task}");
            assert!(
                is_in(&test.text("run/report.html"), &png),
                "{task} is not in the report"
            );
            let ids = records(&test, "run");
            assert_eq!(ids.len(), 6, "{task}");
            seen.push((ids, picture.to_rgb8()));
        }
        assert_eq!(seen[0].0, seen[1].0, "{task}");
        // the column of what went in is the same too, what was drawn is not
        let [first, second] = [&seen[0].1, &seen[1].1];
        assert_eq!(first.dimensions(), second.dimensions());
        let left = |picture: &image::RgbImage| {
            image::imageops::crop_imm(picture, 0, 0, 100, picture.height()).to_image()
        };
        assert!(left(first) == left(second), "{task}: other views");
        assert!(first != second, "{task}: nothing was drawn by the networks");
    }
}

#[test]
fn records_of_a_validation_split_are_shown_before_those_that_were_trained_on() {
    let (name, task, encoder) = TASKS[2];
    let test = recipe(task, encoder, 1, "  valid     = figures.valid\n");
    run(&test, "run", &[]).success();
    let shown = test.json("run/stages/shown/exhibits.json");
    assert_eq!(shown[0]["name"], name);
    assert_eq!(shown[0]["data"], "figures.valid");
    assert!(records(&test, "run").iter().all(|id| *id < 32));
}

#[test]
fn a_killed_run_shows_the_same_bytes_and_nothing_of_it_decides_a_result() {
    // the last one counts colours from step to step
    for (name, task, encoder) in [TASKS[2], TASKS[4]] {
        killed(name, task, encoder);
    }
}

fn killed(name: &str, task: &str, encoder: &str) {
    let test = recipe(task, encoder, 1, "  checkpoint = every(2 steps)\n");
    run(&test, "plain", &[]).success();
    let mut child = start(&test, "killed", &[]);
    std::thread::sleep(std::time::Duration::from_millis(150));
    let _ = child.kill();
    let _ = child.wait();
    run(&test, "killed", &[]).success();
    equal(
        &test,
        ["plain", "killed"],
        &[
            format!("results/shown.{name}.png"),
            "stages/shown/exhibits.json".into(),
            "stages/shown/final.ckpt".into(),
            "stages/shown/metrics.jsonl".into(),
        ],
    );
    // a run from before there were any, or one whose pictures were thrown away, is finished all the same
    fs::remove_dir_all(test.path("plain/results")).expect("a folder");
    fs::remove_file(test.path("plain/stages/shown/exhibits.json")).expect("a file");
    run(&test, "plain", &[]).success();
    test.run(&["report", "plain"]).success();
    assert!(!test.text("plain/report.html").contains("id=\"exhibits\""));
}

#[cfg(unix)]
#[test]
fn pictures_are_written_into_no_folder_of_somebody_else() {
    let (_, task, encoder) = TASKS[2];
    let test = recipe(task, encoder, 1, "");
    fs::create_dir_all(test.path("run/stages")).expect("a folder");
    fs::create_dir(test.path("elsewhere")).expect("a folder");
    std::os::unix::fs::symlink(test.path("elsewhere"), test.path("run/results")).expect("a link");
    run(&test, "run", &[]).code(3).says("results");
    assert_eq!(
        fs::read_dir(test.path("elsewhere"))
            .expect("a folder")
            .count(),
        0
    );
}

const SCRIPT: &str = r#"
fn about() { #{ doc: "A picture goes through a few numbers." } }
fn inputs() { [#{name: "view", type: "image", doc: "The picture."}] }
fn build(g, p) {
  let x = g.input("view");
  let y = p.encoder.call(x);
  let w = g.parameter("draw", [y.shape[1], 3 * 32 * 32], #{normal: 0.02});
  let drawn = linear(y, w).reshape([x.shape[0], 3, 32, 32]);
  g.objective(mse(drawn, x));
  EXHIBIT
}
fn augment(p, fields) { "emit view = image |> normalize()\n" }
"#;

fn script(exhibit: &str) -> Test {
    let test = recipe("copy()", "small_cnn(width = 4)", 1, "");
    let text = test.text("recipe.ssl");
    test.write(
        "recipe.ssl",
        text.replace("ssl 1\n", "ssl 1\n\nuse script \"tasks/copy.rhai\"\n"),
    );
    test.write("tasks/copy.rhai", SCRIPT.replace("EXHIBIT", exhibit));
    test
}

#[test]
fn scripts_show_by_the_same_door() {
    let test = script(
        "g.exhibit(\"copies\", [x, drawn], \"picture, drawn\"); g.exhibit(\"plain\", [drawn]);",
    );
    run(&test, "run", &[]).success();
    for name in ["copies", "plain"] {
        let png = bytes(&test.path(&format!("run/results/shown.{name}.png")));
        assert!(is_in(&test.text("run/report.html"), &png));
    }
    // training is what it is without
    let plain = script("");
    run(&plain, "run", &[]).success();
    let metrics = "run/stages/shown/metrics.jsonl";
    assert_eq!(test.text(metrics), plain.text(metrics));
    assert!(!plain.path("run/results/shown.copies.png").exists());
    for (exhibit, says) in [
        ("g.exhibit(\"a\", [y]);", "shows pictures"),
        ("g.exhibit(\"../a\", [x]);", "can't be called"),
        (
            "g.exhibit(\"a\", [x]); g.exhibit(\"a\", [x]);",
            "two exhibits",
        ),
        (
            "g.exhibit(\"a\", [x, drawn], \"one\");",
            "1 titles for 2 values",
        ),
    ] {
        let test = script(exhibit);
        test.run(&["check", "recipe.ssl"])
            .code(1)
            .says(says)
            .says("copy.rhai:10:");
    }
}

//! `pretext check`: everything that is wrong, at once.

use super::Test;

fn codes(found: &serde_json::Value) -> Vec<(String, u64)> {
    found["diagnostics"]
        .as_array()
        .expect("diagnostics")
        .iter()
        .map(|d| {
            (
                d["code"].as_str().expect("a code").to_owned(),
                d["line"].as_u64().expect("a line"),
            )
        })
        .collect()
}

/// One of each kind of mistake, in different stages and in the same.
const WRONG: &str = r#"ssl 1

dataset figures = shapes(train = 400, colour = 3)
dataset faces = image_folder("nowhere")
dataset more = fashon_mnist()

augment turned(image) {
  (view, turn) = image |> normalize() |> random_crop(28) |> quarter_turn()
  emit view, turn
}

pretext rotations = rotation() {
  data      = figures.train
  augment   = turned
  encoder   = small_cnn(width = 16)
  head      = linear(64) |> linear(9)
  batch     = 32
  batch     = 64
  length    = 3 hours
  optimizer = adamw("fast")
  monitor   = knn(figures.valid, k = -20)
  foo       = 3
}

evaluate neighbours = knn(k = 20) { from = rotation, data = figures.train, test = figures.test }

finetune probe = linear_probe(at = [conv1, conv9]) { from = rotations, test = figures.test, length = 10 epochs }

run { seed = 1, device = gpu }
"#;

#[test]
fn all_kinds_of_mistakes_are_reported_together() {
    let test = Test::new().file("recipe.ssl", WRONG);
    let found = test.run(&["check", "recipe.ssl", "--json"]).code(1).json();
    let wanted = [
        ("E0203", 3),  // unknown argument
        ("E0503", 4),  // missing files
        ("E0202", 5),  // unknown data set
        ("E0303", 8),  // wrong unit
        ("E0402", 16), // a head of 9 under 4 turns
        ("E0204", 18), // given twice
        ("E0303", 19), // no such unit
        ("E0301", 20), // mistyped
        ("E0302", 21), // out of range
        ("E0203", 22), // unknown field
        ("E0201", 25), // unknown name
        ("E0205", 27), // missing
        ("E0209", 27), // unknown place
        ("E0304", 29), // unknown word
    ];
    let wanted: Vec<(String, u64)> = wanted.map(|(c, l)| (c.to_owned(), l)).to_vec();
    assert_eq!(codes(&found), wanted);
    assert_eq!(found["sound"], false);
    assert_eq!(found["errors"], 14);
}

#[test]
fn a_diagnostic_has_stable_keys_and_a_fix_that_helps() {
    let recipe = super::RECIPE.replace("weight_decay = 1e-6", "weight_decy = 1e-6");
    let test = Test::new().file("recipe.ssl", &recipe);
    let found = test.run(&["check", "recipe.ssl", "--json"]).code(1).json();
    let diagnostic = &found["diagnostics"][0];
    let keys: Vec<&String> = diagnostic.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "severity",
            "code",
            "message",
            "file",
            "line",
            "column",
            "end_line",
            "end_column",
            "label",
            "labels",
            "notes",
            "helps"
        ]
    );
    let edit = &diagnostic["helps"][0]["edit"];
    let line = edit["line"].as_u64().expect("a line") as usize - 1;
    let column = |key: &str| edit[key].as_u64().expect("a column") as usize - 1;
    let mut lines: Vec<String> = recipe.lines().map(str::to_owned).collect();
    lines[line].replace_range(
        column("column")..column("end_column"),
        edit["replacement"].as_str().expect("text"),
    );
    test.write("recipe.ssl", lines.join("\n"));
    test.run(&["check", "recipe.ssl"]).success();
}

#[test]
fn one_mistake_does_not_bring_up_others() {
    // each leaves the rest of the recipe as it is: exactly one error
    for (from, to, code) in [
        (
            "random_resized_crop(24px,",
            "random_resized_crop(24,",
            "E0303",
        ),
        ("hflip(50%)", "hflop(50%)", "E0202"),
        ("conv(4, 3) |>", "conv(4, 3px) |>", "E0303"),
        ("max_pool(2)", "max_pol(2)", "E0202"),
        ("per = class, seed = 3", "per = clas, seed = 3", "E0304"),
        ("take(50%", "take(50px", "E0301"),
        ("batch     = 20", "batch     = 20px", "E0303"),
        ("optimizer = lars", "optimiser = lars", "E0203"),
        (
            "data      = figures.train",
            "data      = figures.trian",
            "E0209",
        ),
        ("= linear(8) |>", "= linear(8, on, 9) |>", "E0206"),
        (
            "shapes(train = 200, valid = 40, test = 40)\ndataset few",
            "shapes(tran = 200, valid = 40, test = 40)\ndataset few",
            "E0203",
        ),
        ("hidden = 8", "hidden = 0", "E0302"),
        ("seed = 7", "seed = seven", "E0301"),
        (
            "a = image |> view(), b = image |> view()",
            "a = image |> view(), b = imag |> view()",
            "E0201",
        ),
        ("as conv1 |>", "|>", "E0209"),
    ] {
        let recipe = super::RECIPE.replace(from, to);
        assert_ne!(recipe, super::RECIPE, "{from}");
        let test = Test::new().file("recipe.ssl", &recipe);
        let found = test.run(&["check", "recipe.ssl", "--json"]).code(1).json();
        let found: Vec<String> = codes(&found)
            .into_iter()
            .map(|(code, _)| code)
            .filter(|code| code.starts_with('E'))
            .collect();
        let wanted = if code == "E0209" && to == "|>" { 2 } else { 1 };
        assert_eq!(found, vec![code.to_owned(); wanted], "{to}");
    }
}

#[test]
fn at_most_twenty_errors_are_shown() {
    let mut recipe = String::from("ssl 1\n\n");
    for i in 0..30 {
        recipe += &format!("dataset d{i} = shapes(train = 1px)\n");
    }
    recipe += "dataset gone = image_folder(\"nowhere\")\n";
    let test = Test::new().file("recipe.ssl", &recipe);
    let found = test.run(&["check", "recipe.ssl", "--json"]).code(1).json();
    assert_eq!(codes(&found).len(), 20);
    test.run(&["check", "recipe.ssl"])
        .code(1)
        .says("11 more errors are not shown");
}

#[test]
fn settings_go_through_the_same_checks() {
    let test = Test::new().file("recipe.ssl", super::RECIPE);
    test.run(&["check", "recipe.ssl", "--set", "contrast.batch=10"])
        .success();
    test.run(&[
        "check",
        "recipe.ssl",
        "--set",
        "contrast.batch=10px",
        "--set",
        "contrast.bach=3",
        "--set",
        "run.seed=x",
    ])
    .code(1)
    .says("E0303")
    .says("E0203")
    .says("E0301")
    .says("--set:1:");
    test.run(&["check", "recipe.ssl", "--set", "nothing"])
        .code(3)
        .says("--set nothing");
}

#[test]
fn warnings_can_be_denied() {
    let recipe = super::RECIPE.replace("warmup = 2 steps", "warmup = 9 steps");
    let test = Test::new().file("recipe.ssl", &recipe);
    test.run(&["check", "recipe.ssl"]).success().says("W0703");
    test.run(&["check", "recipe.ssl", "--deny", "warnings"])
        .code(1);
}

#[test]
fn memory_beyond_what_is_free_is_a_warning() {
    let test = Test::new().file(
        "recipe.ssl",
        "ssl 1\ndataset d = shapes(train = 1000000)\npretext p = rotation() { data = d.train, encoder = resnet50(stem = small), \
         batch = 500000 }\n",
    );
    test.run(&["check", "recipe.ssl"])
        .success()
        .says("W0708")
        .says("recipe.ssl:3:9");
}

//! What a stage means decides whether it runs again: other names and other ways of writing rerun nothing, and what does run again says
//! why.

use std::thread::sleep;
use std::time::Duration;

use super::{Test, bytes, equal, killed_after, loud, with};

const RECIPE: &str = r#"ssl 1

dataset figures = shapes(train = 48, valid = 32, test = 32)

augment view(image) {
  cut = image |> random_crop(32px, padding = 2px)
  emit cut |> hflip(50%) |> normalize()
}
augment pair(image) { emit a = image |> view(), b = image |> view() }

pretext pairs = simclr(temperature = 0.2) {
  data     = figures.train
  augment  = pair
  encoder  = small_cnn(width = 4)
  head     = linear(16) |> relu() |> linear(8)
  batch    = 16
  length   = 2 epochs
  schedule = constant()
}

pretext turns = rotation() {
  data     = figures.train
  encoder  = small_cnn(width = 4)
  batch    = 16
  length   = 1 epoch
  schedule = cosine()
}

evaluate near = knn(k = 5) { from = pairs, data = figures.train, test = figures.test }
evaluate turned = knn(k = 5) { from = turns, data = figures.train, test = figures.test }

run { seed = 3, threads = 1 }
"#;

const DONE: &str = "done before";

/// What a plan says of each stage, in order, for a recipe with some texts replaced.
fn outlook(test: &Test, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut text = RECIPE.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "no {from} in the recipe");
        text = text.replace(from, to);
    }
    test.write("other.ssl", &text);
    let said = test.run(&["plan", "other.ssl", "--out", "out", "--json"]);
    let said = said.success().json();
    let stages = said["stages"].as_array().expect("stages").iter();
    stages
        .map(|stage| {
            let name = stage["stage"].as_str().expect("a name").to_owned();
            let now = said["now"][&name].as_str().unwrap_or("").to_owned();
            (name, now)
        })
        .collect()
}

#[test]
fn other_words_rerun_nothing_and_other_meanings_what_they_concern() {
    let test = with(RECIPE).file(
        "common/views.ssl",
        "ssl 1\n\naugment view(image) { emit image |> random_crop(32px, padding = 2px) |> hflip(50%) |> normalize() }\n\
         augment pair(image) { emit a = image |> view(), b = image |> view() }\n",
    );
    loud(&test, "out", &[]).success();
    let pair = "augment pair(image) { emit a = image |> view(), b = image |> view() }\n";
    let view = "augment view(image) {\n  cut = image |> random_crop(32px, padding = 2px)\n  emit cut |> hflip(50%) |> normalize()\n}\n";
    let same: &[(&str, &[(&str, &str)])] = &[
        ("as it is", &[]),
        (
            "a stage's name",
            &[("pretext pairs", "pretext p"), ("from = pairs", "from = p")],
        ),
        (
            "all stages' names",
            &[
                ("pairs", "twins"),
                ("turns", "quarters"),
                ("evaluate near", "evaluate neighbours"),
            ],
        ),
        (
            "names that change places",
            &[
                ("pretext pairs", "pretext X"),
                ("from = pairs", "from = X"),
                ("turns", "pairs"),
                ("X", "turns"),
            ],
        ),
        ("an augment's name", &[("view(", "look(")]),
        (
            "the name of the augment of a stage",
            &[("augment pair", "augment two"), ("= pair\n", "= two\n")],
        ),
        ("a binding's name", &[("cut", "upright")]),
        (
            "names of what is emitted",
            &[("emit a =", "emit first ="), (", b =", ", second =")],
        ),
        ("a data set's name", &[("figures", "some")]),
        (
            "an alias",
            &[
                ("figures.t", "again.t"),
                ("\naugment view", "dataset again = figures\n\naugment view"),
            ],
        ),
        ("an unrelated split", &[("valid = 32, ", "valid = 16, ")]),
        (
            "an unrelated data set",
            &[(
                "\naugment view",
                "dataset others = shapes(train = 8, valid = 8, test = 8)\n\naugment view",
            )],
        ),
        (
            "an unrelated augment",
            &[(
                "\npretext pairs",
                "\naugment idle(image) { emit image |> hflip(20%) }\n\npretext pairs",
            )],
        ),
        (
            "an unused binding",
            &[("emit cut", "unused = image |> hflip(10%)\n  emit cut")],
        ),
        (
            "steps that stand in another augment",
            &[
                (view, ""),
                (
                    pair,
                    "augment pair(image) { emit a = image |> random_crop(32px, padding = 2px) |> hflip(50%) |> normalize(), b = image |> random_crop(32px, padding = 2px) |> hflip(50%) |> normalize() }\n",
                ),
            ],
        ),
        (
            "brackets",
            &[(
                "emit cut |> hflip(50%) |> normalize()",
                "emit (cut |> hflip(50%)) |> normalize()",
            )],
        ),
        (
            "layout",
            &[(
                "\n  batch    = 16\n  length   = 2 epochs\n",
                "\n  batch = 16, length = 2 epochs // as before\n",
            )],
        ),
        (
            "the order of fields",
            &[(
                "  batch    = 16\n  length   = 2 epochs\n",
                "  length = 2 epochs\n  batch = 16\n",
            )],
        ),
        (
            "a default that is written",
            &[(
                "simclr(temperature = 0.2) {",
                "simclr(temperature = 0.2) {\n  accumulate = 1",
            )],
        ),
        (
            "another number of the same value",
            &[("temperature = 0.2", "temperature = 2e-1")],
        ),
        (
            "shared settings",
            &[
                ("  data     = figures.train\n", ""),
                (
                    "\npretext pairs",
                    "\npretext { data = figures.train }\n\npretext pairs",
                ),
            ],
        ),
        (
            "layers with a name",
            &[
                (
                    "head     = linear(16) |> relu() |> linear(8)",
                    "head = narrow",
                ),
                (
                    "\npretext pairs",
                    "\nlayers narrow = linear(16) |> relu() |> linear(8)\n\npretext pairs",
                ),
            ],
        ),
        (
            "an encoder with a name",
            &[
                (
                    "\n  encoder  = small_cnn(width = 4)",
                    "\n  encoder  = trunk",
                ),
                (
                    "\npretext pairs",
                    "\nencoder trunk = small_cnn(width = 4)\n\npretext pairs",
                ),
            ],
        ),
        (
            "a used recipe",
            &[
                (view, ""),
                (pair, ""),
                ("= pair\n", "= views.pair\n"),
                ("ssl 1\n", "ssl 1\n\nuse \"common/views.ssl\"\n"),
            ],
        ),
        (
            "checkpoints and monitors",
            &[(
                "  batch    = 16\n  length   = 2 epochs\n",
                "  batch = 16\n  length = 2 epochs\n  checkpoint = every(3 steps)\n  monitor = knn(figures.valid, k = 3, every = 1 epoch)\n",
            )],
        ),
        (
            "the order of stages",
            &[
                (
                    "evaluate near = knn(k = 5) { from = pairs, data = figures.train, test = figures.test }\n",
                    "",
                ),
                (
                    "\nrun {",
                    "evaluate near = knn(k = 5) { from = pairs, data = figures.train, test = figures.test }\n\nrun {",
                ),
            ],
        ),
        ("threads", &[("threads = 1", "threads = 2, workers = 3")]),
    ];
    for (what, changes) in same {
        for (stage, now) in outlook(&test, changes) {
            assert!(now.starts_with(DONE), "{what}: {stage}: {now:?}");
        }
    }
    // what is changed, the words for it, and the stages that run again
    let other: &[(&str, &str, &str, &[&str])] = &[
        (
            "temperature = 0.2",
            "temperature = 0.3",
            "`temperature` was 0.2, is 0.3: trains anew",
            &["pairs", "near"],
        ),
        (
            "hflip(50%)",
            "hflip(40%)",
            "`augment.hflip.chance` was 50%, is 40%",
            &["pairs", "near"],
        ),
        (
            "random_crop(32px, padding = 2px)",
            "random_crop(32px, padding = 3px)",
            "`augment.random_crop.padding` was 2px, is 3px",
            &["pairs", "near"],
        ),
        (
            "b = image |> view()",
            "b = image |> hflip(10%)",
            "`augment.hflip.2",
            &["pairs", "near"],
        ),
        (
            "linear(16)",
            "linear(12)",
            "`head.linear.n` was 16, is 12: trains anew",
            &["pairs", "near"],
        ),
        (
            "figures.train\n  augment",
            "figures.valid\n  augment",
            "`data.split` was train, is valid",
            &["pairs", "near"],
        ),
        (
            "length   = 1 epoch",
            "length = 2 epochs",
            "`length` was 1 epoch, is 2 epochs: trains anew because `schedule = cosine(…)` depends on the length",
            &["turns", "turned"],
        ),
        (
            "length   = 2 epochs",
            "length = 3 epochs",
            "`length` was 2 epochs, is 3 epochs: trains on from step 6",
            &["pairs", "near"],
        ),
        (
            "length   = 2 epochs",
            "length = 1 epoch",
            "`length` was 2 epochs, is 1 epoch: trains anew because nothing is kept of the way to there",
            &["pairs", "near"],
        ),
        (
            "schedule = constant()",
            "schedule = linear()",
            "`schedule` was constant, is linear: trains anew",
            &["pairs", "near"],
        ),
        (
            "evaluate near = knn(k = 5)",
            "evaluate near = knn(k = 6)",
            "`k` was 5, is 6: runs anew",
            &["near"],
        ),
        (
            "train = 48",
            "train = 64",
            "`data.train` was 48, is 64",
            &["pairs", "turns", "near", "turned"],
        ),
        (
            "test = 32",
            "test = 16",
            "`test.test` was 32, is 16",
            &["near", "turned"],
        ),
        (
            "seed = 3",
            "seed = 4",
            "`run.seed` was 3, is 4: trains anew",
            &["pairs", "turns", "near", "turned"],
        ),
        (
            "from = turns",
            "from = pairs",
            "is another: runs anew",
            &["turned"],
        ),
    ];
    for (from, to, words, concerned) in other {
        let found = outlook(&test, &[(from, to)]);
        let again: Vec<&str> = (found.iter())
            .filter(|(_, now)| !now.starts_with(DONE))
            .map(|(stage, _)| stage.as_str())
            .collect();
        let mut concerned = concerned.to_vec();
        concerned.sort_by_key(|name| found.iter().position(|(stage, _)| stage == name));
        assert_eq!(again, concerned, "{from} → {to}: {found:?}");
        let said = found.iter().any(|(_, now)| now.contains(words));
        assert!(said, "{from} → {to}: no {words:?} in {found:?}");
    }
}

#[test]
fn renamed_stages_are_kept_under_the_names_of_today() {
    let test = with(RECIPE);
    loud(&test, "out", &[]).success();
    let files = ["out/stages/pairs/final.ckpt", "out/stages/turns/final.ckpt"];
    let [pairs, turns] = files.map(|file| bytes(&test.path(file)));
    let results = test.text("out/results.json");
    // the two trainings change their names, and so does one of what judges them
    let swapped = RECIPE
        .replace("pretext pairs", "pretext X")
        .replace("from = pairs", "from = X")
        .replace("turns", "pairs")
        .replace('X', "turns")
        .replace("evaluate near", "evaluate closest");
    test.write("recipe.ssl", &swapped);
    loud(&test, "out", &[])
        .success()
        .says("names changed: `turned` kept; `turns` (was `pairs`), `pairs` (was `turns`) and `closest` (was `near`) kept")
        .says_not("trains")
        .says("closest · finished before, skipped");
    assert!(bytes(&test.path("out/stages/turns/final.ckpt")) == pairs);
    assert!(bytes(&test.path("out/stages/pairs/final.ckpt")) == turns);
    let expected = results
        .replace("\"pairs\"", "\"X\"")
        .replace("\"turns\"", "\"pairs\"")
        .replace("\"X\"", "\"turns\"")
        .replace("\"near\"", "\"closest\"");
    assert_eq!(test.text("out/results.json"), expected);
    assert!(!test.path("out/stages/near").exists());
    let report = test.text("out/report.html");
    assert!(report.contains("closest") && !report.contains(">near<"));
    // and what is there is what a run of its own gives
    loud(&test, "fresh", &[]).success();
    equal(
        &test,
        ["out", "fresh"],
        &["results.json", "stages/turns/metrics.jsonl"],
    );
}

#[test]
fn a_longer_training_goes_on_where_that_is_the_same() {
    let test = with(RECIPE);
    loud(&test, "out", &[]).success();
    let longer = ["--set", "pairs.length=4 epochs"];
    loud(&test, "out", &longer)
        .success()
        .says("pairs · `length` was 2 epochs, is 4 epochs: trains on from step 6")
        .says("pairs · training resumed at step 6")
        .says("near · `pairs` is another: runs anew");
    loud(&test, "fresh", &longer).success();
    let files = [
        "results.json",
        "stages/pairs/final.ckpt",
        "stages/pairs/metrics.jsonl",
        "stages/pairs/meaning.json",
        "stages/near/result.json",
    ];
    equal(&test, ["out", "fresh"], &files);
    // the shorter one is still there
    loud(&test, "out", &[])
        .success()
        .says("taken back from an earlier run with these settings");
    // a schedule that looks at the end begins otherwise
    loud(&test, "out", &["--set", "turns.length=2 epochs"])
        .success()
        .says("turns · `length` was 1 epoch, is 2 epochs: trains anew because `schedule = cosine(…)` depends on the length");
}

#[test]
fn an_unfinished_stage_goes_on_under_another_name() {
    let long = RECIPE.replace(
        "length   = 2 epochs",
        "length = 60 epochs\n  checkpoint = every(2 steps)",
    );
    let test = with(&long);
    killed_after(&test, "out", || {
        let folder = test.path("out/stages/pairs/checkpoints");
        // one that is still being written has another ending
        let is_whole = |name: &std::path::Path| name.extension().is_some_and(|own| own == "ckpt");
        let any = std::fs::read_dir(folder)
            .is_ok_and(|files| files.flatten().any(|file| is_whole(&file.path())));
        sleep(Duration::from_millis(5));
        any
    });
    assert!(!test.path("out/stages/pairs/final.ckpt").exists());
    let renamed = long.replace("pairs", "twins").replace("view(", "look(");
    test.write("recipe.ssl", &renamed);
    loud(&test, "out", &[])
        .success()
        .says("`twins` (was `pairs`)")
        .says("twins · training resumed at step");
    loud(&test, "fresh", &[]).success();
    let files = [
        "results.json",
        "stages/twins/final.ckpt",
        "stages/twins/metrics.jsonl",
    ];
    equal(&test, ["out", "fresh"], &files);
}

#[test]
fn two_stages_of_one_meaning_run_once() {
    let test = with(&RECIPE.replace(
        "\nevaluate near",
        "\npretext again = rotation() {\n  data = figures.train, encoder = small_cnn(width = 4), batch = 16, length = 1 epoch, schedule = cosine()\n}\n\nevaluate near",
    ));
    loud(&test, "out", &[])
        .success()
        .says("again · the same as `turns`, which is there");
    let [a, b] = ["turns", "again"]
        .map(|stage| bytes(&test.path(&format!("out/stages/{stage}/final.ckpt"))));
    assert!(a == b);
    loud(&test, "out", &[])
        .success()
        .says("again · finished before, skipped");
}

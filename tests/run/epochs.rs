//! Work before each epoch: a run that is killed does it again with the same result, and it trains.

use std::fs;

use super::{RECIPE, run, same, undisturbed_and_killed_with, with};

/// DeepCluster in the place of rotations; an epoch has 16 steps.
fn recipe(checkpoint: &str) -> String {
    let crop = "augment seen(image) { emit view = image |> random_resized_crop(32px, scale = 0.5..1.0) |> hflip(50%) |> normalize() }";
    RECIPE
        .replace(
            "dataset figures",
            &format!("use script \"deepcluster.rhai\"\n\n{crop}\n\ndataset figures"),
        )
        .replace(
            "rotation() {",
            "deepcluster(clusters = 8, iterations = 5) {\n  augment    = seen",
        )
        .replace("|> dropout(20%) |> linear(4)", "|> linear(8)")
        .replace("every(5 steps, keep = 2)", checkpoint)
}

fn script() -> (&'static str, String) {
    let path = format!(
        "{}/recipes/tasks/deepcluster.rhai",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    ("deepcluster.rhai", text)
}

#[test]
fn kills_anywhere_in_an_epoch_leave_the_same_bytes() {
    let test = undisturbed_and_killed_with(&recipe("every(5 steps, keep = 2)"), script());
    same(&test.path("plain"), &test.path("killed"));
}

#[test]
fn going_on_from_the_start_of_an_epoch_leaves_the_same_bytes() {
    // every checkpoint is at the end of an epoch
    let test = undisturbed_and_killed_with(&recipe("every(16 steps, keep = 2)"), script());
    same(&test.path("plain"), &test.path("killed"));
}

/// What is built in is the script, to the bit.
#[test]
fn a_script_trains_as_what_is_built_in() {
    let losses = |test: &super::Test| {
        let path = test.path("run/stages/rotations/metrics.jsonl");
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let (name, text) = script();
    let text_of = recipe("every(50 steps)");
    let built_in = with(&text_of.replace("use script \"deepcluster.rhai\"\n", ""));
    let script = with(&text_of).file(name, text);
    for test in [&built_in, &script] {
        run(test, "run", &[]).success();
    }
    assert_eq!(losses(&built_in), losses(&script));
}

#[test]
fn threads_change_nothing() {
    let (name, text) = script();
    let test = with(&recipe("every(50 steps)")).file(name, text);
    for (out, workers) in [("one", "run.workers=1"), ("four", "run.workers=4")] {
        run(&test, out, &["--set", workers]).success();
    }
    same(&test.path("one"), &test.path("four"));
}

#[test]
fn clusters_are_learnt_and_the_plan_says_what_they_cost() {
    let (name, text) = script();
    let test = with(&recipe("every(50 steps)")).file(name, text);
    let plan = test.run(&["plan", "recipe.ssl"]).success().stdout();
    assert!(
        plan.contains("each epoch   fills `bank` [256, 8]"),
        "{plan}"
    );
    assert!(
        plan.contains("k-means of `bank` into 8 clusters, 5 iterations"),
        "{plan}"
    );
    let ran = test.run(&["run", "recipe.ssl", "--out", "run"]).success();
    assert!(
        ran.stderr().contains("trained for 64 steps"),
        "{}",
        ran.stderr()
    );
    // how often a picture finds its own cluster among eight, in the first epoch's end and the last's
    let text = test.text("run/stages/rotations/metrics.jsonl");
    let read: Vec<f64> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|line| line["accuracy"].as_f64())
        .collect();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    assert_eq!(read.len(), 64);
    let (first, last) = (mean(&read[..8]), mean(&read[56..]));
    assert!(last > first + 0.1 && last > 0.4, "{first} {last}");
}

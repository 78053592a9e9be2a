//! Every task by its recipe: it is sound, and what it learns is worth more than the same encoder untrained.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pretext::catalog::{Catalog, Kind};

fn recipes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes")
}

fn pretext(arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pretext"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &said
}

/// kNN accuracy of the recipe of a task: trained for `length`, and untrained.
fn trained(task: &str, length: &str) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let recipe = recipes().join(format!("{task}_shapes.ssl"));
    let recipe = recipe.to_str().expect("a path");
    let length = format!("pretrain.length={length}");
    let arguments = ["run", recipe, "--quiet", "--out", "run", "--set", &length];
    pretext(&arguments, folder.path());
    let text = fs::read_to_string(folder.path().join("run/results.json")).expect("results");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).expect("an array");
    let row = rows.iter().find(|row| row["evaluator"] == "knn");
    let row = row.expect("kNN");
    let number = |key: &str| row[key].as_f64().expect("a number");
    (number("value"), number("untrained"))
}

#[test]
fn every_task_has_a_summary_a_paper_docs_and_a_recipe() {
    let mut texts = String::new();
    for entry in fs::read_dir(recipes()).expect("recipes") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "ssl") {
            texts += &fs::read_to_string(path).expect("a recipe");
        }
    }
    for spec in Catalog::builtin().of_kind(Kind::Task) {
        let name = &spec.name;
        assert!(!spec.summary.is_empty() && spec.doc.len() > 100, "{name}");
        assert!(spec.paper.is_some() && !spec.inputs.is_empty(), "{name}");
        assert!(
            spec.params.iter().all(|param| !param.doc.is_empty()),
            "{name}"
        );
        assert!(
            texts.contains(&format!("= {name}(")),
            "no recipe for {name}"
        );
    }
}

#[test]
fn every_example_and_every_recipe_on_shapes_is_sound() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for spec in Catalog::builtin().of_kind(Kind::Task) {
        let path = folder.path().join(format!("{}.ssl", spec.name));
        fs::write(&path, &spec.example).expect("a recipe");
        pretext(
            &[
                "check",
                path.to_str().expect("a path"),
                "--deny",
                "warnings",
            ],
            folder.path(),
        );
    }
    for entry in fs::read_dir(recipes()).expect("recipes") {
        let path = entry.expect("an entry").path();
        let name = path.to_str().expect("a path");
        if name.ends_with("_shapes.ssl") {
            pretext(&["check", name, "--deny", "warnings"], folder.path());
        }
    }
}

#[test]
fn a_batch_that_outgrows_its_queue_is_refused_at_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let recipe = recipes().join("moco_shapes.ssl");
    let output = Command::new(env!("CARGO_BIN_EXE_pretext"))
        .args([
            "check",
            recipe.to_str().expect("a path"),
            "--set",
            "pretrain.batch=2000",
        ])
        .current_dir(folder.path())
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("a batch of 2000 does not fit into the 1024 rows of `queue`"),
        "{said}"
    );
}

/// Trains by the recipe of a task for `length`; kNN must gain so much on the untrained encoder.
fn beats(task: &str, length: &str, gain: f64) {
    let (trained, untrained) = trained(task, length);
    println!("{task}: {trained} after {length}, {untrained} untrained");
    assert!(
        trained >= untrained + gain,
        "{task}: {trained}, untrained {untrained}"
    );
}

#[test]
fn a_few_seconds_of_vicreg_beat_the_untrained_encoder() {
    beats("vicreg", "3 epochs", 0.15);
}

macro_rules! trainings {
    ($($task:ident for $length:literal gains $gain:literal)*) => {
        $(
            #[test]
            #[ignore = "trains for a minute"]
            fn $task() {
                beats(stringify!($task), $length, $gain);
            }
        )*
    };
}

trainings! {
    barlow_twins for "12 epochs" gains 0.2
    simsiam for "12 epochs" gains 0.1
}

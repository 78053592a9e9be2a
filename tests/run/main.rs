//! Short trainings through the binary, with everything that may happen to one.

mod scripts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A small net with batch norm and dropout, checkpointed every few steps.
const RECIPE: &str = r#"ssl 1

dataset figures = shapes(train = 256, valid = 64, test = 64)

pretext rotations = rotation() {
  data       = figures.train
  encoder    = small_cnn(width = 4)
  head       = linear(16) |> batch_norm() |> relu() |> dropout(20%) |> linear(4)
  batch      = 16
  length     = 4 epochs
  optimizer  = adamw(3e-3)
  schedule   = cosine(warmup = 4 steps)
  monitor    = knn(figures.valid, k = 5, every = 1 epoch)
  checkpoint = every(5 steps, keep = 2)
}

evaluate neighbours = knn(k = 5) { from = rotations, data = figures.train, test = figures.test }

export weights = safetensors("trunk.safetensors") { from = rotations }

run { seed = 3, threads = 1 }
"#;

/// A recipe in a folder of its own, and the command line that runs it.
struct Test {
    folder: tempfile::TempDir,
}

impl Test {
    fn new(recipe: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("recipe.ssl"), recipe).expect("a recipe");
        Self { folder }
    }

    fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pretext"));
        command
            .current_dir(self.folder.path())
            .args(["run", "recipe.ssl", "--quiet", "--out", out])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().expect("the binary starts")
    }

    fn path(&self, out: &str) -> PathBuf {
        self.folder.path().join(out)
    }
}

/// What must not depend on how often a run was disturbed.
fn results(run: &Path) -> Vec<(&'static str, Vec<u8>)> {
    [
        "results.json",
        "trunk.safetensors",
        "stages/rotations/final.ckpt",
        "stages/rotations/metrics.jsonl",
        "stages/neighbours/result.json",
        "stages/neighbours/embedding.json",
    ]
    .into_iter()
    .map(|name| {
        (
            name,
            fs::read(run.join(name)).unwrap_or_else(|e| panic!("{name}: {e}")),
        )
    })
    .collect()
}

fn same(a: &Path, b: &Path) {
    for ((name, a), (_, b)) in results(a).into_iter().zip(results(b)) {
        assert!(a == b, "{name} differs");
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a recipe once undisturbed and once killed again and again.
fn undisturbed_and_killed(recipe: &str) -> Test {
    let test = Test::new(recipe);
    let plain = test.run("plain", &[]);
    assert!(plain.status.success(), "{}", stderr(&plain));
    // killed at moments that a fixed sequence chooses, also with another number of loader threads
    let mut kills = 0;
    for round in 0..200u64 {
        let workers = if round % 2 == 0 {
            "run.workers=1"
        } else {
            "run.workers=3"
        };
        let mut child: Child = test
            .command("killed", &["--set", workers])
            .spawn()
            .expect("a run");
        sleep(Duration::from_millis(120 + round * 7919 % 400));
        if child.try_wait().expect("a status").is_some() {
            break;
        }
        child.kill().expect("a kill");
        child.wait().expect("an end");
        kills += 1;
    }
    let last = test.run("killed", &[]);
    assert!(last.status.success(), "{}", stderr(&last));
    assert!(kills > 0, "the run was over before the first kill");
    test
}

#[test]
fn kills_leave_the_same_bytes() {
    let test = undisturbed_and_killed(RECIPE);
    same(&test.path("plain"), &test.path("killed"));
}

#[test]
fn kills_leave_the_same_bytes_with_every_field_of_a_training_stage() {
    let recipe = RECIPE
        .replace("every(5 steps, keep = 2)", "best(valid.knn, period = 5 steps)\n  stop = early(valid.loss, patience = 1 epoch)\n  valid = figures.valid\n  average = ema(0.8)\n  layer_decay = 75%\n  precision = bf16\n  checkpointing = on\n  accumulate = 2")
        .replace("length     = 4 epochs", "length     = 12 epochs");
    let test = undisturbed_and_killed(&recipe);
    same(&test.path("plain"), &test.path("killed"));
}

/// Readings of one name in `metrics.jsonl`: step and value.
fn readings(run: &Path, name: &str) -> Vec<(u64, f64)> {
    let text = fs::read_to_string(run.join("stages/rotations/metrics.jsonl")).expect("metrics");
    text.lines()
        .filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            Some((line["step"].as_u64()?, line.get(name)?.as_f64()?))
        })
        .collect()
}

/// The step that a stage's weights are of.
fn step_of(run: &Path) -> u64 {
    let path = run.join("stages/rotations/final.ckpt");
    pretext::engine::checkpoint::read(&path)
        .expect("weights")
        .state
        .step
}

#[test]
fn the_best_weights_are_those_of_the_best_reading() {
    let recipe = RECIPE
        .replace(
            "every(5 steps, keep = 2)",
            "best(valid.loss)\n  valid = figures.valid",
        )
        .replace("adamw(3e-3)", "sgd(0.5)")
        .replace("cosine(warmup = 4 steps)", "constant()");
    let test = Test::new(&recipe);
    let output = test.run("run", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let read = readings(&test.path("run"), "valid.loss");
    assert_eq!(read.len(), 4, "one an epoch");
    let best = read
        .iter()
        .copied()
        .reduce(|a, b| if b.1 < a.1 { b } else { a });
    assert_eq!(best.map(|(step, _)| step), Some(step_of(&test.path("run"))));
    assert!(!test.path("run").join("stages/rotations/best.ckpt").exists());
}

#[test]
fn training_ends_when_a_reading_gets_no_better() {
    // a rate of 0: the first reading stays the best
    let recipe = RECIPE
        .replace(
            "every(5 steps, keep = 2)",
            "every(5 steps)\n  stop = early(valid.knn, patience = 2 epochs)",
        )
        .replace("adamw(3e-3)", "sgd(0)")
        .replace("length     = 4 epochs", "length     = 50 epochs");
    let test = Test::new(&recipe);
    let output = test.run("run", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let read = readings(&test.path("run"), "monitor.knn");
    let best = read
        .iter()
        .copied()
        .reduce(|a, b| if b.1 > a.1 { b } else { a });
    let (best, last) = (best.expect("a reading").0, step_of(&test.path("run")));
    assert!(last < 50 * 16, "{read:?}");
    assert_eq!(last, best + 2 * 16, "{read:?}");
}

#[test]
fn loader_threads_change_nothing() {
    let test = Test::new(RECIPE);
    for (out, workers) in [("one", "run.workers=1"), ("four", "run.workers=4")] {
        let output = test.run(out, &["--set", workers]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    same(&test.path("one"), &test.path("four"));
}

#[test]
fn a_finished_run_is_skipped() {
    let test = Test::new(RECIPE);
    let first = test.run("run", &[]);
    assert!(first.status.success(), "{}", stderr(&first));
    let weights = test.path("run").join("stages/rotations/final.ckpt");
    let written = fs::metadata(&weights)
        .and_then(|m| m.modified())
        .expect("weights");
    let again = test.run("run", &[]);
    assert!(again.status.success(), "{}", stderr(&again));
    assert_eq!(
        fs::metadata(&weights)
            .and_then(|m| m.modified())
            .expect("weights"),
        written
    );
    assert_eq!(first.stdout, again.stdout);
}

#[test]
fn another_seed_keeps_what_the_first_one_left() {
    let test = Test::new(RECIPE);
    assert!(test.run("run", &[]).status.success());
    assert!(test.run("run", &["--set", "run.seed=4"]).status.success());
    let aside = fs::read_dir(test.path("run").join("stages"))
        .expect("stages")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("rotations~"))
        .count();
    assert_eq!(aside, 1);
}

#[test]
fn a_diverging_loss_names_its_stage() {
    // each step multiplies the weights by 1 - 1e3 * 10: beyond f32 after ten of them
    let test = Test::new(
        &RECIPE
            .replace("adamw(3e-3)", "sgd(1e3, weight_decay = 10)")
            .replace("cosine(warmup = 4 steps)", "constant()"),
    );
    let output = test.run("run", &[]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("error[E0801]"), "{text}");
    assert!(text.contains("recipe.ssl:"), "{text}");
}

#[test]
fn an_unsound_recipe_runs_nothing() {
    let test = Test::new(&RECIPE.replace("|> linear(4)", "|> linear(9)"));
    let output = test.run("run", &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("error[E0402]"), "{text}");
    assert!(text.contains("recipe.ssl:8"), "{text}");
    assert!(!test.path("run").exists());
}

/// The accuracy that `metrics.jsonl` reports, averaged over its lines.
fn mean_accuracy(run: &Path) -> f64 {
    let text = fs::read_to_string(run.join("stages/rotations/metrics.jsonl")).expect("metrics");
    let found: Vec<f64> = text
        .lines()
        .filter_map(|line| {
            serde_json::from_str::<serde_json::Value>(line).ok()?["accuracy"].as_f64()
        })
        .collect();
    assert!(!found.is_empty());
    found.iter().sum::<f64>() / found.len() as f64
}

#[test]
fn turns_that_belong_to_another_draw_stay_at_chance() {
    // the view is turned by one draw and labelled with another: there is nothing to learn
    let augment = "augment shuffled(image) {\n  upright = image |> normalize()\n  (view, own) = upright |> \
                   quarter_turn()\n  (other, turn) = upright |> quarter_turn()\n  emit view, turn\n}\n\npretext rotations";
    let test = Test::new(
        &RECIPE
            .replace("pretext rotations", augment)
            .replace("train = 256", "train = 1024")
            .replace("encoder    =", "augment    = shuffled\n  encoder    =")
            .replace("length     = 4 epochs", "length     = 2 epochs"),
    );
    let output = test.run("run", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let accuracy = mean_accuracy(&test.path("run"));
    // 2048 guesses at 1/4: s.d. 0.0096
    assert!((accuracy - 0.25).abs() < 0.04, "{accuracy}");
}

#[test]
#[ignore = "two minutes of training"]
fn the_quickstart_beats_its_baselines_with_every_seed() {
    let recipe = concat!(env!("CARGO_MANIFEST_DIR"), "/recipes/quickstart.ssl");
    let test = Test::new(&fs::read_to_string(recipe).expect("the quickstart"));
    for seed in ["run.seed=1", "run.seed=2", "run.seed=3"] {
        let output = test.run(seed, &["--set", seed]);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = fs::read_to_string(test.path(seed).join("results.json")).expect("results");
        let rows: Vec<serde_json::Value> = serde_json::from_str(&text).expect("an array");
        let row = rows
            .iter()
            .find(|row| row["evaluator"] == "knn")
            .expect("kNN");
        let [value, untrained, raw] =
            ["value", "untrained", "raw"].map(|key| row[key].as_f64().expect("a number"));
        assert!(
            value - untrained >= 0.15 && value - raw >= 0.15,
            "{seed}: {row}"
        );
    }
}

#[test]
fn cut_pictures_are_probed_by_a_hidden_layer() {
    let recipe = r#"ssl 1

dataset figures = shapes(train = 128, valid = 32, test = 64)

augment holed(image) {
  (view, turn) = image |> cutout(8px) |> normalize() |> quarter_turn()
  emit view, turn
}

pretext rotations = rotation() {
  data    = figures.train
  augment = holed
  encoder = small_cnn(width = 4)
  batch   = 16
  length  = 8 steps
}

finetune probe = mlp_probe(at = [conv2]) {
  from   = rotations
  data   = figures.train
  test   = figures.test
  batch  = 32
  length = 2 epochs
}

run { seed = 3, threads = 1 }
"#;
    let test = Test::new(recipe);
    let output = test.run("run", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = fs::read_to_string(test.path("run/results.json")).expect("results");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).expect("an array");
    let row = rows.iter().find(|row| row["evaluator"] == "mlp_probe");
    let value = row.and_then(|row| row["value"].as_f64());
    assert!(
        value.is_some_and(|value| (0.0..=1.0).contains(&value)),
        "{text}"
    );
}

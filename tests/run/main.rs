//! Short trainings through the binary, with everything that may happen to one.

mod alive;
mod begins;
mod bundles;
mod clips;
mod collapse;
mod dialogues;
mod epochs;
mod exhibits;
mod export;
mod identity;
mod judges;
mod kept;
mod left_out;
mod parts;
mod replies;
mod rewards;
mod scripts;
mod strangers;
mod supervised;
mod sweep;
mod watched;
mod word_vectors;
mod words;

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

#[path = "../support/mod.rs"]
mod support;

use support::{Ran, Test};

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

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn same(a: &Path, b: &Path) {
    for ((name, a), (_, b)) in results(a).into_iter().zip(results(b)) {
        assert!(a == b, "{name} differs");
    }
}

fn with(recipe: &str) -> Test {
    Test::new().file("recipe.ssl", recipe)
}

fn arguments<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["run", "recipe.ssl", "--quiet", "--out", out], more].concat()
}

/// Runs the recipe to its end.
fn run(test: &Test, out: &str, more: &[&str]) -> Ran {
    test.run(&arguments(out, more))
}

/// The same, and says all that there is to say.
fn loud(test: &Test, out: &str, more: &[&str]) -> Ran {
    test.run(&[&["run", "recipe.ssl", "--out", out], more].concat())
}

/// Starts the recipe.
fn start(test: &Test, out: &str, more: &[&str]) -> Child {
    test.command(&arguments(out, more)).spawn().expect("a run")
}

/// Starts the recipe, kills it after so many milliseconds, and runs it to its end with another number of loader threads.
fn killed(test: &Test, more: &[&str], after: u64) {
    let mut child = start(test, "killed", more);
    sleep(Duration::from_millis(after));
    let _ = child.kill();
    let _ = child.wait();
    run(
        test,
        "killed",
        &[more, &["--set", "run.workers=3"]].concat(),
    )
    .success();
}

/// Starts the recipe and kills it once `there` says that it has come far enough.
fn killed_after(test: &Test, out: &str, mut there: impl FnMut() -> bool) {
    let mut child = start(test, out, &[]);
    for _ in 0..20_000 {
        if there() || child.try_wait().is_ok_and(|ended| ended.is_some()) {
            break;
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// These files are the same in both run directories.
fn equal(test: &Test, runs: [&str; 2], files: &[impl std::fmt::Display]) {
    for file in files {
        let [a, b] = runs.map(|out| bytes(&test.path(&format!("{out}/{file}"))));
        assert!(a == b, "{file} differs");
    }
}

/// The last value of this name that a stage has written down.
fn last(test: &Test, out: &str, stage: &str, name: &str) -> f64 {
    let lines = test.text(&format!("{out}/stages/{stage}/metrics.jsonl"));
    let mut values = lines.lines().rev().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        line[name].as_f64()
    });
    values
        .next()
        .unwrap_or_else(|| panic!("no `{name}` in {lines}"))
}

#[test]
fn twenty_kills_leave_the_same_bytes() {
    let test = with(RECIPE);
    run(&test, "plain", &[]).success();
    let mut kills = 0u64;
    let mut folders = 0;
    while kills < 20 {
        let out = format!("killed{folders}");
        folders += 1;
        // killed at moments that a fixed sequence chooses, also with another number of loader threads
        loop {
            let workers = ["run.workers=1", "run.workers=3", "run.workers=2"][kills as usize % 3];
            let mut child = start(&test, &out, &["--set", workers]);
            sleep(Duration::from_millis(40 + kills * 7919 % 260));
            if child.try_wait().expect("a status").is_some() {
                break;
            }
            child.kill().expect("a kill");
            child.wait().expect("an end");
            kills += 1;
            if kills == 20 {
                break;
            }
        }
        run(&test, &out, &[]).success();
        same(&test.path("plain"), &test.path(&out));
    }
    assert!(folders < 20, "the runs were over before the kills");
}

#[test]
fn kills_inside_checkpoint_writing_leave_the_same_bytes() {
    // a head of two million numbers and two moments of each: writing takes long enough to be caught at it
    let recipe = RECIPE
        .replace(
            "linear(16) |> batch_norm()",
            "linear(1200) |> relu() |> linear(1200) |> batch_norm()",
        )
        .replace("every(5 steps, keep = 2)", "every(3 steps, keep = 2)")
        .replace("4 epochs", "30 steps");
    let test = with(&recipe);
    run(&test, "plain", &[]).success();
    let folder = test.path("killed/stages/rotations/checkpoints");
    let unfinished = || {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        entries
            .filter(|e| e.file_name().to_string_lossy().ends_with(".part"))
            .count()
    };
    let mut inside = 0u64;
    for round in 0..60u64 {
        if inside == 5 {
            break;
        }
        // what a kill left is no sign of a new one
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().ends_with(".part") && round % 2 == 1 {
                fs::remove_file(entry.path()).expect("a removal");
            }
        }
        let before = unfinished();
        let left = |n: usize| n > before;
        let mut child = start(&test, "killed", &[]);
        loop {
            // the next whole file takes the old ones away: a change of one counts too
            if left(unfinished()) || (before > 0 && changed(&folder)) {
                std::thread::sleep(Duration::from_micros(round * 331 % 2000));
                child.kill().expect("a kill");
                break;
            }
            if child.try_wait().expect("a status").is_some() {
                break;
            }
        }
        child.wait().expect("an end");
        inside += u64::from(unfinished() > 0);
    }
    assert_eq!(inside, 5, "no kill fell into the writing of a checkpoint");
    run(&test, "killed", &[]).success();
    same(&test.path("plain"), &test.path("killed"));
}

/// Whether an unfinished file was written in the last moments.
fn changed(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|e| e.file_name().to_string_lossy().ends_with(".part"))
        .filter_map(|e| e.metadata().ok()?.modified().ok()?.elapsed().ok())
        .any(|age| age < Duration::from_millis(3))
}

/// Runs a recipe once undisturbed and once killed again and again.
fn undisturbed_and_killed(recipe: &str) -> Test {
    disturb(with(recipe))
}

/// The same with a file beside the recipe.
fn undisturbed_and_killed_with(recipe: &str, (name, text): (&str, String)) -> Test {
    disturb(with(recipe).file(name, text))
}

fn disturb(test: Test) -> Test {
    run(&test, "plain", &[]).success();
    let mut kills = 0;
    for round in 0..200u64 {
        let workers = ["run.workers=1", "run.workers=3"][round as usize % 2];
        let mut child = start(&test, "killed", &["--set", workers]);
        sleep(Duration::from_millis(120 + round * 7919 % 400));
        if child.try_wait().expect("a status").is_some() {
            break;
        }
        child.kill().expect("a kill");
        child.wait().expect("an end");
        kills += 1;
    }
    run(&test, "killed", &[]).success();
    assert!(kills > 0, "the run was over before the first kill");
    test
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
    let test = with(&recipe);
    run(&test, "run", &[]).success();
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
    let test = with(&recipe);
    run(&test, "run", &[]).success();
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
    let test = with(RECIPE);
    for (out, workers) in [("one", "run.workers=1"), ("four", "run.workers=4")] {
        run(&test, out, &["--set", workers]).success();
    }
    same(&test.path("one"), &test.path("four"));
}

/// Starts a run and waits until its first checkpoint is there.
fn started(test: &Test, out: &str) -> Child {
    let mut child = start(test, out, &[]);
    let folder = test.path(out).join("stages/rotations/checkpoints");
    for _ in 0..10_000 {
        let whole = fs::read_dir(&folder).into_iter().flatten().flatten();
        if whole
            .filter(|e| e.file_name().to_string_lossy().ends_with(".ckpt"))
            .count()
            > 0
        {
            return child;
        }
        sleep(Duration::from_millis(1));
    }
    child.kill().expect("a kill");
    child.wait().expect("an end");
    panic!("no checkpoint within ten seconds");
}

/// A checkpoint holds numbers, not where they were computed: what began on another device goes on here, also in a build without it.
#[test]
fn a_run_that_began_on_another_device_goes_on() {
    let test = with(RECIPE);
    run(&test, "plain", &[]).success();
    let mut child = started(&test, "moved");
    child.kill().expect("a kill");
    child.wait().expect("an end");
    // as a machine with such a device would have left it
    let notes = test.path("moved").join("run.json");
    let text = fs::read_to_string(&notes).expect("run.json");
    let moved = text.replace("\"device\": \"flex\"", "\"device\": \"cuda\"");
    assert_ne!(text, moved, "run.json names no device");
    fs::write(&notes, moved).expect("run.json");
    run(&test, "moved", &["--set", "run.device=flex"]).success();
    same(&test.path("plain"), &test.path("moved"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    let recipe = RECIPE.replace("every(5 steps, keep = 2)", "every(7 steps, keep = 2)");
    let test = with(&recipe);
    run(&test, "plain", &[]).success();
    // once while it trains, and three times wherever that is
    for round in 0..4u64 {
        let child = if round == 0 {
            started(&test, "stopped")
        } else {
            let child = start(&test, "stopped", &[]);
            sleep(Duration::from_millis(60 + round * 70));
            child
        };
        let pid = child.id().to_string();
        let sent = Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .expect("kill");
        let output = child.wait_with_output().expect("an end");
        if !sent.success() || output.status.success() {
            continue;
        }
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{text}");
        assert!(
            text.contains("error[E0804]") && text.contains("recipe.ssl:"),
            "{text}"
        );
        assert!(round > 0 || text.contains("after step"), "{text}");
    }
    Ran::of(&mut test.command(&["run", "recipe.ssl", "--out", "stopped"])).success();
    same(&test.path("plain"), &test.path("stopped"));
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_named_and_nothing_is_lost() {
    // checkpoints are the only large files
    let test = with(&RECIPE.replace("linear(16) |>", "linear(4096) |>"));
    run(&test, "plain", &[]).success();
    let mut child = started(&test, "full");
    child.kill().expect("a kill");
    child.wait().expect("an end");
    // no file may grow beyond a few kilobytes: the next checkpoint can't be written
    let limited = "trap '' XFSZ; ulimit -f 400; exec \"$0\" run recipe.ssl --out full";
    Ran::of(&mut test.shell(limited))
        .code(3)
        .says("error[E0803]")
        .says("recipe.ssl:5:9")
        .says("full/stages/rotations")
        .says("is kept");
    let parts = walk(&test.path("full"));
    assert!(!parts.iter().any(|p| p.ends_with(".part")), "{parts:?}");
    Ran::of(&mut test.command(&["run", "recipe.ssl", "--out", "full"]))
        .success()
        .says("resumed at step");
    same(&test.path("plain"), &test.path("full"));
}

/// Every file below a folder.
fn walk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

#[test]
fn a_second_run_keeps_out_and_a_dead_one_does_not_matter() {
    let test = with(RECIPE);
    let mut child = started(&test, "run");
    run(&test, "run", &[])
        .code(3)
        .says("is in use by another run");
    child.kill().expect("a kill");
    child.wait().expect("an end");
    run(&test, "run", &[]).success();
}

#[test]
fn a_finished_run_is_skipped() {
    let test = with(RECIPE);
    let first = run(&test, "run", &[]).success();
    let weights = test.path("run").join("stages/rotations/final.ckpt");
    let written = || {
        fs::metadata(&weights)
            .and_then(|m| m.modified())
            .expect("weights")
    };
    let before = written();
    let again = run(&test, "run", &[]).success();
    assert_eq!(written(), before);
    assert_eq!(first.stdout(), again.stdout());
}

#[test]
fn another_seed_keeps_what_the_first_one_left() {
    let test = with(RECIPE);
    run(&test, "run", &[]).success();
    run(&test, "run", &["--set", "run.seed=4"]).success();
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
    let test = with(
        &RECIPE
            .replace("adamw(3e-3)", "sgd(1e3, weight_decay = 10)")
            .replace("cosine(warmup = 4 steps)", "constant()")
            .replace("every(5 steps, keep = 2)", "every(1 steps, keep = 2)"),
    );
    run(&test, "run", &[])
        .code(3)
        .says("error[E0801]")
        .says("recipe.ssl:");
    // the checkpoint before it is still there
    let folder = test.path("run/stages/rotations/checkpoints");
    assert!(fs::read_dir(folder).expect("checkpoints").count() > 0);
}

#[test]
fn an_unsound_recipe_runs_nothing() {
    let test = with(&RECIPE.replace("|> linear(4)", "|> linear(9)"));
    run(&test, "run", &[])
        .code(1)
        .says("error[E0402]")
        .says("recipe.ssl:8");
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
    let test = with(
        &RECIPE
            .replace("pretext rotations", augment)
            .replace("train = 256", "train = 1024")
            .replace("encoder    =", "augment    = shuffled\n  encoder    =")
            .replace("length     = 4 epochs", "length     = 2 epochs"),
    );
    run(&test, "run", &[]).success();
    let accuracy = mean_accuracy(&test.path("run"));
    // 2048 guesses at 1/4: s.d. 0.0096
    assert!((accuracy - 0.25).abs() < 0.04, "{accuracy}");
}

#[test]
#[ignore = "two minutes of training"]
fn the_quickstart_beats_its_baselines_with_every_seed() {
    let test = Test::shipped("recipes/quickstart.ssl");
    for seed in ["run.seed=1", "run.seed=2", "run.seed=3"] {
        run(&test, seed, &["--set", seed]).success();
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
    let test = with(recipe);
    run(&test, "run", &[]).success();
    let text = fs::read_to_string(test.path("run/results.json")).expect("results");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).expect("an array");
    let row = rows.iter().find(|row| row["evaluator"] == "mlp_probe");
    let value = row.and_then(|row| row["value"].as_f64());
    assert!(
        value.is_some_and(|value| (0.0..=1.0).contains(&value)),
        "{text}"
    );
}

#[test]
fn one_field_is_all_that_two_inputs_want() {
    let test = with(
        r#"ssl 1

dataset figures = shapes(train = 64, valid = 16, test = 16)

augment plain(image) { emit view = image |> normalize() }

pretext codes = autoencoder() {
  data      = figures.train
  valid     = figures.valid
  augment   = plain
  encoder   = small_cnn(width = 4)
  batch     = 16
  length    = 1 epoch
  optimizer = adamw(1e-3)
}
"#,
    );
    run(&test, "run", &[]).success();
}

//! Stages in which all samples become one: it is said at once, with its likely cause and the line that decides it.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::support::Test;
use super::{equal, run, start};

/// What all of them share.
const ABOVE: &str = r#"ssl 1
use script "twins.rhai"
dataset figures = shapes(train = 640, test = 128)
augment view(image) {
  emit image |> random_resized_crop(32px, scale = 0.5..1.0) |> hflip(50%) |> normalize()
}
augment pair(image) { emit views = (image |> view()) * 2 }
augment full(image) { emit globals = (image |> view()) * 2 }
augment same(image) {
  one = image |> view()
  emit a = one, b = one
}
"#;

/// What most of them train.
const SMALL: &str = "small_cnn(width = 4)";
/// Without batch norm, which would undo what weights do.
const PLAIN: &str = "conv(8, 3, stride = 2) |> relu() |> conv(16, 3, stride = 2) |> relu() |> global_avg_pool() |> linear(32)";

/// A recipe of one stage.
fn recipe(task: &str, encoder: &str, views: &str, optimizer: &str, more: &str) -> Test {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/lints/twins.rhai");
    let script = fs::read(script).expect("a script");
    let above = match task.contains("twins") {
        true => ABOVE.to_owned(),
        // a script that nobody uses is told of
        false => ABOVE.replace("use script \"twins.rhai\"", "// no script"),
    };
    let text = format!(
        "{above}pretext learnt = {task} {{\n  data = figures.train, encoder = {encoder}{views}\n  optimizer = {optimizer}\n  {more}\n  \
         batch = 32, length = 400 steps, schedule = constant()\n}}\n\nrun {{ seed = 1, threads = 1 }}\n"
    );
    Test::new()
        .file("recipe.ssl", text)
        .file("twins.rhai", script)
}

/// `line:column` of what stands behind a `^` in a part of a text.
fn place(text: &str, marked: &str) -> String {
    let part = marked.replace('^', "");
    let start = text.find(&part).expect("the part") + marked.find('^').expect("a mark");
    let above = &text[..start];
    let line = above.matches('\n').count() + 1;
    format!(
        "{line}:{}",
        start - above.rfind('\n').map_or(0, |at| at + 1) + 1
    )
}

/// Trains, and says of a collapse this cause, at this place.
fn collapses(test: &Test, cause: &str, marked: &str) {
    let place = place(&test.text("recipe.ssl"), marked);
    let ran = run(test, "out", &[]);
    let said = ran.stderr();
    ran.success();
    assert!(
        test.path("out/stages/learnt/collapse.json").exists(),
        "nothing was said: {said}"
    );
    let told = test.json("out/stages/learnt/collapse.json");
    let first = &told["causes"][0];
    let what = first["what"].as_str().expect("a cause");
    println!("{told}");
    assert!(what.contains(cause), "{told}");
    assert_eq!(first["place"], format!("recipe.ssl:{place}"), "{told}");
    // in its frame, also where nothing else is said
    assert!(
        said.contains("warning[W0801]: `learnt` collapses: "),
        "{said}"
    );
    assert!(said.contains(&format!("--> recipe.ssl:{place}")), "{said}");
    let lines = test.text("out/stages/learnt/metrics.jsonl");
    assert_eq!(lines.matches("\"collapse\":1").count(), 1, "{lines}");
    let report = test.text("out/report.html");
    assert!(report.contains("id=\"collapsed\""));
}

#[test]
fn both_sides_of_a_loss_move() {
    let encoder = format!("{SMALL} |> linear(32)");
    let test = recipe("twins()", &encoder, ", augment = pair", "adamw(1e-2)", "");
    collapses(&test, "gradients flow into both sides", "learnt = ^twins");
}

#[test]
fn no_predictor_stands_before_the_side_that_is_held() {
    let encoder = format!("{SMALL} |> linear(32)");
    let task = "twins(target = held)";
    let test = recipe(task, &encoder, ", augment = pair", "adamw(1e-2)", "");
    collapses(&test, "no predictor stands between", "learnt = ^twins");
}

#[test]
fn the_term_that_asks_for_variance_is_off() {
    let task = "vicreg(variance = 0)";
    let test = recipe(
        task,
        SMALL,
        ", augment = pair",
        "adamw(1e-2)",
        "head = linear(32)",
    );
    collapses(
        &test,
        "`variance` switches a term of the loss off",
        "variance = ^0",
    );
}

#[test]
fn the_term_that_asks_for_different_features_is_off() {
    let head = "head = linear(32) |> batch_norm() |> relu() |> linear(32)";
    let test = recipe(
        "barlow_twins(lambda = 0)",
        SMALL,
        ", augment = pair",
        "adamw(1e-2)",
        head,
    );
    collapses(
        &test,
        "`lambda` switches a term of the loss off",
        "lambda = ^0",
    );
    let what = test.json("out/stages/learnt/collapse.json")["what"].to_string();
    assert!(what.contains("the rank of `head` fell"), "{what}");
}

#[test]
fn weight_decay_takes_the_weights_away() {
    let more = "head = linear(32), predictor = linear(32)";
    let optimizer = "adamw(1e-2, weight_decay = 10)";
    let test = recipe("simsiam()", PLAIN, ", augment = pair", optimizer, more);
    collapses(
        &test,
        "weight decay takes 10.00% of the weights of `",
        "weight_decay = ^10",
    );
}

#[test]
fn the_rate_is_more_than_the_loss_bears() {
    let more = "head = linear(4)";
    let test = recipe("rotation()", PLAIN, "", "adamw(0.3)", more);
    collapses(
        &test,
        "a rate of 0.3 is more than the loss bears",
        "adamw(^0.3",
    );
}

#[test]
fn targets_are_as_flat_as_predictions() {
    let task = "dino(momentum = 0.9, teacher_temperature = 0.3..0.3)";
    let more = "head = linear(32) |> prototypes(16, freeze = 1 steps)";
    let test = recipe(task, SMALL, ", augment = full", "adamw(1e-2)", more);
    collapses(
        &test,
        "targets have a temperature of 0.3",
        "temperature = ^0.3",
    );
}

#[test]
fn nothing_keeps_one_output_from_winning() {
    let task = "dino(momentum = 0.9, teacher_temperature = 0.04..0.04, centre_momentum = 1)";
    let more = "head = linear(32) |> batch_norm() |> prototypes(60, freeze = 1 steps)";
    let test = recipe(task, SMALL, ", augment = full", "adamw(3e-2)", more);
    collapses(&test, "`centre` stays as it starts", "centre_momentum = ^1");
}

#[test]
fn the_teacher_is_the_student() {
    let task = "dino(momentum = 0, teacher_temperature = 0.07..0.07)";
    let more = "head = linear(32) |> prototypes(16, freeze = 1 steps)";
    let test = recipe(task, SMALL, ", augment = full", "adamw(3e-2)", more);
    collapses(
        &test,
        "the slow copy of `encoder` is not slow",
        "momentum = ^0,",
    );
}

/// The narrow predictor tells one direction, and what it meets has no reason to keep others.
#[test]
fn two_views_are_one() {
    let more = "head = linear(32), predictor = linear(1) |> linear(32)";
    let test = recipe("simsiam()", SMALL, ", augment = same", "adamw(1e-2)", more);
    collapses(&test, "its views are one view", "augment = ^same");
}

#[test]
fn nothing_is_said_of_the_same_stages_as_their_papers_have_them() {
    let (pair, full) = (", augment = pair", ", augment = full");
    let wide = "head = linear(32) |> batch_norm() |> relu() |> linear(32)";
    let dino = "head = linear(32) |> prototypes(16, freeze = 1 steps)";
    for (task, encoder, views, optimizer, more) in [
        ("vicreg()", SMALL, pair, "adamw(1e-2)", wide),
        ("barlow_twins()", SMALL, pair, "adamw(1e-2)", wide),
        (
            "simsiam()",
            SMALL,
            pair,
            "adamw(1e-2)",
            "head = linear(32), predictor = linear(32)",
        ),
        (
            "dino(momentum = 0.9, teacher_temperature = 0.04..0.04)",
            SMALL,
            full,
            "adamw(1e-2)",
            dino,
        ),
        ("rotation()", PLAIN, "", "adamw(3e-3)", "head = linear(4)"),
    ] {
        let test = recipe(task, encoder, views, optimizer, more);
        run(&test, "out", &[]).success().says_not("W0801");
        assert!(
            !test.path("out/stages/learnt/collapse.json").exists(),
            "{task}"
        );
        let lines = test.text("out/stages/learnt/metrics.jsonl");
        assert!(lines.contains("\"spread.encoder\":"), "{task}: {lines}");
    }
}

/// A recipe that ends by it, with something that judges.
fn ending() -> Test {
    let encoder = format!("{SMALL} |> linear(32)");
    let more = "stop = collapse(), checkpoint = every(20 steps)";
    let test = recipe("twins()", &encoder, ", augment = pair", "adamw(1e-2)", more);
    let text = test.text("recipe.ssl");
    test.file(
        "recipe.ssl",
        text + "evaluate near = knn(k = 5) { from = learnt, data = figures.train, test = figures.test }\n",
    )
}

#[test]
fn a_stage_ends_by_its_collapse_and_the_table_says_so() {
    let test = ending();
    let ran = run(&test, "out", &[]);
    ran.success().says("W0801");
    let told = test.json("out/stages/learnt/collapse.json");
    let step = told["step"].as_u64().expect("a step");
    assert!(told["ended"] == true && step < 300, "{told}");
    let row = &test.json("out/results.json")[0];
    assert_eq!(row["collapsed"]["learnt"], step, "{row}");
    let protocol = row["protocol"].to_string();
    assert!(
        protocol.contains(&format!(
            "`learnt` collapsed by step {step}, where it ended"
        )),
        "{row}"
    );
    // it is done: the same command skips it, and says the same
    run(&test, "out", &[]).success().says_not("W0801");
    assert_eq!(test.json("out/results.json")[0], *row);
    let row = row.clone();
    // without `stop` it goes on, and the table says it too
    let text = test.text("recipe.ssl").replace("stop = collapse(), ", "");
    test.write("recipe.ssl", text);
    run(&test, "on", &[]).success().says("stop = collapse()");
    let on = &test.json("on/results.json")[0];
    assert_eq!(
        on["collapsed"]["learnt"], row["collapsed"]["learnt"],
        "{on}"
    );
    assert_eq!(test.json("on/stages/learnt/collapse.json")["ended"], false);
}

/// Wherever it is interrupted, it collapses at the same step, with the same bytes.
#[test]
fn an_interrupted_run_sees_the_same_collapse() {
    let test = ending();
    run(&test, "plain", &[]).success();
    for (n, after) in [350, 600, 900].into_iter().enumerate() {
        let out = format!("killed{n}");
        let mut child = start(&test, &out, &["--set", "run.workers=1"]);
        sleep(Duration::from_millis(after));
        let _ = child.kill();
        let _ = child.wait();
        run(&test, &out, &["--set", "run.workers=3"]).success();
        let files = ["collapse.json", "metrics.jsonl", "final.ckpt"];
        equal(
            &test,
            ["plain", &out],
            &files.map(|file| format!("stages/learnt/{file}")),
        );
        equal(&test, ["plain", &out], &["results.json"]);
    }
}

#[test]
fn only_a_pretext_stage_ends_by_a_collapse() {
    let test = ending();
    let text = test.text("recipe.ssl")
        + "finetune probe = linear_probe() { from = learnt, data = figures.train, test = figures.test, stop = collapse() }\n";
    let test = test.file("recipe.ssl", text);
    test.run(&["check", "recipe.ssl"])
        .says("error[E0207]: only a `pretext` stage is watched for a collapse");
}

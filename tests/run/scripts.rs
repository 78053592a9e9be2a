//! Tasks and schedules from scripts: they cost nothing and change nothing, and say where they fail.

use std::fs;

use super::{Test, run, with};

const TWINS: &str = r#"dataset figures = shapes(train = 256, valid = 64, test = 64)

augment view(image) { emit image |> random_resized_crop(32px, scale = 0.5..1.0) |> hflip(50%) |> normalize() }
augment pair(image) { emit views = (image |> view()) * 2 }

pretext twins = barlow_twins() {
  data      = figures.train
  augment   = pair
  encoder   = small_cnn(width = 4)
  head      = linear(16) |> batch_norm() |> relu() |> linear(16)
  batch     = 16
  length    = 50 steps
  optimizer = adamw(2e-3)
  schedule  = SCHEDULE
}

run { seed = 3, threads = 1 }
"#;

fn file(name: &str) -> String {
    let path = format!("{}/recipes/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn recipe(uses: &str, schedule: &str) -> Test {
    let test = with(&format!(
        "ssl 1\n\n{uses}\n\n{}",
        TWINS.replace("SCHEDULE", schedule)
    ));
    fs::create_dir(test.path("tasks")).expect("a folder");
    fs::write(
        test.path("tasks/barlow_twins.rhai"),
        file("tasks/barlow_twins.rhai"),
    )
    .expect("a script");
    test
}

fn losses(test: &Test, out: &str) -> String {
    let path = test.path(out).join("stages/twins/metrics.jsonl");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_script_trains_as_what_is_built_in() {
    let built_in = recipe("", "cosine(warmup = 5 steps)");
    let script = recipe(
        "use script \"tasks/barlow_twins.rhai\"",
        "cosine(warmup = 5 steps)",
    );
    for test in [&built_in, &script] {
        run(test, "run", &[]).success();
    }
    let lines = losses(&script, "run");
    assert!(lines.contains("\"spread\""), "{lines}");
    assert!(lines.contains("\"step\":50,"), "{lines}");
    assert_eq!(losses(&built_in, "run"), lines);
}

#[test]
fn a_schedule_may_be_a_script() {
    let test = recipe("", "script(\"warm.rhai\")");
    let warm = "// Half a cosine.\nfn factor(step, total, epoch) {\n  let t = step.to_float() / total.to_float();\n  0.5 * (1.0 + cos(PI() * t))\n}\n";
    fs::write(test.path("warm.rhai"), warm).expect("a script");
    let plain = recipe("", "cosine()");
    for test in [&test, &plain] {
        run(test, "run", &[]).success();
    }
    assert_eq!(losses(&test, "run"), losses(&plain, "run"));
    // the text is part of the stage: another one is run again
    fs::write(test.path("warm.rhai"), warm.replace("0.5 *", "0.25 *")).expect("a script");
    run(&test, "run", &["--locked"]).code(1).says("E0904");
    run(&test, "run", &[]).success();
    assert_ne!(losses(&test, "run"), losses(&plain, "run"));
}

#[test]
fn a_schedule_that_fails_while_training_names_its_line() {
    let test = recipe("", "script(\"warm.rhai\")");
    let warm = "fn factor(step, total, epoch) {\n  if total == 50 && step == 7 { throw `seven`; }\n  1.0\n}\n";
    fs::write(test.path("warm.rhai"), warm).expect("a script");
    run(&test, "run", &[])
        .code(3)
        .says("warm.rhai:2: seven")
        .says("recipe.ssl:");
}

#[test]
fn errors_show_the_script_and_the_recipe() {
    let test = recipe("use script \"tasks/barlow_twins.rhai\"", "cosine()");
    let wrong =
        file("tasks/barlow_twins.rhai").replace("matmul(a.transpose(0, 1), b)", "matmul(a, b)");
    fs::write(test.path("tasks/barlow_twins.rhai"), wrong).expect("a script");
    test.run(&["check", "recipe.ssl"])
        .code(1)
        .says("error[E0401]: can't multiply [B, 16] by [B, 16]")
        .says("tasks/barlow_twins.rhai:")
        .says("recipe.ssl:10:17");
    // the layer that does not fit stands in the recipe; the script's line says who asked
    test.run(&["check", "recipe.ssl", "--set", "twins.head=conv(8, 3)"])
        .code(1)
        .says("traced from here")
        .says("tasks/barlow_twins.rhai:");
}

#[test]
fn an_expanded_recipe_names_its_scripts() {
    let test = recipe("", "script(\"schedules/one_cycle.rhai\", rise = 20%)");
    fs::create_dir(test.path("schedules")).expect("a folder");
    fs::write(
        test.path("schedules/one_cycle.rhai"),
        file("schedules/one_cycle.rhai"),
    )
    .expect("a script");
    let expand = |recipe: &str| test.run(&["expand", recipe]).success().stdout();
    let expanded = expand("recipe.ssl");
    assert!(
        expanded.contains("use script \"schedules/one_cycle.rhai\""),
        "{expanded}"
    );
    assert!(
        expanded.contains("= one_cycle(rise = 20%, quiet = 10%, floor = 1%)"),
        "{expanded}"
    );
    fs::write(test.path("expanded.ssl"), &expanded).expect("a recipe");
    assert_eq!(expand("expanded.ssl"), expanded);
}

/// Two views and a slow copy; `TASK` with its own arguments.
fn slow(task: &str) -> Test {
    with(&format!(
        r#"ssl 1

dataset figures = shapes(train = 256, valid = 64, test = 64)

augment view(image) {{ emit image |> random_resized_crop(32px, scale = 0.5..1.0) |> hflip(50%) |> normalize() }}
augment pair(image) {{ emit views = (image |> view()) * 2 }}

pretext twins = {task} {{
  data      = figures.train
  augment   = pair
  encoder   = small_cnn(width = 4)
  head      = linear(16) |> batch_norm() |> relu() |> linear(16)
  batch     = 16
  length    = 30 steps
  optimizer = adamw(2e-3)
  schedule  = constant()
}}

run {{ seed = 3, threads = 1 }}
"#
    ))
}

#[test]
fn the_momentum_of_a_slow_copy_may_be_a_script() {
    // BYOL's own: from 0.9 to 1 along half a cosine
    let rises = "fn factor(step, total, epoch) {\n  let t = step.to_float() / total.to_float();\n  0.9 + (1.0 - 0.9) * (0.5 * (1.0 - cos(PI() * t)))\n}\n";
    let stays = "fn factor(step, total, epoch) { 0.9 }\n";
    let predictor = "predictor = linear(16)";
    for (task, script) in [
        (format!("byol(MOMENTUM, {predictor})"), rises),
        ("moco(MOMENTUM, queue = 64)".to_owned(), stays),
    ] {
        let of = |momentum: &str| {
            let test = slow(&task.replace("MOMENTUM", &format!("momentum = {momentum}")));
            fs::write(test.path("warm.rhai"), script).expect("a script");
            run(&test, "run", &[]).success();
            losses(&test, "run")
        };
        let (number, function) = (of("0.9"), of("script(\"warm.rhai\")"));
        assert_eq!(number, function, "{task}");
        assert_ne!(number, of("0.5"), "{task}");
    }
}

#[test]
fn a_momentum_is_between_0_and_1() {
    let test = slow("moco(momentum = script(\"warm.rhai\"), queue = 64)");
    let check = |script: &str| {
        fs::write(test.path("warm.rhai"), script).expect("a script");
        test.run(&["check", "recipe.ssl", "--update-lock"])
    };
    check("fn factor(step, total, epoch) { 0.99 }\n").success();
    check("fn factor(step, total, epoch) { 1.0 + step }\n")
        .code(1)
        .says("E0302")
        .says("`momentum` must be between 0 and 1, and the script gives 2 in step 1")
        .says("recipe.ssl:8:33");
    test.run(&["check", "recipe.ssl", "--set", "twins.momentum=cosine()"])
        .code(1)
        .says("`cosine` is a factor on the learning rate");
    test.run(&["check", "recipe.ssl", "--set", "twins.momentum=1.5"])
        .code(1)
        .says("E0302");
}

//! Scripts that a recipe uses, with everything that can be wrong with one: told at its line, pinned only where it can be used.

use std::fs;

use super::Test;

const RECIPE: &str = r#"ssl 1

use script "task.rhai"

dataset figures = shapes(train = 64, valid = 16, test = 16)

pretext learnt = task() {
  data    = figures.train
  encoder = small_cnn(width = 4)
  batch   = 16
  length  = 2 steps
}
"#;

/// A task whose `build` goes on like this from the features `z [B, 16]`.
pub fn task(params: &str, body: &str) -> String {
    format!(
        "fn params() {{ [{params}] }}\nfn inputs() {{ [#{{name: \"view\", type: \"image\"}}] }}\n\
         fn augment(p, fields) {{ \"emit view = image |> normalize()\" }}\n\
         fn build(g, p) {{\n  let z = g.call(p.encoder, g.input(\"view\"));\n  {body}\n}}\n"
    )
}

fn with(script: &str) -> Test {
    Test::new()
        .file("recipe.ssl", RECIPE)
        .file("task.rhai", script)
}

/// `check` refuses the script, with these words and the script's line.
#[track_caller]
fn refused(params: &str, body: &str, words: &str) {
    let said = with(&task(params, body)).run(&["check", "recipe.ssl"]);
    said.code(1).says(words).says("task.rhai:");
}

pub const OBJECTIVE: &str = "g.objective(mean_all(z * z));";

#[test]
fn a_sound_one_is_checked_pinned_and_run() {
    let test = with(&task("", OBJECTIVE));
    test.run(&["run", "recipe.ssl", "--quiet"]).success();
    let lock = fs::read_to_string(test.path("ssl.lock")).expect("a lock");
    assert!(lock.contains("\"task.rhai\" = "), "{lock}");
}

#[test]
fn what_a_script_says_of_itself_does_not_steer_the_terminal() {
    let about = "fn about() { #{summary: \"a\\x1b[31mb\", doc: \"c\\x07d\"} }\n";
    let test = with(&(about.to_owned() + &task("", OBJECTIVE)));
    let said = test
        .run(&["doc", "task", "--recipe", "recipe.ssl"])
        .success();
    let text = said.stdout();
    assert!(
        text.contains("a\\u{1b}[31mb") && text.contains("c\\u{7}d"),
        "{text}"
    );
    assert!(!text.contains(['\x1b', '\x07']), "{text}");
}

#[test]
fn a_default_augment_that_does_not_fit_is_shown() {
    let script = task("", OBJECTIVE).replace("image |> normalize()", "image |> nrmalize()");
    let said = with(&script).run(&["check", "recipe.ssl"]);
    said.code(1).says("emit view = image |> nrmalize()");
}

#[test]
fn what_can_not_be_used_is_not_pinned() {
    let test = with("fn build(g, p) { let x = ; }");
    test.run(&["check", "recipe.ssl"]).code(1);
    assert!(!test.path("ssl.lock").exists());
    let test = test.file("task.rhai", task("", OBJECTIVE));
    test.run(&["check", "recipe.ssl"]).success();
}

#[test]
fn a_parameter_does_not_change_a_field_of_every_stage() {
    for field in [
        "batch",
        "data",
        "encoder",
        "length",
        "optimizer",
        "schedule",
    ] {
        let param = format!("#{{name: \"{field}\", type: \"text\", default: \"x\", doc: \"d\"}}");
        refused(
            &param,
            OBJECTIVE,
            "of another type than the field of this name",
        );
    }
    let batch = "#{name: \"batch\", type: \"integer\", default: 16, doc: \"d\"}";
    with(&task(batch, OBJECTIVE))
        .run(&["check", "recipe.ssl"])
        .success();
}

#[test]
fn what_could_never_run_is_refused_before_it_does() {
    let with = |line: &str| format!("{line}\n  {OBJECTIVE}");
    for (line, words) in [
        ("g.metric(\"m\", mean_all(g.eye(0)));", "holds nothing"),
        (
            "g.metric(\"m\", mean_all(z.slice(1, 0, 0)));",
            "holds nothing",
        ),
        (
            "g.parameter(\"b\", [4294967296, 4294967296], #{normal: 0.1});",
            "more than any memory",
        ),
        ("g.state(#{name: \"b\", shape: [-1]});", "holds nothing"),
        (
            "g.state(#{name: \"b\", shape: [4], init: \"normal\"});",
            "`normal` needs a deviation above 0, not 0; zeros are `constant`",
        ),
        (
            "g.state(#{name: \"b\", shape: [4], init: \"uniform\", value: -1.0});",
            "`uniform` needs a bound above 0, not -1",
        ),
        (
            "g.parameter(\"b\", [4], #{truncated_normal: 0.0});",
            "`truncated_normal` needs a deviation above 0",
        ),
        (
            "g.metric(\"m\", mean_all(g.eye(1).expand([9223372036854775807, 9223372036854775807])));",
            "more than any memory",
        ),
        (
            "split(g.random_normal([100000000]), #{dim: 0, parts: 100000000});",
            "more than the 4096",
        ),
        ("g.metric(\"step\", mean_all(z));", "`step`, which is taken"),
        ("g.metric(\"loss\", mean_all(z));", "`loss`, which is taken"),
        (
            "g.metric(\"a\", mean_all(z)); g.metric(\"a\", mean_all(z));",
            "`a`, which is taken",
        ),
        ("g.metric(\"\", mean_all(z));", "an empty name"),
    ] {
        refused("", &with(line), words);
    }
    refused(
        "",
        "g.objective(mean_all(g.input(\"view\")));",
        "no parameter has a gradient of the objective",
    );
    refused(
        "",
        "g.objective(mean_all(stop_gradient(z)));",
        "no parameter has a gradient of the objective",
    );
}

#[test]
fn a_row_that_a_state_does_not_have_is_an_error_of_the_step() {
    let body = format!(
        "let bank = g.state(#{{name: \"bank\", shape: [2, z.shape[1]]}});\n  g.assign_rows(bank, g.index(), z);\n  {OBJECTIVE}"
    );
    let said = with(&task("", &body)).run(&["run", "recipe.ssl", "--quiet"]);
    said.code(3).says("there are 0..2");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_waited_for() {
    for path in ["task.rhai", "ssl.lock"] {
        let test = with(&task("", OBJECTIVE));
        let _ = fs::remove_file(test.path(path));
        let made = std::process::Command::new("mkfifo")
            .arg(test.path(path))
            .status();
        assert!(made.expect("mkfifo").success());
        let said = test.run(&["check", "recipe.ssl"]);
        said.code(1).says("it is no file");
    }
}

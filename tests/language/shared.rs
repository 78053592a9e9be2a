//! What the stages of a file share: nameless blocks, stages called what they call, layers, several sources.

use pretext::catalog::Origin;
use pretext::language::{expand, provenance};

use crate::accepted::FIRST;
use crate::check;

const SHARED: &str = r#"ssl 1

dataset fashion = fashion_mnist()

augment turned(image) {
  (view, turn) = image |> quarter_turn()
  emit view, turn
}

layers narrow = linear(64) |> relu()
layers four   = narrow |> linear(4)

pretext {
  data      = fashion.train
  augment   = turned
  encoder   = small_cnn(width = 8)
  head      = four
  batch     = 64
  optimizer = adamw(2e-3)
}

pretext rotation()
pretext wide = rotation() { encoder = small_cnn(width = 16), batch = 128 }

evaluate { data = fashion.train, test = fashion.test }
evaluate nearest = knn(k = 10) { from = all }
evaluate again = knn(k = 5) { from = [wide, rotation.encoder] }
"#;

/// The same without anything shared.
const LONG: &str = r#"ssl 1

dataset fashion = fashion_mnist()

augment turned(image) {
  (view, turn) = image |> quarter_turn()
  emit view, turn
}

pretext rotation = rotation() {
  data      = fashion.train
  augment   = turned
  encoder   = small_cnn(width = 8)
  head      = linear(64) |> relu() |> linear(4)
  batch     = 64
  optimizer = adamw(2e-3)
}
pretext wide = rotation() {
  data      = fashion.train
  augment   = turned
  encoder   = small_cnn(width = 16)
  head      = linear(64) |> relu() |> linear(4)
  batch     = 128
  optimizer = adamw(2e-3)
}

evaluate nearest_rotation = knn(k = 10) { from = rotation, data = fashion.train, test = fashion.test }
evaluate nearest_wide = knn(k = 10) { from = wide, data = fashion.train, test = fashion.test }
evaluate again_wide = knn(k = 5) { from = wide, data = fashion.train, test = fashion.test }
evaluate again_rotation_encoder = knn(k = 5) { from = rotation.encoder, data = fashion.train, test = fashion.test }
"#;

fn changed(from: &str, to: &str) -> crate::Outcome {
    assert!(SHARED.contains(from), "{from}");
    check(SHARED.replacen(from, to, 1).as_bytes(), &[])
}

#[test]
fn what_is_shared_means_what_it_would_in_each_stage() {
    let short = expand(&check(SHARED.as_bytes(), &[]).sound());
    let long = expand(&check(LONG.as_bytes(), &[]).sound());
    assert_eq!(short, long);
    // and the long form stands for itself
    assert_eq!(expand(&check(long.as_bytes(), &[]).sound()), long);
}

#[test]
fn values_know_that_the_file_decided_them() {
    let recipe = check(SHARED.as_bytes(), &[]).sound();
    let found = provenance(&recipe);
    let of = |path: &str| {
        let field = found.iter().find(|field| field.path == path);
        let field = field.unwrap_or_else(|| panic!("{path}"));
        (field.origin.clone(), field.place.clone())
    };
    assert_eq!(
        of("rotation.batch"),
        (Origin::File, "test.ssl:18:15".into())
    );
    assert_eq!(of("rotation.optimizer.rate").0, Origin::File);
    assert_eq!(of("wide.batch"), (Origin::Written, "test.ssl:23:70".into()));
    assert_eq!(of("wide.accumulate").0, Origin::Default);
    assert_eq!(of("nearest_wide.data").0, Origin::File);
}

#[test]
fn settings_reach_what_is_shared_and_what_comes_of_it() {
    let batch = |set: &[(&str, &str)]| -> Vec<usize> {
        let recipe = check(SHARED.as_bytes(), set).sound();
        let tasks = recipe
            .stages
            .iter()
            .filter(|stage| stage.fields.values.contains_key("batch"));
        tasks.map(|stage| stage.fields.size("batch")).collect()
    };
    assert_eq!(batch(&[("pretext.batch", "32")]), [32, 128]);
    assert_eq!(batch(&[("rotation.batch", "16")]), [16, 128]);
    assert_eq!(
        batch(&[("rotation.batch", "16"), ("pretext.batch", "32")]),
        [16, 128]
    );
    let recipe = check(
        SHARED.as_bytes(),
        &[
            ("pretext.optimizer.rate", "1e-4"),
            ("wide.optimizer.rate", "5e-4"),
            ("nearest.k", "7"),
            ("again_wide.k", "3"),
        ],
    )
    .sound();
    let rate = |stage: usize| {
        recipe.stages[stage]
            .fields
            .call("optimizer")
            .args
            .number("rate")
    };
    assert_eq!((rate(0), rate(1)), (1e-4, 5e-4));
    let k = |stage: usize| recipe.stages[stage].call.args.size("k");
    assert_eq!([k(2), k(3), k(4), k(5)], [7, 7, 3, 5]);
    // of a default that nobody wrote, each task has its own
    let outcome = check(SHARED.as_bytes(), &[("pretext.schedule.warmup", "1 epoch")]);
    assert_eq!(outcome.codes(), ["E0203"], "{}", outcome.text);
}

#[test]
fn mistakes_in_what_is_shared_are_told_once() {
    for (from, to, code) in [
        // fields
        ("  batch     = 64", "  bacth = 64", "E0203"),
        ("  batch     = 64", "  batch_size = 64", "E0203"),
        (
            "  encoder   = small_cnn(width = 8)",
            "  encodr = small_cnn(width = 8)",
            "E0203",
        ),
        ("  batch     = 64", "  nonsense = 64", "E0203"),
        ("  batch     = 64", "  batch = 64, batch = 32", "E0204"),
        ("  batch     = 64", "  batch = 64px", "E0303"),
        ("  batch     = 64", "  batch = 0", "E0302"),
        (
            "  batch     = 64",
            "  batch = 64, bind { view = a }",
            "E0207",
        ),
        ("  head      = four", "  head = for", "E0201"),
        ("  batch     = 64", "  batch 64", "E0101"),
        // blocks
        (
            "pretext rotation()\n",
            "pretext { batch = 3 }\npretext rotation()\n",
            "E0204",
        ),
        (
            "evaluate nearest",
            "finetune { length = 3 epochs }\nevaluate nearest",
            "E0201",
        ),
        ("pretext {", "pretext\n", "E0101"),
        // stages
        (
            "pretext wide = ",
            "pretext rotation()\npretext wide = ",
            "E0204",
        ),
        (
            "pretext wide = ",
            "pretext all = rotation()\npretext wide = ",
            "E0204",
        ),
        ("pretext wide = rotation() {", "pretext wide = {", "E0301"),
        // layers
        (
            "layers narrow = linear(64)",
            "layers narrow = liner(64)",
            "E0202",
        ),
        (
            "layers narrow = linear(64)",
            "layers narrow = linear(0)",
            "E0302",
        ),
        (
            "layers narrow = linear(64) |> relu()",
            "layers narrow = four",
            "E0208",
        ),
        (
            "layers narrow = linear(64)",
            "layers narrow = small_cnn()",
            "E0207",
        ),
        ("layers narrow", "layers four", "E0204"),
        ("  head      = four", "  head = four.a", "E0207"),
        // sources
        ("from = all", "from = []", "E0201"),
        ("from = all", "from = [wide, wide]", "E0204"),
        ("from = all", "from = [wide, 3]", "E0301"),
        ("from = all", "from = [wide, wid]", "E0201"),
        ("from = all", "from = al", "E0201"),
        ("from = all", "from = again", "E0201"),
        ("knn(k = 10)", "knn(k = 0)", "E0302"),
        ("knn(k = 10)", "knn(kk = 10)", "E0203"),
    ] {
        let outcome = changed(from, to);
        assert_eq!(outcome.codes(), [code], "{to}\n{}", outcome.text);
    }
}

#[test]
fn a_default_that_no_stage_takes_is_told() {
    let outcome = changed(
        "pretext rotation()\n",
        "pretext rotation() { batch = 32 }\n",
    );
    assert_eq!(outcome.codes(), ["W0709"], "{}", outcome.text);
    assert!(outcome.recipe.is_some());
}

#[test]
fn a_stage_without_a_name_is_called_what_it_calls() {
    let text = FIRST.replace("pretext rotations = rotation()", "pretext rotation()");
    let recipe = check(
        text.replace("from = rotations", "from = rotation")
            .replace("from   = rotations", "from = rotation")
            .as_bytes(),
        &[],
    )
    .sound();
    assert_eq!(recipe.stages[0].name, "rotation");
}

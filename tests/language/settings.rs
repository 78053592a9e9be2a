//! `--set`.

use pretext::catalog::{Duration, Origin};
use pretext::language::provenance;

use crate::accepted::FIRST;
use crate::check;

fn set(pairs: &[(&str, &str)]) -> crate::Outcome {
    check(FIRST.as_bytes(), pairs)
}

#[test]
fn a_field_is_replaced_and_knows_it() {
    let recipe = set(&[("rotations.batch", "64"), ("run.seed", "8")]).sound();
    assert_eq!(recipe.stages[0].fields.size("batch"), 64);
    assert_eq!(recipe.run.integer("seed"), 8);
    let found = provenance(&recipe);
    let batch = found
        .iter()
        .find(|p| p.path == "rotations.batch")
        .expect("listed");
    assert_eq!(
        (batch.origin.clone(), batch.place.as_str()),
        (Origin::Set, "--set:1:17")
    );
}

#[test]
fn arguments_inside_calls_are_reached() {
    let recipe = set(&[
        ("rotations.optimizer.rate", "3e-4"),      // by position
        ("rotations.optimizer.weight_decay", "0"), // by name
        ("rotations.checkpoint.keep", "5"),
        ("few_labels.schedule.warmup", "7 steps"), // inside a default
        ("few_labels.accumulate", "2"),            // a default
        ("trunk.width", "64"),
        ("fashion.hold_out.fraction", "20%"),
        ("neighbours.k", "10"),
    ])
    .sound();
    let fields = &recipe.stages[0].fields;
    assert_eq!(fields.call("optimizer").args.number("rate"), 3e-4);
    assert_eq!(fields.call("optimizer").args.number("weight_decay"), 0.0);
    assert_eq!(fields.call("checkpoint").args.size("keep"), 5);
    let few = &recipe.stages[3].fields;
    assert_eq!(
        few.call("schedule").args.duration("warmup"),
        Duration::Steps(7)
    );
    assert_eq!(few.values["schedule"].origin, Origin::Default);
    assert_eq!(
        few.call("schedule").args.values["warmup"].origin,
        Origin::Set
    );
    assert_eq!(few.size("accumulate"), 2);
    assert_eq!(
        recipe.stages[0].fields.net("encoder").steps[0]
            .call
            .args
            .size("width"),
        64
    );
    assert_eq!(recipe.datasets[0].data.pipes[0].args.ratio("fraction"), 0.2);
    assert_eq!(recipe.stages[1].call.args.size("k"), 10);
}

#[test]
fn what_does_not_exist_is_an_error() {
    for (path, value, code) in [
        ("rotations.bacth", "64", "E0203"),
        ("rotation.batch", "64", "E0201"),
        ("rotations.batch", "64px", "E0303"),
        ("rotations.batch", "\"64\"", "E0301"),
        ("rotations.optimizer.momentum", "0.9", "E0203"),
        ("rotations.monitor.bank", "1", "E0203"),
        ("rotations.clip.limit", "1", "E0203"),
        ("rotations.batch.size", "1", "E0203"),
        ("fashion.fraction", "1%", "E0203"),
        ("fashion.take.fraction", "1%", "E0203"),
        ("turned.hflip", "1%", "E0203"),
        ("rotations", "1", "E0203"),
        ("run.sed", "1", "E0203"),
        ("rotations.batch", "", "E0101"),
        ("rotations.batch", "64 128", "E0101"),
        ("rotations..batch", "64", "E0101"),
    ] {
        let outcome = set(&[(path, value)]);
        assert_eq!(
            outcome.codes(),
            [code],
            "--set {path}={value}\n{}",
            outcome.text
        );
        assert!(outcome.text.contains("--> --set:1:"), "{}", outcome.text);
    }
}

#[test]
fn an_error_about_text_that_was_not_kept_can_still_be_printed() {
    let mut sources = pretext::language::Sources::default();
    let file = sources.add("test.ssl", FIRST);
    let set = [("run.sed".to_owned(), "1".to_owned())];
    let catalog = crate::catalog::catalog();
    let (_, diagnostics) = pretext::language::check(sources.clone(), file, &catalog, &set);
    let text = pretext::language::render(&diagnostics[0], &sources, true);
    assert!(text.contains("E0203"), "{text}");
    pretext::language::to_json(&diagnostics[0], &sources);
}

#[test]
fn a_setting_that_loses_an_earlier_one_is_an_error() {
    for (first, second) in [
        ("rotations.batch", "rotations.batch"),
        ("rotations.optimizer.rate", "rotations.optimizer"),
    ] {
        let value = |path: &str| match path.ends_with("optimizer") {
            true => "adamw(1e-3)",
            false => "64",
        };
        let outcome = set(&[(first, value(first)), (second, value(second))]);
        assert_eq!(outcome.codes(), ["E0204"], "{}", outcome.text);
    }
    // the whole first: nothing is lost
    set(&[
        ("rotations.optimizer", "adamw(1e-3)"),
        ("rotations.optimizer.rate", "3e-4"),
    ])
    .sound();
}

//! Checkpoints by the clock: they come when they are due, and no result depends on when.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::super::{RunOptions, Silent, run_plan};
use super::{Clock, Pace};
use crate::catalog::Catalog;
use crate::plan::{Body, Plan, Settings, testing};

const RECIPE: &str = "ssl 1

dataset figures = shapes(train = 60, valid = 20, test = 20)

pretext rotations = rotation() {
  data     = figures.train
  encoder  = small_cnn(width = 2)
  batch    = 10
  length   = 3 epochs
  monitor  = knn(figures.valid, k = 3, every = 1 epoch)
}

evaluate neighbours = knn(k = 3) { from = rotations, data = figures.train, test = figures.test }

run { seed = 3, device = flex }
";

fn planned() -> Plan {
    testing::planned(RECIPE, &Catalog::builtin())
}

fn settings(plan: &Plan) -> Settings {
    match &plan.stages[0].body {
        Body::Train(training) => training.settings.clone(),
        _ => panic!("no training"),
    }
}

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn an_epoch_or_five_minutes_whichever_is_first() {
    let settings = settings(&planned());
    assert_eq!(settings.checkpoint_every, 6);
    assert_eq!(settings.checkpoint_minutes, Some(5.0));
    let mut pace = Pace::new(&settings, seconds(100));
    // within an epoch, after less than five minutes and after as many
    assert!(!pace.due(5, seconds(399)));
    assert!(pace.due(5, seconds(400)));
    // at its end, unless the last one was written a moment ago
    assert!(pace.due(6, seconds(101)));
    assert!(!pace.due(6, Duration::from_millis(100_999)));
    // writing that takes long is paid back first
    pace.written(seconds(100), seconds(110));
    assert!(!pace.due(12, seconds(309)));
    assert!(pace.due(12, seconds(310)));
    assert!(!pace.due(13, seconds(409)));
    assert!(pace.due(13, seconds(410)));
    // steps alone: the clock has no say
    let mut alone = settings;
    alone.checkpoint_minutes = None;
    let pace = Pace::new(&alone, seconds(0));
    assert!(pace.due(6, seconds(0)));
    assert!(!pace.due(5, seconds(10_000)));
}

/// Runs with a clock that goes on by `step` with every line of metrics, which each step writes, and breaks after so many looks.
fn sitting(plan: &Plan, folder: &Path, step: Duration, looks: u64) -> bool {
    let looked = AtomicU64::new(0);
    let metrics = folder.join("stages/rotations/metrics.jsonl");
    let clock = Clock::new(move || {
        assert!(looked.fetch_add(1, Ordering::Relaxed) < looks, "killed");
        let lines = fs::read_to_string(&metrics).unwrap_or_default();
        step * lines.lines().count() as u32
    });
    let options = RunOptions {
        directory: folder.to_owned(),
        recipe: "test.ssl".into(),
        clock,
        beside: Vec::new(),
        pinned: Default::default(),
    };
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let ran = run_plan(plan, &options, &mut Silent);
        ran.unwrap_or_else(|why| panic!("{}", why.message));
    }));
    ran.is_ok()
}

fn results(folder: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    let names = [
        "results.json",
        "stages/rotations/final.ckpt",
        "stages/rotations/metrics.jsonl",
        "stages/neighbours/result.json",
    ];
    let read = |name| (name, fs::read(folder.join(name)).expect(name));
    names.into_iter().map(read).collect()
}

fn checkpoints(folder: &Path) -> Vec<u64> {
    let text = fs::read_to_string(folder.join("timing.jsonl")).expect("times");
    let steps = text.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line");
        line.get("checkpoint")?.as_u64()
    });
    steps.collect()
}

#[test]
fn no_result_depends_on_the_clock() {
    let plan = planned();
    let root = tempfile::tempdir().expect("a folder");
    let at = |name: &str| root.path().join(name);
    // time stands still: no checkpoint is worth its cost
    assert!(sitting(&plan, &at("still"), Duration::ZERO, u64::MAX));
    assert!(checkpoints(&at("still")).is_empty());
    let expected = results(&at("still"));
    // a slow machine: after each epoch
    assert!(sitting(&plan, &at("epochs"), seconds(8), u64::MAX));
    assert_eq!(checkpoints(&at("epochs")), [6, 12]);
    assert!(results(&at("epochs")) == expected);
    // a very slow one: after each step
    assert!(sitting(&plan, &at("steps"), seconds(400), u64::MAX));
    assert_eq!(checkpoints(&at("steps")).len(), 17);
    assert!(results(&at("steps")) == expected);
    // killed again and again, at another speed each time
    let mut ends = 0;
    for (sitting_number, looks) in [12, 31, 20, 44, 27, 60, 38].into_iter().enumerate() {
        let step = [seconds(400), seconds(8), Duration::ZERO][sitting_number % 3];
        ends += usize::from(sitting(&plan, &at("killed"), step, looks));
    }
    assert!(ends < 7, "no sitting was killed");
    assert!(sitting(&plan, &at("killed"), seconds(1), u64::MAX));
    assert!(results(&at("killed")) == expected);
}

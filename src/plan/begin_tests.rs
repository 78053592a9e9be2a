//! Which weights a stage begins with.

use super::super::testing::planned;
use super::*;
use crate::catalog::Catalog;

const RECIPE: &str = r#"ssl 1

dataset figures = shapes(train = 64)

pretext first = rotation() { data = figures.train, encoder = small_cnn(width = 4), batch = 32 }

pretext whole = rotation() { data = figures.train, encoder = small_cnn(width = 4), batch = 32, start = first }

pretext other = moco(queue = 64) { data = figures.train, encoder = small_cnn(width = 4), batch = 32, start = first.encoder }

pretext part = rotation() { data = figures.train, encoder = small_cnn(width = 4), batch = 32, start = other.encoder }
"#;

#[test]
fn what_is_called_the_same_comes_along() {
    let plan = planned(RECIPE, &Catalog::builtin());
    let begins = |at: usize| match &plan.stages[at].body {
        Body::Train(training) => training.begins.first(),
        _ => None,
    };
    assert!(begins(0).is_none() && plan.stages[0].inputs().is_empty());
    for (at, from) in [(1, "first"), (2, "first"), (3, "other")] {
        let inputs = plan.stages[at].inputs();
        let inputs: Vec<&str> = inputs.iter().map(|start| start.stage.as_str()).collect();
        assert_eq!(inputs, [from]);
    }
    let of = |module: &str, names: &[String]| names.iter().any(|name| name.starts_with(module));
    let all = begins(1).expect("weights");
    assert!(all.whole && all.fresh.is_empty());
    assert!(of("encoder/", &all.taken) && of("head/", &all.taken));
    // the slow copy begins as the encoder; its running statistics are its own
    let other = begins(2).expect("weights");
    assert!(!of("encoder/", &other.fresh));
    let slow = other
        .fresh
        .iter()
        .filter(|name| name.starts_with("ema/encoder/"));
    assert!(
        slow.clone().all(|name| name.contains("running_")),
        "{:?}",
        other.fresh
    );
    let part = begins(3).expect("weights");
    assert!(!part.whole && of("head/", &part.fresh));
    assert!(part.taken.iter().all(|name| name.starts_with("encoder/")));
    assert_eq!(part.source("encoder/a").as_deref(), Some("encoder/a"));
    assert_eq!(part.source("head/a"), None);
}

#[test]
fn lists_of_names_end() {
    assert_eq!(listed(&[]), "none");
    assert_eq!(listed(&["a"]), "`a`");
    assert_eq!(
        listed(&["a", "b", "c", "d", "e"]),
        "`a`, `b`, `c` and 2 more"
    );
}

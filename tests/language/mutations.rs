//! Recipes changed at random, by token and by byte: a recipe or an error comes out, never a panic, always soon.

use std::time::Instant;

use proptest::prelude::*;

use crate::accepted::{FIRST, SHAPES};
use crate::check;

/// Words, numbers, strings, runs of blanks, single characters.
fn tokens(text: &str) -> Vec<String> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        ' ' => 1,
        _ => 2,
    };
    let mut tokens: Vec<String> = Vec::new();
    let mut last = 2;
    for c in text.chars() {
        match tokens.last_mut() {
            Some(token) if class(c) == last && last != 2 => token.push(c),
            _ => tokens.push(c.into()),
        }
        last = class(c);
    }
    tokens
}

#[derive(Clone, Debug)]
enum Change {
    Delete(usize),
    Double(usize),
    Swap(usize, usize),
    Copy(usize, usize),
    Put(usize, &'static str),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let words = prop::sample::select(vec![
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "|>",
        "=",
        ",",
        "\n",
        "\"",
        "//",
        "///",
        "*",
        "..",
        "%",
        "px",
        "-1",
        "1e999",
        "99999999999999999999",
        "0",
        "emit",
        "as",
        "dataset",
        "pretext",
        "run",
        "use",
        "sweep",
        "bind",
        "augment",
        "\\",
        "é",
        "\u{0}",
        "\t",
        "image",
        "linear",
        "trunk",
        "rotations",
        "fashion",
        "#",
        ":",
        "'",
    ]);
    prop_oneof![
        any::<usize>().prop_map(Change::Delete),
        any::<usize>().prop_map(Change::Double),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::Swap(a, b)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::Copy(a, b)),
        (any::<usize>(), words).prop_map(|(at, word)| Change::Put(at, word)),
        any::<usize>().prop_map(Change::Cut),
    ]
}

fn apply<T: Clone>(parts: &mut Vec<T>, change: &Change, make: impl Fn(&'static str) -> Vec<T>) {
    let n = parts.len();
    if n == 0 {
        return;
    }
    match change {
        Change::Delete(at) => {
            parts.remove(at % n);
        }
        Change::Double(at) => {
            let part = parts[at % n].clone();
            parts.insert(at % n, part);
        }
        Change::Swap(a, b) => parts.swap(a % n, b % n),
        Change::Copy(a, b) => parts[a % n] = parts[b % n].clone(),
        Change::Put(at, word) => {
            let at = at % (n + 1);
            parts.splice(at..at, make(word));
        }
        // rarely a large part, so that later changes still meet a recipe
        Change::Cut(at) => {
            let at = at % n;
            parts.drain(at..n.min(at + 20));
        }
    }
}

fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    let start = Instant::now();
    // asserts that there is a recipe or an error
    let outcome = check(bytes, &[]);
    let took = start.elapsed();
    // a few milliseconds; the bound leaves room for a busy machine
    prop_assert!(took.as_millis() < 1000, "{took:?}");
    prop_assert!(outcome.diagnostics.len() <= 20);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_changed(first in any::<bool>(), changes in prop::collection::vec(change(), 1..8)) {
        let mut parts = tokens(if first { FIRST } else { SHAPES });
        for change in &changes {
            apply(&mut parts, change, |word| vec![word.to_owned()]);
        }
        survives(parts.concat().as_bytes())?;
    }

    #[test]
    fn bytes_changed(
        first in any::<bool>(),
        changes in prop::collection::vec((change(), any::<u8>()), 1..12),
    ) {
        let mut bytes = if first { FIRST } else { SHAPES }.as_bytes().to_vec();
        for (change, byte) in &changes {
            apply(&mut bytes, change, |word| match byte {
                0..=127 => vec![*byte],
                _ => word.as_bytes().to_vec(),
            });
        }
        survives(&bytes)?;
    }

    #[test]
    fn settings_changed(changes in prop::collection::vec(change(), 0..6)) {
        let mut parts = tokens("rotations.optimizer.rate=adamw(1e-3, weight_decay = 0)");
        for change in &changes {
            apply(&mut parts, change, |word| vec![word.to_owned()]);
        }
        let text = parts.concat();
        let (path, value) = text.split_once('=').unwrap_or((&text, ""));
        check(FIRST.as_bytes(), &[(path, value)]);
    }
}

//! Texts changed at random, by token and by byte.

// each test target uses a part of it
#![allow(dead_code)]

use proptest::prelude::*;

/// Words, numbers, strings, runs of blanks, single characters.
pub fn tokens(text: &str) -> Vec<String> {
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

/// One change of a list of parts.
#[derive(Clone, Debug)]
pub enum Change {
    Delete(usize),
    Double(usize),
    Swap(usize, usize),
    Copy(usize, usize),
    Put(usize, &'static str),
    Cut(usize),
}

/// Any change, with words of the language to put in.
pub fn change() -> impl Strategy<Value = Change> {
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

/// Changes parts; `make` makes them of a word.
pub fn apply<T: Clone>(parts: &mut Vec<T>, change: &Change, make: impl Fn(&'static str) -> Vec<T>) {
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

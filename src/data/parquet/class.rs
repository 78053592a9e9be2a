//! What a label column holds, and which class a value of it is.

use std::collections::BTreeMap;

/// What a label column holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// There is no such column.
    None,
    Numbers {
        unsigned: bool,
    },
    Reals,
    Flags,
    Words,
    /// It names no class: why, after its name.
    Unfit(String),
}

/// A value of a label column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Number(i128),
    Text(String),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Number(number) => write!(f, "{number}"),
            Key::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// What a row says of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Of(u32),
    /// Null, or −1 where −1 is no class.
    Without,
    /// A value that is no class.
    Wrong,
}

/// How the values of one file become classes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Coding {
    /// They are class numbers, so many.
    Numbers(usize),
    /// Numbers of the file's own list of names.
    Named(Vec<u32>),
    /// Each value is a class.
    Each(BTreeMap<Key, u32>),
}

impl Coding {
    pub(super) fn class(&self, key: Option<&Key>) -> Class {
        let Some(key) = key else {
            return Class::Without;
        };
        let number = match key {
            Key::Number(number) => usize::try_from(*number).ok(),
            Key::Text(_) => None,
        };
        let found = match self {
            Coding::Numbers(n) => number.filter(|i| i < n).map(|i| i as u32),
            Coding::Named(own) => number.and_then(|i| own.get(i).copied()),
            Coding::Each(classes) => classes.get(key).copied(),
        };
        match found {
            Some(class) => Class::Of(class),
            None if *key == Key::Number(-1) => Class::Without,
            None => Class::Wrong,
        }
    }
}

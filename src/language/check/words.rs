//! Types and bounds in words.

use crate::catalog::{Kind, Type};

use super::names::article;

/// A type with its article and an example.
pub fn describe(ty: &Type) -> String {
    match ty {
        Type::Number => "a number".into(),
        Type::Integer => "a whole number".into(),
        Type::Ratio => "a ratio such as `80%`".into(),
        Type::Length => "a length such as `32px`".into(),
        Type::Duration => "a duration such as `10 epochs` or `500 steps`".into(),
        Type::Range => "a range such as `0.2..1.0`".into(),
        Type::Text => "a string such as `\"text\"`".into(),
        Type::Choice(words) => choices(words),
        Type::List(element) => match &**element {
            Type::Place => "a list of places such as `[conv1, conv2]`".into(),
            Type::Call(Kind::Setting) => "a list of settings in `[ ]`".into(),
            other => format!("a list, each {}", describe(other)),
        },
        Type::Encoder => "an encoder: a name, a call or layers".into(),
        Type::Head => "a pipeline of layers".into(),
        Type::Data => "a data set or a split of one".into(),
        Type::Augment => "the name of an `augment`".into(),
        Type::Stage => "the name of a stage".into(),
        Type::Place => "the name of a place in an encoder".into(),
        Type::Field => "the name of a field of the records".into(),
        Type::Fit(gives) => format!("the name of a `fit` that learns {} {gives}", article(gives)),
        Type::Watched => {
            "the name of a value read while training, such as `valid.loss` or `valid.knn`".into()
        }
        Type::Call(kind) => format!("{} {}", article(kind.singular()), kind.singular()),
        Type::OneOf(types) => {
            let words: Vec<String> = types.iter().map(describe).collect();
            words.join(", or ")
        }
    }
}

/// `` `a`, `b` or `c` ``
pub fn choices(words: &[&str]) -> String {
    match words {
        [] => "nothing".into(),
        [one] => format!("`{one}`"),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", most.join(", "))
        }
    }
}

/// A bound with the unit that a value of this type has.
pub fn bound(ty: &Type, x: f64) -> String {
    match ty {
        Type::Ratio => format!("{}%", x * 100.0),
        Type::Length => format!("{x}px"),
        Type::List(element) => bound(element, x),
        _ if x != 0.0 && !(1e-4..1e7).contains(&x.abs()) => format!("{x:e}"),
        _ => format!("{x}"),
    }
}

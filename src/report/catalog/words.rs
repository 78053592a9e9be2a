//! Types, ranges and defaults in the words of a recipe.

use crate::catalog::{Kind, Param, Preset, Type};

/// A type as a sentence would say it: `length in px`, `one of on, off`, `pipeline of layers`.
pub fn type_words(ty: &Type) -> String {
    match ty {
        Type::Number => "number".into(),
        Type::Integer => "whole number".into(),
        Type::Ratio => "ratio in %".into(),
        Type::Length => "length in px".into(),
        Type::Duration => "duration in epochs or steps".into(),
        Type::Range => "range a..b".into(),
        Type::Text => "string".into(),
        Type::Choice(words) => format!("one of {}", words.join(", ")),
        Type::List(element) => format!("list, each {}", with_article(element)),
        Type::Encoder => "encoder (a name, a call or layers)".into(),
        Type::Head => "pipeline of layers".into(),
        Type::Data => "data set or one of its splits".into(),
        Type::Augment => "name of an augment".into(),
        Type::Stage => "name of a stage".into(),
        Type::Place => "name of a place in the encoder".into(),
        Type::Watched => "name of a value read while training".into(),
        Type::Field => "name of a field".into(),
        Type::Fit(gives) => format!("name of a fit that learns {} {gives}", article(gives)),
        Type::Call(Kind::Setting) => "setting".into(),
        Type::Call(kind) => format!("call of {} {}", article(kind.singular()), kind.singular()),
        Type::OneOf(types) => {
            let words: Vec<String> = types.iter().map(type_words).collect();
            words.join("; or ")
        }
    }
}

fn article(word: &str) -> &'static str {
    match word.chars().next() {
        Some('a' | 'e' | 'i' | 'o' | 'u') => "an",
        _ => "a",
    }
}

fn with_article(ty: &Type) -> String {
    let words = type_words(ty);
    match ty {
        Type::Choice(_) | Type::OneOf(_) => words,
        Type::Augment | Type::Stage | Type::Place | Type::Watched | Type::Field | Type::Fit(_) => {
            format!("the {words}")
        }
        _ => format!("{} {words}", article(&words)),
    }
}

/// The allowed values: `1 to 1000000`, `0% to 100%`, `at least 1px`; `None` where the type says it all.
pub(super) fn allowed(param: &Param) -> Option<String> {
    let (low, high) = param.range?;
    let unit = |x: f64| match scalar(&param.ty) {
        Type::Ratio => format!("{}%", number(x * 100.0)),
        Type::Length => format!("{}px", number(x)),
        _ => number(x),
    };
    let both = match scalar(&param.ty) {
        Type::Range => "both ends ",
        _ => "",
    };
    // a limit this far out is there to keep arithmetic sound, not to tell a reader something
    let open = |x: f64| x.abs() >= 1e6;
    match (open(low), open(high)) {
        (true, true) => None,
        (false, true) => Some(format!("{both}at least {}", unit(low))),
        (true, false) => Some(format!("{both}at most {}", unit(high))),
        (false, false) => Some(format!("{both}{} to {}", unit(low), unit(high))),
    }
}

/// The type that a range is about.
fn scalar(ty: &Type) -> &Type {
    match ty {
        Type::List(element) => scalar(element),
        Type::OneOf(types) => types.first().map_or(ty, scalar),
        _ => ty,
    }
}

fn number(x: f64) -> String {
    // ratios come from fractions: 0.07 * 100 must not print as 7.000000000000001
    let rounded = (x * 1e9).round() / 1e9;
    if rounded != 0.0 && (rounded.abs() < 1e-3) {
        format!("{rounded:e}")
    } else {
        format!("{rounded}")
    }
}

/// What happens when it is left out.
pub(super) fn preset_words(preset: &Preset) -> String {
    match preset {
        Preset::Required => "required".into(),
        Preset::Optional => "optional".into(),
        Preset::Text(text) => format!("default {}", text.trim()),
    }
}

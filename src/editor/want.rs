//! What may stand where a value is read.

use std::sync::Arc;

use super::outline::Noun;
use crate::catalog::{Catalog, Kind, SharedSpec, Type};

/// What may stand at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// What a stage calls.
    Entry(Kind),
    /// What flows in an `augment`.
    Sample,
    /// A value of this type.
    Typed(Type),
    /// Nobody knows.
    Anything,
}

impl Want {
    /// The kinds of what may be called, `piped`: behind `|>`.
    pub fn kinds(&self, piped: bool) -> Vec<Kind> {
        match self {
            Want::Entry(kind) => vec![*kind],
            Want::Sample if piped => vec![Kind::Transform],
            Want::Sample | Want::Anything => Vec::new(),
            Want::Typed(ty) => kinds_of(ty, piped),
        }
    }

    /// The entry of this name that may be called there.
    pub fn find(&self, catalog: &Catalog, name: &str, piped: bool) -> Option<SharedSpec> {
        let kinds = self.kinds(piped);
        let mut found = kinds.iter().filter_map(|kind| catalog.find(*kind, name));
        let spec = found.next()?;
        // an evaluator that is a stage of its own elsewhere takes here what its block would say
        let monitor = spec.kind == Kind::Finetune && *self != Want::Entry(Kind::Finetune);
        Some(match monitor {
            true => Arc::new(spec.as_monitor()),
            false => spec.clone(),
        })
    }

    /// Whether an item of this kind may be named there.
    pub fn names(&self, noun: Noun) -> bool {
        match self {
            Want::Typed(ty) => names(ty, noun),
            Want::Entry(_) | Want::Sample | Want::Anything => false,
        }
    }

    /// The words that may stand there.
    pub fn words(&self) -> Vec<&'static str> {
        match self {
            Want::Typed(ty) => words_of(ty),
            _ => Vec::new(),
        }
    }

    /// Whether a value of this type may stand there.
    pub fn holds(&self, wanted: &Type) -> bool {
        match self {
            Want::Typed(ty) => holds(ty, wanted),
            _ => false,
        }
    }

    /// What an element of a list there is.
    pub fn element(&self) -> Want {
        match self {
            Want::Typed(Type::List(element)) => Want::Typed((**element).clone()),
            Want::Typed(Type::OneOf(types)) => {
                let mut lists = types.iter().filter_map(|ty| match ty {
                    Type::List(element) => Some(Want::Typed((**element).clone())),
                    _ => None,
                });
                lists.next().unwrap_or(Want::Anything)
            }
            // `from = [a, b]`, `seeds = [1, 2]`
            other => other.clone(),
        }
    }
}

fn kinds_of(ty: &Type, piped: bool) -> Vec<Kind> {
    match (ty, piped) {
        (Type::Data, true) => vec![Kind::Pipe],
        (Type::Data, false) => vec![Kind::Dataset, Kind::Pipe],
        (Type::Encoder, false) => vec![Kind::Encoder, Kind::Layer],
        (Type::Encoder, true) | (Type::Head, _) => vec![Kind::Layer],
        (Type::Call(Kind::Evaluator), _) => vec![Kind::Evaluator, Kind::Finetune],
        (Type::Call(kind), _) => vec![*kind],
        (Type::OneOf(types), _) => types.iter().flat_map(|ty| kinds_of(ty, piped)).collect(),
        (Type::List(element), _) => kinds_of(element, piped),
        _ => Vec::new(),
    }
}

fn names(ty: &Type, noun: Noun) -> bool {
    match ty {
        Type::Data => noun == Noun::Dataset,
        Type::Encoder => matches!(noun, Noun::Encoder | Noun::Layers),
        Type::Head => noun == Noun::Layers,
        Type::Augment => noun == Noun::Augment,
        Type::Stage => matches!(noun, Noun::Stage(Kind::Task | Kind::Finetune)),
        Type::Fit(_) => noun == Noun::Stage(Kind::Fit),
        Type::List(element) => names(element, noun),
        Type::OneOf(types) => types.iter().any(|ty| names(ty, noun)),
        _ => false,
    }
}

fn words_of(ty: &Type) -> Vec<&'static str> {
    match ty {
        Type::Choice(words) => words.to_vec(),
        Type::List(element) => words_of(element),
        Type::OneOf(types) => types.iter().flat_map(words_of).collect(),
        _ => Vec::new(),
    }
}

fn holds(ty: &Type, wanted: &Type) -> bool {
    match ty {
        Type::OneOf(types) => types.iter().any(|ty| holds(ty, wanted)),
        Type::List(element) => holds(element, wanted),
        ty => ty == wanted,
    }
}

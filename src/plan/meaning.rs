//! What decides a stage's result, as a list of values: equal lists, equal results.

use crate::language::Span;

/// One thing that decides a result.
#[derive(Clone, Debug)]
pub struct Decided {
    /// What it is, below its stage: `optimizer.rate`, `augment.hflip.chance`, `run.seed`.
    pub path: String,
    /// Its value, so that equal texts are equal values: `0.001`, `10 epochs`.
    pub value: String,
    /// Where the recipe says so; empty where it does not.
    pub span: Span,
}

impl PartialEq for Decided {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.value) == (&other.path, &other.value)
    }
}

/// What decides a stage's result, except its data's content and its inputs.
#[derive(Clone, Debug, Default)]
pub struct Meaning {
    /// In a fixed order.
    pub all: Vec<Decided>,
}

impl Meaning {
    /// Adds something that the recipe does not say itself.
    pub(super) fn note(&mut self, path: &str, value: String) {
        self.all.push(Decided {
            path: path.to_owned(),
            value,
            span: Span::default(),
        });
    }

    /// blake3 of all of it, in hex digits.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for decided in &self.all {
            for text in [&decided.path, &decided.value] {
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// A value by its path.
    pub fn get(&self, path: &str) -> Option<&Decided> {
        self.all.iter().find(|decided| decided.path == path)
    }
}

//! What a message counts, and names some of.

use crate::data::folders::plural;

/// Things that a message names at most.
const NAMED: usize = 3;

/// Some things: how many, and what the first few of them are.
#[derive(Default)]
pub(super) struct Few {
    pub n: usize,
    first: Vec<String>,
}

impl Few {
    pub fn push(&mut self, what: impl FnOnce() -> String) {
        self.n += 1;
        if self.first.len() < NAMED {
            self.first.push(what());
        }
    }

    pub fn list(&self) -> String {
        let first = self.first.join(", ");
        match self.n - self.first.len() {
            0 => first,
            more => format!("{first} and {more} more"),
        }
    }

    /// `1 picture is`, `2 pictures are`
    pub fn are(&self, one: &str) -> String {
        let verb = if self.n == 1 { "is" } else { "are" };
        format!("{} {verb}", plural(self.n, one))
    }
}

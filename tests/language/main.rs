//! Tests of the language with a catalog of their own: what parses, what it means, what is refused.

mod accepted;
mod catalog;
mod compose;
mod fits;
mod limits;
#[path = "../support/mutate.rs"]
mod mutate;
mod mutations;
mod refused;
mod settings;
mod shared;
mod uses;

use std::path::Path;

use pretext::language::checked::Recipe;
use pretext::language::{Diagnostic, Severity, check_into, decode, render};

/// Everything that comes of some bytes: the recipe if there is one, and the rendered diagnostics.
pub struct Outcome {
    pub recipe: Option<Recipe>,
    pub diagnostics: Vec<Diagnostic>,
    pub text: String,
}

impl Outcome {
    /// The numbers of all diagnostics, in order.
    pub fn codes(&self) -> Vec<&'static str> {
        self.diagnostics.iter().map(|d| d.code.number()).collect()
    }

    /// The recipe; fails with the diagnostics if there is none.
    pub fn sound(self) -> Recipe {
        self.recipe.unwrap_or_else(|| panic!("{}", self.text))
    }
}

/// Reads, checks and renders.
pub fn check(bytes: &[u8], set: &[(&str, &str)]) -> Outcome {
    let catalog = catalog::catalog();
    let (mut sources, file, mut diagnostics) = decode(Path::new("test.ssl"), bytes);
    let set: Vec<(String, String)> = set
        .iter()
        .map(|(a, b)| ((*a).into(), (*b).into()))
        .collect();
    let mut recipe = None;
    if let Some(file) = file {
        let (found, more) = check_into(&mut sources, file, &catalog, &set);
        recipe = found;
        diagnostics.extend(more);
    }
    let text: Vec<String> = diagnostics
        .iter()
        .map(|d| render(d, &sources, false))
        .collect();
    let errors = diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(
        recipe.is_none(),
        errors,
        "a recipe or an error:\n{}",
        text.join("\n\n")
    );
    Outcome {
        recipe,
        diagnostics,
        text: text.join("\n\n"),
    }
}

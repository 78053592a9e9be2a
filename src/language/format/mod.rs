//! The one formatter of recipes: no options, nothing of the meaning changed, every comment kept.
//!
//! Blocks are indented by two, the `=` of fields that follow one another stand in a column, a pipeline goes on where its author
//! broke it, with its steps under one another, and is broken where a line would pass 100 columns. What is written on one line in
//! braces or brackets stays there while it fits. Formatting twice gives what formatting once gave.

mod lay;
mod lex;

#[cfg(test)]
mod tests;

use super::{Diagnostic, FileId, Severity, Sources, parse};

pub(crate) use lex::{Kind as LexKind, lex};

/// Longest line that is not broken where it can be.
pub const WIDTH: usize = 100;
/// Most times a text is laid out again; it settles after one or two.
const PASSES: usize = 8;

/// The text in its one form.
///
/// # Errors
/// What could not be parsed: text that is not a recipe is left alone. Names and types are not looked at.
pub fn format(sources: &Sources, file: FileId) -> Result<String, Vec<Diagnostic>> {
    let (_, diagnostics) = parse::parse(sources, file);
    if diagnostics.iter().any(|d| d.severity == Severity::Error) {
        return Err(diagnostics);
    }
    let text = &sources.file(file).text;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // where a comment or a break moves, what stands around it may have another form: laid out until nothing moves
    let mut laid = lay::lay(&lex::lex(text));
    for _ in 0..PASSES {
        let again = lay::lay(&lex::lex(&laid));
        if again == laid {
            break;
        }
        laid = again;
    }
    Ok(laid)
}

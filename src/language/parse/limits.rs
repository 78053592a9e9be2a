//! What is refused before parsing: parsing needs stack and time, this does not.

use crate::language::codes::Code;
use crate::language::{Diagnostic, FileId, Span};

/// Largest recipe.
pub const MAX_BYTES: usize = 1 << 18;
/// Most brackets inside one another.
pub const MAX_DEPTH: usize = 64;
/// Most steps of one pipeline.
pub const MAX_STEPS: usize = 256;
/// Most items of a recipe.
pub const MAX_ITEMS: usize = 1000;

/// The first limit that the text breaks.
pub fn check(text: &str, file: FileId) -> Option<Diagnostic> {
    if text.len() > MAX_BYTES {
        return Some(too_large(file, text.len()));
    }
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Some(
            Diagnostic::error(Code::Empty, Span::new(file, 0, 0), "the recipe is empty")
                .help("start with `ssl 1` and a `dataset`; the README shows the shortest recipe"),
        );
    }
    depth(text, file)
}

/// A text of too many bytes.
pub fn too_large(file: FileId, bytes: usize) -> Diagnostic {
    let megabytes = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let (size, most) = (megabytes(bytes), megabytes(MAX_BYTES));
    Diagnostic::error(
        Code::TooLarge,
        Span::new(file, 0, 0),
        format!("the recipe is too large: {size:.2} MB, at most {most} MB is read"),
    )
    .note("A recipe is text written by people; data belongs into files that a `dataset` reads.")
    .help("check that this is the file you meant")
}

/// Brackets inside one another, counted as the rules of recovery would see them: strings and comments are skipped, a
/// `}` also ends round brackets that were left open.
fn depth(text: &str, file: FileId) -> Option<Diagnostic> {
    let bytes = text.as_bytes();
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' && bytes[at] != b'\n' {
                    at += if bytes[at] == b'\\' && bytes.get(at + 1).is_some_and(|b| *b != b'\n') {
                        2
                    } else {
                        1
                    };
                }
                // the newline that ends an unclosed string is looked at again; a quote is passed
                if bytes.get(at) == Some(&b'\n') {
                    continue;
                }
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            bracket @ (b'(' | b'[' | b'{') => {
                open.push((bracket, at));
                if open.len() > MAX_DEPTH {
                    return Some(too_deep(file, &open));
                }
            }
            b')' | b']' if open.last().is_some_and(|(bracket, _)| *bracket != b'{') => {
                open.pop();
            }
            b'}' => while open.pop().is_some_and(|(bracket, _)| bracket != b'{') {},
            _ => {}
        }
        at += 1;
    }
    None
}

fn too_deep(file: FileId, open: &[(u8, usize)]) -> Diagnostic {
    let at = |index: usize| Span::new(file, open[index].1, open[index].1 + 1);
    Diagnostic::error(
        Code::TooDeep,
        at(open.len() - 1),
        format!("brackets are nested more than {MAX_DEPTH} deep"),
    )
    .here("one too many")
    .label(at(0), "the outermost one")
    .help("close what is open, or give parts a name of their own")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<Code> {
        check(text, FileId(0)).map(|diagnostic| diagnostic.code)
    }

    #[test]
    fn counts_open_brackets_only() {
        assert_eq!(code(&"(".repeat(64)), None);
        assert_eq!(code(&"(".repeat(65)), Some(Code::TooDeep));
        assert_eq!(code(&"()".repeat(500)), None);
        assert_eq!(code(&"(}".repeat(500)), None);
        assert_eq!(code(&"{)".repeat(65)), Some(Code::TooDeep));
    }

    #[test]
    fn skips_strings_and_comments() {
        assert_eq!(code(&format!("\"{}\"", "(".repeat(500))), None);
        assert_eq!(code(&format!("\"\\\"{}\"", "(".repeat(500))), None);
        assert_eq!(code(&format!("// {}", "(".repeat(500))), None);
        assert_eq!(
            code(&format!("\"open\n{}", "(".repeat(500))),
            Some(Code::TooDeep)
        );
    }

    #[test]
    fn refuses_nothing_and_too_much() {
        assert_eq!(code(" \n\t"), Some(Code::Empty));
        assert_eq!(code(&"x".repeat(MAX_BYTES + 1)), Some(Code::TooLarge));
    }
}

//! A fix is offered only if it does what it says.

use super::codes::Code;
use super::{Diagnostic, FileId, MAX_ERRORS, Severity};

/// An error as it is compared before and after a fix.
pub type Said = (Code, String);

/// The errors among diagnostics.
pub fn said(diagnostics: &[Diagnostic]) -> Vec<Said> {
    let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error);
    errors.map(|d| (d.code, d.message.clone())).collect()
}

/// Tries every edit of the recipe `file` that an error offers: in the text with it that error must be gone, and no other
/// there. What does not pass is not offered. `recheck` tells what is wrong with a text.
pub fn proven(
    text: &str,
    file: FileId,
    diagnostics: &mut [Diagnostic],
    recheck: &mut dyn FnMut(&str) -> Vec<Said>,
) {
    let before = said(diagnostics);
    // more were found than are shown: what a fix lets come into view is not its doing
    if before.len() >= MAX_ERRORS {
        return;
    }
    for diagnostic in diagnostics {
        if diagnostic.severity != Severity::Error {
            continue;
        }
        let own = (diagnostic.code, diagnostic.message.clone());
        diagnostic.helps.retain(|help| {
            let Some((span, by)) = &help.edit else {
                return true;
            };
            let (Some(head), Some(tail)) = (text.get(..span.start), text.get(span.end..)) else {
                return true;
            };
            if span.file != file {
                return true;
            }
            let mut left = before.clone();
            if let Some(at) = left.iter().position(|said| *said == own) {
                left.swap_remove(at);
            }
            let after = recheck(&format!("{head}{by}{tail}"));
            // that a machine lacks the data which a fix names is not its doing
            let own = after.iter().filter(|(code, _)| *code != Code::MissingData);
            own.into_iter().all(|said| {
                let at = left.iter().position(|one| one == said);
                at.map(|at| left.swap_remove(at)).is_some()
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Span;

    /// Says of a text what words of it are wrong.
    fn wrong(text: &str) -> Vec<Said> {
        let words = text.split(' ').filter(|word| word.starts_with('x'));
        words.map(|word| (Code::Syntax, word.to_owned())).collect()
    }

    fn offered(text: &str, by: &str) -> usize {
        let file = FileId(0);
        let mut diagnostics: Vec<Diagnostic> = (wrong(text).into_iter())
            .map(|(code, message)| Diagnostic::error(code, Span::default(), message))
            .collect();
        diagnostics[0] = diagnostics[0]
            .clone()
            .fix("mend", Span::new(file, 0, 2), by);
        proven(text, file, &mut diagnostics, &mut wrong);
        diagnostics[0].helps.len()
    }

    #[test]
    fn what_mends_nothing_or_breaks_more_is_not_offered() {
        assert_eq!(offered("x1 a", "b"), 1);
        assert_eq!(offered("x1 x2", "b"), 1);
        assert_eq!(offered("x1 a", "x1"), 0);
        assert_eq!(offered("x1 a", "x2"), 0);
        assert_eq!(offered("x1 a", "b x3"), 0);
        // the same mistake twice: one of them stays
        assert_eq!(offered("x1 x1", "b"), 1);
    }
}

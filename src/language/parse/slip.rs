//! What is wrong with a few characters, and what would mend it.

use std::ops::Range;

use super::mended::{Edit, Mended};
use crate::language::codes::Code;
use crate::language::{Diagnostic, FileId, Span};

/// A mistake that can be told from a few characters alone, whatever stands around them.
pub struct Slip {
    pub code: Code,
    /// What the error points at.
    pub at: Range<usize>,
    pub message: String,
    /// What to do.
    pub help: String,
    /// What makes the text readable.
    pub edits: Vec<Edit>,
    /// Whether the edits are what the writer meant: then they are offered.
    pub sure: bool,
    pub notes: Vec<String>,
}

impl Slip {
    pub fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            code: Code::Syntax,
            at,
            message: message.into(),
            help: String::new(),
            edits: Vec::new(),
            sure: true,
            notes: Vec::new(),
        }
    }

    /// `by` in the place of what the error points at.
    pub fn by(self, help: impl Into<String>, by: impl Into<String>) -> Self {
        let at = self.at.clone();
        self.edit(help, at, by)
    }

    pub fn edit(
        mut self,
        help: impl Into<String>,
        at: Range<usize>,
        by: impl Into<String>,
    ) -> Self {
        self.help = help.into();
        self.edits.push((at, by.into()));
        self
    }

    /// Reading goes on without a fix that could be offered.
    pub fn unsure(mut self) -> Self {
        self.sure = false;
        self
    }

    /// The error, in places of `mended`'s original. Several edits are offered as one.
    fn diagnostic(&self, mended: &Mended, file: FileId) -> Diagnostic {
        let span = |at: &Range<usize>| Span::new(file, at.start, at.end);
        let mut diagnostic = Diagnostic::error(self.code, span(&self.at), self.message.clone());
        diagnostic.notes = self.notes.clone();
        let all = (
            self.edits.iter().map(|(at, _)| at.start).min(),
            self.edits.iter().map(|(at, _)| at.end).max(),
        );
        diagnostic = match all {
            (Some(start), Some(end)) if self.sure => {
                let mut by = String::new();
                let mut done = start;
                for (at, piece) in &self.edits {
                    by += mended.text.get(done..at.start).unwrap_or("");
                    by += piece;
                    done = at.end;
                }
                diagnostic.fix(self.help.clone(), span(&(start..end)), by)
            }
            _ if self.help.is_empty() => diagnostic,
            _ => diagnostic.help(self.help.clone()),
        };
        mended.diagnostic(&mut diagnostic);
        diagnostic
    }
}

/// Mends all of `slips`, and says so.
pub fn mend(slips: &[Slip], mended: &mut Mended, file: FileId) -> Vec<Diagnostic> {
    let said = (slips.iter())
        .map(|slip| slip.diagnostic(mended, file))
        .collect();
    let edits: Vec<Edit> = slips.iter().flat_map(|slip| slip.edits.clone()).collect();
    if !edits.is_empty() {
        mended.apply(&edits);
    }
    said
}

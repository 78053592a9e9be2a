//! What the checker has to say: a value first, text only in the renderer.

use super::Span;
use crate::language::codes::Code;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The recipe runs, but probably not as meant.
    Warning,
    /// The recipe can't run.
    Error,
}

/// Text that belongs to a place in the recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be said of it; may be empty.
    pub text: String,
}

/// A change of the recipe that would help.
#[derive(Clone, Debug, PartialEq)]
pub struct Help {
    /// What to do, in a few words.
    pub text: String,
    /// The replacement that does it, where there is exactly one.
    pub edit: Option<(Span, String)>,
}

/// One error or warning about a recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Its number in the list of codes.
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// The place it is about; the frame points here.
    pub primary: Label,
    /// Other places that explain it.
    pub labels: Vec<Label>,
    /// Why, in whole sentences.
    pub notes: Vec<String>,
    /// What to do.
    pub helps: Vec<Help>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            primary: Label {
                span,
                text: String::new(),
            },
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// A warning at `span`.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, span, message)
        }
    }

    /// Text under the frame's caret.
    pub fn here(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// A second place with its text.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// A sentence of explanation.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Advice without an edit.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(Help {
            text: text.into(),
            edit: None,
        });
        self
    }

    /// Advice with the edit that follows it.
    pub fn fix(
        mut self,
        text: impl Into<String>,
        span: Span,
        replacement: impl Into<String>,
    ) -> Self {
        self.helps.push(Help {
            text: text.into(),
            edit: Some((span, replacement.into())),
        });
        self
    }
}

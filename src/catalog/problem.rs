//! What a catalog entry says when it can't do what its arguments ask for.

use crate::language::codes::Code;

/// Which part of a call a [`Problem`] is about. The checker turns it into a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// The call's name.
    Call,
    /// The argument or field of this name; the call where it was left to its default.
    Argument(String),
    /// A node of the tensor graph; its own span wins.
    Span(crate::language::Span),
}

/// An error without a file: entries know their arguments, not where they stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Its number in the list of codes.
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// What it is about.
    pub at: At,
    /// Other places that explain it, each with what is to be said of it.
    pub labels: Vec<(crate::language::Span, String)>,
    /// Why.
    pub notes: Vec<String>,
    /// What to do.
    pub helps: Vec<String>,
}

impl Problem {
    /// A problem with the call as a whole.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            at: At::Call,
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// A problem with one argument.
    pub fn argument(code: Code, name: &str, message: impl Into<String>) -> Self {
        Self {
            at: At::Argument(name.to_owned()),
            ..Self::new(code, message)
        }
    }

    /// Says where it stands.
    pub fn at(mut self, at: At) -> Self {
        self.at = at;
        self
    }

    /// Another place with its text.
    pub fn label(mut self, span: crate::language::Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    /// A sentence of explanation.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Advice.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }
}

/// A result whose error is a [`Problem`].
pub type Result<T, E = Problem> = std::result::Result<T, E>;

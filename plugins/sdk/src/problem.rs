//! What a plugin says when it can't do what it was asked for.

use std::fmt;

use crate::abi;

/// An error for the person with the recipe: what is wrong, in one line, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// The host's status where the host has said what is wrong.
    pub(crate) status: abi::Status,
}

impl Problem {
    /// A problem.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: String::new(),
            status: abi::OK,
        }
    }

    /// Advice.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = text.into();
        self
    }

    /// One that the host has described.
    pub(crate) fn of_host(status: abi::Status) -> Self {
        Self {
            status,
            ..Self::new("the host refused; it says why")
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// A result whose error is a [`Problem`].
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// A status as a result.
pub(crate) fn checked(status: abi::Status) -> Result<()> {
    match status {
        abi::OK => Ok(()),
        status => Err(Problem::of_host(status)),
    }
}

//! Compiled plugins: tasks and transforms behind a C ABI.

use super::Loader;
use crate::catalog::{Problem, Result, Spec};
use crate::language::checked::Use;
use crate::language::codes::Code;

impl Loader {
    /// Finds, verifies and loads a plugin.
    pub(super) fn plugin(&self, used: &Use) -> Result<Vec<Spec>> {
        let name = &used.name.text;
        if self.options.no_plugins {
            return Err(Problem::new(
                Code::Plugin,
                format!("plugin `{name}` is refused: `--no-plugins` is set"),
            ));
        }
        Err(Problem::new(
            Code::NotYet,
            "plugins are not yet supported in this version",
        ))
    }
}

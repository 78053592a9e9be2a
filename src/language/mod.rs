//! From text to a checked recipe.

pub mod checked;
pub mod codes;
mod diagnostic;
mod span;

pub use diagnostic::{Diagnostic, Help, Label, Severity};
pub use span::{FileId, SourceFile, Sources, Span};

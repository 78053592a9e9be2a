//! From text to a checked recipe.

#![allow(dead_code)]
mod ast;
pub mod checked;
pub mod codes;
mod diagnostic;
mod nearest;
mod parse;
mod span;

pub use diagnostic::{Diagnostic, Help, Label, Severity};
pub use parse::{MAX_BYTES, MAX_DEPTH, MAX_ITEMS};
pub use span::{FileId, SourceFile, Sources, Span};

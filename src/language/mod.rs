//! From text to a checked recipe.

mod ast;
mod check;
pub mod checked;
pub mod codes;
mod decode;
mod diagnostic;
mod excerpt;
mod explained;
mod fixes;
mod format;
pub(crate) mod nearest;
mod parse;
mod print;
mod provenance;
mod render;
mod span;
mod visible;

pub(crate) use check::check_part;
pub(crate) use check::unknown_part;
pub use check::{
    Checked, Closed, Doors, MAX_ERRORS, MOST_POINTS, check, check_all, check_into, check_point,
    check_using, default_problem, in_order,
};
pub use decode::decode;
pub use diagnostic::{Diagnostic, Help, Label, Severity};
pub use explained::{Example, Explained, explained};
pub use fixes::{proven, said};
pub(crate) use format::{LexKind, lex};
pub use format::{WIDTH, format};
pub use nearest::nearest;
pub use parse::{MAX_BYTES, MAX_DEPTH, MAX_ITEMS};
pub use print::{call_text, canonical, expand, expand_noting, sample_text};
pub use provenance::{Provenance, provenance};
pub use render::{render, to_json};
pub use span::{FileId, SourceFile, Sources, Span};
pub use visible::{json, steers, visible, visible_line};

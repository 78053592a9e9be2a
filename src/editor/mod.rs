//! What an editor asks of a recipe while somebody writes it: what is wrong, what may be typed, what a word means, where it is defined and
//! used, what flows where. Places are bytes here; how editors count and talk is `cli/lsp`'s to know.
//!
//! Two readers work side by side. The language's own says what is wrong, and `plan` what follows from the data and the networks; the one
//! in `read` never refuses, so that there is an answer for a text that nobody could run.

mod analysis;
mod complete;
mod fix;
mod hover;
mod lines;
mod look;
mod mark;
mod navigate;
mod outline;
mod read;
mod rename;
mod scope;
mod shapes;
#[cfg(test)]
mod tests;
mod token;
mod told;
mod want;

pub use analysis::{Analysis, OpenTexts, Planned, Workshop};
pub use complete::{Choice, Sort, complete};
pub use fix::{Fix, all_fixed, difference, fixes};
pub use hover::hover;
pub use lines::{Lines, Position};
pub use look::{Colour, Coloured, colours, folds, hints};
pub use mark::{Local, Mark, Told, What};
pub use navigate::{Location, Occurrence, Symbol, definition, references};
pub use outline::{Item, Named, Noun, Outline};
pub use read::Reading;
pub use rename::{Edits, applied, renamable, rename};
pub use scope::{Brought, Import, Scope};
pub use shapes::Shape;

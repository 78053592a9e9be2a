//! What a person reads: the table of results, `report.html`, and the text of `pretext list` and `pretext doc`.
//!
//! The report is made from the files of a run directory alone, so it can be made again from a finished run, or
//! from one that is still going.

pub mod book;
pub mod catalog;
mod collapse;
mod comparison;
mod curve;
mod duplicates;
pub mod embedding;
mod exhibits;
mod html;
mod leaks;
mod meaning;
mod nearest;
pub mod operations;
pub mod plot;
mod progress;
mod results;
mod seeds;
mod side;
mod spread;
mod table;
mod tensorboard;
mod text;
pub mod vectors;

pub use collapse::{COLLAPSE, Collapsed, LikelyCause};
pub use comparison::{
    Compared, Comparison, comparison, comparisons, markdown, plain, side_by_side,
};
pub use curve::{Curve, CurveLine};
pub use duplicates::{Duplicate, csv as duplicates_csv, table as duplicates_table};
pub use exhibits::{ExhibitFile, exhibit_picture, exhibit_table, exhibit_text};
pub use html::{ReportError, rendered, write};
pub use leaks::{LEAKS, Leak, Leaks};
pub use meaning::{Change, MEANING, Recorded, StageDifference, differences, recorded, told};
pub use nearest::{Asked, Shown, nearest_sheet};
pub use progress::{Progress, StageProgress, State, changed, clock};
pub use results::{PIXELS, ResultRow};
pub use seeds::{SeedsRow, over_seeds, seeds_table};
pub use side::{Difference, page};
pub use spread::{Share, Spread, spread};
pub use table::table;
pub use tensorboard::Events;

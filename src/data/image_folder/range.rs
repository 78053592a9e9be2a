//! Pictures of more than 8 bits, of which few levels would be left.

use std::path::{Path, PathBuf};

use crate::catalog::Problem;
use crate::data::decode::{self, Header};
use crate::data::regular;
use crate::language::codes::Code;

/// Pictures with more than 8 bits that are decoded to learn what part of their range they use.
const DECODED: usize = 4;
/// The part of their range below which that is worth a warning.
const DIM: f64 = 0.3;

/// A warning where pictures of more than 8 bits use a small part of their range (12 bits of an instrument in a file of 16) or go
/// beyond it (floats that are no 0..1).
pub(super) fn dim(looked_at: &[(PathBuf, Header)]) -> Option<Problem> {
    let deep = looked_at.iter().filter(|(_, header)| header.deep);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut seen: Option<((f64, f64), &Path)> = None;
    for (path, _) in deep.take(DECODED) {
        let extent = decode::extent(&regular::read(path).ok()?)?;
        least = least.min(extent.values.0);
        if extent.values.1 > most {
            most = extent.values.1;
            seen = Some((extent.range, path));
        }
    }
    let ((low, high), path) = seen?;
    let part = (most - least.min(low.max(0.0))) / (high - low);
    let beyond = least < low || most > high;
    if !beyond && (part >= DIM || part <= 0.0) {
        return None;
    }
    let name = path.display();
    let (message, note) = match beyond {
        true => (
            format!(
                "values go from {least} to {most} (in {name}), and pictures of this format from {low} to {high}"
            ),
            "What lies outside is cut off: it becomes black or white.",
        ),
        false => (
            format!(
                "pictures of {} use {:.1} % of their range: the largest value is {most}, in {name}",
                if high == 65_535.0 {
                    "16 bits".to_owned()
                } else {
                    format!("{low}..{high}")
                },
                part * 100.0,
            ),
            "Pictures are read as 8 bits: what is left of them has few levels and is nearly black.",
        ),
    };
    // counts use whole bits; other values are what they are
    let top = match low == 0.0 && high > 1.0 {
        true => ((most as u64 + 1).next_power_of_two() - 1) as f64,
        false => most.ceil(),
    };
    let bottom = if least < 0.0 { least.floor() } else { 0.0 };
    Some(
        Problem::new(Code::LintRange, message)
            .note(note)
            .help(format!(
                "say which values become black and white: `range = {bottom}..{top}`"
            )),
    )
}

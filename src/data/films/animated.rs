//! GIF, APNG and animated WebP, as films.

use std::path::Path;

use super::{Each, Timeline};
use crate::data::decode::{self, Look};
use crate::data::regular;

/// Size and times.
pub(super) fn look(path: &Path) -> Result<Timeline, String> {
    let bytes = regular::read(path).map_err(|error| error.to_string())?;
    let found = decode::animated(&bytes)?;
    let mut end = 0;
    let starts = found.delays.iter().map(|delay| {
        let start = end;
        end += u64::from(*delay) * 1000;
        start
    });
    let starts: Vec<u64> = starts.collect();
    let mut timeline = Timeline::new((found.height, found.width), starts, end)?;
    timeline.damage = found.damage;
    Ok(timeline)
}

/// Gives each frame to `each` until that wants no more. What is damaged comes back as a sentence.
pub(super) fn read(path: &Path, look: &Look, each: Each<'_>) -> Result<Option<String>, String> {
    let bytes = regular::read(path).map_err(|error| error.to_string())?;
    decode::animation(&bytes, look, each)
}

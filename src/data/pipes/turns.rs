//! The turns of dialogues, for pipes that make records of them.

use std::fmt::Display;
use std::sync::Arc;

use super::made::From;
use super::neighbours::texts;
use crate::data::{DataError, Philox, Record};

/// Dialogues that are tried before it is said that none of them will do.
pub(super) const TRIES: usize = 256;

/// The turns of a dialogue, which are the field `at` of its record, and the record.
pub(super) fn turns(
    from: &From<'_>,
    at: usize,
    index: usize,
) -> Result<(Vec<Arc<str>>, Record), DataError> {
    let mut record = from.other(index)?;
    let turns = texts(&mut record, at)?;
    Ok((turns, record))
}

/// A dialogue of so many turns or more: its number, its turns and its record. In place of one of fewer another is drawn.
pub(super) fn of_length(
    from: &From<'_>,
    at: usize,
    least: usize,
    draws: &mut Philox,
    needs: &dyn Display,
) -> Result<(usize, Vec<Arc<str>>, Record), DataError> {
    let mut index = from.index;
    let (mut found, mut record) = turns(from, at, index)?;
    let mut tries = 0;
    while found.len() < least {
        tries += 1;
        if tries > TRIES {
            return Err(DataError::new(format!(
                "none of {TRIES} dialogues drawn in place of record {} has {needs}",
                from.index
            )));
        }
        index = draws.below(from.records() as u32) as usize;
        (found, record) = turns(from, at, index)?;
    }
    Ok((index, found, record))
}

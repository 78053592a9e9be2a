//! The words of a table's rows.

use super::Pieces;
use crate::catalog::Artifact;
use crate::data::DataError;

/// The word of each id below `rows`, of what a fit of a vocabulary has learnt; `None` where an id stands for no word: `[PAD]`, `[UNK]`, or
/// one that was declared and not found.
///
/// # Errors
/// The fit has not run, or learns no words.
pub fn words_of(vocabulary: &Artifact, rows: usize) -> Result<Vec<Option<String>>, DataError> {
    match vocabulary.get::<Pieces>() {
        Some(pieces) => Ok(of_pieces(&pieces, rows)),
        None => Err(DataError::new(format!(
            "`{}` has not learnt any words",
            vocabulary.name
        ))),
    }
}

fn of_pieces(pieces: &Pieces, rows: usize) -> Vec<Option<String>> {
    let special = pieces.special().all();
    let word = |id: u32| pieces.token(id).filter(|_| !special.contains(&id));
    (0..rows as u32)
        .map(|id| word(id).map(str::to_owned))
        .collect()
}

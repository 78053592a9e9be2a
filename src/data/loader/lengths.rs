//! Batches by length: texts of like length share a batch, and it is padded to the longest of them instead of the longest that there may
//! be.
//!
//! How long a text is, is known once it is drawn. So the records of [`SPAN`] batches that follow each other in the epoch's order are
//! drawn together, sorted by their length and cut into batches, which come in an order that is drawn, too: each record is still read once
//! an epoch, beside others that are as random as their length lets them be. A batch then follows from seed, epoch and its number, as any
//! other does.

use super::Leaf;
use super::batch::leaves;
use crate::data::{DataError, Fields, Philox};

/// Batches whose records are sorted together.
pub const SPAN: u64 = 16;
/// Lengths that batches have.
const STEPS: usize = 8;
/// They are multiples of this: products over them fill the machine's vectors.
const EVEN: usize = 8;

/// The lengths that batches of texts of at most `longest` pieces have, from the shortest to that one.
pub fn of(longest: usize) -> Vec<usize> {
    let at = |step: usize| (longest * step).div_ceil(STEPS).next_multiple_of(EVEN);
    let mut lengths: Vec<usize> = (1..STEPS).map(at).filter(|n| *n < longest).collect();
    lengths.push(longest);
    lengths.dedup();
    lengths
}

/// The longest text that may be in a batch of these fields; `None` where they hold no text in pieces.
pub fn longest(fields: &Fields) -> Option<usize> {
    fields.iter().filter_map(|(_, ty)| ty.longest()).max()
}

/// These fields in a batch whose texts have no more than so many pieces.
pub fn no_longer(fields: &Fields, length: usize) -> Fields {
    let fields = fields.iter();
    fields
        .map(|(name, ty)| (name.clone(), ty.no_longer(length)))
        .collect()
}

/// The tensors of a batch, by the most pieces of its texts, from the shortest.
pub(super) fn ladder(fields: &Fields) -> Result<Vec<(usize, Vec<Leaf>)>, DataError> {
    let Some(longest) = longest(fields) else {
        return Ok(vec![(0, leaves(fields)?)]);
    };
    let lengths = of(longest).into_iter();
    lengths
        .map(|length| Ok((length, leaves(&no_longer(fields, length))?)))
        .collect()
}

/// Which records of a span stand in which of its batches, by their lengths in the order of the epoch: `lengths.len() / batch` lists, in
/// the order in which the batches come.
pub(super) fn sorted(
    lengths: &[usize],
    batch: usize,
    seed: u64,
    epoch: u64,
    span: u64,
) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    // stable: of equal length, the order of the epoch
    order.sort_by_key(|record| lengths[*record]);
    let batches: Vec<&[usize]> = order.chunks(batch.max(1)).collect();
    let path = [epoch, Philox::part("by length"), span];
    let turns = Philox::new(seed, &path).permutation(batches.len());
    turns
        .into_iter()
        .map(|turn| batches[turn as usize].to_vec())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_rise_to_the_longest() {
        assert_eq!(of(128), [16, 32, 48, 64, 80, 96, 112, 128]);
        assert_eq!(of(64), [8, 16, 24, 32, 40, 48, 56, 64]);
        assert_eq!(of(50), [8, 16, 24, 32, 40, 48, 50]);
        assert_eq!(of(9), [8, 9]);
        assert_eq!(of(3), [3]);
    }

    #[test]
    fn texts_of_like_length_share_a_batch_and_each_is_in_one() {
        let lengths = [9, 1, 8, 2, 7, 3, 6, 4, 5, 5];
        let batches = sorted(&lengths, 3, 1, 0, 0);
        assert_eq!(batches.len(), 4);
        let mut all: Vec<usize> = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        let mut sets: Vec<Vec<usize>> = batches
            .iter()
            .map(|batch| batch.iter().map(|record| lengths[*record]).collect())
            .collect();
        sets.sort();
        assert_eq!(sets, [vec![1, 2, 3], vec![4, 5, 5], vec![6, 7, 8], vec![9]]);
        // the order of batches is drawn, for each epoch and each span
        let order = |epoch, span| sorted(&(0..16).collect::<Vec<_>>(), 1, 1, epoch, span);
        assert_ne!(order(0, 0), order(1, 0));
        assert_ne!(order(0, 0), order(0, 1));
        assert_eq!(order(2, 3), order(2, 3));
    }
}

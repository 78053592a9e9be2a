//! The order of records that are read as they lie: a buffer is filled, one of it is drawn, and the next one takes its place.
//!
//! It follows from the seed and the epoch, so a place in it is all that a checkpoint keeps; what was in the buffer is known again without
//! reading any of it.

use crate::data::Philox;

/// An order of `records` records through a buffer of `buffer`, at least 1. Stretches of that length come in an order of their own, so that records far
/// from each other meet in another epoch.
pub(super) fn order(rng: &mut Philox, records: usize, buffer: usize) -> Vec<u32> {
    let stretches = rng.permutation(records.div_ceil(buffer));
    let mut lie = stretches.into_iter().flat_map(|stretch| {
        let first = stretch as usize * buffer;
        first as u32..(first + buffer).min(records) as u32
    });
    let mut held: Vec<u32> = lie.by_ref().take(buffer).collect();
    let mut order = Vec::with_capacity(records);
    while !held.is_empty() {
        let at = rng.below(held.len() as u32) as usize;
        match lie.next() {
            Some(next) => order.push(std::mem::replace(&mut held[at], next)),
            None => order.push(held.swap_remove(at)),
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_comes_once_and_near_where_it_lies() {
        for (records, buffer) in [(1000, 50), (1003, 50), (7, 3), (5, 1)] {
            let of = |epoch| order(&mut Philox::new(1, &[epoch]), records, buffer);
            let own = of(0);
            let mut sorted = own.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..records as u32).collect::<Vec<_>>());
            assert_eq!(own, of(0));
            assert!(buffer == 1 || own != of(1));
        }
        // what is read until a record comes reaches no further than the stretches in the buffer: of 20 only a few are open at once
        let own = order(&mut Philox::new(2, &[]), 1000, 50);
        let open: Vec<usize> = own
            .windows(50)
            .map(|window| {
                let stretches: std::collections::BTreeSet<u32> =
                    window.iter().map(|record| record / 50).collect();
                stretches.len()
            })
            .collect();
        assert!(open.iter().all(|n| *n <= 12), "{open:?}");
        // and neighbours are parted
        let beside = own.windows(2).filter(|two| two[1] == two[0] + 1).count();
        assert!(beside < 60, "{beside}");
    }
}

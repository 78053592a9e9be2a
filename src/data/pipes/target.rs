//! Three pairs of turns of a dialogue, and pairs to tell their order by (Wu et al., 2019).

use std::sync::Arc;

use crate::data::{Philox, Sample};

/// Pairs of a target.
pub(super) const TARGET: usize = 3;
/// Pairs of turns of the shortest dialogue: three before the last of a target.
pub(super) const LEAST: usize = 4;
/// Pairs before the last of a target so that references are others than the target's own two.
const BEFORE: usize = 5;
/// Orders of three but their own.
const OTHERS: [[usize; TARGET]; 5] = [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// Turns in pairs, each as one text; a last one alone is left.
pub(super) fn pairs(turns: &[Arc<str>]) -> Vec<Sample> {
    let pairs = turns.chunks_exact(2);
    pairs.map(|pair| Sample::text(pair.join(" "))).collect()
}

/// Where the pairs of a target and of its references stand in a dialogue.
pub(super) struct Target {
    /// The target's, rising.
    pub chosen: [usize; TARGET],
    /// Those that references are drawn from, rising: before the target's last.
    others: Vec<usize>,
}

impl Target {
    /// Of a dialogue of so many pairs, [`LEAST`] or more: a last one, and two of those before it. References are drawn from the rest of
    /// these; in a dialogue too short for three others one or both of the target's two are among them.
    pub fn draw(draws: &mut Philox, pairs: usize) -> Self {
        let least = BEFORE.min(pairs - 1);
        let last = least + draws.below((pairs - least) as u32) as usize;
        let two = some(draws, TARGET - 1, last);
        let mut others: Vec<usize> = (0..last).filter(|pair| !two.contains(pair)).collect();
        let lacking = TARGET.saturating_sub(others.len());
        others.extend(some(draws, lacking, two.len()).iter().map(|at| two[*at]));
        others.sort_unstable();
        Self {
            chosen: [two[0], two[1], last],
            others,
        }
    }

    /// The target's pairs, in this order or in another.
    pub fn target(&self, pairs: &[Sample], draws: &mut Philox, ordered: bool) -> Vec<Sample> {
        triple(pairs, self.chosen, draws, ordered)
    }

    /// So many triples in order and as many that are not, one after the other.
    pub fn references(&self, pairs: &[Sample], draws: &mut Philox, n: usize) -> [Vec<Sample>; 2] {
        [true, false].map(|ordered| {
            let mut all = Vec::with_capacity(TARGET * n);
            for _ in 0..n {
                let at = some(draws, TARGET, self.others.len());
                let chosen = [0, 1, 2].map(|place| self.others[at[place]]);
                all.extend(triple(pairs, chosen, draws, ordered));
            }
            all
        })
    }
}

/// `k` different numbers below `n`, rising (Floyd's way).
fn some(draws: &mut Philox, k: usize, n: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::with_capacity(k);
    for most in n - k..n {
        let one = draws.below(most as u32 + 1) as usize;
        chosen.push(if chosen.contains(&one) { most } else { one });
    }
    chosen.sort_unstable();
    chosen
}

/// Three pairs, in this order or in another.
fn triple(
    pairs: &[Sample],
    chosen: [usize; TARGET],
    draws: &mut Philox,
    ordered: bool,
) -> Vec<Sample> {
    let order = match ordered {
        true => [0, 1, 2],
        false => OTHERS[draws.below(OTHERS.len() as u32) as usize],
    };
    order.iter().map(|at| pairs[chosen[*at]].clone()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn some_are_different_and_any() {
        let mut rng = Philox::new(3, &[]);
        let mut seen = BTreeMap::new();
        for _ in 0..10_000 {
            *seen.entry(some(&mut rng, 2, 5)).or_insert(0_u32) += 1;
        }
        // ten pairs of five, each 1,000 times, s.d. 30
        assert_eq!(seen.len(), 10);
        assert!(
            seen.iter()
                .all(|(two, n)| two[0] < two[1] && n.abs_diff(1000) < 150),
            "{seen:?}"
        );
        assert_eq!(some(&mut rng, 3, 3), [0, 1, 2]);
    }

    /// What references share with a target says where it belongs: nothing where the dialogue is long enough, else as little as can be.
    #[test]
    fn references_have_no_pair_of_the_target_where_there_are_others() {
        let mut rng = Philox::new(5, &[]);
        for pairs in LEAST..12 {
            let mut lasts = BTreeSet::new();
            for _ in 0..200 {
                let Target { chosen, others } = Target::draw(&mut rng, pairs);
                assert!(chosen.is_sorted() && others.is_sorted());
                assert!(others.iter().all(|pair| *pair < chosen[2]));
                let shared = others.iter().filter(|pair| chosen.contains(pair)).count();
                assert_eq!(shared, 6_usize.saturating_sub(pairs), "of {pairs}");
                assert!(others.len() >= TARGET);
                lasts.insert(chosen[2]);
            }
            assert_eq!(lasts, (BEFORE.min(pairs - 1)..pairs).collect());
        }
    }
}

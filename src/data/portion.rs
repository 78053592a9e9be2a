//! Which records a data set holds, as far as that is known before any is read: whether two of them share some.

/// Records of one base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Which base: equal for data sets that are one.
    base: usize,
    /// What was chosen of it, choice after choice.
    chosen: Vec<Chosen>,
    /// How many they are.
    records: usize,
}

/// One choice of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The rule and the seed: a smaller choice by one of them is part of a larger one.
    pub(super) rule: String,
    /// Records that the rule chooses.
    pub(super) count: usize,
    /// Records it chooses from.
    pub(super) of: usize,
    /// Whether this is what was left.
    pub(super) rest: bool,
}

impl Portion {
    /// All `records` of a data set that is made of no other one.
    pub(super) fn all<D: ?Sized>(dataset: &D, records: usize) -> Self {
        Self {
            base: std::ptr::from_ref(dataset).cast::<u8>() as usize,
            chosen: Vec::new(),
            records,
        }
    }

    /// Those of them that are chosen next.
    pub(super) fn choose(mut self, next: Chosen) -> Self {
        self.records = match next.rest {
            true => next.of - next.count,
            false => next.count,
        };
        self.chosen.push(next);
        self
    }

    /// This part of them, whichever.
    pub(super) fn thin(&mut self, part: f64) {
        self.records = (self.records as f64 * part).round() as usize;
    }

    /// How many they are.
    pub(super) fn records(&self) -> usize {
        self.records
    }

    /// Records that both hold; of choices that have nothing to do with one another, so many as chance gives.
    pub(super) fn shared(&self, other: &Self) -> usize {
        if self.base != other.base {
            return 0;
        }
        let fewer = self.records.min(other.records);
        let differ = self.chosen.iter().zip(&other.chosen).find(|(a, b)| a != b);
        let Some((a, b)) = differ else {
            // one is chosen from the other
            return fewer;
        };
        if a.rule == b.rule {
            return match (a.rest, b.rest) {
                (false, true) => a.count.saturating_sub(b.count).min(fewer),
                (true, false) => b.count.saturating_sub(a.count).min(fewer),
                (false, false) | (true, true) => fewer,
            };
        }
        (self.records as f64 * other.records as f64 / a.of.max(1) as f64).round() as usize
    }
}

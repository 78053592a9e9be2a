//! What decides the draws of a record that is drawn rather than stored.

use super::Philox;

/// A key: the run's seed, the epoch, and the pipes that a record comes through. Equal keys give equal records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draws {
    seed: u64,
    epoch: u64,
    path: u64,
}

impl Draws {
    /// Of looks that are the same whatever the run: statistics, lists of classes.
    pub const STILL: Self = Self {
        seed: 0,
        epoch: 0,
        path: 0,
    };

    /// Of one epoch of a run.
    pub fn new(seed: u64, epoch: u64) -> Self {
        Self {
            seed,
            epoch,
            path: 0,
        }
    }

    /// Of what flows into a pipe, or into one of its inputs, by [`Philox::part`] of its name: what is drawn there is another draw than
    /// the pipe's own.
    pub fn below(self, input: u64) -> Self {
        let mut path = Philox::new(self.path, &[input]);
        let [high, low] = [path.next_u32(), path.next_u32()].map(u64::from);
        Self {
            path: high << 32 | low,
            ..self
        }
    }

    /// The stream of the record with this stable number ([`super::Dataset::id`]).
    pub fn stream(self, sample: u64) -> Philox {
        Philox::new(self.seed, &[self.epoch, sample, self.path])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_key_counts() {
        let key = Draws::new(7, 3);
        let first = |draws: Draws, sample| draws.stream(sample).next_u32();
        let windows = Philox::part("windows");
        let own = first(key, 5);
        assert_eq!(own, first(Draws::new(7, 3), 5));
        let others = [
            first(Draws::new(8, 3), 5),
            first(Draws::new(7, 4), 5),
            first(key, 6),
            first(key.below(windows), 5),
            first(key.below(windows).below(windows), 5),
        ];
        for (i, other) in others.iter().enumerate() {
            assert_ne!(own, *other, "{i}");
            assert!(!others[..i].contains(other), "{i}");
        }
    }
}

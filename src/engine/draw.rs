//! What random nodes draw from.

use crate::graph::Clock;

/// Seed, place in the run, batch of the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Draw {
    /// Of the run.
    pub(crate) seed: u64,
    /// Where the run stands.
    pub(crate) clock: Clock,
    /// Which batch of the step, where gradients are accumulated.
    pub(crate) micro: u64,
}

impl Draw {
    /// Where nothing is trained: the batch of this number.
    pub(crate) fn still(seed: u64, micro: u64) -> Self {
        Self {
            seed,
            clock: Clock::start(),
            micro,
        }
    }
}

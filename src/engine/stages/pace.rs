//! When a checkpoint is due. Where training stands in between is no part of any result, so the time may decide.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::plan::Settings;

/// Where time is looked at: shorter periods share a checkpoint.
const LEAST: Duration = Duration::from_secs(1);
/// And writing takes at most one part in so many.
const SHARE: u32 = 20;

/// Tells the time since some moment; it never goes back. A run asks it when its checkpoints are due and how long its stages take.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// One that says what it is told to.
    pub fn new(tell: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// The time now.
    pub fn now(&self) -> Duration {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        let began = Instant::now();
        Self::new(move || began.elapsed())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// When the checkpoints of one training are due.
pub(super) struct Pace {
    /// In steps.
    every: u64,
    /// The longest time between two.
    longest: Option<Duration>,
    /// When the last one was written, or training began.
    last: Duration,
    /// How long writing it took.
    cost: Duration,
}

impl Pace {
    pub fn new(settings: &Settings, now: Duration) -> Self {
        let seconds = settings.checkpoint_minutes.map(|minutes| 60.0 * minutes);
        Self {
            every: settings.checkpoint_every.max(1),
            // more than a `Duration` holds is never
            longest: seconds.map(|s| Duration::try_from_secs_f64(s).unwrap_or(Duration::MAX)),
            last: now,
            cost: Duration::ZERO,
        }
    }

    /// Whether one is due after `step`.
    pub fn due(&self, step: u64, now: Duration) -> bool {
        let whole = step.is_multiple_of(self.every);
        let Some(longest) = self.longest else {
            return whole;
        };
        let since = now.saturating_sub(self.last);
        since >= longest || (whole && since >= LEAST.max(self.cost.saturating_mul(SHARE)))
    }

    /// One was written in this time.
    pub fn written(&mut self, from: Duration, to: Duration) {
        self.cost = to.saturating_sub(from);
        self.last = to;
    }
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;

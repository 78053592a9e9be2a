//! Numbers that change while a run goes on: schedules inside a graph. They are computed on the host from the step alone, so a
//! restart needs nothing of them.

use std::fmt;
use std::sync::Arc;

/// Where a run stands when a step begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// Optimiser steps done; the first step sees 0.
    pub step: u64,
    /// Optimiser steps in all.
    pub steps: u64,
    /// Optimiser steps in one pass over the data.
    pub steps_per_epoch: f64,
}

impl Clock {
    /// The first of many steps: what a graph sees where nothing is trained.
    pub fn start() -> Self {
        Self {
            step: 0,
            steps: 1,
            steps_per_epoch: 1.0,
        }
    }
}

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// A fraction of the whole run.
    Fraction(f64),
    /// Passes over the data.
    Epochs(f64),
    /// Optimiser steps.
    Steps(u64),
}

impl Moment {
    /// In steps.
    pub fn step(self, clock: &Clock) -> f64 {
        match self {
            Moment::Fraction(part) => part * clock.steps as f64,
            Moment::Epochs(epochs) => epochs * clock.steps_per_epoch,
            Moment::Steps(steps) => steps as f64,
        }
    }
}

impl From<crate::catalog::Duration> for Moment {
    fn from(duration: crate::catalog::Duration) -> Self {
        match duration {
            crate::catalog::Duration::Epochs(epochs) => Moment::Epochs(epochs),
            crate::catalog::Duration::Steps(steps) => Moment::Steps(steps),
        }
    }
}

/// How a [`Scalar::Ramp`] goes from one value to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// A line.
    Linear,
    /// Half a cosine: slow, fast, slow.
    Cosine,
}

/// A number that changes with the step.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// Always this.
    Constant(f64),
    /// `from` until `start`, `to` from `end` on, along the curve in between.
    Ramp {
        /// The first value.
        from: f64,
        /// The last value.
        to: f64,
        /// The way.
        curve: Curve,
        /// Where it leaves `from`.
        start: Moment,
        /// Where it reaches `to`.
        end: Moment,
    },
    /// 0 before a moment, 1 from it on.
    After(Moment),
    /// A function from a script.
    Script(ScalarFn),
}

impl Scalar {
    /// From `from` to `to` over the whole run, along half a cosine: the momentum of BYOL and DINO.
    pub fn cosine(from: f64, to: f64) -> Self {
        Self::ramp(from, to, Curve::Cosine, Moment::Fraction(1.0))
    }

    /// From `from` to `to` in a line until `end`, then `to`: a warmup.
    pub fn linear(from: f64, to: f64, end: Moment) -> Self {
        Self::ramp(from, to, Curve::Linear, end)
    }

    /// From `from` at the first step to `to` at `end`.
    pub fn ramp(from: f64, to: f64, curve: Curve, end: Moment) -> Self {
        Scalar::Ramp {
            from,
            to,
            curve,
            start: Moment::Steps(0),
            end,
        }
    }

    /// Its value in a step.
    ///
    /// # Errors
    /// A script fails; the text says why.
    pub fn at(&self, clock: &Clock) -> Result<f64, String> {
        Ok(match self {
            Scalar::Constant(value) => *value,
            Scalar::Ramp {
                from,
                to,
                curve,
                start,
                end,
            } => {
                let (start, end) = (start.step(clock), end.step(clock));
                let step = clock.step as f64;
                let t = if step >= end {
                    1.0
                } else {
                    ((step - start) / (end - start)).clamp(0.0, 1.0)
                };
                let t = match curve {
                    Curve::Linear => t,
                    Curve::Cosine => 0.5 * (1.0 - (std::f64::consts::PI * t).cos()),
                };
                from + (to - from) * t
            }
            Scalar::After(moment) => f64::from(u8::from(clock.step as f64 >= moment.step(clock))),
            Scalar::Script(function) => (function.call)(clock)?,
        })
    }

    /// The last moment at which it changes; `None`: it never does, or a script decides.
    pub fn settles(&self) -> Option<Moment> {
        match self {
            Scalar::Ramp { end, .. } => Some(*end),
            Scalar::After(moment) => Some(*moment),
            Scalar::Constant(_) | Scalar::Script(_) => None,
        }
    }
}

impl From<f64> for Scalar {
    fn from(value: f64) -> Self {
        Scalar::Constant(value)
    }
}

/// A scalar's function from a script. Equal names and hashes mean equal functions.
#[derive(Clone)]
pub struct ScalarFn {
    /// Of its file: `warm.rhai`.
    pub name: String,
    /// blake3 of its text and arguments, in hexadecimal digits.
    pub hash: String,
    /// A pure function of the clock.
    pub call: Arc<dyn Fn(&Clock) -> Result<f64, String> + Send + Sync>,
}

impl PartialEq for ScalarFn {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.hash) == (&other.name, &other.hash)
    }
}

impl fmt::Debug for ScalarFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.name, self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(scalar: &Scalar, step: u64) -> f64 {
        let clock = Clock {
            step,
            steps: 100,
            steps_per_epoch: 10.0,
        };
        scalar.at(&clock).expect("no script")
    }

    #[test]
    fn ramps_go_from_one_value_to_the_other() {
        // BYOL: 1 - (1 - τ) (cos(π k / K) + 1) / 2
        let byol = Scalar::cosine(0.99, 1.0);
        for k in [0u64, 1, 50, 99] {
            let cosine = (std::f64::consts::PI * k as f64 / 100.0).cos();
            let paper = 1.0 - 0.01 * (cosine + 1.0) / 2.0;
            assert!((at(&byol, k) - paper).abs() < 1e-12);
        }
        let warm = Scalar::linear(0.04, 0.07, Moment::Epochs(3.0));
        assert_eq!(at(&warm, 0), 0.04);
        assert!((at(&warm, 15) - 0.055).abs() < 1e-12);
        assert_eq!(at(&warm, 30), 0.07);
        assert_eq!(at(&warm, 99), 0.07);
        let nothing = Scalar::linear(1.0, 2.0, Moment::Steps(0));
        assert_eq!(at(&nothing, 0), 2.0);
    }

    #[test]
    fn a_gate_opens_at_its_moment() {
        let gate = Scalar::After(Moment::Fraction(0.5));
        assert_eq!([49, 50, 99].map(|step| at(&gate, step)), [0.0, 1.0, 1.0]);
        let gate = Scalar::After(Moment::Epochs(1.0));
        assert_eq!([9, 10].map(|step| at(&gate, step)), [0.0, 1.0]);
    }
}

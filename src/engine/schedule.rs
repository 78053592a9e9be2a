//! The learning rate of a step.

use crate::catalog::Duration;
use crate::graph::Clock;
use crate::plan::{Decay, Schedule};

/// The learning rate of optimiser step `step` (the first is 0) of `total`.
///
/// Warmup of `w` steps: `base (step + 1) / w`, so the first step already moves and step `w - 1` has the base rate. After it
/// the decay runs over the other `total - w` steps with progress `t = (step - w) / (total - w)` in `0..1`:
/// cosine `floor + (1 - floor) (1 + cos πt) / 2` (Loshchilov & Hutter, 2017), linear `1 - (1 - floor) t`; the floor itself would
/// be reached one step after the last, as in PyTorch. Milestones of `step` are fractions of the whole run.
///
/// # Errors
/// A script that gives the factor fails; the text names its line.
pub fn learning_rate(
    schedule: &Schedule,
    base: f64,
    step: u64,
    total: u64,
    steps_per_epoch: f64,
) -> Result<f64, String> {
    let warmup = warmup_steps(schedule, steps_per_epoch);
    if step < warmup {
        return Ok(base * (step + 1) as f64 / warmup as f64);
    }
    let rest = total.saturating_sub(warmup).max(1);
    let t = ((step - warmup) as f64 / rest as f64).min(1.0);
    let factor = match &schedule.decay {
        Decay::Constant => 1.0,
        Decay::Cosine { floor } => {
            floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * t).cos())
        }
        Decay::Linear { floor } => 1.0 - (1.0 - floor) * t,
        Decay::Step { at, factor } => {
            let passed = at
                .iter()
                .filter(|fraction| step >= (*fraction * total as f64).round() as u64)
                .count();
            factor.powi(passed as i32)
        }
        Decay::Script(function) => (function.call)(&Clock {
            step,
            steps: total,
            steps_per_epoch,
        })?,
    };
    Ok(base * factor)
}

/// How many steps the warmup lasts.
pub fn warmup_steps(schedule: &Schedule, steps_per_epoch: f64) -> u64 {
    match schedule.warmup {
        None => 0,
        Some(Duration::Steps(steps)) => steps,
        Some(Duration::Epochs(epochs)) => (epochs * steps_per_epoch).round().max(0.0) as u64,
    }
}

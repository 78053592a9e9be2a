//! What a run tells while it runs, and how it is asked to stop.

use std::sync::atomic::{AtomicBool, Ordering};

/// Receives progress; the command line draws it.
pub trait Watch {
    /// A stage starts, or goes on at step `from`; `total` steps in all.
    fn begin(&mut self, stage: &str, what: &str, from: u64, total: u64);
    /// A step is done: the loss, and records per second over the last steps.
    fn step(&mut self, step: u64, loss: f64, rate: f64);
    /// Work without a loss is done up to here.
    fn advance(&mut self, done: u64);
    /// A line worth keeping: `resumed at step 400`, a monitor's reading.
    fn say(&mut self, line: &str);
    /// The stage is done.
    fn end(&mut self, line: &str);
}

/// Says nothing.
pub struct Silent;

impl Watch for Silent {
    fn begin(&mut self, _: &str, _: &str, _: u64, _: u64) {}
    fn step(&mut self, _: u64, _: f64, _: f64) {}
    fn advance(&mut self, _: u64) {}
    fn say(&mut self, _: &str) {}
    fn end(&mut self, _: &str) {}
}

static STOP: AtomicBool = AtomicBool::new(false);

/// Asks the run to write a checkpoint and to stop.
pub fn ask_to_stop() {
    STOP.store(true, Ordering::Relaxed);
}

/// Whether somebody asked.
pub fn stop_asked() -> bool {
    STOP.load(Ordering::Relaxed)
}

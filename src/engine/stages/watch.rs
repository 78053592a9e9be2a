//! What a run tells while it runs, and what a request to stop waits for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use crate::data::{ask_to_stop, stop_asked};

/// Receives progress; the command line draws it.
pub trait Watch: Send {
    /// A stage starts, or goes on at step `from`; `total` steps in all.
    fn begin(&mut self, stage: &str, what: &str, from: u64, total: u64);
    /// A step is done: the loss, and records per second over the last steps.
    fn step(&mut self, step: u64, loss: f64, rate: f64);
    /// Work without a loss is done up to here.
    fn advance(&mut self, done: u64);
    /// `done` of `total` bytes of `what` are read, before the first stage.
    fn bytes(&mut self, what: &str, done: u64, total: u64);
    /// A line worth keeping: `resumed at step 400`, a monitor's reading.
    fn say(&mut self, line: &str);
    /// Something is wrong, in several lines; said also where nothing else is.
    fn warn(&mut self, text: &str) {
        self.say(text);
    }
    /// The stage is done.
    fn end(&mut self, line: &str);
}

/// Says nothing.
pub struct Silent;

impl Watch for Silent {
    fn begin(&mut self, _: &str, _: &str, _: u64, _: u64) {}
    fn step(&mut self, _: u64, _: f64, _: f64) {}
    fn advance(&mut self, _: u64) {}
    fn bytes(&mut self, _: &str, _: u64, _: u64) {}
    fn say(&mut self, _: &str) {}
    fn end(&mut self, _: &str) {}
}

/// Tells a watch of work on data, from whatever thread it is done.
pub(super) struct Told<'w>(Mutex<&'w mut dyn Watch>);

impl<'w> Told<'w> {
    pub fn new(watch: &'w mut dyn Watch) -> Self {
        Self(Mutex::new(watch))
    }
}

impl crate::data::Progress for Told<'_> {
    fn report(&self, what: &str, done: u64, total: u64) {
        // a watch that panicked draws nothing more
        if let Ok(mut watch) = self.0.lock() {
            watch.bytes(what, done, total);
        }
    }
}

/// Work in memory that a checkpoint has yet to keep.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// While this lives there is work that a checkpoint has yet to keep.
pub(super) struct Held(());

impl Held {
    pub fn new() -> Self {
        HELD.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a request to stop should wait for a checkpoint. Where it is false, ending at once loses nothing: every file is written
/// whole or not at all.
pub fn holds_work() -> bool {
    HELD.load(Ordering::SeqCst) > 0
}

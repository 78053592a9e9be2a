//! `run --log tensorboard`: what a run says, written down for another program as it goes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::engine::Watch;
use crate::report::Events;

/// Between two looks at what the run has written.
const BETWEEN: Duration = Duration::from_secs(2);

/// What it is written for.
#[derive(Clone, Copy, ValueEnum)]
pub enum Log {
    Tensorboard,
}

/// Passes on what it hears, and keeps event files.
pub struct Logged<'w> {
    inner: &'w mut dyn Watch,
    directory: Option<PathBuf>,
    events: Option<Events>,
    looked: Instant,
}

impl<'w> Logged<'w> {
    pub fn new(inner: &'w mut dyn Watch, log: Option<Log>, directory: &Path) -> Self {
        Self {
            inner,
            directory: log.map(|Log::Tensorboard| directory.to_owned()),
            events: None,
            looked: Instant::now(),
        }
    }

    /// Writes what is new. A log that can't be written is said once, and ends no run.
    fn look(&mut self) {
        let Some(directory) = &self.directory else {
            return;
        };
        self.looked = Instant::now();
        let done = match &mut self.events {
            Some(events) => events.update(),
            None => Events::begin(directory).and_then(|mut events| {
                let done = events.update();
                self.events = Some(events);
                done
            }),
        };
        if let Err(error) = done {
            let path = directory.join("tensorboard");
            let text = format!(
                "warning: no more is logged: can't write {}: {error}",
                path.display()
            );
            self.inner.warn(&text);
            self.directory = None;
        }
    }

    fn tick(&mut self) {
        if self.directory.is_some() && self.looked.elapsed() >= BETWEEN {
            self.look();
        }
    }

    /// The run has ended, however.
    pub fn last(&mut self) {
        if self.events.is_some() {
            self.look();
        }
    }
}

impl Watch for Logged<'_> {
    fn begin(&mut self, stage: &str, what: &str, from: u64, total: u64) {
        // the run directory is there by now
        self.look();
        self.inner.begin(stage, what, from, total);
    }

    fn step(&mut self, step: u64, loss: f64, rate: f64) {
        self.inner.step(step, loss, rate);
        self.tick();
    }

    fn advance(&mut self, done: u64) {
        self.inner.advance(done);
        self.tick();
    }

    fn bytes(&mut self, what: &str, done: u64, total: u64) {
        self.inner.bytes(what, done, total);
    }

    fn say(&mut self, line: &str) {
        self.inner.say(line);
    }

    fn warn(&mut self, text: &str) {
        self.inner.warn(text);
    }

    fn end(&mut self, line: &str) {
        self.inner.end(line);
        // before the first stage there is nothing, and may be no directory
        if self.events.is_some() {
            self.look();
        }
    }
}

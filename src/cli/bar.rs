//! Progress on a terminal: a bar with loss, rate and time left; plain lines where there is no terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::out::say;
use crate::engine::Watch;
use crate::language::{visible, visible_line};
use crate::plan::units::bytes;

/// What is drawn of steps, records and the like.
const STEPS: &str = "{prefix:.bold} {wide_bar:.cyan/dim} {pos}/{len} {msg} · {elapsed} < {eta}";
/// What is drawn of bytes.
const BYTES: &str = "{prefix:.bold} {wide_bar:.cyan/dim} {binary_bytes}/{binary_total_bytes} · {binary_bytes_per_sec} · {elapsed} < {eta}";
/// Fewer bytes are read in an instant.
const WORTH_A_BAR: u64 = 16 << 20;
/// Between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Draws a run's progress on standard error.
pub struct Bar {
    bar: Option<ProgressBar>,
    quiet: bool,
    terminal: bool,
    stage: String,
    total: u64,
    from: u64,
    began: Instant,
    printed: Instant,
}

impl Bar {
    /// A bar; `quiet` draws nothing.
    pub fn new(quiet: bool) -> Self {
        Self {
            bar: None,
            quiet,
            terminal: super::out::on_terminal(),
            stage: String::new(),
            total: 0,
            from: 0,
            began: Instant::now(),
            printed: Instant::now(),
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(visible(text)),
            None if !self.quiet => say(text),
            None => {}
        }
    }

    /// A new bar in the place of the old one, where bars are drawn.
    fn start(&mut self, what: &str, from: u64, total: u64, template: &str) {
        self.stage = what.to_owned();
        self.total = total;
        self.from = from;
        self.began = Instant::now();
        self.printed = Instant::now();
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if self.quiet || !self.terminal {
            return;
        }
        let bar =
            ProgressBar::with_draw_target(Some(total), super::out::bars()).with_position(from);
        // the template is a constant of this file: where it can't be parsed, the plain bar will do
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_prefix(visible_line(&self.stage).into_owned());
        bar.reset_eta();
        self.bar = Some(bar);
    }

    /// Whether a line is due where there is no terminal.
    fn is_time(&mut self) -> bool {
        let due = !self.quiet && self.printed.elapsed() > BETWEEN_LINES;
        if due {
            self.printed = Instant::now();
        }
        due
    }

    /// Time for the rest at the pace so far.
    fn left(&self, done: u64) -> Duration {
        let rest = self.total.saturating_sub(done) as f64;
        let since = done.saturating_sub(self.from).max(1) as f64;
        self.began.elapsed().mul_f64(rest / since)
    }
}

/// `1:05`, `2:03:10`
pub fn clock(time: Duration) -> String {
    crate::report::clock(time.as_secs_f64())
}

impl Watch for Bar {
    fn begin(&mut self, stage: &str, what: &str, from: u64, total: u64) {
        self.start(&format!("{stage} · {what}"), from, total, STEPS);
    }

    fn step(&mut self, step: u64, loss: f64, rate: f64) {
        let message = format!("loss {loss:.4} · {rate:.0} records/s");
        if let Some(bar) = &self.bar {
            bar.set_position(step);
            bar.set_message(message);
        } else if self.is_time() {
            say!(
                "{} {step}/{} {message} · {} left",
                self.stage,
                self.total,
                clock(self.left(step))
            );
        }
    }

    fn advance(&mut self, done: u64) {
        let since = done.saturating_sub(self.from) as f64;
        let rate = since / self.began.elapsed().as_secs_f64().max(1e-9);
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(format!("{rate:.0}/s"));
        } else if self.is_time() {
            say!(
                "{} {done}/{} · {rate:.0}/s · {} left",
                self.stage,
                self.total,
                clock(self.left(done))
            );
        }
    }

    fn bytes(&mut self, what: &str, done: u64, total: u64) {
        if self.stage != what || done == 0 {
            // small files are read before anybody could look
            if total < WORTH_A_BAR {
                return;
            }
            self.start(what, 0, total, BYTES);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if self.is_time() {
            let rate = done as f64 / self.began.elapsed().as_secs_f64().max(1e-9);
            say!(
                "{what}: {} of {} · {}/s · {} left",
                bytes(done),
                bytes(total),
                bytes(rate as u64),
                clock(self.left(done))
            );
        }
    }

    fn say(&mut self, line: &str) {
        self.line(line);
    }

    fn warn(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(visible(text)),
            None => say(text),
        }
    }

    fn end(&mut self, line: &str) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if !line.is_empty() {
            self.line(line);
        }
    }
}

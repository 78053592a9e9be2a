//! Progress on a terminal: a bar with loss, rate and time left; plain lines where there is no terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::out::say;
use crate::engine::Watch;
use crate::language::{visible, visible_line};

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
}

/// `1:05`, `2:03:10`
pub fn clock(time: Duration) -> String {
    let s = time.as_secs();
    if s >= 3600 {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    } else {
        format!("{}:{:02}", s / 60, s % 60)
    }
}

impl Watch for Bar {
    fn begin(&mut self, stage: &str, what: &str, from: u64, total: u64) {
        self.stage = format!("{stage} · {what}");
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
        let bar = ProgressBar::new(total).with_position(from);
        // the template is a constant of this file: where it can't be parsed, the plain bar will do
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix:.bold} {wide_bar:.cyan/dim} {pos}/{len} {msg} · {elapsed} < {eta}",
        ) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_prefix(visible_line(&self.stage).into_owned());
        bar.reset_eta();
        self.bar = Some(bar);
    }

    fn step(&mut self, step: u64, loss: f64, rate: f64) {
        let message = format!("loss {loss:.4} · {rate:.0}/s");
        if let Some(bar) = &self.bar {
            bar.set_position(step);
            bar.set_message(message);
        } else if !self.quiet && self.printed.elapsed() > Duration::from_secs(10) {
            self.printed = Instant::now();
            let done = step.saturating_sub(self.from).max(1);
            let left = self
                .began
                .elapsed()
                .mul_f64((self.total - step.min(self.total)) as f64 / done as f64);
            say!(
                "{} {step}/{} {message} · {} left",
                self.stage,
                self.total,
                clock(left)
            );
        }
    }

    fn advance(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    fn say(&mut self, line: &str) {
        self.line(line);
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

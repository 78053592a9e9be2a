//! All that is printed. What steers a terminal is written out on the way, whoever it comes from: nothing else in the program
//! writes to a standard stream (`tests/house.rs`), so that nothing can forget to.

use std::io::{IsTerminal, Write};

use indicatif::ProgressDrawTarget;
use serde::Serialize;

use crate::extend::plugin::worker;
use crate::language::{Diagnostic, Sources, json, render, visible};

/// Whether somebody reads standard error on a terminal.
pub fn on_terminal() -> bool {
    match worker::errors() {
        Some(own) => own.is_terminal(),
        None => std::io::stderr().is_terminal(),
    }
}

/// Where bars are drawn: standard error.
pub fn bars() -> ProgressDrawTarget {
    #[cfg(unix)]
    if let Some(own) = worker::errors()
        && let (Ok(reads), Ok(writes)) = (own.try_clone(), own.try_clone())
    {
        // it looks at the stream that a worker leaves to plugins
        console::set_colors_enabled_stderr(own.is_terminal() && is_coloured());
        return ProgressDrawTarget::term(console::Term::read_write_pair(reads, writes), 20);
    }
    ProgressDrawTarget::stderr()
}

/// Whether colours are not unwanted.
fn is_coloured() -> bool {
    std::env::var_os("NO_COLOR").is_none()
}

/// Characters of a line on standard output, where that is a terminal or `COLUMNS` says so.
pub fn columns() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok();
    let said = said.and_then(|text| text.trim().parse::<usize>().ok());
    let terminal = || {
        let size = match worker::output() {
            #[cfg(unix)]
            Some(own) => own
                .is_terminal()
                .then(|| terminal_size::terminal_size_of(own)),
            _ => std::io::stdout()
                .is_terminal()
                .then(terminal_size::terminal_size),
        };
        size.map(|size| size.map_or(0, |(width, _)| usize::from(width.0)))
    };
    // a terminal that does not know its width has the usual one
    said.filter(|columns| *columns > 0)
        .or_else(|| terminal().map(|columns| if columns == 0 { 80 } else { columns }))
}

/// Says something to the person: a line, or several, on standard error. Where nobody listens it is lost.
pub fn say(text: &str) {
    heard(&visible(text));
}

/// [`say`] with a format.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::out::say(&format!($($text)*)) };
}

/// Says one diagnostic, in colour on a terminal.
pub fn show(diagnostic: &Diagnostic, sources: &Sources) {
    let color = on_terminal() && is_coloured();
    // its colours are the renderer's; what others wrote was written out there
    heard(&format!("{}\n", render(diagnostic, sources, color)));
}

fn heard(text: &str) {
    // in one piece: several processes may share the stream
    let text = format!("{text}\n");
    let _ = match worker::errors() {
        Some(mut own) => own.write_all(text.as_bytes()),
        None => std::io::stderr().lock().write_all(text.as_bytes()),
    };
}

/// Prints text for people to standard output.
///
/// # Errors
/// The stream can't be written; a closed pipe is an error that [`super::main`] forgives.
pub fn print(text: &str) -> anyhow::Result<()> {
    written(&visible(text))
}

/// Prints a value as JSON, as [`print`] does text.
///
/// # Errors
/// As [`print`].
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    written(&json(value)?)
}

/// Prints a text that programs go on with, a recipe or a shell's completions: as it is, unless a terminal shows it.
///
/// # Errors
/// As [`print`].
pub fn print_text(text: &str) -> anyhow::Result<()> {
    let terminal = match worker::output() {
        Some(own) => own.is_terminal(),
        None => std::io::stdout().is_terminal(),
    };
    match terminal {
        true => print(text),
        false => written(text),
    }
}

fn written(text: &str) -> anyhow::Result<()> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let text = format!("{text}{end}");
    // what a worker prints, no plugin of it writes into
    match worker::output() {
        Some(mut own) => own.write_all(text.as_bytes())?,
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()?;
        }
    }
    Ok(())
}

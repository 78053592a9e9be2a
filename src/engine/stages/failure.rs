//! Failures of a run, and how they become diagnostics at a recipe's line.

use std::path::Path;

use crate::data::{BadSample, DataError};
use crate::engine::EngineError;
use crate::files::odd;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// A failure that may know its place in the recipe.
pub(super) struct Failure {
    code: Code,
    message: String,
    span: Option<Span>,
    notes: Vec<String>,
    helps: Vec<String>,
}

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            span: None,
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    pub fn at(mut self, span: Span) -> Self {
        self.span = self.span.or(Some(span));
        self
    }

    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }

    /// As a diagnostic, at its own place or at `span`.
    pub fn diagnostic(self, span: Span) -> Box<Diagnostic> {
        let own = self.span.filter(|span| span.end > span.start);
        let mut diagnostic = Diagnostic::error(self.code, own.unwrap_or(span), self.message);
        diagnostic.notes = self.notes;
        for help in self.helps {
            diagnostic = diagnostic.help(help);
        }
        Box::new(diagnostic)
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        let mut failure = Failure::new(Code::BadSample, error.message);
        failure.helps.extend(error.help);
        failure
    }
}

impl From<BadSample> for Failure {
    fn from(bad: BadSample) -> Self {
        let mut failure = Failure::new(
            Code::BadSample,
            format!("sample {} can't be used: {}", bad.id, bad.error),
        );
        if bad.error.is_the_machines() {
            return failure
                .note(KEPT)
                .help("raise the limits of this shell: `ulimit -n`, `ulimit -v`");
        }
        failure.helps.extend(bad.error.help);
        failure
            .note(KEPT)
            .help("write `on_bad_sample = skip` in the stage to go without such records, or `repair` to take what there is of them")
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::NotFinite { .. } => Code::Diverged,
            EngineError::File { path, source, .. } if odd(source).is_some() => {
                return disk(path, source);
            }
            EngineError::File { .. } => Code::Disk,
            EngineError::Checkpoint { .. }
            | EngineError::CheckpointVersion { .. }
            | EngineError::TensorMissing { .. }
            | EngineError::TensorMismatch { .. } => Code::Checkpoint,
            _ => Code::Device,
        };
        let mut failure = Failure::new(code, error.to_string());
        failure.span = error.span();
        match &error {
            EngineError::File { source, .. } => {
                failure = failure.note(KEPT);
                failure.helps.extend(limit(source));
            }
            EngineError::NoThreads { .. } => {
                failure = failure.help(
                    "set `threads` in `run { … }` to a smaller number, or raise the limits of this shell: `ulimit -u`, `ulimit -v`",
                );
            }
            _ => {}
        }
        failure
    }
}

const KEPT: &str =
    "Everything up to the newest checkpoint is kept; the same command goes on from there.";

/// A failure to read or write the run directory.
pub(super) fn disk(path: &Path, error: &std::io::Error) -> Failure {
    if let Some(odd) = odd(error) {
        let message = format!("can't use {}: {odd}", path.display());
        return Failure::new(Code::Disk, message)
            .note("No link is followed in a run directory, and only files are read.")
            .help("remove it, or choose another folder with `--out`");
    }
    let help = limit(error);
    Failure::new(
        Code::Disk,
        format!("can't write {}: {error}", path.display()),
    )
    .note(KEPT)
    .help(help.unwrap_or("make room, or choose another folder with `--out`".into()))
}

/// What to do where a limit of the shell, and not the disk, stands in the way.
fn limit(error: &std::io::Error) -> Option<String> {
    let (what, flag) = match error.kind() {
        std::io::ErrorKind::FileTooLarge => ("the size of a file", 'f'),
        _ if TOO_MANY_OPEN.contains(&error.raw_os_error().unwrap_or(0)) => ("open files", 'n'),
        _ => return None,
    };
    Some(format!(
        "raise the limit of this shell on {what}: `ulimit -{flag}`"
    ))
}

/// `ENFILE` and `EMFILE`, the same numbers on every Unix.
const TOO_MANY_OPEN: [i32; 2] = [23, 24];

/// The run was asked to stop before its first stage, while data was downloaded or hashed.
pub(super) fn unread() -> Failure {
    Failure::new(Code::Interrupted, "interrupted while the data was read")
        .note("Nothing was trained since this command began.")
        .help("run the same command again to go on")
}

/// The run was asked to stop between two stages.
pub(super) fn between(stage: &str) -> Failure {
    Failure::new(Code::Interrupted, format!("interrupted before `{stage}`"))
        .note("Every stage before it is finished.")
        .help("run the same command again to go on")
}

/// The run was asked to stop while it evaluated.
pub(super) fn stopped(stage: &str) -> Failure {
    Failure::new(
        Code::Interrupted,
        format!("interrupted in `{stage}` while it evaluated"),
    )
    .note("Everything before this evaluation is kept.")
    .help("run the same command again to go on")
}

/// The run was asked to stop.
pub(super) fn interrupted(stage: &str, step: u64) -> Failure {
    Failure::new(
        Code::Interrupted,
        format!("interrupted in `{stage}` after step {step}"),
    )
    .note(match step {
        0 => "Nothing was trained yet.",
        _ => "A checkpoint is written.",
    })
    .help("run the same command again to go on")
}

//! What `pretext plugin check` does: everything a plugin exports is tried, in a process of its own, which may crash or hang.

mod follow;
mod inspect;
mod report;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub use inspect::{inspect, told};
pub use report::{Line, Report, Tried};

/// Tries a library in a process of its own, `pretext plugin inspect`; with `blake3`, only if it still has this content. With `build`
/// all that it exports is tried too. A step that takes longer than `limit` ends it.
///
/// # Errors
/// The process can't be started.
pub fn apart(
    file: &Path,
    build: bool,
    blake3: Option<&str>,
    limit: Duration,
) -> std::io::Result<Report> {
    let mut command = super::worker::apart(Command::new(std::env::current_exe()?));
    command.args(["plugin", "inspect"]);
    if build {
        command.arg("--build");
    }
    if let Some(blake3) = blake3 {
        command.args(["--blake3", blake3]);
    }
    // a file's name may begin with a dash
    command.arg("--").arg(file);
    // what is told of a crash is its reason, not its way there
    command.env("RUST_BACKTRACE", "0");
    follow::in_child(file, command, limit)
}

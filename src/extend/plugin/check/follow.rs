//! The process beside the one that tries a plugin: it hears it out, and ends it where it hangs.

use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::super::heard::{next_line, shown};
use super::report::{Line, Report};

/// Bytes of a child's complaints that are kept: the last ones.
const MAX_SAID: usize = 1 << 16;
/// Letters of the complaint that is told.
const MAX_REASON: usize = 400;
/// How often it is looked whether a child is still there.
const LOOK: Duration = Duration::from_millis(50);

/// Runs `inspect` in a child process, which `command` starts. A step that takes longer than `limit` ends it.
pub(super) fn in_child(
    path: &Path,
    mut command: Command,
    limit: Duration,
) -> std::io::Result<Report> {
    let mut report = Report {
        path: path.display().to_string(),
        ..Report::default()
    };
    let mut child = command
        // the child ends where this pipe does: with this process at the latest
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // held until nothing is wanted of the child: to wait for it would close it
    let _lifeline = child.stdin.take();
    let lines = child.stdout.take().map(listen).transpose()?;
    let complaints = child.stderr.take().map(Complaints::of).transpose()?;
    let followed = match lines {
        Some(lines) => follow(&mut report, &mut child, &lines, limit)?,
        None => Followed::default(),
    };
    if let Some(failure) = ended(&mut child, &followed, limit)? {
        report.failure.get_or_insert_with(|| {
            let reason = complaints.and_then(Complaints::reason);
            reason.map_or(failure.clone(), |reason| format!("{failure}: {reason}"))
        });
    }
    if report.failure.is_none() && followed.done && !followed.answered {
        report.failure = Some(
            "it did not answer to all that was tried; does it write to standard output?".into(),
        );
    }
    report.finished = followed.done && followed.answered;
    Ok(report)
}

/// How far a child got.
#[derive(Default)]
struct Followed {
    /// What it tried last.
    trying: String,
    /// Whether it said that nothing is left.
    done: bool,
    /// Whether all that was tried has its answer.
    answered: bool,
    /// Whether it has said why the library can't be used.
    bad: bool,
    /// Whether it kept silent for too long.
    silent: bool,
}

/// Hears a child out, as long as it says something in time.
fn follow(
    report: &mut Report,
    child: &mut Child,
    lines: &mpsc::Receiver<Line>,
    limit: Duration,
) -> std::io::Result<Followed> {
    let mut followed = Followed {
        trying: "it started".into(),
        answered: true,
        ..Followed::default()
    };
    let (mut open, mut gone) = (false, false);
    let mut heard = Instant::now();
    loop {
        match lines.recv_timeout(LOOK.min(limit)) {
            Ok(line) => {
                heard = Instant::now();
                match line {
                    Line::Trying(what) => {
                        followed.answered &= !open;
                        followed.trying = what;
                        open = true;
                    }
                    Line::Going => {}
                    Line::Plugin {
                        name,
                        version,
                        abi,
                        blake3,
                    } => {
                        report.plugin = Some((name, version, abi, blake3));
                        open = false;
                    }
                    Line::Entry(tried) => {
                        followed.answered &= open;
                        report.entries.push(tried);
                        open = false;
                    }
                    Line::Bad(why) => {
                        report.failure = Some(why);
                        followed.bad = true;
                        break;
                    }
                    Line::Done => {
                        followed.done = true;
                        break;
                    }
                }
            }
            // a process that the plugin started may keep the pipe open: what counts is the child
            Err(mpsc::RecvTimeoutError::Timeout) if gone => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                gone = child.try_wait()?.is_some();
                if !gone && heard.elapsed() >= limit {
                    followed.silent = true;
                    break;
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    followed.answered &= !open;
    Ok(followed)
}

/// What a child says, read by a thread of its own: the child never waits for us.
fn listen(out: ChildStdout) -> std::io::Result<mpsc::Receiver<Line>> {
    let (sender, lines) = mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        let mut out = BufReader::new(out);
        while let Some(text) = next_line(&mut out) {
            // where the plugin shares the stream, its own words are in between
            if let Ok(line) = serde_json::from_slice::<Line>(&text) {
                // nobody may listen any more; it is read to its end, or the child would wait
                let _ = sender.send(line);
            }
        }
    })?;
    Ok(lines)
}

/// The last of what a child complains about.
struct Complaints {
    kept: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Complaints {
    fn of(mut from: ChildStderr) -> std::io::Result<Self> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keeping = Arc::clone(&kept);
        let thread = std::thread::Builder::new().spawn(move || {
            let mut block = [0; 4096];
            loop {
                // read to its end, or the child would wait
                let n = match from.read(&mut block) {
                    Ok(0) => return,
                    Ok(n) => n,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    Err(_) => return,
                };
                let mut kept = keeping.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&block[..n]);
                if kept.len() > 2 * MAX_SAID {
                    let old = kept.len() - MAX_SAID;
                    kept.drain(..old);
                }
            }
        })?;
        Ok(Self { kept, thread })
    }

    /// The last line that says something, for a child that has ended.
    fn reason(self) -> Option<String> {
        // a process that the plugin started may hold the stream open: it is not waited for
        let began = Instant::now();
        while !self.thread.is_finished() && began.elapsed() < 4 * LOOK {
            std::thread::sleep(LOOK / 10);
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        reason(&String::from_utf8_lossy(&kept))
    }
}

/// The last line that says why, among notes, advice and what was on the stack.
fn reason(said: &str) -> Option<String> {
    let beside = |line: &str| {
        let first = line.split([':', ' ']).next().unwrap_or_default();
        let frame = !first.is_empty() && first.bytes().all(|b| b.is_ascii_digit());
        let advice = ["note:", "help:", "= note:", "= help:", "stack backtrace:"];
        line.is_empty()
            || advice.iter().any(|begin| line.starts_with(begin))
            || frame && line[first.len()..].starts_with(": ")
            || line.starts_with("at ") && line.contains(".rs:")
    };
    let line = said.lines().map(str::trim).rfind(|line| !beside(line))?;
    Some(line.chars().take(MAX_REASON).collect())
}

/// Waits for a child that has nothing more to say, and ends one that does not end by itself. Why it is not sound, if so.
fn ended(
    child: &mut Child,
    followed: &Followed,
    limit: Duration,
) -> std::io::Result<Option<String>> {
    let seconds = limit.as_secs_f64();
    let trying = &followed.trying;
    // what runs at a process's end starts now
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if followed.silent || began.elapsed() >= limit.max(LOOK) {
            child.kill()?;
            child.wait()?;
            return Ok(Some(match followed.done {
                true => format!("all was tried, but its process did not end within {seconds} s"),
                false => {
                    format!("it did not return within {seconds} s and was ended while {trying}")
                }
            }));
        }
        std::thread::sleep(LOOK / 10);
    };
    if status.success() && (followed.done || followed.bad) {
        return Ok(None);
    }
    let how = shown(status);
    Ok(Some(match (followed.done, status.code()) {
        (true, Some(_)) => format!("its process ended with {how} after all was tried"),
        (true, None) => format!("it crashed ({how}) while the process ended, after all was tried"),
        (false, Some(_)) => format!("it ended its process ({how}) while {trying}"),
        (false, None) => format!("it crashed ({how}) while {trying}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_not_the_backtrace() {
        let said = "one\nthread 'main' panicked at src/lib.rs:7:5:\nout of cheese\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/x/library/std/src/panicking.rs:1:5\n  12: main\nnote: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n";
        assert_eq!(reason(said).as_deref(), Some("out of cheese"));
        assert_eq!(
            reason("error: 3: it\n  = help: none\n").as_deref(),
            Some("error: 3: it")
        );
        assert_eq!(reason("\n\nnote: nothing\n"), None);
    }
}

//! The process in which a plugin works. A verb whose recipe uses one is done by a second process of the same command line, the
//! worker; the first one loads nothing of a plugin, follows what the worker says and tells how it ended, if it ends early.
//!
//! ```text
//! first ──spawns──▶ worker: loads, plans, trains, prints
//!   ▲                  │  its standard input is a socket: it says which call it is in, and ends where the first one ends
//!   └──── words ───────┤
//!   └── what is printed┘  by a plugin, to either stream: made safe, and shown also where the worker crashes after it
//! ```

use std::io::{BufReader, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::end::end_now;
use super::heard::{next_line, show, shown};

/// What makes a process a worker: the number of the file behind which what a plugin prints is read.
const MARK: &str = "PRETEXT_WORKER";
/// How often it is looked whether a worker is still there.
const LOOK: Duration = Duration::from_millis(20);
/// How long the last of what a plugin printed is waited for: a process that it started may hold the stream open.
const LAST: Duration = Duration::from_millis(200);

/// What a worker says of itself, a line each.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    /// It goes into a plugin: whose it is, and what for.
    Call(String, String),
    /// It has come back.
    Back,
    /// The recipe is planned.
    Planned,
    /// It has said itself why it ends.
    Told,
    /// All is done; this is how.
    Done(u8),
}

/// What came of a verb that a worker did.
#[derive(Debug)]
pub enum Ended {
    /// It was done; this is its exit code.
    Done(u8),
    /// It was not.
    Early(Early),
}

/// A worker that ended before all was done.
#[derive(Debug)]
pub struct Early {
    /// The plugin that it was inside of: `plugin acme 0.3.1`; of none, as far as it is known.
    pub plugin: Option<String>,
    /// What happened: `crashed (signal 11, memory that is not its own) in its `build``.
    pub what: String,
    /// Whether the recipe had been planned.
    pub planned: bool,
}

/// Where the first process listens.
static WORDS: OnceLock<Mutex<Box<dyn Write + Send>>> = OnceLock::new();
/// Standard output, which a plugin does not reach.
static OUTPUT: OnceLock<std::fs::File> = OnceLock::new();
/// Standard error, likewise.
static ERRORS: OnceLock<std::fs::File> = OnceLock::new();

/// Whether a verb that meets a plugin is to be done by a worker: this process is none.
pub fn wanted() -> bool {
    cfg!(unix) && WORDS.get().is_none()
}

/// Standard output of a worker; `None` elsewhere.
pub fn output() -> Option<&'static std::fs::File> {
    OUTPUT.get()
}

/// Standard error of a worker; `None` elsewhere.
pub fn errors() -> Option<&'static std::fs::File> {
    ERRORS.get()
}

fn say(word: &Word) {
    if let (Some(words), Ok(text)) = (WORDS.get(), serde_json::to_string(word)) {
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        // a plugin may have closed it; the first process sees that it hears nothing
        let _ = words.write_all(format!("{text}\n").as_bytes());
    }
}

/// While it lives, this worker is inside a call of a plugin that must come back in time.
pub struct Calling(());

impl Calling {
    /// From here on inside `plugin`, for `what`.
    pub fn enter(plugin: &str, what: &str) -> Self {
        say(&Word::Call(plugin.to_owned(), what.to_owned()));
        Self(())
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        say(&Word::Back);
    }
}

/// Says that planning is over.
pub fn planned() {
    say(&Word::Planned);
}

/// Says that the person has been told why this process ends.
pub fn told() {
    say(&Word::Told);
}

/// Ends a worker; elsewhere nothing happens. What a plugin left to be run at the end is not run.
pub fn end(code: u8) {
    if WORDS.get().is_some() {
        say(&Word::Done(code));
        end_now(code.into())
    }
}

/// Makes this process a worker, where it was started as one. To be called before anything else.
///
/// # Errors
/// Its streams can't be set up.
pub fn begin() -> std::io::Result<()> {
    let Some(mark) = std::env::var_os(MARK) else {
        return Ok(());
    };
    #[cfg(unix)]
    {
        let prints = mark.to_str().and_then(|number| number.parse().ok());
        let prints = prints.ok_or_else(|| {
            std::io::Error::other(format!("{MARK} is set, and not by the first process"))
        })?;
        let super::child::Private {
            words,
            output,
            errors,
        } = super::child::worker(prints)?;
        let _ = OUTPUT.set(output);
        let _ = ERRORS.set(errors);
        let _ = WORDS.set(Mutex::new(words));
    }
    Ok(())
}

/// A command that starts no worker.
pub fn apart(mut command: Command) -> Command {
    command.env_remove(MARK);
    command
}

/// Lets a worker do what this process was asked for, and waits for it. A call of a plugin that takes longer than `limit` ends it.
///
/// # Errors
/// It can't be started.
#[cfg(unix)]
pub fn run(limit: Duration) -> std::io::Result<Ended> {
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::os::unix::net::UnixStream;
    use std::os::unix::process::CommandExt;

    let (ours, theirs) = UnixStream::pair()?;
    let (printed, prints) = std::io::pipe()?;
    let prints = super::child::inherited(&OwnedFd::from(prints))?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(MARK, prints.as_raw_fd().to_string())
        .stdin(OwnedFd::from(theirs))
        // signals reach it through this process, once
        .process_group(0)
        .spawn()?;
    // the worker's alone from here on: where it ends, what is printed ends
    drop(prints);
    signals::forward(&child);
    let showing = std::thread::Builder::new().spawn(move || show(printed, std::io::stderr()))?;
    let (sender, words) = mpsc::channel();
    let listening = ours.try_clone()?;
    std::thread::Builder::new().spawn(move || {
        let mut out = BufReader::new(listening);
        while let Some(line) = next_line(&mut out) {
            if let Ok(word) = serde_json::from_slice::<Word>(&line) {
                let _ = sender.send(word);
            }
        }
    })?;
    let ended = follow(&mut child, &words, limit);
    signals::rest();
    let began = Instant::now();
    while !showing.is_finished() && began.elapsed() < LAST {
        std::thread::sleep(LOOK / 10);
    }
    // held until here: the worker ends where it is closed
    drop(ours);
    ended
}

/// Without processes that can be followed the verb is done here.
#[cfg(not(unix))]
pub fn run(_: Duration) -> std::io::Result<Ended> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Hears a worker out.
fn follow(
    child: &mut Child,
    words: &mpsc::Receiver<Word>,
    limit: Duration,
) -> std::io::Result<Ended> {
    let mut calls: Vec<(String, String, Instant)> = Vec::new();
    let (mut planned, mut told, mut done) = (false, false, None);
    let mut status = None;
    loop {
        match words.recv_timeout(LOOK) {
            Ok(Word::Call(plugin, what)) => calls.push((plugin, what, Instant::now())),
            Ok(Word::Back) => drop(calls.pop()),
            Ok(Word::Planned) => planned = true,
            Ok(Word::Told) => told = true,
            Ok(Word::Done(code)) => done = Some(code),
            // its last words are heard before its end counts
            Err(error) => {
                if status.is_some() {
                    break;
                }
                status = child.try_wait()?;
                if error == mpsc::RecvTimeoutError::Disconnected && status.is_none() {
                    std::thread::sleep(LOOK);
                }
            }
        }
        if status.is_some() {
            continue;
        }
        // the innermost call is what takes the time
        if let Some((plugin, what, began)) = calls.last()
            && began.elapsed() > limit
        {
            child.kill()?;
            child.wait()?;
            return Ok(Ended::Early(Early {
                plugin: Some(plugin.clone()),
                what: format!(
                    "did not return within {} s and was ended in its {what}",
                    limit.as_secs_f64()
                ),
                planned,
            }));
        }
    }
    let Some(status) = status else {
        return Err(std::io::Error::other("the worker can't be waited for"));
    };
    Ok(judged(status, calls.pop(), planned, told, done))
}

fn judged(
    status: ExitStatus,
    call: Option<(String, String, Instant)>,
    planned: bool,
    told: bool,
    done: Option<u8>,
) -> Ended {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    match (done, code) {
        (Some(done), Some(code)) if done == code => return Ended::Done(done),
        (None, Some(code)) if told && code != 0 => return Ended::Done(code),
        // asked to stop twice, it ends at once
        (None, Some(130)) if call.is_none() && signals::sent() => return Ended::Done(130),
        _ => {}
    }
    let how = shown(status);
    let place = call
        .as_ref()
        .map_or_else(String::new, |(_, what, _)| format!(" in its {what}"));
    Ended::Early(Early {
        plugin: call.map(|(plugin, ..)| plugin),
        what: match status.code() {
            Some(_) => format!("ended the process ({how}){place}"),
            None => format!("crashed ({how}){place}"),
        },
        planned,
    })
}

/// Signals go on to the worker: it is in a group of its own, so that Ctrl-C reaches it once.
#[cfg(unix)]
mod signals {
    use std::process::Child;
    use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

    static WORKER: AtomicI32 = AtomicI32::new(0);
    static SENT: AtomicBool = AtomicBool::new(false);
    const HANG_UP: i32 = 1;
    /// Those, interrupt and termination.
    const FORWARDED: [i32; 3] = [HANG_UP, 2, 15];
    const DEFAULT: usize = 0;
    const IGNORED: usize = 1;

    unsafe extern "C" {
        fn signal(number: i32, handler: usize) -> usize;
        fn kill(process: i32, number: i32) -> i32;
    }

    extern "C" fn pass(number: i32) {
        let worker = WORKER.load(Ordering::Relaxed);
        if worker > 0 {
            SENT.store(true, Ordering::Relaxed);
            // SAFETY: it takes two numbers, and may be called in a handler
            unsafe { kill(worker, number) };
        }
    }

    /// From here on.
    pub fn forward(worker: &Child) {
        WORKER.store(worker.id() as i32, Ordering::Relaxed);
        for number in FORWARDED {
            // SAFETY: the handler is there for the life of the process and does what a handler may
            unsafe {
                // under `nohup` a hang-up stays ignored: the worker has that from this process
                let before = signal(number, pass as extern "C" fn(i32) as usize);
                if before == IGNORED && number == HANG_UP {
                    signal(number, IGNORED);
                }
            }
        }
    }

    /// No more: the worker has ended.
    pub fn rest() {
        WORKER.store(0, Ordering::Relaxed);
        for number in FORWARDED {
            // SAFETY: as above
            unsafe {
                if signal(number, DEFAULT) == IGNORED {
                    signal(number, IGNORED);
                }
            }
        }
    }

    /// Whether one was passed on.
    pub fn sent() -> bool {
        SENT.load(Ordering::Relaxed)
    }
}

#[cfg(not(unix))]
mod signals {
    pub fn sent() -> bool {
        false
    }
}

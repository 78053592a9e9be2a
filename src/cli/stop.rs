//! How a run is asked to stop: Ctrl-C, TERM, a terminal that is gone, a limit on CPU time.
//!
//! The first request ends what can be ended: training writes a checkpoint after its step, and what no checkpoint keeps is given up
//! within a second. A second one ends at once.

use std::time::Duration;

use crate::engine::{ask_to_stop, holds_work, stop_asked};
use crate::language::codes::Code;

/// The exit code of what was interrupted.
const INTERRUPTED: i32 = 130;
/// Until work that no checkpoint keeps is given up where it does not end by itself.
const PATIENCE: Duration = Duration::from_millis(700);
/// Requests that come this close together are one: a shell and the system both tell of a terminal that is gone.
const ONE: Duration = Duration::from_millis(300);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Lets writes beyond `ulimit -f` fail as other writes do, instead of ending the process.
pub fn keep_size_limit_quiet() {
    #[cfg(unix)]
    {
        let noted = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        // where it can't be had, the system's way stays
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noted);
    }
}

/// Listens for requests to stop, from now on. Where it can't, a request ends the process as the system does it, which loses what no
/// checkpoint keeps and nothing else.
#[cfg(unix)]
pub fn listen() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXCPU};
    let ignored = ignored();
    let mut wanted = vec![SIGINT, SIGTERM, SIGHUP, SIGXCPU];
    wanted.retain(|signal| (ignored >> (signal - 1)) & 1 == 0);
    let Ok(mut signals) = signal_hook::iterator::Signals::new(&wanted) else {
        return;
    };
    let thread = std::thread::Builder::new().name("signals".into());
    let spawned = thread.spawn(move || {
        let Some(first) = signals.forever().next() else {
            return;
        };
        ask_to_stop();
        tell(match first {
            SIGXCPU => "the limit on CPU time is reached: ",
            _ => "",
        });
        let mut waiter = Waiter::default();
        loop {
            let again = signals
                .pending()
                // a terminal that is gone is told of twice, and a limit on CPU time each second
                .any(|signal| signal == SIGINT || signal == SIGTERM);
            waiter.look(again);
        }
    });
    if spawned.is_err() {
        // nobody would look: each request ends the process
        for signal in wanted {
            let at_once = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
            let _ = signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED, at_once);
        }
    }
}

/// The same where there are no signals.
#[cfg(not(unix))]
pub fn listen() {
    // without a handler Ctrl-C ends the process, which loses what no checkpoint keeps and nothing else
    let _ = ctrlc::set_handler(|| {
        if stop_asked() {
            std::process::exit(INTERRUPTED);
        }
        ask_to_stop();
        tell("");
        let _ = std::thread::Builder::new().spawn(|| {
            let mut waiter = Waiter::default();
            loop {
                waiter.look(false);
            }
        });
    });
}

/// What is said at the first request.
fn tell(why: &str) {
    match holds_work() {
        true => say!("\n{why}stopping after this step; Ctrl-C again stops at once"),
        false => say!("\n{why}stopping"),
    }
}

/// Waits after the first request until the process may end.
struct Waiter {
    asked: std::time::Instant,
    /// Since when nothing waits for a checkpoint.
    idle: Option<std::time::Instant>,
}

impl Default for Waiter {
    fn default() -> Self {
        Self {
            asked: std::time::Instant::now(),
            idle: None,
        }
    }
}

impl Waiter {
    /// One look: ends the process after a second request, and where work that no checkpoint keeps does not end by itself.
    fn look(&mut self, again: bool) {
        debug_assert!(stop_asked());
        let end = || std::process::exit(INTERRUPTED);
        if again && self.asked.elapsed() > ONE {
            end();
        }
        match (holds_work(), self.idle) {
            (true, _) => self.idle = None,
            (false, None) => self.idle = Some(std::time::Instant::now()),
            (false, Some(since)) if since.elapsed() > PATIENCE => {
                say!(
                    "error[{}]: interrupted\n  note: What is finished, and the newest checkpoint, are kept.\n  \
                     help: run the same command again to go on",
                    Code::Interrupted.number()
                );
                end();
            }
            (false, Some(_)) => {}
        }
        std::thread::sleep(LOOK);
    }
}

/// Signals that were ignored when the process began, one bit each: `nohup` ignores HUP, a shell ignores INT for what it runs in the
/// background, and both mean it. Where the system does not tell, HUP is left alone.
#[cfg(unix)]
fn ignored() -> u64 {
    let told = std::fs::read_to_string("/proc/self/status").ok();
    let bits = told.as_deref().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(line.trim(), 16).ok()
    });
    bits.unwrap_or(1 << (signal_hook::consts::SIGHUP - 1))
}

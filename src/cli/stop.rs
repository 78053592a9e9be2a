//! How a run is asked to stop: Ctrl-C, TERM, a terminal that is gone, a limit on CPU time. The first request ends training after its
//! step, with a checkpoint; the second one ends at once.

use crate::engine::{ask_to_stop, stop_asked};

/// The exit code of what was interrupted.
const INTERRUPTED: i32 = 130;

/// Lets writes beyond `ulimit -f` fail as other writes do, instead of ending the process.
pub fn keep_size_limit_quiet() {
    #[cfg(unix)]
    {
        let noted = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        // where it can't be had, the system's way stays
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noted);
    }
}

/// A request has come.
fn asked() {
    if stop_asked() {
        std::process::exit(INTERRUPTED);
    }
    ask_to_stop();
    say!("\nstopping after this step; Ctrl-C again stops at once");
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
        for signal in signals.forever() {
            // a terminal that is gone is told of twice, and a limit on CPU time each second
            if !(stop_asked() && matches!(signal, SIGHUP | SIGXCPU)) {
                asked();
            }
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
    let _ = ctrlc::set_handler(asked);
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

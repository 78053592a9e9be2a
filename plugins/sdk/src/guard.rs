//! Around everything that a plugin's author wrote: a panic ends here and is told to the host.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::abi::{self, Ctx, Host, Status, Str};
use crate::problem::{Problem, Result};

/// Runs what a plugin's author wrote; tells the host what went wrong.
pub(crate) fn guarded(host: *const Host, ctx: Ctx, run: impl FnOnce() -> Result<()>) -> Status {
    match caught(run) {
        Ok(()) => abi::OK,
        Err((_, problem)) if problem.status != abi::OK => problem.status,
        Err((status, problem)) => {
            // SAFETY: the host's table outlives the call
            let table = unsafe { &*host };
            let (message, help) = (Str::new(&problem.message), Str::new(&problem.help));
            (table.fail)(ctx, message, help, status)
        }
    }
}

/// The same, without a host to tell.
pub(crate) fn caught(run: impl FnOnce() -> Result<()>) -> Result<(), (Status, Problem)> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(done) => done.map_err(|problem| (abi::FAILED, problem)),
        Err(payload) => {
            let heard = HEARD.with_borrow_mut(std::mem::take);
            // dropping what was thrown may throw again
            let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
            Err((abi::PANICKED, Problem::new(heard)))
        }
    }
}

thread_local! {
    /// What the last panic of this thread said, and where.
    static HEARD: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics of the plugin are told to the host instead of being printed. A plugin has its own copy of the standard library: the
/// host's hook is another one.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let payload = info.payload();
            let said = payload
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("without a message");
            let place = info
                .location()
                .map_or(String::new(), |at| format!(" at {at}"));
            HEARD.with_borrow_mut(|heard| *heard = format!("{said}{place}"));
        }));
    });
}

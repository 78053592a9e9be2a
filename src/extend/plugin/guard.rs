//! A plugin that ends the process. What it could not finish must not look like success.

use std::cell::Cell;
use std::sync::Once;

thread_local! {
    /// How deep this thread is inside calls of plugins. Without a destructor: it is read while the process ends.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// While it lives, this thread is inside a plugin.
pub struct Inside(());

impl Inside {
    /// From here on.
    pub fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self(())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

#[cfg(unix)]
unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> i32;
    fn _exit(code: i32) -> !;
}

#[cfg(unix)]
extern "C" fn ending() {
    use std::io::Write as _;
    if DEPTH.get() > 0 {
        let said = "error[E0903]: a plugin ended the process in the middle of a call: it called `exit`; `pretext plugin check NAME` says which call it was\n";
        let _ = std::io::stderr().write_all(said.as_bytes());
        // SAFETY: ends the process at once; nothing is run after it
        unsafe { _exit(1) }
    }
}

/// Makes `exit` inside a plugin an error; once per process.
pub fn watch() {
    static ONCE: Once = Once::new();
    #[cfg(unix)]
    ONCE.call_once(|| {
        // SAFETY: the function is there for the life of the process and does not unwind
        unsafe { atexit(ending) };
    });
    #[cfg(not(unix))]
    ONCE.call_once(|| {});
}

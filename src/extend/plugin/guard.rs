//! A plugin that ends the process. What it could not finish must not look like success.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

#[cfg(unix)]
use super::end::end_now;

thread_local! {
    /// The plugin that this thread is inside of. Of each thread its own: a host that ends while others still draw samples is
    /// no fault of a plugin. Without a destructor: it is read while the process ends.
    static AT: Cell<Option<NonNull<str>>> = const { Cell::new(None) };
}

/// While it lives, this thread is inside a plugin.
pub struct Inside<'a> {
    /// The one around it: plugins call the host, which may call plugins.
    before: Option<NonNull<str>>,
    name: PhantomData<&'a str>,
}

impl<'a> Inside<'a> {
    /// From here on inside `name`, as in `plugin acme 0.3.1`.
    pub fn enter(name: &'a str) -> Self {
        Self {
            before: AT.replace(Some(NonNull::from(name))),
            name: PhantomData,
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        AT.set(self.before);
    }
}

#[cfg(unix)]
unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> i32;
    #[cfg(target_os = "linux")]
    fn at_quick_exit(function: extern "C" fn()) -> i32;
}

#[cfg(unix)]
extern "C" fn ending() {
    use std::io::Write as _;
    let Ok(Some(name)) = AT.try_with(Cell::get) else {
        return;
    };
    // SAFETY: an `Inside` that borrows the name is on this thread's stack: `exit` was called above it and does not come back
    let name = unsafe { name.as_ref() };
    let said = format!(
        "error[E0903]: {name} ended the process (it called `exit`)\n  = note: what it was called for is not done\n  = help: make it report a failure instead; `pretext plugin check NAME` says which call it was\n"
    );
    let _ = match super::worker::errors() {
        Some(mut own) => own.write_all(said.as_bytes()),
        None => std::io::stderr().write_all(said.as_bytes()),
    };
    super::worker::told();
    end_now(1)
}

/// Makes `exit` inside a plugin an error; once per process.
pub fn watch() {
    #[cfg(unix)]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: the function is there for the life of the process and does not unwind
        ONCE.call_once(|| unsafe {
            // without room for one more function there is no guard, and nothing else is amiss
            atexit(ending);
            #[cfg(target_os = "linux")]
            at_quick_exit(ending);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_around_a_call_is_known_again() {
        let at = || AT.get().is_some();
        assert!(!at());
        let outer = Inside::enter("one");
        let first = AT.get();
        drop(Inside::enter("two"));
        assert_eq!(AT.get(), first);
        assert!(std::thread::spawn(|| AT.get().is_none()).join().unwrap());
        drop(outer);
        assert!(!at());
    }
}

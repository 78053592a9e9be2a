//! The end of a process that a plugin was in.

#[cfg(unix)]
unsafe extern "C" {
    fn _exit(code: i32) -> !;
}

/// Ends the process without running what is left to run at its end.
pub fn end_now(code: i32) -> ! {
    #[cfg(unix)]
    // SAFETY: it takes a number and does not come back
    unsafe {
        _exit(code)
    }
    #[cfg(not(unix))]
    {
        std::process::exit(code)
    }
}

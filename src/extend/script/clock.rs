//! How long a script runs, and where it is.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rhai::Position;

use super::limits::MAX_TIME;
use crate::catalog::Problem;
use crate::language::codes::Code;

/// Time that a script may be kept waiting by other programs.
const MAX_WAIT: Duration = Duration::from_secs(2);
thread_local! {
    /// Whether the clock has stopped the script on this thread.
    static LATE: Cell<bool> = const { Cell::new(false) };
    /// When the script on this thread began; `None` on a thread that only waits for scripts.
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
    /// When it is looked again at what the script on this thread has used.
    static NEXT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// The time that the script on this thread has.
    static ALLOWED: Cell<Duration> = const { Cell::new(MAX_TIME) };
    /// Processor time of the scripts that this thread has waited for.
    static SPENT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// What `SPENT` may come to while the scripts that this thread waits for share their time.
    static SHARED: Cell<Option<Duration>> = const { Cell::new(None) };
    /// Where the script on this thread is.
    static PLACE: Cell<Position> = const { Cell::new(Position::NONE) };
}

/// Says where the script on this thread is.
pub fn at(place: Position) {
    PLACE.set(place);
}

/// Where the script on this thread is, or was when it stopped.
pub fn place() -> Position {
    PLACE.get()
}

/// What is said of a script that the clock stopped.
pub fn timeout() -> String {
    format!("the script runs for more than {} ms", MAX_TIME.as_millis())
}

/// Whether the clock stopped a script.
pub fn is_timeout(problem: &Problem) -> bool {
    problem.code == Code::ScriptLimit && problem.message == timeout()
}

/// Whether the script on this thread has had its time. What counts is the processor time that it took itself, where the system
/// says so: how fast others are served must not decide whether a recipe is sound. A script that was kept waiting for very long
/// is stopped all the same.
pub fn is_late() -> bool {
    if LATE.get() {
        return true;
    }
    let (Some(began), allowed) = (BEGAN.get(), ALLOWED.get()) else {
        return false;
    };
    let elapsed = began.elapsed();
    if elapsed <= allowed.max(NEXT.get()) {
        return false;
    }
    let used = used(began);
    // asking takes time of its own: it is not asked again before all that is left could be used up
    NEXT.set(elapsed + allowed.saturating_sub(used));
    LATE.set(elapsed > allowed + MAX_WAIT || used > allowed);
    LATE.get()
}

/// Time that the script on this thread has used, with that of the scripts it has waited for; all time since it began where the
/// system does not say what others used of it.
fn used(began: Instant) -> Duration {
    busy().map_or_else(|| began.elapsed(), |busy| busy + SPENT.get())
}

/// The time that the next script has which this thread waits for. A script that runs another one gives of its own.
pub fn left() -> Duration {
    match (BEGAN.get(), SHARED.get()) {
        (Some(began), _) => ALLOWED.get().saturating_sub(used(began)),
        (None, Some(most)) => most.saturating_sub(SPENT.get()),
        (None, None) => MAX_TIME,
    }
}

/// The calls of scripts inside share the time of one.
pub fn together<T>(inside: impl FnOnce() -> T) -> T {
    let before = SHARED.get();
    if before.is_none() {
        SHARED.set(Some(SPENT.get() + MAX_TIME));
    }
    let result = inside();
    SHARED.set(before);
    result
}

/// Processor time of this thread and of the scripts that it has waited for: what others do on the machine is not in it.
#[cfg(test)]
pub fn spent() -> Duration {
    SPENT.get() + busy().unwrap_or_default()
}

/// Time that this thread has had a processor.
fn busy() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds)).filter(|busy| !busy.is_zero())
}

/// Runs `inside` as the script of this thread, which has `allowed` time; with the time that it has used.
pub fn timed<T>(allowed: Duration, inside: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    BEGAN.set(Some(began));
    ALLOWED.set(allowed);
    PLACE.set(Position::NONE);
    let result = inside();
    (result, used(began))
}

/// Counts what a script that this thread has waited for has used.
pub fn spend(spent: Duration) {
    SPENT.set(SPENT.get() + spent);
}

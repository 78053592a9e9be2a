//! The box a script runs in: a language without files, clock, modules or text that becomes code, with a limit on everything that
//! can grow, on a thread of its own whose stack no script can fill.

use std::cell::Cell;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use rhai::debugger::{DebuggerCommand, DebuggerEvent};
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicMathPackage, BasicStringPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Array, Dynamic, Engine, EvalAltResult, INT, Position, Token};

use super::{declare, operators, sort, tape, vocabulary};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// Largest script, in bytes.
pub const MAX_BYTES: usize = 1 << 16;
/// Steps of the interpreter in one call of a script.
pub const MAX_OPERATIONS: u64 = 200_000;
/// Time of one call of a script, and of all that it says about itself: twice what the slowest loop of `MAX_OPERATIONS` steps takes
/// on a slow machine, so that a count decides wherever it can.
pub const MAX_TIME: Duration = Duration::from_millis(80);
/// Time that a script may be kept waiting by other programs.
const MAX_WAIT: Duration = Duration::from_secs(2);
/// Functions inside one another.
pub const MAX_CALLS: usize = 48;
/// Expressions inside one another.
pub const MAX_DEPTH: usize = 64;
/// Bytes of a string.
pub const MAX_STRING: usize = 8192;
/// Elements of an array, those of arrays in it included: room for 1000 orders of nine tiles.
pub const MAX_ARRAY: usize = 10_240;
/// Properties of a map, those of maps in it included.
pub const MAX_MAP: usize = 1024;
/// Variables at one time.
pub const MAX_VARIABLES: usize = 256;
/// Functions of a script.
pub const MAX_FUNCTIONS: usize = 256;

/// Stack of the thread a script runs on: values that hold one another in a chain as long as the operations allow are freed link
/// by link.
const STACK: usize = 256 << 20;

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

/// Where the script on this thread is, or was when it stopped.
pub fn place() -> Position {
    PLACE.get()
}

/// The one interpreter: it holds no state of a script.
pub fn engine() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        let mut engine = Engine::new_raw();
        // by hand: the core package would bring `sleep`, the standard one the clock
        ArithmeticPackage::new().register_into_engine(&mut engine);
        LogicPackage::new().register_into_engine(&mut engine);
        BasicMathPackage::new().register_into_engine(&mut engine);
        BasicStringPackage::new().register_into_engine(&mut engine);
        MoreStringPackage::new().register_into_engine(&mut engine);
        BasicArrayPackage::new().register_into_engine(&mut engine);
        BasicMapPackage::new().register_into_engine(&mut engine);
        BasicIteratorPackage::new().register_into_engine(&mut engine);
        BasicFnPackage::new().register_into_engine(&mut engine);
        // a function that carries copies of itself doubles with each `curry`
        for symbol in ["eval", "print", "debug", "import", "export", "curry"] {
            engine.disable_symbol(symbol);
        }
        // kept by the language for later, needed as a property, `#{name: "rate", default: 0.1}`, and as a function,
        // `module("second", p.head)`
        #[allow(deprecated)] // its makers mark what may change this way
        engine.on_parse_token(|token, _, _| match token {
            Token::Reserved(word) if matches!(word.as_str(), "default" | "module") => {
                Token::Identifier(word)
            }
            token => token,
        });
        #[allow(deprecated)]
        engine.register_debugger(
            |_, debugger| debugger,
            |_, event, _, _, place| {
                let inside = matches!(event, DebuggerEvent::Start | DebuggerEvent::Step);
                if inside && !place.is_none() {
                    PLACE.set(place);
                }
                Ok(DebuggerCommand::StepInto)
            },
        );
        engine
            .set_strict_variables(true)
            .set_fail_on_invalid_map_property(true)
            .set_max_operations(MAX_OPERATIONS)
            .set_max_call_levels(MAX_CALLS)
            .set_max_expr_depths(MAX_DEPTH, MAX_DEPTH)
            .set_max_string_size(MAX_STRING)
            .set_max_array_size(MAX_ARRAY)
            .set_max_map_size(MAX_MAP)
            .set_max_variables(MAX_VARIABLES)
            .set_max_functions(MAX_FUNCTIONS)
            // at every step: one may compare long arrays, and a function that is called for each element counts its own
            .on_progress(|_| is_late().then_some(Dynamic::UNIT))
            .on_print(|_| ())
            .on_debug(|_, _, _| ());
        // the interpreter's own multiplies sizes without a look at overflow
        engine.register_fn("pad", pad);
        sort::register(&mut engine);
        tape::register(&mut engine);
        operators::register(&mut engine);
        vocabulary::register(&mut engine);
        declare::register(&mut engine);
        engine
    });
    &ENGINE
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
fn is_late() -> bool {
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
fn left() -> Duration {
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

/// Fills an array up to `length` with copies of `item`.
fn pad(array: &mut Array, length: INT, item: Dynamic) -> Result<(), Box<EvalAltResult>> {
    let length = usize::try_from(length).unwrap_or(0);
    let nested = item.is_array() || item.is_map();
    if length > MAX_ARRAY || nested && length > 64 {
        let what = "Size of array".to_owned();
        return Err(EvalAltResult::ErrorDataTooLarge(what, Position::NONE).into());
    }
    if length > array.len() {
        array.resize(length, item);
    }
    Ok(())
}

/// Runs `inside` within the limits of time and stack. What the script made must not outlive it: results are made of host values.
pub fn run<T: Send>(inside: impl FnOnce(&'static Engine) -> Result<T> + Send) -> Result<T> {
    let failed = |why: &str| Problem::new(Code::Script, format!("the script can't be run: {why}"));
    let engine = engine();
    let allowed = left();
    thread::scope(|scope| {
        let work = move || {
            let began = Instant::now();
            BEGAN.set(Some(began));
            ALLOWED.set(allowed);
            PLACE.set(Position::NONE);
            let result = inside(engine);
            (result, used(began))
        };
        let thread = thread::Builder::new()
            .name("script".into())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(|error| failed(&error.to_string()))?;
        match thread.join() {
            Ok((result, spent)) => {
                SPENT.set(SPENT.get() + spent);
                result
            }
            Err(_) => Err(failed(
                "the interpreter failed; this is a mistake of Pretext",
            )),
        }
    })
}

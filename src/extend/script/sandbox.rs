//! The box a script runs in: a language without files, clock, modules or text that becomes code, with a limit on everything that
//! can grow, on a thread of its own whose stack no script can fill.

use std::sync::LazyLock;
use std::thread;

use rhai::debugger::{DebuggerCommand, DebuggerEvent};
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicMathPackage, BasicStringPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Array, Dynamic, Engine, EvalAltResult, INT, Position, Token};

use super::limits::{
    MAX_ARRAY, MAX_CALLS, MAX_DEPTH, MAX_FUNCTIONS, MAX_MAP, MAX_OPERATIONS, MAX_STRING,
    MAX_VARIABLES,
};
use super::{clock, declare, operators, sort, steps, tape, vocabulary};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// Stack of the thread a script runs on: values that hold one another in a chain as long as the operations allow are freed link
/// by link.
const STACK: usize = 256 << 20;

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
                    clock::at(place);
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
            .on_progress(|_| clock::is_late().then_some(Dynamic::UNIT))
            .on_print(|_| ())
            .on_debug(|_, _, _| ());
        // the interpreter's own multiplies sizes without a look at overflow
        engine.register_fn("pad", pad);
        sort::register(&mut engine);
        tape::register(&mut engine);
        steps::register(&mut engine);
        operators::register(&mut engine);
        vocabulary::register(&mut engine);
        declare::register(&mut engine);
        engine
    });
    &ENGINE
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
    let allowed = clock::left();
    thread::scope(|scope| {
        let work = move || clock::timed(allowed, || inside(engine));
        let thread = thread::Builder::new()
            .name("script".into())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(|error| failed(&error.to_string()))?;
        match thread.join() {
            Ok((result, spent)) => {
                clock::spend(spent);
                result
            }
            Err(_) => Err(failed(
                "the interpreter failed; this is a mistake of Pretext",
            )),
        }
    })
}

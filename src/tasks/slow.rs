//! The momentum of a slow copy: a number, or a script's for each step.

use std::sync::Arc;

use crate::catalog::{Args, Kind, Param, Problem, Result, Type};
use crate::graph::{Clock, Scalar, ScalarFn};
use crate::language::codes::Code;

/// The parameter `momentum`.
pub(super) fn slow_momentum(default: &str, doc: &str) -> Param {
    let ty = Type::OneOf(vec![Type::Number, Type::Call(Kind::Schedule)]);
    let doc = format!("{doc} A script gives it for each step: `script(\"warm.rhai\")`.");
    Param::with_default("momentum", ty, default, &doc).within(0.0, 1.0)
}

/// Its value; `known` is what a number means.
pub(super) fn momentum(task: &Args, known: impl Fn(f64) -> Scalar) -> Result<Scalar> {
    match task.script("momentum")? {
        None => Ok(known(task.number("momentum"))),
        Some(function) => within("momentum", function, 0.0, 1.0).map(Scalar::Script),
    }
}

/// A script's number that must stay between two others.
fn within(name: &'static str, function: ScalarFn, low: f64, high: f64) -> Result<ScalarFn> {
    let inner = function.call.clone();
    let call = move |clock: &Clock| {
        let number = inner(clock)?;
        match (low..=high).contains(&number) {
            true => Ok(number),
            false => Err(format!(
                "`{name}` must be between {low} and {high}, and the script gives {number} in step {}",
                clock.step
            )),
        }
    };
    // what is wrong at once is said while planning
    for step in [0, 1, 499, 999] {
        let clock = Clock {
            step,
            steps: 1000,
            steps_per_epoch: 100.0,
        };
        call(&clock).map_err(|why| Problem::argument(Code::OutOfRange, name, why))?;
    }
    Ok(ScalarFn {
        call: Arc::new(call),
        ..function
    })
}

//! A number that changes while training, from a function of the step: `fn warm(step, total, epoch) { … }`.
//!
//! It is called on the host before each step, with the steps done, the steps in all, and the passes over the data done (not
//! whole). It sees nothing else, so it gives the same in every run and after a restart.

use std::sync::Arc;

use rhai::{Dynamic, FLOAT, FnPtr, INT};

use super::raise::{self, noun};
use super::{Script, clock, hash};
use crate::catalog::{At, Problem, Result};
use crate::graph::{Clock, ScalarFn};
use crate::language::codes::Code;

/// What a function without a name is called.
const CLOSURE: &str = "a function of the step";
/// Its parameters.
pub const PARAMS: [&str; 3] = ["step", "total", "epoch"];

impl Script {
    /// The function that a script gives for a number, with what it carries.
    pub fn scalar(self: &Arc<Self>, function: &FnPtr) -> Result<ScalarFn> {
        let mut carried = Vec::new();
        for value in function.curry() {
            let value = value.flatten_clone();
            if !(value.is_int() || value.is_float() || value.is_bool() || value.is_string()) {
                return Err(Problem::new(
                    Code::Script,
                    format!("a function of the step can't use {}", noun(value.type_name())),
                )
                .note("It runs while training, when the graph is built: it may use numbers and strings."));
            }
            carried.push(value);
        }
        self.number(function.fn_name(), carried)
    }

    /// The function of this name as a number that changes, `carried` before its own parameters.
    pub fn number(self: &Arc<Self>, name: &str, carried: Vec<Dynamic>) -> Result<ScalarFn> {
        let wanted = carried.len() + PARAMS.len();
        if self.arity(name) != Some(wanted) {
            return Err(Problem::new(
                Code::Script,
                "a function of the step takes step, total and epoch",
            )
            .help("write `|step, total, epoch| …`"));
        }
        let shown = if raise::is_closure(name) {
            self.source.path.clone()
        } else {
            format!("{} {name}", self.source.path)
        };
        let key = format!("{} {name} {carried:?}", hash(&self.source.text));
        let script = self.clone();
        let name = name.to_owned();
        // what fails at once is said while planning, where one try must do
        clock::together(|| {
            [0, 1, 499, 999].into_iter().try_for_each(|step| {
                let clock = Clock {
                    step,
                    steps: 1000,
                    steps_per_epoch: 100.0,
                };
                script.once(&name, &carried, &clock).map(|_| ())
            })
        })?;
        let number = move |clock: &Clock| script.at(&name, &carried, clock);
        let script = self.clone();
        Ok(ScalarFn {
            name: shown,
            hash: hash(&key),
            call: Arc::new(move |clock| number(clock).map_err(|problem| script.said(&problem))),
        })
    }

    /// The number in a step. A long run meets every hiccup of its machine: a function without an end is stopped by its steps, so
    /// what the clock stopped is tried again.
    fn at(&self, name: &str, carried: &[Dynamic], clock: &Clock) -> Result<f64> {
        let mut result = self.once(name, carried, clock);
        for _ in 0..5 {
            match &result {
                Err(problem) if clock::is_timeout(problem) => {
                    result = self.once(name, carried, clock);
                }
                _ => break,
            }
        }
        result
    }

    fn once(&self, name: &str, carried: &[Dynamic], clock: &Clock) -> Result<f64> {
        let mut args = carried.to_vec();
        args.push((clock.step as INT).into());
        args.push((clock.steps as INT).into());
        args.push((clock.step as FLOAT / clock.steps_per_epoch).into());
        self.call(name, args, |value, source| {
            let number = value
                .as_float()
                .or_else(|_| value.as_int().map(|n| n as FLOAT));
            let found = match number {
                Ok(x) if x.is_finite() => return Ok(x),
                Ok(x) => x.to_string(),
                Err(_) => noun(value.type_name()),
            };
            // a closure's name is a number of the interpreter: the script was in it until now
            let (what, span) = match (raise::is_closure(name), clock::place()) {
                (false, _) => (format!("`{name}`"), source.function(name)),
                (true, at) if at.is_none() => (CLOSURE.to_owned(), source.function("build")),
                (true, at) => (CLOSURE.to_owned(), source.span(at)),
            };
            let problem = Problem::new(
                Code::Script,
                format!("{what} must give a finite number, not {found}"),
            )
            .note(format!("This is step {} of {}.", clock.step, clock.steps));
            Err(problem.at(At::Span(span)))
        })
    }

    /// A problem with its line, for who has no sources at hand.
    fn said(&self, problem: &Problem) -> String {
        match problem.at {
            At::Span(span) if span.file == self.source.file => {
                let line = self.source.text[..span.start].matches('\n').count() + 1;
                format!("{}:{line}: {}", self.source.path, problem.message)
            }
            _ => format!("{}: {}", self.source.path, problem.message),
        }
    }
}

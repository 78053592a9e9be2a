//! What the person with the recipe is told of a script's error.

use std::sync::Arc;

use rhai::{EvalAltResult, LexError, ParseError, ParseErrorType};

use super::clock::{place, timeout};
use super::limits::{
    MAX_ARRAY, MAX_CALLS, MAX_DEPTH, MAX_FUNCTIONS, MAX_MAP, MAX_OPERATIONS, MAX_STRING,
    MAX_VARIABLES,
};
use super::raise::{Raised, is_closure, noun};
use super::source::Source;
use super::values::shown;
use super::vocabulary::usage;
use crate::catalog::{At, Problem};
use crate::graph::vocabulary::operations;
use crate::language::codes::Code;
use crate::language::nearest;

/// What a failed call of a script says, with its lines; the innermost place first.
pub fn explain(error: EvalAltResult, source: &Source) -> Problem {
    let mut error = error;
    let mut calls = Vec::new();
    while let EvalAltResult::ErrorInFunctionCall(name, _, inner, at) = error {
        calls.push((name, at));
        error = *inner;
    }
    // the interpreter loses the place of what breaks a limit
    let place = match error.position() {
        at if at.is_none() || error.is_system_exception() => place(),
        at => at,
    };
    let mut problem = describe(error, source);
    let span = source.span(place);
    match &problem.at {
        // the place in the recipe that the host knows: the script's line explains it
        At::Span(own) if own.file != source.file && own.end > own.start => {
            if !place.is_none() {
                problem = problem.label(span, "traced from here");
            }
        }
        At::Span(own) if own.end > own.start => {}
        At::Argument(_) => problem = problem.label(span, "asked for here"),
        _ => problem.at = At::Span(span),
    }
    for (name, at) in calls.iter().rev().take(3) {
        if !at.is_none() && *at != place {
            let said = match is_closure(name) {
                true => "the function is called here".to_owned(),
                false => format!("`{name}` is called here"),
            };
            problem = problem.label(source.span(*at), said);
        }
    }
    problem
}

/// What is wrong with the text of a script.
pub fn unreadable(error: ParseError, source: &Source) -> Problem {
    let ParseError(kind, at) = error;
    let span = source.span(at);
    let word = &source.text[span.start..span.end];
    let problem = match forbidden(word) {
        Some(why) => {
            Problem::new(Code::ScriptLimit, format!("a script can't use `{word}`")).note(why)
        }
        None => syntax(*kind),
    };
    problem.at(At::Span(span))
}

fn describe(error: EvalAltResult, source: &Source) -> Problem {
    let limit = |message: String| Problem::new(Code::ScriptLimit, message);
    match error {
        EvalAltResult::ErrorRuntime(value, _) => match value.try_cast_result::<Raised>() {
            Ok(Raised(problem)) => Arc::unwrap_or_clone(problem),
            Err(value) => Problem::new(Code::Script, shortened(&shown(&value)))
                .note(format!("`{}` throws this.", source.path)),
        },
        EvalAltResult::ErrorParsing(kind, _) => syntax(kind),
        EvalAltResult::ErrorTooManyOperations(_) => limit(format!(
            "the script takes more than {MAX_OPERATIONS} steps"
        ))
        .help("does this loop end? A script describes a graph; what is computed per step is the graph's"),
        EvalAltResult::ErrorTerminated(..) => limit(timeout())
        .help("does this loop end? A script describes a graph; what is computed per step is the graph's"),
        EvalAltResult::ErrorStackOverflow(_) => {
            limit(format!("functions call one another more than {MAX_CALLS} deep"))
                .help("write a loop instead of a recursion")
        }
        EvalAltResult::ErrorTooManyVariables(_) => {
            limit(format!("more than {MAX_VARIABLES} variables at one time"))
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => {
            limit(if what.contains("string") {
                format!("a string of the script grows beyond {MAX_STRING} bytes")
            } else if what.contains("map") {
                format!("a map of the script grows beyond {MAX_MAP} properties")
            } else {
                format!("an array of the script grows beyond {MAX_ARRAY} elements")
            })
            .note("What an array holds is counted with what is in it.")
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => unknown_function(&signature),
        EvalAltResult::ErrorMismatchDataType(wanted, found, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, found, _) => Problem::new(
            Code::Script,
            format!("expected {}, found {}", noun(&wanted), noun(&found)),
        ),
        EvalAltResult::ErrorPropertyNotFound(name, _) => {
            Problem::new(Code::Script, format!("there is no property `{name}`"))
                .help("`p` has the task's parameters and the stage's fields by name")
        }
        EvalAltResult::ErrorDataRace(..) => Problem::new(
            Code::Script,
            "a value is used by the function that is called on it",
        )
        .help("give the function a copy: `let b = a; a.map(|x| x + b[0])`"),
        mut other => {
            other.clear_position();
            Problem::new(Code::Script, lowered(&other.to_string()))
        }
    }
}

fn syntax(kind: ParseErrorType) -> Problem {
    let limit = |message: String| Problem::new(Code::ScriptLimit, message);
    match kind {
        ParseErrorType::ExprTooDeep => {
            limit(format!("expressions are nested more than {MAX_DEPTH} deep"))
        }
        ParseErrorType::TooManyFunctions => limit(format!("more than {MAX_FUNCTIONS} functions")),
        ParseErrorType::LiteralTooLarge(what, most) => {
            limit(format!("{} is larger than {most}", lowered(&what)))
        }
        ParseErrorType::BadInput(LexError::StringTooLong(most)) => {
            limit(format!("a string is longer than {most} bytes"))
        }
        ParseErrorType::VariableUndefined(name) => {
            let problem =
                Problem::new(Code::Script, format!("no variable is called `{name}` here"));
            problem.note("A function sees its parameters and what it defines, nothing else.")
        }
        other => Problem::new(Code::Script, lowered(&other.to_string())),
    }
}

/// Why a word that other scripts may use is not there.
fn forbidden(word: &str) -> Option<&'static str> {
    Some(match word {
        "import" | "export" => "It is one file, so that its text is all there is to know about it.",
        "eval" => "What runs is what stands in the file.",
        "print" | "debug" => {
            "It has nowhere to print to. To look at a value, stop with it: `throw x.shape`."
        }
        "timestamp" | "now" | "time" | "elapsed" | "sleep" => {
            "It has no clock: the same recipe means the same at any time."
        }
        "rand" | "random" | "seed" => {
            "It draws nothing: random tensors are nodes of the graph, drawn from the run's seed."
        }
        "curry" => "A function carries what it uses by itself: `|x| x * factor`.",
        "exit" => "It gives a value, or stops with `throw \"why\"`.",
        "open" | "open_file" | "read" | "env" | "exec" | "http" | "load" => {
            "It sees its parameters and the graph, nothing else of this machine."
        }
        _ => return None,
    })
}

fn unknown_function(signature: &str) -> Problem {
    let name = signature.split([' ', '(']).next().unwrap_or_default();
    if let Some(why) = forbidden(name) {
        return Problem::new(Code::ScriptLimit, format!("a script can't use `{name}`")).note(why);
    }
    let arguments = signature
        .split_once('(')
        .and_then(|(_, rest)| rest.rsplit_once(')'))
        .map_or("", |(arguments, _)| arguments);
    let arguments: Vec<String> = arguments
        .split(", ")
        .filter(|ty| !ty.is_empty())
        .map(noun)
        .collect();
    let message = match (arguments.as_slice(), name) {
        ([], _) => format!("no function `{name}` takes nothing"),
        // a sign between or before values
        (several, sign) if !sign.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
            format!("`{sign}` does not take {}", several.join(" and "))
        }
        (several, _) => format!("no function `{name}` takes {}", several.join(", ")),
    };
    let problem = Problem::new(Code::Script, message);
    match operations().iter().find(|op| op.name == name) {
        Some(op) => problem.help(usage(op)),
        None => match nearest(name, operations().iter().map(|op| op.name)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        },
    }
}

fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_lowercase().to_string());
    shortened(&(first.unwrap_or_default() + letters.as_str()))
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

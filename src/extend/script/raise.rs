//! Problems as values that the host throws and a script may catch.

use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult, Position};

use crate::catalog::Problem;

/// A problem on its way through the interpreter.
#[derive(Clone)]
pub struct Raised(pub Arc<Problem>);

/// Whether the interpreter made this name up, for a function that has none.
pub fn is_closure(name: &str) -> bool {
    name.starts_with("anon$")
}

/// Throws a problem at a place of the script.
pub fn raise(problem: Problem, at: Position) -> Box<EvalAltResult> {
    let value = Dynamic::from(Raised(Arc::new(problem)));
    EvalAltResult::ErrorRuntime(value, at).into()
}

/// A type of the interpreter in words.
pub fn noun(ty: &str) -> String {
    let ty = ty.trim_start_matches("&mut ").trim();
    match ty {
        "i64" | "INT" => "a whole number",
        "f64" | "FLOAT" => "a number",
        "()" => "nothing",
        "bool" => "true or false",
        "string" | "&str" | "ImmutableString" => "a string",
        "char" => "a character",
        "array" => "an array",
        "map" => "a map",
        "Fn" => "a function or a module",
        "range" | "range=" => "a range",
        other => {
            let name = other.rsplit("::").next().unwrap_or(other);
            return match name {
                "Tape" => "the graph".into(),
                "Part" => "a module".into(),
                _ => format!("a {}", name.to_lowercase()),
            };
        }
    }
    .to_owned()
}

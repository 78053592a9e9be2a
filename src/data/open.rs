//! Opens what a recipe says where it says data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::beside::beside;
use super::{Places, Source, Splits};
use crate::catalog::{At, Call, Data, DataSource, Make, Problem, Result, Split, Value};
use crate::language::canonical;
use crate::language::codes::Code;

/// Opens a data expression and sends it through its pipes. `named` holds the recipe's data sets that are open already.
///
/// Reads headers only and never downloads. A problem stands at the span of the call or the argument it is about.
pub fn open(data: &Data, named: &BTreeMap<String, Splits>, places: &Places) -> Result<Source> {
    let inner = |data: &Data| open(data, named, places);
    let mut source = match &data.source {
        DataSource::Call(call) => {
            let source = match &call.spec.make {
                Make::Dataset(open) => {
                    let open = || open(&call.args, places);
                    kept(call, places, &open).map(Source::All)
                }
                // `concat(a, b)` at the head: nothing flows in
                Make::Pipe(pipe) => pipe(&call.args, Source::All(Splits::default()), &inner),
                _ => Err(Problem::new(
                    Code::WrongKind,
                    format!("`{}` is no data set", call.spec.name),
                )),
            };
            source.map_err(|problem| placed(problem, call))?
        }
        DataSource::Beside(parts) => {
            let parts = parts
                .iter()
                .map(|(name, data)| Ok((name.clone(), inner(data)?)));
            let parts: Result<Vec<_>> = parts.collect();
            let span = data.span;
            beside(parts?).map_err(|problem| problem.at(At::Span(span)))?
        }
        DataSource::Named { dataset, split } => {
            let splits = named
                .get(dataset)
                .ok_or_else(|| unknown(dataset, named).at(At::Span(data.span)))?;
            match split {
                // what was said of a data set is not said again of what is made of it
                None => Source::All(Splits {
                    doubts: Vec::new(),
                    found: None,
                    ..splits.clone()
                }),
                Some(split) => Source::One(match splits.parts.get(split) {
                    Some(part) => part.clone(),
                    None => return Err(no_split(dataset, *split, splits).at(At::Span(data.span))),
                }),
            }
        }
    };
    for call in &data.pipes {
        let Make::Pipe(pipe) = &call.spec.make else {
            let message = format!("data can't flow through `{}`", call.spec.name);
            return Err(Problem::new(Code::WrongKind, message).at(At::Span(call.span)));
        };
        source = pipe(&call.args, source, &inner).map_err(|problem| placed(problem, call))?;
    }
    Ok(source)
}

/// What a call opens, or what it opened before where that is kept.
fn kept(call: &Call, places: &Places, open: &dyn Fn() -> Result<Splits>) -> Result<Splits> {
    if !places.kept.is_open() {
        return open();
    }
    let arguments = call.args.values.iter();
    let arguments: Vec<String> = arguments
        .map(|(name, argument)| format!("{name}={}", canonical(&argument.value)))
        .collect();
    let named = places_of(call, places);
    // another place is another data set
    let key = format!("{}({}) {named:?}", call.spec.name, arguments.join(","));
    places.kept.of(&key, &named, open)
}

/// Where a call may find its files.
fn places_of(call: &Call, places: &Places) -> Vec<PathBuf> {
    let arguments = call.args.values.values();
    let mut waiting: Vec<&Value> = arguments.map(|argument| &argument.value).collect();
    let mut named = Vec::new();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Text(text) => {
                named.push(places.recipe.join(text));
                named.extend(places.given.get(text).cloned());
                named.extend(places.project.get(text).cloned());
                named.extend(places.user.iter().map(|user| user.join(text)));
            }
            Value::List(values) => waiting.extend(values),
            _ => {}
        }
    }
    let name = &call.spec.name;
    named.extend(places.given.get(name).cloned());
    named.extend(places.project.get(name).cloned());
    named.extend(places.user.iter().map(|user| user.join(name)));
    named
}

/// The problem at the call's or its argument's own span: the caller only knows the whole expression.
fn placed(problem: Problem, call: &Call) -> Problem {
    let span = match &problem.at {
        At::Call => call.span,
        At::Argument(name) => call.args.span(name).unwrap_or(call.span),
        At::Span(_) => return problem,
    };
    problem.at(At::Span(span))
}

fn unknown(name: &str, named: &BTreeMap<String, Splits>) -> Problem {
    let problem = Problem::new(Code::UnknownName, format!("there is no data set `{name}`"));
    if named.is_empty() {
        return problem;
    }
    let have: Vec<&str> = named.keys().map(String::as_str).collect();
    problem.note(format!("there is {}", have.join(", ")))
}

/// What to say where a data set lacks a split.
pub fn no_split(dataset: &str, split: Split, splits: &Splits) -> Problem {
    let have: Vec<&str> = splits.parts.keys().map(|split| split.name()).collect();
    let have = match have.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => format!("only `{last}`"),
        Some((last, rest)) => format!("`{}` and `{last}`", rest.join("`, `")),
    };
    let problem = Problem::new(
        Code::UnknownPart,
        format!("`{dataset}` has no split `{}`", split.name()),
    )
    .note(format!("it has {have}"));
    if split == Split::Valid && splits.parts.contains_key(&Split::Train) {
        return problem.help("hold one out of the train split: `|> hold_out(10%)`");
    }
    problem
}

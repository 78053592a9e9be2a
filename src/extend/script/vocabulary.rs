//! The operations of the vocabulary as functions of a script: `softmax(x, 1)`, `x.softmax(1)`, `softmax(x, #{dim: 1})`,
//! `g.softmax(x, 1)`.
//!
//! Nodes are operands, in order; a list of nodes is as many operands. What follows are attributes in the order of the table,
//! and a map as the last argument names them. Results are a node, or a list where there are several.

use std::any::TypeId;

use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext, Position};

use super::raise::{noun, raise};
use super::sizes::size_of;
use super::tape::{Node, Tape, Thrown};
use crate::catalog::{Problem, Result};
use crate::graph::vocabulary::{Attr, Attrs, OpSpec, operations};
use crate::graph::{Size, Var};
use crate::language::codes::Code;

/// Makes every operation known, once for each number of arguments that it may be called with.
pub fn register(engine: &mut Engine) {
    let any = TypeId::of::<Dynamic>();
    for op in operations() {
        // operands, attributes, and the map that names some
        let most = op.operands.1.unwrap_or(4) + op.attrs.len() + 1;
        let mut first = vec![TypeId::of::<Tape>(), TypeId::of::<Node>()];
        if op.operands.1.is_none() {
            first.push(TypeId::of::<Array>());
        }
        for first in first {
            for rest in 0..=most {
                let mut types = vec![first];
                types.resize(1 + rest, any);
                engine.register_raw_fn(
                    op.name,
                    types,
                    move |ctx: NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
                        call(op, &ctx, args)
                    },
                );
            }
        }
    }
}

/// How an operation is called, and what it does.
pub fn usage(op: &OpSpec) -> String {
    format!("{}: {}", op.call_text(), op.summary)
}

fn call(op: &OpSpec, ctx: &NativeCallContext<'_>, args: &mut [&mut Dynamic]) -> Thrown<Dynamic> {
    let at = ctx.call_position();
    let mut tape = None;
    let (operands, attrs) = gather(op, args, at, &mut tape)?;
    let Some(tape) = tape else {
        let problem = Problem::new(Code::Script, format!("{} is given no node", op.name));
        return Err(raise(problem.help(usage(op)), at));
    };
    let results = tape.build(at, |graph| graph.apply(op, &operands, &attrs))?;
    let mut results = results
        .into_iter()
        .map(|var| Dynamic::from(tape.value(var)));
    match (results.next(), results.len()) {
        (Some(only), 0) => Ok(only),
        (first, _) => Ok(first.into_iter().chain(results).collect::<Array>().into()),
    }
}

/// Sorts the arguments of a call into operands and attributes.
fn gather(
    op: &OpSpec,
    args: &mut [&mut Dynamic],
    at: Position,
    tape: &mut Option<Tape>,
) -> Thrown<(Vec<Var>, Attrs)> {
    let explained = |problem: Problem| raise(problem.help(usage(op)), at);
    let mut operands: Vec<Var> = Vec::new();
    let mut attrs = Attrs::new();
    let mut next = op.attrs.iter();
    let last = args.len() - 1;
    for (index, arg) in args.iter_mut().enumerate() {
        let value = arg.flatten_clone();
        let nodes: Option<Vec<Node>> = match value.read_lock::<Array>() {
            Some(list) if op.operands.1 != Some(0) && !list.is_empty() => {
                list.iter().map(|one| one.clone().try_cast()).collect()
            }
            _ => value.clone().try_cast::<Node>().map(|node| vec![node]),
        };
        if let Some(nodes) = nodes {
            for node in nodes {
                let tape = tape.get_or_insert_with(|| node.tape.clone());
                operands.push(tape.own(at, &node)?);
            }
        } else if let Some(graph) = value.clone().try_cast::<Tape>().filter(|_| index == 0) {
            *tape = Some(graph);
        } else if let Some(named) = value.read_lock::<Map>().filter(|_| index == last) {
            for (name, value) in named.iter() {
                attrs.set(name, attr(op, name, value).map_err(explained)?);
            }
        } else if value.is_unit() {
            next.next();
        } else {
            let spec = next.next().ok_or_else(|| {
                let what = noun(value.type_name());
                explained(Problem::new(
                    Code::TooManyArguments,
                    format!("{} does not take {what} here", op.name),
                ))
            })?;
            attrs.set(spec.name, attr(op, spec.name, &value).map_err(explained)?);
        }
    }
    Ok((operands, attrs))
}

/// The attributes that a map names.
pub fn named(op: &OpSpec, map: &Map) -> Result<Attrs> {
    let mut attrs = Attrs::new();
    for (name, value) in map {
        attrs.set(name, attr(op, name, value)?);
    }
    Ok(attrs)
}

/// A script's value as an attribute.
fn attr(op: &OpSpec, name: &str, value: &Dynamic) -> Result<Attr> {
    let known = || -> Option<Attr> {
        if let Ok(n) = value.as_int() {
            return Some(Attr::Int(n));
        }
        if let Ok(x) = value.as_float() {
            return Some(Attr::Float(x));
        }
        if let Ok(on) = value.as_bool() {
            return Some(Attr::Switch(on));
        }
        if let Some(text) = value.read_lock::<ImmutableString>() {
            return Some(Attr::Text(text.to_string()));
        }
        if let Some(size) = value.clone().try_cast::<Size>() {
            return Some(Attr::Size(size));
        }
        let list = value.read_lock::<Array>()?;
        let whole: Option<Vec<i64>> = list.iter().map(|one| one.as_int().ok()).collect();
        match whole {
            Some(whole) => Some(Attr::Ints(whole)),
            None => Some(Attr::Sizes(
                list.iter().map(size_of).collect::<Option<_>>()?,
            )),
        }
    };
    // a bound may be infinite, a moment or a weight may not
    let changes = matches!(op.name, "scalar" | "when");
    if let Ok(x) = value.as_float()
        && (x.is_nan() || changes && x.is_infinite())
    {
        let message = format!("{}: `{name}` can't be {x}", op.name);
        return Err(Problem::new(Code::Mistyped, message).help("is it divided by 0?"));
    }
    known().ok_or_else(|| {
        Problem::new(
            Code::Mistyped,
            format!("{}: `{name}` can't be {}", op.name, noun(value.type_name())),
        )
    })
}

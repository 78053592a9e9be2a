//! Values of a recipe and of the graph as a script sees them, and back: scalars, lists, maps.

use rhai::{Array, Dynamic, Engine, FnPtr, INT, ImmutableString, Map, NativeCallContext, Variant};

use super::raise::{Raised, is_closure, raise};
use super::sizes::dynamic_size;
use super::tape::{Node, Part, Tape, Thrown, callable};
use crate::catalog::{Args, Duration, Problem, Value};
use crate::data::{Fields, SampleType};
use crate::graph::{Module, Size};
use crate::language::canonical;
use crate::language::codes::Code;

/// Arithmetic of sizes.
pub fn register(engine: &mut Engine) {
    fn of(n: INT) -> Thrown<Size> {
        usize::try_from(n).map(Size::fixed).map_err(|_| {
            let message = format!("a size can't be put together with {n}");
            raise(Problem::new(Code::Script, message), rhai::Position::NONE)
        })
    }
    fn over(ctx: NativeCallContext, a: &Size, b: &Size) -> Thrown<Dynamic> {
        let quotient = a.divided_by(b).ok_or_else(|| {
            let message = format!("{a} is not a multiple of {b} for every batch");
            raise(Problem::new(Code::Shape, message), ctx.call_position())
        })?;
        Ok(dynamic_size(&quotient))
    }
    engine
        .register_type_with_name::<Size>("size")
        .register_fn("+", |a: Size, b: Size| dynamic_size(&(&a + &b)))
        .register_fn("+", |a: Size, n: INT| {
            Thrown::Ok(dynamic_size(&(&a + &of(n)?)))
        })
        .register_fn("+", |n: INT, a: Size| {
            Thrown::Ok(dynamic_size(&(&a + &of(n)?)))
        })
        .register_fn("*", |a: Size, b: Size| dynamic_size(&(&a * &b)))
        .register_fn("*", |a: Size, n: INT| {
            Thrown::Ok(dynamic_size(&(&a * &of(n)?)))
        })
        .register_fn("*", |n: INT, a: Size| {
            Thrown::Ok(dynamic_size(&(&a * &of(n)?)))
        })
        .register_fn("/", |ctx: NativeCallContext, a: Size, b: Size| {
            over(ctx, &a, &b)
        })
        .register_fn("/", |ctx: NativeCallContext, a: Size, n: INT| {
            over(ctx, &a, &of(n)?)
        })
        .register_fn("==", |a: Size, b: Size| a == b)
        .register_fn("!=", |a: Size, b: Size| a != b);
    texts::<Size>(engine);
    texts::<Node>(engine);
    texts::<Tape>(engine);
    texts::<Part>(engine);
    texts::<FnPtr>(engine);
    texts::<Raised>(engine);
}

/// Makes values of this type text, alone and in lists and maps.
fn texts<T: Variant + Clone>(engine: &mut Engine) {
    for name in ["to_string", "to_debug"] {
        engine.register_fn(name, |value: T| shown(&Dynamic::from(value)));
    }
}

/// Bytes of the text of a value, about: what is longer is cut.
const LONGEST: usize = 2000;

/// A value as text: what a script throws, and what stands in `${…}`.
pub fn shown(value: &Dynamic) -> String {
    let mut text = String::new();
    match value.read_lock::<ImmutableString>() {
        Some(plain) => text.push_str(&plain),
        None => show(value, &mut text),
    }
    text
}

fn show(value: &Dynamic, text: &mut String) {
    if text.len() > LONGEST {
        return;
    }
    if let Some(list) = value.read_lock::<Array>() {
        text.push('[');
        for (index, one) in list.iter().enumerate().take(LONGEST) {
            text.push_str(if index == 0 { "" } else { ", " });
            show(one, text);
        }
        text.push(']');
    } else if let Some(map) = value.read_lock::<Map>() {
        text.push_str("#{");
        for (index, (name, one)) in map.iter().enumerate().take(LONGEST) {
            text.push_str(if index == 0 { "" } else { ", " });
            text.push_str(&format!("{name:?}: "));
            show(one, text);
        }
        text.push('}');
    } else if let Some(size) = value.read_lock::<Size>() {
        text.push_str(&size.to_string());
    } else if let Some(node) = value.read_lock::<Node>() {
        text.push_str(&node.shown());
    } else if value.is::<Tape>() {
        text.push_str("the graph");
    } else if let Some(Part(module)) = value.read_lock::<Part>().as_deref() {
        text.push_str(&format!("the module {}", module.name));
    } else if let Some(Raised(problem)) = value.read_lock::<Raised>().as_deref() {
        text.push_str(&problem.message);
    } else if let Some(function) = value.read_lock::<FnPtr>() {
        match function.curry().first() {
            Some(part) if part.is::<Part>() => show(part, text),
            _ if is_closure(function.fn_name()) => text.push_str("a function"),
            _ => text.push_str(&function.to_string()),
        }
    } else {
        text.push_str(&format!("{:?}", value.flatten_clone()));
    }
}

/// `p`: the arguments of a call. Encoders and heads are modules.
pub fn arguments(args: &Args) -> Map {
    let mut map = Map::new();
    for (name, argument) in &args.values {
        let value = match &argument.value {
            Value::Net(net) => callable(Module::new(name, net)),
            value => plain(value),
        };
        map.insert(name.as_str().into(), value);
    }
    map
}

/// A value without a graph: numbers, strings, lists. What only the plan understands is `.ssl` text.
fn plain(value: &Value) -> Dynamic {
    match value {
        Value::Number(x) | Value::Ratio(x) => (*x).into(),
        Value::Integer(n) => (*n).into(),
        Value::Length(x) => (*x as INT).into(),
        Value::Duration(Duration::Epochs(n)) => pairs([("epochs", (*n).into())]),
        Value::Duration(Duration::Steps(n)) => pairs([("steps", (*n as INT).into())]),
        Value::Range(low, high) => vec![Dynamic::from(*low), Dynamic::from(*high)].into(),
        Value::Text(text) => text.as_str().into(),
        Value::Word(word) if word == "on" || word == "off" => (word == "on").into(),
        Value::Word(word) => word.as_str().into(),
        Value::List(values) => values.iter().map(plain).collect::<Array>().into(),
        other => canonical(other).into(),
    }
}

/// A map with these properties.
fn pairs<const N: usize>(entries: [(&str, Dynamic); N]) -> Dynamic {
    let entries = entries.into_iter();
    let map: Map = entries.map(|(name, value)| (name.into(), value)).collect();
    map.into()
}

/// The fields of a record: `#{name: "image", type: "image", channels: 3, height: 32, width: 32}` in the data set's order.
/// What is not known before a sample is read is `()`.
pub fn fields(fields: &Fields) -> Array {
    let size = |n: Option<usize>| n.map_or(Dynamic::UNIT, |n| Dynamic::from(n as INT));
    let one = |(name, ty): &(String, SampleType)| {
        let mut map = Map::new();
        map.insert("name".into(), name.clone().into());
        map.insert("type".into(), ty.word().into());
        for (of, n) in ty.sizes() {
            map.insert(of.into(), size(n));
        }
        Dynamic::from_map(map)
    };
    fields.iter().map(one).collect()
}

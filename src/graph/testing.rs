//! Calls of catalog entries without a recipe, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{DType, Graph, Mode, Size, Var};
use crate::catalog::{
    Args, Argument, Call, Duration, Kind, Make, Net, NetStep, Origin, Preset, Result, Spec, Type,
    Value,
};
use crate::language::Span;

/// Every layer, encoder and task of this room and the next two.
pub(crate) fn entry(kind: Kind, name: &str) -> Spec {
    crate::encoders::specs()
        .into_iter()
        .chain(crate::tasks::specs())
        .find(|spec| spec.kind == kind && spec.name == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

/// A call with these arguments and the defaults of simple types.
pub(crate) fn call(kind: Kind, name: &str, given: &[(&str, Value)]) -> Call {
    let spec = entry(kind, name);
    Call {
        args: args(&spec, given),
        spec: Arc::new(spec),
        span: Span::default(),
        name_span: Span::default(),
    }
}

/// These arguments of an entry, and the defaults of simple types.
pub(crate) fn args(spec: &Spec, given: &[(&str, Value)]) -> Args {
    let mut values = BTreeMap::new();
    let mut set = |name: &str, value: Value| {
        let argument = Argument {
            value,
            span: Span::default(),
            origin: Origin::Default,
        };
        values.insert(name.to_owned(), argument);
    };
    for param in &spec.params {
        if let Preset::Text(text) = &param.preset
            && let Some(value) = literal(&param.ty, text)
        {
            set(&param.name, value);
        }
    }
    for (name, value) in given {
        assert!(spec.find(name).is_some() || *name == "encoder", "{name}");
        set(name, value.clone());
    }
    Args {
        of: spec.name.clone(),
        values,
    }
}

fn literal(ty: &Type, text: &str) -> Option<Value> {
    let number = |suffix: &str| -> f64 {
        let digits = text
            .strip_suffix(suffix)
            .unwrap_or_else(|| panic!("{text}"));
        digits.parse().unwrap_or_else(|_| panic!("{text}"))
    };
    Some(match ty {
        Type::Integer => Value::Integer(number("") as i64),
        Type::Number => Value::Number(number("")),
        Type::Ratio => Value::Ratio(number("%") / 100.0),
        Type::Length => Value::Length(number("px")),
        Type::Duration => Value::Duration(duration(text)),
        Type::Range => {
            let (a, b) = text.split_once("..").unwrap_or_else(|| panic!("{text}"));
            let end = |text: &str| text.parse().unwrap_or_else(|_| panic!("{text}"));
            Value::Range(end(a), end(b))
        }
        Type::Choice(words) => {
            assert!(words.contains(&text), "{text}");
            Value::Word(text.to_owned())
        }
        Type::OneOf(types) if types.first() == Some(&Type::Number) => Value::Number(number("")),
        _ => return None,
    })
}

/// `3 epochs`, `1 step`
pub(crate) fn duration(text: &str) -> Duration {
    let (number, unit) = text.split_once(' ').unwrap_or_else(|| panic!("{text}"));
    let number: f64 = number.parse().unwrap_or_else(|_| panic!("{text}"));
    match unit {
        "epoch" | "epochs" => Duration::Epochs(number),
        _ => Duration::Steps(number as u64),
    }
}

/// `linear(4)`: a layer with whole numbers as positional arguments; durations are in steps.
pub(crate) fn layer(name: &str, numbers: &[i64]) -> Call {
    let spec = entry(Kind::Layer, name);
    let given: Vec<(&str, Value)> = spec
        .params
        .iter()
        .zip(numbers)
        .map(|(param, n)| match param.ty {
            Type::Duration => (
                param.name.as_str(),
                Value::Duration(Duration::Steps(*n as u64)),
            ),
            _ => (param.name.as_str(), Value::Integer(*n)),
        })
        .collect();
    call(Kind::Layer, name, &given)
}

/// `small_cnn()` with these arguments.
pub(crate) fn encoder(name: &str, given: &[(&str, Value)]) -> Net {
    net([call(Kind::Encoder, name, given)])
}

/// `linear(128) |> relu()`
pub(crate) fn net(calls: impl IntoIterator<Item = Call>) -> Net {
    let steps = calls.into_iter().map(|call| NetStep { call, place: None });
    Net {
        name: None,
        steps: steps.collect(),
        span: Span::default(),
    }
}

/// A graph with the picture `image [B, channels, side, side]`.
pub(crate) fn pictures(mode: Mode, channels: usize, side: usize) -> (Graph, Var) {
    let mut g = Graph::new(mode);
    let shape = vec![Size::batch(), channels.into(), side.into(), side.into()];
    let x = g.declare_input("image", shape, DType::F32, None);
    (g, x)
}

/// Builds a task on an empty training graph with these inputs: name, shape, classes of a label.
pub(crate) fn task(
    name: &str,
    inputs: &[(&str, Vec<Size>, Option<usize>)],
    encoder: Net,
    head: Net,
) -> Result<Graph> {
    let call = call(
        Kind::Task,
        name,
        &[("encoder", Value::Net(encoder)), ("head", Value::Net(head))],
    );
    let mut g = Graph::new(Mode::Train);
    for (name, shape, classes) in inputs {
        let dtype = if classes.is_some() {
            DType::Int
        } else {
            DType::F32
        };
        g.declare_input(name, shape.clone(), dtype, *classes);
    }
    let Make::Task { build, .. } = &call.spec.make else {
        panic!("{name} is no task")
    };
    build(&mut g, &call.args)?;
    Ok(g)
}

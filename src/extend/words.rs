//! Types by name, as a script or a plugin declares them: the words that `pretext doc` prints, short.

use std::sync::LazyLock;

use crate::catalog::{Catalog, Kind, Param, Spec, Type, stage_fields};
use crate::graph::Graph;
use crate::language::default_problem;

/// Names of the types a parameter may have; `list(…)` of one of them is one too.
pub const TYPES: &[&str] = &[
    "number",
    "integer",
    "ratio",
    "length",
    "duration",
    "range",
    "text",
    "switch",
    "choice",
    "encoder",
    "head",
    "data",
    "place",
    "optimizer",
    "schedule",
    "evaluator",
];

/// Types of a field, as an input of a task is declared.
pub const KINDS: &str = "image, image[3, 32, 32], mask[32, 32], label, label(4), text, tokens[128], clip[8, 3, 32, 32], boxes[8, 4], and list(…) of one of them";

/// Bytes of the longest type: they nest, and each level takes stack.
const LONGEST: usize = 256;

/// The type of this name; `choices` are the words of a `choice`.
pub fn param_type(name: &str, choices: &[String]) -> Option<Type> {
    let name = name.trim();
    if name.len() > LONGEST {
        return None;
    }
    if let Some(element) = name
        .strip_prefix("list(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return Some(Type::List(Box::new(param_type(element, choices)?)));
    }
    Some(match name {
        "number" => Type::Number,
        "integer" => Type::Integer,
        "ratio" => Type::Ratio,
        "length" => Type::Length,
        "duration" => Type::Duration,
        "range" => Type::Range,
        "text" => Type::Text,
        "switch" => Type::Choice(&["on", "off"]),
        "choice" if !choices.is_empty() => Type::choice(choices.to_vec()),
        "encoder" => Type::Encoder,
        "head" => Type::Head,
        "data" => Type::Data,
        "place" => Type::Place,
        "optimizer" => Type::Call(Kind::Optimizer),
        "schedule" => Type::Call(Kind::Schedule),
        "evaluator" => Type::Call(Kind::Evaluator),
        _ => return None,
    })
}

/// Why a parameter's default can't be: it is read as a recipe's value would be, with what is built in.
pub fn default_error(param: &Param) -> Option<String> {
    static BUILT_IN: LazyLock<Catalog> = LazyLock::new(Catalog::builtin);
    default_problem(&BUILT_IN, param)
}

/// The parameter of a task that is called like a field of every stage and has another type, and why it can't be.
pub fn field_error(spec: &Spec) -> Option<(String, String)> {
    if spec.kind != Kind::Task {
        return None;
    }
    let fields = stage_fields(Kind::Task);
    let clash = spec.params.iter().find(|param| {
        let mut same = fields.iter().filter(|field| field.name == param.name);
        same.any(|field| field.ty != param.ty)
    });
    clash.map(|param| {
        let why = format!(
            "`{}` has a parameter `{}` of another type than the field of this name that every stage has",
            spec.name, param.name,
        );
        (param.name.clone(), why)
    })
}

/// Why a graph is not what its task says of the parts that later stages may start from; a task that says nothing may name any.
pub fn parts_error(said: &[(String, String)], graph: &Graph) -> Option<String> {
    let said: Vec<&str> = said.iter().map(|(name, _)| name.as_str()).collect();
    let built: Vec<&str> = graph.parts.iter().map(|part| part.name.as_str()).collect();
    if said.is_empty() || said == built {
        return None;
    }
    let names = |names: &[&str]| match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    Some(format!(
        "the task says that it exports {}, `build` exports {}",
        names(&said),
        names(&built)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_name() {
        for name in TYPES {
            assert!(param_type(name, &["a".into()]).is_some(), "{name}");
        }
        let lists = param_type("list(list(number))", &[]);
        let list = |of| Type::List(Box::new(of));
        assert_eq!(lists, Some(list(list(Type::Number))));
        assert_eq!(param_type("choice", &[]), None);
        assert_eq!(param_type("tensor", &[]), None);
        let deep = format!("{}number{}", "list(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(param_type(&deep, &[]), None);
    }
}

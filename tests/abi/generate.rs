//! The operations of the vocabulary as the SDK and the C header have them.

use std::fmt::Write as _;

use pretext::graph::vocabulary::{AttrSpec, AttrType, OpSpec, Preset, operations};

/// Operations whose methods are written by hand, in `graph.rs` of the SDK.
const BY_HAND: &[&str] = &[
    "scalar",
    "when",
    "state",
    "assign",
    "assign_rows",
    "objective",
    "metric",
    "place",
    "exhibit",
    "input",
    "input_list",
    "input_stacked",
    "parameter",
];
/// Whether an operation has more results than one: the table says so in words.
fn has_several(op: &OpSpec) -> bool {
    op.summary.contains("two results") || op.name == "split"
}

fn constant(op: &OpSpec) -> String {
    op.name.to_uppercase()
}

/// A summary as a sentence in a doc comment: shapes are no links.
fn sentence(op: &OpSpec) -> String {
    let text = op
        .summary
        .trim_end_matches('.')
        .replace('[', "\\[")
        .replace(']', "\\]");
    let text = text
        .replace('<', "\\<")
        .replace('>', "\\>")
        .replace('*', "\\*")
        .replace('_', "\\_");
    format!("{text}.")
}

fn preset_words(attr: &AttrSpec) -> String {
    match attr.preset {
        Preset::Required => String::new(),
        Preset::Absent => " = none".into(),
        Preset::Int(n) => format!(" = {n}"),
        Preset::Float(x) => format!(" = {x}"),
        Preset::Text(text) => format!(" = {text}"),
        Preset::Switch(on) => format!(" = {on}"),
    }
}

/// The operations' section of the C header.
pub fn header() -> String {
    let mut out = String::new();
    for op in operations() {
        let attrs: Vec<String> = op
            .attrs
            .iter()
            .map(|attr| {
                let ty = match attr.ty {
                    AttrType::Int => "int",
                    AttrType::Float => "float",
                    AttrType::Ints => "ints",
                    AttrType::Size => "size",
                    AttrType::Sizes => "sizes",
                    AttrType::Text | AttrType::Word(_) => "text",
                    AttrType::Switch => "switch",
                };
                format!("{}: {ty}{}", attr.name, preset_words(attr))
            })
            .collect();
        let operands = match op.operands {
            (fewest, None) => format!("{fewest} operands or more"),
            (fewest, Some(most)) if fewest == most => format!("{most} operands"),
            (fewest, Some(most)) => format!("{fewest} to {most} operands"),
        };
        let summary = op.summary.trim_end_matches('.');
        let _ = write!(out, "/* {summary}. {operands}");
        if !attrs.is_empty() {
            let _ = write!(out, "; {}", attrs.join(", "));
        }
        let _ = writeln!(out, " */\n#define PRETEXT_OP_{} {}u", constant(op), op.code);
    }
    out
}

/// Attributes that every call of an operation gives, beside those that it must: where it works. What else may be left out stands
/// in a struct that `…_with` takes.
fn is_positional(op: &OpSpec, attr: &AttrSpec) -> bool {
    attr.preset == Preset::Required
        || (op.name != "l2_normalize" && ["dim", "dims", "a", "b", "start"].contains(&attr.name))
        || (op.name == "standardize" && attr.name == "epsilon")
        || (op.name == "split" && attr.name == "parts")
        || op.name == "clamp"
}

fn camel(name: &str) -> String {
    name.split('_')
        .map(|part| part[..1].to_uppercase() + &part[1..])
        .collect()
}

fn escaped(name: &str) -> String {
    match name {
        "type" | "where" | "in" | "fn" | "as" | "move" | "abs" if name != "abs" => {
            format!("r#{name}")
        }
        _ => name.to_owned(),
    }
}

/// A parameter of a method.
fn parameter(attr: &AttrSpec) -> String {
    let plain = match attr.ty {
        AttrType::Int => "i64",
        AttrType::Float => "f64",
        AttrType::Ints => "&[i64]",
        AttrType::Size => "impl Into<Size>",
        AttrType::Sizes => "&[Size]",
        AttrType::Text | AttrType::Word(_) => "&str",
        AttrType::Switch => "bool",
    };
    let name = escaped(attr.name);
    match (attr.preset, attr.ty) {
        // an empty list is none
        (Preset::Absent, AttrType::Ints | AttrType::Sizes) => format!("{name}: {plain}"),
        (Preset::Absent, AttrType::Size) => format!("{name}: Option<Size>"),
        (Preset::Absent, _) => format!("{name}: Option<{plain}>"),
        _ => format!("{name}: {plain}"),
    }
}

/// A field of an options struct, and its default.
fn option(attr: &AttrSpec) -> (String, String) {
    let (ty, default) = match (attr.ty, attr.preset) {
        (AttrType::Int, Preset::Int(n)) => ("i64", n.to_string()),
        (AttrType::Float, Preset::Float(x)) => ("f64", format!("{x:?}")),
        (AttrType::Float, Preset::Int(n)) => ("f64", format!("{n}.0")),
        (AttrType::Text | AttrType::Word(_), Preset::Text(text)) => {
            ("&'static str", format!("{text:?}"))
        }
        (AttrType::Switch, Preset::Switch(on)) => ("bool", on.to_string()),
        (AttrType::Size, Preset::Int(n)) => ("Size", format!("Size::fixed({n})")),
        (AttrType::Int, _) => ("Option<i64>", "None".into()),
        (AttrType::Float, _) => ("Option<f64>", "None".into()),
        (AttrType::Size, _) => ("Option<Size>", "None".into()),
        (AttrType::Switch, _) => ("Option<bool>", "None".into()),
        (AttrType::Text | AttrType::Word(_), _) => ("Option<&'static str>", "None".into()),
        (AttrType::Ints, Preset::Int(n)) => ("Vec<i64>", format!("vec![{n}]")),
        (AttrType::Ints, _) => ("Vec<i64>", "Vec::new()".into()),
        (AttrType::Sizes, _) => ("Vec<Size>", "Vec::new()".into()),
    };
    (ty.into(), default)
}

/// The line that gives an attribute to the host.
fn given(attr: &AttrSpec, place: &str, owned: bool) -> String {
    let make = match attr.ty {
        AttrType::Int => "int",
        AttrType::Float => "float",
        AttrType::Ints => "ints",
        AttrType::Size => "size",
        AttrType::Sizes => "sizes",
        AttrType::Text | AttrType::Word(_) => "text",
        AttrType::Switch => "switch",
    };
    let borrow = matches!(attr.ty, AttrType::Size)
        || (owned && matches!(attr.ty, AttrType::Ints | AttrType::Sizes));
    let name = attr.name;
    let list = matches!(attr.ty, AttrType::Ints | AttrType::Sizes);
    let absent = match (attr.preset, attr.ty) {
        (Preset::Absent, _) => true,
        (Preset::Int(_), AttrType::Int | AttrType::Float | AttrType::Size | AttrType::Ints) => {
            false
        }
        (Preset::Required | Preset::Float(_) | Preset::Text(_) | Preset::Switch(_), _) => false,
        _ => false,
    };
    let reference = if borrow { "&" } else { "" };
    match (absent, list) {
        (false, _) => format!("        attrs.push(attr::{make}({name:?}, {reference}{place}));\n"),
        (true, true) => format!(
            "        if !{place}.is_empty() {{\n            attrs.push(attr::{make}({name:?}, {reference}{place}));\n        }}\n"
        ),
        (true, false) => {
            let binding = if borrow {
                format!("&{place}")
            } else {
                place.to_owned()
            };
            format!(
                "        if let Some(value) = {binding} {{\n            attrs.push(attr::{make}({name:?}, value));\n        }}\n"
            )
        }
    }
}

/// What the SDK's written files say of themselves.
const WRITTEN: &str = "//!\n//! Written from Pretext's own table by `PRETEXT_BLESS=1 cargo test --release --test abi`.\n";

/// `codes.rs` of the SDK.
pub fn codes() -> String {
    let mut out = format!("//! Numbers of the operations.\n{WRITTEN}\n");
    for op in operations() {
        let _ = writeln!(
            out,
            "/// {}\npub const {}: u32 = {};",
            sentence(op),
            constant(op),
            op.code
        );
    }
    out
}

/// `ops.rs` of the SDK, before it is formatted.
pub fn sdk() -> String {
    let mut out = format!(
        "//! The operations of the vocabulary.\n{WRITTEN}#![allow(clippy::vec_init_then_push, clippy::too_many_arguments, clippy::derivable_impls)]\n\nuse crate::codes;\nuse crate::graph as attr;\nuse crate::graph::{{Graph, Var}};\nuse crate::problem::Result;\nuse crate::size::Size;\n",
    );
    out += "\n/// What operations may be given beside what they must.\npub mod options {\n    #[allow(unused_imports)]\n    use crate::size::Size;\n";
    let ops = operations().iter().filter(|op| !BY_HAND.contains(&op.name));
    for op in ops.clone() {
        let name = camel(op.name);
        let fields: Vec<&AttrSpec> = op
            .attrs
            .iter()
            .filter(|attr| !is_positional(op, attr))
            .collect();
        if fields.is_empty() {
            continue;
        }
        let _ = write!(
            out,
            "\n/// For [`Graph::{0}_with`](crate::Graph::{0}_with).\n#[derive(Clone, Debug, PartialEq)]\npub struct {name} {{\n",
            op.name
        );
        let mut defaults = String::new();
        for attr in fields {
            let (ty, default) = option(attr);
            let field = escaped(attr.name);
            let _ = write!(
                out,
                "    /// {}\n    pub {field}: {ty},\n",
                attr.doc.replace('[', "\\[").replace(']', "\\]")
            );
            let _ = writeln!(defaults, "            {field}: {default},");
        }
        let _ = write!(
            out,
            "}}\n\nimpl Default for {name} {{\n    fn default() -> Self {{\n        Self {{\n{defaults}        }}\n    }}\n}}\n"
        );
    }
    out += "}\n\nimpl Graph {\n";
    for op in ops {
        let options = op.attrs.iter().any(|attr| !is_positional(op, attr));
        if options {
            method(&mut out, op, false);
        }
        method(&mut out, op, true);
    }
    out += "}\n";
    out
}

/// One method. `whole`: with everything that may be left out; under the name `…_with` where there is a short one too.
fn method(out: &mut String, op: &OpSpec, whole: bool) {
    let options = op.attrs.iter().any(|attr| !is_positional(op, attr));
    // layers say whether they have a bias; elsewhere an operand that may be left out is left out of the short method
    let optional_operands = whole || (400..500).contains(&op.code);
    let (mut parameters, operands) = match op.operands {
        (0, Some(0)) => (Vec::new(), "&[]".to_owned()),
        (_, None) => (vec!["xs: &[Var]".to_owned()], "xs".to_owned()),
        (1, Some(1)) => (vec!["x: Var".to_owned()], "&[x]".to_owned()),
        (fewest, Some(most)) => {
            let names: Vec<String> = ('p'..).take(most).map(String::from).collect();
            let sure = names[..fewest].join(", ");
            let mut parameters: Vec<String> = names[..fewest]
                .iter()
                .map(|name| format!("{name}: Var"))
                .collect();
            if fewest < most && optional_operands {
                parameters.extend(
                    names[fewest..]
                        .iter()
                        .map(|name| format!("{name}: Option<Var>")),
                );
                (parameters, "&operands".to_owned())
            } else {
                (parameters, format!("&[{sure}]"))
            }
        }
    };
    for attr in op.attrs.iter().filter(|attr| is_positional(op, attr)) {
        parameters.push(parameter(attr));
    }
    if options && whole {
        parameters.push(format!("options: options::{}", camel(op.name)));
    }
    let several = has_several(op);
    let none = op.operands == (0, Some(0));
    let result = match (several, none) {
        (true, _) => "Result<Vec<Var>>",
        (_, true) => "Var",
        _ => "Result<Var>",
    };
    parameters.insert(0, "&mut self".into());
    let name = match options && whole {
        true => format!("{}_with", op.name),
        false => escaped(op.name),
    };
    let _ = write!(
        out,
        "\n    /// {}\n    pub fn {name}({}) -> {result} {{\n",
        sentence(op),
        parameters.join(", ")
    );
    if operands == "&operands"
        && let (fewest, Some(most)) = op.operands
    {
        let names: Vec<String> = ('p'..).take(most).map(String::from).collect();
        let _ = writeln!(
            out,
            "        let mut operands = vec![{}];",
            names[..fewest].join(", ")
        );
        for name in &names[fewest..] {
            let _ = writeln!(out, "        operands.extend({name});");
        }
    }
    let mut pushes = String::new();
    for attr in op.attrs {
        let name = escaped(attr.name);
        let positional = is_positional(op, attr);
        if !positional && !whole {
            continue;
        }
        if attr.ty == AttrType::Size && positional && attr.preset != Preset::Absent {
            let _ = writeln!(out, "        let {name} = {name}.into();");
        }
        let place = if positional {
            name
        } else {
            format!("options.{name}")
        };
        pushes += &given(attr, &place, !positional);
    }
    let attrs = if pushes.is_empty() {
        "&[]"
    } else {
        let _ = write!(out, "        let mut attrs = Vec::new();\n{pushes}");
        "&attrs"
    };
    let code = constant(op);
    let call = match (several, none) {
        (true, _) => format!("self.op(codes::{code}, {operands}, {attrs})"),
        (_, true) => {
            format!("self.op_one(codes::{code}, {operands}, {attrs}).unwrap_or(Var::NONE)")
        }
        _ => format!("self.op_one(codes::{code}, {operands}, {attrs})"),
    };
    let _ = writeln!(out, "        {call}\n    }}");
}

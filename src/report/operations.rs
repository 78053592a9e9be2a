//! The text of `pretext list ops` and of `pretext doc OPERATION`, and the same as JSON.

use serde_json::{Value, json};

use super::text::{Side, columns, wrap};
use crate::graph::OpSpec;
use crate::graph::vocabulary::{AttrSpec, AttrType, Preset, operations};

/// Widest line of running text.
const LINE: usize = 96;

/// Every operation of the tensor graph by number: name, operands and attributes, summary.
pub fn list() -> String {
    let width = operations().iter().map(|op| op.name.len()).max();
    let width = width.unwrap_or(0);
    let mut out = String::from("operations of the tensor graph, for scripts and plugins\n");
    let mut rows = Vec::new();
    for op in operations() {
        let text = wrap(op.summary, LINE - width);
        rows.push(vec![
            vec![format!("  {}", op.code)],
            vec![op.name.to_owned()],
            text,
        ]);
    }
    out.push_str(&columns(&rows, &[Side::Left, Side::Left, Side::Left]));
    out
}

/// Everything about one operation.
pub fn doc(op: &OpSpec) -> String {
    let (major, minor) = op.since;
    let mut out = format!("{} · operation {}\n\n", op.name, op.code);
    for line in wrap(op.summary, LINE) {
        out.push_str(&line);
        out.push('\n');
    }
    out.push_str(&format!(
        "\noperands: {}\nsince: plugin ABI {major}.{minor}\n",
        operand_words(op)
    ));
    if !op.attrs.is_empty() {
        out.push_str("\nattributes\n");
    }
    for attr in op.attrs {
        out.push_str(&format!(
            "  {}: {}, {}\n",
            attr.name,
            attr.ty,
            preset_words(attr)
        ));
        for line in wrap(attr.doc, LINE - 6) {
            out.extend(["      ", &line, "\n"]);
        }
    }
    out
}

/// Every operation as JSON.
pub fn list_json() -> Value {
    operations().iter().map(doc_json).collect()
}

/// One operation as JSON.
pub fn doc_json(op: &OpSpec) -> Value {
    let attrs: Vec<Value> = op
        .attrs
        .iter()
        .map(|attr| {
            let words = match attr.ty {
                AttrType::Word(words) => Some(words),
                _ => None,
            };
            let default = match attr.preset {
                Preset::Required | Preset::Absent => Value::Null,
                Preset::Int(n) => json!(n),
                Preset::Float(x) if x.is_finite() => json!(x),
                Preset::Float(x) => json!(x.to_string()),
                Preset::Text(text) => json!(text),
                Preset::Switch(on) => json!(on),
            };
            json!({
                "name": attr.name,
                "type": attr.ty.to_string(),
                "words": words,
                "required": attr.preset == Preset::Required,
                "default": default,
                "doc": attr.doc,
            })
        })
        .collect();
    json!({
        "kind": "operation",
        "name": op.name,
        "code": op.code,
        "summary": op.summary,
        "operands": { "fewest": op.operands.0, "most": op.operands.1 },
        "attributes": attrs,
        "since": format!("{}.{}", op.since.0, op.since.1),
    })
}

fn operand_words(op: &OpSpec) -> String {
    match op.operands {
        (fewest, None) => format!("{fewest} or more"),
        (fewest, Some(most)) if fewest == most => fewest.to_string(),
        (fewest, Some(most)) => format!("{fewest} to {most}"),
    }
}

fn preset_words(attr: &AttrSpec) -> String {
    match attr.preset {
        Preset::Required => "required".into(),
        Preset::Absent => "may be left out".into(),
        Preset::Int(n) => format!("default {n}"),
        Preset::Float(x) => format!("default {x}"),
        Preset::Text(text) => format!("default {text}"),
        Preset::Switch(on) => format!("default {on}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::operation;

    #[test]
    fn every_operation_is_listed() {
        let text = list();
        for op in operations() {
            assert!(
                text.contains(&format!(" {} ", op.name)),
                "{} is not listed",
                op.name
            );
        }
        assert!(text.lines().all(|line| line.chars().count() <= LINE + 16));
        let all = list_json();
        assert_eq!(all.as_array().map(Vec::len), Some(operations().len()));
    }

    #[test]
    fn an_operation_is_explained() {
        let text = doc(operation("interpolate").unwrap());
        assert!(text.starts_with("interpolate · operation 904\n"), "{text}");
        assert!(text.contains("operands: 1\n"), "{text}");
        let method = "  method: one of nearest, bilinear, bicubic, default bilinear\n";
        assert!(text.contains(method), "{text}");
        let text = doc(operation("attention").unwrap());
        assert!(text.contains("operands: 3 to 4\n"), "{text}");
        assert!(text.contains("scale: a number, may be left out"), "{text}");
        assert!(doc(operation("concat").unwrap()).contains("1 or more"));
    }
}

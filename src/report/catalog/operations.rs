//! The operations that scripts and plugins build graphs of, as text and as JSON.

use serde_json::{Value, json};

use super::{LINE, paragraph};
use crate::graph::vocabulary::{AttrSpec, OpSpec, Preset, operations};
use crate::report::text::{Side, columns, wrap};

/// `pretext list ops`: every operation with its summary, in the order of the table.
pub fn list_operations() -> String {
    let width = operations().iter().map(|op| op.name.chars().count()).max();
    let width = width.unwrap_or(0);
    let mut out = String::from("operations\n");
    for op in operations() {
        let name = vec![format!("  {:width$}", op.name)];
        let row = vec![name, wrap(op.summary, LINE - width)];
        out.push_str(&columns(&[row], &[Side::Left, Side::Left]));
    }
    out
}

/// `pretext list ops --json`: an array of what [`operation_json`] gives.
pub fn list_operations_json() -> Value {
    operations().iter().map(operation_json).collect()
}

/// `pretext doc OPERATION`
pub fn doc_operation(op: &OpSpec) -> String {
    let mut out = format!("{} · operation\n\n", op.name);
    paragraph(&mut out, op.summary, "");
    out.push_str(&format!("\n  {}\n", op.call_text()));
    if !op.attrs.is_empty() {
        out.push_str("\nattributes\n");
    }
    for attr in op.attrs {
        let preset = match attr.preset.text() {
            Some(text) => format!("default {text}"),
            None if attr.preset == Preset::Required => "required".into(),
            None => "optional".into(),
        };
        out.push_str(&format!("  {}: {}, {preset}\n", attr.name, attr.ty));
        paragraph(&mut out, attr.doc, "      ");
    }
    out.push_str(&format!(
        "\nnumber {} since ABI {}.{}\n",
        op.code, op.since.0, op.since.1
    ));
    out
}

/// An operation as JSON: `kind` (`operation`), `name`, `summary`, `signature`, `code`, `since`, `operands` (`fewest`, `most` or null),
/// `attributes` (`name`, `type`, `required`, `default`, `doc`).
pub fn operation_json(op: &OpSpec) -> Value {
    let attribute = |attr: &AttrSpec| {
        json!({
            "name": attr.name,
            "type": attr.ty.to_string(),
            "required": attr.preset == Preset::Required,
            "default": attr.preset.text(),
            "doc": attr.doc,
        })
    };
    json!({
        "kind": "operation",
        "name": op.name,
        "summary": op.summary,
        "signature": op.call_text(),
        "code": op.code,
        "since": format!("{}.{}", op.since.0, op.since.1),
        "operands": { "fewest": op.operands.0, "most": op.operands.1 },
        "attributes": op.attrs.iter().map(attribute).collect::<Vec<_>>(),
    })
}

//! The catalog as JSON, keys in a fixed order.

use serde_json::{Value, json};

use super::{common_fields, is_required, signature, type_words};
use crate::catalog::{Catalog, Paper, Param, Preset, Spec};

/// `pretext list --json`: an array of `{kind, name, summary, paper, semantics, provider}` by kind and name; `paper` is `null`
/// or `{cite, title, link}`, `provider` is `null` for what is built in, else `{name, blake3}`.
pub fn list_json(catalog: &Catalog) -> Value {
    let entry = |spec: &Spec| {
        json!({
            "kind": spec.kind.singular(),
            "name": spec.name,
            "summary": spec.summary,
            "paper": paper(spec.paper.as_ref()),
            "semantics": spec.semantics,
            "provider": provider(spec),
        })
    };
    catalog.iter().map(|spec| entry(spec)).collect()
}

/// `pretext doc NAME --json`: the entry with its parameters, the common fields of its stages, what flows into it, inputs, the
/// parts that it exports, and an example.
pub fn doc_json(spec: &Spec, fields: &[Param]) -> Value {
    let inputs: Vec<Value> = spec
        .inputs
        .iter()
        .map(|input| {
            json!({
                "name": input.name,
                "type": input.ty.to_string(),
                "at_least": input.at_least,
                "doc": input.doc,
            })
        })
        .collect();
    let parts = spec.exports.iter();
    let parts: Vec<Value> = parts
        .map(|(name, doc)| json!({"name": name, "doc": doc}))
        .collect();
    json!({
        "kind": spec.kind.singular(),
        "name": spec.name,
        "summary": spec.summary,
        "doc": spec.doc,
        "paper": paper(spec.paper.as_ref()),
        "semantics": spec.semantics,
        "provider": provider(spec),
        "signature": signature(spec, fields),
        "parameters": spec.params.iter().map(param).collect::<Vec<_>>(),
        "fields": common_fields(spec, fields).into_iter().map(param).collect::<Vec<_>>(),
        "takes": spec.takes.as_ref().map(|ty| ty.to_string()),
        "inputs": inputs,
        "parts": parts,
        "example": spec.example,
    })
}

fn paper(paper: Option<&Paper>) -> Value {
    paper.map_or(
        Value::Null,
        |paper| json!({"cite": paper.cite, "title": paper.title, "link": paper.link}),
    )
}

fn provider(spec: &Spec) -> Value {
    spec.provider.as_ref().map_or(
        Value::Null,
        |provider| json!({"name": provider.name, "blake3": provider.hash}),
    )
}

fn param(param: &Param) -> Value {
    let default = match &param.preset {
        Preset::Text(text) => Some(text),
        _ => None,
    };
    json!({
        "name": param.name,
        "type": type_words(&param.ty),
        "required": is_required(param),
        "default": default,
        "range": param.range.map(|(low, high)| [low, high]),
        "doc": param.doc,
    })
}

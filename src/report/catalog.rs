//! The text of `pretext list` and `pretext doc NAME`, and the same as JSON.

mod json;
mod signature;
mod words;

pub use json::{doc_json, list_json};
pub use signature::signature;
pub use words::type_words;

use super::text::{Side, columns, wrap};
use crate::catalog::{Catalog, Input, Kind, Param, Preset, Spec};
use words::{allowed, preset_words};

/// Widest line of running text.
const LINE: usize = 96;

/// Every entry by kind: name, summary, paper.
pub fn list(catalog: &Catalog) -> String {
    let mut out = String::new();
    let name_width = catalog.iter().map(|spec| spec.name.chars().count()).max();
    let name_width = name_width.unwrap_or(0);
    let mut last: Option<Kind> = None;
    for spec in catalog.iter() {
        if last != Some(spec.kind) {
            if last.is_some() {
                out.push('\n');
            }
            out.push_str(spec.kind.plural());
            out.push('\n');
            last = Some(spec.kind);
        }
        let cite = spec.paper.as_ref();
        let cite = cite.map_or(String::new(), |paper| format!(" ({})", paper.cite));
        let text = wrap(&format!("{}{cite}", spec.summary), LINE - name_width);
        let row = vec![vec![format!("  {:name_width$}", spec.name)], text];
        out.push_str(&columns(&[row], &[Side::Left, Side::Left]));
    }
    out
}

/// Everything about one entry. `fields` are those that every stage of its kind has
/// ([`crate::catalog::stage_fields`]); empty for other kinds.
pub fn doc(spec: &Spec, fields: &[Param]) -> String {
    let mut out = format!("{} · {}\n\n", spec.name, spec.kind.singular());
    paragraph(&mut out, &spec.summary, "");
    if let Some(paper) = &spec.paper {
        let text = format!("{}: {}. {}", paper.cite, paper.title, paper.link);
        paragraph(&mut out, &text, "");
    }
    if let Some(provider) = &spec.provider {
        paragraph(&mut out, &format!("From {}.", provider.name), "");
    }
    if !spec.doc.trim().is_empty() {
        out.push('\n');
        for line in spec.doc.trim().lines() {
            // indented text is code and stays as it is
            if line.starts_with("    ") || line.trim().is_empty() {
                out.extend([line.trim_end(), "\n"]);
            } else {
                paragraph(&mut out, line, "");
            }
        }
    }
    out.push('\n');
    for line in signature(spec, fields).lines() {
        out.extend(["  ", line, "\n"]);
    }
    let common = common_fields(spec, fields);
    parameters(&mut out, "parameters", &spec.params);
    parameters(
        &mut out,
        "fields that every such stage has",
        common.as_slice(),
    );
    if let Some(takes) = &spec.takes {
        out.push_str(&format!("\ntakes\n  {takes}\n"));
    }
    if !spec.inputs.is_empty() {
        out.push_str("\nreads from the batch\n");
        for input in &spec.inputs {
            let least = least(input);
            out.push_str(&format!("  {}: {}{least}\n", input.name, input.ty));
            paragraph(&mut out, &input.doc, "      ");
        }
    }
    if !spec.exports.is_empty() {
        out.push_str("\nlater stages may start from\n");
        for (index, (name, text)) in spec.exports.iter().enumerate() {
            let bare = if index == 0 {
                ", also without a part"
            } else {
                ""
            };
            out.push_str(&format!("  from = STAGE.{name}{bare}\n"));
            paragraph(&mut out, text, "      ");
        }
    }
    if !spec.example.trim().is_empty() {
        out.push_str("\nexample\n");
        for line in spec.example.trim().lines() {
            out.push_str(format!("  {line}").trim_end());
            out.push('\n');
        }
    }
    out
}

/// How many there must be of what a task reads: behind its type.
pub(super) fn least(input: &Input) -> String {
    match (input.ty.parts(), input.at_least) {
        (_, 0) => ", or none".to_owned(),
        (Some(_), n) => format!(" of at least {n}"),
        (None, _) => String::new(),
    }
}

/// The fields of the stage that the entry does not define itself.
pub(super) fn common_fields<'a>(spec: &Spec, fields: &'a [Param]) -> Vec<&'a Param> {
    let own = |field: &&Param| spec.find(&field.name).is_none();
    fields.iter().filter(own).collect()
}

/// Type, limits and default of a parameter, in words.
pub(super) fn facts(param: &Param) -> Vec<String> {
    let mut facts = vec![type_words(&param.ty)];
    facts.extend(allowed(param));
    facts.push(preset_words(&param.preset));
    facts
}

fn parameters<P: std::borrow::Borrow<Param>>(out: &mut String, heading: &str, params: &[P]) {
    if params.is_empty() {
        return;
    }
    out.push_str(&format!("\n{heading}\n"));
    for param in params {
        let param = param.borrow();
        let line = format!("  {}: {}", param.name, facts(param).join(", "));
        out.push_str(&line);
        out.push('\n');
        paragraph(out, &param.doc, "      ");
    }
}

/// Adds wrapped text; nothing for an empty one.
fn paragraph(out: &mut String, text: &str, indent: &str) {
    if text.trim().is_empty() {
        return;
    }
    for line in wrap(text, LINE - indent.len()) {
        out.extend([indent, &line, "\n"]);
    }
}

/// Whether it has to be given.
fn is_required(param: &Param) -> bool {
    param.preset == Preset::Required
}

#[cfg(test)]
mod tests;

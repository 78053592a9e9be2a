//! How an entry is called, as `.ssl` text with its defaults.

use super::{common_fields, is_required, type_words};
use crate::catalog::{Kind, Param, Preset, Spec};

/// Longest call that stays on one line.
const LINE: usize = 90;

/// The call as a recipe would write it, every default spelled out. Of a stage, the whole block with the fields that
/// every stage of its kind has; optional fields stand as comments, required ones as `…`.
pub fn signature(spec: &Spec, fields: &[Param]) -> String {
    match spec.kind {
        Kind::Task => block("pretext", spec, fields),
        Kind::Evaluator => block("evaluate", spec, fields),
        Kind::Finetune => block("finetune", spec, fields),
        Kind::Export => block("export", spec, fields),
        Kind::Fit => block("fit", spec, fields),
        Kind::Dataset => call("dataset NAME = ", spec),
        Kind::Encoder => call("encoder NAME = ", spec),
        Kind::Optimizer => call("optimizer = ", spec),
        Kind::Schedule => call("schedule = ", spec),
        Kind::Pipe | Kind::Transform | Kind::Layer => call("|> ", spec),
        Kind::Setting => call("", spec),
    }
}

/// `name(required, other = default)`. Optional parameters are left to the table.
fn call(before: &str, spec: &Spec) -> String {
    let shown = |param: &&Param| param.preset != Preset::Optional;
    let arguments: Vec<String> = spec
        .params
        .iter()
        .filter(shown)
        .map(|param| match &param.preset {
            Preset::Text(default) => format!("{} = {}", param.name, default.trim()),
            _ => param.name.clone(),
        })
        .collect();
    let line = format!("{before}{}({})", spec.name, arguments.join(", "));
    if line.chars().count() <= LINE && !line.contains('\n') {
        return line;
    }
    let indent = "  ";
    let body: Vec<String> = arguments.iter().map(|a| format!("{indent}{a}")).collect();
    format!("{before}{}(\n{}\n)", spec.name, body.join(",\n"))
}

fn block(keyword: &str, spec: &Spec, fields: &[Param]) -> String {
    let common = common_fields(spec, fields);
    let positional: Vec<&str> = spec
        .params
        .iter()
        .filter(|param| is_required(param))
        .map(|param| param.name.as_str())
        .collect();
    let mut lines = vec![format!(
        "{keyword} NAME = {}({}) {{",
        spec.name,
        positional.join(", ")
    )];
    let own = spec.params.iter().filter(|param| !is_required(param));
    let all: Vec<&Param> = own.chain(common).collect();
    let width = all.iter().map(|param| param.name.chars().count()).max();
    let width = width.unwrap_or(0);
    let rank = |param: &&&Param| match param.preset {
        Preset::Required => 0,
        Preset::Text(_) => 1,
        Preset::Optional => 2,
    };
    for wanted in 0..3 {
        for param in all.iter().filter(|param| rank(param) == wanted) {
            let name = &param.name;
            lines.push(match &param.preset {
                Preset::Text(default) => {
                    // a default of several lines keeps its own indentation
                    format!("  {name:width$} = {}", default.trim())
                }
                Preset::Required => {
                    format!("  {name:width$} = …  // {}", type_words(&param.ty))
                }
                Preset::Optional => {
                    format!("  // {name} = …  {}", type_words(&param.ty))
                }
            });
        }
    }
    lines.push("}".into());
    lines.join("\n")
}

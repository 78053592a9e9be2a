//! What is said of the word at a place.

use std::ops::Range;

use super::analysis::Analysis;
use super::mark::{Told, What};
use super::outline::{Item, Noun};
use super::shapes::Shape;
use super::{complete, told};
use crate::catalog::Origin;
use crate::language::provenance;

/// Lines of an item that are shown.
const LINES: usize = 14;

/// What is said of the word at a place, in Markdown, with where that word stands.
pub fn hover(
    analysis: &Analysis,
    shapes: &[Shape],
    offset: usize,
) -> Option<(Range<usize>, String)> {
    let mark = analysis.reading().at(offset)?;
    let shape = shapes.iter().find(|shape| shape.at.start == mark.at.start);
    let mut out = match &mark.what {
        What::Keyword => keyword(&analysis.text[mark.at.clone()])?,
        What::Defines(noun, name) => {
            let item = analysis.scope.outline.find(name)?;
            let mut out = format!("**{name}** · {}\n", noun.keyword());
            if let Some(spec) = analysis.scope.entry_of(item) {
                out += &format!("\n{}\n", spec.summary);
            }
            out
        }
        What::Item(name) => item(analysis, name)?,
        What::Part(of, name) => part(analysis, of, name)?,
        What::Local(local) if local.is_field => {
            format!("`{}`: a field of the record\n", local.name)
        }
        What::Local(local) => format!("`{}`: bound in this augment\n", local.name),
        What::Emits => "A field of the batch.\n".into(),
        What::Place { name, .. } => {
            format!("`{name}`: a place of a network, which probes read with `at = [{name}]`\n")
        }
        What::Entry(spec) => told::entry(spec),
        What::Param(own) | What::Word(own) | What::Value(own) => param(analysis, own),
        What::File => file(analysis, &analysis.text[mark.at.clone()])?,
        What::Unit | What::Unknown => return None,
    };
    // inside of a call its own shape counts, at a name what it stands for
    if let Some(shape) = shape {
        out = format!("`{}` here\n\n{out}", shape.text);
    }
    Some((mark.at.clone(), out))
}

fn keyword(word: &str) -> Option<String> {
    let doc = match word {
        "emit" => "The fields of the batch: `emit a, b`, `emit left = image |> view()`.".into(),
        "as" => "Names the output of a layer; probes read it: `relu() as conv1`.".into(),
        "bind" => "Which fields of the batch go to which input of the task, by hand.".into(),
        "ssl" => "The edition of the language.".into(),
        "all" => "Every `pretext` stage of this file.".into(),
        "script" => "A task or a schedule written in rhai.".into(),
        "plugin" => "Tasks and transforms of a compiled plugin.".into(),
        "version" => "The least version that will do.".into(),
        word => complete::keyword_doc(word)?,
    };
    Some(format!("`{word}`: {doc}\n"))
}

/// The text of an item, as far as it is short.
fn item(analysis: &Analysis, name: &str) -> Option<String> {
    let own = analysis.scope.outline.find(name);
    let (text, item, from): (&str, &Item, Option<&std::path::Path>) = match own {
        Some(item) => (&analysis.text, item, None),
        None => {
            let brought = analysis.scope.brought(name)?;
            (&brought.from.text, brought.item, Some(&brought.from.path))
        }
    };
    let lines: Vec<&str> = text.get(item.whole.clone())?.lines().collect();
    let mut shown = lines[..lines.len().min(LINES)].join("\n");
    if lines.len() > LINES {
        shown += "\n…";
    }
    let mut out = format!("```ssl\n{shown}\n```\n");
    if let Some(spec) = analysis.scope.entry_of(item) {
        out += &format!("\n{}\n", spec.summary);
    }
    if let Some(from) = from.and_then(|path| path.file_name()) {
        out += &format!("\nFrom `{}`.\n", from.to_string_lossy());
    }
    Some(out)
}

fn part(analysis: &Analysis, of: &str, name: &str) -> Option<String> {
    let item = analysis.scope.item(of)?;
    if item.noun == Noun::Dataset {
        return Some(format!("The split `{name}` of `{of}`.\n"));
    }
    let parts = analysis.scope.parts_of(item);
    let (_, doc) = parts.iter().find(|(own, _)| own == name)?;
    Some(format!("`{name}` of `{of}`: {doc}\n"))
}

/// A parameter: what it is, and what it is here.
fn param(analysis: &Analysis, own: &Told) -> String {
    let mut out = told::param(&own.param, &own.of);
    let all = provenance(&analysis.recipe);
    if let Some(found) = all.iter().find(|value| value.path == own.path) {
        let from = match found.origin {
            Origin::Written => format!("written at {}", found.place),
            Origin::File => format!("the file's default, {}", found.place),
            Origin::Default => "the default".into(),
            Origin::Set => "given with --set".into(),
            Origin::Sweep => format!("of a sweep, {}", found.place),
        };
        out += &format!("\nHere: `{} = {}`, {from}\n", found.path, found.value);
    } else if let Some((block, name)) = own.path.split_once('.')
        && crate::catalog::Kind::of_stage(block).is_some()
        && analysis.scope.item(block).is_none()
    {
        out += &format!("\nHere: what every `{block}` stage takes that gives no `{name}` itself\n");
    }
    out
}

/// A file that is named.
fn file(analysis: &Analysis, quoted: &str) -> Option<String> {
    let path = quoted.trim_matches('"');
    let outline = &analysis.scope.outline;
    let named = outline.recipes.iter().chain(&outline.extends);
    let named = named.into_iter().find(|named| named.path == path)?;
    let full = analysis.path.parent()?.join(path).canonicalize().ok()?;
    let import = (analysis.scope.imports.iter()).find(|import| import.path == full)?;
    let space = import.space.as_ref().map(|_| format!("{}.", named.space()));
    let space = space.unwrap_or_default();
    let mut out = format!("`{path}` brings\n");
    for item in &import.outline.items {
        if import.space.is_none() || item.noun.is_shared() {
            out += &format!("\n- `{space}{}` · {}", item.name, item.noun.keyword());
        }
    }
    out.push('\n');
    Some(out)
}

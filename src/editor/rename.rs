//! Another name for something, in every file that names it, or why not.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::analysis::{Analysis, OpenTexts, Workshop};
use super::mark::{Mark, What};
use super::navigate::{Symbol, in_text, references, symbol, texts_with};
use super::outline::Noun;
use crate::catalog::Kind;
use crate::language::{Diagnostic, Severity};

/// Words that begin something.
const WORDS: &[&str] = &[
    "ssl", "dataset", "encoder", "layers", "augment", "fit", "pretext", "evaluate", "finetune",
    "export", "run", "use", "extends", "override", "sweep", "emit", "as", "bind", "all",
];

/// What is replaced by what, by file.
pub type Edits = BTreeMap<PathBuf, (Arc<str>, Vec<(Range<usize>, String)>)>;

/// The word at a place, if it can have another name.
///
/// # Errors
/// Why it can't.
pub fn renamable(analysis: &Analysis, offset: usize) -> Result<(Range<usize>, Symbol), String> {
    let nothing = || "there is no name of this recipe here".to_owned();
    let unnamed = |offset: usize| {
        let items = analysis.scope.outline.items.iter();
        let mut items = items.filter(|item| item.unnamed);
        items.find(|item| item.at.start <= offset && offset <= item.at.end)
    };
    let (at, wanted) = match unnamed(offset) {
        Some(item) => {
            let wanted = Symbol::Item {
                file: analysis.path.clone(),
                name: item.name.clone(),
            };
            (item.at.clone(), wanted)
        }
        None => {
            let mark = analysis.reading().at(offset).ok_or_else(nothing)?;
            let wanted = symbol(analysis, mark).ok_or_else(|| why_not(analysis, mark))?;
            let text = &analysis.text[mark.at.clone()];
            let point = text.rfind('.').map_or(0, |point| point + 1);
            let blanks = text[point..].len() - text[point..].trim_start().len();
            (mark.at.start + point + blanks..mark.at.end, wanted)
        }
    };
    if let Symbol::Local {
        is_field: true,
        name,
        ..
    } = &wanted
    {
        return Err(format!(
            "`{name}` is a field of the records: the data set gives it its name"
        ));
    }
    if let Symbol::Place(name) = &wanted {
        let marks = analysis.reading().marks.iter();
        let defined = marks.filter(
            |mark| matches!(&mark.what, What::Place { defines: true, name: own } if own == name),
        );
        match defined.count() {
            0 => return Err(format!("`{name}` is a place of an encoder of the catalog")),
            1 => {}
            _ => return Err(format!("several networks have a place `{name}`")),
        }
    }
    if !analysis.parses() {
        return Err("the text has mistakes that hide what names what: mend them first".into());
    }
    Ok((at, wanted))
}

fn why_not(analysis: &Analysis, mark: &Mark) -> String {
    let word = &analysis.text[mark.at.clone()];
    match &mark.what {
        What::Keyword => format!("`{word}` is a word of the language"),
        What::Entry(spec) => match &spec.provider {
            Some(provider) => format!("`{word}` comes from {}", provider.name),
            None => format!("`{word}` is built in"),
        },
        What::Param(told) => format!("`{word}` is a field of {}", told.of),
        What::Word(told) => format!("`{word}` is one of the words of `{}`", told.param.name),
        What::Part(of, _) => format!("`{word}` is a part of `{of}`"),
        What::Emits => format!("`{word}` is a field of the batch, which tasks take by name"),
        What::File => "a file is renamed where it lies".into(),
        _ => format!("`{word}` is no name of this recipe"),
    }
}

/// The edits that give what stands at a place another name. Afterwards every recipe that they touch has no error that it did not have
/// before.
///
/// # Errors
/// Why the name can't be given.
pub fn rename(
    workshop: &Workshop,
    analysis: &Analysis,
    offset: usize,
    to: &str,
    open: &OpenTexts,
) -> Result<Edits, String> {
    let (_, wanted) = renamable(analysis, offset)?;
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !to.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || !to.chars().all(letters) {
        return Err("names have letters, digits and `_`, and do not begin with a digit".into());
    }
    if WORDS.contains(&to) {
        return Err(format!("`{to}` is a word of the language"));
    }
    let (Symbol::Item { name: own, .. } | Symbol::Local { name: own, .. } | Symbol::Place(own)) =
        &wanted;
    if own == to {
        return Ok(Edits::new());
    }
    clashes(analysis, &wanted, to)?;
    let mut edits = Edits::new();
    for found in references(workshop, analysis, offset, open) {
        let at = found.location.at;
        let unnamed = matches!(&found.what, What::Defines(Noun::Stage(_), _))
            && found.location.text[at.end..].trim_start().starts_with('(');
        let edit = match &found.what {
            // it had the name of what it calls
            What::Defines(..) if unnamed => (at.start..at.start, format!("{to} = ")),
            // the field of the batch keeps its name
            What::Local(local) if local.emits => (at, format!("{own} = {to}")),
            _ => (at, to.to_owned()),
        };
        let text = found.location.text;
        edits
            .entry(found.location.path)
            .or_insert_with(|| (text, Vec::new()))
            .1
            .push(edit);
    }
    proven(workshop, analysis, &wanted, &edits, open)?;
    Ok(edits)
}

/// What of that name is there already.
fn clashes(analysis: &Analysis, wanted: &Symbol, to: &str) -> Result<(), String> {
    match wanted {
        Symbol::Item { name, .. } => {
            if let Some(item) = analysis.scope.item(to) {
                return Err(format!(
                    "`{to}` is the name of another {}",
                    item.noun.keyword()
                ));
            }
            let item = analysis.scope.item(name);
            let item = item.or_else(|| {
                let imports = analysis.scope.imports.iter();
                imports.filter_map(|from| from.outline.find(name)).next()
            });
            let augment = item.is_some_and(|item| item.noun == Noun::Augment);
            if augment && analysis.scope.catalog.find(Kind::Transform, to).is_some() {
                return Err(format!("the transform `{to}` would be hidden by it"));
            }
        }
        Symbol::Local { augment, .. } => {
            let marks = analysis.reading().marks.iter();
            let mut others = marks.filter(|mark| match &mark.what {
                What::Local(local) => local.augment == *augment && local.name == to,
                _ => false,
            });
            if others.next().is_some() {
                return Err(format!("`{to}` is another name of this augment"));
            }
        }
        Symbol::Place(_) => {
            let marks = analysis.reading().marks.iter();
            let mut others = marks.filter(|mark| match &mark.what {
                What::Place { name, .. } => name == to,
                _ => false,
            });
            if others.next().is_some() {
                return Err(format!("`{to}` is the name of another place"));
            }
        }
    }
    Ok(())
}

/// The text with some edits, whatever their order.
pub fn applied(text: &str, edits: &[(Range<usize>, String)]) -> String {
    let mut edits: Vec<_> = edits.iter().collect();
    edits.sort_by_key(|(at, _)| (at.start, at.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, by) in edits {
        if at.start < done {
            continue;
        }
        out += &text[done..at.start];
        out += by;
        done = at.end;
    }
    out + &text[done..]
}

/// Whether the files are as sound with the edits as they were, and no name was missed.
fn proven(
    workshop: &Workshop,
    analysis: &Analysis,
    wanted: &Symbol,
    edits: &Edits,
    open: &OpenTexts,
) -> Result<(), String> {
    let mut after = open.clone();
    for (path, (text, own)) in edits {
        after.insert(path.clone(), applied(text, own).into());
    }
    let errors = |said: &[Diagnostic]| {
        let errors = said.iter().filter(|d| d.severity == Severity::Error);
        errors.map(|d| d.message.clone()).collect::<Vec<_>>()
    };
    let name = match wanted {
        Symbol::Item { name, .. } => name.as_str(),
        _ => "",
    };
    // those that name it, and those that may be made of these
    let mut texts: OpenTexts = match name {
        "" => OpenTexts::new(),
        name => texts_with(analysis, name, open),
    };
    for (path, (text, _)) in edits {
        texts.insert(path.clone(), text.clone());
    }
    for (path, text) in &texts {
        let old = workshop.analyse(path, text, open);
        let text = after.get(path).unwrap_or(text);
        let now = workshop.analyse(path, text, &after);
        let (before, behind) = (errors(&old.said), errors(&now.said));
        if behind.len() > before.len() {
            let new = behind.iter().find(|message| !before.contains(message));
            let why = new.or(behind.first()).cloned().unwrap_or_default();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            return Err(format!("{file} would have an error: {why}"));
        }
        if edits.contains_key(path) && !in_text(&now, wanted).is_empty() {
            return Err(format!(
                "`{name}` would still be named in {}",
                path.display()
            ));
        }
    }
    Ok(())
}

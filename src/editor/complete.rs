//! What may be typed at a place.

use std::sync::Arc;

use super::analysis::Analysis;
use super::mark::{Wanted, What};
use super::outline::{Item, Noun, Outline};
use super::read::read;
use super::scope::Scope;
use super::token::Tokens;
use super::told;
use super::want::Want;
use crate::catalog::{Kind, Param, Preset, SharedSpec, Type};

/// What something that may be typed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A word of the language.
    Keyword,
    /// A field or an argument.
    Field,
    /// Something that is called.
    Entry,
    /// An item of the recipe, or of one that it uses.
    Item,
    /// A name of an augment.
    Local,
    /// One of the words of a parameter.
    Word,
    /// A part of something.
    Part,
    /// A unit.
    Unit,
    /// A file or folder.
    File,
}

/// Something that may be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As a list shows it.
    pub label: String,
    /// What it is.
    pub sort: Sort,
    /// A few words beside it.
    pub detail: String,
    /// What is said of it, in Markdown.
    pub doc: String,
    /// What is typed; `$0` is where the cursor goes on.
    pub insert: String,
    /// Lists are in this order first.
    pub rank: u8,
}

/// What may be typed at a place of `text`, and from which byte on it replaces what is there. `analysis` may be of the text before the
/// last edits: what it is made of and the catalog are taken from there, and nothing is waited for.
pub fn complete(analysis: &Analysis, text: &str, offset: usize) -> (usize, Vec<Choice>) {
    let mut tokens = Tokens::new(text);
    if let Some(found) = file(analysis, text, &tokens, offset) {
        return found;
    }
    let scope = &Scope {
        catalog: analysis.scope.catalog.clone(),
        outline: Arc::new(Outline::new(&tokens)),
        imports: analysis.scope.imports.clone(),
    };
    let Some(cursor) = tokens.cursor(text, offset) else {
        return (offset, Vec::new());
    };
    let start = tokens.all[cursor].start;
    let reading = read(&tokens, scope, Some(cursor));
    let mut found = Vec::new();
    match reading.wanted {
        None | Some(Wanted::Name) => {}
        Some(Wanted::Item) => found.extend(items()),
        Some(Wanted::Field { fields, of }) => {
            found.extend(fields.iter().map(|param| field(param, &of, 0)));
        }
        Some(Wanted::Value { want, piped }) => {
            values(scope, &want, piped, &reading.locals, &mut found);
            places(analysis, &want, &mut found);
        }
        Some(Wanted::Argument {
            fields,
            of,
            want,
            next,
        }) => {
            values(scope, &want, false, &reading.locals, &mut found);
            places(analysis, &want, &mut found);
            // the one that would stand there without its name comes first
            let rank = |param: &Param| match Some(&param.name) == next.as_ref() {
                true => 0,
                false => 1,
            };
            found.extend(fields.iter().map(|param| field(param, &of, rank(param))));
        }
        Some(Wanted::Part(of, want)) => parts(scope, &of, &want, &mut found),
        Some(Wanted::Unit(want)) => found.extend(units(&want)),
        Some(Wanted::Line) => {
            found.push(keyword("emit", "emit $0", "The fields of the batch."));
        }
        Some(Wanted::Bound) => found.extend(emitted(analysis)),
        Some(Wanted::Path(path)) => found.extend(path_of(scope, &path)),
    }
    found.dedup_by(|a, b| a.label == b.label && a.sort == b.sort);
    (start, found)
}

fn keyword(label: &str, insert: &str, doc: &str) -> Choice {
    Choice {
        label: label.into(),
        sort: Sort::Keyword,
        detail: String::new(),
        doc: doc.into(),
        insert: insert.into(),
        rank: 2,
    }
}

/// What may begin at the left edge.
fn items() -> Vec<Choice> {
    [
        (
            "dataset",
            "dataset $0 = ",
            "Records: a data set, a split of one, with pipes.",
        ),
        (
            "augment",
            "augment $0(image) {\n  emit image\n}",
            "A graph over one record: what it emits are the fields of the batch.",
        ),
        (
            "encoder",
            "encoder $0 = ",
            "A network: one of the catalog's, or layers in a pipeline.",
        ),
        (
            "layers",
            "layers $0 = ",
            "Layers that networks share by name.",
        ),
        (
            "pretext",
            "pretext $0 = ",
            "A stage that trains an encoder without labels.",
        ),
        (
            "evaluate",
            "evaluate $0 = ",
            "A stage that judges an encoder; nothing is trained by gradient.",
        ),
        (
            "finetune",
            "finetune $0 = ",
            "A stage that trains on labels.",
        ),
        (
            "fit",
            "fit $0 = ",
            "A stage that learns something from records before anything is trained.",
        ),
        ("export", "export $0 = ", "A stage that writes weights."),
        ("run", "run { $0 }", "The seed, the device, threads."),
        (
            "use",
            "use \"$0\"",
            "Data sets, augments, layers and encoders of another recipe, a script or a plugin.",
        ),
        (
            "extends",
            "extends \"$0\"",
            "This recipe is another one, with what stands here.",
        ),
        (
            "override",
            "override $0 = ",
            "Changes a field of what came from the parent.",
        ),
    ]
    .map(|(label, insert, doc)| keyword(label, insert, doc))
    .into()
}

/// What is said of a word that begins an item.
pub fn keyword_doc(word: &str) -> Option<String> {
    let found = items().into_iter().find(|item| item.label == word);
    found.map(|item| item.doc)
}

fn field(param: &Param, of: &str, rank: u8) -> Choice {
    let required = param.preset == Preset::Required;
    Choice {
        label: param.name.clone(),
        sort: Sort::Field,
        detail: crate::report::catalog::type_words(&param.ty),
        doc: told::param(param, of),
        insert: format!("{} = $0", param.name),
        // what must be given comes first
        rank: rank * 2 + u8::from(!required),
    }
}

fn entry(spec: &SharedSpec) -> Choice {
    let silent = spec
        .params
        .iter()
        .all(|param| param.preset == Preset::Optional);
    Choice {
        label: spec.name.clone(),
        sort: Sort::Entry,
        detail: spec.kind.singular().into(),
        doc: told::entry(spec),
        insert: match silent {
            true => format!("{}()", spec.name),
            false => format!("{}($0)", spec.name),
        },
        rank: 1,
    }
}

fn item(name: &str, item: &Item) -> Choice {
    Choice {
        label: name.into(),
        sort: Sort::Item,
        detail: item.noun.keyword().into(),
        doc: String::new(),
        insert: name.into(),
        rank: 0,
    }
}

/// Values that may stand there.
fn values(scope: &Scope, want: &Want, piped: bool, locals: &[String], found: &mut Vec<Choice>) {
    if *want == Want::Sample {
        if piped {
            let augments = scope.items(&|noun| noun == Noun::Augment);
            found.extend(augments.iter().map(|(name, own)| Choice {
                insert: format!("{name}()"),
                ..item(name, own)
            }));
        } else {
            found.extend(locals.iter().map(|name| Choice {
                label: name.clone(),
                sort: Sort::Local,
                detail: String::new(),
                doc: String::new(),
                insert: name.clone(),
                rank: 0,
            }));
        }
    }
    found.extend(want.words().iter().map(|word| Choice {
        label: (*word).into(),
        sort: Sort::Word,
        detail: String::new(),
        doc: String::new(),
        insert: (*word).into(),
        rank: 0,
    }));
    let layers = |noun: Noun| noun == Noun::Layers;
    let names = |noun: Noun| match piped {
        // behind `|>` only layers go on by name
        true => layers(noun) && want.names(noun),
        false => want.names(noun),
    };
    found.extend(
        scope
            .items(&names)
            .iter()
            .map(|(name, own)| item(name, own)),
    );
    if want.holds(&Type::Stage) {
        found.push(keyword(
            "all",
            "all",
            "Every `pretext` stage of this file, one after the other.",
        ));
    }
    if want.holds(&Type::Watched) {
        found.push(keyword(
            "valid",
            "valid",
            "What is read of the split `valid`: `valid.loss`, `valid.knn`.",
        ));
    }
    for kind in want.kinds(piped) {
        found.extend(scope.catalog.of_kind(kind).map(entry));
    }
    if want.holds(&Type::Call(Kind::Schedule)) {
        found.push(keyword(
            "script",
            "script(\"$0\")",
            "What the rate is multiplied by, from a script.",
        ));
    }
}

/// Names of places that probes read.
fn places(analysis: &Analysis, want: &Want, found: &mut Vec<Choice>) {
    if !want.holds(&Type::Place) {
        return;
    }
    let marks = analysis.reading().marks.iter();
    let mut names: Vec<&str> = marks
        .filter_map(|mark| match &mark.what {
            What::Place {
                defines: true,
                name,
            } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    found.extend(names.into_iter().map(|name| Choice {
        label: name.into(),
        sort: Sort::Part,
        detail: "place".into(),
        doc: String::new(),
        insert: name.into(),
        rank: 0,
    }));
}

/// What stands behind the point of a name.
fn parts(scope: &Scope, of: &str, want: &Want, found: &mut Vec<Choice>) {
    let part = |name: &str, doc: &str| Choice {
        label: name.into(),
        sort: Sort::Part,
        detail: String::new(),
        doc: doc.into(),
        insert: name.into(),
        rank: 0,
    };
    if scope.is_space(of) {
        let prefix = format!("{of}.");
        let all = scope.items(&|_| true);
        found.extend(all.iter().filter_map(|(name, own)| {
            let name = name.strip_prefix(&prefix)?;
            let calls = *want == Want::Sample && own.noun == Noun::Augment;
            Some(Choice {
                insert: if calls {
                    format!("{name}()")
                } else {
                    name.into()
                },
                ..item(name, own)
            })
        }));
        return;
    }
    if want.holds(&Type::Watched) {
        found.push(part("loss", "The loss."));
        found.push(part("accuracy", "The part of right answers."));
        let evaluators = scope.catalog.of_kind(Kind::Evaluator);
        found.extend(evaluators.map(|spec| part(&spec.name, &spec.summary)));
        return;
    }
    match scope.item(of) {
        Some(own) if own.noun == Noun::Dataset => {
            found.push(part("train", "The split that is trained on."));
            found.push(part("valid", "The split that is chosen with."));
            found.push(part("test", "The split that judges."));
        }
        Some(own) => {
            let parts = scope.parts_of(own);
            found.extend(parts.iter().map(|(name, doc)| part(name, doc)));
        }
        None => {}
    }
}

/// Units that a number may have there.
fn units(want: &Want) -> Vec<Choice> {
    let Want::Typed(ty) = want else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut add = |wanted: Type, words: &[(&str, &str)]| {
        let holds = want.holds(&wanted) || *ty == wanted;
        found.extend(words.iter().filter(|_| holds).map(|(word, doc)| Choice {
            label: (*word).into(),
            sort: Sort::Unit,
            detail: String::new(),
            doc: (*doc).into(),
            insert: (*word).into(),
            rank: 0,
        }));
    };
    add(
        Type::Duration,
        &[
            ("epochs", "Passes over the training data."),
            ("epoch", "A pass over the training data."),
            ("steps", "Optimiser steps."),
        ],
    );
    add(Type::Length, &[("px", "Pixels.")]);
    add(Type::Ratio, &[("%", "Of a hundred.")]);
    found
}

/// Names of fields that augments emit.
fn emitted(analysis: &Analysis) -> Vec<Choice> {
    let emits = analysis
        .recipe
        .augments
        .iter()
        .flat_map(|augment| &augment.emits);
    let mut names: Vec<&str> = emits.map(|emit| emit.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let names = names.into_iter().map(|name| Choice {
        label: name.into(),
        sort: Sort::Local,
        detail: "field of the batch".into(),
        doc: String::new(),
        insert: name.into(),
        rank: 0,
    });
    names.collect()
}

/// What `override` may go on with.
fn path_of(scope: &Scope, path: &[String]) -> Vec<Choice> {
    let Some(first) = path.first() else {
        let mut found: Vec<Choice> = (scope.items(&|_| true).iter())
            .map(|(name, own)| item(name, own))
            .collect();
        found.push(keyword("run", "run", "The seed, the device, threads."));
        return found;
    };
    let fields = match scope.item(first) {
        Some(own) if path.len() == 1 => match own.noun {
            Noun::Stage(kind) => scope.fields_of(kind, scope.entry_of(own)),
            _ => Vec::new(),
        },
        None if path.len() == 1 => scope.fields_of_block(first),
        _ => Vec::new(),
    };
    let name = |param: &Param| Choice {
        insert: param.name.clone(),
        ..field(param, &format!("`{first}`"), 0)
    };
    fields.iter().map(name).collect()
}

/// Files behind `use "`, `extends "`, `use script "`.
fn file(
    analysis: &Analysis,
    text: &str,
    tokens: &Tokens<'_>,
    offset: usize,
) -> Option<(usize, Vec<Choice>)> {
    let index = tokens.all.partition_point(|token| token.start < offset);
    let index = index.checked_sub(1)?;
    let token = &tokens.all[index];
    if token.kind != crate::language::LexKind::Text {
        return None;
    }
    let closed = token.text.len() > 1 && token.text.ends_with('"');
    if closed && offset >= token.end() || offset > token.end() {
        return None;
    }
    let before = |n: usize| index.checked_sub(n).map_or("", |at| tokens.all[at].text);
    let ending = match (before(1), before(2)) {
        ("use" | "extends", _) => "ssl",
        ("script", "use") => "rhai",
        _ => return Some((offset, Vec::new())),
    };
    let typed = text.get(token.start + 1..offset).unwrap_or("");
    let (inside, start) = match typed.rsplit_once('/') {
        Some((inside, _)) => (inside, token.start + 1 + inside.len() + 1),
        None => ("", token.start + 1),
    };
    let folder = analysis.path.parent()?.join(inside);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).ok()?.flatten().take(1000) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let own = analysis
            .path
            .file_name()
            .is_some_and(|own| own == entry.file_name());
        let fits = name.ends_with(&format!(".{ending}")) && !(own && inside.is_empty());
        if name.starts_with('.') || !(is_folder || fits) {
            continue;
        }
        let name = if is_folder { format!("{name}/") } else { name };
        found.push(Choice {
            label: name.clone(),
            sort: Sort::File,
            detail: String::new(),
            doc: String::new(),
            insert: name,
            rank: u8::from(is_folder),
        });
    }
    found.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
    Some((start, found))
}

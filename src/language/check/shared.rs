//! Shared settings, written out before anything is checked: what a nameless stage block says goes into each stage that says nothing
//! of it, and a stage that starts from several becomes one for each.

use super::foreign;
use crate::catalog::{Catalog, Kind, Origin};
use crate::language::Diagnostic;
use crate::language::ast::{Block, Defaults, Expr, ExprKind, Field, File, Item, Name, Stage};
use crate::language::codes::Code;
use crate::language::nearest::nearest;

/// Names of the fields that a stage may have: its own parameters and those of its kind. `None` where it calls nothing that is known.
pub(super) fn fields_of(stage: &Stage, catalog: &Catalog) -> Option<Vec<String>> {
    let value = super::scalars::ungrouped(&stage.value);
    let spec = catalog.find(stage.kind, &value.name()?.text)?;
    let common = spec.stage_fields();
    let names = spec.params.iter().chain(&common);
    Some(names.map(|param| param.name.clone()).collect())
}

/// The name that a field of a block of defaults stands for: its own, or the one that was probably meant.
pub(super) fn meant(field: &Field, names: &[&str]) -> Option<String> {
    let written = field.name.text.as_str();
    if names.contains(&written) {
        return Some(written.to_owned());
    }
    match foreign::field(written, &field.value, names) {
        Some(foreign) => foreign.field,
        None => nearest(written, names.iter().copied()).map(str::to_owned),
    }
}

/// Gives the defaults of the file to its stages.
pub(super) fn fill(tree: &mut File, catalog: &Catalog) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let mut blocks: Vec<Defaults> = Vec::new();
    for item in &tree.items {
        let Item::Defaults(defaults) = item else {
            continue;
        };
        let word = &defaults.word;
        match blocks.iter().find(|other| other.kind == defaults.kind) {
            Some(first) => errors.push(
                Diagnostic::error(
                    Code::Duplicate,
                    word.span,
                    format!("the defaults of `{}` are given twice", word.text),
                )
                .label(first.word.span, "first here")
                .help("put all its fields into one block"),
            ),
            None => blocks.push(defaults.clone()),
        }
    }
    for defaults in &blocks {
        let of_kind =
            |item: &&mut Item| matches!(item, Item::Stage(stage) if stage.kind == defaults.kind);
        for item in tree.items.iter_mut().filter(of_kind) {
            if let Item::Stage(stage) = item {
                give(defaults, stage, catalog);
            }
        }
    }
    errors
}

/// What a stage does not say itself.
fn give(defaults: &Defaults, stage: &mut Stage, catalog: &Catalog) {
    let Some(names) = fields_of(stage, catalog) else {
        return;
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // what can't be read may be what a stage lacks
    stage.block.partial |= defaults.block.partial;
    for field in &defaults.block.fields {
        let Some(name) = meant(field, &names) else {
            continue;
        };
        let same = |other: &Field| {
            let of = |field: &Field| field.of.as_ref().map(|of| of.text.clone());
            other.name.text == name && of(other) == of(field)
        };
        if stage.block.fields.iter().any(same) || argued(stage, catalog, &name) {
            continue;
        }
        let mut value = field.value.clone();
        by_file(&mut value);
        stage.block.fields.push(Field {
            name: Name {
                text: name,
                span: field.name.span,
            },
            of: field.of.clone(),
            value,
        });
    }
}

/// Whether the call has an argument of this name.
fn argued(stage: &mut Stage, catalog: &Catalog, name: &str) -> bool {
    let own = match stage.value.name() {
        Some(called) => catalog.find(stage.kind, &called.text),
        None => None,
    };
    let params = own.map(|spec| spec.params.clone()).unwrap_or_default();
    match &mut stage.value.kind {
        ExprKind::Call(call) => super::setting::argument(call, &params, name).is_some(),
        _ => false,
    }
}

/// Marks a value as one that the file decides for all its stages.
fn by_file(expr: &mut Expr) {
    if expr.origin == Origin::Written {
        expr.origin = Origin::File;
    }
    match &mut expr.kind {
        ExprKind::List(values) | ExprKind::Several(values) => values.iter_mut().for_each(by_file),
        ExprKind::Call(call) => {
            let arguments = call.arguments.iter_mut();
            arguments.for_each(|argument| by_file(&mut argument.value));
        }
        ExprKind::Pipe(steps) => steps.iter_mut().for_each(|step| by_file(&mut step.value)),
        ExprKind::Repeat(inner, _) | ExprKind::Group(inner) => by_file(inner),
        ExprKind::Record(fields) => fields
            .iter_mut()
            .for_each(|field| by_file(&mut field.value)),
        _ => {}
    }
}

/// Makes a stage for each that `from` names: `nearest` with `from = [a, b]` is `nearest_a` and `nearest_b`.
pub(super) fn spread(tree: &mut File) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let mut all: Vec<Name> = Vec::new();
    for item in &tree.items {
        // a name that is given twice is an error of its own
        if let Item::Stage(stage) = item
            && stage.kind == Kind::Task
            && all.iter().all(|name| name.text != stage.name.text)
        {
            all.push(stage.name.clone());
        }
    }
    let mut items = Vec::with_capacity(tree.items.len());
    for item in std::mem::take(&mut tree.items) {
        let several = match &item {
            Item::Stage(stage) => sources(stage, &all, &mut errors),
            _ => None,
        };
        match (item, several) {
            (Item::Stage(stage), Some(several)) => {
                let made: Vec<Item> = (several.into_iter())
                    .map(|from| one(&stage, from))
                    .collect();
                let names = made
                    .iter()
                    .filter_map(|item| Some(item.name()?.text.clone()));
                tree.spread.push((stage.name.text, names.collect()));
                items.extend(made);
            }
            (item, _) => items.push(item),
        }
    }
    tree.items = items;
    errors
}

/// The stage that starts from this one.
fn one(stage: &Stage, from: Expr) -> Item {
    let mut own = stage.clone();
    if let ExprKind::Path(names) = &from.kind {
        for name in names {
            own.name.text += &format!("_{}", name.text);
        }
    }
    for field in own.block.fields.iter_mut() {
        if field.name.text == "from" && field.of.is_none() {
            field.value = from.clone();
        }
    }
    Item::Stage(own)
}

/// What `from` of a stage names, where that may be several.
fn sources(stage: &Stage, all: &[Name], errors: &mut Vec<Diagnostic>) -> Option<Vec<Expr>> {
    if !matches!(stage.kind, Kind::Evaluator | Kind::Finetune | Kind::Export) {
        return None;
    }
    let from = from(&stage.block)?;
    let named = |names: Vec<Name>| Expr {
        kind: ExprKind::Path(names),
        span: from.span,
        origin: from.origin.clone(),
    };
    let mut several: Vec<Expr> = Vec::new();
    match &from.kind {
        ExprKind::Path(names) if names.len() == 1 && names[0].text == "all" => {
            let each = all.iter().map(|name| Name {
                text: name.text.clone(),
                span: from.span,
            });
            several.extend(each.map(|name| named(vec![name])));
        }
        ExprKind::List(values) => {
            for value in values {
                let value = super::scalars::ungrouped(value);
                let ExprKind::Path(names) = &value.kind else {
                    let message =
                        format!("`from` lists names of stages, found {}", value.kind.noun());
                    errors.push(Diagnostic::error(Code::Mistyped, value.span, message));
                    continue;
                };
                let text = |names: &[Name]| -> Vec<String> {
                    names.iter().map(|name| name.text.clone()).collect()
                };
                let same = |other: &&Expr| matches!(&other.kind, ExprKind::Path(other) if text(other) == text(names));
                match several.iter().find(same) {
                    Some(first) => errors.push(
                        Diagnostic::error(
                            Code::Duplicate,
                            value.span,
                            format!("`{}` is listed twice", text(names).join(".")),
                        )
                        .label(first.span, "first here")
                        .help("keep one of them"),
                    ),
                    None => several.push(value.clone()),
                }
            }
        }
        _ => return None,
    }
    if several.is_empty() {
        errors.push(
            Diagnostic::error(Code::UnknownName, from.span, "`from` names no stage")
                .help("there must be a `pretext` stage to start from"),
        );
        several.push(Expr {
            kind: ExprKind::Lost,
            ..named(Vec::new())
        });
    }
    Some(several)
}

/// The value of `from`.
fn from(block: &Block) -> Option<&Expr> {
    let mut fields = block.fields.iter();
    let from = fields.find(|field| field.name.text == "from" && field.of.is_none())?;
    Some(super::scalars::ungrouped(&from.value))
}

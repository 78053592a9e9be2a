//! `--set path=value`: changes the tree before it is checked, so that values and fields go through the same checks.

use crate::catalog::{Catalog, Kind, Origin, Param, Preset, run_fields, stage_fields};
use crate::language::ast::{
    Argument, Block, Call, Defaults, Expr, ExprKind, Field, File, Item, Name,
};
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, Span, parse};

/// An error where the setting of `path` would take the place of an earlier one, or of what that one has changed.
pub fn loses<'p>(
    path: &[Name],
    earlier: impl Iterator<Item = &'p Vec<Name>>,
) -> Option<Diagnostic> {
    let texts = |path: &[Name]| -> Vec<String> { path.iter().map(|n| n.text.clone()).collect() };
    let own = texts(path);
    let (first, last) = (path.first()?.span, path.last()?.span);
    for other in earlier {
        if !texts(other).starts_with(&own) {
            continue;
        }
        let of = other.first()?.span;
        let whole = Span::new(first.file, first.start, last.end);
        let message = match other.len() == own.len() {
            true => format!("`{}` is set twice", own.join(".")),
            false => format!(
                "this takes the place of `{}`, which was set before",
                texts(other).join(".")
            ),
        };
        let there = Span::new(of.file, of.start, other.last()?.span.end);
        let help = match other.len() == own.len() {
            true => "keep one of the two",
            false => "give the whole first, then what is inside of it",
        };
        return Some(
            Diagnostic::error(Code::Duplicate, whole, message)
                .label(there, "set here first")
                .help(help),
        );
    }
    None
}

/// Whether an item has the name that a path begins with, or `run`.
pub fn names_item(tree: &File, path: &[Name]) -> bool {
    let Some(first) = path.first() else {
        return false;
    };
    let mut names = tree.items.iter().filter_map(Item::name);
    first.text == "run" || names.any(|name| name.text == first.text)
}

/// Applies a setting of what all stages of a kind share, `pretext.batch`; gives back the value of any other.
pub fn shared(
    tree: &mut File,
    catalog: &Catalog,
    path: &[Name],
    value: Expr,
) -> Result<Option<Diagnostic>, Expr> {
    let [first, field, deeper @ ..] = path else {
        return Err(value);
    };
    let Some(kind) = Kind::of_stage(&first.text) else {
        return Err(value);
    };
    if names_item(tree, path) {
        return Err(value);
    }
    let there = |item: &Item| matches!(item, Item::Defaults(one) if one.kind == kind);
    if !tree.items.iter().any(there) {
        tree.items.push(Item::Defaults(Defaults {
            word: first.clone(),
            kind,
            block: Block {
                fields: Vec::new(),
                bind: None,
                partial: false,
                span: first.span,
            },
        }));
    }
    let found = tree.items.iter_mut().find_map(|item| match item {
        Item::Defaults(one) if one.kind == kind => Some(&mut one.block),
        _ => None,
    });
    // which default would be changed inside, each task says for itself
    Ok(found.and_then(|found| block(found, catalog, &[], field, deeper, value)))
}

/// Applies one setting. A field that does not exist is left for the checker, which knows all names.
pub fn apply(tree: &mut File, catalog: &Catalog, path: &[Name], value: Expr) -> Option<Diagnostic> {
    let (first, rest) = path.split_first()?;
    if tree.lost.iter().any(|lost| lost.text == first.text) {
        return None;
    }
    let Some((field, deeper)) = rest.split_first() else {
        let diagnostic = Diagnostic::error(
            Code::UnknownField,
            first.span,
            format!("`--set` needs a field: `{}.FIELD`", first.text),
        );
        return Some(diagnostic.help("for example `--set run.seed=1`"));
    };
    if first.text == "run" {
        let span = first.span;
        if !tree.items.iter().any(|item| matches!(item, Item::Run(_))) {
            tree.items.push(Item::Run(Block {
                fields: Vec::new(),
                bind: None,
                partial: false,
                span,
            }));
        }
        let run = tree.items.iter_mut().find_map(|item| match item {
            Item::Run(block) => Some(block),
            _ => None,
        })?;
        return block(run, catalog, &run_fields(), field, deeper, value);
    }
    let found = tree
        .items
        .iter()
        .position(|item| item.name().is_some_and(|name| name.text == first.text));
    let Some(index) = found else {
        let names: Vec<&str> = tree
            .items
            .iter()
            .filter_map(|item| item.name())
            .map(|name| name.text.as_str())
            .chain(["run"])
            .collect();
        let message = format!("nothing in this recipe is called `{}`", first.text);
        let diagnostic = Diagnostic::error(Code::UnknownName, first.span, message);
        return Some(match nearest(&first.text, names.iter().copied()) {
            Some(near) => diagnostic.fix("a similar name exists", first.span, near),
            None => diagnostic.note(format!("There is {}.", super::names::some_of(&names))),
        });
    };
    match &mut tree.items[index] {
        Item::Dataset(_, expr) | Item::Encoder(_, expr) | Item::Layers(_, expr) => {
            inside(expr, catalog, first, rest, value)
        }
        Item::Stage(stage) => {
            let own = match &stage.value.kind {
                ExprKind::Call(call) => catalog
                    .find(stage.kind, &call.name.text)
                    .map(|spec| spec.params.clone())
                    .unwrap_or_default(),
                _ => Vec::new(),
            };
            if let ExprKind::Call(call) = &mut stage.value.kind
                && let Some(argument) = argument(call, &own, &field.text)
            {
                return replace(argument, catalog, field, deeper, value);
            }
            // a stage's own parameter replaces the common field of its name
            let params: Vec<Param> = own.into_iter().chain(stage_fields(stage.kind)).collect();
            block(&mut stage.block, catalog, &params, field, deeper, value)
        }
        Item::Augment(_) | Item::Defaults(_) | Item::Run(_) | Item::Use(_) => {
            let message = format!("`--set` can't change augment `{}`", first.text);
            Some(
                Diagnostic::error(Code::UnknownField, first.span, message)
                    .help("change the recipe"),
            )
        }
    }
}

/// A field of a block: replaced, changed inside, or added.
fn block(
    block: &mut Block,
    catalog: &Catalog,
    params: &[Param],
    field: &Name,
    deeper: &[Name],
    value: Expr,
) -> Option<Diagnostic> {
    if let Some(found) = block
        .fields
        .iter_mut()
        .find(|other| other.name.text == field.text && other.of.is_none())
    {
        return replace(&mut found.value, catalog, field, deeper, value);
    }
    let (value, problem) = fresh(catalog, params, block.span, field, deeper, value);
    block.fields.push(Field {
        name: field.clone(),
        of: None,
        value,
    });
    problem
}

/// The value of a field that is not written: the given one, or the default with the given one inside.
fn fresh(
    catalog: &Catalog,
    params: &[Param],
    span: Span,
    field: &Name,
    deeper: &[Name],
    value: Expr,
) -> (Expr, Option<Diagnostic>) {
    if deeper.is_empty() {
        return (value, None);
    }
    let preset = params
        .iter()
        .find(|param| param.name == field.text)
        .map(|param| &param.preset);
    let default = match preset {
        Some(Preset::Text(text)) => parse::parse_default(text, span),
        _ => None,
    };
    match default {
        Some(mut default) => {
            let problem = inside(&mut default, catalog, field, deeper, value);
            (default, problem)
        }
        None => {
            let lost = Expr {
                kind: ExprKind::Lost,
                span: field.span,
                origin: Origin::Set,
            };
            let message = format!("`{}` has no value to change", field.text);
            let diagnostic = Diagnostic::error(Code::UnknownField, field.span, message)
                .help(format!("give it as a whole: `--set …{}=…`", field.text));
            (lost, Some(diagnostic))
        }
    }
}

fn replace(
    target: &mut Expr,
    catalog: &Catalog,
    name: &Name,
    deeper: &[Name],
    value: Expr,
) -> Option<Diagnostic> {
    if deeper.is_empty() {
        *target = value;
        return None;
    }
    inside(target, catalog, name, deeper, value)
}

/// Changes an argument of a call, or of the named step of a pipeline.
fn inside(
    expr: &mut Expr,
    catalog: &Catalog,
    owner: &Name,
    path: &[Name],
    value: Expr,
) -> Option<Diagnostic> {
    let span = expr.span;
    match &mut expr.kind {
        ExprKind::Group(inner) => inside(inner, catalog, owner, path, value),
        ExprKind::Call(call) => {
            let (field, deeper) = path.split_first()?;
            let params = params(catalog, call, &field.text);
            if let Some(found) = argument(call, &params, &field.text) {
                return replace(found, catalog, field, deeper, value);
            }
            let (value, problem) = fresh(catalog, &params, span, field, deeper, value);
            call.arguments.push(Argument {
                name: Some(field.clone()),
                value,
            });
            problem
        }
        ExprKind::Pipe(steps) => {
            let (step, rest) = path.split_first()?;
            let named = steps.iter_mut().find(|other| {
                let place = other.place.as_ref().is_some_and(|place| place.text == step.text);
                place || matches!(&other.value.kind, ExprKind::Call(call) if call.name.text == step.text)
            });
            match named {
                Some(found) if !rest.is_empty() => {
                    inside(&mut found.value, catalog, step, rest, value)
                }
                _ => {
                    let message = format!(
                        "`{}` is a pipeline, and `{}` is no step of it",
                        owner.text, step.text
                    );
                    let message = if rest.is_empty() && named_step(path) {
                        format!(
                            "`{}` is a pipeline: name a step and its argument",
                            owner.text
                        )
                    } else {
                        message
                    };
                    Some(
                        Diagnostic::error(Code::UnknownField, step.span, message).help(format!(
                            "for example `--set {}.STEP.ARGUMENT=…`",
                            owner.text
                        )),
                    )
                }
            }
        }
        ExprKind::Lost => None,
        other => {
            let message = format!("`{}` is {}: it has no fields", owner.text, other.noun());
            Some(Diagnostic::error(
                Code::UnknownField,
                path.first()?.span,
                message,
            ))
        }
    }
}

fn named_step(path: &[Name]) -> bool {
    path.len() == 1
}

/// The parameters of the entry that a call probably means: the one that has this field.
fn params(catalog: &Catalog, call: &Call, field: &str) -> Vec<Param> {
    let mut specs: Vec<_> = catalog.of_name(&call.name.text).collect();
    specs.sort_by_key(|spec| !spec.params.iter().any(|param| param.name == field));
    specs
        .first()
        .map(|spec| spec.params.clone())
        .unwrap_or_default()
}

/// The argument of this name, given by name or by position.
pub(super) fn argument<'e>(
    call: &'e mut Call,
    params: &[Param],
    field: &str,
) -> Option<&'e mut Expr> {
    let named = call.arguments.iter().position(|argument| {
        argument
            .name
            .as_ref()
            .is_some_and(|name| name.text == field)
    });
    let index = named.or_else(|| {
        let position = params.iter().position(|param| param.name == field)?;
        call.arguments
            .iter()
            .enumerate()
            .filter(|(_, argument)| argument.name.is_none())
            .nth(position)
            .map(|(index, _)| index)
    })?;
    Some(&mut call.arguments[index].value)
}

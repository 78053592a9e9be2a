//! Every span of a tree, to lead it back to what was written.

use crate::language::Span;
use crate::language::ast::{Block, Expr, ExprKind, File, Item, Line, Name, Quantity};

type Visit<'v> = &'v mut dyn FnMut(&mut Span);

pub fn file(file: &mut File, visit: Visit<'_>) {
    file.lost.iter_mut().for_each(|lost| name(lost, visit));
    file.extends
        .iter_mut()
        .chain(&mut file.recipes)
        .for_each(|of| name(of, visit));
    for sweep in &mut file.sweeps {
        name(&mut sweep.name, visit);
    }
    let swept = file.sweeps.iter_mut().flat_map(|sweep| &mut sweep.axes);
    for (path, value) in file.overrides.iter_mut().chain(swept) {
        path.iter_mut().for_each(|of| name(of, visit));
        expr(value, visit);
    }
    for one in &mut file.items {
        item(one, visit);
    }
}

fn item(item: &mut Item, visit: Visit<'_>) {
    match item {
        Item::Dataset(of, value) | Item::Encoder(of, value) | Item::Layers(of, value) => {
            name(of, visit);
            expr(value, visit);
        }
        Item::Augment(augment) => {
            name(&mut augment.name, visit);
            (augment.parameters.iter_mut()).for_each(|parameter| name(parameter, visit));
            for line in &mut augment.lines {
                match line {
                    Line::Binding { names, value, span } => {
                        names.iter_mut().for_each(|bound| name(bound, visit));
                        expr(value, visit);
                        visit(span);
                    }
                    Line::Emit { name: of, value } => {
                        of.iter_mut().for_each(|of| name(of, visit));
                        expr(value, visit);
                    }
                }
            }
        }
        Item::Stage(stage) => {
            name(&mut stage.name, visit);
            expr(&mut stage.value, visit);
            block(&mut stage.block, visit);
            visit(&mut stage.span);
        }
        Item::Defaults(defaults) => {
            name(&mut defaults.word, visit);
            block(&mut defaults.block, visit);
        }
        Item::Run(run) => block(run, visit),
        Item::Use(used) => {
            name(&mut used.name, visit);
            used.version.iter_mut().for_each(|of| name(of, visit));
            visit(&mut used.span);
        }
    }
}

fn block(of: &mut Block, visit: Visit<'_>) {
    for field in &mut of.fields {
        name(&mut field.name, visit);
        field.of.iter_mut().for_each(|of| name(of, visit));
        expr(&mut field.value, visit);
    }
    if let Some(bind) = &mut of.bind {
        block(bind, visit);
    }
    visit(&mut of.span);
}

fn name(name: &mut Name, visit: Visit<'_>) {
    visit(&mut name.span);
}

fn quantity(quantity: &mut Quantity, visit: Visit<'_>) {
    quantity.unit.iter_mut().for_each(|unit| name(unit, visit));
}

/// Of a value; brackets are nested no deeper than the parser allows.
pub fn expr(of: &mut Expr, visit: Visit<'_>) {
    visit(&mut of.span);
    match &mut of.kind {
        ExprKind::Quantity(one) => quantity(one, visit),
        ExprKind::Range(low, high) => {
            quantity(low, visit);
            quantity(high, visit);
        }
        ExprKind::List(values) => values.iter_mut().for_each(|value| expr(value, visit)),
        ExprKind::Path(names) => names.iter_mut().for_each(|of| name(of, visit)),
        ExprKind::Call(call) => {
            name(&mut call.name, visit);
            for argument in &mut call.arguments {
                argument.name.iter_mut().for_each(|of| name(of, visit));
                expr(&mut argument.value, visit);
            }
        }
        ExprKind::Pipe(steps) => {
            for step in steps {
                expr(&mut step.value, visit);
                step.place.iter_mut().for_each(|of| name(of, visit));
            }
        }
        ExprKind::Repeat(inner, times) => {
            expr(inner, visit);
            quantity(times, visit);
        }
        ExprKind::Group(inner) => expr(inner, visit),
        ExprKind::Several(values) => values.iter_mut().for_each(|value| expr(value, visit)),
        ExprKind::Record(fields) => {
            for field in fields {
                visit(&mut field.name.span);
                expr(&mut field.value, visit);
            }
        }
        ExprKind::Text(_) | ExprKind::Lost => {}
    }
}

//! `sweep grid { pretrain.batch = [64, 128], run.seed = 1..3 }`: a finite list of points, each with a value for every path. A point's
//! values are set like those of `--set`.

use super::setting;
use crate::catalog::Origin;
use crate::language::ast::{Expr, ExprKind, File, Name, Quantity, Sweep};
use crate::language::checked::Point;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Sources, Span};

/// Most points of a recipe.
pub const MOST_POINTS: usize = 1000;

/// One value of an axis, with its text.
struct Swept {
    value: Expr,
    text: String,
}

/// All points of a recipe's sweeps, in order, and what the point of this number sets. What is wrong with a sweep goes into
/// `diagnostics`, and it then has no points.
pub(super) fn points(
    tree: &File,
    sources: &Sources,
    number: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<Point>, Vec<(Vec<Name>, Expr)>) {
    let mut points = Vec::new();
    let mut chosen = Vec::new();
    let mut total: usize = 0;
    for (at, sweep) in tree.sweeps.iter().enumerate() {
        let earlier = tree.sweeps[..at].iter();
        if let Some(first) = earlier
            .map(|other| &other.name)
            .find(|name| name.text == sweep.name.text)
        {
            diagnostics.push(
                Diagnostic::error(
                    Code::Duplicate,
                    sweep.name.span,
                    format!("the sweep `{}` is given twice", sweep.name.text),
                )
                .label(first.span, "first here")
                .help("give one of them another name"),
            );
            continue;
        }
        let Some(axes) = axes(sweep, sources, diagnostics) else {
            continue;
        };
        let count = axes
            .iter()
            .try_fold(1usize, |count, (_, values)| count.checked_mul(values.len()));
        total = count.map_or(usize::MAX, |count| total.saturating_add(count));
        if total > MOST_POINTS {
            diagnostics.push(too_many(sweep, &axes, total));
            return (Vec::new(), Vec::new());
        }
        for mut index in 0..count.unwrap_or(0) {
            let mut own: Vec<(&[Name], &Swept)> = Vec::new();
            // the last axis changes first
            for (path, values) in axes.iter().rev() {
                own.push((path, &values[index % values.len()]));
                index /= values.len();
            }
            own.reverse();
            if points.len() == number {
                let set = own.iter();
                chosen = set
                    .map(|(path, swept)| (path.to_vec(), swept.value.clone()))
                    .collect();
            }
            let settings = own.iter();
            points.push(Point {
                sweep: sweep.name.text.clone(),
                settings: settings
                    .map(|(path, swept)| (dotted(path), swept.text.clone()))
                    .collect(),
            });
        }
    }
    (points, chosen)
}

fn dotted(path: &[Name]) -> String {
    let texts: Vec<&str> = path.iter().map(|name| name.text.as_str()).collect();
    texts.join(".")
}

fn whole(path: &[Name]) -> Span {
    let first = path.first().map_or_else(Span::default, |name| name.span);
    let end = path.last().map_or(first.end, |name| name.span.end);
    Span::new(first.file, first.start, end)
}

/// The values of every axis; `None` where something is wrong with one.
fn axes<'s>(
    sweep: &'s Sweep,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<(&'s [Name], Vec<Swept>)>> {
    let before = diagnostics.len();
    if sweep.axes.is_empty() {
        diagnostics.push(
            Diagnostic::error(
                Code::Empty,
                sweep.name.span,
                format!("the sweep `{}` sets nothing", sweep.name.text),
            )
            .help("give it fields with their values: `run.seed = 1..3`"),
        );
    }
    let mut found = Vec::new();
    for (at, (path, value)) in sweep.axes.iter().enumerate() {
        let earlier = sweep.axes[..at].iter().map(|(path, _)| path);
        diagnostics.extend(setting::loses(path, earlier));
        match values(path, value, sources) {
            Ok(values) => found.push((path.as_slice(), values)),
            Err(problem) => diagnostics.push(problem),
        }
    }
    (diagnostics.len() == before).then_some(found)
}

/// The values that a list names, or a range of whole numbers.
fn values(path: &[Name], value: &Expr, sources: &Sources) -> Result<Vec<Swept>, Diagnostic> {
    let values: Vec<Swept> = match &value.kind {
        ExprKind::List(values) => values
            .iter()
            .map(|value| Swept {
                text: written(value.span, sources),
                value: swept(value.clone()),
            })
            .collect(),
        ExprKind::Range(low, high) => numbers(low, high, value)?,
        other => {
            let path = dotted(path);
            let text = written(value.span, sources);
            return Err(Diagnostic::error(
                Code::Mistyped,
                value.span,
                format!(
                    "a sweep lists the values of `{path}`, found {}",
                    other.noun()
                ),
            )
            .fix("list them", value.span, format!("[{text}]"))
            .note("A range of whole numbers stands for each of them: `run.seed = 1..5`."));
        }
    };
    if values.is_empty() {
        return Err(Diagnostic::error(
            Code::OutOfRange,
            value.span,
            format!("`{}` has no value to take", dotted(path)),
        )
        .help("list at least one"));
    }
    for (at, swept) in values.iter().enumerate() {
        if let Some(first) = values[..at].iter().find(|other| other.text == swept.text) {
            return Err(Diagnostic::error(
                Code::Duplicate,
                swept.value.span,
                format!("`{}` is listed twice", swept.text),
            )
            .label(first.value.span, "first here")
            .help("keep one of them"));
        }
    }
    Ok(values)
}

/// Each whole number of a range.
fn numbers(low: &Quantity, high: &Quantity, range: &Expr) -> Result<Vec<Swept>, Diagnostic> {
    let (Some(from), Some(to), None, None) = (low.whole, high.whole, &low.unit, &high.unit) else {
        return Err(Diagnostic::error(
            Code::Mistyped,
            range.span,
            "a sweep goes through a range of whole numbers, and this is another range",
        )
        .help("list the values: `[0.1, 0.3, 1]`"));
    };
    let count = to.checked_sub(from).and_then(|count| count.checked_add(1));
    let Some(count) = count.filter(|count| (1..=MOST_POINTS as i64).contains(count)) else {
        let message = match to < from {
            true => format!("{from}..{to} has no number in it"),
            false => format!(
                "{from}..{to} has {} numbers; at most {MOST_POINTS} points are run",
                i128::from(to) - i128::from(from) + 1
            ),
        };
        return Err(Diagnostic::error(Code::OutOfRange, range.span, message)
            .help("write fewer, the smaller one first"));
    };
    let number = |at: i64| {
        let n = from + at;
        Swept {
            text: n.to_string(),
            value: swept(Expr {
                kind: ExprKind::Quantity(Quantity {
                    value: n as f64,
                    whole: Some(n),
                    unit: None,
                    text: n.to_string(),
                }),
                ..range.clone()
            }),
        }
    };
    Ok((0..count).map(number).collect())
}

/// Marks a value as one of a sweep.
fn swept(mut expr: Expr) -> Expr {
    mark(&mut expr);
    expr
}

fn mark(expr: &mut Expr) {
    expr.origin = Origin::Sweep;
    match &mut expr.kind {
        ExprKind::List(values) | ExprKind::Several(values) => values.iter_mut().for_each(mark),
        ExprKind::Call(call) => {
            let arguments = call.arguments.iter_mut();
            arguments.for_each(|argument| mark(&mut argument.value));
        }
        ExprKind::Pipe(steps) => steps.iter_mut().for_each(|step| mark(&mut step.value)),
        ExprKind::Repeat(inner, _) | ExprKind::Group(inner) => mark(inner),
        ExprKind::Record(fields) => fields.iter_mut().for_each(|field| mark(&mut field.value)),
        _ => {}
    }
}

/// What stands at a place, on one line.
fn written(span: Span, sources: &Sources) -> String {
    let text = sources.file(span.file).text.get(span.start..span.end);
    let words = text.unwrap_or_default().split_whitespace();
    words.collect::<Vec<_>>().join(" ")
}

fn too_many(sweep: &Sweep, axes: &[(&[Name], Vec<Swept>)], total: usize) -> Diagnostic {
    let counts = axes.iter().map(|(_, values)| values.len().to_string());
    let counts = counts.collect::<Vec<_>>().join(" × ");
    let total = match total {
        usize::MAX => "more points than can be counted".to_owned(),
        n => format!("{n} points"),
    };
    let span = match axes.first() {
        Some((path, _)) => whole(path),
        None => sweep.name.span,
    };
    Diagnostic::error(
        Code::OutOfRange,
        sweep.name.span,
        format!(
            "with `{}` the recipe has {total}; at most {MOST_POINTS} are run",
            sweep.name.text
        ),
    )
    .label(span, format!("{counts} values"))
    .help("list fewer values, or write several recipes")
}

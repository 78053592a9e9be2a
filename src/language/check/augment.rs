//! Sample graphs: names and calls. Types are the plan's, which knows the data.

use std::collections::BTreeMap;

use super::Checker;
use crate::catalog::Kind;
use crate::language::ast::{self, Expr, ExprKind, Item, Line, Name, Step};
use crate::language::checked::{Augment, Binding, Emit, SampleExpr, SampleHead, SampleStep};
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, Span};

/// Names that may be used, with the place that made them.
type Scope<'e> = BTreeMap<&'e str, Span>;

impl Checker<'_> {
    pub(super) fn augment(&mut self, augment: &ast::Augment) -> Option<Augment> {
        let mut scope = Scope::new();
        let mut sound = !augment.partial;
        for name in &augment.parameters {
            sound &= self.bind(&mut scope, name);
        }
        let mut checked = Augment {
            name: augment.name.text.clone(),
            name_span: augment.name.span,
            parameters: augment
                .parameters
                .iter()
                .map(|name| (name.text.clone(), name.span))
                .collect(),
            bindings: Vec::new(),
            emits: Vec::new(),
        };
        let mut emitted: BTreeMap<String, Span> = BTreeMap::new();
        let mut emits = false;
        for line in &augment.lines {
            match line {
                Line::Binding { names, value, span } => {
                    let value = self.sample(value, &scope, augment.partial);
                    for name in names {
                        sound &= self.bind(&mut scope, name);
                    }
                    match value {
                        Some(value) => checked.bindings.push(Binding {
                            names: names
                                .iter()
                                .map(|name| (name.text.clone(), name.span))
                                .collect(),
                            value,
                            span: *span,
                        }),
                        None => sound = false,
                    }
                }
                Line::Emit { name, value } => {
                    emits = true;
                    let Some(sample) = self.sample(value, &scope, augment.partial) else {
                        sound = false;
                        continue;
                    };
                    let (field, span) = match name {
                        Some(name) => (name.text.clone(), name.span),
                        None => (head_name(&sample).to_owned(), value.span),
                    };
                    if let Some(first) = emitted.insert(field.clone(), span) {
                        sound = false;
                        let diagnostic = Diagnostic::error(
                            Code::Duplicate,
                            span,
                            format!("the field `{field}` is emitted twice"),
                        )
                        .label(first, "first here")
                        .help("name them: `emit a = …, b = …`");
                        self.error(diagnostic);
                    }
                    checked.emits.push(Emit {
                        name: field,
                        name_span: span,
                        value: sample,
                    });
                }
            }
        }
        if !emits && !augment.partial {
            sound = false;
            let message = format!("augment `{}` emits nothing", augment.name.text);
            self.error(
                Diagnostic::error(Code::MissingField, augment.name.span, message)
                    .help("add `emit NAME`: what it emits are the fields of the batch"),
            );
        }
        sound.then_some(checked)
    }

    /// Makes a name known; false if it was.
    fn bind<'e>(&mut self, scope: &mut Scope<'e>, name: &'e Name) -> bool {
        match scope.insert(&name.text, name.span) {
            None => true,
            Some(first) => {
                let message = format!("the name `{}` is given twice", name.text);
                let diagnostic = Diagnostic::error(Code::Duplicate, name.span, message)
                    .label(first, "first here")
                    .help("give the new value a name of its own");
                self.error(diagnostic);
                false
            }
        }
    }

    /// A pipeline over a sample. `partial`: a name may be missing because its line could not be parsed.
    fn sample(&mut self, expr: &Expr, scope: &Scope<'_>, partial: bool) -> Option<SampleExpr> {
        match &expr.kind {
            ExprKind::Repeat(inner, times) => {
                let times = self.times(times, expr.span);
                let inner = self.sample(inner, scope, partial)?;
                // a list of lists
                let inner = match inner.repeat {
                    Some(_) => SampleExpr {
                        span: inner.span,
                        head: SampleHead::Group(Box::new(inner)),
                        steps: Vec::new(),
                        repeat: None,
                    },
                    None => inner,
                };
                Some(SampleExpr {
                    repeat: Some(times?),
                    span: expr.span,
                    ..inner
                })
            }
            ExprKind::Group(inner) => self.sample(inner, scope, partial),
            ExprKind::Pipe(steps) => {
                let (first, rest) = steps.split_first()?;
                // brackets around the first steps of a pipeline say nothing; around a list they do
                let start = self.sample(&first.value, scope, partial);
                let rest: Vec<Option<SampleStep>> =
                    rest.iter().map(|step| self.step(step)).collect();
                let place = steps.iter().find_map(|step| step.place.as_ref());
                if let Some(place) = place {
                    self.error(
                        Diagnostic::error(
                            Code::Mistyped,
                            place.span,
                            "`as` names places in an encoder, not in an augment",
                        )
                        .help("bind a name: `NAME = image |> …`"),
                    );
                    return None;
                }
                let start = start?;
                let (head, mut steps) = match start.repeat {
                    Some(_) => (SampleHead::Group(Box::new(start)), Vec::new()),
                    None => (start.head, start.steps),
                };
                // without a transform that is wrong the others can still be checked
                steps.extend(rest.into_iter().flatten());
                Some(SampleExpr {
                    head,
                    steps,
                    repeat: None,
                    span: expr.span,
                })
            }
            ExprKind::Several(values) => {
                // each is looked at before one that fails counts
                let values: Vec<Option<SampleExpr>> = values
                    .iter()
                    .map(|value| self.sample(value, scope, partial))
                    .collect();
                Some(SampleExpr {
                    head: SampleHead::Several(values.into_iter().collect::<Option<_>>()?),
                    steps: Vec::new(),
                    repeat: None,
                    span: expr.span,
                })
            }
            _ => Some(SampleExpr {
                head: self.head(expr, scope, partial)?,
                steps: Vec::new(),
                repeat: None,
                span: expr.span,
            }),
        }
    }

    fn head(&mut self, expr: &Expr, scope: &Scope<'_>, partial: bool) -> Option<SampleHead> {
        let diagnostic = match &expr.kind {
            ExprKind::Lost => return None,
            ExprKind::Path(names) if names.len() == 1 => {
                let name = &names[0];
                if scope.contains_key(name.text.as_str()) {
                    return Some(SampleHead::Name(name.text.clone(), name.span));
                }
                if partial {
                    return None;
                }
                let message = format!("nothing is called `{}` here", name.text);
                let diagnostic = Diagnostic::error(Code::UnknownName, name.span, message);
                let known: Vec<&str> = scope.keys().copied().collect();
                match nearest(&name.text, known.iter().copied()) {
                    Some(near) => diagnostic.fix("a similar name exists", name.span, near),
                    None if known.is_empty() => {
                        diagnostic.help(format!("name it in the brackets: `augment NAME({})`", name.text))
                    }
                    None => diagnostic
                        .note(format!("There is {}.", super::names::some_of(&known)))
                        .help("names are defined above their use; a field of the record stands in the augment's brackets"),
                }
            }
            ExprKind::Call(call) => Diagnostic::error(
                Code::Mistyped,
                expr.span,
                format!("`{}` needs something to work on", call.name.text),
            )
            .help(format!("write `image |> {}(…)`", call.name.text)),
            other => Diagnostic::error(
                Code::Mistyped,
                expr.span,
                format!(
                    "expected a field of the record or a name, found {}",
                    other.noun()
                ),
            ),
        };
        self.error(diagnostic);
        None
    }

    fn step(&mut self, step: &Step) -> Option<SampleStep> {
        let expr = &step.value;
        match &expr.kind {
            ExprKind::Call(call) => match self.items.get(call.name.text.as_str()).copied() {
                // a recipe's own name wins: a later catalog can't change what a recipe means
                Some(Item::Augment(target)) => self.augment_step(call, target, expr.span),
                _ if self.lost.iter().any(|lost| lost.text == call.name.text) => None,
                _ => self
                    .call(&[Kind::Transform], call, expr.span)
                    .map(SampleStep::Transform),
            },
            ExprKind::Path(names) => {
                let own = names
                    .first()
                    .and_then(|name| self.items.get(name.text.as_str()));
                if let (Some(Item::Augment(_)), [name]) = (own, names.as_slice()) {
                    let diagnostic = Diagnostic::error(
                        Code::Mistyped,
                        expr.span,
                        format!("augment `{}` must be called", name.text),
                    )
                    .fix("add brackets", expr.span, format!("{}()", name.text));
                    self.error(diagnostic);
                } else {
                    self.needs_brackets(&[Kind::Transform], names, expr.span);
                }
                None
            }
            ExprKind::Lost => None,
            other => {
                let message = format!("expected a transform, found {}", other.noun());
                self.error(Diagnostic::error(Code::Mistyped, expr.span, message));
                None
            }
        }
    }

    /// A call of another augment of the recipe: one value in, one out.
    fn augment_step(
        &mut self,
        call: &ast::Call,
        target: &ast::Augment,
        span: Span,
    ) -> Option<SampleStep> {
        self.item(&call.name, "augment")?;
        let name = &call.name.text;
        let takes = target.parameters.len();
        let emits = target
            .lines
            .iter()
            .filter(|line| matches!(line, Line::Emit { .. }))
            .count();
        let diagnostic = if let Some(argument) = call.arguments.first() {
            let message = format!("augment `{name}` takes no arguments");
            Diagnostic::error(Code::TooManyArguments, argument.value.span, message)
        } else if target.partial {
            return Some(SampleStep::Augment {
                name: name.clone(),
                span,
            });
        } else if takes != 1 || emits != 1 {
            Diagnostic::error(
                Code::SampleType,
                span,
                format!(
                    "augment `{name}` takes {takes} and emits {emits} fields; in a pipeline it is one of each"
                ),
            )
        } else {
            return Some(SampleStep::Augment {
                name: name.clone(),
                span,
            });
        };
        self.error(diagnostic.label(target.name.span, "defined here"));
        None
    }
}

/// The name that flows into a pipeline.
fn head_name(expr: &SampleExpr) -> &str {
    let mut expr = expr;
    loop {
        match &expr.head {
            SampleHead::Name(name, _) => return name,
            SampleHead::Group(inner) => expr = inner,
            SampleHead::Several(values) => match values.first() {
                Some(first) => expr = first,
                None => return "",
            },
        }
    }
}

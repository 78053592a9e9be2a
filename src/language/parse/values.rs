//! Values: from pest's pairs to the tree.

use pest::iterators::Pair;

use super::build::Builder;
use super::grammar::Rule;
use super::limits::MAX_STEPS;
use crate::language::ast::{Argument, Call, Expr, ExprKind, Name, Quantity, Step};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

impl Builder<'_> {
    fn make(&self, kind: ExprKind, span: Span) -> Expr {
        Expr {
            kind,
            span,
            origin: self.origin.clone(),
        }
    }

    /// A pipeline, or the one thing it consists of.
    pub fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let mut steps: Vec<Step> = Vec::new();
        let mut times = None;
        let whole = self.span(&pair);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::step => steps.extend(self.step(part)),
                Rule::repeat => {
                    let number = part.into_inner().find(|p| p.as_rule() == Rule::number);
                    times = number.and_then(|number| self.number(&number));
                }
                _ => {}
            }
        }
        let span = match (steps.first(), steps.last()) {
            (Some(first), Some(last)) => first.value.span.to(last.value.span),
            _ => whole,
        };
        if let Some(step) = steps.get(MAX_STEPS) {
            let diagnostic = Diagnostic::error(
                Code::TooLarge,
                step.value.span,
                format!(
                    "a pipeline of {} steps: at most {MAX_STEPS} are read",
                    steps.len()
                ),
            )
            .here("one too many")
            .help("give the first steps a name of their own");
            self.error(diagnostic);
            steps.truncate(MAX_STEPS);
        }
        let value = match steps.pop() {
            Some(step) if steps.is_empty() && step.place.is_none() => step.value,
            Some(step) => {
                steps.push(step);
                self.make(ExprKind::Pipe(steps), span)
            }
            None => self.make(ExprKind::Lost, span),
        };
        match times {
            Some(times) => self.make(ExprKind::Repeat(Box::new(value), times), whole),
            None => value,
        }
    }

    fn step(&mut self, pair: Pair<'_, Rule>) -> Option<Step> {
        let mut value = None;
        let mut place = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => place = Some(self.name(&part)),
                Rule::kw_as => {}
                _ => value = Some(self.atom(part)),
            }
        }
        value.map(|value| Step { value, place })
    }

    fn atom(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::group => {
                let inner = pair.into_inner().filter(|p| p.as_rule() == Rule::expr);
                let mut values: Vec<Expr> = inner.map(|inner| self.expr(inner)).collect();
                match values.len() {
                    0 => ExprKind::Lost,
                    1 => ExprKind::Group(Box::new(values.remove(0))),
                    _ => ExprKind::Several(values),
                }
            }
            Rule::record => {
                let fields = pair.into_inner().filter(|p| p.as_rule() == Rule::field);
                ExprKind::Record(fields.filter_map(|field| self.field(field)).collect())
            }
            Rule::list => ExprKind::List(
                pair.into_inner()
                    .filter(|p| p.as_rule() == Rule::expr)
                    .map(|p| self.expr(p))
                    .collect(),
            ),
            Rule::string => self.string(&pair, span),
            Rule::range => self.range(pair),
            Rule::reference => self.reference(pair),
            // the grammar has no other value
            _ => ExprKind::Lost,
        };
        self.make(kind, span)
    }

    fn reference(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut names: Vec<Name> = Vec::new();
        let mut arguments = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => names.push(self.name(&part)),
                Rule::args => arguments = Some(self.arguments(part)),
                _ => {}
            }
        }
        match (arguments, names.first(), names.last()) {
            // `views.view()`: of a recipe that this one uses
            (Some(arguments), Some(first), Some(last)) => {
                let texts: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
                ExprKind::Call(Call {
                    name: Name {
                        text: texts.join("."),
                        span: first.span.to(last.span),
                    },
                    arguments,
                })
            }
            _ => ExprKind::Path(names),
        }
    }

    /// `name(arguments)` alone.
    pub(super) fn call(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = self.reference(pair);
        self.make(kind, span)
    }

    fn arguments(&mut self, pair: Pair<'_, Rule>) -> Vec<Argument> {
        let mut arguments = Vec::new();
        for part in pair.into_inner().filter(|p| p.as_rule() == Rule::arg) {
            let mut name = None;
            for part in part.into_inner() {
                match part.as_rule() {
                    Rule::name => name = Some(self.name(&part)),
                    Rule::expr => {
                        let value = self.expr(part);
                        arguments.push(Argument {
                            name: name.take(),
                            value,
                        });
                    }
                    _ => {}
                }
            }
        }
        arguments
    }

    fn range(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let ends: Vec<Option<Quantity>> = pair
            .into_inner()
            .filter(|p| p.as_rule() == Rule::quantity)
            .map(|p| self.quantity(p))
            .collect();
        match <[Option<Quantity>; 2]>::try_from(ends) {
            Ok([Some(low), Some(high)]) => ExprKind::Range(low, high),
            Ok(_) => ExprKind::Lost,
            Err(mut ends) => ends
                .pop()
                .flatten()
                .map_or(ExprKind::Lost, ExprKind::Quantity),
        }
    }

    fn quantity(&mut self, pair: Pair<'_, Rule>) -> Option<Quantity> {
        let mut quantity = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::number => quantity = self.number(&part),
                Rule::unit => {
                    let unit = self.name(&part);
                    if let Some(quantity) = &mut quantity {
                        quantity.unit = Some(unit);
                    }
                }
                _ => {}
            }
        }
        quantity
    }

    /// A number without unit; reports one that no computer number holds.
    fn number(&mut self, pair: &Pair<'_, Rule>) -> Option<Quantity> {
        let text = pair.as_str();
        let whole = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let integer = text.parse::<i64>().ok();
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() && (!whole || integer.is_some()) => Some(Quantity {
                value,
                whole: integer.filter(|_| whole),
                unit: None,
                text: text.to_owned(),
            }),
            _ => {
                let span = self.span(pair);
                self.error(
                    Diagnostic::error(Code::OutOfRange, span, "the number is too large")
                        .note("Whole numbers have at most 18 digits, others end at 1e308."),
                );
                None
            }
        }
    }

    pub(super) fn string(&mut self, pair: &Pair<'_, Rule>, span: Span) -> ExprKind {
        let Some(inner) = pair.clone().into_inner().next() else {
            return ExprKind::Text(String::new());
        };
        let mut text = String::with_capacity(inner.as_str().len());
        let mut chars = inner.as_str().char_indices();
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next().map(|(_, c)| c) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(c @ ('"' | '\\')) => text.push(c),
                other => {
                    let other = other.unwrap_or(' ');
                    let at = inner.as_span().start() + at;
                    let place = match self.fixed {
                        Some(span) => span,
                        None => Span::new(span.file, at, at + 1 + other.len_utf8()),
                    };
                    self.error(
                        Diagnostic::error(
                            Code::Syntax,
                            place,
                            format!("unknown escape `\\{other}`"),
                        )
                        .note("A string knows `\\\"`, `\\\\`, `\\n` and `\\t`."),
                    );
                    return ExprKind::Lost;
                }
            }
        }
        ExprKind::Text(text)
    }
}

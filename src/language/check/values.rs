//! A value against the type of its parameter.

use super::Checker;
use super::names::article;
use super::words::{bound, choices, describe};
use crate::catalog::{Call, Duration, Kind, Param, Type, Value};
use crate::language::ast::{Expr, ExprKind, Name};
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, Span, parse};

/// Whose value is checked; for messages.
pub struct Place<'p> {
    /// The parameter.
    pub param: &'p Param,
    /// `task `rotation``
    pub of: &'p str,
}

impl Place<'_> {
    /// `` `batch` of task `rotation` ``
    pub fn text(&self) -> String {
        format!("`{}` of {}", self.param.name, self.of)
    }
}

impl Checker<'_> {
    /// Checks a value against its parameter's type and range.
    pub(super) fn param(&mut self, expr: &Expr, place: &Place<'_>) -> Option<Value> {
        let value = self.value(&place.param.ty, expr, place)?;
        if let Some((low, high)) = place.param.range {
            let outside = numbers(&value).iter().any(|x| !(low..=high).contains(x));
            if outside {
                let ty = place.param.ty.clone();
                let message = format!(
                    "{} must be between {} and {}",
                    place.text(),
                    bound(&ty, low),
                    bound(&ty, high)
                );
                self.error(
                    Diagnostic::error(Code::OutOfRange, expr.span, message)
                        .here("outside its range")
                        .note(place.param.doc.clone()),
                );
                return None;
            }
        } else if integers(&value).iter().any(|n| *n < 0) {
            // entries read whole numbers as sizes
            let message = format!("{} can't be negative", place.text());
            self.error(
                Diagnostic::error(Code::OutOfRange, expr.span, message)
                    .note(place.param.doc.clone()),
            );
            return None;
        }
        Some(value)
    }

    pub(super) fn value(&mut self, ty: &Type, expr: &Expr, place: &Place<'_>) -> Option<Value> {
        match &expr.kind {
            ExprKind::Lost => return None,
            ExprKind::Group(inner) => return self.value(ty, inner, place),
            ExprKind::Repeat(..) => {
                let diagnostic = Diagnostic::error(
                    Code::Mistyped,
                    expr.span,
                    format!("{} can't be repeated with `*`", place.text()),
                )
                .note("`*` draws several views in an `augment`.");
                self.error(diagnostic);
                return None;
            }
            _ => {}
        }
        match ty {
            Type::Number | Type::Integer | Type::Ratio | Type::Length | Type::Duration => {
                match &expr.kind {
                    ExprKind::Quantity(quantity) => self.quantity(ty, quantity, expr.span, place),
                    _ => self.mismatch(ty, expr, place),
                }
            }
            Type::Range => match &expr.kind {
                ExprKind::Range(low, high) => self.range(low, high, expr.span, place),
                _ => self.mismatch(ty, expr, place),
            },
            Type::Text => match &expr.kind {
                ExprKind::Text(text) => Some(Value::Text(text.clone())),
                _ => self.mismatch(ty, expr, place),
            },
            Type::Choice(words) => self.choice(words, expr, place),
            Type::List(element) => match &expr.kind {
                ExprKind::List(values) => {
                    // all of them are checked before one failure counts
                    let values: Vec<Option<Value>> = values
                        .iter()
                        .map(|value| self.value(element, value, place))
                        .collect();
                    values
                        .into_iter()
                        .collect::<Option<Vec<_>>>()
                        .map(Value::List)
                }
                _ => self.mismatch(ty, expr, place),
            },
            Type::Encoder | Type::Head => match &expr.kind {
                ExprKind::Path(_) | ExprKind::Call(_) | ExprKind::Pipe(_) => {
                    self.net_value(expr, *ty == Type::Encoder).map(Value::Net)
                }
                _ => self.mismatch(ty, expr, place),
            },
            Type::Data => match &expr.kind {
                ExprKind::Path(_) | ExprKind::Call(_) | ExprKind::Pipe(_) | ExprKind::Record(_) => {
                    self.data(expr, "a data set").map(Value::Data)
                }
                _ => self.mismatch(ty, expr, place),
            },
            Type::Augment => match &expr.kind {
                ExprKind::Path(names) if names.len() == 1 => {
                    self.item(&names[0], "augment")?;
                    Some(Value::Augment(names[0].text.clone()))
                }
                _ => self.mismatch(ty, expr, place),
            },
            Type::Stage => match &expr.kind {
                ExprKind::Path(names) => self.stage_reference(names, expr.span),
                _ => self.mismatch(ty, expr, place),
            },
            Type::Place => match &expr.kind {
                ExprKind::Path(names) => {
                    let names: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
                    Some(Value::Place(names.join("/")))
                }
                _ => self.mismatch(ty, expr, place),
            },
            Type::Field => match &expr.kind {
                ExprKind::Path(names) if names.len() == 1 => {
                    Some(Value::Word(names[0].text.clone()))
                }
                _ => self.mismatch(ty, expr, place),
            },
            Type::Fit(gives) => match &expr.kind {
                ExprKind::Path(names) if names.len() == 1 => self.artifact(&names[0], gives, place),
                _ => self.mismatch(ty, expr, place),
            },
            Type::Watched => match &expr.kind {
                ExprKind::Path(names) if names.len() > 1 => {
                    let names: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
                    Some(Value::Word(names.join(".")))
                }
                _ => self.mismatch(ty, expr, place),
            },
            Type::Call(kind) => self.called(*kind, expr, place).map(Value::Call),
            Type::OneOf(types) => self.one_of(types, expr, place),
        }
    }

    fn called(&mut self, kind: Kind, expr: &Expr, place: &Place<'_>) -> Option<Call> {
        match &expr.kind {
            ExprKind::Call(call) if kind == Kind::Evaluator => self.monitor(call, expr.span),
            ExprKind::Call(call) => self.call(&[kind], call, expr.span),
            ExprKind::Path(names) => {
                self.needs_brackets(&[self.kind_of(kind, names)], names, expr.span);
                None
            }
            _ => {
                self.mismatch(&Type::Call(kind), expr, place);
                None
            }
        }
    }

    /// The kind under which the catalog has what stands for one of `kind`: a finetuning may be a monitor too.
    fn kind_of(&self, kind: Kind, names: &[Name]) -> Kind {
        let has = |kind| {
            let mut names = names.iter();
            names.any(|name| self.catalog.find(kind, &name.text).is_some())
        };
        match kind == Kind::Evaluator && !has(kind) && has(Kind::Finetune) {
            true => Kind::Finetune,
            false => kind,
        }
    }

    fn choice(&mut self, words: &[&str], expr: &Expr, place: &Place<'_>) -> Option<Value> {
        let diagnostic = match &expr.kind {
            ExprKind::Path(names) if names.len() == 1 => {
                let word = names[0].text.as_str();
                if words.contains(&word) {
                    return Some(Value::Word(word.to_owned()));
                }
                let diagnostic = Diagnostic::error(
                    Code::UnknownWord,
                    expr.span,
                    format!(
                        "{} can't be `{word}`; it is {}",
                        place.text(),
                        choices(words)
                    ),
                );
                match nearest(word, words.iter().copied()) {
                    Some(near) => diagnostic.fix("did you mean this?", expr.span, near),
                    None => diagnostic.note(place.param.doc.clone()),
                }
            }
            ExprKind::Text(text) if words.contains(&text.as_str()) => Diagnostic::error(
                Code::Mistyped,
                expr.span,
                format!("{} is a word, not a string", place.text()),
            )
            .fix("write it without quotes", expr.span, text.clone()),
            other => Diagnostic::error(
                Code::Mistyped,
                expr.span,
                format!(
                    "{} must be {}, not {}",
                    place.text(),
                    choices(words),
                    other.noun()
                ),
            )
            .note(place.param.doc.clone()),
        };
        self.error(diagnostic);
        None
    }

    /// What stands in a string, where it is a value of this type: `"64"`, `"small_cnn"`.
    fn unquoted(&mut self, text: &str, ty: &Type, place: &Place<'_>) -> Option<String> {
        let kinds: &[Kind] = match ty {
            Type::Encoder => &[Kind::Encoder],
            Type::Call(kind) => &[*kind],
            Type::OneOf(types) => {
                let mut types = types.iter();
                return types.find_map(|ty| self.unquoted(text, ty, place));
            }
            _ => &[],
        };
        if kinds
            .iter()
            .any(|kind| self.catalog.find(*kind, text).is_some())
        {
            return Some(format!("{text}()"));
        }
        let read = parse::parse_default(text, Span::default())?;
        let before = (self.diagnostics.len(), self.dropped);
        let value = match read.kind {
            ExprKind::Text(_) => None,
            _ => self.value(ty, &read, place),
        };
        let sound = value.is_some() && (self.diagnostics.len(), self.dropped) == before;
        self.diagnostics.truncate(before.0);
        self.dropped = before.1;
        sound.then(|| text.to_owned())
    }

    /// Reports a value of another type; always `None`.
    pub(super) fn mismatch(&mut self, ty: &Type, expr: &Expr, place: &Place<'_>) -> Option<Value> {
        let diagnostic = Diagnostic::error(
            Code::Mistyped,
            expr.span,
            format!(
                "{} must be {}, not {}",
                place.text(),
                describe(ty),
                expr.kind.noun()
            ),
        )
        .note(place.param.doc.clone());
        let diagnostic = match (&expr.kind, ty) {
            (ExprKind::Path(names), Type::Text) if names.len() == 1 => diagnostic.fix(
                "put it in quotes",
                expr.span,
                format!("\"{}\"", names[0].text),
            ),
            (
                ExprKind::Text(text),
                Type::Augment | Type::Stage | Type::Place | Type::Data | Type::Fit(_),
            ) if !text.is_empty()
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') =>
            {
                diagnostic.fix("names are written without quotes", expr.span, text.clone())
            }
            (ExprKind::Text(text), _) => match self.unquoted(text, ty, place) {
                Some(by) => diagnostic.fix("write it without quotes", expr.span, by),
                None => diagnostic,
            },
            (ExprKind::List(values), Type::Range) => match numbers_of(values).as_slice() {
                [low, high] => {
                    let by = format!("{low}..{high}");
                    diagnostic.fix(format!("a range is written `{by}`"), expr.span, by)
                }
                _ => diagnostic,
            },
            (ExprKind::Call(call), Type::Augment | Type::Stage | Type::Fit(_))
                if self.items.contains_key(call.name.text.as_str()) =>
            {
                let name = call.name.text.clone();
                diagnostic.fix(
                    "names of the recipe stand without brackets",
                    expr.span,
                    name,
                )
            }
            (ExprKind::Pipe(_) | ExprKind::Call(_), Type::Augment) => {
                let noun = Type::Augment;
                let article = article("augment");
                diagnostic.help(format!(
                    "define {article} `augment` block and give {}",
                    describe(&noun)
                ))
            }
            _ => diagnostic,
        };
        self.error(diagnostic);
        None
    }
}

/// How the numbers of a list are written, where they have no units.
fn numbers_of(values: &[Expr]) -> Vec<&str> {
    let texts = values.iter().filter_map(|value| match &value.kind {
        ExprKind::Quantity(quantity) if quantity.unit.is_none() => Some(quantity.text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// The numbers in a value to which a range applies.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Number(x) | Value::Ratio(x) | Value::Length(x) => vec![*x],
        Value::Integer(n) => vec![*n as f64],
        Value::Duration(Duration::Epochs(x)) => vec![*x],
        Value::Duration(Duration::Steps(n)) => vec![*n as f64],
        Value::Range(low, high) => vec![*low, *high],
        Value::List(values) => values.iter().flat_map(numbers).collect(),
        _ => Vec::new(),
    }
}

fn integers(value: &Value) -> Vec<i64> {
    match value {
        Value::Integer(n) => vec![*n],
        Value::List(values) => values.iter().flat_map(integers).collect(),
        _ => Vec::new(),
    }
}

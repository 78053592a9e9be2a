//! Numbers and their units.

use super::Checker;
use super::values::Place;
use super::words::describe;
use crate::catalog::{Duration, Type, Value};
use crate::language::ast::{Expr, ExprKind, Quantity};
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, Span};

impl Checker<'_> {
    /// A number against a type of number. There is one way to write each: nothing is converted.
    pub(super) fn quantity(
        &mut self,
        ty: &Type,
        quantity: &Quantity,
        span: Span,
        place: &Place<'_>,
    ) -> Option<Value> {
        let unit = quantity.unit.as_ref().map(|unit| unit.text.as_str());
        let value = quantity.value;
        let whole = |what: &str| {
            Diagnostic::error(
                Code::Mistyped,
                span,
                format!("{} must be a whole number{what}", place.text()),
            )
        };
        let diagnostic = match (ty, unit) {
            // one spelling in the checked recipe, also where a whole number was written
            (Type::Number, None) => return Some(Value::Number(value)),
            (Type::Integer, None) => match quantity.whole {
                Some(n) => return Some(Value::Integer(n)),
                None if value.fract() == 0.0 && value.abs() < 1e15 => {
                    whole("").fix("write it as one", span, format!("{value}"))
                }
                None => whole(""),
            },
            (Type::Ratio, Some("%")) => return Some(Value::Ratio(value / 100.0)),
            (Type::Length, Some("px")) if value.fract() == 0.0 && value >= 0.0 => {
                return Some(Value::Length(value));
            }
            (Type::Length, Some("px")) => whole(" of pixels, zero or more"),
            (Type::Duration, Some("epoch" | "epochs")) if value >= 0.0 => {
                return Some(Value::Duration(Duration::Epochs(value)));
            }
            (Type::Duration, Some("step" | "steps")) => match quantity.whole.map(u64::try_from) {
                Some(Ok(steps)) => return Some(Value::Duration(Duration::Steps(steps))),
                _ => whole(" of steps, zero or more"),
            },
            (Type::Duration, Some("epoch" | "epochs")) => Diagnostic::error(
                Code::OutOfRange,
                span,
                format!("{} can't be negative", place.text()),
            ),
            _ => wrong_unit(ty, quantity, span, place),
        };
        self.error(diagnostic.note(place.param.doc.clone()));
        None
    }

    /// Both ends of a range.
    pub(super) fn range(
        &mut self,
        low: &Quantity,
        high: &Quantity,
        span: Span,
        place: &Place<'_>,
    ) -> Option<Value> {
        if let Some(unit) = low.unit.as_ref().or(high.unit.as_ref()) {
            let diagnostic = Diagnostic::error(
                Code::WrongUnit,
                unit.span,
                format!("the ends of {} are numbers without a unit", place.text()),
            )
            .note(place.param.doc.clone());
            self.error(diagnostic);
            return None;
        }
        if low.value > high.value {
            let diagnostic =
                Diagnostic::error(Code::OutOfRange, span, "the range ends before it begins").fix(
                    "swap its ends",
                    span,
                    format!("{}..{}", high.text, low.text),
                );
            self.error(diagnostic);
            return None;
        }
        Some(Value::Range(low.value, high.value))
    }

    /// A repetition's count, 1 to 1000.
    pub(super) fn times(&mut self, times: &Quantity, span: Span) -> Option<usize> {
        match times.whole.map(usize::try_from) {
            Some(Ok(n)) if (1..=1000).contains(&n) => Some(n),
            _ => {
                self.error(Diagnostic::error(
                    Code::OutOfRange,
                    span,
                    format!(
                        "a view is drawn a whole number of times, 1 to 1000, not {}",
                        times.text
                    ),
                ));
                None
            }
        }
    }
}

/// A number with another unit than its parameter has, and how it is written with the right one.
fn wrong_unit(ty: &Type, quantity: &Quantity, span: Span, place: &Place<'_>) -> Diagnostic {
    let number = &quantity.text;
    let found = match &quantity.unit {
        Some(unit) => format!(
            "`{number}{}{}`",
            if unit.text.len() > 2 { " " } else { "" },
            unit.text
        ),
        None => format!("`{number}`"),
    };
    let diagnostic = Diagnostic::error(
        Code::WrongUnit,
        span,
        format!("{} must be {}, not {found}", place.text(), describe(ty)),
    );
    let fraction = |x: f64| {
        // as many digits as the number has, without the noise of binary fractions
        let text = format!("{:.10}", x);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let unit = quantity.unit.as_ref().map(|unit| unit.text.as_str());
    match (ty, unit) {
        (Type::Length, None) if quantity.whole.is_some() => {
            diagnostic.fix("lengths are in pixels", span, format!("{number}px"))
        }
        (Type::Ratio, None) if quantity.value > 0.0 && quantity.value < 1.0 => diagnostic.fix(
            "ratios are in percent",
            span,
            format!("{}%", fraction(quantity.value * 100.0)),
        ),
        (Type::Ratio, None) if quantity.value > 1.0 => {
            diagnostic.fix("ratios are in percent", span, format!("{number}%"))
        }
        (Type::Ratio, None) if quantity.value == 0.0 => {
            diagnostic.fix("ratios are in percent", span, "0%")
        }
        (Type::Ratio, None) => diagnostic.help("write `1%`, or `100%` for all"),
        (Type::Duration, None) => {
            let plural = |unit: &str| match number.as_str() {
                "1" => format!("1 {unit}"),
                _ => format!("{number} {unit}s"),
            };
            let [epochs, steps] = ["epoch", "step"].map(plural);
            let diagnostic = diagnostic.fix(format!("write `{epochs}`"), span, epochs);
            match quantity.whole {
                Some(_) => diagnostic.fix(format!("or `{steps}`"), span, steps),
                None => diagnostic,
            }
        }
        (Type::Duration, Some(unit)) => match nearest(unit, ["epochs", "epoch", "steps", "step"]) {
            Some(near) => diagnostic.fix("a similar unit exists", span, format!("{number} {near}")),
            None => diagnostic.help(format!("write `{number} epochs` or `{number} steps`")),
        },
        (Type::Length, Some("pixel" | "pixels" | "PX" | "Px")) if quantity.whole.is_some() => {
            diagnostic.fix("lengths are in pixels", span, format!("{number}px"))
        }
        (Type::Number, Some("%")) => diagnostic.fix(
            "write it as a number",
            span,
            fraction(quantity.value / 100.0),
        ),
        (Type::Number | Type::Integer, Some(_)) => {
            diagnostic.fix("it has no unit", span, number.clone())
        }
        _ => diagnostic,
    }
}

/// The innermost value in round brackets.
pub fn ungrouped(expr: &Expr) -> &Expr {
    let mut expr = expr;
    while let ExprKind::Group(inner) = &expr.kind {
        expr = inner;
    }
    expr
}

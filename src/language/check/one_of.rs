//! Parameters that take one of several types.

use super::Checker;
use super::values::Place;
use crate::catalog::{Kind, Type, Value};
use crate::language::ast::{Expr, ExprKind, Step};

impl Checker<'_> {
    /// Decides by the form of the value which of the types is meant; where several fit, the first that has no error.
    pub(super) fn one_of(
        &mut self,
        types: &[Type],
        expr: &Expr,
        place: &Place<'_>,
    ) -> Option<Value> {
        let mut fitting: Vec<&Type> = types
            .iter()
            .filter(|ty| self.fits(ty, expr, true))
            .collect();
        if fitting.is_empty() {
            fitting = types
                .iter()
                .filter(|ty| self.fits(ty, expr, false))
                .collect();
            if fitting.len() != 1 {
                return self.mismatch(&Type::OneOf(types.to_vec()), expr, place);
            }
        }
        let (before, dropped) = (self.diagnostics.len(), self.dropped);
        let mut first = None;
        for ty in fitting {
            let value = self.value(ty, expr, place);
            let errors = self.diagnostics.split_off(before);
            if value.is_some() && errors.is_empty() && self.dropped == dropped {
                return value;
            }
            first.get_or_insert((value, errors));
        }
        let (value, errors) = first?;
        self.diagnostics.extend(errors);
        value
    }

    /// Whether a value looks like this type; `exactly`: also by the names in it.
    fn fits(&self, ty: &Type, expr: &Expr, exactly: bool) -> bool {
        let kind = match &expr.kind {
            ExprKind::Group(inner) => return self.fits(ty, inner, exactly),
            kind => kind,
        };
        let noun = kind.noun();
        let is_item = |noun: &str| match kind {
            ExprKind::Path(names) => {
                let item = names
                    .first()
                    .and_then(|name| self.items.get(name.text.as_str()));
                item.is_some_and(|item| item.noun() == noun)
            }
            _ => false,
        };
        match ty {
            Type::Number => noun == "a number" || noun == "a whole number",
            Type::Integer => noun == "a whole number",
            Type::Ratio => noun == "a ratio",
            Type::Length => noun == "a length",
            Type::Duration => noun == "a duration",
            Type::Range => noun == "a range",
            Type::Text => noun == "a string",
            Type::List(_) => noun == "a list",
            Type::Choice(words) => match kind {
                ExprKind::Path(names) => {
                    names.len() == 1 && (!exactly || words.contains(&names[0].text.as_str()))
                }
                _ => false,
            },
            Type::Call(wanted) => match kind {
                ExprKind::Call(call) => {
                    !exactly || self.catalog.find(*wanted, &call.name.text).is_some()
                }
                _ => false,
            },
            Type::Data if matches!(kind, ExprKind::Record(_)) => true,
            Type::Encoder | Type::Head | Type::Data => match kind {
                ExprKind::Call(_) | ExprKind::Pipe(_) => {
                    !exactly || self.starts_with(kind, *ty == Type::Data)
                }
                ExprKind::Path(_) if *ty == Type::Data => !exactly || is_item("data set"),
                ExprKind::Path(_) => !exactly || is_item("encoder") || is_item("stack of layers"),
                _ => false,
            },
            Type::Augment => matches!(kind, ExprKind::Path(_)) && (!exactly || is_item("augment")),
            Type::Stage => matches!(kind, ExprKind::Path(_)) && (!exactly || is_item("stage")),
            Type::Fit(_) => matches!(kind, ExprKind::Path(_)) && (!exactly || is_item("fit")),
            Type::Field => matches!(kind, ExprKind::Path(_)),
            Type::Watched => matches!(kind, ExprKind::Path(_)),
            Type::Place => matches!(kind, ExprKind::Path(_)),
            Type::OneOf(types) => types.iter().any(|ty| self.fits(ty, expr, exactly)),
        }
    }

    /// Whether a pipeline begins with data, or else with a layer.
    fn starts_with(&self, kind: &ExprKind, data: bool) -> bool {
        let kinds: &[Kind] = if data {
            &[Kind::Dataset]
        } else {
            &[Kind::Encoder, Kind::Layer]
        };
        match kind {
            ExprKind::Call(call) => kinds
                .iter()
                .any(|kind| self.catalog.find(*kind, &call.name.text).is_some()),
            ExprKind::Pipe(steps) => match steps.first() {
                Some(Step { value, .. }) => match &value.kind {
                    ExprKind::Path(_) => data,
                    kind => self.starts_with(kind, data),
                },
                None => false,
            },
            _ => false,
        }
    }
}

//! Encoders and heads.

use std::collections::BTreeMap;

use super::Checker;
use super::scalars::ungrouped;
use crate::catalog::{Kind, Net, NetStep};
use crate::language::Diagnostic;
use crate::language::ast::{Expr, ExprKind, Item, Step};
use crate::language::codes::Code;

impl Checker<'_> {
    /// The recipe's encoder of this name. `None` if it has an error, which is reported once.
    pub(super) fn encoder(&mut self, name: &str) -> Option<Net> {
        self.once(
            name,
            |checker| &mut checker.nets,
            |checker, item| match item {
                Item::Encoder(name, value) => checker.layers(value, true).map(|net| Net {
                    name: Some(name.text.clone()),
                    ..net
                }),
                _ => None,
            },
        )
    }

    /// The value of a parameter: the name of an encoder, or layers.
    pub(super) fn net_value(&mut self, expr: &Expr, encoder: bool) -> Option<Net> {
        let expr = ungrouped(expr);
        match &expr.kind {
            ExprKind::Path(names) => {
                let name = names.first()?;
                let layer = self.catalog.find(Kind::Layer, &name.text).is_some();
                if names.len() == 1 && layer && !self.items.contains_key(name.text.as_str()) {
                    self.needs_brackets(&[Kind::Layer], names, expr.span);
                    return None;
                }
                self.item(name, "encoder")?;
                if names.len() > 1 {
                    let message = format!(
                        "`{}` is used as a whole; probes read its places with `at`",
                        name.text
                    );
                    self.error(Diagnostic::error(Code::UnknownPart, names[1].span, message));
                    return None;
                }
                self.encoder(&name.text)
            }
            _ => self.layers(expr, encoder),
        }
    }

    /// A call, or a pipeline of calls.
    fn layers(&mut self, expr: &Expr, encoder: bool) -> Option<Net> {
        let kinds: &[Kind] = if encoder {
            &[Kind::Encoder, Kind::Layer]
        } else {
            &[Kind::Layer]
        };
        let expr = ungrouped(expr);
        let single;
        let steps = match &expr.kind {
            ExprKind::Pipe(steps) => steps.as_slice(),
            _ => {
                single = [Step {
                    value: expr.clone(),
                    place: None,
                }];
                &single
            }
        };
        let mut places = BTreeMap::new();
        let mut net = Net {
            name: None,
            steps: Vec::new(),
            span: expr.span,
        };
        for step in steps {
            let call = match &step.value.kind {
                ExprKind::Call(call) => self.call(kinds, call, step.value.span),
                ExprKind::Path(names) => {
                    match names
                        .first()
                        .and_then(|name| self.items.get(name.text.as_str()))
                    {
                        Some(Item::Encoder(defined, _)) => {
                            let diagnostic = Diagnostic::error(
                                Code::WrongKind,
                                step.value.span,
                                format!(
                                    "encoder `{}` can't be a layer of another network",
                                    defined.text
                                ),
                            )
                            .label(defined.span, "defined here")
                            .help("write its layers here");
                            self.error(diagnostic);
                        }
                        _ => self.needs_brackets(kinds, names, step.value.span),
                    }
                    None
                }
                ExprKind::Lost => None,
                other => {
                    let message = format!("expected a layer, found {}", other.noun());
                    self.error(Diagnostic::error(Code::Mistyped, step.value.span, message));
                    None
                }
            };
            if let Some(place) = &step.place
                && let Some(first) = places.insert(place.text.as_str(), place.span)
            {
                let message = format!("the place `{}` is named twice", place.text);
                let diagnostic = Diagnostic::error(Code::Duplicate, place.span, message)
                    .label(first, "first here");
                self.error(diagnostic);
            }
            match call {
                Some(call) => net.steps.push(NetStep {
                    call,
                    place: step.place.as_ref().map(|place| place.text.clone()),
                }),
                // the others can still be checked
                None => {
                    self.short.insert(self.current.to_owned());
                }
            }
        }
        (!net.steps.is_empty()).then_some(net)
    }
}

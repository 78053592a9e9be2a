//! Encoders and heads.

use std::collections::BTreeMap;

use super::Checker;
use super::scalars::ungrouped;
use crate::catalog::{Kind, Net, NetStep};
use crate::language::ast::{Expr, ExprKind, Item, Step};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

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

    /// The recipe's layers of this name. `None` if they have an error, which is reported once.
    pub(super) fn stack(&mut self, name: &str) -> Option<Net> {
        let net = self.once(
            name,
            |checker| &mut checker.nets,
            |checker, item| match item {
                Item::Layers(_, value) => checker.layers(value, false),
                _ => None,
            },
        );
        // what is short of a layer leaves what it is a part of short, too
        if net.is_none() || self.short.contains(name) {
            self.short.insert(self.current.to_owned());
        }
        net
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
                if let [name] = names.as_slice()
                    && matches!(self.items.get(name.text.as_str()), Some(Item::Layers(..)))
                {
                    self.item(name, "stack of layers")?;
                    return self.stack(&name.text);
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
            if let ExprKind::Path(names) = &step.value.kind
                && let [name] = names.as_slice()
                && matches!(self.items.get(name.text.as_str()), Some(Item::Layers(..)))
            {
                let stack = self
                    .item(name, "stack of layers")
                    .and_then(|_| self.stack(&name.text));
                self.stacked(&mut net, stack, step, &mut places);
                continue;
            }
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
            if let Some(place) = &step.place {
                self.placed(&place.text, place.span, &mut places);
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

    /// Puts the layers of a stack where its name stands. `as` names the place behind the last of them.
    fn stacked(
        &mut self,
        net: &mut Net,
        stack: Option<Net>,
        step: &Step,
        places: &mut BTreeMap<String, Span>,
    ) {
        let mut steps = stack.map(|stack| stack.steps).unwrap_or_default();
        if let (Some(last), Some(place)) = (steps.last_mut(), &step.place) {
            last.place = Some(place.text.clone());
        }
        for one in &steps {
            if let Some(place) = &one.place {
                let span = step
                    .place
                    .as_ref()
                    .map_or(step.value.span, |place| place.span);
                self.placed(place, span, places);
            }
        }
        net.steps.extend(steps);
    }

    /// Says where a place has its name twice.
    fn placed(&mut self, place: &str, span: Span, places: &mut BTreeMap<String, Span>) {
        if let Some(first) = places.insert(place.to_owned(), span) {
            let message = format!("the place `{place}` is named twice");
            let diagnostic =
                Diagnostic::error(Code::Duplicate, span, message).label(first, "first here");
            self.error(diagnostic);
        }
    }
}

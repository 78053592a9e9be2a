//! Blocks: fields of stages, lines of augments.

use pest::iterators::Pair;

use super::build::Builder;
use super::expected::Trouble;
use super::grammar::Rule;
use super::repair::{self, Remedy};
use crate::language::ast::{Block, Expr, ExprKind, Field, Line};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

impl Builder<'_> {
    pub(super) fn block(&mut self, pair: Pair<'_, Rule>) -> Block {
        let span = self.span(&pair);
        let mut block = Block {
            fields: Vec::new(),
            bind: None,
            partial: false,
            span,
        };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::field => match self.field(part) {
                    Some(field) => block.fields.push(field),
                    None => block.partial = true,
                },
                Rule::bind => self.bind(part, &mut block),
                Rule::bad_field => {
                    block.partial = true;
                    self.bad_line(&part, Rule::field_alone);
                }
                Rule::unclosed => {
                    block.partial = true;
                    self.unclosed(span, &part);
                }
                _ => {}
            }
        }
        block
    }

    /// `bind { … }` in a block: one of them, with nothing but fields in it.
    fn bind(&mut self, pair: Pair<'_, Rule>, into: &mut Block) {
        let span = self.span(&pair);
        let Some(inside) = pair.into_inner().find(|p| p.as_rule() == Rule::block) else {
            return;
        };
        let bind = Block {
            span,
            ..self.block(inside)
        };
        into.partial |= bind.partial;
        let problem = match (&into.bind, &bind.bind) {
            (Some(first), _) => Diagnostic::error(Code::Duplicate, span, "`bind` is given twice")
                .label(first.span, "first here")
                .help("put all its fields into one block"),
            (None, Some(inner)) => {
                Diagnostic::error(Code::Syntax, inner.span, "a `bind` inside another one")
                    .help("write its fields into the outer one")
            }
            (None, None) => {
                into.bind = Some(Box::new(bind));
                return;
            }
        };
        into.partial = true;
        self.error(problem);
    }

    pub(super) fn field(&mut self, pair: Pair<'_, Rule>) -> Option<Field> {
        let span = self.span(&pair);
        let mut names = Vec::new();
        let mut value = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => names.push(self.name(&part)),
                Rule::expr => value = Some(self.expr(part)),
                _ => {}
            }
        }
        let of = (names.len() > 1).then(|| names.pop()).flatten();
        Some(Field {
            name: names.pop()?,
            of,
            value: value.unwrap_or(Expr {
                kind: ExprKind::Lost,
                span,
                origin: self.origin.clone(),
            }),
        })
    }

    pub(super) fn graph(&mut self, pair: Pair<'_, Rule>) -> (Vec<Line>, bool) {
        let span = self.span(&pair);
        let mut lines = Vec::new();
        let mut partial = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::binding => {
                    let span = self.span(&part);
                    let mut names = Vec::new();
                    for part in part.into_inner() {
                        match part.as_rule() {
                            Rule::names => names = self.names(part),
                            Rule::expr => lines.push(Line::Binding {
                                names: std::mem::take(&mut names),
                                value: self.expr(part),
                                span,
                            }),
                            _ => {}
                        }
                    }
                }
                Rule::emit => {
                    for part in part.into_inner().filter(|p| p.as_rule() == Rule::emitted) {
                        let mut name = None;
                        for part in part.into_inner() {
                            match part.as_rule() {
                                Rule::name => name = Some(self.name(&part)),
                                Rule::expr => lines.push(Line::Emit {
                                    name: name.take(),
                                    value: self.expr(part),
                                }),
                                _ => {}
                            }
                        }
                    }
                }
                Rule::bad_field | Rule::bad_emit => {
                    partial = true;
                    self.bad_line(&part, Rule::graph_alone);
                }
                Rule::unclosed => {
                    partial = true;
                    self.unclosed(span, &part);
                }
                _ => {}
            }
        }
        (lines, partial)
    }

    pub(super) fn unclosed(&mut self, block: Span, end: &Pair<'_, Rule>) {
        let open = Span::new(self.file, block.start, block.start + 1);
        let at = end.as_span().start();
        let mut diagnostic =
            Diagnostic::error(Code::Syntax, open, "this `{` is never closed").here("opened here");
        if at < self.source().len() {
            let length = self.source()[at..].find(['\n', ' ']).unwrap_or(0);
            diagnostic = diagnostic.label(
                Span::new(self.file, at, at + length),
                "the next item starts here",
            );
        }
        // behind the last field: on its line where the block began there, else on its own
        let end = repair::behind(self.source(), at);
        let own = self.source()[block.start..end.max(block.start)].contains('\n');
        let remedy = Remedy::insert("add a `}`", end, if own { "\n}" } else { " }" });
        let diagnostic = diagnostic.help("add a `}`");
        self.trouble(Trouble {
            diagnostic,
            remedies: vec![remedy],
        });
    }
}

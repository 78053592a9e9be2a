//! `bind { … }`: fields of the batch given to inputs of the task by hand.

use super::Checker;
use super::arguments::Subject;
use super::scalars::ungrouped;
use crate::catalog::{Kind, Spec};
use crate::language::ast::{self, Block, Expr, ExprKind};
use crate::language::checked::Bound;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

impl Checker<'_> {
    /// Only a task has inputs: in any other block there is nothing to bind.
    pub(super) fn binds_nothing(&mut self, block: &Block, noun: &str) {
        if let Some(bind) = &block.bind {
            self.error(
                Diagnostic::error(
                    Code::WrongKind,
                    bind.span,
                    format!("`bind` in {noun}, which has no inputs to bind"),
                )
                .help("remove it: `bind` belongs in a `pretext` stage"),
            );
        }
    }

    /// What `bind` of a stage says; none if something in it is wrong.
    pub(super) fn bind_block(
        &mut self,
        stage: &ast::Stage,
        spec: &Spec,
        subject: &Subject<'_>,
    ) -> Option<Vec<Bound>> {
        let Some(block) = &stage.block.bind else {
            return Some(Vec::new());
        };
        if stage.kind != Kind::Task {
            self.binds_nothing(&stage.block, "a stage of this kind");
            return None;
        }
        let names: Vec<&str> = spec.inputs.iter().map(|i| i.name.as_str()).collect();
        let mut bound: Vec<Bound> = Vec::new();
        let mut sound = true;
        for field in &block.fields {
            let name = &field.name;
            if let Some(of) = &field.of {
                sound = false;
                let message = format!(
                    "`bind` has no field of two words `{} {}`",
                    name.text, of.text
                );
                self.error(
                    Diagnostic::error(Code::UnknownField, name.span.to(of.span), message)
                        .help("write `INPUT = FIELD`, or `INPUT = [FIELD, FIELD]`"),
                );
                continue;
            }
            let Some(input) = spec.inputs.iter().find(|input| input.name == name.text) else {
                sound = false;
                self.unknown_field(subject, name, &field.value, &names, "input");
                continue;
            };
            if let Some(first) = bound.iter().find(|bound| bound.input == name.text) {
                sound = false;
                let message = format!("`{}` is bound twice", name.text);
                self.error(
                    Diagnostic::error(Code::Duplicate, name.span, message)
                        .label(first.span, "first here")
                        .help("keep one of them"),
                );
                continue;
            }
            match self.batch_fields(&field.value, &name.text, input.takes_several()) {
                Some(fields) => bound.push(Bound {
                    input: name.text.clone(),
                    span: name.span,
                    fields,
                }),
                None => sound = false,
            }
        }
        sound.then_some(bound)
    }

    /// `a` or `[a, b]`
    fn batch_fields(
        &mut self,
        value: &Expr,
        input: &str,
        several: bool,
    ) -> Option<Vec<(String, Span)>> {
        let value = ungrouped(value);
        let values: Vec<&Expr> = match &value.kind {
            ExprKind::List(values) => values.iter().map(ungrouped).collect(),
            _ => vec![value],
        };
        let mut fields = Vec::new();
        for one in &values {
            match &one.kind {
                ExprKind::Path(names) if names.len() == 1 => {
                    fields.push((names[0].text.clone(), one.span));
                }
                ExprKind::Lost => return None,
                other => {
                    let message = format!(
                        "`{input}` is bound to a field of the batch by its name, found {}",
                        other.noun()
                    );
                    self.error(
                        Diagnostic::error(Code::Mistyped, one.span, message)
                            .help("name what the `augment` emits: `a`, or `[a, b]`"),
                    );
                    return None;
                }
            }
        }
        let problem = match fields.len() {
            0 => "is bound to an empty list",
            1 => return Some(fields),
            _ if several => return Some(fields),
            _ => "takes one field, not a list of them",
        };
        self.error(
            Diagnostic::error(Code::Mistyped, value.span, format!("`{input}` {problem}"))
                .help("name one field that the `augment` emits"),
        );
        None
    }
}

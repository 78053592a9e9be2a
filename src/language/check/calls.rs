//! Calls of catalog entries.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Checker;
use super::arguments::{Given, Subject};
use crate::catalog::{Call, Kind, Param, SharedSpec, Spec};
use crate::language::ast::{self, Argument, Expr, ExprKind};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// Calls inside one another: what the brackets of a recipe allow, and those that defaults add.
const MAX_CALLS: usize = 128;

impl Checker<'_> {
    /// A call of an entry of one of these kinds, with all its arguments.
    pub(super) fn call(&mut self, kinds: &[Kind], call: &ast::Call, span: Span) -> Option<Call> {
        let spec = self.entry(kinds, &call.name)?;
        self.call_of(spec, call, span)
    }

    /// A call of an evaluator that runs while a stage trains. What is a stage of its own elsewhere takes here what its block would
    /// say.
    pub(super) fn monitor(&mut self, call: &ast::Call, span: Span) -> Option<Call> {
        let catalog = self.catalog;
        let find = |kind| catalog.find(kind, &call.name.text);
        match (find(Kind::Evaluator), find(Kind::Finetune)) {
            (None, Some(spec)) => self.call_of(Arc::new(spec.as_monitor()), call, span),
            _ => self.call(&[Kind::Evaluator], call, span),
        }
    }

    fn call_of(&mut self, spec: SharedSpec, call: &ast::Call, span: Span) -> Option<Call> {
        if self.depth >= MAX_CALLS {
            let message = format!("calls are nested more than {MAX_CALLS} deep, defaults included");
            self.error(Diagnostic::error(Code::TooDeep, span, message));
            return None;
        }
        self.depth += 1;
        let subject = Subject {
            kind: Some(spec.kind),
            name: &spec.name,
            name_span: call.name.span,
            span,
        };
        let params: Vec<&Param> = spec.params.iter().collect();
        let call = &*gathered(&spec, call);
        let given: Vec<Given<'_>> = call.arguments.iter().map(Given::from).collect();
        let matched = self.arguments(&subject, &params, &given, &mut BTreeSet::new());
        self.report_missing(&subject, &params, &matched.missing, "argument");
        self.depth -= 1;
        Some(Call {
            args: matched.args?,
            span,
            name_span: call.name.span,
            spec: spec.clone(),
        })
    }
}

/// The call with its unnamed arguments as one list, where the entry takes them so: `few_labels(1%, 5%)`.
pub(super) fn gathered<'c>(spec: &Spec, call: &'c ast::Call) -> Cow<'c, ast::Call> {
    let unnamed = call.arguments.iter();
    let count = unnamed.take_while(|one| one.name.is_none()).count();
    let (Some(first), Some(last)) = (call.arguments.first(), call.arguments[..count].last()) else {
        return Cow::Borrowed(call);
    };
    if !spec.gathers || matches!(first.value.kind, ExprKind::List(_)) {
        return Cow::Borrowed(call);
    }
    let list = Expr {
        span: first.value.span.to(last.value.span),
        origin: first.value.origin.clone(),
        kind: ExprKind::List(Vec::new()),
    };
    let mut call = call.clone();
    let rest = call.arguments.split_off(count);
    let values = call.arguments.drain(..).map(|one| one.value).collect();
    let value = Expr {
        kind: ExprKind::List(values),
        ..list
    };
    call.arguments.push(Argument { name: None, value });
    call.arguments.extend(rest);
    Cow::Owned(call)
}

//! What is said of arguments and fields that do not exist, are too many, or are missing.

use super::arguments::{Given, Near, Subject};
use super::names::some_of;
use super::{Checker, foreign};
use crate::catalog::{Param, Type};
use crate::language::ast::{Expr, Name};
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, Span};

impl Checker<'_> {
    /// Reports a field that does not exist. Returns the one that was probably meant.
    pub(super) fn unknown_field(
        &mut self,
        subject: &Subject<'_>,
        name: &Name,
        value: &Expr,
        names: &[&str],
        what: &str,
    ) -> Option<Near> {
        if self.full() {
            self.dropped += 1;
            return None;
        }
        let mut diagnostic = Diagnostic::error(
            Code::UnknownField,
            name.span,
            format!("unknown {what} `{}` for {}", name.text, subject.text()),
        )
        .here(format!("no such {what}"));
        if let Some(kind) = subject.kind {
            let entry = self.catalog.find(kind, subject.name);
            let label = match entry.and_then(|spec| spec.provider.as_ref()) {
                Some(provider) => format!("`{}` is from {}", subject.name, provider.name),
                None => format!(
                    "`{0}` is built in; `pretext doc {0}` lists its {what}s",
                    subject.name
                ),
            };
            diagnostic = diagnostic.label(subject.name_span, label);
        }
        let foreign = foreign::field(&name.text, value, names);
        if let Some(foreign) = foreign {
            let diagnostic = match foreign.edit {
                Some(by) if foreign.whole => {
                    diagnostic.fix(foreign.help, name.span.to(value.span), by)
                }
                Some(by) => diagnostic.fix(foreign.help, name.span, by),
                None => diagnostic.help(foreign.help),
            };
            self.error(diagnostic);
            return foreign.field.map(|field| Near {
                field,
                fits: !foreign.whole,
            });
        }
        let near = nearest(&name.text, names.iter().copied());
        let diagnostic = match near {
            Some(near) => diagnostic.fix(
                format!(
                    "{} {what} with a similar name exists",
                    super::names::article(what)
                ),
                name.span,
                near,
            ),
            None if names.is_empty() => diagnostic.note(format!("It takes no {what}s.")),
            None => diagnostic.note(format!("It has {}.", some_of(names))),
        };
        self.error(diagnostic);
        near.map(|near| Near {
            field: near.to_owned(),
            fits: true,
        })
    }

    pub(super) fn too_many(
        &mut self,
        subject: &Subject<'_>,
        params: &[&Param],
        given: &[Given<'_>],
        span: Span,
    ) {
        let count = given.iter().filter(|given| given.name.is_none()).count();
        let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
        let takes = match names.len() {
            0 => "no arguments".to_owned(),
            1 => "one argument".to_owned(),
            n => format!("at most {n} arguments"),
        };
        let is = if count == 1 {
            "1 is"
        } else {
            &format!("{count} are")
        };
        let mut diagnostic = Diagnostic::error(
            Code::TooManyArguments,
            span,
            format!("{} takes {takes}, {is} given", subject.text()),
        )
        .here("one too many");
        if !names.is_empty() {
            diagnostic = diagnostic.note(format!("In order: {}.", some_of(&names)));
        }
        self.error(diagnostic);
    }

    /// Reports everything that a call or a stage lacks, at once.
    pub(super) fn report_missing(
        &mut self,
        subject: &Subject<'_>,
        params: &[&Param],
        missing: &[String],
        what: &str,
    ) {
        if missing.is_empty() {
            return;
        }
        let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        let mut diagnostic = Diagnostic::error(
            Code::MissingField,
            subject.name_span,
            format!("{} needs {}", subject.text(), names.join(" and ")),
        )
        .here(if missing.len() == 1 {
            format!("{what} {} is missing", names[0])
        } else {
            format!("{} {what}s are missing", missing.len())
        });
        for param in params.iter().filter(|param| missing.contains(&param.name)) {
            diagnostic = diagnostic.help(format!(
                "add `{} = {}`: {}",
                param.name,
                hint(&param.ty),
                param.doc
            ));
        }
        self.error(diagnostic);
    }
}

/// What could stand behind `name =`.
fn hint(ty: &Type) -> &'static str {
    match ty {
        Type::Number => "0.5",
        Type::Integer => "4",
        Type::Ratio => "50%",
        Type::Length => "32px",
        Type::Duration => "10 epochs",
        Type::Range => "0.2..1.0",
        Type::Text => "\"…\"",
        Type::List(_) => "[…]",
        _ => "…",
    }
}

//! Stages.

use std::collections::BTreeSet;

use super::Checker;
use super::arguments::{Given, Subject};
use super::names::kinds_text;
use super::values::Place;
use crate::catalog::{Args, Argument, Call, Kind, Param};
use crate::language::Diagnostic;
use crate::language::ast::{self, ExprKind};
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Checker<'_> {
    /// A stage: its call, with parameters in the brackets or in the block, and the fields that all stages of its kind have.
    pub(super) fn stage(&mut self, stage: &ast::Stage) -> Option<Stage> {
        let value = super::scalars::ungrouped(&stage.value);
        let call = match &value.kind {
            ExprKind::Call(call) => call,
            ExprKind::Path(names) => {
                self.needs_brackets(&[stage.kind], names, value.span);
                return None;
            }
            ExprKind::Lost => return None,
            other => {
                let message = format!(
                    "a stage calls {}, found {}",
                    kinds_text(&[stage.kind]),
                    other.noun()
                );
                self.error(Diagnostic::error(Code::Mistyped, value.span, message));
                return None;
            }
        };
        let spec = self.entry(&[stage.kind], &call.name)?;
        let subject = Subject {
            kind: Some(spec.kind),
            name: &spec.name,
            name_span: call.name.span,
            span: value.span,
        };
        let own: Vec<&Param> = spec.params.iter().collect();
        let all = spec.stage_fields();
        let common: Vec<&Param> = all
            .iter()
            .filter(|field| own.iter().all(|param| param.name != field.name))
            .collect();
        let mut forgiven = BTreeSet::new();
        let mut to_call: Vec<Given<'_>> = Vec::new();
        let mut to_stage: Vec<Given<'_>> = Vec::new();
        let mut misspelt: Vec<(String, &ast::Field)> = Vec::new();
        let call = &*super::calls::gathered(&spec, call);
        for argument in &call.arguments {
            let misplaced = argument
                .name
                .as_ref()
                .filter(|name| common.iter().any(|field| field.name == name.text));
            match misplaced {
                Some(name) => {
                    forgiven.insert(name.text.clone());
                    // where the block has it too, that one counts and this is one mistake, not two
                    let written =
                        |field: &ast::Field| field.of.is_none() && field.name.text == name.text;
                    if !stage.block.fields.iter().any(written) {
                        to_stage.push(argument.into());
                    }
                    let diagnostic = Diagnostic::error(
                        Code::UnknownField,
                        name.span,
                        format!(
                            "`{}` is a field of the stage, not an argument of {}",
                            name.text,
                            subject.text()
                        ),
                    )
                    .help(format!("write it in the block: `{{ {} = … }}`", name.text));
                    self.error(diagnostic);
                }
                None => to_call.push(argument.into()),
            }
        }
        let (named, plain): (Vec<_>, Vec<_>) = stage
            .block
            .fields
            .iter()
            .partition(|field| field.of.is_some());
        for field in plain {
            if own.iter().any(|param| param.name == field.name.text) {
                to_call.push(field.into());
            } else if common.iter().any(|param| param.name == field.name.text) {
                to_stage.push(field.into());
            } else {
                let names: Vec<&str> = common
                    .iter()
                    .chain(&own)
                    .map(|param| param.name.as_str())
                    .collect();
                if let Some(near) =
                    self.unknown_field(&subject, &field.name, &field.value, &names, "field")
                {
                    if near.fits {
                        misspelt.push((near.field.clone(), field));
                    } else {
                        // its default stands in for what can't be read
                        self.replaced.insert(stage.name.text.clone());
                    }
                    forgiven.insert(near.field);
                }
            }
        }
        // a misspelt field is read as the one it was probably meant to be, unless that one is there too
        for (near, field) in &misspelt {
            let to = if own.iter().any(|param| param.name == *near) {
                &mut to_call
            } else {
                &mut to_stage
            };
            if to
                .iter()
                .all(|given| given.name.is_none_or(|name| name.text != *near))
            {
                to.push(Given {
                    meant: Some(near),
                    ..Given::from(*field)
                });
            }
        }
        let called = self.arguments(&subject, &own, &to_call, &mut forgiven);
        let mut fields = self.arguments(&subject, &common, &to_stage, &mut forgiven);
        let params: Vec<&Param> = own.iter().chain(&common).copied().collect();
        let named_are_sound = self.named_fields(&subject, &params, &named, fields.args.as_mut());
        if !stage.block.partial {
            let missing = [called.missing, fields.missing].concat();
            let params: Vec<&Param> = common.iter().chain(&own).copied().collect();
            self.report_missing(&subject, &params, &missing, "field");
        }
        let bind = self.bind_block(stage, &spec, &subject);
        // a field that could not be parsed may be the one that everything else hangs on
        let usable = named_are_sound && !stage.block.partial;
        let (Some(args), Some(fields), Some(bind), true) = (called.args, fields.args, bind, usable)
        else {
            return None;
        };
        let call = Call {
            args,
            span: value.span,
            name_span: call.name.span,
            spec: spec.clone(),
        };
        Some(Stage {
            name: stage.name.text.clone(),
            name_span: stage.name.span,
            kind: stage.kind,
            artifact: match stage.kind {
                Kind::Fit => super::fits::declared(&stage.name.text, &call),
                _ => None,
            },
            call,
            fields,
            bind,
            span: stage.span,
        })
    }

    /// `optimizer NAME = …`: the optimiser of one objective. Which objectives there are is the plan's to know.
    fn named_fields(
        &mut self,
        subject: &Subject<'_>,
        params: &[&Param],
        named: &[&ast::Field],
        mut into: Option<&mut Args>,
    ) -> bool {
        let mut sound = true;
        let mut seen: Vec<&ast::Name> = Vec::new();
        for field in named {
            let Some(of) = &field.of else { continue };
            let span = field.name.span.to(of.span);
            let param = params
                .iter()
                .find(|param| param.name == field.name.text && param.name == "optimizer");
            let Some(param) = param else {
                sound = false;
                self.error(
                    Diagnostic::error(
                        Code::UnknownField,
                        span,
                        format!("{} has no field of two words `{} {}`", subject.text(), field.name.text, of.text),
                    )
                    .help("only `optimizer` can be given for one objective: `optimizer discriminator = adam(2e-4)`"),
                );
                continue;
            };
            if let Some(first) = seen.iter().find(|first| first.text == of.text) {
                sound = false;
                self.error(
                    Diagnostic::error(
                        Code::Duplicate,
                        span,
                        format!("the optimizer of objective `{}` is given twice", of.text),
                    )
                    .label(first.span, "first here")
                    .help("keep one of them"),
                );
                continue;
            }
            seen.push(of);
            let text = subject.text();
            let place = Place { param, of: &text };
            match self.param(&field.value, &place) {
                Some(value) => {
                    if let Some(args) = into.as_deref_mut() {
                        let argument = Argument {
                            value,
                            span: field.value.span,
                            origin: field.value.origin.clone(),
                        };
                        args.values
                            .insert(format!("optimizer {}", of.text), argument);
                    }
                }
                None => sound = false,
            }
        }
        sound
    }
}

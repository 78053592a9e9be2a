//! Stages and `run`.

use std::collections::BTreeSet;

use super::Checker;
use super::arguments::{Given, Matched, Subject};
use super::names::kinds_text;
use super::shared;
use super::values::Place;
use crate::catalog::{Args, Argument, Call, Kind, Origin, Param, Value, run_fields};
use crate::language::Diagnostic;
use crate::language::ast::{self, ExprKind, File, Item};
use crate::language::checked::{MOST_SEEDS, Stage, seeds_of};
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

    /// `pretext { … }`: the values are checked in the stages that take them; here what none of them takes.
    pub(super) fn defaults(&mut self, defaults: &ast::Defaults, tree: &File) {
        let word = &defaults.word;
        self.binds_nothing(&defaults.block, "a block of defaults");
        let stages: Vec<&ast::Stage> = (tree.items.iter())
            .filter_map(|item| match item {
                Item::Stage(stage) if stage.kind == defaults.kind => Some(stage),
                _ => None,
            })
            .collect();
        if stages.is_empty() {
            let lost = !tree.lost.is_empty();
            if !lost {
                let message = format!("no `{}` stage is there to take these defaults", word.text);
                let diagnostic = Diagnostic::error(Code::UnknownName, word.span, message);
                self.error(diagnostic.help(format!(
                    "a stage calls something: `{} CALL(…) {{ … }}`",
                    word.text
                )));
            }
            return;
        }
        let known: Vec<Vec<String>> = (stages.iter())
            .filter_map(|stage| shared::fields_of(stage, self.catalog))
            .collect();
        // of a stage that calls nothing known, nobody knows what it takes
        let sure = known.len() == stages.len();
        let mut names: Vec<&str> = known.iter().flatten().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let mut seen: Vec<&ast::Field> = Vec::new();
        for field in &defaults.block.fields {
            let of = |field: &ast::Field| field.of.as_ref().map(|of| of.text.clone());
            let same =
                |other: &&&ast::Field| other.name.text == field.name.text && of(other) == of(field);
            if let Some(first) = seen.iter().find(same) {
                let message = format!("`{}` is given twice", field.name.text);
                self.error(
                    Diagnostic::error(Code::Duplicate, field.name.span, message)
                        .label(first.name.span, "first here")
                        .help("keep one of them"),
                );
                continue;
            }
            seen.push(field);
            if !names.contains(&field.name.text.as_str()) {
                if sure {
                    self.unknown_default(defaults, field, &names);
                }
                continue;
            }
            let takes = |stage: &&ast::Stage| {
                let fields = stage.block.fields.iter();
                fields
                    .into_iter()
                    .any(|own| own.name.span == field.name.span)
            };
            if !stages.iter().any(takes) && sure {
                let message = format!(
                    "no stage takes this `{}`: each has its own",
                    field.name.text
                );
                self.error(
                    Diagnostic::warning(Code::LintUnused, field.name.span, message)
                        .help("remove it"),
                );
            }
        }
    }

    fn unknown_default(&mut self, defaults: &ast::Defaults, field: &ast::Field, names: &[&str]) {
        let word = &defaults.word;
        let subject = Subject {
            kind: None,
            name: &word.text,
            name_span: word.span,
            span: word.span,
        };
        self.unknown_field(&subject, &field.name, &field.value, names, "field");
    }

    /// `seeds = 1..3`: whole numbers, each once, in the place of `seed`. What is planned has the first of them.
    fn seeds(&mut self, args: &mut Args) -> bool {
        let Some(seeds) = args.values.get("seeds") else {
            return true;
        };
        let span = seeds.span;
        let all = seeds_of(&seeds.value);
        let seed = args
            .values
            .get("seed")
            .filter(|seed| seed.origin != Origin::Default);
        let diagnostic = match (&all, seed) {
            (_, Some(seed)) => {
                Diagnostic::error(Code::Duplicate, span, "`run` has a `seed` and `seeds`")
                    .label(seed.span, "one seed here")
                    .help("keep one of them")
            }
            (None, _) => Diagnostic::error(
                Code::OutOfRange,
                span,
                format!("`seeds` are whole numbers from 0 on, each once, at most {MOST_SEEDS}"),
            )
            .help("write `seeds = 1..3`, or `seeds = [1, 5, 7]`"),
            (Some(all), None) => {
                let first = all.first().copied().unwrap_or_default();
                let seed = Argument {
                    value: Value::Integer(first as i64),
                    ..seeds.clone()
                };
                args.values.insert("seed".into(), seed);
                return true;
            }
        };
        self.error(diagnostic);
        false
    }

    /// `run { … }`, or its defaults where there is none, and whether all of it could be read. Defaults stand in for what could not.
    pub(super) fn run(&mut self, tree: &File) -> (Args, bool) {
        let mut blocks = tree.items.iter().filter_map(|item| match item {
            Item::Run(block) => Some(block),
            _ => None,
        });
        let first = blocks.next();
        for again in blocks {
            let mut diagnostic =
                Diagnostic::error(Code::Duplicate, again.span, "`run` is given twice");
            if let Some(first) = first {
                diagnostic = diagnostic.label(first.span, "first here");
            }
            self.error(diagnostic.help("put all its fields into one block"));
        }
        if let Some(block) = first {
            self.binds_nothing(block, "`run`");
        }
        let span = first.map_or(Default::default(), |block| block.span);
        let subject = Subject {
            kind: None,
            name: "run",
            name_span: span,
            span,
        };
        let all = run_fields();
        let params: Vec<&Param> = all.iter().collect();
        let names: Vec<&str> = all.iter().map(|param| param.name.as_str()).collect();
        let mut given: Vec<Given<'_>> = Vec::new();
        let mut forgiven = BTreeSet::new();
        for field in first.iter().flat_map(|block| &block.fields) {
            if names.contains(&field.name.text.as_str()) && field.of.is_none() {
                given.push(field.into());
            } else {
                let near = self.unknown_field(&subject, &field.name, &field.value, &names, "field");
                forgiven.extend(near.map(|near| near.field));
            }
        }
        let Matched { args, missing } = self.arguments(&subject, &params, &given, &mut forgiven);
        self.report_missing(&subject, &params, &missing, "field");
        let mut args = args;
        let seeds = args.as_mut().is_none_or(|args| self.seeds(args));
        let whole = seeds && args.is_some() && first.is_none_or(|block| !block.partial);
        let args = match args {
            Some(args) => args,
            None => (self
                .arguments(&subject, &params, &[], &mut BTreeSet::new())
                .args)
                .unwrap_or_default(),
        };
        (args, whole)
    }
}

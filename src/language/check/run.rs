//! `run { … }`

use std::collections::BTreeSet;

use super::Checker;
use super::arguments::{Given, Matched, Subject};
use crate::catalog::{Args, Argument, Origin, Param, Value, run_fields};
use crate::language::Diagnostic;
use crate::language::ast::{File, Item};
use crate::language::checked::{MOST_SEEDS, seeds_of};
use crate::language::codes::Code;

impl Checker<'_> {
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

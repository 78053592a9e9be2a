//! `pretext { … }`: what the stages of a file share.

use super::Checker;
use super::arguments::Subject;
use super::shared;
use crate::language::Diagnostic;
use crate::language::ast::{self, File, Item};
use crate::language::codes::Code;

impl Checker<'_> {
    /// `pretext { … }`: the values are checked in the stages that take them; here what none of them takes.
    pub(super) fn defaults(&mut self, defaults: &ast::Defaults, tree: &File) {
        let word = &defaults.word;
        let mut blocks = tree.items.iter().filter_map(|item| match item {
            Item::Defaults(block) if block.kind == defaults.kind => Some(block.word.span),
            _ => None,
        });
        // nobody takes what a second block says: that there is one is an error
        if blocks.next() != Some(word.span) {
            return;
        }
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
}

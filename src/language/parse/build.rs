//! Items and lines: from pest's pairs to the tree.

use pest::Parser;
use pest::iterators::{Pair, Pairs};

use super::expected::{self, Trouble};
use super::grammar::{Grammar, Rule};
use super::limits::MAX_ITEMS;
use super::repair::Remedy;
use crate::catalog::{Kind, Origin};
use crate::language::ast::{
    Augment, Block, Defaults, Door, Expr, ExprKind, File, Item, Name, Stage, Sweep, Use,
};
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, FileId, Span};

/// Syntax errors that are explained; the rest of a hopeless text is skipped quickly.
const EXPLAINED: usize = 20;

/// Builds the tree of one text.
pub struct Builder<'a> {
    text: &'a str,
    pub file: FileId,
    pub origin: Origin,
    /// Every place is this one: the text is not the user's.
    pub fixed: Option<Span>,
    pub diagnostics: Vec<Diagnostic>,
    /// Which of them are of syntax, each with what may mend it.
    pub troubles: Vec<(usize, Vec<Remedy>)>,
}

impl<'a> Builder<'a> {
    pub fn new(text: &'a str, file: FileId, origin: Origin) -> Self {
        Self {
            text,
            file,
            origin,
            fixed: None,
            diagnostics: Vec::new(),
            troubles: Vec::new(),
        }
    }

    /// From a pair's first to its last token: pest counts blanks and comments behind it in.
    pub fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        if let Some(span) = self.fixed {
            return span;
        }
        let mut last = pair.clone();
        while last.as_rule() != Rule::string {
            match last.clone().into_inner().next_back() {
                Some(inner) => last = inner,
                None => break,
            }
        }
        Span::new(self.file, pair.as_span().start(), last.as_span().end())
    }

    pub fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        Name {
            text: bare(pair.as_str()).to_owned(),
            span: self.span(pair),
        }
    }

    pub fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// An error of syntax with what may mend it.
    pub(super) fn trouble(&mut self, trouble: Trouble) {
        self.troubles
            .push((self.diagnostics.len(), trouble.remedies));
        self.error(trouble.diagnostic);
    }

    pub fn file(&mut self, pair: Pair<'_, Rule>) -> File {
        let mut file = File::default();
        let mut doc: Vec<&str> = Vec::new();
        let mut doc_end = None;
        let mut edition = false;
        let mut last = None;
        for pair in pair.into_inner() {
            if !matches!(pair.as_rule(), Rule::doc | Rule::EOI | Rule::bad_item) {
                self.own_line(&pair, last);
                last = Some(self.span(&pair).end);
            }
            match pair.as_rule() {
                Rule::doc => {
                    // the first run of lines, before any item
                    let start = pair.as_span().start();
                    let joined = doc_end
                        .is_none_or(|end: usize| self.text[end..start].matches('\n').count() == 1);
                    if file.items.is_empty() && file.lost.is_empty() && joined {
                        let line = pair.as_str().trim_start_matches('/').trim_end();
                        doc.push(line.strip_prefix(' ').unwrap_or(line));
                        doc_end = Some(pair.as_span().end());
                    }
                }
                Rule::edition => {
                    edition = true;
                    self.edition(pair);
                }
                Rule::EOI => {}
                Rule::bad_item => {
                    let first = !edition && file.items.is_empty() && file.lost.is_empty();
                    if first && pair.as_str().split_whitespace().next() == Some("ssl") {
                        edition = true;
                        let span = self.span(&pair);
                        self.error(edition_error(span, "the first line is not `ssl 1`"));
                    } else {
                        self.bad_item(&pair, &mut file);
                    }
                }
                _ => {
                    if file.items.len() >= MAX_ITEMS {
                        let span = self.span(&pair);
                        self.error(
                            Diagnostic::error(
                                Code::TooLarge,
                                span,
                                format!("more than {MAX_ITEMS} items"),
                            )
                            .help("split the recipe"),
                        );
                        break;
                    }
                    if let Some(item) = self.item(pair, &mut file) {
                        file.items.push(item);
                    }
                }
            }
        }
        let named_later = (self.diagnostics.iter()).any(|d| d.code == Code::Edition);
        if !edition && !named_later {
            let start = self.text.len() - self.text.trim_start_matches('\u{feff}').len();
            let span = Span::new(self.file, start, start);
            self.error(
                Diagnostic::error(
                    Code::Edition,
                    span,
                    "the first line must name the edition of the language",
                )
                .fix("add it", span, "ssl 1\n\n"),
            );
        } else if file.is_empty() && self.diagnostics.is_empty() {
            let end = self.text.trim_end().len();
            self.error(
                Diagnostic::error(
                    Code::Empty,
                    Span::new(self.file, end, end),
                    "the recipe defines nothing",
                )
                .help(
                    "add a `dataset` and a `pretext` stage; the README shows the shortest recipe",
                ),
            );
        }
        file.doc = doc.join("\n");
        file
    }

    fn edition(&mut self, pair: Pair<'_, Rule>) {
        let Some(number) = pair
            .into_inner()
            .find(|p| p.as_rule() == Rule::edition_number)
        else {
            return;
        };
        if number.as_str() != "1" {
            let span = self.span(&number);
            let message = format!(
                "edition `{}` is not known to this version of Pretext",
                number.as_str()
            );
            self.error(edition_error(span, &message).fix(
                "use the edition that is known",
                span,
                "1",
            ));
        }
    }

    /// Each item begins a line of its own.
    fn own_line(&mut self, pair: &Pair<'_, Rule>, last: Option<usize>) {
        let span = self.span(pair);
        if let Some(end) = last
            && !self.text[end.min(span.start)..span.start].contains('\n')
            && self.diagnostics.len() < EXPLAINED
        {
            self.trouble(expected::second_item(self.text, span));
        }
    }

    /// Says what was expected, and remembers the name so that its uses are no errors too.
    fn bad_item(&mut self, pair: &Pair<'_, Rule>, file: &mut File) {
        let span = self.span(pair);
        let mut words = pair.as_str().split_whitespace();
        // `let a = …`, `a = …`: a word before `=` or a bracket is a name
        let word = |text: &str| -> String {
            let part = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            text.chars().take_while(part).collect()
        };
        if let (Some(first), Some(second)) = (words.next(), words.next()) {
            let keyword = expected::ITEMS.contains(&first)
                || nearest(first, expected::ITEMS.iter().copied()).is_some();
            let text = match second {
                "=" if keyword => String::new(),
                "=" => word(first),
                second => word(second),
            };
            let named = keyword || second == "=" || words.next() == Some("=");
            if named && file.lost.len() < MAX_ITEMS {
                file.lost.push(Name { text, span });
            }
        }
        if self.diagnostics.len() >= EXPLAINED {
            return;
        }
        let same_line = self.text[..span.start]
            .rsplit('\n')
            .next()
            .is_some_and(|before| !before.trim().is_empty());
        let trouble = expected::bad_item(self.text, span, same_line);
        self.trouble(trouble);
    }

    pub(super) fn bad_line(&mut self, pair: &Pair<'_, Rule>, rule: Rule) {
        if self.diagnostics.len() >= EXPLAINED {
            return;
        }
        let span = self.span(pair);
        let end = pair.as_span().end();
        // the character that stopped the skipping is part of the explanation: a missing bracket is found there
        let trouble = match Grammar::parse(rule, &self.text[span.start..end]) {
            Err(error) => expected::explain(self.text, span, &error),
            Ok(_) => expected::unexpected(self.text, span),
        };
        self.trouble(trouble);
    }

    fn item(&mut self, pair: Pair<'_, Rule>, file: &mut File) -> Option<Item> {
        let rule = pair.as_rule();
        let span = self.span(&pair);
        let mut kind = None;
        let mut word = None;
        let mut name = None;
        let mut value = None;
        let mut block = None;
        let mut parameters = Vec::new();
        let mut graph = (Vec::new(), false);
        match rule {
            Rule::use_item => return self.use_item(pair, file),
            Rule::extends => {
                self.extends(pair, file);
                return None;
            }
            Rule::override_item => {
                file.overrides.extend(self.setting(pair.into_inner()));
                return None;
            }
            Rule::sweep => {
                self.sweep(pair, file);
                return None;
            }
            _ => {}
        }
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::kw_stage => {
                    kind = Kind::of_stage(bare(part.as_str()));
                    word = Some(self.name(&part));
                }
                Rule::call => {
                    let called = self.call(part);
                    name = called.name().cloned();
                    value = Some(called);
                }
                Rule::name => name = Some(self.name(&part)),
                Rule::expr => value = Some(self.expr(part)),
                Rule::block => block = Some(self.block(part)),
                Rule::params => parameters = self.names(part),
                Rule::graph => graph = self.graph(part),
                _ => {}
            }
        }
        match (rule, name, value) {
            (Rule::dataset, Some(name), Some(value)) => Some(Item::Dataset(name, value)),
            (Rule::layers, Some(name), Some(value)) => Some(Item::Layers(name, value)),
            (Rule::encoder, Some(name), Some(value)) => Some(Item::Encoder(name, value)),
            (Rule::stage, Some(name), Some(value)) => Some(Item::Stage(Stage {
                kind: kind?,
                name,
                value,
                block: block.unwrap_or(Block {
                    fields: Vec::new(),
                    bind: None,
                    partial: false,
                    span,
                }),
                span,
            })),
            (Rule::augment, Some(name), _) => Some(Item::Augment(Augment {
                name,
                parameters,
                lines: graph.0,
                partial: graph.1,
            })),
            (Rule::defaults, ..) => Some(Item::Defaults(Defaults {
                word: word?,
                kind: kind?,
                block: block?,
            })),
            (Rule::run, ..) => block.map(|block| {
                let span = Span::new(span.file, span.start, span.start + "run".len());
                Item::Run(Block { span, ..block })
            }),
            // the grammar gives every item what it needs
            (_, name, _) => {
                file.lost.extend(name);
                None
            }
        }
    }

    /// `sweep grid { path = values, … }`
    fn sweep(&mut self, pair: Pair<'_, Rule>, file: &mut File) {
        let mut name = None;
        let mut axes = Vec::new();
        let mut partial = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::swept => {
                    let span = self.span(&part);
                    for part in part.into_inner() {
                        match part.as_rule() {
                            Rule::axis => axes.extend(self.setting(part.into_inner())),
                            Rule::bad_field => {
                                partial = true;
                                self.bad_line(&part, Rule::axis_alone);
                            }
                            Rule::unclosed => {
                                partial = true;
                                self.unclosed(span, &part);
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        // what can't be read of it has been told: the rest of the recipe is looked at without it
        if let Some(name) = name.filter(|_| !partial) {
            file.sweeps.push(Sweep { name, axes });
        }
    }

    /// `extends "simclr.ssl"`: one parent at most.
    fn extends(&mut self, pair: Pair<'_, Rule>, file: &mut File) {
        let Some(part) = pair
            .into_inner()
            .find(|part| part.as_rule() == Rule::string)
        else {
            return;
        };
        let span = self.span(&part);
        let ExprKind::Text(text) = self.string(&part, span) else {
            return;
        };
        match &file.extends {
            Some(first) => self.error(
                Diagnostic::error(Code::Duplicate, span, "a recipe extends one other")
                    .label(first.span, "first here")
                    .help("`use` brings data sets, augments, layers and encoders of several"),
            ),
            None => file.extends = Some(Name { text, span }),
        }
    }

    fn use_item(&mut self, pair: Pair<'_, Rule>, file: &mut File) -> Option<Item> {
        let span = self.span(&pair);
        let mut door = None;
        let mut strings = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::kw_door if part.as_str() == "script" => door = Some(Door::Script),
                Rule::kw_door => door = Some(Door::Plugin),
                Rule::string => {
                    let span = self.span(&part);
                    if let ExprKind::Text(text) = self.string(&part, span) {
                        strings.push(Name { text, span });
                    }
                }
                _ => {}
            }
        }
        let Some(door) = door else {
            file.recipes.extend(strings);
            return None;
        };
        let mut strings = strings.into_iter();
        Some(Item::Use(Use {
            door,
            name: strings.next()?,
            version: strings.next(),
            span,
        }))
    }

    pub(super) fn names(&self, pair: Pair<'_, Rule>) -> Vec<Name> {
        pair.into_inner()
            .filter(|p| p.as_rule() == Rule::name)
            .map(|p| self.name(&p))
            .collect()
    }

    /// The path and the value of a `--set`.
    pub fn setting<'p>(
        &mut self,
        pairs: impl Iterator<Item = Pair<'p, Rule>>,
    ) -> Option<(Vec<Name>, Expr)> {
        let mut path = Vec::new();
        let mut value = None;
        for part in pairs {
            match part.as_rule() {
                Rule::path => path = self.names(part),
                Rule::expr => value = Some(self.expr(part)),
                _ => {}
            }
        }
        Some((path, value?))
    }

    /// The only value of a text.
    pub fn expr_alone(&mut self, pairs: Pairs<'_, Rule>) -> Option<Expr> {
        let pair = pairs
            .flat_map(|pair| pair.into_inner())
            .find(|pair| pair.as_rule() == Rule::expr)?;
        Some(self.expr(pair))
    }

    /// The text of a place.
    pub fn source(&self) -> &'a str {
        self.text
    }
}

/// A word without the blanks and the comment that pest counts in.
fn bare(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || c == '/');
    &text[..end.unwrap_or(text.len())]
}

fn edition_error(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(Code::Edition, span, message)
        .note("This version of Pretext reads edition 1: `ssl 1`.")
}

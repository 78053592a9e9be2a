//! What a text defines and brings in, as far as it can be told whatever is wrong with it.

use std::ops::Range;

use super::token::{Token, Tokens};
use crate::catalog::Kind;
use crate::language::LexKind;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// `dataset`
    Dataset,
    /// `encoder`
    Encoder,
    /// `layers`
    Layers,
    /// `augment`
    Augment,
    /// A stage that calls an entry of this kind.
    Stage(Kind),
}

impl Noun {
    /// The word that it begins with.
    pub fn keyword(self) -> &'static str {
        match self {
            Noun::Dataset => "dataset",
            Noun::Encoder => "encoder",
            Noun::Layers => "layers",
            Noun::Augment => "augment",
            Noun::Stage(Kind::Fit) => "fit",
            Noun::Stage(Kind::Task) => "pretext",
            Noun::Stage(Kind::Evaluator) => "evaluate",
            Noun::Stage(Kind::Finetune) => "finetune",
            Noun::Stage(_) => "export",
        }
    }

    /// Whether another recipe may use it by `use`.
    pub fn is_shared(self) -> bool {
        !matches!(self, Noun::Stage(_))
    }
}

/// A named item.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub noun: Noun,
    /// Its name.
    pub name: String,
    /// Where that stands.
    pub at: Range<usize>,
    /// From its first word to its end.
    pub whole: Range<usize>,
    /// What its value begins with: what it calls, or the item that it names.
    pub head: Option<String>,
    /// A stage that is called what it calls.
    pub unnamed: bool,
}

/// A file that the text names.
#[derive(Clone, Debug)]
pub struct Named {
    /// As written, without quotes.
    pub path: String,
    /// Where, with them.
    pub at: Range<usize>,
}

impl Named {
    /// What stands before the names that a used recipe brings.
    pub fn space(&self) -> &str {
        let name = self.path.rsplit(['/', '\\']).next().unwrap_or("");
        name.strip_suffix(".ssl").unwrap_or(name)
    }
}

/// Everything that stands at the left edge of a text.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// In order.
    pub items: Vec<Item>,
    /// `use "views.ssl"`
    pub recipes: Vec<Named>,
    /// `use script "vicreg.rhai"`
    pub scripts: Vec<Named>,
    /// `extends "simclr.ssl"`
    pub extends: Option<Named>,
    /// `run { … }`, `pretext { … }`: the word and the whole.
    pub blocks: Vec<(String, Range<usize>)>,
}

impl Outline {
    /// Of a text.
    pub fn new(tokens: &Tokens<'_>) -> Self {
        let all = tokens.all.as_slice();
        let mut outline = Self::default();
        let starts: Vec<usize> = (0..all.len()).filter(|at| begins_item(all, *at)).collect();
        for (index, at) in starts.iter().enumerate() {
            let next = starts.get(index + 1).copied().unwrap_or(all.len());
            outline.item(&all[*at..next]);
        }
        outline
    }

    fn item(&mut self, tokens: &[Token<'_>]) {
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return;
        };
        let whole = first.start..last.end();
        let word = |at: usize| tokens.get(at).filter(|token| token.is_word());
        let noun = match first.text {
            "dataset" => Noun::Dataset,
            "encoder" => Noun::Encoder,
            "layers" => Noun::Layers,
            "augment" => Noun::Augment,
            "use" | "extends" => return self.file(tokens),
            "run" => {
                self.blocks.push((first.text.to_owned(), whole));
                return;
            }
            stage => match Kind::of_stage(stage) {
                Some(kind) => Noun::Stage(kind),
                None => return,
            },
        };
        let Some(name) = word(1) else {
            self.blocks.push((first.text.to_owned(), whole));
            return;
        };
        let is = |at: usize, sign: &str| tokens.get(at).is_some_and(|token| token.is(sign));
        let unnamed = matches!(noun, Noun::Stage(_)) && !is(2, "=");
        let head = if unnamed { Some(name) } else { word(3) };
        self.items.push(Item {
            noun,
            name: name.text.to_owned(),
            at: name.start..name.end(),
            whole,
            head: head.map(|token| token.text.to_owned()),
            unnamed,
        });
    }

    fn file(&mut self, tokens: &[Token<'_>]) {
        let door = tokens.get(1).filter(|token| token.is_word());
        let Some(text) = tokens.get(1 + usize::from(door.is_some())) else {
            return;
        };
        if text.kind != LexKind::Text {
            return;
        }
        let named = Named {
            path: text.text.trim_matches('"').to_owned(),
            at: text.start..text.end(),
        };
        match (tokens[0].text, door.map(|door| door.text)) {
            ("extends", None) => self.extends = Some(named),
            ("use", None) => self.recipes.push(named),
            ("use", Some("script")) => self.scripts.push(named),
            _ => {}
        }
    }

    /// The item of this name.
    pub fn find(&self, name: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.name == name)
    }
}

/// Whether an item begins at a token: what can be nothing else, also inside a block that was never closed.
pub fn begins_item(all: &[Token<'_>], at: usize) -> bool {
    let Some(first) = all.get(at) else {
        return false;
    };
    if !first.is_word() || !first.begins_line {
        return false;
    }
    let is = |ahead: usize, sign: &str| all.get(at + ahead).is_some_and(|token| token.is(sign));
    let next = all.get(at + 1);
    let word = next.is_some_and(|token| token.is_word() && !token.begins_line);
    let text = next.is_some_and(|token| token.kind == LexKind::Text);
    match first.text {
        "dataset" | "encoder" | "layers" => word && is(2, "="),
        "augment" => word && is(2, "("),
        "fit" | "pretext" | "evaluate" | "finetune" | "export" => {
            word && (is(2, "=") || is(2, "(")) || is(1, "{")
        }
        "run" => is(1, "{"),
        "sweep" => word && is(2, "{"),
        "override" => word,
        "extends" => text,
        "use" => {
            let door = next.is_some_and(|token| matches!(token.text, "script" | "plugin"));
            text || word && door
        }
        _ => false,
    }
}

//! Items and blocks.

use super::super::mark::{Told, Wanted, What};
use super::super::outline::{Noun, begins_item};
use super::super::want::Want;
use super::{Reader, left};
use crate::catalog::{Kind, Param, SharedSpec, Type};
use crate::language::LexKind;

impl Reader<'_> {
    /// Whatever begins at the left edge.
    pub(super) fn item(&mut self) {
        self.path.clear();
        let Some(first) = self.next() else { return };
        if !first.is_word() {
            self.at += 1;
            return;
        }
        self.asked(|_| Wanted::Item);
        match first.text {
            "ssl" => {
                self.mark(What::Keyword);
                if self.next().is_some_and(|next| next.kind == LexKind::Number) {
                    self.at += 1;
                }
            }
            "dataset" => self.named(Noun::Dataset, &Want::Typed(Type::Data)),
            "encoder" => self.named(Noun::Encoder, &Want::Typed(Type::Encoder)),
            "layers" => self.named(Noun::Layers, &Want::Typed(Type::Head)),
            "augment" => self.augment(),
            "use" | "extends" => self.file(),
            "override" => self.overrides(),
            "run" if self.is_ahead(1, "{") => {
                self.mark(What::Keyword);
                self.path.push("run".into());
                let fields = self.scope.fields_of_block("run");
                self.block(&fields, "`run`");
            }
            "sweep" => {
                self.mark(What::Keyword);
                if self.is_word(0) {
                    self.at += 1;
                }
            }
            word => match Kind::of_stage(word) {
                Some(kind) => self.stage(kind),
                None => self.at += 1,
            },
        }
    }

    /// The name of an item, where one stands.
    fn name(&mut self, noun: Noun) -> Option<String> {
        self.asked(|_| Wanted::Name);
        let name = self.next().filter(|token| token.is_word())?.text.to_owned();
        self.mark(What::Defines(noun, name.clone()));
        Some(name)
    }

    fn named(&mut self, noun: Noun, want: &Want) {
        self.mark(What::Keyword);
        let Some(name) = self.name(noun) else { return };
        self.path.push(name);
        if self.take("=") {
            self.expr(want, None);
        }
    }

    fn stage(&mut self, kind: Kind) {
        let word = self.tokens[self.at].text;
        self.mark(What::Keyword);
        if self.is("{") {
            self.path.push(word.to_owned());
            let fields = self.scope.fields_of_block(word);
            return self.block(&fields, &format!("every `{word}` stage of this file"));
        }
        let noun = Noun::Stage(kind);
        let calls = Want::Entry(kind);
        let mut called: Option<SharedSpec> = None;
        if self.is_word(0) && self.is_ahead(1, "=") {
            if let Some(name) = self.name(noun) {
                self.path.push(name);
            }
            self.at += 1;
        } else if self.is_word(0) {
            // it is called what it calls, or has no more than a name yet
            self.path.push(self.tokens[self.at].text.to_owned());
        }
        if let Some(next) = self.next().filter(|token| token.is_word()) {
            self.asked(|_| Wanted::Value {
                want: calls.clone(),
                piped: false,
            });
            called = self.scope.catalog.find(kind, next.text).cloned();
            let block = self.block_ahead();
            self.call(&calls, false, &block);
        }
        if self.is("{") {
            let fields = self.scope.fields_of(kind, called.as_ref());
            let of = called.map_or_else(
                || format!("`{word}`"),
                |spec| format!("{} `{}`", kind.singular(), spec.name),
            );
            self.block(&fields, &of);
        }
    }

    /// The names that are given in the block behind a stage's call: they are not missing in its brackets.
    fn block_ahead(&self) -> Vec<String> {
        let mut ahead = Reader {
            tokens: self.tokens,
            at: self.at + 1,
            begun: self.begun,
            depth: self.depth,
            cursor: None,
            scope: self.scope,
            path: Vec::new(),
            told: None,
            several: false,
            locals: Vec::new(),
            augment: 0,
            found: Default::default(),
        };
        if ahead.is("(") {
            ahead.skip();
        }
        match ahead.take("{") {
            true => ahead.given().into_iter().map(str::to_owned).collect(),
            false => Vec::new(),
        }
    }

    /// Passes a bracket with what is in it.
    pub(super) fn skip(&mut self) {
        let mut depth = 0usize;
        while let Some(token) = self.tokens.get(self.at) {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > 0 && begins_item(self.tokens, self.at) {
                return;
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// `{ name = value, … }`
    pub(super) fn block(&mut self, fields: &[Param], of: &str) {
        let mut given: Option<Vec<&str>> = None;
        self.bracket("{", "}", &mut |reader| {
            let given = given.get_or_insert_with(|| reader.given()).clone();
            reader.asked(|_| Wanted::Field {
                fields: left(fields, &given),
                of: of.to_owned(),
            });
            if !reader.is_word(0) {
                reader.at += 1;
                return;
            }
            if reader.tokens[reader.at].text == "bind" && reader.is_ahead(1, "{") {
                reader.mark(What::Keyword);
                return reader.bind();
            }
            reader.field(fields, of);
        });
    }

    fn field(&mut self, fields: &[Param], of: &str) {
        let name = self.tokens[self.at].text;
        // `optimizer discriminator = …`
        let objective = self.is_word(1) && self.is_ahead(2, "=");
        let found = fields.iter().find(|field| field.name == name);
        if !objective && !self.is_ahead(1, "=") {
            self.mark(What::Unknown);
            return;
        }
        let told: Option<Told> = found.map(|param| self.told(param, of));
        match &told {
            Some(told) => self.mark(What::Param(Box::new(told.clone()))),
            None => self.mark(What::Unknown),
        }
        if objective {
            self.mark(What::Unknown);
        }
        self.at += 1;
        let want = told
            .as_ref()
            .map_or(Want::Anything, |told| Want::Typed(told.param.ty.clone()));
        self.path.push(name.to_owned());
        self.expr(&want, told);
        self.path.pop();
    }

    /// `bind { views = [a, b] }`
    fn bind(&mut self) {
        self.bracket("{", "}", &mut |reader| {
            if reader.is_word(0) && reader.is_ahead(1, "=") {
                reader.mark(What::Unknown);
                reader.at += 1;
                let one = |reader: &mut Self| {
                    reader.asked(|_| Wanted::Bound);
                    match reader.is_word(0) {
                        true => reader.mark(What::Emits),
                        false => reader.at += 1,
                    }
                };
                match reader.is("[") {
                    true => reader.bracket("[", "]", &mut |reader| one(reader)),
                    false => one(reader),
                }
            } else {
                reader.at += 1;
            }
        });
    }

    /// `use "views.ssl"`, `use script "a.rhai"`, `use plugin "acme" version "0.3"`, `extends "simclr.ssl"`
    fn file(&mut self) {
        self.mark(What::Keyword);
        while let Some(next) = self.next() {
            match (next.kind, next.text) {
                (LexKind::Word, "script" | "plugin" | "version") if !next.begins_line => {
                    self.mark(What::Keyword);
                }
                (LexKind::Text, _) if !next.begins_line => self.mark(What::File),
                _ => return,
            }
        }
    }

    /// `override pretrain.batch = 1024`
    fn overrides(&mut self) {
        self.mark(What::Keyword);
        let mut path: Vec<String> = Vec::new();
        let mut told: Option<Told> = None;
        loop {
            let before = path.clone();
            self.asked(|_| Wanted::Path(before));
            let Some(name) = self.next().filter(|token| token.is_word()) else {
                break;
            };
            let fields = self.fields_at(&path);
            let param = fields.iter().find(|param| param.name == name.text);
            self.path.clone_from(&path);
            told = param.map(|param| self.told(param, &format!("`{}`", path.join("."))));
            match (&told, path.is_empty()) {
                (_, true) => self.mark(What::Item(name.text.to_owned())),
                (Some(told), _) => self.mark(What::Param(Box::new(told.clone()))),
                (None, _) => self.mark(What::Unknown),
            }
            path.push(name.text.to_owned());
            if !self.take(".") {
                break;
            }
        }
        if self.take("=") {
            let want = told
                .as_ref()
                .map_or(Want::Anything, |told| Want::Typed(told.param.ty.clone()));
            self.path = path;
            self.expr(&want, told);
        }
    }

    /// The fields behind a path: `pretrain`, `run`.
    pub(super) fn fields_at(&self, path: &[String]) -> Vec<Param> {
        let Some(first) = path.first() else {
            return Vec::new();
        };
        if path.len() > 1 {
            return Vec::new();
        }
        match self.scope.item(first).map(|item| (item.noun, item)) {
            Some((Noun::Stage(kind), item)) => {
                let spec = self.scope.entry_of(item).cloned();
                self.scope.fields_of(kind, spec.as_ref())
            }
            Some(_) => Vec::new(),
            None => self.scope.fields_of_block(first),
        }
    }
}

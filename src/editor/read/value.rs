//! Values: pipelines, brackets, numbers, names.

use super::super::mark::{Mark, Told, Wanted, What};
use super::super::outline::{Noun, begins_item};
use super::super::want::Want;
use super::Reader;
use crate::catalog::Type;
use crate::language::LexKind;

impl Reader<'_> {
    /// A value for `told`, where it is for a parameter.
    pub(super) fn expr(&mut self, want: &Want, told: Option<Told>) {
        let outer = std::mem::replace(&mut self.told, told);
        self.pipeline(want);
        self.told = outer;
    }

    pub(super) fn pipeline(&mut self, want: &Want) {
        let several = self.goes_on();
        let outer = std::mem::replace(&mut self.several, several);
        self.step(want, false);
        while self.take("|>") {
            self.step(want, true);
        }
        if self.is("*")
            && self
                .ahead(1)
                .is_some_and(|next| next.kind == LexKind::Number)
        {
            self.at += 2;
        }
        self.several = outer;
    }

    /// Whether what begins here is a pipeline of several steps.
    fn goes_on(&self) -> bool {
        let mut depth = 0usize;
        for at in self.at..self.tokens.len() {
            let token = &self.tokens[at];
            let ends = depth == 0 && token.begins_line && at > self.at && !token.is("|>");
            if ends || at > self.begun && begins_item(self.tokens, at) {
                return false;
            }
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" if depth == 0 => return false,
                ")" | "]" | "}" => depth -= 1,
                "," if depth == 0 => return false,
                "|>" if depth == 0 => return true,
                _ => {}
            }
        }
        false
    }

    fn step(&mut self, want: &Want, piped: bool) {
        self.atom(want, piped);
        let word = self
            .next()
            .is_some_and(|next| next.text == "as" && next.is_word());
        if word && self.is_word(1) {
            self.mark(What::Keyword);
            self.asked(|_| Wanted::Name);
            let name = self.tokens[self.at].text.to_owned();
            self.mark(What::Place {
                defines: true,
                name,
            });
        }
    }

    fn atom(&mut self, want: &Want, piped: bool) {
        let Some(token) = self.next() else { return };
        self.asked(|_| Wanted::Value {
            want: want.clone(),
            piped,
        });
        match (token.kind, token.text) {
            (LexKind::Sign, "(") => {
                self.bracket("(", ")", &mut |reader| reader.pipeline(want));
            }
            (LexKind::Sign, "[") => {
                let element = want.element();
                self.bracket("[", "]", &mut |reader| reader.pipeline(&element));
            }
            (LexKind::Sign, "{") => self.record(want),
            (LexKind::Number, _) => self.number(want),
            (LexKind::Text, _) => self.value(),
            (LexKind::Word, _) if self.calls() => self.call(want, piped, &[]),
            (LexKind::Word, _) => self.reference(want, piped),
            _ => {}
        }
    }

    /// Whether a call begins here: `hflip(`, `views.view(`.
    fn calls(&self) -> bool {
        self.is_ahead(1, "(") || self.is_ahead(1, ".") && self.is_word(2) && self.is_ahead(3, "(")
    }

    /// A number or a string.
    fn value(&mut self) {
        let told = self.told.clone();
        match told {
            Some(told) => self.mark(What::Value(Box::new(told))),
            None => self.at += 1,
        }
    }

    fn number(&mut self, want: &Want) {
        loop {
            self.value();
            let here = |reader: &Self| {
                let next = reader.next();
                next.is_some_and(|next| !next.begins_line) && !reader.is_ahead(1, "=")
            };
            if self.is("%") {
                self.at += 1;
            } else if self.is_word(0) && here(self) && self.next().is_some_and(|n| n.text != "as") {
                self.asked(|_| Wanted::Unit(want.clone()));
                self.mark(What::Unit);
            }
            // `0.2..1.0`
            let more = self
                .ahead(1)
                .is_some_and(|next| next.kind == LexKind::Number);
            if !(self.is("..") && more) {
                return;
            }
            self.at += 1;
        }
    }

    /// `{ labelled = few.train, unlabelled = all.train }`
    fn record(&mut self, want: &Want) {
        self.bracket("{", "}", &mut |reader| {
            if reader.is_word(0) && reader.is_ahead(1, "=") {
                reader.mark(What::Unknown);
                reader.at += 1;
                reader.pipeline(want);
            } else {
                reader.at += 1;
            }
        });
    }

    /// `name`, `name.part`
    fn reference(&mut self, want: &Want, piped: bool) {
        let first = self.tokens[self.at].text;
        let dotted = self.is_ahead(1, ".");
        if dotted && self.scope.is_space(first) && self.is_word(2) {
            // what a used recipe brings is one name
            let (start, name) = (self.tokens[self.at].start, self.tokens[self.at + 2]);
            self.at += 2;
            self.asked(|_| Wanted::Part(first.to_owned(), want.clone()));
            self.found.marks.push(Mark {
                at: start..name.end(),
                what: What::Item(format!("{first}.{}", name.text)),
            });
            self.at += 1;
            return self.parts(&format!("{first}.{}", name.text), want);
        }
        let what = self.named_by(first, want, piped);
        self.mark(what);
        self.parts(first, want);
    }

    /// What stands behind the points of a name.
    fn parts(&mut self, of: &str, want: &Want) {
        while self.is(".") && self.is_word(1) {
            self.at += 1;
            self.asked(|_| Wanted::Part(of.to_owned(), want.clone()));
            let name = self.tokens[self.at].text.to_owned();
            self.mark(What::Part(of.to_owned(), name));
        }
    }

    /// What a single name is.
    fn named_by(&self, name: &str, want: &Want, piped: bool) -> What {
        if *want == Want::Sample {
            return self.local(name, false);
        }
        if want.words().contains(&name) {
            let told = self.told.clone();
            return told.map_or(What::Unknown, |told| What::Word(Box::new(told)));
        }
        let item = self.scope.item(name);
        let layers = piped && item.is_some_and(|item| item.noun == Noun::Layers);
        if layers || item.is_some_and(|item| want.names(item.noun)) {
            return What::Item(name.to_owned());
        }
        if want.holds(&Type::Place) {
            return What::Place {
                defines: false,
                name: name.to_owned(),
            };
        }
        if want.holds(&Type::Stage) && name == "all" {
            return What::Keyword;
        }
        match item {
            // of the wrong kind, but that is what is meant
            Some(_) if !want.holds(&Type::Field) && !want.holds(&Type::Watched) => {
                What::Item(name.to_owned())
            }
            _ => What::Unknown,
        }
    }
}

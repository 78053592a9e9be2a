//! `augment NAME(…) { … }`

use super::super::mark::{Local, Wanted, What};
use super::super::outline::Noun;
use super::super::want::Want;
use super::Reader;

impl Reader<'_> {
    pub(super) fn augment(&mut self) {
        self.augment = self.tokens[self.at].start;
        self.locals.clear();
        self.mark(What::Keyword);
        self.asked(|_| Wanted::Name);
        let Some(name) = self.next().filter(|token| token.is_word()) else {
            return;
        };
        self.mark(What::Defines(Noun::Augment, name.text.to_owned()));
        self.bracket("(", ")", &mut |reader| {
            if reader.is_word(0) {
                reader.bind_local(true);
            }
        });
        self.bracket("{", "}", &mut |reader| reader.line());
        self.locals.clear();
    }

    fn line(&mut self) {
        self.asked(|_| Wanted::Line);
        let Some(token) = self.next() else { return };
        if token.is("(") {
            // `(view, turn) = …`; they are known below it
            let known = self.locals.len();
            self.bracket("(", ")", &mut |reader| {
                if reader.is_word(0) {
                    reader.bind_local(false);
                }
            });
            return self.bound(known);
        }
        if !token.is_word() {
            return;
        }
        if token.text == "emit" && !self.is_ahead(1, "=") {
            self.mark(What::Keyword);
            loop {
                self.emitted();
                if !self.take(",") {
                    return;
                }
            }
        }
        if !self.is_ahead(1, "=") {
            let what = self.local(token.text, false);
            return self.mark(what);
        }
        let known = self.locals.len();
        self.bind_local(false);
        self.bound(known);
    }

    /// The value of what was bound behind the first `known` names.
    fn bound(&mut self, known: usize) {
        let own = self.locals.split_off(known);
        if self.take("=") {
            self.expr(&Want::Sample, None);
        }
        self.locals.extend(own);
    }

    fn emitted(&mut self) {
        if self.is_word(0) && self.is_ahead(1, "=") {
            self.mark(What::Emits);
            self.at += 1;
            return self.expr(&Want::Sample, None);
        }
        // without a name of its own a field is called what flows into its pipeline
        let first = self.at;
        let begins = self.found.marks.len();
        self.expr(&Want::Sample, None);
        let head = self.tokens.get(first).map(|token| token.start);
        if let Some(mark) = self.found.marks.get_mut(begins)
            && Some(mark.at.start) == head
            && let What::Local(local) = &mut mark.what
        {
            local.emits = true;
        }
    }

    /// A name that is bound here.
    fn bind_local(&mut self, is_field: bool) {
        let name = self.tokens[self.at].text.to_owned();
        self.mark(What::Local(Local {
            augment: self.augment,
            name: name.clone(),
            is_field,
            defines: true,
            emits: false,
        }));
        self.locals.push((name, is_field));
    }

    /// What a name inside of an augment is.
    pub(super) fn local(&self, name: &str, defines: bool) -> What {
        let Some((_, is_field)) = self.locals.iter().find(|(own, _)| own == name) else {
            return What::Unknown;
        };
        What::Local(Local {
            augment: self.augment,
            name: name.to_owned(),
            is_field: *is_field,
            defines,
            emits: false,
        })
    }
}

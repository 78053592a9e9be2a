//! Names of the recipe and entries of the catalog.

use super::{Checker, Use};
use crate::catalog::{Kind, SharedSpec};
use crate::language::ast::{Item, Name};
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, Span};

/// `a` or `an` before a noun.
pub fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

/// `a layer`, `an encoder`, `a layer or an encoder`
pub fn kinds_text(kinds: &[Kind]) -> String {
    let nouns: Vec<String> = kinds
        .iter()
        .map(|kind| format!("{} {}", article(kind.singular()), kind.singular()))
        .collect();
    nouns.join(" or ")
}

impl<'a> Checker<'a> {
    /// The recipe's item of this name; it must be a `noun` (a dataset, an encoder, an augment, a stage). Says why where there is
    /// none.
    pub(super) fn item(&mut self, name: &Name, noun: &str) -> Option<&'a Item> {
        let found = self
            .items
            .get_key_value(name.text.as_str())
            .map(|(key, item)| (*key, *item));
        if let Some((key, item)) = found {
            if item.noun() == noun {
                self.uses.push(Use {
                    by: self.current,
                    of: key,
                    span: name.span,
                });
                return Some(item);
            }
            let mut diagnostic = Diagnostic::error(
                Code::WrongKind,
                name.span,
                format!(
                    "`{}` is {} {}, not {} {noun}",
                    name.text,
                    article(item.noun()),
                    item.noun(),
                    article(noun)
                ),
            );
            if let Some(defined) = item.name() {
                diagnostic = diagnostic.label(defined.span, "defined here");
            }
            self.error(diagnostic);
            return None;
        }
        if self.full() {
            self.dropped += 1;
            return None;
        }
        // an item whose name is not there may be this one
        let lost = (self.lost.iter()).any(|lost| lost.text == name.text || lost.text.is_empty());
        // one slip, one error: the same name elsewhere is the same slip
        if !lost && self.unknown.insert((noun.to_owned(), name.text.clone())) {
            let diagnostic = self.unknown(name, noun);
            self.error(diagnostic);
        }
        None
    }

    fn unknown(&self, name: &Name, noun: &str) -> Diagnostic {
        let word = if noun == "data set" { "dataset" } else { noun };
        let diagnostic = Diagnostic::error(
            Code::UnknownName,
            name.span,
            format!("no {noun} of this recipe is called `{}`", name.text),
        );
        if let Some((_, made)) = self.spread.iter().find(|(of, _)| *of == name.text) {
            let made: Vec<&str> = made.iter().map(String::as_str).collect();
            return diagnostic
                .note(format!(
                    "`{}` starts from several stages: it is {}.",
                    name.text,
                    some_of(&made)
                ))
                .help("name one of them");
        }
        let of_noun: Vec<&str> = self
            .items
            .values()
            .filter(|item| item.noun() == noun)
            .filter_map(|item| item.name())
            .map(|name| name.text.as_str())
            .filter(|name| *name != self.current)
            .collect();
        if let Some(near) = nearest(&name.text, of_noun.iter().copied()) {
            return diagnostic.fix(
                format!("{} {noun} with a similar name exists", article(noun)),
                name.span,
                near,
            );
        }
        let callable = match noun {
            "data set" => Some(Kind::Dataset),
            "encoder" => Some(Kind::Encoder),
            _ => None,
        };
        if callable.is_some_and(|kind| self.catalog.find(kind, &name.text).is_some()) {
            return diagnostic.fix(
                "call the one that is built in",
                name.span,
                format!("{}()", name.text),
            );
        }
        if of_noun.is_empty() {
            return match word {
                "augment" => diagnostic.help(format!(
                    "define one: `augment {}(image) {{ … }}`",
                    name.text
                )),
                "stage" => {
                    diagnostic.help(format!("define one: `pretext {} = … {{ … }}`", name.text))
                }
                "fit" => diagnostic.help(format!(
                    "define one: `fit {} = … {{ data = … }}`",
                    name.text
                )),
                _ => diagnostic.help(format!("define one: `{word} {} = …`", name.text)),
            };
        }
        diagnostic.note(format!("There is {}.", some_of(&of_noun)))
    }

    /// The catalog's entry of this name for one of these kinds. Says why where there is none.
    pub(super) fn entry(&mut self, kinds: &[Kind], name: &Name) -> Option<SharedSpec> {
        if let Some(spec) = kinds
            .iter()
            .find_map(|kind| self.catalog.find(*kind, &name.text))
        {
            return Some(spec.clone());
        }
        if self.full() {
            self.dropped += 1;
            return None;
        }
        let wanted = kinds_text(kinds);
        // an item that calls its own name means one of the catalog's
        if let Some(item) = self.items.get(name.text.as_str()).copied()
            && self.current != name.text
        {
            let noun = item.noun();
            let mut diagnostic = Diagnostic::error(
                Code::WrongKind,
                name.span,
                format!(
                    "`{}` is {} {noun} of this recipe, not {wanted}",
                    name.text,
                    article(noun)
                ),
            );
            if let Some(defined) = item.name() {
                diagnostic = diagnostic.label(defined.span, "defined here");
            }
            let help = "names of the recipe are written without brackets";
            self.error(diagnostic.help(help));
            return None;
        }
        if self.lost.iter().any(|lost| lost.text == name.text) {
            return None;
        }
        let other: Vec<Kind> = self
            .catalog
            .of_name(&name.text)
            .map(|spec| spec.kind)
            .collect();
        if other.is_empty() && kinds.iter().any(|kind| self.missing.contains(kind)) {
            return None;
        }
        let diagnostic = if other.is_empty() {
            let mut names: Vec<&str> = kinds
                .iter()
                .flat_map(|kind| self.catalog.of_kind(*kind))
                .map(|spec| spec.name.as_str())
                .collect();
            // short for `use script`
            if kinds.contains(&Kind::Schedule) {
                names.push("script");
            }
            let singular: Vec<&str> = kinds.iter().map(|kind| kind.singular()).collect();
            let diagnostic = Diagnostic::error(
                Code::UnknownEntry,
                name.span,
                format!("unknown {} `{}`", singular.join(" or "), name.text),
            );
            match nearest(&name.text, names.iter().copied()) {
                Some(near) => diagnostic.fix("one with a similar name exists", name.span, near),
                None if names.is_empty() => diagnostic,
                None => diagnostic
                    .note(format!("There is {}.", some_of(&names)))
                    .help("`pretext list` shows all"),
            }
        } else {
            Diagnostic::error(
                Code::WrongKind,
                name.span,
                format!("`{}` is {}, not {wanted}", name.text, kinds_text(&other)),
            )
            .help(format!("`pretext doc {}` says where it stands", name.text))
        };
        self.error(diagnostic);
        None
    }

    /// A name where a call is needed: `relu` for `relu()`.
    pub(super) fn needs_brackets(&mut self, kinds: &[Kind], names: &[Name], span: Span) {
        let [name] = names else {
            let message = format!("expected {}, found a part of something", kinds_text(kinds));
            self.error(Diagnostic::error(Code::Mistyped, span, message));
            return;
        };
        if let Some(spec) = self.entry(kinds, name) {
            let diagnostic = Diagnostic::error(
                Code::Mistyped,
                span,
                format!("{} `{}` must be called", spec.kind.singular(), name.text),
            )
            .fix("add brackets", span, format!("{}()", name.text));
            self.error(diagnostic);
        }
    }
}

/// The first names of a list, for a note.
pub fn some_of(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    match (shown.as_slice(), names.len() > SHOWN) {
        ([one], _) => one.clone(),
        (_, true) => format!("{} and {} more", shown.join(", "), names.len() - SHOWN),
        ([most @ .., last], false) => format!("{} and {last}", most.join(", ")),
        ([], false) => "nothing".into(),
    }
}

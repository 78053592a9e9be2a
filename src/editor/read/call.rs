//! Calls with their arguments.

use super::super::mark::{Mark, Wanted, What};
use super::super::outline::{Noun, begins_item};
use super::super::want::Want;
use super::{Reader, left};
use crate::catalog::{Kind, Param, SharedSpec, Type};
use crate::language::LexKind;

impl Reader<'_> {
    /// `name(…)`, `views.view(…)`. `elsewhere`: arguments that are given outside of its brackets.
    pub(super) fn call(&mut self, want: &Want, piped: bool, elsewhere: &[String]) {
        let first = self.tokens[self.at].text;
        let mut name = first.to_owned();
        if self.is_ahead(1, ".") && self.is_word(2) {
            let (start, second) = (self.tokens[self.at].start, self.tokens[self.at + 2]);
            name = format!("{first}.{}", second.text);
            self.at += 2;
            self.asked(|_| Wanted::Part(first.to_owned(), want.clone()));
            self.found.marks.push(Mark {
                at: start..second.end(),
                what: What::Item(name.clone()),
            });
            self.at += 1;
        } else {
            // another augment wins over a transform of its name
            let augment = *want == Want::Sample
                && self
                    .scope
                    .item(first)
                    .is_some_and(|item| item.noun == Noun::Augment);
            let spec = want.find(&self.scope.catalog, first, piped);
            match spec {
                Some(spec) if !augment => {
                    self.mark(What::Entry(spec.clone()));
                    return self.arguments(&spec, want, elsewhere);
                }
                _ if augment => self.mark(What::Item(name.clone())),
                // short for `use script`
                _ if first == "script" && want.holds(&Type::Call(Kind::Schedule)) => {
                    return self.script();
                }
                _ => self.mark(What::Unknown),
            }
        }
        // nobody knows what it takes
        let anything = match want {
            Want::Sample => Want::Sample,
            _ => Want::Anything,
        };
        self.bracket("(", ")", &mut |reader| {
            if reader.is_word(0) && reader.is_ahead(1, "=") {
                reader.at += 2;
            }
            reader.expr(&anything, None);
        });
    }

    /// `script("warm.rhai")`
    fn script(&mut self) {
        self.mark(What::Keyword);
        self.bracket("(", ")", &mut |reader| match reader
            .next()
            .is_some_and(|next| next.kind == LexKind::Text)
        {
            true => reader.mark(What::File),
            false => reader.at += 1,
        });
    }

    fn arguments(&mut self, spec: &SharedSpec, want: &Want, elsewhere: &[String]) {
        let of = format!("{} `{}`", spec.kind.singular(), spec.name);
        let stage = matches!(want, Want::Entry(_));
        let fields = match want {
            // what stands in a stage's block may stand in its brackets
            Want::Entry(kind) => self.scope.fields_of(*kind, Some(spec)),
            _ => spec.params.clone(),
        };
        let mut base = match &self.told {
            Some(told) if !stage => told.path.split('.').map(str::to_owned).collect(),
            _ => self.path.clone(),
        };
        if self.several && !stage {
            // a step of a pipeline is called by its place, where it has one
            base.push(self.place_ahead().unwrap_or_else(|| spec.name.clone()));
        }
        let mut given: Option<Vec<&str>> = None;
        let mut next = 0;
        self.bracket("(", ")", &mut |reader| {
            let mut given = given.get_or_insert_with(|| reader.given()).clone();
            given.extend(elsewhere.iter().map(String::as_str));
            let positional: Option<&Param> = match spec.gathers {
                true => spec.params.first(),
                false => spec.params.get(next),
            };
            let wanted = |param: Option<&Param>| match param.map(|param| &param.ty) {
                Some(Type::List(element)) if spec.gathers => Want::Typed((**element).clone()),
                Some(ty) => Want::Typed(ty.clone()),
                None => Want::Anything,
            };
            let named = reader.is_word(0) && reader.is_ahead(1, "=");
            reader.asked(|_| Wanted::Argument {
                fields: left(&fields, &given),
                of: of.clone(),
                want: match named {
                    true => Want::Anything,
                    false => wanted(positional),
                },
                next: positional.map(|param| param.name.clone()),
            });
            let asked = reader.cursor == Some(reader.at);
            let outer = std::mem::replace(&mut reader.path, base.clone());
            if named {
                let name = reader.tokens[reader.at].text;
                let param = fields.iter().find(|field| field.name == name);
                let told = param.map(|param| reader.told(param, &of));
                match &told {
                    Some(told) => reader.mark(What::Param(Box::new(told.clone()))),
                    None => reader.mark(What::Unknown),
                }
                reader.at += 1;
                let want = param.map_or(Want::Anything, |param| Want::Typed(param.ty.clone()));
                reader.expr(&want, told);
            } else {
                let told = positional.map(|param| reader.told(param, &of));
                let want = wanted(positional);
                let before = reader.found.wanted.take();
                reader.expr(&want, told);
                // the names of arguments may stand there too
                if asked || reader.found.wanted.is_none() {
                    reader.found.wanted = before;
                }
                next += 1;
            }
            reader.path = outer;
        });
    }

    /// `as NAME` behind the brackets that begin here.
    fn place_ahead(&self) -> Option<String> {
        let mut depth = 0usize;
        for at in self.at..self.tokens.len() {
            let token = &self.tokens[at];
            if at > self.begun && begins_item(self.tokens, at) {
                return None;
            }
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                let word = self.tokens.get(at + 1)?;
                let name = self.tokens.get(at + 2)?;
                return (word.text == "as" && name.is_word()).then(|| name.text.to_owned());
            }
        }
        None
    }
}

//! Reads a text word by word and says what each is: whatever is wrong in it, the rest keeps its meaning.
//!
//! The language's own parser says what is wrong with a text and what it means; this one never refuses, and knows the place where
//! somebody is typing.

mod augment;
mod call;
mod item;
mod value;

use super::mark::{Mark, Told, Wanted, What};
use super::outline::begins_item;
use super::scope::Scope;
use super::token::{Token, Tokens};
use crate::catalog::Param;

/// Brackets inside one another that are followed.
const DEPTH: usize = 80;

/// What was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// In order.
    pub marks: Vec<Mark>,
    /// What may stand at the place that was asked about.
    pub wanted: Option<Wanted>,
    /// The names of an augment that may stand there.
    pub locals: Vec<String>,
}

impl Reading {
    /// The word at a place, or right before it.
    pub fn at(&self, offset: usize) -> Option<&Mark> {
        let behind = self.marks.partition_point(|mark| mark.at.start <= offset);
        let before = self.marks.get(behind.checked_sub(1)?)?;
        (offset <= before.at.end).then_some(before)
    }
}

/// Reads all of a text. `cursor`: the number of the word that is asked about.
pub fn read(tokens: &Tokens<'_>, scope: &Scope, cursor: Option<usize>) -> Reading {
    let mut reader = Reader {
        tokens: &tokens.all,
        at: 0,
        begun: 0,
        depth: 0,
        cursor,
        scope,
        path: Vec::new(),
        told: None,
        several: false,
        locals: Vec::new(),
        augment: 0,
        found: Reading::default(),
    };
    while reader.at < reader.tokens.len() {
        let before = reader.at;
        reader.begun = before;
        reader.depth = 0;
        reader.item();
        // whatever stands there: reading goes on
        reader.at = reader.at.max(before + 1);
    }
    let mut found = reader.found;
    found.marks.sort_by_key(|mark| mark.at.start);
    found.marks.retain(|mark| !mark.at.is_empty());
    found
}

struct Reader<'r> {
    tokens: &'r [Token<'r>],
    at: usize,
    /// Where the item begins that is read.
    begun: usize,
    /// Brackets that are open.
    depth: usize,
    cursor: Option<usize>,
    scope: &'r Scope,
    /// Where in the recipe: `rotations`, `optimizer`.
    path: Vec<String>,
    /// The parameter that a value is read for.
    told: Option<Told>,
    /// Whether a pipeline of several steps is read.
    several: bool,
    /// Names of the augment that is read, with whether they are fields of the record.
    locals: Vec<(String, bool)>,
    /// Where that augment begins.
    augment: usize,
    found: Reading,
}

impl<'r> Reader<'r> {
    /// The token that is next; none where the text ends, or the next item begins.
    fn next(&self) -> Option<&'r Token<'r>> {
        self.ahead(0)
    }

    fn ahead(&self, n: usize) -> Option<&'r Token<'r>> {
        let at = self.at + n;
        let token = self.tokens.get(at)?;
        let own = self.at.max(self.begun + 1);
        let ends = (own..=at).any(|at| begins_item(self.tokens, at));
        (!ends).then_some(token)
    }

    fn is(&self, sign: &str) -> bool {
        self.next().is_some_and(|token| token.is(sign))
    }

    fn is_ahead(&self, n: usize, sign: &str) -> bool {
        self.ahead(n).is_some_and(|token| token.is(sign))
    }

    fn is_word(&self, n: usize) -> bool {
        self.ahead(n).is_some_and(Token::is_word)
    }

    /// Passes a sign if it is next.
    fn take(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        self.at += usize::from(is);
        is
    }

    /// Passes the next token with what it is.
    fn mark(&mut self, what: What) {
        if let Some(token) = self.tokens.get(self.at) {
            self.found.marks.push(Mark {
                at: token.start..token.end(),
                what,
            });
        }
        self.at += 1;
    }

    /// Notes what may stand at the next token, if that is asked about.
    fn asked(&mut self, wanted: impl FnOnce(&Self) -> Wanted) {
        if self.cursor == Some(self.at) && self.next().is_some() {
            let wanted = wanted(self);
            self.found.wanted = Some(wanted);
            self.found.locals = self.locals.iter().map(|(name, _)| name.clone()).collect();
        }
    }

    /// A parameter at this place of the recipe.
    fn told(&self, param: &Param, of: &str) -> Told {
        let mut path = self.path.clone();
        path.push(param.name.clone());
        Told {
            param: param.clone(),
            of: of.to_owned(),
            path: path.join("."),
        }
    }

    /// Opens a bracket and reads what is in it one after the other, until it is closed.
    fn bracket(&mut self, open: &str, close: &str, each: &mut dyn FnMut(&mut Self)) {
        if !self.take(open) {
            return;
        }
        self.depth += 1;
        if self.depth > DEPTH {
            // nobody writes this: what is deeper is passed
            self.at = self.tokens.len();
        }
        while let Some(token) = self.next() {
            if token.is(close) {
                self.at += 1;
                break;
            }
            let before = self.at;
            if !token.is(",") {
                each(self);
            }
            if self.at == before {
                self.at += 1;
            }
        }
        self.depth -= 1;
    }

    /// The names that are given in a block from here on, up to its end.
    fn given(&self) -> Vec<&'r str> {
        let mut depth = 0usize;
        let mut given = Vec::new();
        for at in self.at..self.tokens.len() {
            let token = &self.tokens[at];
            if begins_item(self.tokens, at) {
                break;
            }
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" if depth == 0 => break,
                ")" | "]" | "}" => depth -= 1,
                "=" if depth == 0 && at > self.at => given.push(self.tokens[at - 1].text),
                _ => {}
            }
        }
        given
    }
}

/// Those of some parameters that are not given yet.
fn left(fields: &[Param], given: &[&str]) -> Vec<Param> {
    let mut left = fields.to_vec();
    left.retain(|field| !given.contains(&field.name.as_str()));
    left
}

//! The words and signs of a text with their places, whatever is wrong with it.

use crate::language::{LexKind, lex};

/// A word or sign.
#[derive(Clone, Copy, Debug)]
pub struct Token<'t> {
    /// What it is; never a comment.
    pub kind: LexKind,
    /// As it is written.
    pub text: &'t str,
    /// First byte.
    pub start: usize,
    /// Whether a line ends between the token before and this one.
    pub begins_line: bool,
}

impl Token<'_> {
    /// One past its last byte.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this sign.
    pub fn is(&self, sign: &str) -> bool {
        self.kind == LexKind::Sign && self.text == sign
    }

    /// Whether it is a word.
    pub fn is_word(&self) -> bool {
        self.kind == LexKind::Word
    }
}

/// The tokens of a text, and its comments.
#[derive(Debug, Default)]
pub struct Tokens<'t> {
    /// In order.
    pub all: Vec<Token<'t>>,
    /// Byte ranges.
    pub comments: Vec<std::ops::Range<usize>>,
}

impl<'t> Tokens<'t> {
    /// Reads them.
    pub fn new(text: &'t str) -> Self {
        let mut found = Self::default();
        let mut at = 0;
        let mut broken = true;
        for token in lex(text) {
            // only blanks lie between two of them
            let blanks = text[at..].chars().take_while(|c| c.is_whitespace());
            let start = at + blanks.map(char::len_utf8).sum::<usize>();
            at = start + token.text.len();
            broken |= token.breaks > 0;
            if token.kind == LexKind::Comment {
                found.comments.push(start..at);
                continue;
            }
            found.all.push(Token {
                kind: token.kind,
                text: token.text,
                start,
                begins_line: std::mem::take(&mut broken),
            });
        }
        found
    }

    /// Puts a word without letters at a place where none stands, so that what would stand there is read; the number of the word that
    /// the place is in or behind. `None` inside of a comment or of what is no word.
    pub fn cursor(&mut self, text: &'t str, offset: usize) -> Option<usize> {
        // a comment goes to the end of its line
        if (self.comments.iter()).any(|comment| comment.start < offset && offset <= comment.end) {
            return None;
        }
        let index = self.all.partition_point(|token| token.start < offset);
        if let Some(before) = index.checked_sub(1).map(|at| &self.all[at]) {
            if before.kind == LexKind::Word && offset <= before.end() {
                return Some(index - 1);
            }
            // inside of a string, a number, a sign of two characters
            if offset < before.end() {
                return None;
            }
        }
        if let Some(next) = self.all.get(index)
            && next.start == offset
            && next.is_word()
        {
            return Some(index);
        }
        let behind = index.checked_sub(1).map_or(0, |at| self.all[at].end());
        let breaks = |from: usize, to: usize| text[from..to].contains(['\n', '\r']);
        let begins_line = index == 0 || breaks(behind, offset);
        if let Some(next) = self.all.get_mut(index) {
            next.begins_line = breaks(offset, next.start.max(offset));
        }
        self.all.insert(
            index,
            Token {
                kind: LexKind::Word,
                text: &text[offset..offset],
                start: offset,
                begins_line,
            },
        );
        Some(index)
    }
}

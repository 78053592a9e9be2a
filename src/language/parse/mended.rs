//! A text with its slips mended, and the way back to the places of what was written.

use std::ops::Range;

use crate::language::{Diagnostic, Span};

/// One replacement.
pub type Edit = (Range<usize>, String);

/// The text that is parsed: what was written, with every slip that has one sure remedy mended, so that the rest can be read.
#[derive(Clone)]
pub struct Mended {
    /// The text.
    pub text: String,
    /// For each byte of `text`, and for its end, the byte of the original it stands for.
    places: Vec<usize>,
}

impl Mended {
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            places: (0..=text.len()).collect(),
        }
    }

    /// Makes all of these replacements; one that overlaps an earlier one, or cuts a character, is left out.
    pub fn apply(&mut self, edits: &[Edit]) {
        let mut edits: Vec<&Edit> = edits.iter().collect();
        edits.sort_by_key(|(at, _)| (at.start, at.end));
        let mut text = String::with_capacity(self.text.len() + 64);
        let mut places = Vec::with_capacity(self.places.len() + 64);
        let mut done = 0;
        for (at, by) in edits {
            if at.start < done || self.text.get(at.clone()).is_none() {
                continue;
            }
            text.push_str(&self.text[done..at.start]);
            places.extend_from_slice(&self.places[done..at.start]);
            text.push_str(by);
            places.extend(std::iter::repeat_n(self.places[at.start], by.len()));
            done = at.end;
        }
        text.push_str(&self.text[done..]);
        places.extend_from_slice(&self.places[done..]);
        (self.text, self.places) = (text, places);
    }

    /// The place in the original.
    pub fn place(&self, at: usize) -> usize {
        self.places[at.min(self.places.len() - 1)]
    }

    /// The span in the original.
    pub fn span(&self, span: &mut Span) {
        *span = Span::new(span.file, self.place(span.start), self.place(span.end));
    }

    /// Every place in a diagnostic.
    pub fn diagnostic(&self, diagnostic: &mut Diagnostic) {
        self.span(&mut diagnostic.primary.span);
        for label in &mut diagnostic.labels {
            self.span(&mut label.span);
        }
        for help in &mut diagnostic.helps {
            if let Some((span, _)) = &mut help.edit {
                self.span(span);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back() {
        let mut mended = Mended::new("a … b c");
        mended.apply(&[(2..5, "..".into()), (7..7, ",".into())]);
        assert_eq!(mended.text, "a .. b, c");
        assert_eq!(mended.place(2), 2);
        assert_eq!(mended.place(4), 5);
        assert_eq!(mended.place(5), 6);
        assert_eq!(mended.place(8), 8);
        mended.apply(&[
            (0..1, String::new()),
            (0..1, "x".into()),
            (99..100, "y".into()),
        ]);
        assert_eq!(mended.text, " .. b, c");
        assert_eq!(mended.place(1), 2);
        assert_eq!(mended.place(99), 9);
    }
}

//! A line of text with gaps: words that were hidden, and what was filled in.

use serde::{Deserialize, Serialize};

/// A part of the line: words as they stand, or a word that was hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// As they are written.
    pub words: String,
    /// What was filled in where they were hidden; empty where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filled: Option<String>,
}

impl Part {
    /// Words that stand as they are, on one line.
    pub(super) fn seen(words: &str) -> Self {
        Self {
            words: plain(words),
            filled: None,
        }
    }

    /// A word that was hidden, and what was filled in.
    pub(super) fn hidden(word: &str, filled: &str) -> Self {
        Self {
            words: plain(word),
            filled: Some(plain(filled)),
        }
    }

    /// Whether what was hidden was filled in; `None` where nothing was hidden.
    pub fn right(&self) -> Option<bool> {
        self.filled.as_ref().map(|filled| *filled == self.words)
    }

    /// A line of these.
    pub fn line(parts: &[Part]) -> String {
        let parts: Vec<String> = parts.iter().map(Part::text).collect();
        parts.join(" ")
    }

    /// As a person reads it, without colours: `[boat ✓]` where the hidden word was filled in, `[boat ✗ tide]` where another one was.
    pub fn text(&self) -> String {
        let words = &self.words;
        match (&self.filled, self.right()) {
            (None, _) => words.clone(),
            (_, Some(true)) => format!("[{words} ✓]"),
            (Some(filled), _) if filled.is_empty() => format!("[{words} ✗]"),
            (Some(filled), _) => format!("[{words} ✗ {filled}]"),
        }
    }
}

/// A vocabulary is a file of anybody's: a piece of it ends no line and moves no cursor.
fn plain(text: &str) -> String {
    let letters = text.chars();
    let letters = letters.map(|c| if c.is_control() { '\u{fffd}' } else { c });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_and_wrong_are_told_apart_without_colours() {
        let parts = [
            Part::seen("the"),
            Part::hidden("boat", "boat"),
            Part::hidden("##s", "tide"),
            Part::hidden("salt", ""),
            Part::seen("is\nred \u{1b}[31m"),
        ];
        assert_eq!(
            Part::line(&parts),
            "the [boat ✓] [##s ✗ tide] [salt ✗] is\u{fffd}red \u{fffd}[31m"
        );
        let right: Vec<Option<bool>> = parts.iter().map(Part::right).collect();
        assert_eq!(right, [None, Some(true), Some(false), Some(false), None]);
        let json = serde_json::to_string(&parts[..2]).unwrap();
        assert_eq!(
            json,
            r#"[{"words":"the"},{"words":"boat","filled":"boat"}]"#
        );
    }
}

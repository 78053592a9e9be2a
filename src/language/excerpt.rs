//! The few lines of a file that a frame shows.

use std::ops::Range;

use super::visible::{steers, visible_line};
use super::{FileId, Sources, Span};

/// Longest line that is shown as it is, in bytes.
const LONG: usize = 200;
/// Bytes shown before and after the place in a longer one.
const BEFORE: usize = 60;
const AFTER: usize = 100;
/// Places farther from the first than this many lines are left out.
const FAR: usize = 2000;

/// The lines that hold some places, made safe to be shown; lines between them are empty, lines too long are cut.
pub struct Excerpt {
    /// The lines.
    pub text: String,
    /// Number of the first, from 1.
    pub first_line: usize,
    /// Whether a line was cut, or has signs that are written out: its columns are not the file's.
    pub cut: bool,
    pieces: Vec<Piece>,
}

/// A stretch of the file that the excerpt holds.
struct Piece {
    file: Range<usize>,
    /// Where it begins in the excerpt.
    at: usize,
    /// As it stands in the file.
    own: String,
}

impl Piece {
    /// Where a place of the file stands in the excerpt.
    fn place(&self, in_file: usize) -> usize {
        let own = in_file.saturating_sub(self.file.start).min(self.own.len());
        self.at + shown(&self.own[..floor(&self.own, own)]).len()
    }
}

/// A line without what steers a screen. A tab is the frame's to lay out.
fn shown(line: &str) -> String {
    let parts: Vec<_> = line.split('\t').map(visible_line).collect();
    parts.join("\t")
}

impl Excerpt {
    /// The lines of these places in one file; the first place is always shown.
    pub fn new(
        sources: &Sources,
        file: FileId,
        spans: impl IntoIterator<Item = Span>,
    ) -> Option<Self> {
        let text: &str = &sources.file(file).text;
        let mut starts: Vec<usize> = spans
            .into_iter()
            .map(|span| floor(text, span.start))
            .collect();
        let first = *starts.first()?;
        starts.sort_unstable();
        let line_of = |at: usize| {
            text.as_bytes()[..at]
                .iter()
                .filter(|b| **b == b'\n')
                .count()
        };
        let main = line_of(first);
        let mut excerpt = Self {
            text: String::new(),
            first_line: 1,
            cut: false,
            pieces: Vec::new(),
        };
        let mut last: Option<usize> = None;
        for start in starts {
            let line = line_of(start);
            if line.abs_diff(main) > FAR || last == Some(line) {
                continue;
            }
            match last {
                None => excerpt.first_line = line + 1,
                Some(before) => (before..line).for_each(|_| excerpt.text.push('\n')),
            }
            last = Some(line);
            let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
            let to = text[start..].find('\n').map_or(text.len(), |at| start + at);
            let (stretch, cut_left, cut_right) = if to - from > LONG {
                let left = floor(text, start.saturating_sub(BEFORE)).max(from);
                let right = floor(text, start + AFTER).min(to);
                (left..right, left > from, right < to)
            } else {
                (from..to, false, false)
            };
            excerpt.cut |= cut_left || cut_right;
            if cut_left {
                excerpt.text.push('…');
            }
            let own = match text[stretch.clone()].strip_suffix('\r') {
                Some(line) if !cut_right => line,
                _ => &text[stretch.clone()],
            };
            excerpt.cut |= own.chars().any(|c| steers(c) && c != '\t');
            excerpt.pieces.push(Piece {
                file: stretch.clone(),
                at: excerpt.text.len(),
                own: own.to_owned(),
            });
            excerpt.text.push_str(&shown(own));
            if cut_right {
                excerpt.text.push('…');
            }
        }
        Some(excerpt)
    }

    /// Where a place stands in the excerpt, cut to its first line; `None` if that line is not shown.
    pub fn range(&self, span: Span) -> Option<Range<usize>> {
        let piece = self
            .pieces
            .iter()
            .find(|piece| piece.file.start <= span.start && span.start <= piece.file.end)?;
        let start = piece.place(span.start);
        let end = piece.place(span.end.clamp(span.start, piece.file.end.max(span.start)));
        let limit = self.text.len();
        let start = floor(&self.text, start.min(limit));
        Some(start..floor(&self.text, end.min(limit)).max(start))
    }
}

/// The nearest boundary of a character at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, spans: &[(usize, usize)]) -> (Excerpt, Vec<Span>) {
        let mut sources = Sources::default();
        let file = sources.add("a.ssl", text);
        let spans: Vec<Span> = spans.iter().map(|(a, b)| Span::new(file, *a, *b)).collect();
        let excerpt = Excerpt::new(&sources, file, spans.iter().copied());
        (excerpt.expect("a place was given"), spans)
    }

    #[test]
    fn keeps_places_and_empties_the_lines_between() {
        let (excerpt, spans) = excerpt("one\ntwo\nthree\nfour\n", &[(14, 18), (4, 7)]);
        assert_eq!(excerpt.text, "two\n\nfour");
        assert_eq!(excerpt.first_line, 2);
        assert_eq!(excerpt.range(spans[0]), Some(5..9));
        assert_eq!(excerpt.range(spans[1]), Some(0..3));
    }

    #[test]
    fn cuts_long_lines_around_the_place() {
        let text = "é".repeat(100_000);
        let (excerpt, spans) = excerpt(&text, &[(100_000, 100_002)]);
        assert!(excerpt.cut && excerpt.text.len() < 200);
        let range = excerpt.range(spans[0]).expect("shown");
        assert_eq!(&excerpt.text[range], "é");
    }

    #[test]
    fn writes_out_what_steers_a_screen_and_keeps_the_places() {
        let (excerpt, spans) = excerpt("a\x1b[2Jb\tc\u{202e}d\re\r\n", &[(13, 14), (1, 5), (0, 1)]);
        assert_eq!(excerpt.text, "a\\u{1b}[2Jb\tc\\u{202e}d\\re");
        let at = |span| &excerpt.text[excerpt.range(span).expect("shown")];
        let parts: Vec<&str> = spans.iter().map(|span| at(*span)).collect();
        assert_eq!(parts, ["e", "\\u{1b}[2J", "a"]);
        assert!(excerpt.cut);
    }

    #[test]
    fn survives_the_end_of_the_file() {
        let (excerpt, spans) = excerpt("ab", &[(2, 2)]);
        assert_eq!(excerpt.range(spans[0]), Some(2..2));
        let (excerpt, spans) = self::excerpt("", &[(0, 0)]);
        assert_eq!(excerpt.range(spans[0]), Some(0..0));
    }
}

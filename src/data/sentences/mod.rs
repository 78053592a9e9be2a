//! Where the sentences of a running text end, by rules.
//!
//! Lines come first. A blank line ends a sentence. So does any other line end, unless the text is [`wrapped`] and the line was broken for
//! want of room. What is left are [`stretch`]es: there a mark ends a sentence (`.`, `!`, `?`, `…` and those of other scripts, with the quotes
//! and brackets that close behind it) if white space follows and then no small letter. A point behind an [`abbreviations`] does not.
//! Marks of Chinese and Japanese need no white space.
//!
//! The boundaries of Unicode (annex 29) were no base for this: they end a sentence at each line end, behind `Mr.`, and in `“Why?” he said`,
//! and none at `…`.

mod abbreviations;
#[cfg(test)]
mod tests;

use self::abbreviations::is_short;

/// Letters of the longest line of a text whose lines may have been broken for want of room.
const WIDTHS: std::ops::RangeInclusive<usize> = 50..=120;

/// Marks that end a sentence where white space follows.
const MARKS: &str = ".!?…‽⁇⁈⁉‼؟۔।॥։።፧။៕";
/// Marks that end a sentence whatever follows.
const WIDE_MARKS: &str = "。！？｡．";
/// What closes behind a mark.
const CLOSING: &str = "\"'“”‘’«»‹›)]}」』）】》〉*_";
/// What may stand before the first letter of a sentence.
const OPENING: &str = "\"'“”‘’„‚«»‹›([{「『（【《〈¿¡*_#-–—•·";
/// What a sentence does not begin with.
const GOES_ON: &str = ".,;:!?…)]}%";

fn is_mark(c: char) -> bool {
    MARKS.contains(c) || WIDE_MARKS.contains(c)
}

/// A letter of a script that is written without spaces.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The sentences of a text in order, each as it stands there, without the white space around it. Nothing but white space is lost.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let width = wrapped(text);
    let mut start = 0;
    let mut end = 0;
    let mut lines = text.split_inclusive(ends_line).peekable();
    while let Some(line) = lines.next() {
        end += line.len();
        let goes_on = width.is_some_and(|width| {
            let next = lines.peek().and_then(|next| next.split_whitespace().next());
            !line.trim().is_empty()
                && next.is_some_and(|word| letters(line) + 1 + letters(word) > width - width / 8)
        });
        if !goes_on {
            stretch(&text[start..end], &mut all);
            start = end;
        }
    }
    all
}

fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\u{2028}' | '\u{2029}' | '\u{85}')
}

fn letters(text: &str) -> usize {
    text.trim_end().chars().count()
}

/// The width that the lines of a text seem to be broken for: that of its longest, where it is one of a page. A line was broken for want
/// of room if the next word would have come into the last eighth or beyond: nobody fills lines to the last letter.
fn wrapped(text: &str) -> Option<usize> {
    let longest = text.split(ends_line).map(letters).max()?;
    WIDTHS.contains(&longest).then_some(longest)
}

/// The sentences of a stretch in which no line end means anything.
fn stretch<'t>(text: &'t str, all: &mut Vec<&'t str>) {
    let mut add = |sentence: &'t str| {
        let sentence = sentence.trim();
        if !sentence.is_empty() {
            all.push(sentence);
        }
    };
    let (mut start, mut at) = (0, 0);
    while let Some(found) = text[at..].find(is_mark) {
        let mark = at + found;
        let closed = mark + closed(&text[mark..]);
        at = closed;
        if ends(&text[start..mark], &text[mark..closed], &text[closed..]) {
            add(&text[start..closed]);
            start = closed;
        }
    }
    add(&text[start..]);
}

/// Bytes of the marks that a text starts with, and of what closes behind them: quotes, brackets, the number of a note.
fn closed(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let own = rest.trim_start_matches(|c| is_mark(c) || CLOSING.contains(c));
        at = text.len() - own.len();
        match note(own) + quote(own) {
            0 => return at,
            n => at += n,
        }
    }
}

/// Bytes of a note's number that a text starts with: `[12]`.
fn note(text: &str) -> usize {
    let digits = text.strip_prefix('[').map_or(0, |rest| {
        let rest = rest.as_bytes().iter();
        rest.take_while(|byte| byte.is_ascii_digit()).count()
    });
    match digits > 0 && text[digits + 1..].starts_with(']') {
        true => digits + 2,
        false => 0,
    }
}

/// Bytes of a French quote's end that a text starts with, the space before it too.
fn quote(text: &str) -> usize {
    let quote = text.strip_prefix([' ', '\u{a0}', '\u{202f}']);
    match quote.and_then(|rest| rest.strip_prefix('»')) {
        Some(rest) if !rest.starts_with(char::is_alphanumeric) => text.len() - rest.len(),
        _ => 0,
    }
}

/// Whether a sentence ends with these marks. `before` is what there is of it, `after` what follows.
fn ends(before: &str, marks: &str, after: &str) -> bool {
    let Some(next) = after.chars().next() else {
        return true;
    };
    let last = marks.chars().rfind(|c| is_mark(*c)).unwrap_or('.');
    if WIDE_MARKS.contains(last) {
        return !next.is_numeric();
    }
    if !next.is_whitespace() {
        return is_unspaced(next) && last != '.';
    }
    let following = after.trim_start();
    if following.starts_with(|c| GOES_ON.contains(c)) {
        return false;
    }
    let following =
        following.trim_start_matches(|c: char| OPENING.contains(c) || c.is_whitespace());
    let Some(first) = following.chars().next() else {
        return true;
    };
    if first.is_lowercase() {
        return false;
    }
    let one_point = marks.starts_with('.') && !marks[1..].starts_with(is_mark);
    !(one_point && is_short(before, following))
}

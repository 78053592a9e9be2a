//! Other people's text on its way to somebody's screen. A script, a plugin, a file's name or a column's may hold what steers a
//! terminal, turns the order of letters around or can't be seen: it is written out instead, `\u{1b}`.
//!
//! Two places print, and both come through here: the renderer of diagnostics beside this file, and `cli::out`.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

/// Whether a character does something else on a screen than to show itself: controls, separators of lines, and what Unicode says
/// is not to be seen (`Default_Ignorable_Code_Point`: marks of direction, joiners, tags), but for the variation selectors that
/// pictographs need.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with all that steers a screen written out. Ends of lines and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |c| steers(c) && c != '\n' && c != '\t')
}

/// The same for what stands in one line.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    escaped(text, steers)
}

fn escaped(text: &str, wants: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&wants) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !wants(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(out)
}

/// A value as indented JSON in which all that steers a screen is written as JSON writes it, `\u001b`: it reads back the same.
///
/// # Errors
/// The value can't be JSON: a map whose keys are no text.
pub fn json(value: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    // outside of strings there are ends of lines alone; inside, JSON has none
    if !text.chars().any(|c| steers(c) && c != '\n') {
        return Ok(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if steers(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One of each kind that a terminal, or a reader, can be led astray by.
    const STEERING: &[char] = &[
        '\0',
        '\x07',
        '\x08',
        '\x0b',
        '\x1b',
        '\x7f',
        '\r',
        '\u{80}',
        '\u{9b}',
        '\u{9d}',
        '\u{ad}',
        '\u{61c}',
        '\u{200b}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{2029}',
        '\u{202a}',
        '\u{202b}',
        '\u{202c}',
        '\u{202d}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2067}',
        '\u{2068}',
        '\u{2069}',
        '\u{3164}',
        '\u{feff}',
        '\u{fff9}',
        '\u{e0041}',
    ];

    #[test]
    fn what_steers_is_written_out_and_the_rest_stays() {
        for c in STEERING {
            assert!(steers(*c), "{c:?}");
        }
        let plain = "Tür, 車, 😀, ❤\u{fe0f}, é, ç, \u{301}x, ~\n\tend";
        assert_eq!(visible(plain), plain);
        assert_eq!(
            visible("a\x1b]8;;http://x\x07b\u{202e}\r\nc\u{9b}2J"),
            "a\\u{1b}]8;;http://x\\u{7}b\\u{202e}\\r\nc\\u{9b}2J"
        );
        assert_eq!(visible_line("a\n\tb"), "a\\n\\tb");
    }

    proptest! {
        #[test]
        fn nothing_that_steers_is_left(text in any::<String>(), at in 0..STEERING.len()) {
            let text = format!("{text}{}{text}", STEERING[at]);
            prop_assert!(!visible(&text).chars().any(|c| steers(c) && c != '\n' && c != '\t'));
            prop_assert!(!visible_line(&text).chars().any(steers));
            let shown = json(&[&text]).expect("a list of text");
            prop_assert!(!shown.chars().any(|c| steers(c) && c != '\n'));
            let back: Vec<String> = serde_json::from_str(&shown).expect("JSON");
            prop_assert_eq!(&back[0], &text);
        }
    }
}

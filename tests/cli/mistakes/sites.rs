//! Where in a recipe a mistake can be made.

use std::ops::Range;

/// Every place where `pattern` stands in what is neither a comment nor (unless the pattern has a quote) a string.
pub fn places(text: &str, pattern: &str) -> Vec<Range<usize>> {
    let code = code(text, pattern.contains('"'));
    text.match_indices(pattern)
        .map(|(at, _)| at..at + pattern.len())
        .filter(|at| code[at.clone()].iter().all(|code| *code))
        .collect()
}

/// For each byte, whether it is code.
fn code(text: &str, strings: bool) -> Vec<bool> {
    let bytes = text.as_bytes();
    let mut code = vec![true; bytes.len()];
    let (mut comment, mut string) = (false, false);
    for at in 0..bytes.len() {
        match bytes[at] {
            b'\n' => (comment, string) = (false, false),
            b'/' if !string && bytes.get(at + 1) == Some(&b'/') => comment = true,
            b'"' if !comment => {
                code[at] = strings;
                string = !string;
                continue;
            }
            _ => {}
        }
        code[at] = !comment && (strings || !string);
    }
    code
}

/// Words that stand before a bracket: what is called.
pub fn calls(text: &str) -> Vec<Range<usize>> {
    let opens = places(text, "(").into_iter();
    opens
        .filter_map(|open| {
            let word = word_before(text, open.start);
            let alone = text[..word.start].ends_with("augment ");
            (word.len() > 2 && !alone).then_some(word)
        })
        .collect()
}

/// The names of fields in blocks: first words of indented lines with a `=` behind them.
pub fn fields(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut stage = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.starts_with([' ', '}']) {
            stage = ["pretext ", "evaluate ", "finetune ", "fit "]
                .iter()
                .any(|word| line.starts_with(word));
        }
        let start = at + line.len() - line.trim_start().len();
        let end = start
            + text[start..]
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(0);
        if stage && line.starts_with("  ") && text[end..].trim_start_matches(' ').starts_with("= ")
        {
            found.push(start..end);
        }
        at += line.len();
    }
    found
}

/// The value of a field: from behind its `=` to the end of its line.
pub fn value(text: &str, field: &Range<usize>) -> Range<usize> {
    let equals = field.end + text[field.end..].find("= ").unwrap_or(0) + 2;
    let end = equals + text[equals..].find('\n').unwrap_or(text.len() - equals);
    equals..end
}

/// The word that ends here.
pub fn word_before(text: &str, end: usize) -> Range<usize> {
    let part = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let length = text[..end].chars().rev().take_while(part).count();
    end - length..end
}

/// The line of a byte, from 1.
pub fn line(text: &str, at: usize) -> u64 {
    let bytes = text.as_bytes()[..at].iter();
    bytes.filter(|byte| **byte == b'\n').count() as u64 + 1
}

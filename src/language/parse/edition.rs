//! The first line, and lines that git left.

use super::slip::Slip;
use super::tokens::{Token, Tokens};
use crate::language::codes::Code;

/// A first line that means `ssl 1` and does not say so.
pub fn slip(text: &str) -> Option<Slip> {
    let tokens = Tokens::new(text);
    let first = (0..tokens.all.len())
        .find(|index| !tokens.is(*index, Token::Newline) && !tokens.is(*index, Token::Comment))?;
    let mut end = first;
    while !tokens.ends(end) {
        end += 1;
    }
    let said: Vec<String> = (first..end)
        .map(|index| tokens.at(index).trim_matches('"').to_lowercase())
        .filter(|word| {
            !matches!(
                word.as_str(),
                ":" | "=" | "v" | "version" | "edition" | "." | ";" | "," | "#" | ":=" | "=="
            )
        })
        .collect();
    let whole = tokens.range(first).start..tokens.range(end - 1).end;
    let written = &text[whole.clone()];
    let words: Vec<&str> = said.iter().map(String::as_str).collect();
    let meant = match words.as_slice() {
        ["ssl"] | ["ssl1" | "sl1"] | ["ssl", "1" | "1.0" | "v1" | "one"] => true,
        // the word alone is misspelt: nothing else begins so
        [word, "1" | "1.0"] if end - first == 2 => {
            matches!(
                *word,
                "sssl" | "sll" | "slll" | "sl" | "lss" | "sls" | "ss" | "pretext"
            )
        }
        ["1" | "1.0"] => {
            let word = tokens.at(first).to_lowercase();
            matches!(word.as_str(), "version" | "edition")
        }
        _ => false,
    };
    // `ssl 1` may stand above a comment; `ssl 1.0` and other numbers are the parser's to refuse
    let number =
        end - first == 2 && tokens.at(first) == "ssl" && tokens.is(first + 1, Token::Number);
    let plain = number && written.split_whitespace().count() == 2;
    if !meant || plain {
        return None;
    }
    let mut slip =
        Slip::new(whole, "the first line is not `ssl 1`").by("write it like this", "ssl 1");
    slip.code = Code::Edition;
    slip.notes
        .push("This version of Pretext reads edition 1: `ssl 1`.".into());
    Some(slip)
}

/// Conflicts that git left: one error for each, at its first line. What was ours is read on.
pub fn conflicts(text: &str) -> Vec<Slip> {
    let mut found: Vec<Slip> = Vec::new();
    let mut ours = true;
    let mut inside = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at += line.len();
        let marker = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"]
            .into_iter()
            .find(|marker| {
                line.trim_start().strip_prefix(marker).is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with([' ', '\r', '\n', '\t'])
                })
            });
        let Some(marker) = marker else {
            if inside
                && !ours
                && let Some(slip) = found.last_mut()
            {
                slip.edits.push((range, String::new()));
            }
            continue;
        };
        let begins = marker == "<<<<<<<" || !inside;
        if begins {
            let shown = range.start..range.start + line.trim_end().len();
            let mut slip = Slip::new(shown, "git left a conflict here").unsure();
            slip.help = "keep one of the two versions, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`".into();
            found.push(slip);
        }
        match marker {
            "<<<<<<<" => (inside, ours) = (true, true),
            ">>>>>>>" => (inside, ours) = (false, true),
            // only within a conflict that has an end is anything left out
            _ => {
                let ended = text[at..].lines().any(|line| line.starts_with(">>>>>>>"));
                ours = !(inside && ended);
                inside |= ended;
            }
        }
        if let Some(slip) = found.last_mut() {
            slip.edits.push((range, String::new()));
        }
    }
    found
}

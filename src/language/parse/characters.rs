//! Characters that nobody sees, or that look like others.

use super::slip::Slip;

/// Characters that cannot be seen: name, and what stands in their place.
const UNSEEN: &[(char, &str, &str)] = &[
    ('\u{a0}', "a no-break space", " "),
    ('\u{ad}', "a soft hyphen", ""),
    ('\u{61c}', "a mark of direction", ""),
    ('\u{1680}', "a blank that is no space", " "),
    ('\u{180e}', "a vowel separator", ""),
    ('\u{200b}', "a zero-width space", ""),
    ('\u{200c}', "a zero-width non-joiner", ""),
    ('\u{200d}', "a zero-width joiner", ""),
    ('\u{200e}', "a mark of direction", ""),
    ('\u{200f}', "a mark of direction", ""),
    ('\u{2028}', "a line separator", "\n"),
    ('\u{2029}', "a paragraph separator", "\n"),
    ('\u{202f}', "a narrow no-break space", " "),
    ('\u{205f}', "a mathematical space", " "),
    ('\u{2060}', "a word joiner", ""),
    ('\u{3000}', "a full-width space", " "),
    ('\u{fe0f}', "a variation selector", ""),
    ('\u{feff}', "a byte order mark", ""),
    ('\u{85}', "a next-line character", "\n"),
    ('\u{b}', "a vertical tab", " "),
    ('\u{c}', "a form feed", " "),
    ('\u{0}', "a zero byte", ""),
];

/// Signs that look like ours: name, and ours.
const SIGNS: &[(char, &str, &str)] = &[
    ('−', "a minus sign", "-"),
    ('–', "an en dash", "-"),
    ('—', "an em dash", "-"),
    ('‐', "a typographic hyphen", "-"),
    ('‑', "a no-break hyphen", "-"),
    ('‒', "a figure dash", "-"),
    ('﹣', "a small hyphen", "-"),
    ('…', "an ellipsis", ".."),
    ('‥', "a two dot leader", ".."),
    ('→', "an arrow", "|>"),
    ('⇒', "an arrow", "|>"),
    ('➜', "an arrow", "|>"),
    ('▷', "a triangle", "|>"),
    ('⊳', "a triangle", "|>"),
    ('⏵', "a triangle", "|>"),
    ('×', "a multiplication sign", "*"),
    ('∗', "an asterisk operator", "*"),
    ('·', "a middle dot", "*"),
    ('≔', "a colon equals", "="),
    ('꞊', "a letter like an equals sign", "="),
    ('‚', "a low quote", ","),
    ('،', "an Arabic comma", ","),
    ('、', "an ideographic comma", ","),
    ('。', "an ideographic full stop", "."),
    ('٪', "an Arabic percent sign", "%"),
    ('∣', "a divides sign", "|"),
    ('ǀ', "a letter like a bar", "|"),
    ('【', "a lenticular bracket", "["),
    ('】', "a lenticular bracket", "]"),
];

/// Quotes that text processors make.
const QUOTES: &str = "“”„‟«»‹›‘’‛″＂";

/// Letters of other alphabets that look like Latin ones.
const CYRILLIC: (&str, &str) = (
    "аеорсухіјѕһԁԛԝѵкмтАВЕКМНОРСТУХІЈЅ",
    "aeopcyxijshdqwvkmtABEKMHOPCTYXIJS",
);
const GREEK: (&str, &str) = ("αοικνυχτερΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aoikvuxtepABEZHIKMNOPTYX");

/// The Latin letter or the sign that `c` looks like.
fn latin(c: char) -> Option<char> {
    if let 'ａ'..='ｚ' | 'Ａ'..='Ｚ' | '０'..='９' | '＿' = c {
        return char::from_u32(u32::from(c) - 0xfee0);
    }
    if let '\u{1d400}'..='\u{1d6a3}' = c {
        // mathematical alphabets: 26 capital and 26 small letters each
        let index = (u32::from(c) - 0x1d400) % 52;
        let first = if index < 26 { 'A' } else { 'a' };
        return char::from_u32(u32::from(first) + index % 26);
    }
    match c {
        'ı' => return Some('i'),
        'ɡ' => return Some('g'),
        'ℓ' => return Some('l'),
        '٠'..='٩' => return char::from_u32(u32::from(c) - 0x660 + 0x30),
        _ => {}
    }
    [CYRILLIC, GREEK].iter().find_map(|(theirs, ours)| {
        let index = theirs.chars().position(|one| one == c)?;
        ours.chars().nth(index).filter(char::is_ascii)
    })
}

/// The ASCII sign that a full-width one stands for.
fn full_width(c: char) -> Option<char> {
    match c {
        '！'..='～' if latin(c).is_none() => char::from_u32(u32::from(c) - 0xfee0),
        _ => None,
    }
}

fn named(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Whose alphabet a letter is of.
fn script(c: char) -> &'static str {
    match c {
        '\u{400}'..='\u{52f}' => "a Cyrillic letter",
        '\u{370}'..='\u{3ff}' => "a Greek letter",
        '\u{ff00}'..='\u{ffef}' => "a full-width character",
        '\u{660}'..='\u{669}' => "an Arabic digit",
        _ => "no Latin letter",
    }
}

/// Line ends of old Macintoshes: the text would be one line, and a comment hide all that follows it.
fn returns(text: &str) -> Option<Slip> {
    let bytes = text.as_bytes();
    let bare: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
        .collect();
    let first = *bare.first()?;
    let mut slip = Slip::new(
        first..first + 1,
        "this line ends with a carriage return alone (U+000D)",
    );
    slip.notes
        .push("Lines end with a line feed, or with carriage return and line feed.".into());
    for at in bare {
        // before a line end it is one too many
        let by = if bytes.get(at + 1) == Some(&b'\r') {
            ""
        } else {
            "\n"
        };
        slip = slip.edit("end lines with a line feed", at..at + 1, by);
    }
    Some(slip)
}

/// All of them. Comments may hold anything; strings anything that can be seen.
pub fn slips(text: &str) -> Vec<Slip> {
    if let Some(slip) = returns(text) {
        return vec![slip];
    }
    if text.is_ascii() && !text.contains(['\u{b}', '\u{c}', '\u{0}']) {
        return Vec::new();
    }
    let mut found: Vec<Slip> = Vec::new();
    let start = text.len() - text.trim_start_matches('\u{feff}').len().min(text.len());
    let mut at = start.min('\u{feff}'.len_utf8());
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let line = rest.split('\n').next().unwrap_or(rest);
        let after = at + c.len_utf8();
        if rest.starts_with("//") {
            at += line.len();
            continue;
        }
        if c == '"' {
            match closing(&line[1..]) {
                Some((end, '"')) => {
                    for (index, c) in line[1..1 + end].char_indices() {
                        if let Some((_, _, "")) = UNSEEN.iter().find(|(one, ..)| *one == c) {
                            unseen(&mut found, at + 1 + index, c);
                        }
                    }
                    at += end + 2;
                }
                Some((end, quote)) => {
                    let from = at + 1 + end;
                    let slip = Slip::new(
                        from..from + quote.len_utf8(),
                        format!("`{quote}` ({}) does not close a string", named(quote)),
                    );
                    found.push(slip.by("strings stand in straight quotes", "\""));
                    at = from + quote.len_utf8();
                }
                None => at += line.len(),
            }
            continue;
        }
        if c.is_ascii() && !matches!(c, '\u{b}' | '\u{c}' | '\u{0}') {
            at = after;
            continue;
        }
        if UNSEEN.iter().any(|(one, ..)| *one == c) {
            unseen(&mut found, at, c);
        } else if QUOTES.contains(c) {
            let end = line[c.len_utf8()..].find(|c| QUOTES.contains(c) || c == '"');
            if let Some(length) = end {
                let inner = &line[c.len_utf8()..][..length];
                let quote = line[c.len_utf8() + length..].chars().next().unwrap_or('"');
                let end = after + length + quote.len_utf8();
                let slip = Slip::new(
                    at..end,
                    format!("`{c}` ({}) does not open a string", named(c)),
                );
                found.push(slip.by("strings stand in straight quotes", format!("\"{inner}\"")));
                at = end;
                continue;
            }
        } else if let Some((_, name, by)) = SIGNS.iter().find(|(one, ..)| *one == c) {
            sign(&mut found, text, at, c, name, by);
        } else if let Some(by) = full_width(c) {
            let slip = Slip::new(
                at..after,
                format!("`{c}` ({}) is a full-width character", named(c)),
            );
            found.push(slip.by(format!("write `{by}`"), by.to_string()));
        } else if latin(c).is_some() {
            at = word(&mut found, text, at);
            continue;
        }
        at = after;
    }
    found
}

/// Where a string ends on its line, and with which quote.
fn closing(rest: &str) -> Option<(usize, char)> {
    let mut other = None;
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '"' => return Some((at, c)),
            '“' | '”' | '″' | '＂' if other.is_none() => other = Some((at, c)),
            _ => {}
        }
    }
    other
}

/// One character that cannot be seen; the same one elsewhere belongs to the same paste.
fn unseen(found: &mut Vec<Slip>, at: usize, c: char) {
    let Some((_, name, by)) = UNSEEN.iter().find(|(one, ..)| *one == c) else {
        return;
    };
    let message = format!("{name} ({}) stands here", named(c));
    let edit = (at..at + c.len_utf8(), (*by).to_owned());
    match found.iter_mut().find(|slip| slip.message == message) {
        Some(slip) => slip.edits.push(edit),
        None => {
            let help = if by.is_empty() {
                "delete it: nobody sees it"
            } else if *by == "\n" {
                "begin a line with a line feed"
            } else {
                "write a space"
            };
            found.push(Slip::new(edit.0, message).by(help, edit.1));
        }
    }
}

/// A dash between two numbers is a range, elsewhere a minus.
fn sign(found: &mut Vec<Slip>, text: &str, at: usize, c: char, name: &str, by: &str) {
    let after = at + c.len_utf8();
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let between =
        digit(text[..at].chars().next_back()) && digit(text[after..].trim_start().chars().next());
    let exponent = text[..at].ends_with(['e', 'E']);
    let slip = Slip::new(at..after, format!("`{c}` ({}) is {name}", named(c)));
    found.push(if by == "-" && between && !exponent {
        slip.by("a range is written with two dots", "..")
    } else {
        slip.by(format!("write `{by}`"), by)
    });
}

/// The whole word around letters that look like ours. Returns its end.
fn word(found: &mut Vec<Slip>, text: &str, at: usize) -> usize {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || latin(c).is_some();
    let start = text[..at]
        .char_indices()
        .rev()
        .take_while(|(_, c)| part(*c))
        .last()
        .map_or(at, |(index, _)| index);
    let end = text[at..].find(|c| !part(c)).map_or(text.len(), |n| at + n);
    let written = &text[start..end];
    let Some(first) = written.chars().find(|c| !c.is_ascii()) else {
        return end;
    };
    let meant: String = written.chars().map(|c| latin(c).unwrap_or(c)).collect();
    let slip = Slip::new(
        start..end,
        format!("`{first}` ({}) is {}", named(first), script(first)),
    );
    found.push(slip.by(format!("write `{meant}`"), meant));
    end
}

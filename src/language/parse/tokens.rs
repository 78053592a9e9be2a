//! A text in tokens, for what is looked at before it is parsed.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Letters, digits and `_`, not beginning with a digit.
    Word,
    /// Digits, with a fraction and an exponent.
    Number,
    /// With its quotes; one that is not closed goes on to the end of its line.
    Text,
    /// `// …`
    Comment,
    Newline,
    /// Signs that mean something together, or any other character.
    Sign,
}

pub struct Tokens<'t> {
    pub text: &'t str,
    pub all: Vec<(Token, Range<usize>)>,
}

/// The longest first.
const SIGNS: &[&str] = &[
    "===", "...", "-->", "|>>", "||>", "%>%", "**", "->", "=>", "<-", ":=", "==", "|>", "..", ">>",
    "<<", "||", "~>", ">|", "+=", "/*", "*/", "--",
];

impl<'t> Tokens<'t> {
    pub fn new(text: &'t str) -> Self {
        let mut all = Vec::new();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            // looked for where it is needed only: a text may be one long line
            let line = || rest.split('\n').next().unwrap_or(rest);
            let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let (token, length) = match c {
                ' ' | '\t' | '\r' => {
                    at += 1;
                    continue;
                }
                '\u{feff}' if at == 0 => {
                    at += c.len_utf8();
                    continue;
                }
                '\n' => (Token::Newline, 1),
                '/' if rest.starts_with("//") => (Token::Comment, line().len()),
                '"' => (Token::Text, string(line())),
                c if c.is_ascii_digit() => (Token::Number, number(rest)),
                c if part(c) => (Token::Word, rest.find(|c| !part(c)).unwrap_or(rest.len())),
                c => {
                    let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                    (Token::Sign, sign.map_or(c.len_utf8(), |sign| sign.len()))
                }
            };
            all.push((token, at..at + length));
            at += length;
        }
        Self { text, all }
    }

    /// The text of the token at this index; nothing beyond the ends.
    pub fn at(&self, index: usize) -> &'t str {
        self.all
            .get(index)
            .map_or("", |(_, range)| &self.text[range.clone()])
    }

    pub fn is(&self, index: usize, token: Token) -> bool {
        self.all.get(index).is_some_and(|(one, _)| *one == token)
    }

    pub fn range(&self, index: usize) -> Range<usize> {
        let end = self.text.len();
        self.all
            .get(index)
            .map_or(end..end, |(_, range)| range.clone())
    }

    /// Whether nothing stands between a token and the one before it.
    pub fn joined(&self, index: usize) -> bool {
        index > 0 && index < self.all.len() && self.all[index - 1].1.end == self.all[index].1.start
    }

    /// Whether a token is the first of its line.
    pub fn first(&self, index: usize) -> bool {
        index == 0 || self.is(index - 1, Token::Newline)
    }

    /// Whether a line ends here: before a new line, a comment, the end.
    pub fn ends(&self, index: usize) -> bool {
        index >= self.all.len() || self.is(index, Token::Newline) || self.is(index, Token::Comment)
    }
}

/// The bytes of a string at the start of a line's rest.
fn string(line: &str) -> usize {
    let mut chars = line.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '"' => return at + 1,
            _ => {}
        }
    }
    line.len()
}

/// The bytes of a number.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        bytes[from.min(bytes.len())..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if let Some(b'e' | b'E') = bytes.get(length) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        if digits(length + 1 + sign) > 0 {
            length += 1 + sign + digits(length + 1 + sign);
        }
    }
    length
}

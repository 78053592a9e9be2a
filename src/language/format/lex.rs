//! A recipe's text as words and signs, with the comments and line breaks between them.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `name`, `px`
    Word,
    /// `-1.5e-3`
    Number,
    /// `"text"`
    Text,
    /// `|>`, `(`, `=`
    Sign,
    /// `// …` or `/// …`, to the end of the line
    Comment,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// As it is written; of a comment without blanks at its end.
    pub text: &'a str,
    /// Line breaks between the token before and this one.
    pub breaks: usize,
}

impl Token<'_> {
    /// Whether it is this sign.
    pub fn is(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    /// Whether it is this word.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// The tokens of a text that parses. What the grammar does not know is a sign of its own.
pub fn lex(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut breaks = 0;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            breaks += usize::from(first == '\n');
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (kind, length) = token(rest);
        let (text, behind) = rest.split_at(length);
        tokens.push(Token {
            kind,
            text: if kind == Kind::Comment {
                text.trim_end()
            } else {
                text
            },
            breaks: std::mem::take(&mut breaks),
        });
        rest = behind;
    }
    tokens
}

/// The kind and the length of the token that a text begins with.
fn token(text: &str) -> (Kind, usize) {
    let bytes = text.as_bytes();
    let run = |from: usize, part: fn(&u8) -> bool| {
        from + bytes[from..].iter().take_while(|byte| part(byte)).count()
    };
    if text.starts_with("//") {
        return (Kind::Comment, text.find('\n').unwrap_or(text.len()));
    }
    match bytes[0] {
        b'"' => (Kind::Text, string(bytes)),
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
            let end = run(0, |byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            (Kind::Word, end)
        }
        b'0'..=b'9' | b'-' => {
            let digits = |from: usize| run(from, u8::is_ascii_digit);
            let mut end = digits(usize::from(bytes[0] == b'-'));
            // one point and a digit: `0.2..1.0` has two numbers
            if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
                end = digits(end + 1);
            }
            if bytes.get(end).is_some_and(|byte| *byte | 32 == b'e') {
                let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
                if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
                    end = digits(end + 1 + sign);
                }
            }
            (Kind::Number, end.max(1))
        }
        _ if text.starts_with("|>") || text.starts_with("..") => (Kind::Sign, 2),
        _ => (Kind::Sign, text.chars().next().map_or(1, char::len_utf8)),
    }
}

/// The length of a string with its quotes.
fn string(bytes: &[u8]) -> usize {
    let mut end = 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'"' => return end + 1,
            b'\n' => break,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    end.min(bytes.len())
}

//! What may mend an error of syntax. A remedy counts if the text then has one error less.

use super::mended::Edit;
use super::tokens::{Token, Tokens};
use crate::language::Span;

/// One change that may mend an error.
#[derive(Clone, Debug)]
pub struct Remedy {
    pub help: String,
    pub edit: Edit,
}

impl Remedy {
    pub fn insert(help: &str, at: usize, what: &str) -> Self {
        Self {
            help: help.to_owned(),
            edit: (at..at, what.to_owned()),
        }
    }

    pub fn replace(help: &str, span: Span, by: &str) -> Self {
        Self {
            help: help.to_owned(),
            edit: (span.start..span.end, by.to_owned()),
        }
    }
}

/// Behind what stands before `at`: blanks and line ends are passed.
pub fn behind(text: &str, at: usize) -> usize {
    let line = text[..at].trim_end_matches([' ', '\t', '\r']);
    if !line.ends_with('\n') {
        return line.len();
    }
    // a comment before the line end is no place to write into
    let tokens = Tokens::new(&text[..at]);
    (tokens.all.iter().rev())
        .find(|(token, _)| !matches!(token, Token::Newline | Token::Comment))
        .map_or(line.len(), |(_, range)| range.end)
}

/// For an error at `span`, where one of `words` was expected. `open`: the bracket it stands in.
pub fn remedies(text: &str, span: Span, words: &[&str], open: Option<usize>) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    let found = text.get(span.start..span.end).unwrap_or("");
    let rest = text[span.end..].trim_start_matches([' ', '\t']);
    let begins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '"' | '[' | '(' | '-');
    let value = found.starts_with(begins);
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word = found.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let at = behind(text, span.start);
    let expected = |what: &str| words.contains(&what);
    if expected("`|>`") && word && rest.starts_with('(') {
        remedies.push(Remedy::insert("pipelines are written `a |> b`", at, " |>"));
    }
    if expected("`=`") && value {
        remedies.push(Remedy::insert("`=` stands before the value", at, " ="));
    }
    if value && (expected("`,`") || expected("`)`") || expected("`]`")) {
        remedies.push(Remedy::insert("arguments are separated by commas", at, ","));
    }
    if expected("the end of the line") && word && rest.starts_with('=') {
        remedies.push(Remedy::insert(
            "put each field on its own line, or `,` between them",
            at,
            ",",
        ));
    }
    if expected("`(`") && matches!(found, "{" | "|>") {
        remedies.push(Remedy::insert("add brackets", at, "()"));
    }
    if expected("a string") && word {
        let by = format!("\"{found}\"");
        remedies.push(Remedy::replace("strings stand in double quotes", span, &by));
    }
    let line = &text[text[..span.start].rfind('\n').map_or(0, |at| at + 1)..span.start];
    // `relu ) |> …`: the bracket before it is missing
    if found == ")" && open.is_none() && line.trim_end().ends_with(part) {
        remedies.push(Remedy::insert("add a `(`", at, "("));
    }
    if expected("`(`") && value && found != "(" {
        remedies.push(Remedy {
            help: "add a `(`".into(),
            edit: (at..span.start, "(".into()),
        });
    }
    // a call on a line of its own goes on with what stands above it
    if found == "(" && !line.is_empty() && line.trim().chars().all(part) {
        let start = span.start - line.trim_start().len();
        remedies.push(Remedy::insert(
            "pipelines are written `a |> b`",
            start,
            "|> ",
        ));
    }
    // `pretext = simclr()`
    if found == "=" && expected("a name") && expected("`{`") {
        remedies.push(Remedy {
            help: "without a name it is called what it calls: delete the `=`".into(),
            edit: (at..span.end, String::new()),
        });
    }
    // `a,, b`
    let mut commas = text[..span.start].trim_end().char_indices().rev();
    if let (Some((last, ',')), Some((_, ','))) = (commas.next(), commas.find(|(_, c)| *c != ' ')) {
        remedies.push(Remedy {
            help: "delete one of the commas".into(),
            edit: (last..last + 1, String::new()),
        });
    }
    // the other kind of bracket
    if let Some(open) = open
        && let Some(close) = closer(&text[open..])
        && matches!(found, ")" | "]" | "}" | ">")
        && !close.starts_with(found)
    {
        let help = format!("`{}` is closed by `{close}`", &text[open..=open]);
        remedies.push(Remedy::replace(&help, span, close));
    }
    let before = text[..at].trim_end();
    for sign in ["|>", ",", "="] {
        if before.ends_with(sign) && !value {
            let start = before.len() - sign.len();
            let blank = text[..start].trim_end_matches([' ', '\t']).len();
            remedies.push(Remedy {
                help: format!("delete the `{sign}`: nothing follows it"),
                edit: (blank..before.len(), String::new()),
            });
        }
    }
    if !found.is_empty() && !value && !matches!(found, "{" | "}" | "|>") || found == "(" {
        let help = format!("delete the `{found}`");
        let mut remedy = Remedy::replace(&help, span, "");
        if text[..span.start].ends_with(' ') && (rest.is_empty() || rest.starts_with('\n')) {
            remedy.edit.0.start = at.max(span.start.saturating_sub(1));
        }
        remedies.push(remedy);
    }
    if found == "|>" {
        remedies.push(Remedy::replace(
            "delete the `|>`: nothing stands before it",
            span,
            "",
        ));
    }
    remedies
}

/// The bracket that closes the one a text begins with.
fn closer(text: &str) -> Option<&'static str> {
    match text.as_bytes().first()? {
        b'(' => Some(")"),
        b'[' => Some("]"),
        b'{' => Some("}"),
        _ => None,
    }
}

/// For a bracket that is never closed before `end`; reading stopped at `at`.
pub fn close_bracket(text: &str, open: usize, at: usize, end: usize) -> Vec<Remedy> {
    let Some(close) = closer(&text[open..]) else {
        return Vec::new();
    };
    let help = format!("add a `{close}`");
    let line_end = text[open..].find('\n').map_or(text.len(), |n| open + n);
    let tokens = Tokens::new(&text[open..line_end.min(end.max(open + 1))]);
    let call = text[..open].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let mut places = Vec::new();
    let mut depth = 0usize;
    let mut last = open + 1;
    for index in 0..tokens.all.len() {
        let range = tokens.range(index);
        match tokens.at(index) {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "|>" if call && depth == 1 => places.push(last),
            "*" if !call && depth == 1 => places.push(last),
            "{" | "}" => {
                places.push(last);
                break;
            }
            _ => {}
        }
        if !tokens.is(index, Token::Comment) {
            last = open + range.end;
        }
    }
    // where reading stopped comes before the line's end only if it is in the same line
    if at < line_end {
        places.push(behind(text, at));
    }
    places.push(last);
    // a list over several lines
    places.push(behind(text, at));
    places.dedup();
    (places.into_iter())
        .map(|place| Remedy::insert(&help, place, close))
        .collect()
}

/// For a string that goes on to the end of its line.
pub fn close_string(text: &str, span: Span) -> Vec<Remedy> {
    let line = text[span.start..].split('\n').next().unwrap_or("");
    let code = line.trim_end();
    let mut places: Vec<usize> = Vec::new();
    for stop in [")", "]", ",", " "] {
        places.extend(code[1..].find(stop).map(|at| at + 1));
    }
    places.push(code.len());
    (places.into_iter())
        .filter(|at| *at > 1)
        .map(|at| Remedy::insert("add a `\"`", span.start + at, "\""))
        .collect()
}

/// For an edition that does not stand on the first line: one too many, or the only one.
pub fn edition(text: &str, span: Span) -> Vec<Remedy> {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..]
        .find('\n')
        .map_or(text.len(), |at| span.end + at + 1);
    vec![
        Remedy {
            help: "delete this line".into(),
            edit: (start..end, String::new()),
        },
        Remedy {
            help: "move it to the top".into(),
            edit: (0..end, format!("ssl 1\n{}", &text[..start])),
        },
    ]
}

//! What to say about text that does not follow the grammar.

use pest::Parser;
use pest::error::{Error, ErrorVariant, InputLocation};

use super::grammar::{Grammar, Rule};
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, Span};

/// The words that start an item.
pub const ITEMS: &[&str] = &[
    "dataset", "augment", "encoder", "pretext", "evaluate", "finetune", "export", "run", "fit",
    "use", "extends", "override", "sweep",
];

/// How a rule is called in a message; `None` for those that would not help.
fn describe(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::name | Rule::ident | Rule::names | Rule::path => "a name",
        Rule::eq => "`=`",
        Rule::comma => "`,`",
        Rule::open | Rule::params | Rule::args => "`(`",
        Rule::close => "`)`",
        Rule::csquare => "`]`",
        Rule::obrace | Rule::block | Rule::graph | Rule::skip_braces => "`{`",
        Rule::cbrace => "`}`",
        Rule::pipe => "`|>`",
        Rule::number | Rule::quantity => "a number",
        Rule::string | Rule::inner => "a string",
        Rule::kw_door => "`script` or `plugin`",
        Rule::kw_version => "`version`",
        Rule::expr
        | Rule::step
        | Rule::atom
        | Rule::group
        | Rule::list
        | Rule::record
        | Rule::range
        | Rule::reference
        | Rule::osquare
        | Rule::arg
        | Rule::emitted => "a value",
        Rule::EOI => "the end of the line",
        _ => return None,
    })
}

/// The error of a text that was skipped: `region` of `text` was parsed alone and failed with `error`.
pub fn explain(text: &str, region: Span, error: &Error<Rule>) -> Diagnostic {
    let offset = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let mut at = region.start + offset;
    // blanks before the offending word are nothing to point at
    at += text[at..].len() - text[at..].trim_start_matches([' ', '\t', '\r']).len();
    let mut words: Vec<&str> = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives
            .iter()
            .filter_map(|rule| describe(*rule))
            .collect(),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    words.sort_unstable();
    words.dedup();
    // where a value may stand, its first brackets are no news
    if words.contains(&"a value") {
        words.retain(|word| !matches!(*word, "`(`" | "`{`" | "a name" | "a number" | "a string"));
    }
    // a unit may follow a number, a second name a field: nobody means them
    if words.contains(&"the end of the line") || words.contains(&"`=`") {
        words.retain(|word| *word != "a name");
    }
    let (span, found) = token(text, at, region);
    if open_string(&text[span.start..]) {
        return Diagnostic::error(Code::Syntax, span, "this string is not closed on its line")
            .help("add a `\"`; a line break inside a string is `\\n`");
    }
    let message = if words.is_empty() {
        format!("unexpected {found}")
    } else {
        format!("expected {}, found {found}", list(&words))
    };
    let mut diagnostic = Diagnostic::error(Code::Syntax, span, message);
    if (words.contains(&"`)`") || words.contains(&"`]`"))
        && let Some(open) = unclosed(text, region.start, at)
    {
        diagnostic = diagnostic.label(Span::new(region.file, open, open + 1), "to close this");
    }
    hint(diagnostic, text, span, &words)
}

/// Advice for habits from other languages.
fn hint(diagnostic: Diagnostic, text: &str, span: Span, words: &[&str]) -> Diagnostic {
    let rest = &text[span.start.min(text.len())..];
    match rest.chars().next() {
        Some(':') if words.contains(&"`=`") => diagnostic.fix("fields take `=`", span, " ="),
        Some('\'') => diagnostic.help("strings stand in double quotes"),
        Some('#') => diagnostic.help("comments start with `//`"),
        Some('|') if !rest.starts_with("|>") => diagnostic.help("pipelines are written `a |> b`"),
        Some('-') if words.contains(&"`=`") => {
            diagnostic.help("names have letters, digits and `_`")
        }
        Some(';') => diagnostic.help("fields end with the line, or with `,`"),
        _ if words.contains(&"the end of the line")
            && rest.starts_with(|c: char| c.is_alphanumeric()) =>
        {
            diagnostic.help("put each field on its own line, or `,` between them")
        }
        _ => diagnostic,
    }
}

/// An item that could not be parsed. `same_line`: something sound stands before it on its line.
pub fn bad_item(text: &str, region: Span, same_line: bool) -> Diagnostic {
    let skipped = &text[region.start..region.end];
    let word = skipped
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .next()
        .unwrap_or("");
    if !same_line
        && ITEMS.contains(&word)
        && let Err(error) = Grammar::parse(Rule::item_alone, skipped)
    {
        return explain(text, region, &error);
    }
    let (span, found) = token(text, region.start, region);
    if word == "ssl" {
        return Diagnostic::error(
            Code::Edition,
            span,
            "the edition is named once, on the first line",
        );
    }
    if same_line {
        let diagnostic = Diagnostic::error(
            Code::Syntax,
            span,
            format!("expected the end of the line, found {found}"),
        );
        return hint(diagnostic, text, span, &["`|>`"]);
    }
    let diagnostic = Diagnostic::error(Code::Syntax, span, format!("expected an item, found {found}")).note(
        "An item starts with `dataset`, `augment`, `encoder`, `pretext`, `evaluate`, `finetune`, `export`, `use` or `run`.",
    );
    match nearest(word, ITEMS.iter().copied()) {
        Some(near) => diagnostic.fix(format!("did you mean `{near}`?"), span, near),
        None => hint(diagnostic, text, span, &[]),
    }
}

/// A part of the language that this version can't run.
pub fn not_yet(text: &str, span: Span, rule: Rule) -> Diagnostic {
    let what = match rule {
        Rule::fit => "`fit` (a stage that learns from data first)",
        Rule::use_item => "`use` of another recipe",
        Rule::extends => "`extends`",
        Rule::override_item => "`override`",
        Rule::sweep => "`sweep`",
        Rule::record => "a record `{ … }` as a value",
        _ => "this",
    };
    let first = text
        .get(span.start..span.end)
        .and_then(|text| text.split('\n').next())
        .map_or(0, str::len);
    let diagnostic = Diagnostic::error(
        Code::NotYet,
        Span::new(span.file, span.start, span.start + first),
        format!("{what} is not yet supported in this version"),
    )
    .note("It is part of the language, so the recipe is well-formed.");
    match rule {
        Rule::extends | Rule::use_item | Rule::override_item => diagnostic.help(
            "copy what is needed into this recipe; `--set STAGE.FIELD=VALUE` changes single fields",
        ),
        Rule::sweep => diagnostic.help("run the recipe several times with `--set`"),
        _ => diagnostic,
    }
}

/// Whether a text starts with a string that does not end on its line.
fn open_string(text: &str) -> bool {
    text.strip_prefix('"')
        .is_some_and(|rest| !rest.split('\n').next().unwrap_or("").contains('"'))
}

/// The token at `at` and how a message names it.
fn token(text: &str, at: usize, region: Span) -> (Span, String) {
    let rest = &text[at.min(text.len())..];
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let length = match rest.chars().next() {
        None => return (Span::new(region.file, at, at), "the end of the file".into()),
        Some('\n') => return (Span::new(region.file, at, at), "the end of the line".into()),
        Some('"') => {
            let line = rest.split('\n').next().unwrap_or(rest);
            line[1..].find('"').map_or(line.len(), |end| end + 2)
        }
        Some(c) if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
        Some('|') if rest.starts_with("|>") => 2,
        Some(c) => c.len_utf8(),
    };
    let shown: String = rest[..length]
        .chars()
        .take(40)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    (
        Span::new(region.file, at, at + length),
        format!("`{shown}`"),
    )
}

/// The last round or square bracket before `at` that is still open there.
fn unclosed(text: &str, start: usize, at: usize) -> Option<usize> {
    let mut open = Vec::new();
    let mut string = false;
    for (index, byte) in text.as_bytes()[start..at].iter().enumerate() {
        match byte {
            b'"' => string = !string,
            _ if string => {}
            b'(' | b'[' => open.push(start + index),
            b')' | b']' => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

/// `a, b or c`
fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

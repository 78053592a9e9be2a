//! What to say about text that does not follow the grammar.

use pest::Parser;
use pest::error::{Error, ErrorVariant, InputLocation};

use super::grammar::{Grammar, Rule};
use super::repair::{self, Remedy};
use super::tokens::Tokens;
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, Span};

/// The words that start an item.
pub const ITEMS: &[&str] = &[
    "dataset", "augment", "encoder", "layers", "pretext", "evaluate", "finetune", "export", "run",
    "fit", "use", "extends", "override", "sweep",
];

/// Words that other tools begin such an item with.
const FOREIGN: &[(&str, &str)] = &[
    ("model", "encoder"),
    ("backbone", "encoder"),
    ("network", "encoder"),
    ("net", "encoder"),
    ("data", "dataset"),
    ("transform", "augment"),
    ("transforms", "augment"),
    ("augmentation", "augment"),
    ("train", "pretext"),
    ("pretrain", "pretext"),
    ("task", "pretext"),
    ("stage", "pretext"),
    ("eval", "evaluate"),
    ("test", "evaluate"),
    ("probe", "finetune"),
    ("fine_tune", "finetune"),
    ("save", "export"),
    ("import", "use"),
    ("include", "use"),
    ("settings", "run"),
    ("config", "run"),
    ("trainer", "run"),
];

/// An error of syntax, and what may mend it: the first remedy is tried first.
pub struct Trouble {
    pub diagnostic: Diagnostic,
    pub remedies: Vec<Remedy>,
}

impl Trouble {
    fn new(diagnostic: Diagnostic, remedies: Vec<Remedy>) -> Self {
        Self {
            diagnostic,
            remedies,
        }
    }
}

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
pub fn explain(text: &str, region: Span, error: &Error<Rule>) -> Trouble {
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
    if words.iter().any(|word| matches!(*word, "`)`" | "`]`")) {
        words.retain(|word| *word != "a name");
    }
    let (span, found) = token(text, at, region);
    if open_string(&text[span.start..]) {
        let diagnostic =
            Diagnostic::error(Code::Syntax, span, "this string is not closed on its line")
                .note("A line break inside a string is `\\n`.");
        return Trouble::new(diagnostic, repair::close_string(text, span));
    }
    let open = unclosed(text, region.start, at);
    if let Some(open) = open
        && !closes(text, open, region.end)
    {
        let bracket = &text[open..=open];
        let diagnostic = Diagnostic::error(
            Code::Syntax,
            Span::new(region.file, open, open + 1),
            format!("this `{bracket}` is never closed"),
        )
        .here("opened here");
        return Trouble::new(
            diagnostic,
            repair::close_bracket(text, open, at, region.end),
        );
    }
    let message = if words.is_empty() {
        format!("unexpected {found}")
    } else {
        format!("expected {}, found {found}", list(&words))
    };
    let mut diagnostic = Diagnostic::error(Code::Syntax, span, message);
    if (words.contains(&"`)`") || words.contains(&"`]`"))
        && let Some(open) = open
    {
        diagnostic = diagnostic.label(Span::new(region.file, open, open + 1), "to close this");
    }
    let remedies = repair::remedies(text, span, &words, open);
    Trouble::new(hint(diagnostic, text, span, &words), remedies)
}

/// A line that a parser alone would take, in a place where it can't stand.
pub fn unexpected(text: &str, region: Span) -> Trouble {
    let (span, found) = token(text, region.end, region);
    let message = format!("unexpected {found}");
    let remedies = repair::remedies(text, span, &[], None);
    Trouble::new(Diagnostic::error(Code::Syntax, span, message), remedies)
}

/// An item that does not begin its line.
pub fn second_item(text: &str, item: Span) -> Trouble {
    let (span, found) = token(text, item.start, item);
    let diagnostic = Diagnostic::error(
        Code::Syntax,
        span,
        format!("expected the end of the line, found {found}"),
    );
    let remedy = Remedy::insert(
        "each item begins its own line",
        repair::behind(text, span.start),
        "\n",
    );
    Trouble::new(diagnostic, vec![remedy])
}

/// Advice for habits from other languages.
fn hint(diagnostic: Diagnostic, text: &str, span: Span, words: &[&str]) -> Diagnostic {
    let rest = &text[span.start.min(text.len())..];
    match rest.chars().next() {
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
pub fn bad_item(text: &str, region: Span, same_line: bool) -> Trouble {
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
        let diagnostic = Diagnostic::error(
            Code::Edition,
            span,
            "the edition is named once, on the first line",
        );
        return Trouble::new(diagnostic, repair::edition(text, span));
    }
    if same_line {
        let diagnostic = Diagnostic::error(
            Code::Syntax,
            span,
            format!("expected the end of the line, found {found}"),
        );
        let words = ["`|>`", "the end of the line"];
        let mut remedies = repair::remedies(text, span, &words, None);
        if ITEMS.contains(&word) {
            let at = repair::behind(text, span.start);
            remedies.insert(0, Remedy::insert("each item begins its own line", at, "\n"));
        }
        return Trouble::new(hint(diagnostic, text, span, &["`|>`"]), remedies);
    }
    let diagnostic = Diagnostic::error(Code::Syntax, span, format!("expected an item, found {found}")).note(
        "An item starts with `dataset`, `augment`, `encoder`, `layers`, `fit`, `pretext`, `evaluate`, `finetune`, `export`, `use` or `run`.",
    );
    let foreign = (FOREIGN.iter())
        .find(|(theirs, _)| theirs.eq_ignore_ascii_case(word))
        .map(|(_, ours)| *ours);
    match foreign.or_else(|| nearest(word, ITEMS.iter().copied())) {
        Some(near) => {
            let help = format!("did you mean `{near}`?");
            let remedy = Remedy::replace(&help, span, near);
            Trouble::new(diagnostic.fix(help, span, near), vec![remedy])
        }
        None => {
            let remedies = repair::remedies(text, span, &[], None);
            Trouble::new(hint(diagnostic, text, span, &[]), remedies)
        }
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
    let tokens = Tokens::new(text.get(start..at).unwrap_or(""));
    let mut open = Vec::new();
    for index in 0..tokens.all.len() {
        match tokens.at(index) {
            "(" | "[" => open.push(start + tokens.range(index).start),
            ")" | "]" => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

/// Whether a bracket is closed before `end`, or before the brace that holds it ends.
fn closes(text: &str, open: usize, end: usize) -> bool {
    let mut depth = 0usize;
    let tokens = Tokens::new(text.get(open..end).unwrap_or(""));
    for index in 0..tokens.all.len() {
        match tokens.at(index) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" if depth <= 1 => return false,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return true;
        }
    }
    false
}

/// `a, b or c`
fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

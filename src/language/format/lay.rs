//! From tokens to lines.

use super::WIDTH;
use super::lex::{Kind, Token};

/// How far the inside of a block stands in.
const INDENT: usize = 2;

/// Lays a whole recipe out.
pub fn lay(tokens: &[Token<'_>]) -> String {
    let tokens = &with_commas(tokens)[..];
    let mut out = String::new();
    for line in sequence(tokens, 0, false) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Commas stand right behind what they follow, before a comment. The last element of a bracket has one exactly if each stands on
/// a line of its own.
fn with_commas<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut out: Vec<Token<'a>> = Vec::with_capacity(tokens.len());
    // for each open bracket, whether it is tall; braces have no commas of this kind
    let mut stack = Vec::new();
    let behind = |out: &[Token<'a>]| {
        let significant = |token: &Token<'a>| token.kind != Kind::Comment;
        out.iter().rposition(significant).map_or(0, |at| at + 1)
    };
    for (index, token) in tokens.iter().enumerate() {
        let bracket = matches!(stack.last(), Some(Some(_)));
        if token.is(",") && bracket {
            let mut rest = tokens[index + 1..].iter();
            let next = rest.find(|token| token.kind != Kind::Comment);
            if !next.is_some_and(closes) {
                out.insert(
                    behind(&out),
                    Token {
                        breaks: 0,
                        ..token.clone()
                    },
                );
            }
            continue;
        }
        if closes(token) && stack.pop() == Some(Some(true)) {
            let at = behind(&out);
            if !out[..at].last().is_some_and(opens) {
                let comma = Token {
                    kind: Kind::Sign,
                    text: ",",
                    breaks: 0,
                };
                out.insert(at, comma);
            }
        }
        if opens(token) {
            // brackets around a value hold no list
            let last = index.checked_sub(1).map(|before| &tokens[before]);
            let called = last.is_some_and(|last| last.kind == Kind::Word && !last.is_word("emit"));
            let listed = token.is("[") || called;
            stack.push((!token.is("{")).then(|| listed && is_tall(&tokens[index..])));
        }
        out.push(token.clone());
    }
    out
}

/// One item, field, binding or line of comment.
struct Entry<'a, 'b> {
    tokens: &'b [Token<'a>],
    /// The comment behind it on its last line.
    trailing: Option<&'b Token<'a>>,
    /// Whether an empty line stands before it.
    apart: bool,
}

impl Entry<'_, '_> {
    /// Where its `=` stands, if it is one of those that are put in a column.
    fn equals(&self) -> Option<usize> {
        let at = depths(self.tokens).position(|(depth, token)| depth == 0 && token.is("="))?;
        (!self.tokens[0].is_word("emit")).then_some(at)
    }
}

/// Tokens with the number of brackets they stand in; a bracket itself stands outside.
fn depths<'a, 'b>(tokens: &'b [Token<'a>]) -> impl Iterator<Item = (usize, &'b Token<'a>)> {
    let mut depth = 0usize;
    tokens.iter().map(move |token| {
        if closes(token) {
            depth = depth.saturating_sub(1);
        }
        let here = depth;
        if opens(token) {
            depth += 1;
        }
        (here, token)
    })
}

fn opens(token: &Token<'_>) -> bool {
    token.is("(") || token.is("[") || token.is("{")
}

fn closes(token: &Token<'_>) -> bool {
    token.is(")") || token.is("]") || token.is("}")
}

/// Splits the inside of a block, or a whole file, into its entries.
fn entries<'a, 'b>(tokens: &'b [Token<'a>], block: bool) -> Vec<Entry<'a, 'b>> {
    let mut entries: Vec<Entry<'a, 'b>> = Vec::new();
    let mut start = 0;
    while start < tokens.len() {
        let apart = tokens[start].breaks > 1 && !entries.is_empty();
        if tokens[start].kind == Kind::Comment {
            // behind an entry on its line, or a line of its own
            match entries.last_mut() {
                Some(entry) if tokens[start].breaks == 0 && entry.trailing.is_none() => {
                    entry.trailing = Some(&tokens[start]);
                }
                _ => entries.push(Entry {
                    tokens: &tokens[start..=start],
                    trailing: None,
                    apart,
                }),
            }
            start += 1;
            continue;
        }
        if block && tokens[start].is(",") {
            start += 1;
            continue;
        }
        let end = start + length(&tokens[start..], block);
        entries.push(Entry {
            tokens: &tokens[start..end],
            trailing: None,
            apart,
        });
        start = end;
    }
    entries
}

/// How many tokens belong to the entry that begins here.
fn length(tokens: &[Token<'_>], block: bool) -> usize {
    let emits = tokens[0].is_word("emit") && tokens.get(1).is_some_and(|next| !next.is("="));
    let mut depth = 0usize;
    let mut end = 0;
    while end < tokens.len() {
        let token = &tokens[end];
        if end > 0 && depth == 0 {
            let significant = |token: &&Token<'_>| token.kind != Kind::Comment;
            let before = tokens[..end].iter().rev().find(significant);
            let goes_on =
                before.is_some_and(|last| last.is("=") || last.is("|>") || emits && last.is(","));
            let next = tokens[end..].iter().find(significant);
            let continued = next.is_some_and(|next| next.is("|>"))
                || !block && next.is_some_and(|next| next.is("{"));
            let comma = block && token.is(",") && !emits;
            let broken = token.breaks > 0 || tokens[end - 1].kind == Kind::Comment;
            if comma || (broken || token.kind == Kind::Comment) && !goes_on && !continued {
                break;
            }
        }
        if opens(token) {
            depth += 1;
        }
        if closes(token) {
            depth = depth.saturating_sub(1);
        }
        end += 1;
    }
    end.max(1)
}

/// The lines of a block's inside, or of a file.
fn sequence(tokens: &[Token<'_>], indent: usize, block: bool) -> Vec<String> {
    let entries = entries(tokens, block);
    let mut lines = Vec::new();
    let mut from = 0;
    while from < entries.len() {
        // fields that follow one another share a column
        let run = entries[from + 1..].iter().take_while(|entry| !entry.apart);
        let to = from + 1 + if block { run.count() } else { 0 };
        let group = &entries[from..to];
        let heads = group
            .iter()
            .filter_map(|entry| Some(flat(&entry.tokens[..entry.equals()?]).chars().count()));
        let column = if block { heads.max().unwrap_or(0) } else { 0 };
        for entry in group {
            if entry.apart {
                lines.push(String::new());
            }
            let mut page = Page::new(indent, column);
            page.entry(entry.tokens, entry.equals());
            let mut entry_lines = page.lines;
            if let (Some(comment), Some(last)) = (entry.trailing, entry_lines.last_mut()) {
                last.push_str("  ");
                last.push_str(comment.text);
            }
            lines.append(&mut entry_lines);
        }
        from = to;
    }
    lines
}

/// Tokens on one line.
fn flat(tokens: &[Token<'_>]) -> String {
    let mut line = String::new();
    for (index, token) in tokens.iter().enumerate() {
        if index > 0 && spaced(&tokens[..index], token) {
            line.push(' ');
        }
        line.push_str(token.text);
    }
    line
}

/// Whether a blank stands between the tokens so far and the next one.
fn spaced(before: &[Token<'_>], next: &Token<'_>) -> bool {
    let Some(last) = before.last() else {
        return false;
    };
    if last.is("{") {
        return !next.is("}");
    }
    if next.is("}") {
        return true;
    }
    let tight_before = [")", "]", ",", ".", "..", "%"];
    if tight_before.iter().any(|sign| next.is(sign)) {
        return false;
    }
    if ["(", "[", ".", ".."].iter().any(|sign| last.is(sign)) {
        return false;
    }
    if next.is("(") {
        // a call or the parameters of an augment, else a bracket of its own
        let keyword = last.is_word("emit") && before.len() == 1;
        return last.kind != Kind::Word || keyword;
    }
    !(next.is_word("px") && last.kind == Kind::Number)
}

/// The lines of one entry while it is laid out.
struct Page {
    lines: Vec<String>,
    indent: usize,
    /// Where the `=` of the group stands.
    column: usize,
}

/// A bracket that is open.
struct Open {
    /// One element a line.
    tall: bool,
    /// Where the inside of it begins.
    column: usize,
    /// How far its closing bracket stands in where it is tall.
    indent: usize,
}

impl Page {
    fn new(indent: usize, column: usize) -> Self {
        Self {
            lines: vec![" ".repeat(indent)],
            indent,
            column,
        }
    }

    fn width(&self) -> usize {
        self.lines.last().map_or(0, |line| line.chars().count())
    }

    fn add(&mut self, text: &str) {
        if let Some(line) = self.lines.last_mut() {
            line.push_str(text);
        }
    }

    fn break_to(&mut self, column: usize) {
        self.lines.push(" ".repeat(column));
    }

    fn entry(&mut self, tokens: &[Token<'_>], equals: Option<usize>) {
        // the value's place: where its steps stand under one another
        let mut value = self.indent;
        let mut stack: Vec<Open> = Vec::new();
        let mut fresh = true;
        let mut index = 0;
        while index < tokens.len() {
            let token = &tokens[index];
            let before = &tokens[..index];
            if token.is("{") {
                let end = index + matching(&tokens[index..]);
                if !fresh {
                    self.add(" ");
                }
                self.block(&tokens[index..=end.min(tokens.len() - 1)]);
                fresh = false;
                index = end + 1;
                continue;
            }
            if token.kind == Kind::Comment {
                let column = stack
                    .last()
                    .map_or(self.indent + INDENT, |open| open.column);
                if token.breaks > 0 && !fresh {
                    self.break_to(column);
                } else if !fresh {
                    self.add("  ");
                }
                self.add(token.text);
                self.break_to(column);
                fresh = true;
                index += 1;
                continue;
            }
            if closes(token) {
                if let Some(open) = stack.pop()
                    && open.tall
                {
                    if fresh {
                        self.lines.pop();
                    }
                    self.break_to(open.indent);
                }
                self.add(token.text);
                fresh = false;
                index += 1;
                continue;
            }
            if token.is("|>") && !fresh {
                let pipe = stack.last().map_or(value, |open| open.column);
                let floor = self.indent + INDENT;
                let broken = token.breaks > 0;
                let wide = self.width() + 1 + step_width(&tokens[index..]) > WIDTH;
                if broken || wide {
                    self.break_to(pipe.saturating_sub(3).max(floor));
                    fresh = true;
                }
            }
            if !fresh && Some(index) == equals {
                // into the column, with the blank that stands before it anyway
                let head = self.width() - self.indent;
                self.add(&" ".repeat(self.column.saturating_sub(head)));
            }
            if !fresh && spaced(before, token) {
                self.add(" ");
            }
            if fresh && token.is("|>") && self.width() <= self.indent + INDENT && stack.is_empty() {
                // after a comment: under the steps before it
                let column = value.saturating_sub(3).max(self.indent + INDENT);
                self.lines.pop();
                self.break_to(column);
            }
            self.add(token.text);
            fresh = false;
            if stack.is_empty() && (Some(index) == equals || index == 0 && token.is_word("emit")) {
                value = self.width() + 1;
            }
            if opens(token) {
                let tall = is_tall(&tokens[index..]);
                let indent = self.line_indent();
                let column = if tall { indent + INDENT } else { self.width() };
                stack.push(Open {
                    tall,
                    column,
                    indent,
                });
                if tall {
                    self.break_to(column);
                    fresh = true;
                }
            } else if token.is(",")
                && let Some(open) = stack.last()
                && open.tall
                && tokens
                    .get(index + 1)
                    .is_none_or(|next| next.kind != Kind::Comment || next.breaks > 0)
            {
                self.break_to(open.column);
                fresh = true;
            }
            index += 1;
        }
        while self.lines.len() > 1 && self.lines.last().is_some_and(|line| line.trim().is_empty()) {
            self.lines.pop();
        }
    }

    /// How far the current line stands in.
    fn line_indent(&self) -> usize {
        self.lines
            .last()
            .map_or(0, |line| line.len() - line.trim_start().len())
    }

    /// A block with its braces.
    fn block(&mut self, tokens: &[Token<'_>]) {
        let inside = &tokens[1..tokens.len().saturating_sub(1).max(1)];
        if inside.is_empty() {
            self.add("{ }");
            return;
        }
        let comment = inside.iter().any(|token| token.kind == Kind::Comment);
        let broken = inside[0].breaks > 0;
        if !comment && !broken {
            let entries = entries(inside, true);
            let parts: Vec<String> = entries.iter().map(|entry| flat(entry.tokens)).collect();
            let line = format!("{{ {} }}", parts.join(", "));
            let nested = inside.iter().any(|token| token.is("{"));
            // behind a comma an `emit` goes on: what follows one stands on a line of its own
            let emits = |entry: &Entry<'_, '_>| entry.tokens[0].is_word("emit");
            let followed = entries.iter().rev().skip(1).any(emits);
            let tall = |at: usize| opens(&inside[at]) && is_tall(&inside[at..]);
            let broken = (0..inside.len()).any(tall);
            if !nested && !followed && !broken && self.width() + line.chars().count() <= WIDTH {
                self.add(&line);
                return;
            }
        }
        self.add("{");
        let indent = self.line_indent();
        let mut rest = inside;
        if inside[0].kind == Kind::Comment && inside[0].breaks == 0 {
            self.add("  ");
            self.add(inside[0].text);
            rest = &inside[1..];
        }
        self.lines.extend(sequence(rest, indent + INDENT, true));
        self.break_to(indent);
        self.add("}");
    }
}

/// The index of the bracket that closes the first token.
fn matching(tokens: &[Token<'_>]) -> usize {
    let closing = depths(tokens)
        .skip(1)
        .position(|(depth, token)| depth == 0 && closes(token));
    closing.map_or(tokens.len() - 1, |at| at + 1)
}

/// Whether a bracket's elements stand each on a line of its own: its author began so, or a comment asks for it.
fn is_tall(tokens: &[Token<'_>]) -> bool {
    let inside = &tokens[1..matching(tokens).max(1)];
    let comment = depths(inside).any(|(depth, token)| depth == 0 && token.kind == Kind::Comment);
    let comma = depths(inside).any(|(depth, token)| depth == 0 && token.is(","));
    match inside.first() {
        Some(first) => comment || first.breaks > 0 && comma,
        None => false,
    }
}

/// The width of a step up to the next one of its pipeline.
fn step_width(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0usize;
    let mut end = 1;
    for token in &tokens[1..] {
        if depth == 0 && (token.is("|>") || closes(token) || token.is(",") || token.is("{"))
            || token.kind == Kind::Comment
            || token.breaks > 0 && depth == 0
        {
            break;
        }
        if opens(token) {
            depth += 1;
        } else if closes(token) {
            depth -= 1;
        }
        end += 1;
    }
    flat(&tokens[..end]).chars().count()
}

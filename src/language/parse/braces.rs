//! Braces that are missing, or one too many: fields that stand in no block show it.

use std::ops::Range;

use super::slip::Slip;
use super::tokens::{Token, Tokens};

/// An item that may have a block.
struct Header {
    /// The keyword, with the name behind it.
    shown: String,
    /// From the keyword to the last token before the block.
    span: Range<usize>,
    /// Where its block was closed.
    closed: Option<Range<usize>>,
    /// Whether its block was opened.
    opened: bool,
}

/// The first of them. What follows it is another text once it is mended.
pub fn slip(text: &str) -> Option<Slip> {
    let tokens = Tokens::new(text);
    let mut open: Vec<&str> = Vec::new();
    let mut header: Option<Header> = None;
    let mut index = 0;
    while index < tokens.all.len() {
        let at = tokens.range(index);
        if !open.contains(&"{") {
            if let Some(next) = item(&tokens, index) {
                open.clear();
                let keyword = tokens.at(index);
                let name = tokens.at(index + 1);
                header = match keyword {
                    "run" => Some(("`run`".to_owned(), index)),
                    "pretext" | "evaluate" | "finetune" | "export" | "augment" => {
                        let unnamed = next == index + 1 || name == "=";
                        let shown = if unnamed { keyword } else { name };
                        Some((format!("`{shown}`"), index))
                    }
                    _ => None,
                }
                .map(|(shown, _)| Header {
                    shown,
                    span: at.start..tokens.range(next - 1).end,
                    closed: None,
                    opened: false,
                });
                index = next;
                continue;
            }
            if open.is_empty() && field(&tokens, index, header.as_ref()) {
                let header = header?;
                if !header.opened {
                    let slip = Slip::new(
                        header.span.clone(),
                        format!("`{{` is missing before the fields of {}", header.shown),
                    );
                    let end = header.span.end;
                    return Some(slip.edit("open the block", end..end, " {"));
                }
                let brace = header.closed?;
                let slip = Slip::new(
                    brace.clone(),
                    format!(
                        "this `}}` closes {}, but more of its fields follow",
                        header.shown
                    ),
                );
                return Some(slip.edit("delete it", without_blank(text, brace), ""));
            }
            if tokens.at(index) == "}" && open.is_empty() {
                let slip = Slip::new(at.clone(), "this `}` closes nothing");
                return Some(slip.edit("delete it", without_blank(text, at), ""));
            }
        }
        match tokens.at(index) {
            sign @ ("(" | "[" | "{") if tokens.is(index, Token::Sign) => {
                if sign == "{"
                    && open.is_empty()
                    && let Some(header) = &mut header
                {
                    header.opened = true;
                }
                open.push(sign);
            }
            ")" | "]" if open.last().is_some_and(|last| *last != "{") => {
                open.pop();
            }
            "}" => {
                while open.pop().is_some_and(|last| last != "{") {}
                if open.is_empty()
                    && let Some(header) = &mut header
                {
                    header.closed = Some(at.clone());
                }
            }
            _ => {
                // a block that is never closed ends where the next item begins
                if tokens.first(index) && open.contains(&"{") && item(&tokens, index).is_some() {
                    open.clear();
                    continue;
                }
            }
        }
        if let Some(header) = &mut header
            && !header.opened
            && !matches!(tokens.all[index].0, Token::Newline | Token::Comment)
        {
            header.span.end = at.end;
        }
        index += 1;
    }
    None
}

/// Whether an item begins here; the index behind its head.
fn item(tokens: &Tokens<'_>, index: usize) -> Option<usize> {
    if !tokens.is(index, Token::Word) {
        return None;
    }
    let word = tokens.is(index + 1, Token::Word);
    let third = tokens.at(index + 2);
    match tokens.at(index) {
        "dataset" | "encoder" | "layers" | "pretext" | "evaluate" | "finetune" | "export"
        | "fit"
            if word && third == "=" =>
        {
            Some(index + 3)
        }
        // its name was left out; no field is called so
        "pretext" | "evaluate" | "finetune" | "export" | "fit"
            if tokens.first(index) && tokens.at(index + 1) == "=" =>
        {
            Some(index + 2)
        }
        "pretext" | "evaluate" | "finetune" | "export" | "fit" if word && third == "(" => {
            Some(index + 2)
        }
        "pretext" | "evaluate" | "finetune" | "export" | "fit"
            if tokens.at(index + 1) == "{"
                || tokens.first(index)
                    && tokens.ends(index + 1)
                    && opens_fields(tokens, index + 1) =>
        {
            Some(index + 1)
        }
        "augment" if word && third == "(" => {
            let mut end = index + 3;
            while end < tokens.all.len()
                && !matches!(tokens.at(end), ")" | "{" | "}" | "=")
                && !(tokens.first(end) && tokens.at(end) == "emit")
            {
                end += 1;
            }
            Some(end + usize::from(tokens.at(end) == ")"))
        }
        "run" if tokens.at(index + 1) == "{" => Some(index + 1),
        "run" if tokens.first(index) && opens_fields(tokens, index + 1) => Some(index + 1),
        "sweep" if word && third == "{" => Some(index + 2),
        "override" | "extends" | "use" if tokens.first(index) => Some(index + 1),
        _ => None,
    }
}

/// Whether the first thing from here on that is no line end and no comment is a word.
fn opens_fields(tokens: &Tokens<'_>, from: usize) -> bool {
    let next = (from..tokens.all.len())
        .find(|index| !matches!(tokens.all[*index].0, Token::Newline | Token::Comment));
    next.is_some_and(|index| tokens.is(index, Token::Word))
}

/// Whether a field begins here, or a line of an augment.
fn field(tokens: &Tokens<'_>, index: usize, header: Option<&Header>) -> bool {
    // nothing but a line's beginning, a comma or a header stands before a field
    let begins = tokens.first(index)
        || tokens.at(index - 1) == ","
        || header
            .is_some_and(|header| !header.opened && header.span.end == tokens.range(index - 1).end);
    let word = tokens.is(index, Token::Word);
    let next = tokens.at(index + 1);
    match tokens.at(index) {
        _ if !begins => false,
        "emit" => next != "=",
        "optimizer" if tokens.is(index + 1, Token::Word) => tokens.at(index + 2) == "=",
        "bind" if next == "{" => true,
        "(" if tokens.first(index) => {
            let close = (index..tokens.all.len().min(index + 16)).find(|at| tokens.at(*at) == ")");
            close.is_some_and(|close| tokens.at(close + 1) == "=")
        }
        _ => word && next == "=",
    }
}

/// A brace with the blanks before it, or with its whole line where nothing else stands there.
fn without_blank(text: &str, brace: Range<usize>) -> Range<usize> {
    let before = text[..brace.start].trim_end_matches([' ', '\t']);
    let rest = &text[brace.end..];
    let line = rest.trim_start_matches([' ', '\t', '\r']);
    if (before.is_empty() || before.ends_with('\n')) && line.starts_with('\n') {
        return before.len()..brace.end + (rest.len() - line.len()) + 1;
    }
    before.len()..brace.end
}

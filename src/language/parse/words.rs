//! Habits from other languages that words show: names with a `-`, paths without quotes, calls behind a `.`, `return`.

use super::slip::Slip;
use super::tokens::{Token, Tokens};
use crate::language::nearest::nearest;

/// Names with a `-` inside, paths without quotes, calls behind a `.`.
pub fn joined(tokens: &Tokens<'_>, index: usize) -> Option<(Slip, usize)> {
    let word = |at: usize| tokens.is(at, Token::Word);
    let here = tokens.range(index);
    if tokens.at(index) == "."
        && index > 0
        && tokens.joined(index)
        && (word(index - 1) || tokens.at(index - 1) == ")")
        && word(index + 1)
        && tokens.at(index + 2) == "("
        && !is_used(tokens, tokens.at(index - 1))
    {
        let slip = Slip::new(
            here.clone(),
            "what is called stands behind `|>`, not behind `.`",
        );
        return Some((slip.by("pipelines are written `a |> b`", " |> "), index + 2));
    }
    if !word(index) {
        return None;
    }
    let mut end = index;
    let mut signs: Vec<&str> = Vec::new();
    while matches!(tokens.at(end + 1), "-" | "/" | ".")
        && tokens.joined(end + 1)
        && tokens.joined(end + 2)
        && (word(end + 2) || tokens.at(end + 1) == "-" && tokens.is(end + 2, Token::Number))
    {
        signs.push(tokens.at(end + 1));
        end += 2;
    }
    let whole = here.start..tokens.range(end).end;
    let text = &tokens.text[whole.clone()];
    if signs.contains(&"/") {
        let slip = Slip::new(whole, "a path stands in quotes");
        return Some((
            slip.by("write it as a string", format!("\"{text}\"")),
            end + 1,
        ));
    }
    if !signs.contains(&"-") {
        return None;
    }
    let by = text.replace('-', "_");
    let slip = Slip::new(whole, "a name has no `-` in it");
    let slip = slip.by("names have letters, digits and `_`", by);
    Some((slip, end + 1))
}

/// Whether a recipe of this name is used: `use "common/views.ssl"` brings `views.view`.
fn is_used(tokens: &Tokens<'_>, name: &str) -> bool {
    let file = |text: &str| {
        let stem = text.trim_matches('"').strip_suffix(".ssl");
        stem.is_some_and(|stem| stem.rsplit('/').next() == Some(name))
    };
    let mut uses = (0..tokens.all.len()).filter(|index| tokens.at(*index) == "use");
    uses.any(|index| file(tokens.at(index + 1)))
}

/// `return view` in an augment.
pub fn emitted(tokens: &Tokens<'_>, index: usize) -> Option<(Slip, usize)> {
    let begins = tokens.first(index) || tokens.at(index - 1) == "{";
    if !begins || !tokens.is(index, Token::Word) {
        return None;
    }
    if !(tokens.is(index + 1, Token::Word) || tokens.at(index + 1) == "(") {
        return None;
    }
    let this = tokens.at(index);
    if !matches!(this, "return" | "yield" | "output") && nearest(this, ["emit"]).is_none() {
        return None;
    }
    // the last block that was opened is an augment's
    let header = (0..index).rev().find(|at| {
        tokens.first(*at) && tokens.is(*at, Token::Word) && {
            let start = tokens.range(*at).start;
            start == 0 || tokens.text[..start].ends_with('\n')
        }
    });
    if header.is_none_or(|at| tokens.at(at) != "augment") {
        return None;
    }
    let slip = Slip::new(tokens.range(index), format!("`{this}` emits nothing"));
    Some((slip.by("an augment says `emit`", "emit"), index + 1))
}

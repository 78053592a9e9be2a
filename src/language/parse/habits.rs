//! Habits from other languages that a few tokens show: signs, comments, quotes, numbers. Nothing here is ever sound `.ssl`.

use super::slip::Slip;
use super::tokens::{Token, Tokens};
use super::words;
use crate::language::codes::Code;

/// All of them, in order, none inside another.
pub fn slips(text: &str) -> Vec<Slip> {
    let tokens = Tokens::new(text);
    let mut found = Vec::new();
    let mut index = 0;
    // what is open; the signs of Python's pairs mean a range only outside calls
    let mut open: Vec<usize> = Vec::new();
    while index < tokens.all.len() {
        let step = comment(&tokens, index)
            .or_else(|| quoted(&tokens, index))
            .or_else(|| number(&tokens, index, &open))
            .or_else(|| pair(&tokens, index))
            .or_else(|| words::joined(&tokens, index))
            .or_else(|| words::emitted(&tokens, index))
            .or_else(|| sign(&tokens, index));
        match step {
            Some((slip, next)) => {
                found.push(slip);
                index = next.max(index + 1);
            }
            None => {
                match tokens.at(index) {
                    "(" | "[" | "{" => open.push(index),
                    ")" | "]" | "}" => {
                        open.pop();
                    }
                    _ => {}
                }
                index += 1;
            }
        }
    }
    found
}

/// `# …`, `-- …` and `/* … */`.
fn comment(tokens: &Tokens<'_>, index: usize) -> Option<(Slip, usize)> {
    let start = tokens.range(index).start;
    let after = |end: usize| {
        let rest = &tokens.all[index..];
        index + rest.iter().take_while(|(_, at)| at.start < end).count()
    };
    let line_end = start
        + tokens.text[start..]
            .find('\n')
            .unwrap_or(tokens.text.len() - start);
    match tokens.at(index) {
        "#" if start <= '\u{feff}'.len_utf8() && tokens.at(index + 1) == "!" => {
            let end = (line_end + 1).min(tokens.text.len());
            let slip = Slip::new(start..line_end, "a recipe has no `#!` line");
            let slip = slip.edit(
                "delete it; a recipe is run by `pretext run`",
                start..end,
                "",
            );
            Some((slip, after(line_end)))
        }
        sign @ ("#" | "--") if sign == "#" || tokens.first(index) => {
            let count = tokens.text[start..].len()
                - tokens.text[start..]
                    .trim_start_matches(sign.chars().next()?)
                    .len();
            let slip = Slip::new(start..start + count, format!("`{sign}` begins no comment"));
            let slip = slip.by("comments start with `//`", "//");
            Some((slip, after(line_end)))
        }
        "/*" => {
            let length = 2 + tokens.text[start + 2..].find("*/")?;
            let end = start + length + 2;
            let inner = tokens.text[start + 2..end - 2].trim_matches('*');
            let tail = &tokens.text[end..];
            let alone = tail.trim_start_matches([' ', '\t', '\r']);
            let by = if alone.is_empty() || alone.starts_with('\n') {
                let lines: Vec<String> = (inner.trim().lines())
                    .map(|line| format!("// {}", line.trim().trim_start_matches('*').trim()))
                    .collect();
                lines.join("\n")
            } else {
                String::new()
            };
            let first = tokens.text[start..].find('\n').map_or(end, |n| start + n);
            let slip = Slip::new(start..end.min(first), "`/*` begins no comment");
            let help = "comments start with `//` and end with the line";
            Some((slip.edit(help, start..end, by), after(end)))
        }
        _ => None,
    }
}

/// `'text'`
fn quoted(tokens: &Tokens<'_>, index: usize) -> Option<(Slip, usize)> {
    let quote @ ("'" | "`") = tokens.at(index) else {
        return None;
    };
    let start = tokens.range(index).start;
    let line = tokens.text[start..].split('\n').next()?;
    let length = line[1..].find(quote)?;
    let inner = &line[1..1 + length];
    let end = start + length + 2;
    let slip = Slip::new(start..end, format!("`{quote}` opens no string"));
    let next = index
        + tokens.all[index..]
            .iter()
            .take_while(|(_, at)| at.start < end)
            .count();
    let field = tokens.at(next) == "=";
    let by = if field {
        inner.to_owned()
    } else {
        format!("\"{inner}\"")
    };
    let help = if field {
        "names stand without quotes"
    } else {
        "strings stand in double quotes"
    };
    (!inner.contains('"')).then(|| (slip.by(help, by), next))
}

/// A number in a form of another language.
fn number(tokens: &Tokens<'_>, index: usize, open: &[usize]) -> Option<(Slip, usize)> {
    let here = tokens.range(index);
    let this = tokens.at(index);
    let after = tokens.at(index + 1);
    let joined = tokens.joined(index + 1);
    let to = |count: usize| here.start..tokens.range(index + count - 1).end;
    let behind_value = tokens.joined(index)
        && (matches!(
            tokens.all[index - 1].0,
            Token::Word | Token::Number | Token::Text
        ) || matches!(tokens.at(index - 1), ")" | "]" | "." | ".."));
    if this == "." && tokens.is(index + 1, Token::Number) && joined && !behind_value {
        let whole = to(2);
        let slip = Slip::new(whole.clone(), "a number begins with a digit");
        let by = format!("0{}", &tokens.text[whole]);
        return Some((slip.by(format!("write `{by}`"), by), index + 2));
    }
    if this == "+" && tokens.is(index + 1, Token::Number) {
        let slip = Slip::new(here.clone(), "a number has no `+` before it");
        return Some((slip.by("delete it", ""), index + 1));
    }
    if !tokens.is(index, Token::Number) {
        return None;
    }
    let ungrouped = |at, by: String| {
        let mut slip = Slip::new(at, "the digits of a number are not grouped");
        slip = slip.by(format!("write `{by}`"), by);
        slip
    };
    if joined && tokens.is(index + 1, Token::Word) {
        let digits = after
            .find(|c: char| !(c == '_' || c.is_ascii_digit()))
            .unwrap_or(after.len());
        let group = &after[..digits];
        if group.starts_with('_') && group.ends_with(|c: char| c.is_ascii_digit()) {
            let whole = here.start..tokens.range(index + 1).start + digits;
            let by = tokens.text[whole.clone()].replace('_', "");
            let mut slip = ungrouped(whole, by);
            slip.code = Code::WrongUnit;
            return Some((slip, index + 2));
        }
        let times = match after {
            "k" | "K" => 1e3,
            "M" => 1e6,
            _ => 0.0,
        };
        let value = this.parse::<f64>().unwrap_or(0.0) * times;
        if value > 0.0 && value < 1e15 && value.fract() == 0.0 {
            let by = format!("{value}");
            let mut slip = Slip::new(to(2), format!("a number has no `{after}` behind it"));
            slip.code = Code::WrongUnit;
            return Some((slip.by(format!("write `{by}`"), by), index + 2));
        }
        if after == "f" {
            let slip = Slip::new(tokens.range(index + 1), "a number has no `f` behind it");
            return Some((slip.by("delete it", ""), index + 2));
        }
    }
    // 1,000
    let mut groups = index;
    while tokens.at(groups + 1) == ","
        && tokens.joined(groups + 1)
        && tokens.joined(groups + 2)
        && tokens.at(groups + 2).len() == 3
        && tokens.at(groups + 2).bytes().all(|b| b.is_ascii_digit())
    {
        groups += 2;
    }
    let block = open.last().is_none_or(|index| tokens.at(*index) == "{");
    if groups > index
        && this.len() <= 3
        && this.bytes().all(|b| b.is_ascii_digit())
        && !tokens.joined(index)
        || groups > index && tokens.at(index + 2).starts_with('0')
    {
        let zero = (index..groups).any(|at| tokens.at(at + 1).starts_with('0'));
        if block || zero {
            let whole = here.start..tokens.range(groups).end;
            let by = tokens.text[whole.clone()].replace(',', "");
            return Some((ungrouped(whole, by), groups + 1));
        }
    }
    // 10^-3, 2**16
    if matches!(after, "^" | "**") {
        let minus = tokens.at(index + 2) == "-";
        let power = index + 2 + usize::from(minus);
        let exponent = tokens.at(power).parse::<i32>().ok()?;
        let by = match this {
            "10" => format!("1e{}{exponent}", if minus { "-" } else { "" }),
            _ if minus => return None,
            _ => {
                let value = this.parse::<i64>().ok()?;
                value
                    .checked_pow(u32::try_from(exponent).ok()?)?
                    .to_string()
            }
        };
        let slip = Slip::new(
            here.start..tokens.range(power).end,
            "a recipe does not compute",
        );
        return Some((slip.by(format!("write `{by}`"), by), power + 1));
    }
    // 1/4
    if after == "/" && tokens.is(index + 2, Token::Number) {
        let (above, below) = (
            this.parse::<f64>().ok()?,
            tokens.at(index + 2).parse::<f64>().ok()?,
        );
        let by = format!("{}", above / below);
        let slip = Slip::new(to(3), "a recipe does not compute");
        let exact = below != 0.0 && by.len() <= 10;
        return Some(match exact {
            true => (slip.by(format!("write `{by}`"), by), index + 3),
            false => (slip.by("write the number", "1").unsure(), index + 3),
        });
    }
    // 0.5-1.0, 0.5...1.0, 0.5 to 1.0, 0.5:1.0
    let between = matches!(after, "-" | "..." | "to" | "~" | ":");
    if between && tokens.is(index + 2, Token::Number) {
        let by = format!("{this}..{}", tokens.at(index + 2));
        let slip = Slip::new(tokens.range(index + 1), format!("`{after}` makes no range"));
        let slip = slip.edit(format!("write `{by}`"), to(3), by);
        return Some((slip, index + 3));
    }
    // 0.5..=1.0
    if after == ".." && tokens.at(index + 2) == "=" {
        let slip = Slip::new(tokens.range(index + 2), "a range holds both its ends");
        return Some((slip.by("delete the `=`", ""), index + 3));
    }
    // `1.`
    if after == "." && joined && !(tokens.joined(index + 2) && tokens.is(index + 2, Token::Number))
    {
        let by = format!("{this}.0");
        let slip = Slip::new(to(2), "a number ends with a digit");
        return Some((slip.by(format!("write `{by}`"), by), index + 2));
    }
    None
}

/// `(0.5, 1.0)` where no call stands before the bracket.
fn pair(tokens: &Tokens<'_>, index: usize) -> Option<(Slip, usize)> {
    let before = index.checked_sub(1)?;
    if tokens.at(index) != "("
        || !(matches!(tokens.at(before), "=" | "(" | "," | ":" | "[" | ":=" | "=="))
        || !tokens.is(index + 1, Token::Number)
        || tokens.at(index + 2) != ","
        || !tokens.is(index + 3, Token::Number)
    {
        return None;
    }
    let comma = usize::from(tokens.at(index + 4) == ",");
    if tokens.at(index + 4 + comma) != ")" {
        return None;
    }
    let by = format!("{}..{}", tokens.at(index + 1), tokens.at(index + 3));
    let whole = tokens.range(index).start..tokens.range(index + 4 + comma).end;
    let slip = Slip::new(whole, format!("a range is written `{by}`"));
    Some((slip.by("write it with two dots", by), index + 5 + comma))
}

/// Signs for `=` and `|>`, and ends of statements.
fn sign(tokens: &Tokens<'_>, index: usize) -> Option<(Slip, usize)> {
    if !tokens.is(index, Token::Sign) {
        return None;
    }
    let here = tokens.range(index);
    let this = tokens.at(index);
    let word = index > 0 && matches!(tokens.all[index - 1].0, Token::Word | Token::Text);
    let equals = |at| {
        let slip = Slip::new(at, format!("expected `=`, found `{this}`"));
        slip.by("fields and arguments take `=`", "=")
    };
    let pipe = || {
        let slip = Slip::new(here.clone(), format!("expected `|>`, found `{this}`"));
        slip.by("pipelines are written `a |> b`", "|>")
    };
    let next = index + 1;
    match this {
        ":=" | "==" | "===" | "<-" | "+=" if word => Some((equals(here), next)),
        "=>" if word && tokens.at(index - 1) != ")" => Some((equals(here), next)),
        ":" if word && tokens.at(next) == "=" => {
            Some((equals(here.start..tokens.range(next).end), next + 1))
        }
        // `(a, b): value`, `augment view(image):`
        ":" if index > 0 && tokens.at(index - 1) == ")" => {
            let ends = tokens.ends(next) || tokens.at(next) == "{";
            let slip = Slip::new(here.clone(), "unexpected `:`");
            Some(match ends {
                true => (slip.by("delete it: blocks stand in `{ }`", ""), next),
                false => {
                    let slip = Slip::new(here, "expected `=`, found `:`");
                    (slip.by("names are bound with `=`", " ="), next)
                }
            })
        }
        ":" if word => {
            let blank = |at: usize| tokens.text[..at].ends_with([' ', '\t']);
            let mut slip = Slip::new(here.clone(), "expected `=`, found `:`");
            let by = match (blank(here.start), tokens.text[here.end..].starts_with(' ')) {
                (true, _) | (false, false) => "=",
                (false, true) => " =",
            };
            slip = slip.by("fields and arguments take `=`", by);
            Some((slip, next))
        }
        "->" | "-->" | "|>>" | "||>" | "%>%" | ">>" | "~>" | "||" | ">|" | "=>" => {
            Some((pipe(), next))
        }
        "|" | ">" => {
            // `| >`
            if this == "|" && tokens.at(next) == ">" {
                let slip = Slip::new(
                    here.start..tokens.range(next).end,
                    "`|>` stands without a blank inside",
                );
                return Some((slip.by("join them", "|>"), next + 1));
            }
            Some((pipe(), next))
        }
        "|>" if tokens.at(next) == "|>" => {
            let slip = Slip::new(tokens.range(next), "`|>` stands here twice");
            Some((slip.by("delete one", ""), next + 1))
        }
        ";" => {
            let last = tokens.ends(next) || tokens.at(next) == "}";
            let slip = Slip::new(here, "`;` ends nothing");
            Some((
                match last {
                    true => slip.by("a field ends with its line: delete it", ""),
                    false => slip.by("write a comma between two fields", ","),
                },
                next,
            ))
        }
        "\\" if tokens.ends(next) => {
            let slip = Slip::new(here, "`\\` joins no lines");
            Some((
                slip.by(
                    "delete it: a pipeline goes on in the next line with `|>`",
                    "",
                ),
                next,
            ))
        }
        _ => None,
    }
}

//! A recipe with its words coloured. Not the parser: it must also show a recipe that the parser refuses.

use crate::report::plot::escape;

const ITEMS: &[&str] = &[
    "ssl", "dataset", "augment", "encoder", "pretext", "evaluate", "finetune", "export", "run",
    "fit", "sweep", "use", "extends", "override",
];
const WORDS: &[&str] = &["emit", "as", "bind"];
const UNITS: &[&str] = &["epochs", "epoch", "steps", "step"];

/// One `<span class="l">` per line; inside, `<b class="…">` for `k` keywords, `i` names of items, `f` calls, `a` fields, `n` numbers with
/// their units, `s` strings, `o` operators, `c` comments, `d` doc comments.
pub(super) fn html(recipe: &str) -> String {
    let mut out = String::with_capacity(recipe.len() * 2);
    for line in recipe.lines() {
        out.push_str("<span class=\"l\">");
        colour(&mut out, line);
        out.push_str("\n</span>");
    }
    out
}

fn colour(out: &mut String, line: &str) {
    let mut rest = line;
    // how many words so far, and whether the next one is an item's name
    let (mut words, mut named) = (0, false);
    while let Some(c) = rest.chars().next() {
        let (class, len) = if rest.starts_with("//") {
            let doc = rest.starts_with("///");
            (if doc { "d" } else { "c" }, rest.len())
        } else if c == '"' {
            ("s", string(rest))
        } else if c.is_ascii_digit() {
            ("n", number(rest))
        } else if c.is_alphabetic() || c == '_' {
            let len = word(rest);
            let leads = words == 0 && indent(line) == line.len() - rest.len();
            let class = match word_class(&rest[..len], &rest[len..], leads) {
                _ if named => "i",
                class => class,
            };
            named = leads && class == "k" && ITEMS.contains(&&rest[..len]);
            words += 1;
            (class, len)
        } else if rest.starts_with("|>") || rest.starts_with("..") {
            ("o", 2)
        } else if matches!(c, '=' | '*') {
            ("o", 1)
        } else {
            ("", c.len_utf8())
        };
        named &= c.is_whitespace() || class == "k";
        let text = escape(&rest[..len]);
        if class.is_empty() {
            out.push_str(&text);
        } else {
            out.push_str(&format!("<b class=\"{class}\">{text}</b>"));
        }
        rest = &rest[len..];
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

fn word_class(word: &str, after: &str, leads: bool) -> &'static str {
    let next = after.trim_start();
    let assigned = next.starts_with('=');
    // `augment = turned` is a field, `augment turned(image)` an item
    if WORDS.contains(&word) && !assigned || leads && ITEMS.contains(&word) && !assigned {
        "k"
    } else if after.starts_with('(') {
        "f"
    } else if assigned {
        "a"
    } else {
        ""
    }
}

/// The length of a string with its quotes; to the end of the line where it isn't closed.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The length of a number with its unit: `1e-3`, `80%`, `32px`, `10 epochs`. `0.2..1.0` is two numbers.
fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |mut at: usize| {
        while bytes
            .get(at)
            .is_some_and(|b| b.is_ascii_digit() || *b == b'_')
        {
            at += 1;
        }
        at
    };
    let mut at = digits(0);
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at = digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            at = digits(at + 1 + sign);
        }
    }
    if bytes.get(at) == Some(&b'%') {
        return at + 1;
    }
    let tail = &text[at..];
    if tail.starts_with("px") && word(tail) == 2 {
        return at + 2;
    }
    let spaces = indent(tail);
    let unit = &tail[spaces..];
    let len = word(unit);
    if UNITS.contains(&&unit[..len]) {
        at + spaces + len
    } else {
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPE: &str = r#"ssl 1

/// Which <turn>?
dataset fashion = fashion_mnist() |> hold_out(10%, seed = 0)     // .train
augment view(image) {
  emit image |> random_resized_crop(32px, scale = 0.2..1.0) * 2
}
pretext rotations = rotation() {
  augment   = view
  length    = 10 epochs
  optimizer = adamw(1e-3, weight_decay = 0.05)
}
export w = safetensors("a \" |> b") { from = rotations }
run { seed = 7 }
broken "string
ünïcode = 5x"#;

    /// What a browser would show.
    fn shown(html: &str) -> String {
        let mut out = String::new();
        let mut inside = false;
        for c in html.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => out.push(c),
                _ => {}
            }
        }
        out.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&")
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(shown(&html(RECIPE)).trim_end(), RECIPE);
    }

    #[test]
    fn words_get_their_classes() {
        let html = html(RECIPE);
        for part in [
            "<b class=\"k\">dataset</b> <b class=\"i\">fashion</b> <b class=\"o\">=</b> <b class=\"f\">fashion_mnist</b>()",
            "<b class=\"k\">run</b> { <b class=\"a\">seed</b>",
            "<b class=\"n\">10%</b>",
            "<b class=\"n\">32px</b>",
            "<b class=\"n\">0.2</b><b class=\"o\">..</b><b class=\"n\">1.0</b>",
            "<b class=\"n\">10 epochs</b>",
            "<b class=\"n\">1e-3</b>",
            "<b class=\"a\">augment</b>   <b class=\"o\">=</b> view",
            "<b class=\"k\">augment</b> <b class=\"i\">view</b>(image)",
            "<b class=\"k\">emit</b> image",
            "<b class=\"s\">&quot;a \\&quot; |&gt; b&quot;</b>",
            "<b class=\"d\">/// Which &lt;turn&gt;?</b>",
            "<b class=\"c\">// .train</b>",
            "<b class=\"a\">ünïcode</b> <b class=\"o\">=</b> <b class=\"n\">5</b>x",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
    }
}

//! The little Markdown that doc comments use: paragraphs, lists with `-`, indented or fenced code, `code` in a line.

use crate::report::plot::escape;

/// HTML of a doc comment's text.
pub(super) fn html(text: &str) -> String {
    let mut out = String::new();
    let mut block = Block::None;
    for line in text.lines() {
        let line = line.trim_end();
        let fence = line.trim_start().starts_with("```");
        block = match block {
            Block::Fenced if fence => {
                out.push_str("</pre>");
                Block::None
            }
            Block::Fenced => {
                out.push_str(&escape(line));
                out.push('\n');
                Block::Fenced
            }
            open => step(&mut out, open, line, fence),
        };
    }
    close(&mut out, &block);
    out
}

enum Block {
    None,
    Paragraph,
    List,
    Code,
    Fenced,
}

fn step(out: &mut String, open: Block, line: &str, fence: bool) -> Block {
    let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
    let code = line.starts_with("    ");
    if fence {
        close(out, &open);
        out.push_str("<pre>");
        return Block::Fenced;
    }
    match (open, item) {
        (open, _) if line.trim().is_empty() => {
            close(out, &open);
            Block::None
        }
        (Block::List, Some(item)) => {
            out.push_str("</li><li>");
            inline(out, item);
            Block::List
        }
        (open, Some(item)) => {
            close(out, &open);
            out.push_str("<ul><li>");
            inline(out, item);
            Block::List
        }
        (Block::Code, None) if code => {
            out.push('\n');
            out.push_str(&escape(&line[4..]));
            Block::Code
        }
        (Block::None, None) if code => {
            out.push_str("<pre>");
            out.push_str(&escape(&line[4..]));
            Block::Code
        }
        (open @ (Block::Paragraph | Block::List), None) => {
            out.push(' ');
            inline(out, line.trim_start());
            open
        }
        (open, None) => {
            close(out, &open);
            out.push_str("<p>");
            inline(out, line.trim_start_matches('#').trim_start());
            Block::Paragraph
        }
    }
}

fn close(out: &mut String, block: &Block) {
    out.push_str(match block {
        Block::None => "",
        Block::Paragraph => "</p>",
        Block::List => "</li></ul>",
        Block::Code | Block::Fenced => "</pre>",
    });
}

fn inline(out: &mut String, text: &str) {
    let parts: Vec<&str> = text.split('`').collect();
    // an odd backtick has no partner and stays text
    let paired = parts.len() % 2 == 1;
    for (i, part) in parts.iter().enumerate() {
        let last = i + 1 == parts.len();
        match (i % 2 == 1, last && !paired) {
            (true, false) => out.push_str(&format!("<code>{}</code>", escape(part))),
            (true, true) => out.push_str(&format!("`{}", escape(part))),
            (false, _) => out.push_str(&escape(part)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        assert_eq!(
            html("One <two>\nthree `a|>b`.\n\n- x\n- y\n  z\n\n    cargo run\n    --release\n"),
            "<p>One &lt;two&gt; three <code>a|&gt;b</code>.</p><ul><li>x</li><li>y z</li></ul><pre>cargo run\n--release</pre>"
        );
        assert_eq!(html("```\na\n\nb\n```\nc"), "<pre>a\n\nb\n</pre><p>c</p>");
        assert_eq!(html("a ` b"), "<p>a ` b</p>");
        assert_eq!(html(""), "");
    }
}

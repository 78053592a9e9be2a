//! The text of a script, and where things stand in it.

use std::sync::Arc;

use rhai::Position;

use crate::language::{FileId, Span};

/// The text of a script.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the recipe names it.
    pub path: String,
    /// The whole text.
    pub text: Arc<str>,
    /// Where it lies among the files of the recipe.
    pub file: FileId,
}

impl Source {
    /// The word or sign at a position; the script's first line for a position that is not known.
    pub fn span(&self, at: Position) -> Span {
        let Some(line) = at.line() else {
            return self.first_line();
        };
        let start: usize = (self.text.split_inclusive('\n').take(line - 1))
            .map(str::len)
            .sum();
        let text = self.text.get(start..).unwrap_or("");
        let text = text.lines().next().unwrap_or("");
        let column = at.position().unwrap_or(1).saturating_sub(1);
        let offset = text.chars().take(column).map(char::len_utf8).sum::<usize>();
        let rest = &text[offset..];
        let word = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_');
        let length = match word.map(char::len_utf8).sum::<usize>() {
            0 => rest.chars().next().map_or(0, char::len_utf8),
            length => length,
        };
        Span::new(self.file, start + offset, start + offset + length)
    }

    /// The name of a function where it is defined; the first line where there is none.
    pub fn function(&self, name: &str) -> Span {
        let head = format!("fn {name}(");
        match self.text.find(&head) {
            Some(at) => Span::new(self.file, at + 3, at + 3 + name.len()),
            None => self.first_line(),
        }
    }

    /// A quoted word behind the head of a function, the function's name where it is not there: a declaration that is wrong.
    pub fn declared(&self, function: &str, word: &str) -> Span {
        let head = self.function(function);
        let quoted = format!("\"{word}\"");
        match self
            .text
            .get(head.end..)
            .and_then(|rest| rest.find(&quoted))
        {
            Some(at) => Span::new(self.file, head.end + at, head.end + at + quoted.len()),
            None => head,
        }
    }

    fn first_line(&self) -> Span {
        let end = self.text.find('\n').unwrap_or(self.text.len());
        Span::new(self.file, 0, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_found_whatever_the_letters() {
        let source = Source {
            path: "a.rhai".into(),
            text: "// τ é\nfn build(g, p) {\n  let τ = spam + 1;\n}\n".into(),
            file: FileId(3),
        };
        let text = |span: Span| &source.text[span.start..span.end];
        assert_eq!(text(source.span(Position::new(3, 11))), "spam");
        assert_eq!(text(source.span(Position::new(3, 16))), "+");
        assert_eq!(text(source.span(Position::new(3, 7))), "τ");
        assert_eq!(text(source.span(Position::NONE)), "// τ é");
        assert_eq!(text(source.function("build")), "build");
        assert_eq!(text(source.function("params")), "// τ é");
        // beyond the end of a line or of the text: nothing, at the end
        assert_eq!(text(source.span(Position::new(3, 900))), "");
        assert_eq!(text(source.span(Position::new(900, 1))), "");
    }
}

//! From text to [`ast`](super::ast): limits, the grammar, recovery.

mod blocks;
mod build;
mod expected;
mod limits;
mod values;

#[allow(missing_docs)]
mod grammar {
    /// The parser that pest makes from `grammar/ssl.pest`.
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/ssl.pest"]
    pub struct Grammar;
}

use grammar::{Grammar, Rule};
use pest::Parser;

use super::ast::{Expr, File, Name};
use super::codes::Code;
use super::{Diagnostic, FileId, Sources, Span};
use crate::catalog::Origin;
use build::Builder;
pub use limits::{MAX_BYTES, MAX_DEPTH, MAX_ITEMS, too_large};

/// Parses a file. What could be parsed is in the result, whatever is wrong elsewhere.
pub fn parse(sources: &Sources, file: FileId) -> (File, Vec<Diagnostic>) {
    let text: &str = &sources.file(file).text;
    if let Some(diagnostic) = limits::check(text, file) {
        return (File::default(), vec![diagnostic]);
    }
    let mut builder = Builder::new(text, file, Origin::Written);
    let parsed = match Grammar::parse(Rule::file, text) {
        Ok(mut pairs) => match pairs.next() {
            Some(pair) => builder.file(pair),
            None => File::default(),
        },
        // the rules of recovery accept every text; only the stack guard of the parser is left
        Err(_) => {
            builder.diagnostics.push(Diagnostic::error(
                Code::TooLarge,
                Span::new(file, 0, 0),
                "the recipe is too complicated to parse",
            ));
            File::default()
        }
    };
    (parsed, builder.diagnostics)
}

/// Parses `path=value` of `--set`.
pub fn parse_setting(
    sources: &Sources,
    file: FileId,
) -> Result<(Vec<Name>, Expr), Vec<Diagnostic>> {
    let text: &str = &sources.file(file).text;
    if let Some(mut diagnostic) = limits::check(text, file) {
        if diagnostic.code == Code::Empty {
            diagnostic.message = "`--set` needs `PATH=VALUE`".into();
        }
        return Err(vec![diagnostic]);
    }
    let mut builder = Builder::new(text, file, Origin::Set);
    match Grammar::parse(Rule::setting, text) {
        Ok(pairs) => {
            let found = builder.setting(pairs);
            match found {
                Some(found) if builder.diagnostics.is_empty() => Ok(found),
                _ => Err(builder.diagnostics),
            }
        }
        Err(error) => {
            let whole = Span::new(file, 0, text.len());
            let mut diagnostic = expected::explain(text, whole, &error);
            if !text.contains('=') {
                diagnostic = diagnostic.help("write `--set STAGE.FIELD=VALUE`");
            }
            Err(vec![diagnostic])
        }
    }
}

/// Parses the default of a parameter. Every place in it is `span`: the call that left it out.
pub fn parse_default(text: &str, span: Span) -> Option<Expr> {
    if limits::check(text, span.file).is_some() {
        return None;
    }
    let mut builder = Builder::new(text, span.file, Origin::Default);
    builder.fixed = Some(span);
    let pairs = Grammar::parse(Rule::expr_alone, text).ok()?;
    let expr = builder.expr_alone(pairs)?;
    builder.diagnostics.is_empty().then_some(expr)
}

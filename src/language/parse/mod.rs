//! From text to [`ast`](super::ast): limits, the grammar, recovery.

mod blocks;
mod braces;
mod build;
mod characters;
mod edition;
mod expected;
mod habits;
mod limits;
mod mended;
mod places;
mod repair;
mod slip;
mod tokens;
mod values;
mod words;

#[allow(missing_docs)]
mod grammar {
    /// The parser that pest makes from `grammar/ssl.pest`.
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/ssl.pest"]
    pub struct Grammar;
}

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use grammar::{Grammar, Rule};
use pest::Parser;

use super::ast::{Expr, File, Name};
use super::codes::Code;
use super::{Diagnostic, FileId, Sources, Span};
use crate::catalog::Origin;
use build::Builder;
pub use limits::{MAX_BYTES, MAX_DEPTH, MAX_ITEMS, too_large};
use mended::Mended;
use repair::Remedy;
use slip::Slip;

/// Longer texts are read as they are: each remedy is tried by reading again.
const MENDED_BYTES: usize = 1 << 16;
/// Remedies that are tried.
const TRIALS: usize = 60;
/// Braces that are mended.
const BRACES: usize = 20;

/// Parses a file. What could be parsed is in the result, whatever is wrong elsewhere. A mistake with one sure remedy is mended
/// before reading goes on, so that nothing that follows from it is reported too; the places are those of what was written.
pub fn parse(sources: &Sources, file: FileId) -> (File, Vec<Diagnostic>) {
    let text: &str = &sources.file(file).text;
    if let Some(diagnostic) = limits::check(text, file) {
        return (File::default(), vec![diagnostic]);
    }
    let mut mended = Mended::new(text);
    let (mut diagnostics, built) = mend_slips(&mut mended, file);
    let mut built = built.unwrap_or_else(|| build(&mended.text, file));
    let mut trials = 0;
    let mut skipped = 0;
    while let Some((index, remedies)) = built.troubles.get(skipped).cloned()
        && trials < TRIALS
        && mended.text.len() <= MENDED_BYTES
    {
        let mut better = None;
        for remedy in &remedies {
            trials += 1;
            let mut next = mended.clone();
            next.apply(std::slice::from_ref(&remedy.edit));
            let after = build(&next.text, file);
            if after.diagnostics.len() < built.diagnostics.len() {
                better = Some((remedy, next, after));
                break;
            }
        }
        let Some((remedy, next, after)) = better else {
            skipped += 1;
            continue;
        };
        let mut said = built.diagnostics.swap_remove(index);
        said.helps.clear();
        let (at, by) = &remedy.edit;
        let edit = Span::new(file, at.start, at.end);
        let mut said = said.fix(remedy.help.clone(), edit, by.clone());
        mended.diagnostic(&mut said);
        diagnostics.push(said);
        (mended, built) = (next, after);
    }
    let Built {
        file: mut tree,
        diagnostics: mut found,
        ..
    } = built;
    found.iter_mut().for_each(|d| mended.diagnostic(d));
    places::file(&mut tree, &mut |span| mended.span(span));
    diagnostics.extend(found);
    if mended.text != text
        && let Some(doubled) = diagnostics.iter().position(|d| d.code == Code::Empty)
        && diagnostics.len() > 1
    {
        diagnostics.remove(doubled);
    }
    (tree, diagnostics)
}

/// What a few characters show, whatever stands around them; with what came of the mended text, where it was read.
fn mend_slips(mended: &mut Mended, file: FileId) -> (Vec<Diagnostic>, Option<Built>) {
    let mut said = Vec::new();
    if mended.text.len() > MENDED_BYTES {
        return (said, None);
    }
    let passes: [fn(&str) -> Vec<Slip>; 4] = [
        characters::slips,
        edition::conflicts,
        |text| edition::slip(text).into_iter().collect(),
        habits::slips,
    ];
    for pass in passes {
        let slips = pass(&mended.text);
        said.extend(slip::mend(&slips, mended, file));
    }
    for _ in 0..BRACES {
        // a text that can be read has its braces
        let built = build(&mended.text, file);
        let slip = match built.diagnostics.is_empty() {
            true => None,
            false => braces::slip(&mended.text),
        };
        let Some(slip) = slip else {
            return (said, Some(built));
        };
        said.extend(slip::mend(&[slip], mended, file));
    }
    (said, None)
}

/// What came of one text.
struct Built {
    file: File,
    diagnostics: Vec<Diagnostic>,
    troubles: Vec<(usize, Vec<Remedy>)>,
}

fn build(text: &str, file: FileId) -> Built {
    let mut builder = Builder::new(text, file, Origin::Written);
    let tree = match Grammar::parse(Rule::file, text) {
        Ok(mut pairs) => match pairs.next() {
            Some(pair) => builder.file(pair),
            None => File::default(),
        },
        // the rules of recovery accept every text
        Err(_) => {
            builder.diagnostics.push(Diagnostic::error(
                Code::TooLarge,
                Span::new(file, 0, 0),
                "the recipe is too complicated to parse",
            ));
            File::default()
        }
    };
    Built {
        file: tree,
        diagnostics: builder.diagnostics,
        troubles: builder.troubles,
    }
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
    let mut mended = Mended::new(text);
    let mut slips = characters::slips(text);
    if slips.is_empty() {
        slips = habits::slips(text);
    }
    if !slips.is_empty() {
        return Err(slip::mend(&slips, &mut mended, file));
    }
    let mut builder = Builder::new(text, file, Origin::Set);
    match Grammar::parse(Rule::setting, text) {
        Ok(pairs) => {
            let found = builder.setting(pairs.flat_map(|pair| pair.into_inner()));
            match found {
                Some(found) if builder.diagnostics.is_empty() => Ok(found),
                _ => Err(builder.diagnostics),
            }
        }
        Err(error) => {
            let whole = Span::new(file, 0, text.len());
            let mut diagnostic = expected::explain(text, whole, &error).diagnostic;
            if !text.contains('=') {
                diagnostic = diagnostic.help("write `--set STAGE.FIELD=VALUE`");
            }
            Err(vec![diagnostic])
        }
    }
}

/// Defaults that are kept: those of the catalog are fewer, scripts and plugins may bring more.
const DEFAULTS: usize = 4096;

/// Parses the default of a parameter. Every place in it is `span`: the call that left it out.
pub fn parse_default(text: &str, span: Span) -> Option<Expr> {
    // every stage has dozens of them, and most are equal
    static READ: Mutex<BTreeMap<String, Expr>> = Mutex::new(BTreeMap::new());
    let read = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    let known = read().get(text).cloned();
    let mut value = match known {
        Some(value) => value,
        None => {
            let value = parse_alone(text)?;
            let mut read = read();
            if read.len() < DEFAULTS {
                read.insert(text.to_owned(), value.clone());
            }
            value
        }
    };
    places::expr(&mut value, &mut |own| *own = span);
    Some(value)
}

/// The value that a text is; its places mean nothing.
fn parse_alone(text: &str) -> Option<Expr> {
    let nowhere = Span::default();
    if limits::check(text, nowhere.file).is_some() {
        return None;
    }
    let mut builder = Builder::new(text, nowhere.file, Origin::Default);
    builder.fixed = Some(nowhere);
    let pairs = Grammar::parse(Rule::expr_alone, text).ok()?;
    let expr = builder.expr_alone(pairs)?;
    builder.diagnostics.is_empty().then_some(expr)
}

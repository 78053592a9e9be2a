//! What would help, as edits: each is tried before it is offered.

use std::ops::Range;
use std::sync::Arc;

use super::analysis::{Analysis, OpenTexts, Workshop};
use super::rename::applied;
use crate::language::{Diagnostic, Severity, proven, said};

/// Times that all fixes are applied: one may bring another into view.
const ROUNDS: usize = 5;

/// An edit that mends something.
#[derive(Clone, Debug)]
pub struct Fix {
    /// What is mended.
    pub of: Diagnostic,
    /// What it does, in a few words.
    pub title: String,
    /// Where.
    pub at: Range<usize>,
    /// The text that stands there then.
    pub by: String,
}

/// The fixes for what is wrong in a part of the text. `all`: all that is wrong.
pub fn fixes(
    workshop: &Workshop,
    analysis: &Analysis,
    all: &[Diagnostic],
    part: &Range<usize>,
    open: &OpenTexts,
) -> Vec<Fix> {
    let mut tried = all.to_vec();
    for diagnostic in &mut tried {
        let at = diagnostic.primary.span;
        let meets = at.file == analysis.file && at.start <= part.end && part.start <= at.end;
        if !meets {
            diagnostic
                .helps
                .iter_mut()
                .for_each(|help| help.edit = None);
        }
    }
    proven(&analysis.text, analysis.file, &mut tried, &mut |text| {
        said(&workshop.check(&analysis.path, &Arc::from(text), open))
    });
    let mut found = Vec::new();
    for diagnostic in &tried {
        for help in &diagnostic.helps {
            if let Some((span, by)) = &help.edit
                && span.file == analysis.file
                && analysis.text.get(span.start..span.end).is_some()
            {
                found.push(Fix {
                    of: diagnostic.clone(),
                    title: help.text.clone(),
                    at: span.start..span.end,
                    by: by.clone(),
                });
            }
        }
    }
    found
}

/// The text with everything mended that has a fix; `None` where nothing has.
pub fn all_fixed(workshop: &Workshop, analysis: &Analysis, open: &OpenTexts) -> Option<String> {
    let mut text = analysis.text.clone();
    for _ in 0..ROUNDS {
        let own = workshop.analyse(&analysis.path, &text, open);
        let planned = workshop.plan(&own.recipe, &own.scope.catalog, own.file, &own.path);
        let all = own.all(&planned.said);
        let errors = |said: &[Diagnostic]| {
            said.iter()
                .filter(|d| d.severity == Severity::Error)
                .count()
        };
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        let mut last: Option<Diagnostic> = None;
        for fix in fixes(workshop, &own, &all, &(0..text.len()), open) {
            // the first of each mistake; of a warning what it says may be meant
            let again = last.as_ref() == Some(&fix.of);
            let meets =
                |(at, _): &(Range<usize>, String)| at.start <= fix.at.end && fix.at.start <= at.end;
            if again || fix.of.severity != Severity::Error || edits.iter().any(meets) {
                continue;
            }
            edits.push((fix.at, fix.by));
            last = Some(fix.of);
        }
        if edits.is_empty() {
            break;
        }
        let mut next: Arc<str> = applied(&text, &edits).into();
        if errors(&workshop.check(&analysis.path, &next, open)) >= errors(&all) {
            // together they do not mend: one is sure
            edits.truncate(1);
            next = applied(&text, &edits).into();
        }
        text = next;
    }
    (text != analysis.text).then(|| text.to_string())
}

/// The part of a text that differs from another, and what stands there instead.
pub fn difference(before: &str, after: &str) -> (Range<usize>, String) {
    let bytes = before.bytes().zip(after.bytes());
    let mut head = bytes.take_while(|(a, b)| a == b).count();
    while !before.is_char_boundary(head) || !after.is_char_boundary(head) {
        head -= 1;
    }
    let most = before.len().min(after.len()) - head;
    let bytes = before.bytes().rev().zip(after.bytes().rev());
    let mut tail = bytes.take(most).take_while(|(a, b)| a == b).count();
    while !before.is_char_boundary(before.len() - tail)
        || !after.is_char_boundary(after.len() - tail)
    {
        tail -= 1;
    }
    let by = after[head..after.len() - tail].to_owned();
    (head..before.len() - tail, by)
}

//! How a text looks in an editor: colours, folds, an outline, hints.

use std::ops::Range;

use super::analysis::Analysis;
use super::mark::What;
use super::shapes::Shape;
use super::token::Tokens;
use crate::catalog::Kind;
use crate::language::LexKind;

/// What a word is coloured as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// A word of the language.
    Keyword,
    /// A comment.
    Comment,
    /// A string.
    Text,
    /// A number with its unit.
    Number,
    /// What is called.
    Function,
    /// An item of the recipe.
    Variable,
    /// A name of an augment.
    Parameter,
    /// A field or an argument.
    Property,
    /// A word of a parameter.
    Member,
    /// A sign.
    Operator,
}

impl Colour {
    /// All of them, in order.
    pub const ALL: [Colour; 10] = [
        Colour::Keyword,
        Colour::Comment,
        Colour::Text,
        Colour::Number,
        Colour::Function,
        Colour::Variable,
        Colour::Parameter,
        Colour::Property,
        Colour::Member,
        Colour::Operator,
    ];
}

/// A coloured word.
#[derive(Clone, Debug)]
pub struct Coloured {
    /// Where.
    pub at: Range<usize>,
    /// As what.
    pub colour: Colour,
    /// Whether it gets its name here.
    pub defines: bool,
    /// Whether it is built in.
    pub built_in: bool,
}

/// Every word that has a colour, in order.
pub fn colours(analysis: &Analysis) -> Vec<Coloured> {
    let plain = |at: Range<usize>, colour: Colour| Coloured {
        at,
        colour,
        defines: false,
        built_in: false,
    };
    let mut found: Vec<Coloured> = Vec::new();
    for mark in &analysis.reading().marks {
        let (colour, defines) = match &mark.what {
            What::Keyword => (Colour::Keyword, false),
            What::Defines(..) => (Colour::Variable, true),
            What::Item(_) => (Colour::Variable, false),
            What::Local(local) => (Colour::Parameter, local.defines),
            What::Emits | What::Param(_) | What::Part(..) => (Colour::Property, false),
            What::Place { defines, .. } => (Colour::Variable, *defines),
            What::Entry(_) => (Colour::Function, false),
            What::Word(_) => (Colour::Member, false),
            What::Unit => (Colour::Number, false),
            What::Value(_) | What::File | What::Unknown => continue,
        };
        found.push(Coloured {
            defines,
            built_in: matches!(&mark.what, What::Entry(spec) if spec.provider.is_none()),
            ..plain(mark.at.clone(), colour)
        });
    }
    let tokens = Tokens::new(&analysis.text);
    for token in &tokens.all {
        let colour = match (token.kind, token.text) {
            (LexKind::Number, _) => Colour::Number,
            (LexKind::Text, _) => Colour::Text,
            (LexKind::Sign, "|>" | "=" | "*" | "..") => Colour::Operator,
            _ => continue,
        };
        found.push(plain(token.start..token.end(), colour));
    }
    let comments = analysis.comments.iter().cloned();
    found.extend(comments.map(|at| plain(at, Colour::Comment)));
    found.sort_by_key(|own| (own.at.start, own.at.end));
    found
}

/// Lines that may be folded: the first and the last, from 0; and whether they are comments.
pub fn folds(analysis: &Analysis) -> Vec<(usize, usize, bool)> {
    let line = |offset: usize| analysis.lines.position(&analysis.text, offset).line as usize;
    let mut folds: Vec<(usize, usize, bool)> = Vec::new();
    let tokens = Tokens::new(&analysis.text);
    let mut open: Vec<usize> = Vec::new();
    for token in &tokens.all {
        match token.text {
            "(" | "[" | "{" => open.push(line(token.start)),
            ")" | "]" | "}" => {
                let last = line(token.start);
                if let Some(first) = open.pop().filter(|first| *first < last) {
                    folds.push((first, last, false));
                }
            }
            _ => {}
        }
    }
    let outline = &analysis.scope.outline;
    let blocks = outline.blocks.iter().map(|(_, whole)| whole);
    for whole in outline.items.iter().map(|item| &item.whole).chain(blocks) {
        folds.push((line(whole.start), line(whole.end), false));
    }
    let mut comments = analysis.comments.iter().map(|at| line(at.start)).peekable();
    while let Some(first) = comments.next() {
        let mut last = first;
        while comments.next_if_eq(&(last + 1)).is_some() {
            last += 1;
        }
        folds.push((first, last, true));
    }
    folds.retain(|(first, last, _)| first < last);
    folds.sort_by_key(|(first, last, _)| (*first, std::cmp::Reverse(*last)));
    folds.dedup_by_key(|(first, _, _)| *first);
    folds
}

/// What lines show of shapes: behind which byte, and the text.
pub fn hints(analysis: &Analysis, shapes: &[Shape], part: &Range<usize>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for shape in shapes.iter().filter(|shape| shape.flows) {
        if shape.at.end < part.start || shape.at.start > part.end {
            continue;
        }
        let marks = &analysis.reading().marks;
        let Ok(index) = marks.binary_search_by_key(&shape.at.start, |mark| mark.at.start) else {
            continue;
        };
        let text = match &marks[index].what {
            What::Entry(spec) => match spec.kind {
                Kind::Dataset | Kind::Pipe | Kind::Transform | Kind::Layer | Kind::Encoder => {
                    format!(" → {}", shape.text)
                }
                _ => continue,
            },
            What::Item(_) => format!(" → {}", shape.text),
            What::Local(local) if local.defines => format!(": {}", shape.text),
            _ => continue,
        };
        found.push((shape.at.end, text));
    }
    found.sort();
    found.dedup_by_key(|(at, _)| *at);
    found
}

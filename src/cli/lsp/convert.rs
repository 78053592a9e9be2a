//! From bytes and words to what the protocol calls them.

use std::ops::Range;

use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Diagnostic as LspDiagnostic,
    DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Documentation, FoldingRange,
    FoldingRangeKind, InsertTextFormat, Location as LspLocation, MarkupContent, MarkupKind,
    NumberOrString, Position as LspPosition, Range as LspRange, SemanticToken,
    SemanticTokenModifier, SemanticTokenType, SymbolKind, TextEdit, Uri,
};

use super::uri::uri_of;
use crate::editor::{
    Analysis, Choice, Colour, Lines, Location, Noun, Position, Sort, colours, folds,
};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Severity, Span};

/// A place of the protocol as one of a text.
pub fn position_from(at: LspPosition) -> Position {
    Position {
        line: at.line,
        unit: at.character,
    }
}

fn position(at: Position) -> LspPosition {
    LspPosition::new(at.line, at.unit)
}

/// Bytes as a range.
pub fn range(text: &str, lines: &Lines, at: &Range<usize>) -> LspRange {
    LspRange::new(
        position(lines.position(text, at.start)),
        position(lines.position(text, at.end)),
    )
}

/// A place in a file.
pub fn location(found: &Location) -> Option<LspLocation> {
    let lines = Lines::new(&found.text);
    Some(LspLocation::new(
        uri_of(&found.path)?,
        range(&found.text, &lines, &found.at),
    ))
}

/// An edit.
pub fn edit(text: &str, lines: &Lines, at: &Range<usize>, by: &str) -> TextEdit {
    TextEdit::new(range(text, lines, at), by.to_owned())
}

/// A place of any of the files that a text is made of.
fn place(analysis: &Analysis, own: &Uri, span: Span) -> Option<LspLocation> {
    if span.file == analysis.file {
        let at = span.start..span.end;
        let range = range(&analysis.text, &analysis.lines, &at);
        return Some(LspLocation::new(own.clone(), range));
    }
    let file = analysis.sources.file(span.file);
    let path = super::uri::real(&file.path);
    let lines = Lines::new(&file.text);
    let range = range(&file.text, &lines, &(span.start..span.end));
    Some(LspLocation::new(uri_of(&path)?, range))
}

/// A diagnostic. One of another file stands where this one names a file, and leads there.
pub fn diagnostic(analysis: &Analysis, own: &Uri, from: &Diagnostic) -> LspDiagnostic {
    let mut message = from.message.clone();
    let span = from.primary.span;
    let mut related = Vec::new();
    let mut relate = |span: Span, text: &str| {
        related.extend(
            place(analysis, own, span).map(|location| DiagnosticRelatedInformation {
                location,
                message: text.to_owned(),
            }),
        );
    };
    let at = if span.file == analysis.file {
        if !from.primary.text.is_empty() {
            message += &format!(": {}", from.primary.text);
        }
        seen(&analysis.text, span.start..span.end)
    } else {
        relate(span, &from.message);
        let path = &analysis.sources.file(span.file).path;
        message = format!("in {}: {message}", path.display());
        let outline = &analysis.scope.outline;
        let named = outline.recipes.iter().chain(&outline.extends);
        let mut named = named.chain(&outline.scripts).filter(|named| {
            let name = named.path.rsplit('/').next().unwrap_or("");
            path.file_name().is_some_and(|own| own == name)
        });
        let first = named.next().or(outline.recipes.first());
        let first = first.or(outline.extends.as_ref());
        first.map_or(0..0, |named| named.at.clone())
    };
    for label in &from.labels {
        let text = match label.text.as_str() {
            "" => "see here",
            text => text,
        };
        relate(label.span, text);
    }
    for note in &from.notes {
        message += &format!("\nnote: {note}");
    }
    for help in &from.helps {
        message += &format!("\nhelp: {}", help.text);
    }
    LspDiagnostic {
        range: range(&analysis.text, &analysis.lines, &at),
        severity: Some(match from.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(from.code.number().into())),
        source: Some("pretext".into()),
        message: crate::language::visible(&message).into_owned(),
        related_information: (!related.is_empty()).then_some(related),
        tags: (from.code == Code::LintUnused).then(|| vec![DiagnosticTag::UNNECESSARY]),
        ..LspDiagnostic::default()
    }
}

/// A place without letters is one that nobody sees: the character there, or before it.
fn seen(text: &str, at: Range<usize>) -> Range<usize> {
    let fits = at.start < at.end;
    if fits || text.get(at.start..).is_none() {
        return at;
    }
    match text[at.start..]
        .chars()
        .next()
        .filter(|c| !c.is_whitespace())
    {
        Some(next) => at.start..at.start + next.len_utf8(),
        None => {
            let before = text[..at.start].chars().next_back();
            let before = before.filter(|c| *c != '\n');
            at.start - before.map_or(0, char::len_utf8)..at.start
        }
    }
}

/// Markdown.
pub fn markdown(text: String) -> MarkupContent {
    MarkupContent {
        kind: MarkupKind::Markdown,
        value: text,
    }
}

/// Something that may be typed in the place of `at`.
pub fn completion(choice: &Choice, at: LspRange, snippets: bool) -> CompletionItem {
    let kind = match choice.sort {
        Sort::Keyword => CompletionItemKind::KEYWORD,
        Sort::Field => CompletionItemKind::FIELD,
        Sort::Entry => CompletionItemKind::FUNCTION,
        Sort::Item | Sort::Local => CompletionItemKind::VARIABLE,
        Sort::Word => CompletionItemKind::ENUM_MEMBER,
        Sort::Part => CompletionItemKind::PROPERTY,
        Sort::Unit => CompletionItemKind::UNIT,
        Sort::File => CompletionItemKind::FILE,
    };
    let snippet = snippets && choice.insert.contains("$0");
    let insert = match snippet {
        true => choice.insert.replace('}', "\\}"),
        false => choice.insert.replace("$0", ""),
    };
    CompletionItem {
        label: choice.label.clone(),
        kind: Some(kind),
        detail: (!choice.detail.is_empty()).then(|| choice.detail.clone()),
        documentation: (!choice.doc.is_empty())
            .then(|| Documentation::MarkupContent(markdown(choice.doc.clone()))),
        sort_text: Some(format!("{}{}", choice.rank, choice.label)),
        insert_text_format: snippet.then_some(InsertTextFormat::SNIPPET),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(at, insert))),
        ..CompletionItem::default()
    }
}

/// The names of colours, in the order of their numbers.
pub fn token_types() -> Vec<SemanticTokenType> {
    let name = |colour: &Colour| match colour {
        Colour::Keyword => SemanticTokenType::KEYWORD,
        Colour::Comment => SemanticTokenType::COMMENT,
        Colour::Text => SemanticTokenType::STRING,
        Colour::Number => SemanticTokenType::NUMBER,
        Colour::Function => SemanticTokenType::FUNCTION,
        Colour::Variable => SemanticTokenType::VARIABLE,
        Colour::Parameter => SemanticTokenType::PARAMETER,
        Colour::Property => SemanticTokenType::PROPERTY,
        Colour::Member => SemanticTokenType::ENUM_MEMBER,
        Colour::Operator => SemanticTokenType::OPERATOR,
    };
    Colour::ALL.iter().map(name).collect()
}

/// The names of what is said beside a colour, bit by bit.
pub fn token_modifiers() -> Vec<SemanticTokenModifier> {
    vec![
        SemanticTokenModifier::DECLARATION,
        SemanticTokenModifier::DEFAULT_LIBRARY,
    ]
}

/// All coloured words, each by its distance from the one before.
pub fn semantic_tokens(analysis: &Analysis) -> Vec<SemanticToken> {
    let (text, lines) = (&*analysis.text, &analysis.lines);
    let mut tokens = Vec::new();
    let mut last = Position { line: 0, unit: 0 };
    let mut done = 0;
    for own in colours(analysis) {
        // words do not overlap
        if own.at.start < done {
            continue;
        }
        done = own.at.end;
        let start = lines.position(text, own.at.start);
        let end = lines.position(text, own.at.end);
        // a comment may hold what editors take for the end of a line
        if end.line != start.line {
            continue;
        }
        let delta_line = start.line - last.line;
        tokens.push(SemanticToken {
            delta_line,
            delta_start: match delta_line {
                0 => start.unit - last.unit,
                _ => start.unit,
            },
            length: end.unit - start.unit,
            token_type: own.colour as u32,
            token_modifiers_bitset: u32::from(own.defines) | u32::from(own.built_in) << 1,
        });
        last = start;
    }
    tokens
}

/// What may be folded.
pub fn folding(analysis: &Analysis) -> Vec<FoldingRange> {
    let folds = folds(analysis).into_iter();
    folds
        .map(|(first, last, comment)| FoldingRange {
            start_line: first as u32,
            end_line: last as u32,
            kind: comment.then_some(FoldingRangeKind::Comment),
            ..FoldingRange::default()
        })
        .collect()
}

/// The kind of symbol that an item is.
pub fn symbol_kind(noun: Noun) -> SymbolKind {
    match noun {
        Noun::Dataset => SymbolKind::ARRAY,
        Noun::Encoder => SymbolKind::CLASS,
        Noun::Layers => SymbolKind::INTERFACE,
        Noun::Augment => SymbolKind::FUNCTION,
        Noun::Stage(_) => SymbolKind::MODULE,
    }
}

//! Diagnostics as text for people, and as JSON for programs.

use std::borrow::Cow;

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};
use serde_json::{Value, json};

use super::excerpt::Excerpt;
use super::visible::{visible, visible_line};
use super::{Diagnostic, FileId, Label, Severity, Sources, Span};

/// Longest message, in bytes; longer ones lose their middle.
const LONGEST: usize = 600;

/// The text of one diagnostic: message, frame, notes, advice. No newline at the end. Long lines are cut around the place, and
/// what steers a screen is written out, wherever it comes from.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(shown(&diagnostic.message))
        .id(diagnostic.code.number());
    let mut group = Group::with_title(title);
    let mut cut = None;
    for (file, labels) in by_file(diagnostic) {
        let Some(excerpt) = Excerpt::new(sources, file, labels.iter().map(|(_, label)| label.span))
        else {
            continue;
        };
        let path = sources.file(file).path.display().to_string();
        let path = visible_line(&path).into_owned();
        if excerpt.text.trim().is_empty() {
            group = group.element(Origin::path(path));
            continue;
        }
        let annotations = labels.iter().filter_map(|(kind, label)| {
            let range = excerpt.range(label.span)?;
            let text = (!label.text.is_empty()).then(|| shown(&label.text));
            Some(kind.span(range).label(text))
        });
        group = group.element(
            Snippet::source(excerpt.text.clone())
                .path(path)
                .line_start(excerpt.first_line)
                .annotations(annotations.collect::<Vec<_>>()),
        );
        if excerpt.cut {
            cut = Some(excerpt);
        }
    }
    let mut groups = Vec::new();
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(shown(note)));
    }
    let mut plain: Vec<Cow<'_, str>> = Vec::new();
    for help in &diagnostic.helps {
        let patch = help
            .edit
            .as_ref()
            .and_then(|(span, replacement)| patch(sources, *span, replacement));
        match patch {
            Some((excerpt, patch)) => groups.push(
                Level::HELP.secondary_title(shown(&help.text)).element(
                    Snippet::source(excerpt.text)
                        .line_start(excerpt.first_line)
                        .patch(patch),
                ),
            ),
            None => plain.push(match &help.edit {
                // the frame can't show the change: it is said
                Some((_, replacement)) if !replacement.contains('\n') => {
                    Cow::Owned(format!("{}: `{}`", shown(&help.text), shown(replacement)))
                }
                _ => shown(&help.text),
            }),
        }
    }
    for help in plain {
        group = group.element(Level::HELP.message(help));
    }
    groups.insert(0, group);
    let text = renderer.term_width(DEFAULT_TERM_WIDTH).render(&groups);
    match cut {
        Some(excerpt) => with_column(text, &excerpt, diagnostic.primary.span, sources),
        None => text,
    }
}

/// The frame counts columns in the excerpt; where a line was cut the head must say the column in the file.
fn with_column(text: String, excerpt: &Excerpt, span: Span, sources: &Sources) -> String {
    let Some(range) = excerpt.range(span) else {
        return text;
    };
    let (line, column) = sources.line_column(span);
    let shown = excerpt.text[..range.start]
        .chars()
        .rev()
        .take_while(|c| *c != '\n')
        .count()
        + 1;
    text.replacen(&format!(":{line}:{shown}"), &format!(":{line}:{column}"), 1)
}

/// Text as it may be shown: see [`visible`] and [`short`].
fn shown(text: &str) -> Cow<'_, str> {
    match visible(text) {
        Cow::Borrowed(text) => short(text),
        Cow::Owned(text) => Cow::Owned(short(&text).into_owned()),
    }
}

/// Text without the middle of a name that nobody can read.
fn short(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let count = text.chars().count();
    let head: String = text.chars().take(LONGEST / 2).collect();
    let tail: String = text
        .chars()
        .skip(count.saturating_sub(LONGEST / 2))
        .collect();
    Cow::Owned(format!("{head}…{tail}"))
}

/// Labels by file, the primary one's file first; in each the most important label first.
fn by_file(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<(AnnotationKind, &Label)>)> {
    let mut files = vec![(
        diagnostic.primary.span.file,
        vec![(AnnotationKind::Primary, &diagnostic.primary)],
    )];
    for label in &diagnostic.labels {
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push((AnnotationKind::Context, label)),
            None => files.push((label.span.file, vec![(AnnotationKind::Context, label)])),
        }
    }
    files
}

/// The edit as a difference; `None` where its lines are too long to be shown.
fn patch<'a>(sources: &Sources, span: Span, replacement: &'a str) -> Option<(Excerpt, Patch<'a>)> {
    let excerpt = Excerpt::new(sources, span.file, [span])?;
    if excerpt.cut
        || replacement.len() > LONGEST
        || sources.text(span).contains('\n')
        || excerpt.text.is_empty()
    {
        return None;
    }
    let range = excerpt.range(span)?;
    Some((excerpt, Patch::new(range, visible(replacement))))
}

/// A diagnostic for programs. Keys are stable: `severity`, `code`, `message`, `file`, `line`, `column`, `end_line`,
/// `end_column` (from 1, columns in characters, the end exclusive), `label`, `labels`, `notes`, `helps` (each with `text`
/// and, where there is exactly one change that helps, `edit` with its place and `replacement`).
pub fn to_json(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let mut object = json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": diagnostic.code.number(),
        "message": diagnostic.message,
    });
    place(&mut object, diagnostic.primary.span, sources);
    object["label"] = json!(diagnostic.primary.text);
    object["labels"] = diagnostic
        .labels
        .iter()
        .map(|label| {
            let mut object = json!({ "text": label.text });
            place(&mut object, label.span, sources);
            object
        })
        .collect();
    object["notes"] = json!(diagnostic.notes);
    object["helps"] = diagnostic
        .helps
        .iter()
        .map(|help| {
            let mut object = json!({ "text": help.text });
            if let Some((span, replacement)) = &help.edit {
                let mut edit = json!({ "replacement": replacement });
                place(&mut edit, *span, sources);
                object["edit"] = edit;
            }
            object
        })
        .collect();
    object
}

fn place(object: &mut Value, span: Span, sources: &Sources) {
    let (line, column) = sources.line_column(span);
    let (end_line, end_column) = sources.line_column(Span::new(span.file, span.end, span.end));
    object["file"] = json!(sources.file(span.file).path.display().to_string());
    object["line"] = json!(line);
    object["column"] = json!(column);
    object["end_line"] = json!(end_line);
    object["end_column"] = json!(end_column);
}

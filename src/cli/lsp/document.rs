//! A text that is open in the editor.

use std::ops::Range;
use std::sync::Arc;

use lsp_types::{Range as LspRange, TextDocumentContentChangeEvent, Uri};

use super::convert;
use crate::editor::{Analysis, Lines, Planned, difference};
use crate::language::{FileId, Span};

/// A text that is open in the editor.
pub struct Document {
    /// As the editor names it.
    pub uri: Uri,
    /// Its version.
    pub version: i32,
    /// As it is now.
    pub text: Arc<str>,
    /// What is known of it; of the text as it is now unless it is `dirty`.
    pub analysis: Option<Arc<Analysis>>,
    /// Whether it, or what it is made of, changed since.
    pub dirty: bool,
    /// Which analysis it is.
    pub generation: u64,
    /// What the last plan said, moved along with the edits since.
    pub planned: Planned,
}

impl Document {
    /// A text that was just opened.
    pub fn new(uri: Uri, version: i32, text: String) -> Self {
        Self {
            uri,
            version,
            text: text.into(),
            analysis: None,
            dirty: true,
            generation: 0,
            planned: Planned::default(),
        }
    }

    /// Applies edits, one after the other.
    pub fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        let mut text = self.text.to_string();
        for change in changes {
            match change.range {
                None => text = change.text,
                Some(range) => {
                    let at = bytes(&text, range);
                    text.replace_range(at, &change.text);
                }
            }
        }
        let (at, by) = difference(&self.text, &text);
        self.planned = moved(&self.planned, &at, by.len());
        self.version = version;
        self.text = text.into();
        self.dirty = true;
    }
}

/// The bytes of a range; of one that is the wrong way round, none.
fn bytes(text: &str, range: LspRange) -> Range<usize> {
    let lines = Lines::new(text);
    let start = lines.offset(text, convert::position_from(range.start));
    let end = lines.offset(text, convert::position_from(range.end));
    start..end.max(start)
}

/// What a plan said, where the bytes `at` became `new` others. What it said of those is left out.
fn moved(planned: &Planned, at: &Range<usize>, new: usize) -> Planned {
    let shift = |start: usize, end: usize| -> Option<(usize, usize)> {
        if end <= at.start {
            return Some((start, end));
        }
        let along = |byte: usize| byte - at.end + at.start + new;
        (start >= at.end).then(|| (along(start), along(end)))
    };
    let span = |own: &mut Span| -> bool {
        // numbers of other files may be others by now
        let moved = (own.file == FileId(0)).then(|| shift(own.start, own.end));
        match moved.flatten() {
            Some((start, end)) => {
                *own = Span::new(own.file, start, end);
                true
            }
            None => false,
        }
    };
    let mut said = planned.said.clone();
    said.retain_mut(|diagnostic| {
        diagnostic.labels.retain_mut(|label| span(&mut label.span));
        for help in &mut diagnostic.helps {
            if help.edit.as_mut().is_some_and(|(at, _)| !span(at)) {
                help.edit = None;
            }
        }
        span(&mut diagnostic.primary.span)
    });
    let shapes = planned.shapes.as_ref().map(|shapes| {
        let moved = shapes.iter().filter_map(|shape| {
            let mut shape = shape.clone();
            let (start, end) = shift(shape.at.start, shape.at.end)?;
            shape.at = start..end;
            Some(shape)
        });
        moved.collect()
    });
    Planned { said, shapes }
}

//! What was found in a folder, in a line.

use super::counts::{listed, plural};
use super::layout::Layout;
use super::walk::Left;
use crate::data::Found;

/// `29 files left out: 20 .txt, 9 hidden`, in parts for files and for folders.
fn left_out(left: &Left) -> Vec<String> {
    let parts = [(&left.files, "file"), (&left.folders, "folder")].map(|(what, word)| {
        let n: usize = what.values().sum();
        (n > 0).then(|| format!("{} left out: {}", plural(n, word), listed(what)))
    });
    parts.into_iter().flatten().collect()
}

/// What `check`, `plan` and `run` print.
pub(super) fn found(layout: &Layout) -> Found {
    let records = layout
        .parts
        .iter()
        .map(|part| (part.split, part.files.len()));
    let records: Vec<_> = records.collect();
    let pictures = records.iter().map(|(_, n)| n).sum();
    let mut line = plural(pictures, "picture");
    match layout.classes.len() {
        0 => line += ", no classes",
        n => line += &format!(", {}", plural(n, "class")),
    }
    line += &format!(", {}", plural(records.len(), "split"));
    for part in left_out(&layout.left).iter().chain(&layout.notes) {
        line += &format!("; {part}");
    }
    Found {
        line,
        records,
        classes: layout.classes.clone(),
        files_left_out: layout.left.files.clone(),
        folders_left_out: layout.left.folders.clone(),
        notes: layout.notes.clone(),
    }
}

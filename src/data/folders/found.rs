//! What was found in a folder, in a line.

use std::collections::BTreeMap;

use super::counts::{listed, plural};
use super::layout::Layout;
use super::walk::Left;
use crate::catalog::Split;
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
pub(in crate::data) fn found(layout: &Layout) -> Found {
    let records = layout
        .parts
        .iter()
        .map(|part| (part.split, part.files.len()));
    let records: Vec<_> = records.collect();
    let (one, classes) = (layout.wanted.one, layout.classes.clone());
    all(one, records, classes, &layout.left, layout.notes.clone())
}

/// The same of files that hold many records each. `left_out`: files, by a word for their kind.
pub(in crate::data) fn told(
    one: &str,
    records: Vec<(Split, usize)>,
    classes: Vec<String>,
    left_out: BTreeMap<String, usize>,
) -> Found {
    let left = Left {
        files: left_out,
        ..Left::default()
    };
    all(one, records, classes, &left, Vec::new())
}

fn all(
    one: &str,
    records: Vec<(Split, usize)>,
    classes: Vec<String>,
    left: &Left,
    notes: Vec<String>,
) -> Found {
    let mut line = plural(records.iter().map(|(_, n)| n).sum(), one);
    match classes.len() {
        0 => line += ", no classes",
        n => line += &format!(", {}", plural(n, "class")),
    }
    line += &format!(", {}", plural(records.len(), "split"));
    for part in left_out(left).iter().chain(&notes) {
        line += &format!("; {part}");
    }
    Found {
        line,
        records,
        classes,
        files_left_out: left.files.clone(),
        folders_left_out: left.folders.clone(),
        notes,
    }
}

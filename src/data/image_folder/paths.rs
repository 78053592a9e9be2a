//! Classes, and splits, that stand in the files' own paths.

use std::path::Path;

use super::few::Few;
use super::files::items;
use super::table::key;
use super::told::{Told, by_names, doubt, doubt_classes, group_of, ungrouped, untold, wrong};
use crate::catalog::Result;
use crate::data::documents::index::Key;
use crate::data::folders::{Layout, plural, split_word};
use crate::data::pattern::{self, Pattern};

/// What a path may say, each as much as it can.
pub(super) const PARTS: &[pattern::Part] = &[
    pattern::Part {
        name: "label",
        folders: false,
        most: true,
    },
    pattern::Part {
        name: "split",
        folders: false,
        most: true,
    },
    pattern::Part {
        name: "group",
        folders: false,
        most: true,
    },
];

/// What the paths of pictures say of them, by a pattern: of as many of the last folders as it has.
pub(super) fn by_pattern(
    mut layout: Layout,
    place: &Path,
    pattern: &Pattern,
    written: &str,
) -> Result<Layout> {
    let have = items(&layout, place);
    let mut told: Vec<Option<Told<Key>>> = Vec::with_capacity(have.len());
    let mut no_split = Few::default();
    for item in &have {
        let end = last(&item.text, pattern.folders());
        let bare = match end.rsplit_once('.') {
            Some((bare, ending)) if !bare.is_empty() && !ending.contains('/') => bare,
            _ => end,
        };
        let found = pattern.read(bare).or_else(|| pattern.read(end));
        told.push(found.and_then(|found| {
            let split = match found[1].map(|word| (word, split_word(word))) {
                Some((word, None)) => {
                    no_split.push(|| format!("`{word}` ({})", item.text));
                    return None;
                }
                Some((_, known)) => known,
                None => None,
            };
            Some(Told {
                label: found[0].and_then(key),
                split,
                group: found[2].map(group_of),
            })
        }));
    }
    if no_split.n > 0 {
        let message = format!(
            "`{written}` finds no split in the names of {}: {}",
            plural(no_split.n, layout.wanted.one),
            no_split.list()
        );
        return Err(wrong(message).help("a split is `train`, `valid` (`val`, `dev`) or `test`"));
    }
    let left = untold(&have, &told);
    if left.n == have.len() {
        let message = format!(
            "`{written}` fits none of the {} in {}: {}",
            plural(left.n, layout.wanted.one),
            place.display(),
            left.list()
        );
        return Err(wrong(message).help("`{label}` stands where the class is, `*` for anything, the rest for itself: `\"{label}_*\"`"));
    }
    if left.n > 0 {
        (0..left.n).for_each(|_| layout.left.file("not named by the pattern"));
        let message = format!(
            "{}: {} that `{written}` does not fit left out: {}",
            place.display(),
            plural(left.n, layout.wanted.one),
            left.list()
        );
        layout.doubts.push(doubt(message));
    }
    let grouped = pattern.names("group");
    let mut layout = by_names(layout, place, have, told)?;
    let few: Vec<String> = layout
        .classes
        .iter()
        .take(3)
        .map(|class| format!("`{class}`"))
        .collect();
    if !few.is_empty() {
        layout.notes.push(format!(
            "the classes stand in the names: {}",
            few.join(", ")
        ));
    }
    doubt_classes(&mut layout, &format!("`{written}`"));
    Ok(if grouped { layout } else { ungrouped(layout) })
}

/// The name of a file with so many of the folders that it lies in.
fn last(text: &str, folders: usize) -> &str {
    let mut slashes = text.rmatch_indices('/').skip(folders);
    slashes.next().map_or(text, |(at, _)| &text[at + 1..])
}

//! Classes, and splits, that stand in tables.

use std::path::Path;

use super::few::Few;
use super::files::{Files, Item, items};
use super::rows::{absent, from, matched, stem};
use super::table::{Row, Table};
use super::told::{Told, by_names, doubt, doubt_classes, group_of, ungrouped, untold, wrong};
use crate::catalog::Result;
use crate::data::documents::index::Key;
use crate::data::folders::{Layout, plural, split_apart, split_word};

/// What is odd about the rows of tables.
#[derive(Default)]
struct Odd {
    twice: Few,
    differ: Few,
    unlabelled: Few,
    no_split: Few,
}

/// What tables say of each picture, with the row that says so.
struct Read {
    told: Vec<Option<Told<Key>>>,
    lines: Vec<String>,
    odd: Odd,
}

impl Read {
    /// What one more row says of a picture.
    fn row(&mut self, item: &Item, at: usize, one: Told<Key>, row: &Row, table: &str) {
        let here = format!("line {} of {table}", row.line);
        let Some(first) = &self.told[at] else {
            if one.label.is_none() {
                self.odd
                    .unlabelled
                    .push(|| format!("`{}` ({here})", item.text));
            }
            self.told[at] = Some(one);
            self.lines[at] = here;
            return;
        };
        let (text, line) = (&item.text, &self.lines[at]);
        let said = |own: &Option<Key>| match own {
            Some(key) => format!("`{key}`"),
            None => "nothing".to_owned(),
        };
        if first.label != one.label {
            let (a, b) = (said(&first.label), said(&one.label));
            self.odd
                .differ
                .push(|| format!("`{text}` is {a} in {line} and {b} in {here}"));
        } else if first.split != one.split {
            self.odd
                .differ
                .push(|| format!("`{text}` is in two splits, by {line} and {here}"));
        } else {
            self.odd.twice.push(|| format!("`{text}` ({line}, {here})"));
        }
    }
}

/// Labels of tables. `tables`: each with its path.
pub(super) fn by_tables(
    mut layout: Layout,
    place: &Path,
    tables: &[(&Path, Table)],
) -> Result<Layout> {
    let have = items(&layout, place);
    let files = Files::new(&have, place);
    let mut read = Read {
        told: vec![None; have.len()],
        lines: vec![String::new(); have.len()],
        odd: Odd::default(),
    };
    let mut grouped = false;
    for (path, table) in tables {
        let name = &table.name;
        let of_name = match tables.len() {
            1 => None,
            _ => split_apart(stem(name)).map(|(split, _)| split),
        };
        let found = matched(table, &files, have.len(), from(path, place).as_deref());
        absent(&mut layout, (table, "labels", place), &found, &have)?;
        for (at, rows) in found.rows.into_iter().enumerate() {
            for (row, label) in rows {
                let split = match row.split.as_deref() {
                    Some(word) if split_word(word).is_none() => {
                        let word = if word.is_empty() { "nothing" } else { word };
                        let place = || format!("`{word}` (line {} of {name})", row.line);
                        read.odd.no_split.push(place);
                        continue;
                    }
                    Some(word) => split_word(word),
                    None => of_name,
                };
                let group = row.group.as_deref().map(group_of);
                grouped |= group.is_some();
                let one = Told {
                    label,
                    split,
                    group,
                };
                read.row(&have[at], at, one, row, name);
            }
        }
    }
    let names: Vec<&str> = tables
        .iter()
        .map(|(_, table)| table.name.as_str())
        .collect();
    let (by, several) = (names.join(", "), names.len() > 1);
    drop(files);
    let Read { told, odd, .. } = read;
    refused(&by, &odd, &told)?;
    doubts(&mut layout, &by, &odd);
    let left = untold(&have, &told);
    if left.n > 0 {
        (0..left.n).for_each(|_| layout.left.file("in no table"));
        let message = format!(
            "{}: {} that {by} {} not name left out: {}",
            place.display(),
            plural(left.n, layout.wanted.one),
            if several { "do" } else { "does" },
            left.list()
        );
        layout
            .doubts
            .push(doubt(message).help(
                "add rows for them, without a class where they have none, or move them away",
            ));
    }
    let mut layout = by_names(layout, place, have, told)?;
    layout.notes.push(format!("what they are stands in {by}"));
    doubt_classes(&mut layout, &by);
    Ok(if grouped { layout } else { ungrouped(layout) })
}

/// Tables that contradict themselves.
fn refused(by: &str, odd: &Odd, told: &[Option<Told<Key>>]) -> Result<()> {
    if odd.no_split.n > 0 {
        let message = format!(
            "{by}: the split of {} is none: {}",
            plural(odd.no_split.n, "row"),
            odd.no_split.list()
        );
        return Err(wrong(message).help(
            "a split is `train`, `valid` (`val`, `dev`) or `test`; `split = \"…\"` names another column",
        ));
    }
    if odd.differ.n > 0 {
        let (are, list) = (odd.differ.are("picture"), odd.differ.list());
        let message = format!("{by}: {are} told of in two ways: {list}");
        return Err(wrong(message).help("leave one of the rows"));
    }
    match told.iter().flatten().all(|told| told.label.is_none()) {
        true => Err(wrong(format!("{by}: no row says a class"))
            .help("name the column: `label = \"…\"`; where there are no classes, `files = \"…\"` takes lists")),
        false => Ok(()),
    }
}

/// What is odd about tables, and taken as it is.
fn doubts(layout: &mut Layout, by: &str, odd: &Odd) {
    let one = layout.wanted.one;
    if odd.twice.n > 0 {
        let (are, list) = (odd.twice.are(one), odd.twice.list());
        let message = format!("{by}: {are} named again, and counted once: {list}");
        layout
            .doubts
            .push(doubt(message).help("leave one of the rows"));
    }
    if odd.unlabelled.n > 0 {
        let (are, list) = (odd.unlabelled.are(one), odd.unlabelled.list());
        let message = format!("{by}: {are} of no class, which is blank: {list}");
        layout.doubts.push(doubt(message).help(
            "such are learnt from all the same; what judges by classes needs `on_bad_sample = skip`",
        ));
    }
}

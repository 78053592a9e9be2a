//! Lists of the files that count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::few::Few;
use super::files::{Files, items};
use super::rows::{absent, from, matched, stem};
use super::table::Table;
use super::told::{Told, divided, doubt, ungrouped};
use crate::catalog::{Problem, Result, Split};
use crate::data::folders::{Layout, plural, split_apart};
use crate::language::codes::Code;

/// Only the pictures that lists name, in the splits that the lists' names say.
pub(super) fn by_lists(
    mut layout: Layout,
    place: &Path,
    lists: &[(&Path, Table)],
) -> Result<Layout> {
    let have = items(&layout, place);
    let grouped = layout.parts.iter().any(|part| !part.groups.is_empty());
    let files = Files::new(&have, place);
    let mut splits: Vec<Option<(Split, usize)>> = vec![None; have.len()];
    let (mut twice, mut both) = (0, Few::default());
    for (number, (path, table)) in lists.iter().enumerate() {
        let own = split_apart(stem(&table.name)).map(|(split, _)| split);
        let found = matched(table, &files, have.len(), from(path, place).as_deref());
        absent(&mut layout, (table, "files", place), &found, &have)?;
        let named = found.rows.iter().enumerate();
        for (at, rows) in named.filter(|(_, rows)| !rows.is_empty()) {
            let split = own.unwrap_or(have[at].split);
            twice += rows.len() - 1;
            match splits[at] {
                None => splits[at] = Some((split, number)),
                Some((other, _)) if other == split => twice += 1,
                Some((_, first)) => {
                    let (text, a, b) = (&have[at].text, &lists[first].1.name, &table.name);
                    both.push(|| format!("`{text}` ({a}, {b})"));
                }
            }
        }
    }
    let names: Vec<&str> = lists.iter().map(|(_, table)| table.name.as_str()).collect();
    let by = names.join(", ");
    if both.n > 0 {
        let message = format!(
            "{by}: {} in two splits: {}",
            both.are("picture"),
            both.list()
        );
        return Err(Problem::argument(Code::BadFile, "files", message)
            .help("what is trained on should not be judged by: leave it in one of the lists"));
    }
    if twice > 0 {
        let verb = if twice == 1 { "names" } else { "name" };
        let what = plural(twice, "line");
        layout.doubts.push(doubt(format!(
            "{by}: {what} {verb} a picture again, which is counted once"
        )));
    }
    let left = splits.iter().filter(|split| split.is_none()).count();
    (0..left).for_each(|_| layout.left.file("in no list"));
    drop(files);
    // classes of which nothing is listed are none
    let listed = have
        .iter()
        .zip(&splits)
        .filter(|(_, split)| split.is_some());
    let used: BTreeSet<u32> = listed.filter_map(|(item, _)| item.class).collect();
    let numbers: BTreeMap<u32, u32> = used.iter().copied().zip(0..).collect();
    let names = used
        .iter()
        .map(|class| layout.classes[*class as usize].clone());
    let names = names.collect();
    let told = have.iter().zip(&splits).map(|(item, split)| {
        let (split, _) = (*split)?;
        Some(Told {
            label: item.class.map(|class| numbers[&class]),
            split: Some(split),
            group: item.group,
        })
    });
    let told = told.collect();
    let mut layout = divided(layout, place, (have, told), names);
    layout.notes.push(format!(
        "those that {by} {}",
        if lists.len() > 1 { "list" } else { "lists" }
    ));
    Ok(if grouped { layout } else { ungrouped(layout) })
}

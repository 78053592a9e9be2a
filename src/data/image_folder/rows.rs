//! Which rows of a table mean which pictures.

use std::path::Path;

use super::few::Few;
use super::files::{Files, Item, Meant, text};
use super::table::{Row, Table};
use super::told::doubt;
use crate::catalog::{Problem, Result};
use crate::data::documents::index::Key;
use crate::data::folders::{Layout, plural, split_word};
use crate::language::codes::Code;

/// A row, for a message.
fn called(row: &Row) -> String {
    format!("`{}` (line {})", row.file, row.line)
}

/// Which files of a table are which pictures, with what is odd about them.
pub(super) struct Matched<'r> {
    /// Of each picture the rows that mean it, with the class that they say.
    pub rows: Vec<Vec<(&'r Row, Option<Key>)>>,
    pub absent: Few,
    pub several: Few,
}

pub(super) fn matched<'r>(
    table: &'r Table,
    files: &Files<'_>,
    n: usize,
    from: Option<&str>,
) -> Matched<'r> {
    let mut found = Matched {
        rows: vec![Vec::new(); n],
        absent: Few::default(),
        several: Few::default(),
    };
    for row in &table.rows {
        let split = row.split.as_deref().and_then(split_word);
        let mut meant = files.find(&row.file, from, split);
        let mut label = row.label.clone();
        if meant == Meant::None {
            for (file, own) in row.parts() {
                let other = files.find(file, from, split);
                if other != Meant::None {
                    (meant, label) = (other, own);
                    break;
                }
            }
        }
        match meant {
            Meant::One(at) => found.rows[at].push((row, label)),
            Meant::None => found.absent.push(|| called(row)),
            Meant::Several(_) => found.several.push(|| called(row)),
        }
    }
    found
}

/// What names a table's folder below the pictures' folder, where it lies there.
pub(super) fn from(table: &Path, place: &Path) -> Option<String> {
    let folder = table.parent()?.canonicalize().ok()?;
    let place = place.canonicalize().ok()?;
    Some(text(folder.strip_prefix(place).ok()?))
}

/// Says which of a table's files are no pictures here. `param`: the argument that names the table.
pub(super) fn absent(
    layout: &mut Layout,
    (table, param, place): (&Table, &str, &Path),
    found: &Matched<'_>,
    have: &[Item],
) -> Result<()> {
    let (name, one) = (&table.name, layout.wanted.one);
    if found.several.n > 0 {
        let message = format!(
            "{name}: {} {} pictures in several folders: {}",
            plural(found.several.n, "row"),
            if found.several.n == 1 {
                "means"
            } else {
                "mean"
            },
            found.several.list()
        );
        return Err(Problem::argument(Code::BadFile, param, message)
            .help(format!("write paths from {}", place.display())));
    }
    if found.absent.n == table.rows.len() {
        let message = format!(
            "none of the {} that {name} names is a {one} in {}: {}",
            plural(table.rows.len(), "file"),
            place.display(),
            found.absent.list()
        );
        let here = have.first().map_or("", |item| &item.text);
        return Err(Problem::argument(Code::BadFile, param, message)
            .note(format!("{} holds `{here}`", place.display()))
            .help("a row's file is a path below the folder, or the end of one, with its ending or without"));
    }
    if found.absent.n > 0 {
        layout.doubts.push(
            doubt(format!(
                "{name}: {} of its {} {} no {one} in {}: {}",
                found.absent.n,
                plural(table.rows.len(), "row"),
                if found.absent.n == 1 { "names" } else { "name" },
                place.display(),
                found.absent.list()
            ))
            .help("are they elsewhere, or called otherwise? Rows without a picture are left out"),
        );
    }
    Ok(())
}

/// A file's name without its endings.
pub(super) fn stem(name: &str) -> &str {
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

//! Classes that stand in a file: `val/val_annotations.txt`, as Tiny ImageNet has them.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::data::regular;

/// Bytes of the largest file that is looked at.
const MOST: u64 = 64 << 20;

/// The file `NAME_annotations.txt` in the folder `NAME`, and the class that each of its lines gives to a file: the first two words,
/// apart by a tab.
pub(super) fn beside(folder: &Path) -> Option<(PathBuf, BTreeMap<String, String>)> {
    let name = folder.file_name()?.to_str()?;
    let path = folder.join(format!("{name}_annotations.txt"));
    let file = regular::open(&path).ok()?;
    let mut text = String::new();
    file.take(MOST).read_to_string(&mut text).ok()?;
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split('\t');
        Some((words.next()?.to_owned(), words.next()?.trim().to_owned()))
    });
    Some((path, lines.collect()))
}

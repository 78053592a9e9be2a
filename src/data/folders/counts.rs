//! Counts in words.

use super::walk::Left;

/// `1 picture`, `2 pictures`
pub(in crate::data) fn plural(n: usize, word: &str) -> String {
    match (n, word) {
        (1, _) => format!("1 {word}"),
        (_, "class") => format!("{n} classes"),
        _ => format!("{n} {word}s"),
    }
}

/// `20 .txt, 9 hidden`, the most first.
pub(super) fn listed(what: &std::collections::BTreeMap<String, usize>) -> String {
    let mut all: Vec<_> = what.iter().collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let all: Vec<String> = all.iter().map(|(what, n)| format!("{n} {what}")).collect();
    all.join(", ")
}

/// `20 files (.txt), 1 folder (hidden)`, for a folder that holds nothing else.
pub(super) fn counted(left: &Left) -> String {
    let parts = [(&left.files, "file"), (&left.folders, "folder")].map(|(what, word)| {
        let n: usize = what.values().sum();
        (n > 0).then(|| format!("{} ({})", plural(n, word), listed(what)))
    });
    parts
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" and ")
}

//! Which files of many records a folder holds, and for which split each is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{DataError, stop_asked};
use crate::catalog::{Problem, Split};
use crate::language::codes::Code;

/// Folders that are followed below the one that is named.
const DEPTH: usize = 6;

/// Which files are meant, and what they are called.
pub(super) struct Wanted {
    /// `parquet`, before "file".
    pub(super) kind: &'static str,
    /// What a place should hold: `train*.parquet, …`.
    pub(super) names: &'static str,
    /// Whether a file of this name is one; then its name without what says so.
    pub(super) stem: fn(&str) -> Option<&str>,
}

/// What a place holds.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// By split, in the order of their paths.
    pub(super) files: Vec<(Split, PathBuf)>,
    /// Such files that belong to no split.
    pub(super) left_out: Vec<PathBuf>,
    /// Other files, by a word for their kind.
    pub(super) others: BTreeMap<String, usize>,
}

impl Layout {
    /// A warning where files are left out.
    pub(super) fn doubt(&self, kind: &str) -> Option<Problem> {
        let first = self.left_out.first()?;
        let (plural, more) = match self.left_out.len() {
            1 => ("", ""),
            _ => ("s", ", …"),
        };
        let message = format!(
            "{} {kind} file{plural} left out, of no split by name: {}{more}",
            self.left_out.len(),
            first.display(),
        );
        Some(Problem::new(Code::LintUnused, message))
    }
}

/// The split that a word of a name means.
fn split_of_word(word: &str) -> Option<Split> {
    let stem = word.strip_suffix("set").or(word.strip_suffix("split"));
    match stem.filter(|stem| !stem.is_empty()).unwrap_or(word) {
        "train" | "training" => Some(Split::Train),
        "valid" | "validation" | "val" | "dev" | "development" => Some(Split::Valid),
        "test" | "testing" | "eval" | "evaluation" => Some(Split::Test),
        _ => None,
    }
}

/// The split that a name says, by its first word that says one: `train-00000-of-00002`, `flowers_dev`.
fn split_of(name: &str) -> Option<Split> {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphabetic());
    words.find_map(split_of_word)
}

/// The ending of a name, as a word for its kind.
fn ending(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 12 => {
            format!(".{}", ending.to_lowercase())
        }
        _ => "without an ending".to_owned(),
    }
}

/// The file that holds a record, and the record's place there. `firsts`: the first record of each of the files, which hold `len`.
///
/// # Errors
/// There is no such record.
pub(super) fn locate(
    firsts: &[usize],
    len: usize,
    index: usize,
) -> std::result::Result<(usize, usize), DataError> {
    if index >= len {
        return Err(DataError::outside(index, len));
    }
    let at = firsts.partition_point(|first| *first <= index) - 1;
    Ok((at, index - firsts[at]))
}

/// What a walk found.
#[derive(Default)]
struct Walked {
    seen: BTreeSet<PathBuf>,
    found: Vec<PathBuf>,
    others: BTreeMap<String, usize>,
}

/// Files in a folder and below it. A folder that was seen before, through a link, is not followed again.
fn walk(folder: &Path, depth: usize, wanted: &Wanted, walked: &mut Walked) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("can't read {}: {error}", folder.display());
    if !walked.seen.insert(folder.canonicalize().map_err(failed)?) {
        return Ok(());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        if stop_asked() {
            return Err("stopped while it was looked through".into());
        }
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "__MACOSX" {
            continue;
        }
        if path.is_dir() {
            if depth > 0 {
                walk(&path, depth - 1, wanted, walked)?;
            }
        } else if path.is_file() {
            match (wanted.stem)(&name) {
                Some(_) => walked.found.push(path),
                None => *walked.others.entry(ending(&name)).or_default() += 1,
            }
        }
    }
    Ok(())
}

fn stem(file: &Path, wanted: &Wanted) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    (wanted.stem)(&name).unwrap_or(&name).to_owned()
}

/// The split of a file by its own name, else by the nearest folder of a split's name; and its folder without those of splits.
fn place_of(root: &Path, file: &Path, wanted: &Wanted) -> (Option<Split>, PathBuf) {
    let inner = file.strip_prefix(root).unwrap_or(file);
    let mut split = split_of(stem(inner, wanted).as_str());
    let mut home = Vec::new();
    let folders = inner.parent().into_iter().flat_map(Path::components);
    for folder in folders.rev() {
        let own = split_of(&folder.as_os_str().to_string_lossy());
        split = split.or(own);
        if own.is_none() {
            home.push(folder.as_os_str().to_owned());
        }
    }
    (split, home.into_iter().rev().collect())
}

/// The files of a place: one file; else those of the folder, else those of its one folder that has some. Where no name says a
/// split, all of them are the train split.
pub(super) fn layout(place: &Path, wanted: &Wanted) -> Result<Layout, String> {
    if place.is_file() {
        let split = split_of(&stem(place, wanted)).unwrap_or(Split::Train);
        return Ok(Layout {
            files: vec![(split, place.to_owned())],
            ..Layout::default()
        });
    }
    let mut walked = Walked::default();
    walk(place, DEPTH, wanted, &mut walked)?;
    let all: Vec<(Option<Split>, PathBuf, PathBuf)> = walked
        .found
        .into_iter()
        .map(|file| {
            let (split, home) = place_of(place, &file, wanted);
            (split, home, file)
        })
        .collect();
    let said = all.iter().any(|(split, ..)| split.is_some());
    let homes: BTreeSet<&PathBuf> = all
        .iter()
        .filter(|(split, ..)| split.is_some() || !said)
        .map(|(_, home, _)| home)
        .collect();
    // files that lie here win over those of folders
    let mut sorted = homes.iter();
    let home = match (sorted.next(), sorted.next()) {
        (None, _) => {
            return Err(format!("it holds no {}", wanted.names));
        }
        (Some(first), Some(second)) if !first.as_os_str().is_empty() => {
            return Err(format!(
                "both {} and {} hold {} files: name one of them",
                place.join(first).display(),
                place.join(second).display(),
                wanted.kind
            ));
        }
        (Some(first), _) => (*first).clone(),
    };
    let mut layout = Layout {
        others: walked.others,
        ..Layout::default()
    };
    for (split, own, file) in all {
        match split {
            _ if own != home => layout.left_out.push(file),
            Some(split) => layout.files.push((split, file)),
            None if !said => layout.files.push((Split::Train, file)),
            None => layout.left_out.push(file),
        }
    }
    Ok(layout)
}

#[cfg(test)]
mod tests {
    use super::super::parquet::SHARDS;
    use super::*;

    fn layout_of(place: &Path) -> Result<Layout, String> {
        layout(place, &SHARDS)
    }

    #[test]
    fn a_split_is_a_whole_word() {
        for (name, split) in [
            ("train-00000-of-00002", Some(Split::Train)),
            ("train_extra_unlabeled", Some(Split::Train)),
            ("cifar-TRAIN", Some(Split::Train)),
            ("training", Some(Split::Train)),
            ("validation", Some(Split::Valid)),
            ("dev", Some(Split::Valid)),
            ("flowers_val0", Some(Split::Valid)),
            ("testset", Some(Split::Test)),
            ("eval", Some(Split::Test)),
            ("valley", None),
            ("contest", None),
            ("0000", None),
        ] {
            assert_eq!(split_of(name), split, "{name}");
        }
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        folder
    }

    fn splits(folder: &tempfile::TempDir) -> (Vec<Split>, usize) {
        let found = layout_of(folder.path()).unwrap();
        let splits = found.files.iter().map(|(split, _)| *split);
        (splits.collect(), found.left_out.len())
    }

    #[test]
    fn layouts_of_the_hub_are_known() {
        use Split::{Test, Train, Valid};
        for (files, wanted) in [
            (
                &["data/train-0.parquet", "data/test-0.parquet"][..],
                (vec![Test, Train], 0),
            ),
            (
                &["default/test/0000.parquet", "default/train/0000.parquet"],
                (vec![Test, Train], 0),
            ),
            (
                &[
                    "README.md",
                    "data/test-00000-of-00001.parquet",
                    "data/train-00000-of-00002.parquet",
                    "data/train-00001-of-00002.parquet",
                ],
                (vec![Test, Train, Train], 0),
            ),
            (
                &[
                    ".cache/huggingface/train.parquet",
                    "default/train/0000.parquet",
                    "default/train/0001.parquet",
                    "default/validation/0000.parquet",
                ],
                (vec![Train, Train, Valid], 0),
            ),
            (
                &["dev.parquet", "train.parquet", "extra.parquet"],
                (vec![Valid, Train], 1),
            ),
            (&["a.parquet", "b.parquet"], (vec![Train, Train], 0)),
            (&["train.parquet", "old/test.parquet"], (vec![Train], 1)),
            (
                &[
                    ".hidden/train.parquet",
                    "__MACOSX/train.parquet",
                    "test.parquet",
                ],
                (vec![Test], 0),
            ),
        ] {
            assert_eq!(splits(&folder(files)), wanted, "{files:?}");
        }
        let two = folder(&["en/train.parquet", "fr/train.parquet"]);
        assert!(
            layout_of(two.path())
                .unwrap_err()
                .contains("name one of them")
        );
        let none = layout_of(folder(&["readme.md"]).path()).unwrap_err();
        assert!(none.contains("holds no train*.parquet"), "{none}");
    }
}

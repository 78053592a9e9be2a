//! What names of folders say.

use crate::catalog::Split;

/// Words for the splits, without case.
const SPLITS: &[(&str, Split)] = &[
    ("train", Split::Train),
    ("training", Split::Train),
    ("trn", Split::Train),
    ("val", Split::Valid),
    ("valid", Split::Valid),
    ("validation", Split::Valid),
    ("validate", Split::Valid),
    ("dev", Split::Valid),
    ("devel", Split::Valid),
    ("development", Split::Valid),
    ("eval", Split::Valid),
    ("evaluation", Split::Valid),
    ("test", Split::Test),
    ("testing", Split::Test),
    ("tst", Split::Test),
];

/// Words that stand before or after the word for a split: `train_images`, `test set`, `images_val`.
const BESIDE: &[&str] = &[
    "set",
    "sets",
    "split",
    "data",
    "dataset",
    "images",
    "image",
    "imgs",
    "img",
    "pictures",
    "samples",
    "folder",
    "texts",
    "text",
    "documents",
    "docs",
];

/// Names of folders that hold all pictures of a split and say nothing of their class.
const WRAPPERS: &[&str] = &[
    "images",
    "image",
    "imgs",
    "img",
    "pictures",
    "photos",
    "data",
    "jpg",
    "jpeg",
    "jpegs",
    "jpegimages",
    "png",
    "pngs",
    "files",
    "samples",
    "texts",
    "text",
    "txt",
    "documents",
    "docs",
    "all",
];

/// Files and folders that systems and tools leave behind.
const LITTER: &[&str] = &[
    "__macosx",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "__pycache__",
    "icon\r",
];

/// The split that a folder's name says: `Train`, `testing`, `val2017`, `Test_Images`.
pub(in crate::data) fn split(name: &str) -> Option<Split> {
    apart(name).and_then(|(split, rest)| rest.is_empty().then_some(split))
}

/// The split that is a word of a folder's name, and the other words: `cars_train` says `train` of `cars`.
pub(in crate::data) fn apart(name: &str) -> Option<(Split, String)> {
    let name = name.to_lowercase();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let (mut found, mut rest) = (None, Vec::new());
    for part in name
        .split(['_', '-', ' ', '.'])
        .filter(|part| !part.is_empty())
    {
        if BESIDE.contains(&part) {
            continue;
        }
        // `trainset` and `testimages` are one word
        let bare = BESIDE
            .iter()
            .find_map(|after| part.strip_suffix(after))
            .filter(|bare| SPLITS.iter().any(|(word, _)| word == bare))
            .unwrap_or(part);
        match SPLITS.iter().find(|(word, _)| *word == bare) {
            Some((_, split)) if found.replace(*split).is_some() => return None,
            Some(_) => {}
            None => rest.push(part),
        }
    }
    Some((found?, rest.join(" ")))
}

/// Whether a folder of this name wraps all pictures of a split.
pub(super) fn is_wrapper(name: &str) -> bool {
    WRAPPERS.contains(&name.to_lowercase().as_str())
}

/// Whether a name is hidden, or is left behind by a system or a tool.
pub(in crate::data) fn is_litter(name: &str) -> bool {
    name.starts_with('.') || LITTER.contains(&name.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_have_usual_names_whatever_their_case() {
        for name in [
            "train",
            "Train",
            "TRAIN",
            "training",
            "Training_Set",
            "trainset",
            "train2017",
            "train_images",
            "images-train",
            "TrainImages",
        ] {
            assert_eq!(split(name), Some(Split::Train), "{name}");
        }
        for name in [
            "val",
            "Valid",
            "VALIDATION",
            "dev",
            "eval",
            "val2017",
            "dev_set",
        ] {
            assert_eq!(split(name), Some(Split::Valid), "{name}");
        }
        for name in ["test", "Testing", "TEST", "test1", "test data"] {
            assert_eq!(split(name), Some(Split::Test), "{name}");
        }
        for name in [
            "trains",
            "trainer",
            "tested",
            "devil",
            "contest",
            "train_station",
            "train_val",
            "images",
            "set",
            "2017",
            "evalon",
            "valley",
            "",
        ] {
            assert_eq!(split(name), None, "{name}");
        }
    }

    #[test]
    fn a_split_may_be_a_word_of_a_name() {
        for (name, split, rest) in [
            ("cars_train", Split::Train, "cars"),
            ("Seg-Test", Split::Test, "seg"),
            ("my_cars_val2", Split::Valid, "my cars"),
            ("train_images", Split::Train, ""),
        ] {
            assert_eq!(apart(name), Some((split, rest.to_owned())), "{name}");
        }
        for name in ["cars", "cars_train_test", ""] {
            assert_eq!(apart(name), None, "{name}");
        }
    }

    #[test]
    fn what_systems_leave_behind_is_litter() {
        for name in [
            "__MACOSX",
            "._x.jpg",
            ".DS_Store",
            "Thumbs.db",
            ".git",
            "@eaDir",
            ".ipynb_checkpoints",
        ] {
            assert!(is_litter(name), "{name}");
        }
        assert!(!is_litter("thumbs") && !is_litter("MACOSX"));
    }
}

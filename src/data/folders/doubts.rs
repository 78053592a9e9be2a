//! What is odd about a layout: it is read as it is, and said.

use super::layout::{Draft, Layout, doubt, list};
use super::words;
use crate::catalog::Split;

impl Layout {
    /// Whether a class and another have names that differ in the word for a split alone: `cars_train`, `cars_test`.
    fn is_of_a_set(&self, class: &str) -> bool {
        let Some((split, rest)) = words::apart(class) else {
            return false;
        };
        let mut others = self.classes.iter().filter_map(|name| words::apart(name));
        others.any(|(other, beside)| other != split && beside == rest)
    }

    /// Classes that may be none, or that the train split does not have.
    pub(super) fn doubt_classes(&mut self, drafts: &[Draft]) {
        let root = drafts
            .first()
            .map(|draft| draft.folder.display().to_string());
        let root = root.unwrap_or_default();
        if let [only] = &self.classes[..] {
            self.doubts.push(
                doubt(format!(
                    "{root}: every {} is of one class, `{only}`: there is nothing to tell apart",
                    self.wanted.one
                ))
                .help(format!(
                    "name the folder that holds the class folders, or say `{}`",
                    self.wanted.no_classes
                )),
            );
        }
        let words = self
            .classes
            .iter()
            .filter(|name| words::split(name).is_some() || self.is_of_a_set(name));
        let words: Vec<String> = words.cloned().collect();
        if !words.is_empty() {
            self.doubts.push(
                doubt(format!(
                    "{root}: {} {} like a split, but {} as a class",
                    list(&words),
                    if words.len() == 1 {
                        "is named"
                    } else {
                        "are named"
                    },
                    if words.len() == 1 {
                        "counts"
                    } else {
                        "each count"
                    },
                ))
                .help("put the splits above the classes, or rename the class"),
            );
        }
        let Some(train) = drafts
            .iter()
            .find(|draft| draft.part.split == Split::Train && !draft.classes.is_empty())
        else {
            return;
        };
        for draft in drafts {
            let strange = draft
                .classes
                .iter()
                .filter(|name| !train.classes.contains(name));
            let strange: Vec<String> = strange.cloned().collect();
            if !strange.is_empty() {
                self.doubts.push(
                    doubt(format!(
                        "{}: the train split has no {}s of {}",
                        draft.folder.display(),
                        self.wanted.one,
                        list(&strange)
                    ))
                    .help("is a class spelled in two ways, or a folder in the wrong place?"),
                );
            }
        }
    }

    /// One folder under two names is judged with what it was trained on.
    pub(super) fn doubt_roots(&mut self, drafts: &[Draft]) {
        let real: Vec<_> = drafts
            .iter()
            .map(|draft| draft.part.root.canonicalize().ok())
            .collect();
        for (at, root) in real.iter().enumerate() {
            if let (Some(_), Some(first)) =
                (root, real[..at].iter().position(|other| other == root))
            {
                self.doubts.push(
                    doubt(format!(
                        "{} and {} are one folder: the same {}s are in two splits",
                        drafts[first].folder.display(),
                        drafts[at].folder.display(),
                        self.wanted.one
                    ))
                    .help("remove the link"),
                );
            }
        }
    }
}

//! What is said of a plugin that was tried.

use serde::{Deserialize, Serialize};

/// One line of the child's output.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// What it is about to try.
    Trying(String),
    /// A call has come back, and the next one of the same kind begins.
    Going,
    /// What the library says it is.
    Plugin {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
        /// The ABI that it needs.
        abi: String,
        /// blake3 of its file.
        blake3: String,
    },
    /// What came of one entry.
    Entry(Tried),
    /// The library can't be used.
    Bad(String),
    /// Nothing is left to try.
    Done,
}

/// What came of one entry.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Tried {
    /// `task` or `transform`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its summary.
    pub summary: String,
    /// What was seen; of an entry that failed, why.
    pub found: String,
    /// Whether it is sound.
    pub sound: bool,
}

/// What became of a plugin that was checked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Its file.
    pub path: String,
    /// Its name, version, ABI and blake3, as far as it got.
    pub plugin: Option<(String, String, String, String)>,
    /// Its entries, as far as it got.
    pub entries: Vec<Tried>,
    /// Why it can't be used at all.
    pub failure: Option<String>,
    /// Whether it got to the end, with an answer to all that was tried.
    #[serde(skip)]
    pub finished: bool,
}

impl Report {
    /// Whether all of it is sound.
    pub fn sound(&self) -> bool {
        self.finished
            && self.failure.is_none()
            && self.plugin.is_some()
            && !self.entries.is_empty()
            && self.entries.iter().all(|entry| entry.sound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_missing_is_sound() {
        let entry = Tried {
            kind: "task".into(),
            name: "a".into(),
            summary: String::new(),
            found: String::new(),
            sound: true,
        };
        let whole = Report {
            plugin: Some(Default::default()),
            entries: vec![entry],
            finished: true,
            ..Report::default()
        };
        assert!(whole.sound());
        for report in [
            Report {
                finished: false,
                ..whole.clone()
            },
            Report {
                entries: Vec::new(),
                ..whole.clone()
            },
            Report {
                plugin: None,
                ..whole.clone()
            },
            Report {
                failure: Some("late".into()),
                ..whole.clone()
            },
        ] {
            assert!(!report.sound(), "{report:?}");
        }
    }
}

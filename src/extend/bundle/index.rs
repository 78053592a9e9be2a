//! What a bundle says of itself, and when that is sound.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::extend::plugin::{FOLDER, is_name};
use crate::files::is_hex;

/// Most files.
const MOST_FILES: usize = 20_000;
/// Most bytes of a path, and of a name in it; most names.
const LONGEST_PATH: usize = 1000;
pub(super) const LONGEST_NAME: usize = 200;
pub(super) const DEEPEST: usize = 32;
/// Names that are devices on some systems, with any ending.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It can't be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no bundle, or not as it was written.
    #[error("{path} is no sound bundle: {why}")]
    Bad {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

pub(super) type Result<T> = std::result::Result<T, BundleError>;

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// With `/` between its names.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its BLAKE3, in hex digits.
    pub blake3: String,
}

/// A plugin's file in a bundle: native code for one platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Native {
    /// The plugin's name.
    pub name: String,
    /// What it is built for: `linux-x86_64`.
    pub platform: String,
    /// What the file is called where it is put to use.
    pub file: String,
}

impl Native {
    /// Its path in a bundle.
    pub fn path(&self) -> String {
        format!("{FOLDER}/{}/{}", self.platform, self.file)
    }

    /// Where it is put to use, from the project's folder.
    pub fn place(&self) -> String {
        format!("{FOLDER}/{}", self.file)
    }
}

/// What a bundle says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The path of the recipe in it.
    pub recipe: String,
    /// The hash of its plan: what its stages mean.
    pub plan: String,
    /// The path of the run directory in it; empty where there is none.
    pub run: String,
    /// Plugins that it uses: names with the versions asked for.
    pub plugins: Vec<String>,
    /// Those of them that it holds, for one platform or for several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub native: Vec<Native>,
    /// Its files, by path.
    pub files: Vec<Entry>,
}

/// What is wrong with an index, by itself.
pub(super) fn sound(index: &Index) -> std::result::Result<(), String> {
    if index.files.len() > MOST_FILES {
        return Err(format!(
            "it has {} files; at most {MOST_FILES} are read",
            index.files.len()
        ));
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut folders: BTreeSet<String> = BTreeSet::new();
    let mut last: Option<&str> = None;
    for Entry { path, blake3, .. } in &index.files {
        let shown = crate::language::visible_line(path);
        plain(path).map_err(|why| format!("the path `{shown}` {why}"))?;
        if last.is_some_and(|last| last >= path.as_str()) {
            return Err(format!("`{shown}` stands twice in it, or not in its order"));
        }
        last = Some(path);
        if !is_hex(blake3, 64) {
            return Err(format!("`{shown}` has no hash"));
        }
        // some systems do not tell letters by their size
        let folded = path.to_lowercase();
        let mut parents = folded
            .match_indices('/')
            .map(|(at, _)| folded[..at].to_owned());
        if parents.clone().any(|parent| seen.contains(&parent)) || folders.contains(&folded) {
            return Err(format!("`{shown}` is a file and a folder"));
        }
        folders.extend(&mut parents);
        if !seen.insert(folded) {
            return Err(format!("`{shown}` stands twice in it"));
        }
    }
    let there = |path: &str| index.files.iter().any(|entry| entry.path == path);
    if !there(&index.recipe) {
        return Err("the recipe that it names is not in it".into());
    }
    for native in &index.native {
        let shown = crate::language::visible_line(&native.path()).into_owned();
        let part = |text: &str| !text.contains('/') && plain(text).is_ok();
        if !part(&native.platform) || !part(&native.file) || !is_name(&native.name) {
            return Err(format!("`{shown}` is no place for a plugin"));
        }
        if !there(&native.path()) {
            return Err(format!("the plugin `{shown}` that it names is not in it"));
        }
        let place = native.place().to_lowercase();
        if seen.contains(&place) || folders.contains(&place) {
            return Err(format!("`{shown}` would take the place of another file"));
        }
    }
    if !index.run.is_empty() {
        plain(&index.run).map_err(|why| format!("the run's path {why}"))?;
    }
    Ok(())
}

/// What is wrong with a path that is to stay below a folder.
fn plain(path: &str) -> std::result::Result<(), &'static str> {
    if path.is_empty() || path.len() > LONGEST_PATH {
        return Err("is empty or too long");
    }
    let names: Vec<&str> = path.split('/').collect();
    if names.len() > DEEPEST {
        return Err("is too deep");
    }
    for name in names {
        if matches!(name, "" | "." | "..") {
            return Err("climbs, or does not start where it should");
        }
        if name.len() > LONGEST_NAME {
            return Err("has a name that is too long");
        }
        let odd =
            |c: char| c.is_control() || matches!(c, '\\' | ':' | '<' | '>' | '"' | '|' | '?' | '*');
        if name.chars().any(odd) || name.ends_with(['.', ' ']) {
            return Err("has a name that is not the same on every system");
        }
        let stem = name.split('.').next().unwrap_or(name).to_lowercase();
        let numbered = stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(|c: char| c.is_ascii_digit());
        if numbered || DEVICES.contains(&stem.as_str()) {
            return Err("names a device");
        }
    }
    Ok(())
}

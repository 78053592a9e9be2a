//! What is compared with `ssl.lock`, and what goes into it. A pin that a run of this user wrote is their own: their edits replace
//! it. One that came with the recipe is somebody else's word for what it used, and a difference is refused.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Loader, Lock};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// The file with the user's own pins, in their folder.
const OWN: &str = "pins";
/// Own pins that are remembered; the oldest go.
const MOST: usize = 10_000;
/// Bytes of the file that are read: a line each.
const MAX_BYTES: u64 = 65 * (MOST as u64 + 1);

/// A content that was compared with its pin.
#[derive(Clone, Debug)]
pub struct Pin {
    /// Its blake3 in hexadecimal digits.
    pub hash: String,
    /// Whether it is pinned as it is.
    there: bool,
    place: Place,
}

/// A line of a project's lock.
#[derive(Clone, Debug)]
struct Place {
    project: PathBuf,
    table: String,
    name: String,
}

impl Pin {
    /// Whether this content has no pin yet, or another one.
    pub fn is_absent(&self) -> bool {
        !self.there
    }

    /// Pins the content, as the user's own.
    ///
    /// # Errors
    /// The lock can't be written.
    pub fn keep(&self) -> Result<()> {
        if self.there {
            return Ok(());
        }
        let place = &self.place;
        Lock::pin(&place.project, (&place.table, &place.name), &self.hash)?;
        own(&place.project, (&place.table, &place.name), &self.hash);
        Ok(())
    }

    /// Pins the content for everybody, the user too: from now on every difference is to be wanted.
    ///
    /// # Errors
    /// The lock can't be written.
    pub fn keep_strictly(&self) -> Result<()> {
        let place = &self.place;
        let key = (place.table.as_str(), place.name.as_str());
        if !self.there {
            Lock::pin(&place.project, key, &self.hash)?;
        }
        disown(&place.project, key, &self.hash);
        Ok(())
    }
}

impl Loader {
    /// Compares a content with its pin. `key`: its table and its name in `ssl.lock`. `native`: it is code that no sandbox holds,
    /// and every change of it is to be wanted.
    pub(super) fn verify(
        &self,
        key: (&str, &str),
        what: &str,
        bytes: &[u8],
        native: bool,
    ) -> Result<Pin> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        let mut lock = Lock::read(&self.project)?;
        let path = lock.path();
        let short = |hash: &str| hash.get(..16).unwrap_or(hash).to_owned();
        let refused = |message: String| Problem::new(Code::Pinned, message);
        let place = Place {
            project: self.project.clone(),
            table: key.0.to_owned(),
            name: key.1.to_owned(),
        };
        match lock.get(key) {
            Some(pinned) if pinned.eq_ignore_ascii_case(&hash) => {
                return Ok(Pin {
                    hash,
                    there: true,
                    place,
                });
            }
            Some(pinned) if !self.options.update_lock => {
                let theirs = native || !is_own(&self.project, key, &pinned);
                if self.options.locked || theirs {
                    let problem = refused(format!(
                        "{what} is not the one that {} names",
                        path.display()
                    ))
                    .note(format!(
                        "Pinned is blake3 {}…, this is {}….",
                        short(&pinned),
                        short(&hash)
                    ));
                    let problem = match (self.options.locked, native) {
                        (true, _) => problem.note("`--locked` refuses every difference."),
                        (false, true) => problem,
                        (false, false) => problem.note(
                            "The pin was not written by a run of yours on this machine: it came with the recipe, or `pretext lock` wrote it.",
                        ),
                    };
                    return Err(
                        problem.help("if the change is wanted, say so once: `--update-lock`, or `pretext lock` with the recipe")
                    );
                }
            }
            None if self.options.locked => {
                return Err(refused(format!("{what} has no pin in {}", path.display()))
                    .note("`--locked` takes what is pinned alone.")
                    .help("a run without `--locked` pins it"));
            }
            _ => {}
        }
        Ok(Pin {
            hash,
            there: false,
            place,
        })
    }
}

/// What stands for a pin in the user's file: nobody else can guess the lines of a project that they do not know, and nothing of it
/// can be read from them.
fn mark(project: &Path, (table, name): (&str, &str), hash: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in ["pin", &*project.to_string_lossy(), table, name, hash] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn file() -> Option<PathBuf> {
    crate::data::user_folder().map(|folder| folder.join(OWN))
}

/// The user's own pins, the oldest first. A file that is none of ours has none.
fn marks() -> Vec<String> {
    let Some(file) = file() else {
        return Vec::new();
    };
    let about = fs::symlink_metadata(&file);
    if !about.is_ok_and(|about| about.is_file() && about.len() <= MAX_BYTES) {
        return Vec::new();
    }
    let text = fs::read_to_string(&file).unwrap_or_default();
    let whole = |line: &&str| line.len() == 64 && line.bytes().all(|b| b.is_ascii_hexdigit());
    text.lines().filter(whole).map(str::to_owned).collect()
}

fn is_own(project: &Path, key: (&str, &str), hash: &str) -> bool {
    let mark = mark(project, key, hash);
    marks().contains(&mark)
}

/// Forgets that a pin was the user's own.
fn disown(project: &Path, key: (&str, &str), hash: &str) {
    let gone = mark(project, key, hash);
    change(|lines| lines.retain(|line| *line != gone));
}

/// Remembers a pin as the user's own. Where that can't be written it is nobody's, and the next edit has to be confirmed.
pub(super) fn own(project: &Path, key: (&str, &str), hash: &str) {
    let new = mark(project, key, hash);
    change(|lines| {
        lines.retain(|line| *line != new);
        lines.push(new);
    });
}

/// Changes the user's own pins.
fn change(change: impl FnOnce(&mut Vec<String>)) {
    let Some(file) = file() else { return };
    let Some(folder) = file.parent() else { return };
    if fs::create_dir_all(folder).is_err() {
        return;
    }
    // others may pin at the same time; where folders can't be locked, the last one wins
    let held = fs::File::open(folder);
    let _held = held.and_then(|folder| folder.lock().map(|()| folder));
    let before = marks();
    let mut lines = before.clone();
    change(&mut lines);
    if lines == before {
        return;
    }
    let text: String = lines[lines.len().saturating_sub(MOST)..]
        .iter()
        .map(|line| format!("{line}\n"))
        .collect();
    let _ = crate::files::write(&file, text.as_bytes());
}

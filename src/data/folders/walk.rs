//! What lies in a folder: files that are [`Wanted`], and all else counted.
//!
//! Links are followed, wherever they point: many people link the folders and files of their data. A link to a folder that it lies
//! in is not, since it has no end.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, FileType, Metadata};
use std::path::Path;

use super::{Wanted, words};
use crate::catalog::{Problem, Result};
use crate::data::stop_asked;
use crate::language::codes::Code;

/// Folders inside one another that are followed.
const DEPTH: usize = 64;
/// Folders that are entered through links. Links that point at one another multiply.
const LINKED: usize = 100_000;

/// What a file or folder is, whatever it is called: equal for two names of one.
pub(in crate::data) type Id = (u64, u64);

/// A folder with what is of use in it, in the order of the names.
#[derive(Debug, Default)]
pub(in crate::data) struct Folder {
    pub name: OsString,
    pub entries: Vec<Entry>,
    /// Files in it and below.
    pub wanted: usize,
}

#[derive(Debug)]
pub(in crate::data) enum Entry {
    File(File),
    Folder(Folder),
}

#[derive(Debug)]
pub(in crate::data) struct File {
    pub name: OsString,
    pub id: Id,
    /// A link leads to it.
    pub linked: bool,
}

impl Entry {
    fn name(&self) -> &OsStr {
        match self {
            Entry::File(file) => &file.name,
            Entry::Folder(folder) => &folder.name,
        }
    }
}

impl Folder {
    /// The name as text.
    pub fn text(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    /// Folders right below, all of which hold files that are wanted.
    pub fn folders(&self) -> impl Iterator<Item = &Folder> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Folder(folder) => Some(folder),
            Entry::File(_) => None,
        })
    }

    /// Number of files right in it.
    pub fn direct(&self) -> usize {
        self.wanted - self.folders().map(|folder| folder.wanted).sum::<usize>()
    }
}

/// What was not taken, by a word for its kind.
#[derive(Clone, Debug, Default)]
pub(in crate::data) struct Left {
    pub files: BTreeMap<String, usize>,
    pub folders: BTreeMap<String, usize>,
}

impl Left {
    pub fn file(&mut self, what: impl Into<String>) {
        *self.files.entry(what.into()).or_default() += 1;
    }

    pub fn folder(&mut self, what: impl Into<String>) {
        *self.folders.entry(what.into()).or_default() += 1;
    }
}

const HIDDEN: &str = "hidden or of the system";

/// Looks through a folder.
///
/// # Errors
/// A folder can't be read, or somebody asked to stop.
pub(super) fn walk(root: &Path, wanted: &Wanted) -> Result<(Folder, Left)> {
    let mut walk = Walk {
        wanted: *wanted,
        above: above(root),
        left: Left::default(),
        linked: 0,
    };
    let folder = walk.folder(root, OsString::new(), Trail::default())?;
    Ok((folder, walk.left))
}

/// The folder itself and all that it lies in.
fn above(root: &Path) -> Vec<Id> {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let known = root.ancestors().filter_map(|path| {
        let about = fs::metadata(path).ok()?;
        Some(id(path, &about))
    });
    known.collect()
}

/// How a folder was reached.
#[derive(Clone, Copy, Default)]
struct Trail {
    depth: usize,
    linked: bool,
    /// The device that its files are on.
    device: Option<u64>,
}

struct Walk {
    wanted: Wanted,
    above: Vec<Id>,
    left: Left,
    linked: usize,
}

impl Walk {
    fn folder(&mut self, path: &Path, name: OsString, trail: Trail) -> Result<Folder> {
        let bad = |error: std::io::Error| {
            Problem::new(
                Code::BadFile,
                format!("can't read {}: {error}", path.display()),
            )
            .help("make it readable, or move it out of the data")
        };
        let mut folder = Folder {
            name,
            ..Folder::default()
        };
        let device = match trail.device {
            Some(device) => device,
            None => id(path, &fs::metadata(path).map_err(bad)?).0,
        };
        let trail = Trail {
            device: Some(device),
            ..trail
        };
        for entry in fs::read_dir(path).map_err(bad)? {
            if stop_asked() {
                let stopped = format!("stopped while {} was looked through", path.display());
                return Err(Problem::new(Code::BadFile, stopped));
            }
            let entry = entry.map_err(bad)?;
            let kind = entry.file_type().map_err(bad)?;
            folder.entries.extend(self.entry(&entry, kind, trail)?);
        }
        folder
            .entries
            .sort_unstable_by(|a, b| a.name().cmp(b.name()));
        let wanted = folder.entries.iter().map(|entry| match entry {
            Entry::File(_) => 1,
            Entry::Folder(folder) => folder.wanted,
        });
        folder.wanted = wanted.sum();
        Ok(folder)
    }

    fn entry(&mut self, entry: &DirEntry, kind: FileType, trail: Trail) -> Result<Option<Entry>> {
        let name = entry.file_name();
        if words::is_litter(&name.to_string_lossy()) {
            match kind.is_dir() {
                true => self.left.folder(HIDDEN),
                false => self.left.file(HIDDEN),
            }
            return Ok(None);
        }
        if kind.is_file() {
            let device = trail.device.unwrap_or(0);
            let id = (device, number(entry));
            return Ok(self.file(&entry.path(), name, id, trail.linked));
        }
        if kind.is_dir() {
            let path = entry.path();
            let about = fs::metadata(&path);
            // one that went away meanwhile is not there
            return match about {
                Ok(about) => self.below(&path, name, id(&path, &about), trail),
                Err(_) => Ok(None),
            };
        }
        if !kind.is_symlink() {
            self.left.file(odd(kind));
            return Ok(None);
        }
        let path = entry.path();
        let about = match fs::metadata(&path) {
            Ok(about) => about,
            Err(_) => {
                self.left.file("link to nothing");
                return Ok(None);
            }
        };
        let id = id(&path, &about);
        if about.is_file() {
            return Ok(self.file(&path, name, id, true));
        }
        if !about.is_dir() {
            self.left.file(odd(about.file_type()));
            return Ok(None);
        }
        self.linked += 1;
        if self.linked > LINKED {
            return Err(Problem::new(
                Code::BadFile,
                format!(
                    "{}: links lead to more than {LINKED} folders",
                    path.display()
                ),
            )
            .help("links to folders that hold links multiply: remove some"));
        }
        let trail = Trail {
            linked: true,
            ..trail
        };
        self.below(&path, name, id, trail)
    }

    fn below(
        &mut self,
        path: &Path,
        name: OsString,
        id: Id,
        trail: Trail,
    ) -> Result<Option<Entry>> {
        if self.above.contains(&id) {
            self.left.folder("link to a folder that it lies in");
            return Ok(None);
        }
        if trail.depth == DEPTH {
            self.left.folder(format!("more than {DEPTH} levels down"));
            return Ok(None);
        }
        self.above.push(id);
        let trail = Trail {
            depth: trail.depth + 1,
            device: Some(id.0),
            ..trail
        };
        let found = self.folder(path, name, trail);
        self.above.pop();
        let found = found?;
        if found.wanted == 0 {
            self.left.folder(format!("without a {}", self.wanted.one));
            return Ok(None);
        }
        Ok(Some(Entry::Folder(found)))
    }

    fn file(&mut self, path: &Path, name: OsString, id: Id, linked: bool) -> Option<Entry> {
        let text = name.to_string_lossy();
        if (self.wanted.is)(path, &text) {
            return Some(Entry::File(File { name, id, linked }));
        }
        let ending = text.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
        self.left.file(match ending {
            Some((_, ending)) if ending.len() <= 12 => format!(".{}", ending.to_lowercase()),
            _ => "without an ending".to_owned(),
        });
        None
    }
}

#[cfg(unix)]
fn odd(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        kind if kind.is_fifo() => "pipe",
        kind if kind.is_socket() => "socket",
        _ => "device",
    }
}

#[cfg(not(unix))]
fn odd(_: FileType) -> &'static str {
    "not a regular file"
}

#[cfg(unix)]
fn id(_: &Path, about: &Metadata) -> Id {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

#[cfg(unix)]
fn number(entry: &DirEntry) -> u64 {
    use std::os::unix::fs::DirEntryExt;
    entry.ino()
}

/// Where files have no numbers: of their real path.
#[cfg(not(unix))]
fn id(path: &Path, _: &Metadata) -> Id {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let hash = blake3::hash(path.as_os_str().as_encoded_bytes());
    let number = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash.as_bytes()[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    (0, number(0))
}

#[cfg(not(unix))]
fn number(entry: &DirEntry) -> u64 {
    let path = entry.path();
    entry.metadata().map_or(0, |about| id(&path, &about).1)
}

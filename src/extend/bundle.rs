//! Bundles: one file with a recipe and all that it is made of, with or without what a run of it left.
//!
//! ```text
//! "PRETEXTB"             8 bytes
//! version                u32, little-endian
//! length of the index    u64
//! index                  JSON: what it is, and of each file its path, bytes and BLAKE3, in the order of the paths
//! files                  one after the other, as they are
//! hash                   32 bytes, BLAKE3 of everything before
//! ```
//!
//! Nothing is compressed, so nothing grows while it is read, and equal contents give equal bytes: no time, owner or place is in it.
//! It comes from strangers: every size is held against the file's own before anything is read for it, and a path stays below the folder
//! that it is written into.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{Folder, is_hex};

const MAGIC: &[u8; 8] = b"PRETEXTB";
const VERSION: u32 = 1;
/// Bytes of magic, version and length.
const PREFIX: u64 = 20;
/// Bytes of the hash.
const HASH: u64 = 32;
/// Most bytes of an index.
const LONGEST_INDEX: u64 = 16 << 20;
/// Most files.
const MOST_FILES: usize = 20_000;
/// Most bytes of a path, and of a name in it; most names.
const LONGEST_PATH: usize = 1000;
const LONGEST_NAME: usize = 200;
const DEEPEST: usize = 32;
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

type Result<T> = std::result::Result<T, BundleError>;

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
    /// Plugins that it uses and does not hold: names with the versions asked for.
    pub plugins: Vec<String>,
    /// Its files, by path.
    pub files: Vec<Entry>,
}

/// Where the content of a file comes from.
pub enum Content {
    /// It is here.
    Bytes(Vec<u8>),
    /// A file of an open folder.
    File(std::sync::Arc<Folder>, String),
}

impl Content {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Content::Bytes(bytes) => Box::new(bytes.as_slice()),
            Content::File(folder, name) => Box::new(folder.file(name)?),
        })
    }
}

/// Writes a bundle of these files, whole or not at all. The index's list of files is made here.
///
/// # Errors
/// A file can't be read or changes meanwhile, two have one path, or the bundle can't be written.
pub fn write(path: &Path, mut index: Index, mut files: Vec<(String, Content)>) -> Result<Index> {
    let failed = |source: io::Error| BundleError::Io {
        path: path.to_owned(),
        source,
    };
    files.sort_by(|a, b| a.0.cmp(&b.0));
    index.files.clear();
    for (name, content) in &files {
        let mut hasher = blake3::Hasher::new();
        let bytes = io::copy(&mut content.open().map_err(failed)?, &mut hasher).map_err(failed)?;
        index.files.push(Entry {
            path: name.clone(),
            bytes,
            blake3: hasher.finalize().to_hex().to_string(),
        });
    }
    sound(&index).map_err(|why| BundleError::Bad {
        path: path.to_owned(),
        why,
    })?;
    let text = serde_json::to_vec(&index).map_err(|error| failed(io::Error::other(error)))?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let folder = Folder::create(parent.unwrap_or(Path::new("."))).map_err(failed)?;
    let fill = |file: &mut File| -> io::Result<()> {
        let mut out = Hashing {
            inner: io::BufWriter::with_capacity(1 << 20, file),
            hasher: blake3::Hasher::new(),
        };
        out.write_all(MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.write_all(&(text.len() as u64).to_le_bytes())?;
        out.write_all(&text)?;
        for ((_, content), entry) in files.iter().zip(&index.files) {
            let mut reader = content.open()?.take(entry.bytes + 1);
            if io::copy(&mut reader, &mut out)? != entry.bytes {
                return Err(io::Error::other(format!(
                    "{} changed meanwhile",
                    entry.path
                )));
            }
        }
        let hash = out.hasher.finalize();
        out.inner.write_all(hash.as_bytes())?;
        out.inner.flush()
    };
    folder.replace(name, fill).map_err(failed)?;
    Ok(index)
}

struct Hashing<W> {
    inner: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// What is wrong with an index, by itself.
fn sound(index: &Index) -> std::result::Result<(), String> {
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

/// An open bundle whose index is sound and whose sizes are those of the file.
pub struct Bundle {
    path: PathBuf,
    file: File,
    /// What it says of itself.
    pub index: Index,
    /// Where the files begin.
    first: u64,
    len: u64,
}

impl Bundle {
    /// Opens a bundle and reads its index. Nothing of its files has been read.
    ///
    /// # Errors
    /// It is no bundle, or its index is not sound.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |source: io::Error| BundleError::Io {
            path: path.to_owned(),
            source,
        };
        let bad = |why: &str| BundleError::Bad {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        // before it is opened: a pipe would keep us waiting
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(bad("it is no file"));
        }
        let mut file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        let len = about.len();
        if !about.is_file() || len < PREFIX + HASH {
            return Err(bad("it is too short"));
        }
        let mut prefix = [0; PREFIX as usize];
        file.read_exact(&mut prefix).map_err(failed)?;
        let (magic, rest) = prefix.split_at(8);
        let (version, length) = rest.split_at(4);
        if magic != MAGIC {
            return Err(bad("it does not begin like one"));
        }
        let version = u32::from_le_bytes(version.try_into().unwrap_or_default());
        if version != VERSION {
            return Err(bad(&format!(
                "it is of version {version}, this Pretext reads version {VERSION}"
            )));
        }
        let length = u64::from_le_bytes(length.try_into().unwrap_or_default());
        let room = len - PREFIX - HASH;
        if length > room.min(LONGEST_INDEX) {
            return Err(bad("it is cut short, or its index is too long"));
        }
        let mut text = vec![0; length as usize];
        file.read_exact(&mut text).map_err(failed)?;
        let index: Index = serde_json::from_slice(&text).map_err(|error| {
            bad(&format!(
                "its index is damaged at character {}",
                error.column()
            ))
        })?;
        sound(&index).map_err(|why| bad(&why))?;
        let sizes = index.files.iter().map(|entry| entry.bytes);
        let sum = sizes
            .into_iter()
            .try_fold(0u64, |sum, bytes| sum.checked_add(bytes));
        if sum != Some(room - length) {
            return Err(bad("its files are not as long as it says"));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            index,
            first: PREFIX + length,
            len,
        })
    }

    /// What stands for the whole bundle: its index, which names the hash of every file.
    pub fn identity(&self) -> Vec<u8> {
        serde_json::to_vec(&self.index).unwrap_or_default()
    }

    fn failed(&self, source: io::Error) -> BundleError {
        BundleError::Io {
            path: self.path.clone(),
            source,
        }
    }

    fn bad(&self, why: String) -> BundleError {
        BundleError::Bad {
            path: self.path.clone(),
            why,
        }
    }

    /// Holds the whole file against the hash at its end.
    ///
    /// # Errors
    /// It was changed.
    pub fn verify(&mut self) -> Result<()> {
        let wrap = |source| BundleError::Io {
            path: self.path.clone(),
            source,
        };
        self.file.seek(SeekFrom::Start(0)).map_err(wrap)?;
        let mut hasher = blake3::Hasher::new();
        let mut body = (&mut self.file).take(self.len - HASH);
        io::copy(&mut body, &mut hasher).map_err(wrap)?;
        let mut own = [0; HASH as usize];
        self.file.read_exact(&mut own).map_err(wrap)?;
        match hasher.finalize().as_bytes() == &own {
            true => Ok(()),
            false => Err(self.bad("it was changed after it was written, or cut short".into())),
        }
    }

    /// The content of one of its files of at most `limit` bytes.
    ///
    /// # Errors
    /// It is not there, is larger, or is not what the index says.
    pub fn read(&mut self, path: &str, limit: u64) -> Result<Vec<u8>> {
        let mut at = self.first;
        let mut found = None;
        for entry in &self.index.files {
            if entry.path == path {
                found = Some(entry.clone());
                break;
            }
            at += entry.bytes;
        }
        let shown = crate::language::visible_line(path);
        let Some(entry) = found else {
            return Err(self.bad(format!("it holds no `{shown}`")));
        };
        if entry.bytes > limit {
            return Err(self.bad(format!(
                "`{shown}` has {} bytes; at most {limit} are read",
                entry.bytes
            )));
        }
        let mut bytes = Vec::new();
        let read = self.file.seek(SeekFrom::Start(at));
        read.map_err(|error| self.failed(error))?;
        let read = (&mut self.file).take(entry.bytes).read_to_end(&mut bytes);
        read.map_err(|error| self.failed(error))?;
        match blake3::hash(&bytes).to_hex().as_str() == entry.blake3 {
            true => Ok(bytes),
            false => Err(self.bad(format!("`{shown}` is not what was put in"))),
        }
    }

    /// Writes all files into the folder `to`, which is made: they are there, whole and as they were put in, or the folder is not.
    ///
    /// # Errors
    /// Something of this name is there, the disk is full, or the bundle was changed.
    pub fn unpack(&mut self, to: &Path) -> Result<()> {
        let wrap = |source| BundleError::Io {
            path: to.to_owned(),
            source,
        };
        if std::fs::symlink_metadata(to).is_ok() {
            return Err(wrap(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "something is there; a bundle is written into a folder of its own, which is made",
            )));
        }
        self.verify()?;
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(wrap)?;
        let made = Made::below(parent).map_err(wrap)?;
        let inside = &made.0;
        let mut at = self.first;
        for entry in self.index.files.clone() {
            let mut folder = Folder::open(inside).map_err(wrap)?;
            let mut names: Vec<&str> = entry.path.split('/').collect();
            let name = names.pop().unwrap_or_default();
            for name in names {
                folder = folder.make(name).map_err(wrap)?;
            }
            self.file.seek(SeekFrom::Start(at)).map_err(wrap)?;
            let mut hasher = blake3::Hasher::new();
            let mut body = (&mut self.file).take(entry.bytes);
            folder
                .replace(name, |file| {
                    let mut out = Hashing {
                        inner: file,
                        hasher: std::mem::take(&mut hasher),
                    };
                    io::copy(&mut body, &mut out)?;
                    hasher = out.hasher;
                    Ok(())
                })
                .map_err(wrap)?;
            if hasher.finalize().to_hex().as_str() != entry.blake3 {
                let shown = crate::language::visible_line(&entry.path).into_owned();
                return Err(self.bad(format!("`{shown}` is not what was put in")));
            }
            at += entry.bytes;
        }
        std::fs::rename(inside, to).map_err(wrap)
    }
}

/// A folder that goes with all that is in it, unless it has another name by then.
struct Made(PathBuf);

impl Made {
    fn below(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!(".unbundle-{}", crate::files::random()?));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `shared.bundle` and `views.ssl` of `shared.bundle/views.ssl`: a path that leads into a bundle.
pub fn inside(path: &Path) -> Option<(PathBuf, String)> {
    let mut outer = PathBuf::new();
    let mut parts = path.components();
    for part in parts.by_ref() {
        outer.push(part);
        let own = Path::new(part.as_os_str());
        if own.extension().is_some_and(|ending| ending == "bundle") && !outer.is_dir() {
            let inner: Vec<String> = parts
                .map(|part| part.as_os_str().to_string_lossy().into_owned())
                .collect();
            return (!inner.is_empty()).then(|| (outer, inner.join("/")));
        }
    }
    None
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;

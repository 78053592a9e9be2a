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

mod format;
mod index;
mod write;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

pub use index::{BundleError, Entry, Index, Native};
pub use write::{Content, write};

use format::{HASH, LONGEST_INDEX, MAGIC, PREFIX, VERSION};
use index::{Result, sound};
use write::Hashing;

use super::plugin::PLATFORM;
use crate::files::Folder;

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

    /// Plugins that it holds for this platform.
    pub fn native(&self) -> impl Iterator<Item = &Native> {
        let all = self.index.native.iter();
        all.filter(|native| native.platform == PLATFORM)
    }

    /// Where a file of it lies once it is unpacked, `None` where it is not wanted.
    fn place(&self, path: &str, plugins: bool) -> Option<String> {
        let mut native = self.index.native.iter();
        match native.find(|native| native.path() == path) {
            None => Some(path.to_owned()),
            Some(native) => (plugins && native.platform == PLATFORM).then(|| native.place()),
        }
    }

    /// Writes all files into the folder `to`, which is made: they are there, whole and as they were put in, or the folder is not.
    /// Plugins are native code: only those for this platform are written, and only where `plugins` says so.
    ///
    /// # Errors
    /// Something of this name is there, the disk is full, or the bundle was changed.
    pub fn unpack(&mut self, to: &Path, plugins: bool) -> Result<()> {
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
            let Some(place) = self.place(&entry.path, plugins) else {
                at += entry.bytes;
                continue;
            };
            let mut folder = Folder::open(inside).map_err(wrap)?;
            let mut names: Vec<&str> = place.split('/').collect();
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
mod tests;

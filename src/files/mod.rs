//! Folders that strangers may have filled: every file of a run directory is opened, read, written, renamed and removed here.
//!
//! A run directory comes with a repository, an archive, another user of the machine. So
//!
//! - a folder is held open and names are looked up in it, one level at a time: what lies under another name is never reached,
//!   and no link is followed. Only the path that a person gave may lead through links.
//! - files are regular files. A pipe, a socket or a device is refused before a byte of it is read, so nothing waits for it.
//! - what is read has a limit, since a file may claim any size.
//! - what is written goes into a file that is made for it, under a name that nobody can guess, and then takes the place of the
//!   regular file of that name: a reader sees the old file or the new one, and nothing else is ever replaced.
//! - nothing is removed with what is in it.
//!
//! Names are those that this program gives, or those that a folder lists; none is put together from what a file says.

#[cfg(not(unix))]
#[path = "by_path.rs"]
mod sys;
#[cfg(unix)]
#[path = "by_handle.rs"]
mod sys;
#[cfg(all(test, unix))]
mod tests;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;

/// Most names that are read of one folder.
const MOST_NAMES: usize = 1 << 16;

/// Ends the name of a file that is being written: `results.json.8f3c….part`.
const PART: &str = ".part";

/// Random digits in such a name.
const DIGITS: usize = 16;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, to whatever.
    Link,
    /// A pipe, a socket, a device.
    Other,
}

/// Why a name is not used although it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Odd {
    /// Something else stands where a file should.
    #[error("it is {}, not a file", .0.words())]
    NoFile(Kind),
    /// Something else stands where a folder should.
    #[error("it is {}, not a folder", .0.words())]
    NoFolder(Kind),
    /// A file with another name somewhere: to write it would change that one too.
    #[error("it is the same file as another name")]
    Shared,
    /// More bytes than such a file ever has.
    #[error("it is larger than the {0} bytes that such a file may have")]
    Large(u64),
    /// More names than such a folder ever has.
    #[error("it holds more than {MOST_NAMES} names")]
    Full,
    /// A name that leads elsewhere.
    #[error("it is not the name of a file")]
    Name,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::File => "a file",
            Kind::Folder => "a folder",
            Kind::Link => "a symbolic link",
            Kind::Other => "a pipe, a socket or a device",
        }
    }
}

impl From<Odd> for io::Error {
    fn from(odd: Odd) -> Self {
        io::Error::new(io::ErrorKind::InvalidInput, odd)
    }
}

/// The reason, where a name was refused for what it stands for and not because the system failed.
pub fn odd(error: &io::Error) -> Option<Odd> {
    error.get_ref()?.downcast_ref::<Odd>().copied()
}

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    at: sys::Handle,
    path: PathBuf,
}

impl Folder {
    /// Opens a folder that a person named.
    ///
    /// # Errors
    /// There is none, or it can't be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        // a bare file name has the empty parent, which can't be opened
        let path = match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        };
        Ok(Self {
            at: sys::open(path)?,
            path: path.to_owned(),
        })
    }

    /// The same; it is made where it is not there.
    ///
    /// # Errors
    /// It can't be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        Self::open(path)
    }

    /// Its path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a name in it, for messages.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What a name stands for; nothing where it is not there.
    ///
    /// # Errors
    /// The folder can't be searched.
    pub fn kind(&self, name: &str) -> io::Result<Option<Kind>> {
        match sys::kind(&self.at, &self.path, plain(name)?) {
            Ok(kind) => Ok(Some(kind)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A folder in it.
    ///
    /// # Errors
    /// There is none of this name: nothing, or something else.
    pub fn folder(&self, name: &str) -> io::Result<Self> {
        match self.kind(name)? {
            Some(Kind::Folder) | None => {}
            Some(kind) => return Err(Odd::NoFolder(kind).into()),
        }
        Ok(Self {
            at: sys::folder(&self.at, &self.path, name)?,
            path: self.path.join(name),
        })
    }

    /// The same; it is made where it is not there.
    ///
    /// # Errors
    /// It can't be made, or something else has the name.
    pub fn make(&self, name: &str) -> io::Result<Self> {
        if self.kind(name)?.is_none() {
            match sys::make(&self.at, &self.path, name) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        self.folder(name)
    }

    /// A regular file, to be read.
    ///
    /// # Errors
    /// There is none of this name: nothing, or something else.
    pub fn file(&self, name: &str) -> io::Result<File> {
        match self.kind(name)? {
            Some(Kind::File) | None => {}
            Some(kind) => return Err(Odd::NoFile(kind).into()),
        }
        let file = sys::file(&self.at, &self.path, name)?;
        // what it was a moment ago may have been replaced
        if !file.metadata()?.is_file() {
            return Err(Odd::NoFile(Kind::Other).into());
        }
        Ok(file)
    }

    /// A regular file that has no other name, made where it is not there, to be read and written in place.
    ///
    /// # Errors
    /// It can't be made, or something else has the name.
    pub fn own_file(&self, name: &str) -> io::Result<File> {
        match self.kind(name)? {
            Some(Kind::File) | None => {}
            Some(kind) => return Err(Odd::NoFile(kind).into()),
        }
        let file = sys::own_file(&self.at, &self.path, name)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(Odd::NoFile(Kind::Other).into());
        }
        if sys::names_of(&about) > 1 {
            return Err(Odd::Shared.into());
        }
        Ok(file)
    }

    /// The content of a regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// There is none of this name, it is larger, or it can't be read.
    pub fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let file = self.file(name)?;
        let size = file.metadata()?.len();
        if size > limit {
            return Err(Odd::Large(limit).into());
        }
        let mut bytes = Vec::with_capacity(size as usize);
        file.take(limit + 1).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > limit {
            true => Err(Odd::Large(limit).into()),
            false => Ok(bytes),
        }
    }

    /// BLAKE3 of a regular file of at most `limit` bytes, in hex digits.
    ///
    /// # Errors
    /// There is none of this name, it is larger, or it can't be read.
    pub fn digest(&self, name: &str, limit: u64) -> io::Result<String> {
        let file = self.file(name)?;
        if file.metadata()?.len() > limit {
            return Err(Odd::Large(limit).into());
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file.take(limit + 1))?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Writes a file whole or not at all.
    ///
    /// # Errors
    /// It can't be written, or something that is no file has the name; what was there is untouched.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.replace(name, |file| file.write_all(bytes)).map(drop)
    }

    /// Writes a value as indented JSON, whole or not at all.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let text = crate::language::json(value).map_err(io::Error::other)? + "\n";
        self.write(name, text.as_bytes())
    }

    /// Lets `fill` write a file, which then takes the place of `name`: on the disk before it does, and whole or not at all. The
    /// file stays open for writing at its end.
    ///
    /// # Errors
    /// It can't be written, or something that is no file has the name; what was there is untouched.
    pub fn replace(
        &self,
        name: &str,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<File> {
        match self.kind(name)? {
            Some(Kind::File) | None => {}
            Some(kind) => return Err(Odd::NoFile(kind).into()),
        }
        let part = format!("{name}.{}{PART}", random()?);
        let mut file = sys::new_file(&self.at, &self.path, &part)?;
        let written = fill(&mut file)
            .and_then(|()| file.sync_all())
            .and_then(|()| sys::rename(&self.at, &self.path, &part, name))
            .and_then(|()| sys::sync(&self.at));
        if let Err(error) = written {
            // what is left of a failed write must not fill a disk that is already full
            let _ = sys::remove(&self.at, &self.path, &part);
            return Err(error);
        }
        Ok(file)
    }

    /// Gives a folder in it another name, which nothing has.
    ///
    /// # Errors
    /// There is no such folder, or something has the name.
    pub fn rename_folder(&self, from: &str, to: &str) -> io::Result<()> {
        match self.kind(from)? {
            Some(Kind::Folder) | None => {}
            Some(kind) => return Err(Odd::NoFolder(kind).into()),
        }
        if self.kind(to)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        sys::rename(&self.at, &self.path, from, to)?;
        sys::sync(&self.at)
    }

    /// Removes a regular file; nothing where there is none.
    ///
    /// # Errors
    /// It can't be removed, or it is something else.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match self.kind(name)? {
            None => Ok(()),
            Some(Kind::File) => sys::remove(&self.at, &self.path, name),
            Some(kind) => Err(Odd::NoFile(kind).into()),
        }
    }

    /// Removes a folder in it that is empty.
    ///
    /// # Errors
    /// It is not empty, or something else.
    pub fn remove_folder(&self, name: &str) -> io::Result<()> {
        sys::remove_folder(&self.at, &self.path, plain(name)?)
    }

    /// The names in it that are text, in order, with what they stand for.
    ///
    /// # Errors
    /// It can't be read, or holds too many.
    pub fn names(&self) -> io::Result<Vec<(String, Kind)>> {
        let mut names = Vec::new();
        for name in sys::names(&self.at, &self.path, MOST_NAMES)? {
            // it may have gone meanwhile
            if let Some(kind) = self.kind(&name)? {
                names.push((name, kind));
            }
        }
        names.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(names)
    }

    /// Removes what writing that was cut off has left of the files that `of` names. Only files that nobody writes any more may be
    /// named.
    ///
    /// # Errors
    /// The folder can't be read, or a file can't be removed.
    pub fn sweep(&self, of: impl Fn(&str) -> bool) -> io::Result<()> {
        for (name, kind) in self.names()? {
            if kind == Kind::File && unfinished(&name).is_some_and(&of) {
                self.remove(&name)?;
            }
        }
        Ok(())
    }
}

/// The file that a name with random digits was to become: `results.json` of `results.json.8f3c….part`.
pub fn unfinished(name: &str) -> Option<&str> {
    let (name, digits) = name.strip_suffix(PART)?.rsplit_once('.')?;
    (!name.is_empty() && is_hex(digits, DIGITS)).then_some(name)
}

/// Whether a text is so many hexadecimal digits, the letters small.
pub fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Writes a file that a person named, whole or not at all; its folder is made where it is not there.
///
/// # Errors
/// The file can't be written; what was there is untouched.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (folder, name) = split(path)?;
    Folder::create(folder)?.write(name, bytes)
}

/// The same with a value as indented JSON.
///
/// # Errors
/// As [`write()`].
pub fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let (folder, name) = split(path)?;
    Folder::create(folder)?.write_json(name, value)
}

/// The content of a regular file of at most `limit` bytes that a person named.
///
/// # Errors
/// There is none, it is larger, or it can't be read.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let (folder, name) = split(path)?;
    Folder::open(folder)?.read(name, limit)
}

/// BLAKE3 of a regular file of at most `limit` bytes that a person named, in hex digits.
///
/// # Errors
/// There is none, it is larger, or it can't be read.
pub fn digest(path: &Path, limit: u64) -> io::Result<String> {
    let (folder, name) = split(path)?;
    Folder::open(folder)?.digest(name, limit)
}

fn split(path: &Path) -> io::Result<(&Path, &str)> {
    let name = path.file_name().and_then(|name| name.to_str());
    let folder = path.parent().unwrap_or(Path::new(""));
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    Ok((folder, name.ok_or(Odd::Name)?))
}

/// A name that stays in its folder.
fn plain(name: &str) -> io::Result<&str> {
    let leads_away = name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']);
    match leads_away || (cfg!(windows) && name.contains(['\\', ':'])) {
        true => Err(Odd::Name.into()),
        false => Ok(name),
    }
}

/// Digits that nobody knows before.
pub(crate) fn random() -> io::Result<String> {
    let mut bytes = [0; DIGITS / 2];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

//! Names in an open folder, by its handle.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags};

use super::{Kind, Odd};

pub(super) type Handle = OwnedFd;

/// Nothing is followed, nothing is waited for.
const CAREFUL: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// What the user's mask leaves of it.
fn file_mode() -> Mode {
    Mode::from_raw_mode(0o666)
}

pub(super) fn open(path: &Path) -> io::Result<Handle> {
    Ok(fs::open(path, FOLDER, Mode::empty())?)
}

pub(super) fn folder(at: &Handle, _: &Path, name: &str) -> io::Result<Handle> {
    Ok(fs::openat(at, name, FOLDER | CAREFUL, Mode::empty())?)
}

pub(super) fn make(at: &Handle, _: &Path, name: &str) -> io::Result<()> {
    Ok(fs::mkdirat(at, name, Mode::from_raw_mode(0o777))?)
}

pub(super) fn kind(at: &Handle, _: &Path, name: &str) -> io::Result<Kind> {
    let about = fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(match FileType::from_raw_mode(about.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    })
}

pub(super) fn file(at: &Handle, _: &Path, name: &str) -> io::Result<File> {
    Ok(fs::openat(at, name, CAREFUL, Mode::empty())?.into())
}

pub(super) fn own_file(at: &Handle, _: &Path, name: &str) -> io::Result<File> {
    let flags = CAREFUL | OFlags::RDWR | OFlags::CREATE;
    Ok(fs::openat(at, name, flags, file_mode())?.into())
}

pub(super) fn new_file(at: &Handle, _: &Path, name: &str) -> io::Result<File> {
    let flags = CAREFUL | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    Ok(fs::openat(at, name, flags, file_mode())?.into())
}

pub(super) fn names_of(about: &Metadata) -> u64 {
    about.nlink()
}

pub(super) fn rename(at: &Handle, _: &Path, from: &str, to: &str) -> io::Result<()> {
    Ok(fs::renameat(at, from, at, to)?)
}

pub(super) fn remove(at: &Handle, _: &Path, name: &str) -> io::Result<()> {
    Ok(fs::unlinkat(at, name, AtFlags::empty())?)
}

pub(super) fn remove_folder(at: &Handle, _: &Path, name: &str) -> io::Result<()> {
    Ok(fs::unlinkat(at, name, AtFlags::REMOVEDIR)?)
}

pub(super) fn sync(at: &Handle) -> io::Result<()> {
    match fs::fsync(at) {
        // a file system whose folders can't be flushed
        Ok(()) | Err(rustix::io::Errno::INVAL) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn names(at: &Handle, _: &Path, most: usize) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(at)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else {
            continue;
        };
        if name == "." || name == ".." {
            continue;
        }
        if names.len() == most {
            return Err(Odd::Full.into());
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

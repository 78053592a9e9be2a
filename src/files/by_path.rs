//! Names in a folder, by its path, where the system has no names in an open folder.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

use super::{Kind, Odd};

pub(super) type Handle = ();

pub(super) fn open(path: &Path) -> io::Result<Handle> {
    fs::read_dir(path).map(drop)
}

pub(super) fn folder(_: &Handle, path: &Path, name: &str) -> io::Result<Handle> {
    open(&path.join(name))
}

pub(super) fn make(_: &Handle, path: &Path, name: &str) -> io::Result<()> {
    fs::create_dir(path.join(name))
}

pub(super) fn kind(_: &Handle, path: &Path, name: &str) -> io::Result<Kind> {
    let kind = fs::symlink_metadata(path.join(name))?.file_type();
    Ok(match kind {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Folder,
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::Other,
    })
}

pub(super) fn file(_: &Handle, path: &Path, name: &str) -> io::Result<File> {
    File::open(path.join(name))
}

pub(super) fn own_file(_: &Handle, path: &Path, name: &str) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path.join(name))
}

pub(super) fn new_file(_: &Handle, path: &Path, name: &str) -> io::Result<File> {
    File::create_new(path.join(name))
}

pub(super) fn names_of(_: &Metadata) -> u64 {
    1
}

pub(super) fn rename(_: &Handle, path: &Path, from: &str, to: &str) -> io::Result<()> {
    fs::rename(path.join(from), path.join(to))
}

pub(super) fn remove(_: &Handle, path: &Path, name: &str) -> io::Result<()> {
    fs::remove_file(path.join(name))
}

pub(super) fn remove_folder(_: &Handle, path: &Path, name: &str) -> io::Result<()> {
    fs::remove_dir(path.join(name))
}

pub(super) fn sync(_: &Handle) -> io::Result<()> {
    Ok(())
}

pub(super) fn names(_: &Handle, path: &Path, most: usize) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        if names.len() == most {
            return Err(Odd::Full.into());
        }
        names.extend(entry?.file_name().into_string().ok());
    }
    Ok(names)
}

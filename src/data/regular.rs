//! Files of data are regular files: a pipe waits for a writer, a device never ends.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// Bytes of the largest picture file.
const MOST: u64 = 1 << 30;
/// Bytes of the longest file of settings.
const MOST_TEXT: u64 = 1 << 20;

/// Opens a regular file for reading; links are followed. Never waits.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // without it, opening a pipe waits until somebody writes into it
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// Reads a whole picture file.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    whole(path, MOST, "1 GiB")
}

/// Reads a whole file of at most so many bytes.
fn whole(path: &Path, most: u64, said: &str) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    if length > most {
        return Err(io::Error::other(format!("it is larger than {said}")));
    }
    let mut bytes = Vec::with_capacity(length as usize + 1);
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a short file of text.
pub(super) fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.take(MOST_TEXT + 1).read_to_string(&mut text)?;
    match text.len() as u64 > MOST_TEXT {
        true => Err(io::Error::other("it is larger than 1 MiB")),
        false => Ok(text),
    }
}

/// Bytes of the largest file that a fit is read from.
const MOST_FIT: u64 = 256 << 20;

/// Reads the file that a fit is read from; `path` is relative to the recipe's folder.
///
/// # Errors
/// It is not there, is no regular file, or is larger than 256 MiB.
pub fn fit_file(recipe: &Path, path: &str) -> Result<Vec<u8>> {
    beside(recipe, path, MOST_FIT, "256 MiB")
}

/// Bytes of the largest file of questions.
const MOST_EXAM: u64 = 16 << 20;

/// Reads a file of questions; `path` is relative to the recipe's folder.
///
/// # Errors
/// It is not there, is no regular file, or is larger than 16 MiB.
pub fn exam_file(recipe: &Path, path: &str) -> Result<Vec<u8>> {
    beside(recipe, path, MOST_EXAM, "16 MiB")
}

/// Reads a file whose path is relative to the recipe's folder.
fn beside(recipe: &Path, path: &str, most: u64, said: &str) -> Result<Vec<u8>> {
    let shown = crate::language::visible_line(path);
    whole(&recipe.join(path), most, said).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::new(Code::MissingFile, format!("{shown} is not there"))
            .help("the path is relative to the recipe"),
        _ => Problem::new(Code::BadFile, format!("can't read {shown}: {error}")),
    })
}

/// Reads the first bytes of a file, at most as many as there is room.
pub(super) fn start(path: &Path, room: &mut [u8]) -> io::Result<usize> {
    let mut file = open(path)?;
    let mut filled = 0;
    while filled < room.len() {
        match file.read(&mut room[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

/// Fills `buffer` from the bytes at `at`, without moving a position that others share.
#[cfg(unix)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

/// Fills `buffer` from the bytes at `at`, without relying on a position that others share.
#[cfg(windows)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    let mut done = 0;
    while done < buffer.len() {
        let at = at + done as u64;
        match std::os::windows::fs::FileExt::seek_read(file, &mut buffer[done..], at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => done += n,
        }
    }
    Ok(())
}

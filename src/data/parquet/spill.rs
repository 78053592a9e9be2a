//! Encoded pictures outside memory: a file without a name, gone when the process ends.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::data::DataError;
use crate::data::lazy::Lazy;
use crate::data::places::cache_folder;
use crate::data::regular::read_at;

/// Bytes that are gathered before they are written.
const BLOCK: usize = 1 << 20;

/// Where the bytes of one picture lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    at: u64,
    len: u32,
}

impl Place {
    /// A row without a picture.
    const NONE: Place = Place {
        at: u64::MAX,
        len: 0,
    };
}

/// The file, made on first use and shared by the shards of a data set.
#[derive(Default)]
pub(super) struct Spill {
    file: Lazy<File>,
    end: AtomicU64,
}

impl Spill {
    fn file(&self) -> Result<&File, DataError> {
        self.file.get(|| {
            let folders = cache_folder().into_iter().chain([std::env::temp_dir()]);
            let mut why = String::new();
            for folder in folders {
                match unnamed(folder.clone()) {
                    Ok(file) => return Ok(file),
                    Err(error) => why = format!("{}: {error}", folder.display()),
                }
            }
            Err(no_room(&why))
        })
    }

    /// The bytes of a picture; `None` where the row has none.
    pub(super) fn read(&self, place: Place) -> Result<Option<Vec<u8>>, DataError> {
        if place == Place::NONE {
            return Ok(None);
        }
        let mut bytes = vec![0; place.len as usize];
        read_at(self.file()?, &mut bytes, place.at).map_err(|error| no_room(&error.to_string()))?;
        Ok(Some(bytes))
    }

    /// Begins to write the pictures of a row group.
    pub(super) fn writer(&self) -> Writer<'_> {
        Writer {
            spill: self,
            buffer: Vec::new(),
            places: Vec::new(),
            flushed: 0,
        }
    }
}

fn no_room(why: &str) -> DataError {
    DataError::new(format!("unpacked pictures can't be kept on disk: {why}"))
        .help("make room there, or name another folder for caches: XDG_CACHE_HOME=PATH")
}

/// A file of a name that nobody knows, taken away at once.
fn unnamed(folder: PathBuf) -> io::Result<File> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    std::fs::create_dir_all(&folder)?;
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let time = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |time| time.as_nanos());
    let path = folder.join(format!("pictures-{}-{number}-{time:x}", std::process::id()));
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Writes the pictures of one row group, in the order of its rows.
pub(super) struct Writer<'a> {
    spill: &'a Spill,
    buffer: Vec<u8>,
    places: Vec<Place>,
    /// Places whose bytes are written.
    flushed: usize,
}

impl Writer<'_> {
    /// The next row's picture.
    pub(super) fn add(&mut self, bytes: Option<&[u8]>) -> Result<(), DataError> {
        let Some(bytes) = bytes else {
            self.places.push(Place::NONE);
            return Ok(());
        };
        let len = u32::try_from(bytes.len())
            .map_err(|_| DataError::new("a picture has more than 4 GiB"))?;
        self.places.push(Place {
            at: self.buffer.len() as u64,
            len,
        });
        self.buffer.extend_from_slice(bytes);
        match self.buffer.len() >= BLOCK {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), DataError> {
        let end = &self.spill.end;
        let at = end.fetch_add(self.buffer.len() as u64, Ordering::Relaxed);
        write_at(self.spill.file()?, &self.buffer, at)
            .map_err(|error| no_room(&error.to_string()))?;
        for place in &mut self.places[self.flushed..] {
            if *place != Place::NONE {
                place.at += at;
            }
        }
        self.flushed = self.places.len();
        self.buffer.clear();
        Ok(())
    }

    /// Where each row's picture lies.
    pub(super) fn finish(mut self) -> Result<Vec<Place>, DataError> {
        self.flush()?;
        self.places.shrink_to_fit();
        Ok(self.places)
    }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let at = at + done as u64;
        done += std::os::windows::fs::FileExt::seek_write(file, &bytes[done..], at)?;
    }
    Ok(())
}

//! Files that are packed with gzip or zstd, each read as if it were not.

use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{regular, stop_asked};

/// What a file's name says of its packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    Zstd,
}

/// Endings by packing, in any case.
const ENDINGS: &[(&str, Packing)] = &[
    ("gz", Packing::Gzip),
    ("gzip", Packing::Gzip),
    ("zst", Packing::Zstd),
    ("zstd", Packing::Zstd),
];

/// The packing that a name says, and the name without it.
pub(super) fn of_name(name: &str) -> (Packing, &str) {
    let parts = name.rsplit_once('.');
    let found = parts.and_then(|(stem, ending)| {
        let mut all = ENDINGS.iter();
        let (_, packing) = all.find(|(own, _)| ending.eq_ignore_ascii_case(own))?;
        Some((*packing, stem))
    });
    found.unwrap_or((Packing::None, name))
}

/// The packing of a file.
pub(super) fn of_path(path: &Path) -> Packing {
    of_name(&path.file_name().unwrap_or_default().to_string_lossy()).0
}

/// Ends with an error soon where somebody asks to stop.
struct Stoppable<R>(R);

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match stop_asked() {
            true => Err(io::Error::other("stopped")),
            false => self.0.read(buffer),
        }
    }
}

/// Reads what a file holds, unpacked.
pub(super) fn stream(path: &Path) -> io::Result<Box<dyn Read>> {
    let file = Stoppable(regular::open(path)?);
    Ok(match of_path(path) {
        Packing::None => Box::new(file),
        // files that were put together hold several members
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(file)?),
    })
}

/// All that a file holds, unpacked, where that is no more than `most` bytes; `None` where it is more.
pub(super) fn all(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    stream(path)?.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

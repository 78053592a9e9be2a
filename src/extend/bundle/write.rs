//! Writing a bundle.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use super::format::{MAGIC, VERSION};
use super::index::{BundleError, Entry, Index, Result, sound};
use crate::files::Folder;

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

/// Writes on and hashes what passes.
pub(super) struct Hashing<W> {
    pub(super) inner: W,
    pub(super) hasher: blake3::Hasher,
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

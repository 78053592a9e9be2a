//! The run directory: everything a run leaves behind. Each file is written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::failure::{Failure, disk};
use crate::language::codes::Code;

/// Writes a file so that it holds either all of `bytes` or what it held before: temporary file, fsync, rename,
/// fsync of the folder.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // a bare name has the empty parent, which can't be opened
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = folder.join(name);
    let mut file = File::create(&part)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        // what is left of a failed write must not fill a disk that is already full
        let _ = fs::remove_file(&part);
    }
    written
}

/// Writes a value as indented JSON, whole or not at all.
pub fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(io::Error::other)?;
    bytes.push(b'\n');
    write_atomic(path, &bytes)
}

/// A run directory.
#[derive(Clone, Debug)]
pub struct RunDirectory {
    /// Its root.
    pub root: PathBuf,
}

/// A run directory in use. The system lets go of it when the process ends, however it ends.
pub(super) struct Lock {
    _file: File,
}

/// The folder of one stage, and whether it is finished.
#[derive(Clone, Debug)]
pub struct StageDirectory {
    /// `stages/NAME`
    pub path: PathBuf,
    /// The content hash that what it holds belongs to.
    pub hash: String,
    /// The stage has ended.
    pub done: bool,
}

impl RunDirectory {
    /// Creates the folder where it is not there.
    pub fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root.join("stages"))?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// Keeps a second run out of the folder until the guard is dropped.
    pub(super) fn lock(&self) -> Result<Lock, Failure> {
        let path = self.root.join("lock");
        let failed = |error: io::Error| disk(&path, &error);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            // a file system without locks is no reason not to run
            Ok(()) | Err(fs::TryLockError::Error(_)) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let owner = fs::read_to_string(&path).unwrap_or_default();
                return Err(Failure::new(
                    Code::Disk,
                    format!(
                        "{} is in use by another run, process {}",
                        self.root.display(),
                        owner.trim()
                    ),
                )
                .help("wait for it, or choose another folder with `--out`"));
            }
        }
        // for people, and for the message above
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Lock { _file: file })
    }

    /// The folder of a stage whose content hash is `hash`. What another hash left there is moved aside, not deleted.
    pub fn stage(&self, name: &str, hash: &str) -> io::Result<StageDirectory> {
        let path = self.root.join("stages").join(name);
        let hash_file = path.join("hash");
        if let Ok(own) = fs::read_to_string(&hash_file) {
            let own = own.trim();
            if own != hash {
                let mut aside = self
                    .root
                    .join("stages")
                    .join(format!("{name}~{}", &own[..own.len().min(8)]));
                if aside.exists() {
                    // the same recipe was left before: the newer of the two stays
                    let old = aside.clone();
                    aside.set_extension("old");
                    let _ = fs::remove_dir_all(&aside);
                    fs::rename(&old, &aside)?;
                    fs::rename(&path, &old)?;
                } else {
                    fs::rename(&path, &aside)?;
                }
            }
        }
        fs::create_dir_all(&path)?;
        write_atomic(&hash_file, format!("{hash}\n").as_bytes())?;
        let done = path.join("done").exists();
        Ok(StageDirectory {
            path,
            hash: hash.to_owned(),
            done,
        })
    }
}

impl StageDirectory {
    /// A file of the stage.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Marks the stage as finished.
    pub fn finish(&self) -> io::Result<()> {
        write_atomic(&self.file("done"), format!("{}\n", self.hash).as_bytes())
    }
}

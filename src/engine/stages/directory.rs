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
    // the folder of a bare file name is the one we are in
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
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

/// A run directory in use.
pub(super) struct Lock {
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
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

    /// Keeps a second run out of the folder until the guard is dropped; the lock of a process that is gone does not count.
    pub(super) fn lock(&self) -> Result<Lock, Failure> {
        let path = self.root.join("lock");
        if let Ok(text) = fs::read_to_string(&path)
            && let Ok(pid) = text.trim().parse::<u32>()
            && pid != std::process::id()
            && Path::new("/proc/self").exists()
            && Path::new(&format!("/proc/{pid}")).exists()
        {
            return Err(Failure::new(
                Code::Disk,
                format!(
                    "{} is in use by another run, process {pid}",
                    self.root.display()
                ),
            )
            .help("wait for it, or choose another folder with `--out`"));
        }
        write_atomic(&path, format!("{}\n", std::process::id()).as_bytes())
            .map_err(|error| disk(&path, &error))?;
        Ok(Lock { path })
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

//! The run directory: everything a run leaves behind. Each file is written whole or not at all, by way of [`crate::files`]: what
//! is in it may come from anybody.
//!
//! ```text
//! lock                    the process that runs
//! recipe.ssl run.json plan.json source.bundle   what runs; results.json, timing.jsonl, preview.png, playing.png, report.html
//! results/STAGE.NAME.png  what a stage shows of itself, .txt of texts; stages/STAGE/exhibits.json says of which records
//! stages/NAME/hash        the content hash that the folder belongs to: 64 digits and a line's end
//! stages/NAME/done        the stage has ended: its files and their hashes
//! stages/NAME/meaning.json what those settings are: what decides the result
//! stages/NAME~01234567/   what other settings left there
//! ```

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use super::done::{self, Done};
use super::failure::{Failure, disk};
use super::folder::{StageDirectory, file_of};
use crate::engine::checkpoint::{self, Opened};
use crate::evaluation::{BESIDE, Column, SUPERVISED, TAUGHT};
use crate::files::{Folder, Odd, is_hex, odd, unfinished};
use crate::language::codes::Code;

/// What this program writes at the top of a run directory.
pub const OWN: &[&str] = &[
    "lock",
    "stages",
    "recipe.ssl",
    "run.json",
    "plan.json",
    "source.bundle",
    "results",
    "results.json",
    "timing.jsonl",
    "preview.png",
    "playing.png",
    "report.html",
    "tensorboard",
];

/// Digits of a content hash.
const DIGITS: usize = 64;

/// Most bytes of `lock`: a process number.
const LONGEST_OWNER: u64 = 32;

/// A run directory.
pub(super) struct RunDirectory {
    /// Its root.
    pub folder: Folder,
    /// The folders of the stages.
    pub stages: Folder,
    /// The system lets go of it when the process ends, however it ends.
    _lock: File,
}

/// What a folder belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Settings(String),
    Nobody,
    Empty,
}

impl RunDirectory {
    /// Opens the folder, which is made where it is not there, and keeps a second run out of it.
    pub fn open(root: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| disk(root, &error);
        let folder = Folder::create(root).map_err(failed)?;
        claim(&folder)?;
        let lock = lock(&folder)?;
        // nobody else writes here now, except reports
        folder
            .sweep(|name| OWN.contains(&name) && name != "report.html")
            .map_err(failed)?;
        let stages = folder
            .make("stages")
            .map_err(|error| disk(&folder.path_of("stages"), &error))?;
        Ok(Self {
            folder,
            stages,
            _lock: lock,
        })
    }

    /// Writes a file at the top.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.folder.write(name, bytes);
        written.map_err(|error| disk(&self.folder.path_of(name), &error))
    }

    /// Writes a value at the top as JSON.
    pub fn write_json(&self, name: &str, value: &impl serde::Serialize) -> Result<(), Failure> {
        let written = self.folder.write_json(name, value);
        written.map_err(|error| disk(&self.folder.path_of(name), &error))
    }

    /// The folder of a stage whose content hash is `hash`, which is made where it is not there.
    pub fn stage(&self, name: &str, hash: &str) -> Result<StageDirectory, Failure> {
        let failed = |error: io::Error| disk(&self.stages.path_of(name), &error);
        let folder = self.stages.make(name).map_err(failed)?;
        let failed = |error: io::Error| disk(&folder.path_of("hash"), &error);
        folder
            .sweep(|_| true)
            .map_err(|error| disk(folder.path(), &error))?;
        if own_hash(&folder).map_err(failed)?.as_deref() != Some(hash) {
            write_hash(&folder, hash).map_err(failed)?;
        }
        Ok(StageDirectory {
            folder: Arc::new(folder),
            name: name.to_owned(),
            hash: hash.to_owned(),
        })
    }
}

/// Refuses a folder of somebody's files, where ours would take the place of theirs.
fn claim(folder: &Folder) -> Result<(), Failure> {
    let kind = |name: &str| {
        folder
            .kind(name)
            .map_err(|error| disk(&folder.path_of(name), &error))
    };
    if kind("stages")?.is_some() || kind("lock")?.is_some() {
        return Ok(());
    }
    for name in OWN {
        if kind(name)?.is_some() {
            let message = format!(
                "{} is no run directory, and its {name} would be replaced",
                folder.path().display()
            );
            return Err(Failure::new(Code::Disk, message)
                .help("choose another folder with `--out`; one that is not there is made"));
        }
    }
    Ok(())
}

fn lock(folder: &Folder) -> Result<File, Failure> {
    let path = folder.path_of("lock");
    let failed = |error: io::Error| disk(&path, &error);
    let mut file = folder.own_file("lock").map_err(failed)?;
    let mut owner = String::new();
    let read = (&mut file)
        .take(LONGEST_OWNER + 1)
        .read_to_string(&mut owner);
    let owner = match read {
        Ok(_) => owner.trim_end(),
        Err(_) => "not a number",
    };
    let number = owner.bytes().all(|b| b.is_ascii_digit()) && owner.len() as u64 <= LONGEST_OWNER;
    match file.try_lock() {
        // a file system without locks is no reason not to run
        Ok(()) | Err(TryLockError::Error(_)) => {}
        Err(TryLockError::WouldBlock) => {
            let owner = match number && !owner.is_empty() {
                true => format!(", process {owner}"),
                false => String::new(),
            };
            let message = format!(
                "{} is in use by another run{owner}",
                folder.path().display()
            );
            return Err(Failure::new(Code::Disk, message)
                .help("wait for it, or choose another folder with `--out`"));
        }
    }
    if !number {
        let message = format!("{} holds something else than a process", path.display());
        return Err(Failure::new(Code::Disk, message)
            .help("remove it, or choose another folder with `--out`"));
    }
    // for people, and for the message above
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(failed)?;
    Ok(file)
}

/// What `hash` says, where it is a hash.
pub(super) fn own_hash(folder: &Folder) -> io::Result<Option<String>> {
    match folder.read("hash", DIGITS as u64 + 1) {
        Ok(bytes) => Ok(std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.strip_suffix('\n'))
            .filter(|hash| is_hex(hash, DIGITS))
            .map(str::to_owned)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if matches!(odd(&error), Some(Odd::Large(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn write_hash(folder: &Folder, hash: &str) -> io::Result<()> {
    folder.write("hash", format!("{hash}\n").as_bytes())
}

/// What a folder belongs to: by its `hash`, or where that is lost by what its files say of themselves. Each of them is held
/// against the hash again before it is used.
pub(super) fn owner(folder: &Folder) -> Result<Owner, Failure> {
    let failed = |name: &'static str| move |error: io::Error| disk(&folder.path_of(name), &error);
    if let Some(hash) = own_hash(folder).map_err(failed("hash"))? {
        return Ok(Owner::Settings(hash));
    }
    let names = folder
        .names()
        .map_err(|error| disk(folder.path(), &error))?;
    if names.iter().all(|(name, _)| unfinished(name).is_some()) {
        return Ok(Owner::Empty);
    }
    if let Ok(done::Found::Done(done)) = Done::read(folder) {
        return Ok(Owner::Settings(done.hash));
    }
    let parts = Column::ALL.map(Column::part).into_iter();
    for part in parts.chain([SUPERVISED, TAUGHT, BESIDE]) {
        let weights = Opened::new(folder, &file_of(part, "final", ".ckpt"));
        let weights = weights.ok().map(|opened| opened.binding().clone());
        let hash = weights.map(|binding| binding.hash).or_else(|| {
            let checkpoints = folder.folder(&file_of(part, "checkpoints", ""));
            checkpoint::owner(&checkpoints.ok()?)
        });
        if let Some(hash) = hash.filter(|hash| is_hex(hash, DIGITS)) {
            return Ok(Owner::Settings(hash));
        }
    }
    Ok(Owner::Nobody)
}

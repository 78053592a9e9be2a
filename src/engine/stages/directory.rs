//! The run directory: everything a run leaves behind. Each file is written whole or not at all, by way of [`crate::files`]: what
//! is in it may come from anybody.
//!
//! ```text
//! lock                    the process that runs
//! recipe.ssl run.json     what runs; results.json, timing.jsonl, preview.png, playing.png, report.html
//! results/STAGE.NAME.png  what a stage shows of itself, .txt of texts; stages/STAGE/exhibits.json says of which records
//! stages/NAME/hash        the content hash that the folder belongs to: 64 digits and a line's end
//! stages/NAME/done        the stage has ended: its files and their hashes
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
use crate::files::{Folder, Kind, Odd, is_hex, odd, unfinished};
use crate::language::codes::Code;

/// What this program writes at the top of a run directory.
const OWN: &[&str] = &[
    "lock",
    "stages",
    "recipe.ssl",
    "run.json",
    "results",
    "results.json",
    "timing.jsonl",
    "preview.png",
    "playing.png",
    "report.html",
];

/// Digits of a content hash.
const DIGITS: usize = 64;

/// Most bytes of `lock`: a process number.
const LONGEST_OWNER: u64 = 32;

/// A run directory.
pub(super) struct RunDirectory {
    /// Its root.
    pub folder: Folder,
    stages: Folder,
    /// The system lets go of it when the process ends, however it ends.
    _lock: File,
}

/// How a stage came by its folder.
pub(super) enum Came {
    /// There was none.
    New,
    /// It was there.
    Kept,
    /// What was there belongs to other settings and is now called so; whether what these settings left earlier is back.
    Changed { aside: Option<String>, back: bool },
    /// What was there does not say what it belongs to and is now called so.
    Unknown { aside: String, back: bool },
}

/// What a folder belongs to.
enum Owner {
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

    /// The folder of a stage whose content hash is `hash`. What other settings left there is moved aside, not deleted; what these
    /// settings left earlier comes back.
    pub fn stage(&self, name: &str, hash: &str) -> Result<(StageDirectory, Came), Failure> {
        let failed = |error: io::Error| disk(&self.stages.path_of(name), &error);
        let came = match self.stages.kind(name).map_err(failed)? {
            None => match self.earlier(name, hash).map_err(failed)? {
                Some(earlier) => {
                    self.stages.rename_folder(&earlier, name).map_err(failed)?;
                    Came::Changed {
                        aside: None,
                        back: true,
                    }
                }
                None => Came::New,
            },
            Some(Kind::Folder) => {
                let folder = self.stages.folder(name).map_err(failed)?;
                match owner(&folder, name)? {
                    Owner::Settings(own) if own == hash => Came::Kept,
                    Owner::Empty => Came::New,
                    Owner::Settings(own) => {
                        if own_hash(&folder).map_err(failed)?.is_none() {
                            write_hash(&folder, &own).map_err(failed)?;
                        }
                        let aside = self.aside(name, &own[..8]).map_err(failed)?;
                        let back = self.bring_back(name, hash).map_err(failed)?;
                        Came::Changed {
                            aside: Some(aside),
                            back,
                        }
                    }
                    Owner::Nobody => {
                        let aside = self.aside(name, "unknown").map_err(failed)?;
                        let back = self.bring_back(name, hash).map_err(failed)?;
                        Came::Unknown { aside, back }
                    }
                }
            }
            Some(kind) => return Err(failed(Odd::NoFolder(kind).into())),
        };
        let folder = self.stages.make(name).map_err(failed)?;
        let failed = |error: io::Error| disk(&folder.path_of("hash"), &error);
        folder
            .sweep(|_| true)
            .map_err(|error| disk(folder.path(), &error))?;
        if own_hash(&folder).map_err(failed)?.as_deref() != Some(hash) {
            write_hash(&folder, hash).map_err(failed)?;
        }
        let directory = StageDirectory {
            folder: Arc::new(folder),
            name: name.to_owned(),
            hash: hash.to_owned(),
        };
        Ok((directory, came))
    }

    /// Gives a stage's folder a free name after its own; the name.
    fn aside(&self, name: &str, word: &str) -> io::Result<String> {
        for number in 1..1000 {
            let aside = match number {
                1 => format!("{name}~{word}"),
                number => format!("{name}~{word}-{number}"),
            };
            if self.stages.kind(&aside)?.is_none() {
                self.stages.rename_folder(name, &aside)?;
                return Ok(aside);
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn bring_back(&self, name: &str, hash: &str) -> io::Result<bool> {
        match self.earlier(name, hash)? {
            Some(earlier) => self.stages.rename_folder(&earlier, name).map(|()| true),
            None => Ok(false),
        }
    }

    /// The folder that was moved aside and belongs to this hash: one that is finished before one that is not.
    fn earlier(&self, name: &str, hash: &str) -> io::Result<Option<String>> {
        let mut found = None;
        for (other, kind) in self.stages.names()? {
            let rest = other.strip_prefix(name);
            if kind != Kind::Folder || !rest.is_some_and(|rest| rest.starts_with('~')) {
                continue;
            }
            // one that can't be read is left where it is
            let Ok(folder) = self.stages.folder(&other) else {
                continue;
            };
            if !matches!(own_hash(&folder), Ok(Some(own)) if own == hash) {
                continue;
            }
            match Done::read(&folder) {
                Ok(done::Found::Done(_)) => return Ok(Some(other)),
                Ok(done::Found::Former) | Err(_) => {}
                Ok(done::Found::No) => found = found.or(Some(other)),
            }
        }
        Ok(found)
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
fn own_hash(folder: &Folder) -> io::Result<Option<String>> {
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

fn write_hash(folder: &Folder, hash: &str) -> io::Result<()> {
    folder.write("hash", format!("{hash}\n").as_bytes())
}

/// What a folder belongs to: by its `hash`, or where that is lost by what its files say of themselves. Each of them is held
/// against the hash again before it is used.
fn owner(folder: &Folder, stage: &str) -> Result<Owner, Failure> {
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
    if let Ok(done::Found::Done(done)) = Done::read(folder)
        && done.stage == stage
    {
        return Ok(Owner::Settings(done.hash));
    }
    let parts = Column::ALL.map(Column::part).into_iter();
    for part in parts.chain([SUPERVISED, TAUGHT, BESIDE]) {
        let weights = Opened::new(folder, &file_of(part, "final", ".ckpt"));
        let weights = weights.ok().map(|opened| opened.binding().clone());
        let of_weights = weights.filter(|binding| binding.stage == stage);
        let hash = of_weights.map(|binding| binding.hash).or_else(|| {
            let checkpoints = folder.folder(&file_of(part, "checkpoints", ""));
            checkpoint::owner(&checkpoints.ok()?, stage)
        });
        if let Some(hash) = hash.filter(|hash| is_hex(hash, DIGITS)) {
            return Ok(Owner::Settings(hash));
        }
    }
    Ok(Owner::Nobody)
}

//! Removes runs, and what no run needs. Every name is looked up in an open folder, no link is followed, and a run that is under way is
//! left alone.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

use super::look::Run;
use crate::engine::RUN_FILES;
use crate::files::{Folder, Kind, unfinished};

/// What else this program writes at the top of a run directory, beside a run of several seeds or points.
const OTHERS: &[&str] = &["point.json", "meaning.json"];
/// Folders inside one another that are emptied.
const DEPTH: usize = 8;
/// Until a half-written file is nobody's.
const OLD: Duration = Duration::from_secs(600);

/// What was removed, or would be.
#[derive(Default)]
pub(super) struct Cleared {
    pub files: usize,
    pub folders: usize,
    pub bytes: u64,
    /// What stays, by its name.
    pub left: Vec<String>,
}

/// Holds a run directory that nobody works at.
pub(super) fn left_alone(run: &Path) -> anyhow::Result<File> {
    let folder = Folder::open(run)?;
    let lock = folder
        .file("lock")
        .with_context(|| format!("can't open {}", run.join("lock").display()))?;
    match lock.try_lock() {
        Ok(()) | Err(TryLockError::Error(_)) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!("{} is running: nothing was removed", run.display()),
    }
}

/// What a removal does in one folder.
struct Clear {
    yes: bool,
    done: Cleared,
}

impl Clear {
    fn file(&mut self, folder: &Folder, name: &str) -> anyhow::Result<()> {
        let about = folder.file(name).and_then(|file| file.metadata());
        self.done.files += 1;
        self.done.bytes += about.map_or(0, |about| about.len());
        if self.yes {
            let path = folder.path_of(name);
            folder
                .remove(name)
                .with_context(|| format!("can't remove {}", path.display()))?;
        }
        Ok(())
    }

    /// A name with all that is below it.
    fn name(
        &mut self,
        folder: &Folder,
        name: &str,
        kind: Kind,
        depth: usize,
    ) -> anyhow::Result<()> {
        let path = folder.path_of(name);
        match kind {
            Kind::File => self.file(folder, name),
            Kind::Folder if depth > 0 => {
                let inner = folder
                    .folder(name)
                    .with_context(|| format!("can't read {}", path.display()))?;
                let before = self.done.left.len();
                for (inside, kind) in inner.names()? {
                    self.name(&inner, &inside, kind, depth - 1)?;
                }
                self.done.folders += 1;
                if self.yes && self.done.left.len() == before {
                    drop(inner);
                    folder
                        .remove_folder(name)
                        .with_context(|| format!("can't remove {}", path.display()))?;
                }
                Ok(())
            }
            // a link, a pipe: of somebody else
            _ => {
                self.done.left.push(path.display().to_string());
                Ok(())
            }
        }
    }
}

/// Removes a run directory: what this program writes, and with `all` the other files, too. The directory goes where nothing is left in it.
pub(super) fn remove(run: &Path, all: bool, yes: bool) -> anyhow::Result<Cleared> {
    let _held = left_alone(run)?;
    let folder = Folder::open(run).with_context(|| format!("can't read {}", run.display()))?;
    let mut clear = Clear {
        yes,
        done: Cleared::default(),
    };
    let own = |name: &str| {
        let name = unfinished(name).unwrap_or(name);
        RUN_FILES.contains(&name) || OTHERS.contains(&name)
    };
    let mut names = folder.names()?;
    // the lock last: until then nobody else begins here
    names.sort_by_key(|(name, _)| name == "lock");
    for (name, kind) in names {
        match own(&name) || all {
            true => clear.name(&folder, &name, kind, DEPTH)?,
            false => clear.done.left.push(name),
        }
    }
    if yes && clear.done.left.is_empty() {
        std::fs::remove_dir(run).with_context(|| format!("can't remove {}", run.display()))?;
    }
    Ok(clear.done)
}

/// Removes what a run does not need: files that were not written to their end, stages that other settings have left, and the whole of a
/// run that never began a stage.
pub(super) fn garbage(run: &Run, yes: bool) -> anyhow::Result<Cleared> {
    if run.stages.1 == 0 && run.results.is_empty() && run.since() > OLD {
        return remove(&run.run, false, yes);
    }
    let _held = left_alone(&run.run)?;
    let folder = Folder::open(&run.run)?;
    let mut clear = Clear {
        yes,
        done: Cleared::default(),
    };
    parts(&folder, &mut clear, 3)?;
    if let Ok(stages) = folder.folder("stages") {
        for (name, kind) in stages.names()? {
            if kind == Kind::Folder && name.contains('~') {
                clear.name(&stages, &name, kind, DEPTH)?;
            }
        }
    }
    Ok(clear.done)
}

/// Half-written files of a folder and of those below it.
fn parts(folder: &Folder, clear: &mut Clear, depth: usize) -> anyhow::Result<()> {
    for (name, kind) in folder.names()? {
        match kind {
            Kind::File if unfinished(&name).is_some() => {
                let age = folder
                    .file(&name)
                    .and_then(|file| file.metadata()?.modified());
                let age = age.ok().and_then(|then| then.elapsed().ok());
                if age.is_some_and(|age| age > OLD) {
                    clear.file(folder, &name)?;
                }
            }
            // what is removed whole is not gone through
            Kind::Folder if depth > 0 && !name.contains('~') => {
                if let Ok(inner) = folder.folder(&name) {
                    parts(&inner, clear, depth - 1)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

//! A folder of checkpoints: `step-000000500.ckpt`, the newest few.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{Checkpoint, format};
use crate::engine::error::{EngineError, Result};

/// What a folder of checkpoints holds.
#[derive(Debug, Default)]
pub struct Newest {
    /// The newest whole checkpoint with its file.
    pub found: Option<(PathBuf, Checkpoint)>,
    /// Newer files that can't be used, with the reason.
    pub passed_over: Vec<EngineError>,
}

/// Writes a checkpoint into `folder` so that a crash at any moment leaves either the old files or the new one, then removes
/// all but the newest `keep` (at least one). Returns the file.
///
/// # Errors
/// The disk is full, or the folder can't be written; older checkpoints are still there.
pub fn save(folder: &Path, checkpoint: &Checkpoint, keep: usize) -> Result<PathBuf> {
    let failed = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| EngineError::File {
            doing,
            path,
            source,
        }
    };
    fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
    let path = folder.join(format!("step-{:09}.ckpt", checkpoint.state.step));
    let part = path.with_extension("part");
    let written = format::write(&part, checkpoint)
        .and_then(|()| fs::rename(&part, &path).map_err(failed("rename", &part)));
    if let Err(error) = written {
        // a full disk gets its bytes back; the first error is the one to tell
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    sync_folder(folder).map_err(failed("flush", folder))?;
    // what claims to be newer is what training could not go on from
    let (newer, older): (Vec<_>, Vec<_>) = files(folder)?
        .into_iter()
        .partition(|(step, _)| *step > checkpoint.state.step);
    for (_, old) in newer.iter().chain(older.iter().skip(keep.max(1))) {
        fs::remove_file(old).map_err(failed("remove", old))?;
    }
    for part in unfinished(folder)? {
        fs::remove_file(&part).map_err(failed("remove", &part))?;
    }
    Ok(path)
}

/// The newest whole checkpoint of a folder; nothing where the folder is missing or empty.
///
/// # Errors
/// The folder can't be read. Files that can't be used are no error but are listed.
pub fn newest(folder: &Path) -> Result<Newest> {
    let mut newest = Newest::default();
    for (_, path) in files(folder)? {
        match format::read(&path) {
            Ok(checkpoint) => {
                newest.found = Some((path, checkpoint));
                break;
            }
            Err(error) => newest.passed_over.push(error),
        }
    }
    Ok(newest)
}

/// Checkpoints with their steps, newest first.
fn files(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut files: Vec<(u64, PathBuf)> = list(folder)?
        .into_iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let step = name.strip_prefix("step-")?.strip_suffix(".ckpt")?;
            Some((step.parse().ok()?, path))
        })
        .collect();
    files.sort_by(|a, b| b.cmp(a));
    Ok(files)
}

/// What a crash in the middle of writing left.
fn unfinished(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = list(folder)?;
    paths.retain(|path| {
        path.extension().is_some_and(|e| e == "part")
            && path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with("step-"))
    });
    Ok(paths)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| EngineError::File {
        doing: "read",
        path: folder.to_owned(),
        source,
    };
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
            .collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

/// Flushes the names in a folder, where the system can.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

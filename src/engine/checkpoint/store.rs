//! A folder of checkpoints: `step-000000500.ckpt`, the newest few.

use std::io;

use super::{Binding, Checkpoint, Opened, write};
use crate::engine::error::{EngineError, Result};
use crate::files::{Folder, Kind};

/// What a folder of checkpoints holds.
#[derive(Debug, Default)]
pub struct Newest {
    /// The newest whole checkpoint with its file's name.
    pub found: Option<(String, Checkpoint)>,
    /// Newer files that can't be used, with the reason.
    pub passed_over: Vec<EngineError>,
}

/// Writes a checkpoint into `folder` so that a crash at any moment leaves either the old files or the new one, then removes
/// all but the newest `keep` (at least one). Returns the file's name.
///
/// # Errors
/// The disk is full, or the folder can't be written; older checkpoints are still there.
pub fn save(folder: &Folder, checkpoint: &Checkpoint, keep: usize) -> Result<String> {
    let name = format!("step-{:09}.ckpt", checkpoint.state.step);
    write::write(folder, &name, checkpoint)?;
    // what claims to be newer is what training could not go on from
    let (newer, older): (Vec<_>, Vec<_>) = files(folder)?
        .into_iter()
        .filter(|(_, _, kind)| *kind == Kind::File)
        .partition(|(step, ..)| *step > checkpoint.state.step);
    for (_, old, _) in newer.iter().chain(older.iter().skip(keep.max(1))) {
        folder.remove(old).map_err(failed(folder, "remove", old))?;
    }
    sweep(folder)?;
    Ok(name)
}

/// The newest whole checkpoint of a folder that belongs to `binding` and that `fits` takes by its list of tensors; nothing
/// where the folder is empty.
///
/// # Errors
/// The folder or a file can't be read, or a file has a version that this build does not know: what it holds must not be lost.
/// Files that can't be used otherwise are no error but are listed.
pub fn newest(folder: &Folder, binding: &Binding) -> Result<Newest> {
    newest_fitting(folder, binding, &|_| Ok(()))
}

/// The same; `fits` looks at the header before the tensors are read.
pub(crate) fn newest_fitting(
    folder: &Folder,
    binding: &Binding,
    fits: &dyn Fn(&Opened) -> Result<()>,
) -> Result<Newest> {
    let mut newest = Newest::default();
    for (step, name, _) in files(folder)? {
        let read = Opened::new(folder, &name)
            .and_then(|opened| opened.expect(binding))
            .and_then(|opened| match opened.step() == step {
                true => Ok(opened),
                false => Err(opened.bad("it is of another step than its name says")),
            })
            .and_then(|opened| {
                fits(&opened)?;
                opened.read()
            });
        match read {
            Ok(checkpoint) => {
                newest.found = Some((name, checkpoint));
                break;
            }
            Err(error @ EngineError::Checkpoint { .. }) => newest.passed_over.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok(newest)
}

/// The content hash that the newest readable checkpoint of a folder belongs to.
pub(crate) fn owner(folder: &Folder) -> Option<String> {
    let files = files(folder).ok()?;
    files
        .iter()
        .find_map(|(_, name, _)| Some(Opened::new(folder, name).ok()?.binding().hash.clone()))
}

/// Removes the checkpoints of a folder of this name, and the folder where nothing else is in it.
pub fn clear(parent: &Folder, name: &str) {
    let Ok(folder) = parent.folder(name) else {
        return;
    };
    for (_, file, kind) in files(&folder).unwrap_or_default() {
        if kind == Kind::File {
            let _ = folder.remove(&file);
        }
    }
    let _ = sweep(&folder);
    let _ = parent.remove_folder(name);
}

/// Removes all but the newest few checkpoints of a folder of this name.
pub fn keep(parent: &Folder, name: &str, newest: usize) {
    let Ok(folder) = parent.folder(name) else {
        return;
    };
    let files = files(&folder).unwrap_or_default();
    let files = files.iter().filter(|(_, _, kind)| *kind == Kind::File);
    for (_, file, _) in files.skip(newest) {
        let _ = folder.remove(file);
    }
}

/// Removes what a crash in the middle of writing left.
fn sweep(folder: &Folder) -> Result<()> {
    folder
        .sweep(|name| step_of(name).is_some())
        .map_err(failed(folder, "clear", ""))
}

/// `500` of `step-000000500.ckpt`
fn step_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("step-")?.strip_suffix(".ckpt")?;
    let plain = (9..=19).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Checkpoints with their steps, newest first.
fn files(folder: &Folder) -> Result<Vec<(u64, String, Kind)>> {
    let names = folder.names().map_err(failed(folder, "read", ""))?;
    let mut files: Vec<_> = names
        .into_iter()
        .filter_map(|(name, kind)| Some((step_of(&name)?, name, kind)))
        .collect();
    files.sort_by(|a, b| (b.0, &b.1).cmp(&(a.0, &a.1)));
    Ok(files)
}

fn failed<'a>(
    folder: &'a Folder,
    doing: &'static str,
    name: &'a str,
) -> impl Fn(io::Error) -> EngineError + 'a {
    move |source| EngineError::File {
        doing,
        path: match name {
            "" => folder.path().to_owned(),
            name => folder.path_of(name),
        },
        source,
    }
}

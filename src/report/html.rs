//! `report.html`: one file that shows a whole run, without network, scripts or other files.

mod base64;
mod curves;
mod highlight;
mod markdown;
mod numbers;
mod page;
mod run;
mod sections;
mod series;

use std::path::{Path, PathBuf};

use crate::files::{Folder, odd};

/// Why a report could not be made. Files of the run that are absent or broken are no reason: the page says what is
/// missing.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The run directory is not there.
    #[error(
        "no run directory at `{0}`: the report is made from the files of a run; run the recipe first"
    )]
    NoRun(PathBuf),
    /// The page could not be put together: a mistake in the template.
    #[error("the report's template does not fit its data: {0}")]
    Template(#[from] minijinja::Error),
    /// The file could not be written.
    #[error(
        "can't write {path}: {source}; the results are safe in the run directory, {}",
        match odd(source) {
            Some(_) => "remove it and write the report again",
            None => "write the report again once there is room",
        },
        path = path.display()
    )]
    Write {
        /// The report.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

pub(super) use page::{STYLE, list};

/// Writes `report.html` into a run directory from the files that are there, and returns its path. The file is
/// replaced at once: a reader never sees half of it.
///
/// Reads `recipe.ssl`, `run.json`, `results.json`, `preview.png`, `playing.png` and, of each folder in `stages/`, `metrics.jsonl`,
/// `timing.jsonl`, `embedding.json`, `spread.json`, `table.txt`, `left_out.json` and `exhibits.json` with the pictures of
/// `results/` that it names. Any of them may be missing. What they hold is text and numbers of somebody else: no
/// link is followed, each has a largest size, and nothing of it becomes markup.
///
/// # Errors
/// Where `run_dir` is not a directory, and where the file can't be written.
pub fn write(run_dir: &Path) -> Result<PathBuf, ReportError> {
    let folder = Folder::open(run_dir).map_err(|_| ReportError::NoRun(run_dir.to_owned()))?;
    let html = page::render(&run::Run::read(&folder))?;
    let path = run_dir.join(NAME);
    sweep(&folder);
    folder
        .write(NAME, html.as_bytes())
        .map_err(|source| ReportError::Write {
            path: path.clone(),
            source,
        })?;
    Ok(path)
}

/// The same page without a file: of a run that is still going.
///
/// # Errors
/// Where `run_dir` is not a directory.
pub fn rendered(run_dir: &Path) -> Result<String, ReportError> {
    let folder = Folder::open(run_dir).map_err(|_| ReportError::NoRun(run_dir.to_owned()))?;
    page::render(&run::Run::read(&folder))
}

const NAME: &str = "report.html";

/// Removes what a report that was killed while it wrote has left. Another one may be writing now: only what is old goes.
fn sweep(folder: &Folder) {
    let now = std::time::SystemTime::now();
    for (name, _) in folder.names().unwrap_or_default() {
        if crate::files::unfinished(&name) != Some(NAME) {
            continue;
        }
        let written = folder
            .file(&name)
            .and_then(|file| file.metadata()?.modified());
        let age = written
            .ok()
            .and_then(|written| now.duration_since(written).ok());
        if age.is_some_and(|age| age.as_secs() > 600) {
            let _ = folder.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests;

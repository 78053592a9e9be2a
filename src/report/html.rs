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

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

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
        "can't write `{path}`: {source}; the results are safe in the run directory, write the report again once there is room"
    )]
    Write {
        /// The report.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Writes `report.html` into a run directory from the files that are there, and returns its path. The file is
/// replaced at once: a reader never sees half of it.
///
/// Reads `recipe.ssl`, `run.json`, `results.json`, `preview.png` and, of each folder in `stages/`, `metrics.jsonl`,
/// `timing.jsonl` and `embedding.json`. Any of them may be missing.
///
/// # Errors
/// Where `run_dir` is not a directory, and where the file can't be written.
pub fn write(run_dir: &Path) -> Result<PathBuf, ReportError> {
    if !run_dir.is_dir() {
        return Err(ReportError::NoRun(run_dir.to_owned()));
    }
    let run = run::Run::read(run_dir);
    let html = page::render(&run)?;
    let path = run_dir.join("report.html");
    replace(&path, html.as_bytes()).map_err(|source| ReportError::Write {
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let partial = path.with_extension("html.partial");
    let mut file = fs::File::create(&partial)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    let done = written.and_then(|()| fs::rename(&partial, path));
    if done.is_err() {
        // a full disk: the half file would be in the way of the next attempt
        let _ = fs::remove_file(&partial);
    }
    done
}

#[cfg(test)]
mod tests;

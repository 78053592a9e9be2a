//! The run directories in a folder, each as its files say.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::files::{Folder, Kind};
use crate::plan::units::bytes;
use crate::report::{Progress, ResultRow};

/// Folders inside one another that are looked through: a sweep has points, a point has seeds.
const DEPTH: usize = 4;
/// Files of a run that are counted.
const MOST_FILES: usize = 100_000;
/// Runs that are listed.
const MOST_RUNS: usize = 10_000;
/// Most bytes of `results.json`.
const LARGEST: u64 = 16 << 20;

/// A run directory.
#[derive(Serialize)]
pub(super) struct Run {
    /// Where it lies.
    pub run: PathBuf,
    /// A process works at it.
    pub running: bool,
    /// All of it is done.
    pub finished: bool,
    /// How far it is, in words.
    pub state: String,
    /// Stages that are done, and all of them.
    pub stages: (usize, usize),
    /// What it found.
    pub results: Vec<ResultRow>,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Seconds since the last of them changed.
    pub age: Option<u64>,
}

/// Whether a folder is a run directory.
pub(super) fn is_run(path: &Path) -> bool {
    let Ok(folder) = Folder::open(path) else {
        return false;
    };
    let is = |name: &str, kind: Kind| matches!(folder.kind(name), Ok(Some(own)) if own == kind);
    is("lock", Kind::File) && (is("stages", Kind::Folder) || is("run.json", Kind::File))
}

/// The runs in a folder, and in folders of it, by name.
pub(super) fn runs(folder: &Path) -> anyhow::Result<Vec<Run>> {
    let mut found = Vec::new();
    walk(folder, DEPTH, &mut found)?;
    Ok(found)
}

fn walk(path: &Path, depth: usize, found: &mut Vec<Run>) -> anyhow::Result<()> {
    if found.len() >= MOST_RUNS {
        return Ok(());
    }
    if is_run(path) {
        found.extend(look(path));
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    let folder = Folder::open(path)
        .map_err(|error| anyhow::anyhow!("can't read {}: {error}", path.display()))?;
    let mut names = folder.names()?;
    names.sort_by_key(|(name, _)| natural(name));
    // no link is followed
    for (name, _) in names.into_iter().filter(|(_, kind)| *kind == Kind::Folder) {
        // one that can't be read says nothing of the others
        let _ = walk(&path.join(name), depth - 1, found);
    }
    Ok(())
}

/// `seed.10` comes after `seed.9`.
fn natural(name: &str) -> (String, u64) {
    let digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (digits.to_owned(), name[digits.len()..].parse().unwrap_or(0))
}

fn look(path: &Path) -> Option<Run> {
    let folder = Folder::open(path).ok()?;
    let progress = Progress::read(path).ok()?;
    let results = folder.read("results.json", LARGEST).ok();
    let results = results.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (mut bytes, mut newest, mut files) = (0, SystemTime::UNIX_EPOCH, 0);
    measure(&folder, DEPTH, &mut bytes, &mut newest, &mut files);
    let done = progress.stages.iter();
    let done = done.filter(|stage| stage.state == crate::report::State::Done);
    Some(Run {
        run: path.to_owned(),
        running: progress.running,
        finished: progress.ended() && !progress.running,
        state: progress.line(),
        stages: (done.count(), progress.stages.len()),
        results: results.unwrap_or_default(),
        bytes,
        age: SystemTime::now()
            .duration_since(newest)
            .ok()
            .map(|age| age.as_secs()),
    })
}

/// Bytes, and the last change, of what lies in a folder and below.
fn measure(
    folder: &Folder,
    depth: usize,
    bytes: &mut u64,
    newest: &mut SystemTime,
    files: &mut usize,
) {
    for (name, kind) in folder.names().unwrap_or_default() {
        *files += 1;
        if *files > MOST_FILES {
            return;
        }
        match kind {
            Kind::File => {
                let about = folder.file(&name).and_then(|file| file.metadata());
                if let Ok(about) = about {
                    *bytes += about.len();
                    *newest = (*newest).max(about.modified().unwrap_or(*newest));
                }
            }
            Kind::Folder if depth > 0 => {
                if let Ok(inner) = folder.folder(&name) {
                    measure(&inner, depth - 1, bytes, newest, files);
                }
            }
            _ => {}
        }
    }
}

/// `just now`, `3 hours ago`
fn ago(seconds: u64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(length, _)| seconds >= *length);
    match unit {
        None => "just now".into(),
        Some((length, name)) => match seconds / length {
            1 => format!("1 {name} ago"),
            n => format!("{n} {name}s ago"),
        },
    }
}

impl Run {
    /// As a row of a table.
    pub(super) fn row(&self) -> [String; 5] {
        let result = self.results.first().map_or_else(String::new, |row| {
            let shown = |value: f64| row.measure().shown(value);
            let beside = row
                .untrained
                .map(|value| format!(" (untrained {})", shown(value)));
            format!(
                "{} {}{}",
                row.stage,
                shown(row.value),
                beside.unwrap_or_default()
            )
        });
        [
            self.run.display().to_string(),
            self.state.clone(),
            result,
            bytes(self.bytes),
            self.age.map_or_else(String::new, ago),
        ]
    }

    /// How long ago something changed.
    pub(super) fn since(&self) -> Duration {
        Duration::from_secs(self.age.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_names_are_told_as_people_do() {
        assert_eq!(
            [5, 60, 7300, 90_000].map(ago),
            ["just now", "1 minute ago", "2 hours ago", "1 day ago"]
        );
        let mut names = ["seed.10", "seed.9", "a"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["a", "seed.9", "seed.10"]);
    }
}

//! How far a run is, by the files of its directory: it may be going on in another process, or have ended long ago.

use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::html::ReportError;
use crate::files::{Folder, Kind};

/// Most bytes of `plan.json`, `run.json` and `results.json`.
const LARGEST: u64 = 16 << 20;
/// Bytes at the end of a file of lines that are read.
const TAIL: u64 = 16 << 10;
/// Most stages.
const MOST_STAGES: usize = 256;

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It has not begun.
    Waiting,
    /// It is under way, or was when the run stopped.
    Begun,
    /// It has ended.
    Done,
}

/// A stage of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageProgress {
    /// Its name.
    pub stage: String,
    /// `pretext rotation`; empty where the run does not say.
    pub what: String,
    /// How far it is.
    pub state: State,
    /// The last step with a metric.
    pub step: Option<u64>,
    /// Steps in all; 0 where nothing is trained.
    pub steps: u64,
    /// The last loss.
    pub loss: Option<f64>,
    /// Records per second, over the last steps.
    pub rate: Option<f64>,
    /// Seconds that the rest of its steps takes at that rate.
    pub left: Option<f64>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// The folder's name.
    pub run: String,
    /// A process works at it.
    pub running: bool,
    /// In the recipe's order.
    pub stages: Vec<StageProgress>,
}

/// What `plan.json` says of a stage.
#[derive(Deserialize)]
struct Planned {
    stage: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    steps: u64,
    #[serde(default)]
    batch: u64,
}

impl Progress {
    /// Reads a run directory.
    ///
    /// # Errors
    /// It is none.
    pub fn read(run_dir: &Path) -> Result<Self, ReportError> {
        let no_run = || ReportError::NoRun(run_dir.to_owned());
        let folder = Folder::open(run_dir).map_err(|_| no_run())?;
        let is = |name: &str| matches!(folder.kind(name), Ok(Some(_)));
        if !["lock", "stages", "run.json"].into_iter().any(is) {
            return Err(no_run());
        }
        let running = is_running(&folder);
        let stages = folder.folder("stages").ok();
        let planned = planned(&folder);
        let planned = planned.into_iter().take(MOST_STAGES);
        let stages = planned.map(|planned| stage(planned, stages.as_ref()));
        let name = run_dir
            .canonicalize()
            .unwrap_or_else(|_| run_dir.to_owned());
        let name = name
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        Ok(Self {
            run: name.unwrap_or_else(|| "run".into()),
            running,
            stages: stages.collect(),
        })
    }

    /// Whether all of it is done.
    pub fn ended(&self) -> bool {
        !self.stages.is_empty() && self.stages.iter().all(|stage| stage.state == State::Done)
    }

    /// The stage that is under way, or comes next.
    pub fn now(&self) -> Option<(usize, &StageProgress)> {
        let mut all = self.stages.iter().enumerate();
        all.find(|(_, stage)| stage.state != State::Done)
    }

    /// `running, 96 of 132, stage 1 of 4`
    pub fn line(&self) -> String {
        let n = self.stages.len();
        let Some((at, stage)) = self.now() else {
            let how = if self.running { "running" } else { "finished" };
            return match n {
                0 => "nothing has begun".into(),
                1 => format!("{how}, 1 stage"),
                n => format!("{how}, {n} stages"),
            };
        };
        let how = if self.running { "running" } else { "stopped" };
        let steps = match (stage.step, stage.steps) {
            (Some(step), steps) if steps > 0 => format!(", {step} of {steps}"),
            _ => String::new(),
        };
        format!("{how}{steps}, stage {} of {n}", at + 1)
    }
}

/// Whether a process holds the run directory. Where there are no locks nobody does.
fn is_running(folder: &Folder) -> bool {
    let Ok(file) = folder.file("lock") else {
        return false;
    };
    match file.try_lock_shared() {
        Ok(()) => {
            let _ = file.unlock();
            false
        }
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
    }
}

/// The stages by `plan.json`, else by `run.json`.
fn planned(folder: &Folder) -> Vec<Planned> {
    let plan = folder.read("plan.json", LARGEST).ok();
    let plan = plan.and_then(|bytes| serde_json::from_slice::<Vec<Planned>>(&bytes).ok());
    if let Some(plan) = plan {
        return plan;
    }
    let run = folder.read("run.json", LARGEST).ok();
    let run = run.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let names = run.as_ref().and_then(|run| run.get("stages")?.as_array());
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    let named = names.map(|name| Planned {
        stage: name.to_owned(),
        what: String::new(),
        steps: 0,
        batch: 0,
    });
    named.collect()
}

fn stage(planned: Planned, stages: Option<&Folder>) -> StageProgress {
    let own = stages.and_then(|stages| stages.folder(&planned.stage).ok());
    let mut found = StageProgress {
        state: State::Waiting,
        step: None,
        steps: planned.steps,
        loss: None,
        rate: None,
        left: None,
        stage: planned.stage,
        what: planned.what,
    };
    let Some(own) = own else {
        return found;
    };
    let is = |name: &str| matches!(own.kind(name), Ok(Some(Kind::File)));
    found.state = match is("done") {
        true => State::Done,
        false if is("metrics.jsonl") || is("timing.jsonl") => State::Begun,
        false => State::Waiting,
    };
    let last = |name: &str, field: &str| {
        let text = tail(&own, name).unwrap_or_default();
        let mut lines = text
            .lines()
            .rev()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines.find_map(|line: Value| line.get(field)?.as_f64())
    };
    found.step = last("metrics.jsonl", "step").map(|step| step as u64);
    found.loss = last("metrics.jsonl", "loss");
    found.rate = last("timing.jsonl", "rate").filter(|rate| *rate > 0.0);
    if let (State::Begun, Some(step), Some(rate)) = (found.state, found.step, found.rate) {
        let rest = found.steps.saturating_sub(step) * planned.batch;
        found.left = Some(rest as f64 / rate).filter(|_| planned.batch > 0);
    }
    found
}

/// The end of a file of lines.
fn tail(folder: &Folder, name: &str) -> io::Result<String> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = folder.file(name)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Files whose change changes the page: with the time of the last, and how many bytes all have.
pub fn changed(run_dir: &Path) -> Option<(SystemTime, u64)> {
    let root = Folder::open(run_dir).ok()?;
    let mut newest = SystemTime::UNIX_EPOCH;
    let mut bytes = 0u64;
    let mut look = |folder: &Folder| {
        for (name, kind) in folder.names().unwrap_or_default() {
            // a report is made of the others, and the lock is looked at by itself
            if kind != Kind::File || ["report.html", "lock"].contains(&name.as_str()) {
                continue;
            }
            let about = folder.file(&name).and_then(|file| file.metadata());
            let Ok(about) = about else { continue };
            bytes = bytes.wrapping_add(about.len());
            newest = newest.max(about.modified().unwrap_or(newest));
        }
    };
    look(&root);
    if let Ok(stages) = root.folder("stages") {
        for (name, kind) in stages
            .names()
            .unwrap_or_default()
            .into_iter()
            .take(MOST_STAGES)
        {
            if let (Kind::Folder, Ok(stage)) = (kind, stages.folder(&name)) {
                look(&stage);
            }
        }
    }
    if let Ok(results) = root.folder("results") {
        look(&results);
    }
    Some((newest, bytes))
}

/// `1:05`, `2:03:10`
pub fn clock(seconds: f64) -> String {
    let seconds = Duration::try_from_secs_f64(seconds).map_or(u64::MAX, |time| time.as_secs());
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;

//! `timing.jsonl` of a run directory: how long each stage took, all sittings together, and which steps were checkpoints.
//!
//! Nothing that decides a result reads it. It is for people, so what can't be read or written is left out without a word.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::pace::Clock;
use crate::files::Folder;

const NAME: &str = "timing.jsonl";
/// A line at least so often: a sitting that is killed loses no more.
const EVERY: Duration = Duration::from_secs(10);
/// Bytes that are read of what earlier sittings wrote.
const MOST: u64 = 64 << 20;

/// A stage's name and the beginning of its content hash: another recipe's stage of that name is another one.
type Key = (String, String);

/// A stage that runs now.
struct Now {
    key: Key,
    /// Seconds before this sitting.
    before: f64,
    began: Duration,
    /// When the last line was written.
    last: Duration,
}

/// Adds up the time of every stage.
pub(super) struct Times {
    clock: Clock,
    file: Option<File>,
    /// Seconds of each stage so far, and before this sitting.
    known: BTreeMap<Key, f64>,
    before: BTreeMap<Key, f64>,
    now: Option<Now>,
}

fn key(stage: &str, hash: &str) -> Key {
    (stage.to_owned(), hash.chars().take(16).collect())
}

impl Times {
    /// Goes on with what a run directory has.
    pub fn open(folder: &Folder, clock: Clock) -> Self {
        let mut times = Self {
            clock,
            // what is no file of its own belongs to somebody else
            file: folder.own_file(NAME).ok(),
            known: BTreeMap::new(),
            before: BTreeMap::new(),
            now: None,
        };
        if let Some(file) = &mut times.file {
            times.known = known(file);
            times.before = times.known.clone();
        }
        times
    }

    /// Keeps no file.
    pub fn nowhere() -> Self {
        Self {
            clock: Clock::default(),
            file: None,
            known: BTreeMap::new(),
            before: BTreeMap::new(),
            now: None,
        }
    }

    /// A stage is called otherwise from now on.
    pub fn rename(&mut self, from: &str, to: &str, hash: &str) {
        for known in [&mut self.known, &mut self.before] {
            if let Some(seconds) = known.remove(&key(from, hash)) {
                known.insert(key(to, hash), seconds);
            }
        }
        let seconds = self.seconds(to, hash);
        let (to, hash) = key(to, hash);
        let line = json!({"stage": to, "hash": hash, "seconds": seconds});
        if let Some(file) = self.file.as_mut().filter(|_| seconds > 0.0) {
            let _ = file.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// The time now.
    pub fn clock(&self) -> Duration {
        self.clock.now()
    }

    /// The time that a stage took before this sitting.
    pub fn before(&self, stage: &str, hash: &str) -> Duration {
        let seconds = self.before.get(&key(stage, hash)).copied();
        Duration::from_secs_f64(seconds.unwrap_or(0.0))
    }

    /// Seconds that a stage took so far.
    fn seconds(&self, stage: &str, hash: &str) -> f64 {
        self.known.get(&key(stage, hash)).copied().unwrap_or(0.0)
    }

    /// A stage begins or goes on.
    pub fn begin(&mut self, stage: &str, hash: &str) {
        let began = self.clock.now();
        self.now = Some(Now {
            key: key(stage, hash),
            before: self.seconds(stage, hash),
            began,
            last: began,
        });
    }

    /// Time goes by in it.
    pub fn tick(&mut self) {
        let now = self.clock.now();
        if (self.now.as_ref()).is_some_and(|stage| now.saturating_sub(stage.last) >= EVERY) {
            self.line(now, None);
        }
    }

    /// A checkpoint was written after `step` of one of its trainings, the stage's own one where `training` is empty.
    pub fn checkpoint(&mut self, training: &str, step: u64) {
        self.line(self.clock.now(), Some((training, step)));
    }

    /// It is done, or given up for now.
    pub fn end(&mut self) {
        self.line(self.clock.now(), None);
        self.now = None;
    }

    fn line(&mut self, now: Duration, checkpoint: Option<(&str, u64)>) {
        let Some(stage) = &mut self.now else {
            return;
        };
        stage.last = now;
        let seconds = stage.before + now.saturating_sub(stage.began).as_secs_f64();
        self.known.insert(stage.key.clone(), seconds);
        let (name, hash) = &stage.key;
        let mut line = json!({"stage": name, "hash": hash, "seconds": seconds});
        if let (Some((training, step)), Some(line)) = (checkpoint, line.as_object_mut()) {
            if !training.is_empty() {
                line.insert("training".into(), json!(training));
            }
            line.insert("checkpoint".into(), json!(step));
        }
        if let Some(file) = &mut self.file {
            let _ = file.write_all(format!("{line}\n").as_bytes());
        }
    }
}

/// The last time of each stage in a file, which is left at its end.
fn known(file: &mut File) -> BTreeMap<Key, f64> {
    let mut known = BTreeMap::new();
    for line in BufReader::new(Read::by_ref(file).take(MOST)).lines() {
        let Ok(line) = line else {
            break;
        };
        let Ok(line) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let text = |name: &str| line.get(name).and_then(Value::as_str);
        let seconds = line.get("seconds").and_then(Value::as_f64);
        if let (Some(stage), Some(hash), Some(seconds)) = (text("stage"), text("hash"), seconds)
            && (0.0..1e12).contains(&seconds)
        {
            known.insert(key(stage, hash), seconds);
        }
    }
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        let _ = file.read(&mut last);
    }
    let _ = file.seek(SeekFrom::End(0));
    // a line that was cut in its middle would swallow the next one
    if last != [b'\n'] {
        let _ = file.write_all(b"\n");
    }
    known
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn sittings_add_up_and_another_recipe_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let run = Folder::open(folder.path()).unwrap();
        let time = Arc::new(AtomicU64::new(0));
        let open = || {
            let time = time.clone();
            let clock = Clock::new(move || Duration::from_secs(time.load(Ordering::Relaxed)));
            Times::open(&run, clock)
        };
        let pass = |seconds| time.fetch_add(seconds, Ordering::Relaxed);
        let mut times = open();
        times.begin("p", "aaaa");
        pass(100);
        times.checkpoint("", 7);
        pass(25);
        times.tick();
        pass(5);
        // killed here: the last five seconds are lost
        drop(times);
        pass(1000);
        let mut times = open();
        assert_eq!(times.seconds("p", "aaaa"), 125.0);
        times.begin("p", "aaaa");
        pass(10);
        times.end();
        times.begin("p", "bbbb");
        pass(3);
        times.end();
        let text = || String::from_utf8(run.read(NAME, 1 << 20).unwrap()).unwrap();
        run.write(NAME, (text() + "{\"half").as_bytes()).unwrap();
        let mut times = open();
        assert_eq!(times.seconds("p", "aaaa"), 135.0);
        assert_eq!(times.seconds("p", "bbbb"), 3.0);
        assert_eq!(times.seconds("q", "aaaa"), 0.0);
        assert_eq!(times.before("p", "aaaa"), Duration::from_secs(135));
        // the line that was cut swallows nothing
        times.begin("q", "aaaa");
        pass(2);
        times.checkpoint("pixels", 9);
        assert_eq!(open().before("q", "aaaa"), Duration::from_secs(2));
        assert_eq!(open().before("p", "aaaa"), Duration::from_secs(135));
        let text = text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("\"checkpoint\":7}"), "{text}");
        let last = "\"training\":\"pixels\",\"checkpoint\":9}";
        assert!(lines[lines.len() - 1].ends_with(last), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let run = Folder::open(folder.path()).unwrap();
        run.write("other", b"precious").unwrap();
        std::os::unix::fs::symlink(run.path_of("other"), run.path_of(NAME)).unwrap();
        let mut times = Times::open(&run, Clock::default());
        times.begin("p", "a");
        times.end();
        assert_eq!(run.read("other", 100).unwrap(), b"precious");
    }
}

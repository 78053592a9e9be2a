//! Downloads: resumed after a break, checked, put in place in one step.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ring::digest::{Context, SHA256};

use super::{DataError, Progress, go_on};

/// A file that can be downloaded.
#[derive(Clone, Debug)]
pub(super) struct RemoteFile {
    /// Where it is.
    pub url: String,
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// How patient a download is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Attempts in a row that bring nothing.
    pub attempts: u32,
    /// Before the second attempt; doubled each time.
    pub pause: Duration,
    /// Without a byte, before the connection counts as broken.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 4,
            pause: Duration::from_secs(1),
            silence: Duration::from_secs(30),
        }
    }
}

/// Why an attempt ended.
enum Stop {
    /// Another attempt may help.
    Again(String),
    /// No attempt will help.
    Never(DataError),
}

impl From<DataError> for Stop {
    fn from(error: DataError) -> Self {
        Stop::Never(error)
    }
}

impl RemoteFile {
    /// Puts the file into `folder`. What an earlier attempt left in `NAME.part` is continued; the file gets its name only
    /// when it is complete and its checksum is right. Processes that download the same file take turns.
    pub(super) fn fetch(
        &self,
        folder: &Path,
        patience: Patience,
        progress: &dyn Progress,
    ) -> Result<PathBuf, DataError> {
        let target = folder.join(&self.name);
        if target.is_file() {
            return Ok(target);
        }
        let part = folder.join(format!("{}.part", self.name));
        let on_disk = |error: std::io::Error| {
            DataError::new(format!("can't write {}: {error}", part.display()))
                .help("make room or point to another folder with PRETEXT_DATA")
        };
        fs::create_dir_all(folder).map_err(on_disk)?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&part)
            .map_err(on_disk)?;
        file.lock().map_err(on_disk)?;
        if target.is_file() {
            return Ok(target);
        }

        let mut failures = 0;
        let mut rebuilt = false;
        loop {
            go_on()?;
            let before = file.metadata().map_err(on_disk)?.len();
            match self.attempt(&mut file, patience, progress) {
                Ok(()) => {}
                Err(Stop::Never(error)) => return Err(error),
                Err(Stop::Again(reason)) => {
                    let after = file.metadata().map_err(on_disk)?.len();
                    failures = if after > before { 1 } else { failures + 1 };
                    if failures >= patience.attempts {
                        return Err(self.failed(&reason));
                    }
                    std::thread::sleep(patience.pause * 2u32.pow(failures - 1));
                    continue;
                }
            }
            let sum = sha256(&mut file).map_err(on_disk)?;
            if sum == self.sha256 {
                break;
            }
            file.set_len(0).map_err(on_disk)?;
            // the part may have come from an older state of the file: once more from the start
            if before == 0 || rebuilt {
                return Err(self.wrong_sum(&sum));
            }
            rebuilt = true;
        }
        file.sync_all().map_err(on_disk)?;
        fs::rename(&part, &target).map_err(on_disk)?;
        progress.report(&self.name, self.bytes, self.bytes);
        Ok(target)
    }

    /// One request; appends to the file.
    fn attempt(
        &self,
        file: &mut File,
        patience: Patience,
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        let on_disk = |error: std::io::Error| {
            DataError::new(format!("can't write {}.part: {error}", self.name))
                .help("make room or point to another folder with PRETEXT_DATA")
        };
        let mut done = file.seek(SeekFrom::End(0)).map_err(on_disk)?;
        if done > self.bytes {
            file.set_len(0).map_err(on_disk)?;
            done = file.seek(SeekFrom::Start(0)).map_err(on_disk)?;
        }
        progress.report(&self.name, done, self.bytes);
        if done == self.bytes {
            return Ok(());
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(patience.silence))
            .timeout_recv_response(Some(patience.silence))
            .timeout_per_read(Some(patience.silence))
            .build()
            .new_agent();
        let mut request = agent.get(&self.url);
        if done > 0 {
            request = request.header("Range", format!("bytes={done}-"));
        }
        let mut response = request.call().map_err(|e| Stop::Again(e.to_string()))?;
        let status = response.status().as_u16();
        match status {
            206 if starts_at(&response, done) => {}
            200 | 206 => {
                // the server does not know ranges: from the start
                file.set_len(0).map_err(on_disk)?;
                done = file.seek(SeekFrom::Start(0)).map_err(on_disk)?;
                if status == 206 {
                    return Err(Stop::Again("the server sent another range".into()));
                }
            }
            416 => {
                file.set_len(0).map_err(on_disk)?;
                return Err(Stop::Again("the server has no such range".into()));
            }
            408 | 429 | 500..=599 => {
                return Err(Stop::Again(format!("the server answered {status}")));
            }
            _ => {
                return Err(Stop::Never(
                    self.failed(&format!("the server answered {status}")),
                ));
            }
        }
        let mut reader = response.body_mut().as_reader();
        let mut buffer = vec![0u8; 64 * 1024];
        loop {
            go_on()?;
            let n = match reader.read(&mut buffer) {
                Ok(n) => n,
                Err(error) => return Err(Stop::Again(error.to_string())),
            };
            if n == 0 {
                break;
            }
            done += n as u64;
            if done > self.bytes {
                file.set_len(0).map_err(on_disk)?;
                return Err(Stop::Never(self.failed(&format!(
                    "the server sends more than the {} bytes the file should have",
                    self.bytes
                ))));
            }
            file.write_all(&buffer[..n]).map_err(on_disk)?;
            progress.report(&self.name, done, self.bytes);
        }
        if done < self.bytes {
            return Err(Stop::Again(format!(
                "the connection ended after {done} of {} bytes",
                self.bytes
            )));
        }
        Ok(())
    }

    fn failed(&self, reason: &str) -> DataError {
        DataError::new(format!("can't download {}: {reason}", self.url))
    }

    fn wrong_sum(&self, sum: &str) -> DataError {
        DataError::new(format!(
            "{} has the SHA-256 {sum}, not {}: it is not the file it should be",
            self.url, self.sha256
        ))
    }
}

/// Whether a partial answer continues at this byte.
fn starts_at(response: &ureq::http::Response<ureq::Body>, byte: u64) -> bool {
    response
        .headers()
        .get("content-range")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim().starts_with(&format!("bytes {byte}-")))
}

/// SHA-256 of a whole file, in hexadecimal.
fn sha256(file: &mut File) -> std::io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0u8; 256 * 1024];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        context.update(&buffer[..n]);
    }
    let hex = context.finish();
    Ok(hex.as_ref().iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;

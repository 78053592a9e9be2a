//! What is taken out of the cache of frames: it can be decoded again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::files::is_hex;

/// What was read within a day stays.
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long frames stay that nobody reads.
const UNREAD: Duration = Duration::from_secs(90 * 24 * 3600);
/// Bytes that stay at most, but for what was read within a day.
const MOST: u64 = 64 << 30;

/// One file of the cache.
struct Entry {
    path: PathBuf,
    bytes: u64,
    /// Since it was read, at most a day too long.
    unread: Duration,
}

/// Removes what was left half-written a day ago or more, frames that nobody has read for 90 days, and beyond 64 GiB those that were read
/// longest ago, none of them within a day. Nothing else in the folder is touched.
pub(super) fn prune(folder: &Path) {
    prune_to(folder, SystemTime::now(), MOST);
}

fn prune_to(folder: &Path, now: SystemTime, most: u64) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut kept: Vec<Entry> = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        // of a link, the link
        let Ok(about) = fs::symlink_metadata(&path) else {
            continue;
        };
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            continue;
        };
        let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
        if !about.is_file() || !is_hex(stem, 64) {
            continue;
        }
        let unread = about
            .modified()
            .ok()
            .and_then(|at| now.duration_since(at).ok());
        let unread = unread.unwrap_or_default();
        if ending.is_empty() {
            kept.push(Entry {
                path,
                bytes: about.len(),
                unread,
            });
        } else if ending.ends_with(".part") && unread > DAY {
            let _ = fs::remove_file(path);
        }
    }
    // what was read last stays longest
    kept.sort_by(|a, b| (a.unread, &a.path).cmp(&(b.unread, &b.path)));
    let mut bytes = 0u64;
    for entry in kept {
        bytes = bytes.saturating_add(entry.bytes);
        if entry.unread > UNREAD || (bytes > most && entry.unread > DAY) {
            let _ = fs::remove_file(entry.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn what_was_read_last_stays() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let make = |name: &str, days: u64| {
            let path = folder.path().join(name);
            fs::write(&path, [0; 10]).unwrap();
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(now - days as u32 * DAY - Duration::from_secs(60))
                .unwrap();
        };
        let name = |digit: &str, ending: &str| format!("{}{ending}", digit.repeat(64));
        for (digit, days) in [("0", 0), ("1", 0), ("2", 3), ("3", 5), ("4", 100)] {
            make(&name(digit, ""), days);
        }
        make(&name("5", ".77-1.part"), 2);
        make(&name("6", ".77-2.part"), 0);
        make("somebody.else", 200);
        make("notes", 200);
        let left = || {
            let entries = fs::read_dir(folder.path()).unwrap().flatten();
            let mut names: Vec<String> = entries
                .map(|entry| entry.file_name().to_string_lossy()[..1].to_owned())
                .collect();
            names.sort();
            names.concat()
        };
        prune_to(folder.path(), now, 1000);
        assert_eq!(left(), "01236ns");
        prune_to(folder.path(), now, 30);
        assert_eq!(left(), "0126ns");
        // what was read within a day stays, whatever it takes
        prune_to(folder.path(), now, 5);
        assert_eq!(left(), "016ns");
    }
}

//! The identity of data: blake3 of the content, kept between runs under the path, size and time of the files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::places::cache_folder;
use super::progress::Hashing;
use super::{DataError, Progress};

/// The manifest of what `files` hold. `kind` names how they are read; `content` reads them, and is only called if no
/// file changed its size or time since the last call.
pub(super) fn of_files(
    kind: &str,
    files: &[PathBuf],
    progress: &dyn Progress,
    content: impl FnOnce(&Hashing<'_>) -> Result<blake3::Hash, DataError>,
) -> Result<String, DataError> {
    of_files_in(cache_folder().as_deref(), kind, files, progress, content)
}

/// [`of_files`] of files that are read as they are.
pub(super) fn of_whole_files(
    kind: &str,
    files: &[PathBuf],
    progress: &dyn Progress,
) -> Result<String, DataError> {
    of_files(kind, files, progress, |hashing| {
        let mut all = blake3::Hasher::new();
        all.update(kind.as_bytes());
        for file in files {
            let mut one = blake3::Hasher::new();
            hashing.update(&mut one, file)?;
            all.update(one.finalize().as_bytes());
        }
        Ok(all.finalize())
    })
}

fn of_files_in(
    cache: Option<&Path>,
    kind: &str,
    files: &[PathBuf],
    progress: &dyn Progress,
    content: impl FnOnce(&Hashing<'_>) -> Result<blake3::Hash, DataError>,
) -> Result<String, DataError> {
    let entry = cache
        .zip(key(kind, files))
        .map(|(cache, key)| cache.join("manifests").join(key));
    if let Some(kept) = entry.as_deref().and_then(kept) {
        return Ok(kept);
    }
    let bytes = |file: &PathBuf| fs::metadata(file).map_or(0, |about| about.len());
    let hashing = Hashing::new(
        progress,
        match files {
            [one] => format!("hashing {}", one.display()),
            more => format!("hashing {} files", more.len()),
        },
        files.iter().map(bytes).sum(),
    );
    let manifest = content(&hashing)?.to_hex().to_string();
    if let Some(entry) = entry {
        // a cache that can't be written costs time, nothing else
        let _ = keep(&entry, &manifest);
    }
    Ok(manifest)
}

/// `None` where a file can't be looked at or its time is not known.
fn key(kind: &str, files: &[PathBuf]) -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.as_bytes());
    for file in files {
        let about = fs::metadata(file).ok()?;
        let time = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let path = fs::canonicalize(file).ok()?;
        hasher.update(b"\0");
        hasher.update(path.as_os_str().as_encoded_bytes());
        hasher.update(b"\0");
        hasher.update(&about.len().to_le_bytes());
        hasher.update(&time.as_nanos().to_le_bytes());
    }
    Some(hasher.finalize().to_hex().to_string())
}

pub(super) fn kept(entry: &Path) -> Option<String> {
    let text = fs::read_to_string(entry).ok()?;
    let text = text.trim_end();
    let whole = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    whole.then(|| text.to_owned())
}

pub(super) fn keep(entry: &Path, manifest: &str) -> std::io::Result<()> {
    if let Some(folder) = entry.parent() {
        fs::create_dir_all(folder)?;
    }
    // other processes may write the same entry: each its own file, then one step
    let own = entry.with_extension(format!("{}.part", std::process::id()));
    fs::write(&own, format!("{manifest}\n"))?;
    fs::rename(own, entry)
}

/// A text that a file says, found once: kept between runs in the cache's folder `under` as long as the file has its size and time.
/// What `sound` refuses is not believed.
pub(super) fn noted(
    under: &str,
    kind: &str,
    file: &Path,
    find: impl FnOnce() -> Result<String, DataError>,
    sound: &dyn Fn(&str) -> bool,
) -> Result<String, DataError> {
    let key = key(kind, &[file.to_owned()]);
    let entry = cache_folder()
        .zip(key)
        .map(|(cache, key)| cache.join(under).join(key));
    let kept = entry
        .as_deref()
        .and_then(|entry| fs::read_to_string(entry).ok());
    if let Some(kept) = kept.filter(|text| sound(text.trim_end())) {
        return Ok(kept.trim_end().to_owned());
    }
    let found = find()?;
    if let Some(entry) = entry {
        // a cache that can't be written costs time, nothing else
        let _ = keep(&entry, &found);
    }
    Ok(found)
}

/// The manifest of something made from other data: a pipe and what flows into it.
pub(super) fn composed(what: &str, parts: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(what.as_bytes());
    for part in parts {
        hasher.update(b"\0");
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Silent;

    #[test]
    fn content_is_read_again_only_when_size_or_time_changed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        let file = folder.path().join("data");
        fs::write(&file, b"one").unwrap();
        let mut reads = 0;
        let mut of = |kind: &str| {
            let files = std::slice::from_ref(&file);
            of_files_in(Some(&cache), kind, files, &Silent, |hashing| {
                reads += 1;
                let mut hasher = blake3::Hasher::new();
                hashing.update(&mut hasher, &file)?;
                Ok(hasher.finalize())
            })
            .unwrap()
        };
        let one = of("k");
        assert_eq!(one, blake3::hash(b"one").to_hex().to_string());
        assert_eq!(of("k"), one);
        // another way to read the same file has its own entry
        of("l");
        fs::write(&file, b"three").unwrap();
        assert_eq!(of("k"), blake3::hash(b"three").to_hex().to_string());
        // same size, another time
        fs::write(&file, b"seven").unwrap();
        let past = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(past)
            .unwrap();
        assert_eq!(of("k"), blake3::hash(b"seven").to_hex().to_string());
        assert_eq!(reads, 4);
    }

    #[test]
    fn a_broken_entry_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        fs::write(&file, b"x").unwrap();
        let of = |n: u8| {
            of_files_in(
                Some(folder.path()),
                "k",
                std::slice::from_ref(&file),
                &Silent,
                |_| Ok(blake3::hash(&[n])),
            )
            .unwrap()
        };
        of(1);
        let key = key("k", std::slice::from_ref(&file)).unwrap();
        fs::write(folder.path().join("manifests").join(key), "half").unwrap();
        assert_eq!(of(2), blake3::hash(&[2]).to_hex().to_string());
    }

    #[test]
    fn composed_depends_on_order_and_name() {
        let parts = ["a".to_owned(), "b".to_owned()];
        let turned = ["b".to_owned(), "a".to_owned()];
        assert_ne!(composed("x", &parts), composed("x", &turned));
        assert_ne!(composed("x", &parts), composed("y", &parts));
    }
}

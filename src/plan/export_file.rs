//! Puts an export where it belongs: whole or not at all, through no link, over nothing but an older export.

use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use super::export_path::is_own;
use super::onnx::is_model;
use super::word_file::is_word_file;

/// Bytes of a header that is still looked at; the format's own limit.
const LARGEST_HEADER: u64 = 100_000_000;

/// Where the export `path`, as [`super::export_path`] gives it, of a run in `root` goes.
///
/// # Errors
/// Something is there that is no export, or a link or a file is in the way; `InvalidInput` with the reason.
pub fn target(root: &Path, path: &str) -> io::Result<PathBuf> {
    if is_inside(path) {
        free_way(root, path)?;
    } else if let Some(name) = own_name(root, &root.join(path)) {
        return Err(refused(
            &root.join(name),
            "is a name that the run itself uses",
        ));
    }
    let target = root.join(path);
    may_replace(&target)?;
    Ok(target)
}

/// Removes what the export `path` of a run in `root` has become since the run wrote it: it may be anything now, and would be in the
/// way of the next one. What lies outside the run directory, or behind a link, stays.
///
/// # Errors
/// As [`target`], or it can't be removed.
pub fn discard(root: &Path, path: &str) -> io::Result<()> {
    if !is_inside(path) {
        return Ok(());
    }
    free_way(root, path)?;
    let target = root.join(path);
    match about(&target)? {
        Some(found) if found.is_file() => fs::remove_file(&target),
        _ => Ok(()),
    }
}

/// Whether a path can't leave the run directory.
fn is_inside(path: &str) -> bool {
    !Path::new(path).is_absolute() && !path.split('/').any(|part| part == "..")
}

/// Every step below the run directory is the run's own: none may be a link.
fn free_way(root: &Path, path: &str) -> io::Result<()> {
    let mut at = root.to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    for part in &parts[..parts.len().saturating_sub(1)] {
        at.push(part);
        match about(&at)? {
            Some(found) if !found.is_dir() => {
                return Err(refused(&at, "is in the way: it is not a folder"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes a file that [`target`] gave.
///
/// # Errors
/// As [`target`], or the disk is full; what was there before is untouched.
pub fn put(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    may_replace(target)?;
    let mut name = target.file_name().unwrap_or_default().to_owned();
    // nobody can know it before, and nothing that is there is opened
    let chance = RandomState::new().build_hasher().finish();
    name.push(format!(".{chance:016x}.part"));
    let part = folder.join(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&part)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| may_replace(target))
        .and_then(|()| fs::rename(&part, target));
    drop(file);
    if written.is_err() {
        // a full disk is not made fuller
        let _ = fs::remove_file(&part);
        return written;
    }
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Nothing is there, or an older export.
fn may_replace(target: &Path) -> io::Result<()> {
    let Some(found) = about(target)? else {
        return Ok(());
    };
    if found.is_symlink() {
        return Err(refused(target, "is a link"));
    }
    if !found.is_file() {
        return Err(refused(target, "is there already and is no file"));
    }
    // of an empty file nothing is lost
    match found.len() == 0 || is_safetensors(target)? || is_word_file(target)? || is_onnx(target)? {
        true => Ok(()),
        false => Err(refused(
            target,
            "is there already and is no export: it would be lost",
        )),
    }
}

/// What is at a path, links not followed.
fn about(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{} {why}", path.display()),
    )
}

/// Whether a file begins as safetensors do: the length of the header, then the header. What follows may be damaged, which is a reason
/// to write it again.
fn is_safetensors(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(9).read_to_end(&mut head)?;
    let Some((size, rest)) = head.split_first_chunk() else {
        return Ok(false);
    };
    Ok(u64::from_le_bytes(*size) <= LARGEST_HEADER && rest == b"{")
}

/// Whether a file begins as models do that this program writes.
fn is_onnx(target: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(target)?.take(16).read_to_end(&mut head)?;
    Ok(is_model(&head))
}

/// The run's own name at the root of its directory that `path` is, or is below.
fn own_name(root: &Path, path: &Path) -> Option<String> {
    let root = root.canonicalize().ok()?;
    // what is there is resolved by the system, what is not there yet can't be a link
    let there = path.ancestors().find_map(|at| at.canonicalize().ok());
    let there = there?;
    let depth = path.ancestors().position(|at| at.canonicalize().is_ok())?;
    let mut rest: Vec<Component<'_>> = path.components().rev().take(depth).collect();
    rest.reverse();
    let mut whole = there;
    for part in rest {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            Component::Normal(name) => whole.push(name),
            _ => {}
        }
    }
    let below = whole.strip_prefix(&root).ok()?;
    let first = below.components().next()?.as_os_str().to_str()?.to_owned();
    is_own(&first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export() -> Vec<u8> {
        let data = [1u8; 8];
        let view =
            safetensors::tensor::TensorView::new(safetensors::tensor::Dtype::F32, vec![2], &data)
                .unwrap();
        safetensors::serialize([("x", view)], None).unwrap()
    }

    fn write(root: &Path, path: &str) -> io::Result<()> {
        put(&target(root, path)?, &export())
    }

    #[test]
    fn an_older_export_is_replaced_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "a/w").unwrap();
        write(root, "a/w").unwrap();
        assert_eq!(fs::read_dir(root.join("a")).unwrap().count(), 1);
        // damaged exports are written again, whatever is wrong with them
        for bytes in [&export()[..20], b"", &[export(), vec![0]].concat()] {
            fs::write(root.join("a/w"), bytes).unwrap();
            write(root, "a/w").unwrap();
            assert_eq!(fs::read(root.join("a/w")).unwrap(), export());
        }
        for (name, bytes) in [
            ("text", b"precious".as_slice()),
            ("short", b"x"),
            ("json", b"{\"a\": 1, \"b\": 2}"),
            ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
            ("zeros", &[0; 16]),
            ("huge", &[255; 16]),
            ("matrix", b"2 2\n1 2\n3 4\n"),
        ] {
            fs::write(root.join(name), bytes).unwrap();
            let error = write(root, name).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{name}: {error}");
            assert_eq!(fs::read(root.join(name)).unwrap(), bytes, "{name}");
        }
        // words with their vectors are an export, too
        fs::write(root.join("a/w"), b"1 2\ntree 0.5 1.0\n").unwrap();
        write(root, "a/w").unwrap();
        // and so is a model that runs elsewhere, of this program
        fs::write(root.join("a/w"), b"\x08\x08\x12\x07pretext:").unwrap();
        write(root, "a/w").unwrap();
        fs::write(root.join("other"), b"\x08\x08\x12\x07pytorch:").unwrap();
        assert!(write(root, "other").is_err());
        fs::create_dir(root.join("folder")).unwrap();
        assert!(write(root, "folder").is_err());
        assert!(write(root, "text/w").is_err());
        let names = fs::read_dir(root).unwrap().flatten();
        assert!(
            !names
                .map(|e| e.file_name())
                .any(|n| n.to_string_lossy().ends_with(".part"))
        );
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let (root, other) = (folder.path().join("run"), folder.path().join("other"));
        fs::create_dir_all(&root).unwrap();
        fs::create_dir_all(&other).unwrap();
        fs::write(other.join("old"), export()).unwrap();
        symlink(other.join("old"), root.join("link")).unwrap();
        symlink(other.join("nothing"), root.join("dangling")).unwrap();
        symlink(&other, root.join("linked")).unwrap();
        symlink("/dev/null", root.join("null")).unwrap();
        for path in ["link", "dangling", "linked/w", "linked/old", "null"] {
            let error = write(&root, path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path}: {error}");
        }
        assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
        // the same outside, where that is allowed
        symlink(other.join("old"), other.join("link")).unwrap();
        assert!(write(&root, "../other/link").is_err());
        assert!(write(&root, "/dev/null").is_err());
        write(&root, "../other/w").unwrap();
        write(&root, "../other/old").unwrap();
    }

    #[test]
    fn the_runs_own_files_are_known_from_outside() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("run");
        fs::create_dir_all(root.join("stages/p")).unwrap();
        let absolute = root.join("stages/p/done").display().to_string();
        for path in ["../run/lock", "x/../../run/stages/p/done", &absolute] {
            let error = target(&root, path).unwrap_err();
            assert!(
                error.to_string().contains("the run itself"),
                "{path}: {error}"
            );
        }
        assert!(target(&root, "../run/w").is_ok());
    }
}

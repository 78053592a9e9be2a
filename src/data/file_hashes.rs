//! The manifest of many picture files: each is hashed once, on all cores, and what is known of it is kept between runs.
//!
//! Two things are kept in the user's cache. The manifest of a data set, under a key of the names, sizes, times and numbers of its
//! files: where none of these changed, no file is opened. And a journal for each root, one record for each file: hashing that was
//! interrupted goes on where it stopped, and after a change only what changed is read.

use std::collections::HashMap;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::decode::{self, Look};
use super::hash_journal::{About, Digest, Journal, Name, read_journal, short_name};
use super::places::cache_folder;
use super::progress::{Hashing, go_on};
use super::{DataError, Progress, Silent, manifest, regular};

/// Files up to this many bytes are read at once.
const AT_ONCE: u64 = 16 << 20;
/// Files that a thread takes at a time.
const CHUNK: usize = 64;

const TRANSPARENT: u8 = 1;
const DEEP: u8 = 2;

/// Files of pictures, and how they are read.
pub(super) struct Pictures<'p> {
    /// In words.
    pub kind: &'p str,
    pub root: &'p Path,
    /// Below the root.
    pub files: &'p [PathBuf],
    /// Empty where there are no classes.
    pub labels: &'p [u32],
    pub look: &'p Look,
}

impl Pictures<'_> {
    /// A file's label as it goes into a hash; 0 where there are none.
    fn label(&self, index: usize) -> [u8; 4] {
        self.labels.get(index).copied().unwrap_or(0).to_le_bytes()
    }
}

/// blake3 of what the files hold, with their labels, and with how they are read where that decides their pixels. A file that can't
/// be read counts as such: whether that matters is known when it is needed.
///
/// # Errors
/// The root can't be read, or somebody asked to stop. What was hashed until then is not hashed again.
pub(super) fn manifest(
    pictures: &Pictures<'_>,
    progress: &dyn Progress,
) -> Result<String, DataError> {
    manifest_in(cache_folder().as_deref(), pictures, progress)
}

fn manifest_in(
    cache: Option<&Path>,
    pictures: &Pictures<'_>,
    progress: &dyn Progress,
) -> Result<String, DataError> {
    let cache = cache.map(|cache| cache.join("manifests"));
    let root = pictures.root.canonicalize().map_err(|error| {
        DataError::new(format!("can't read {}: {error}", pictures.root.display()))
    })?;
    let abouts: Vec<Option<About>> = pictures
        .files
        .par_iter()
        .with_min_len(CHUNK)
        .map(|file| About::of(&fs::metadata(root.join(file)).ok()?))
        .collect();
    let entry = cache
        .as_ref()
        .zip(key(pictures, &root, &abouts))
        .map(|(cache, key)| cache.join(key));
    if let Some(kept) = entry.as_deref().and_then(manifest::kept) {
        return Ok(kept);
    }
    let journal = cache.map(|cache| journal_of(&cache, &root));
    let digests = digests(pictures, &root, &abouts, journal.as_deref(), progress)?;
    let found = compose(pictures, &digests);
    let all_read = digests.iter().all(Option::is_some);
    if let Some(entry) = entry.filter(|_| all_read) {
        // a cache that can't be written costs time, nothing else
        let _ = manifest::keep(&entry, &found);
    }
    Ok(found)
}

/// `None` where a file can't be looked at.
fn key(pictures: &Pictures<'_>, root: &Path, abouts: &[Option<About>]) -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(pictures.kind.as_bytes());
    hasher.update(format!("\0{:?}\0", pictures.look).as_bytes());
    hasher.update(root.as_os_str().as_encoded_bytes());
    for (index, (file, about)) in pictures.files.iter().zip(abouts).enumerate() {
        hasher.update(b"\0");
        hasher.update(file.as_os_str().as_encoded_bytes());
        hasher.update(b"\0");
        hasher.update(&pictures.label(index));
        hasher.update(&about.as_ref()?.bytes());
    }
    Some(hasher.finalize().to_hex().to_string())
}

fn compose(pictures: &Pictures<'_>, digests: &[Option<Digest>]) -> String {
    let mut all = blake3::Hasher::new();
    all.update(pictures.kind.as_bytes());
    let mut flags = 0;
    for (index, digest) in digests.iter().enumerate() {
        all.update(&pictures.label(index));
        match digest {
            Some(digest) => {
                flags |= digest.flags;
                all.update(&digest.hash);
            }
            None => {
                all.update(b"unreadable");
            }
        }
    }
    if flags & TRANSPARENT != 0 {
        all.update(pictures.look.of_transparent().as_bytes());
    }
    if flags & DEEP != 0 {
        all.update(pictures.look.of_deep().unwrap_or_default().as_bytes());
    }
    all.finalize().to_hex().to_string()
}

/// One for each file; `None` where it can't be read.
fn digests(
    pictures: &Pictures<'_>,
    root: &Path,
    abouts: &[Option<About>],
    journal: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Vec<Option<Digest>>, DataError> {
    let known = journal.map(read_journal).unwrap_or_default();
    let hashing = Hashing::new(
        progress,
        match pictures.files {
            [one] => format!("hashing {}", one.display()),
            more => format!("hashing {} pictures", more.len()),
        },
        abouts.iter().flatten().map(|about| about.length).sum(),
    );
    let writer = journal.and_then(Journal::open);
    pictures
        .files
        .par_iter()
        .zip(abouts)
        .with_min_len(1)
        .map(|(file, about)| {
            go_on()?;
            let Some(about) = about else {
                return Ok(None);
            };
            let name = short_name(file);
            if let Some((of, digest)) = known.get(&name)
                && of == about
            {
                hashing.add(about.length);
                return Ok(Some(*digest));
            }
            let found = digest(&root.join(file), about.length, &hashing);
            // half a file is no file that can't be read
            go_on()?;
            let Ok(digest) = found else {
                return Ok(None);
            };
            if let Some(writer) = &writer {
                writer.add(&name, about, &digest);
            }
            Ok(Some(digest))
        })
        .collect()
}

/// What single files below a root hold, asked in any order: out of the journal of [`manifest`], else hashed, once.
pub(super) struct Contents {
    root: PathBuf,
    known: Mutex<Option<HashMap<Name, (About, Digest)>>>,
}

impl Contents {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            known: Mutex::new(None),
        }
    }

    /// blake3 of a file, whose path is relative to the root.
    ///
    /// # Errors
    /// It can't be read, or somebody asked to stop.
    pub(super) fn of(&self, file: &Path) -> Result<[u8; 32], DataError> {
        let path = self.root.join(file);
        let unread = |error: std::io::Error| DataError::new(error.to_string());
        let about = About::of(&fs::metadata(&path).map_err(unread)?);
        let about = about.ok_or_else(|| DataError::new("its time is not known"))?;
        let name = short_name(file);
        let look = |known: &HashMap<Name, (About, Digest)>| {
            let (of, digest) = known.get(&name)?;
            (*of == about).then_some(digest.hash)
        };
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let known = known.get_or_insert_with(|| {
                self.journal()
                    .map(|path| read_journal(&path))
                    .unwrap_or_default()
            });
            if let Some(hash) = look(known) {
                return Ok(hash);
            }
        }
        let found = digest(&path, about.length, &Hashing::new(&Silent, "", 0)).map_err(unread)?;
        go_on()?;
        if let Some(writer) = self.journal().and_then(|path| Journal::open(&path)) {
            writer.add(&name, &about, &found);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_default().insert(name, (about, found));
        Ok(found.hash)
    }

    fn journal(&self) -> Option<PathBuf> {
        let root = self.root.canonicalize().ok()?;
        Some(journal_of(&cache_folder()?.join("manifests"), &root))
    }
}

/// The journal of the files below a root.
fn journal_of(cache: &Path, root: &Path) -> PathBuf {
    let name = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
    cache.join(format!("{name}.files"))
}

fn digest(path: &Path, length: u64, hashing: &Hashing<'_>) -> std::io::Result<Digest> {
    let (hash, header) = if length <= AT_ONCE {
        let bytes = regular::read(path)?;
        hashing.add(bytes.len() as u64);
        (blake3::hash(&bytes), decode::header_of(&bytes))
    } else {
        let mut hasher = blake3::Hasher::new();
        hashing.feed(&mut hasher, &mut regular::open(path)?)?;
        (
            hasher.finalize(),
            decode::header(BufReader::new(regular::open(path)?)),
        )
    };
    // what is no picture has no pixels to be decided
    let flags = header.map_or(0, |header| {
        u8::from(header.transparent) * TRANSPARENT + u8::from(header.deep) * DEEP
    });
    Ok(Digest {
        hash: *hash.as_bytes(),
        flags,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Silent;
    use super::super::decode::Channels;
    use super::super::hash_journal::RECORD;
    use super::*;

    const LOOK: fn() -> Look = || Look::new(Channels::Rgb);

    struct Set {
        folder: tempfile::TempDir,
        files: Vec<PathBuf>,
    }

    impl Set {
        fn new(names: &[&str]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("data")).unwrap();
            for name in names {
                fs::write(folder.path().join("data").join(name), name).unwrap();
            }
            Self {
                folder,
                files: names.iter().map(PathBuf::from).collect(),
            }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join("data").join(name)
        }

        fn manifest(&self) -> String {
            self.labelled(&[])
        }

        fn labelled(&self, labels: &[u32]) -> String {
            manifest_in(
                Some(&self.folder.path().join("cache")),
                &Pictures {
                    kind: "kind",
                    root: &self.folder.path().join("data"),
                    files: &self.files,
                    labels,
                    look: &LOOK(),
                },
                &Silent,
            )
            .unwrap()
        }

        fn journal(&self) -> PathBuf {
            let root = self.folder.path().join("data").canonicalize().unwrap();
            let name = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
            self.folder
                .path()
                .join(format!("cache/manifests/{name}.files"))
        }
    }

    /// Kind, then for each file its label (4 bytes) and its blake3: written down a second time.
    #[test]
    fn a_manifest_is_a_hash_over_labels_and_hashes() {
        let set = Set::new(&["a", "b"]);
        let mut all = b"kind".to_vec();
        for (label, file) in [(7u32, b"a"), (8, b"b")] {
            all.extend(label.to_le_bytes());
            all.extend(blake3::hash(file).as_bytes());
        }
        assert_eq!(
            set.labelled(&[7, 8]),
            blake3::hash(&all).to_hex().to_string()
        );
        assert_ne!(set.labelled(&[7, 8]), set.labelled(&[7, 7]));
    }

    #[test]
    fn what_is_known_is_not_read_again_and_what_changed_is() {
        let set = Set::new(&["a", "b", "c"]);
        let first = set.manifest();
        let records = |set: &Set| fs::metadata(set.journal()).unwrap().len() / RECORD as u64;
        assert_eq!(records(&set), 3);
        // found under its key: nothing is added
        assert_eq!(set.manifest(), first);
        assert_eq!(records(&set), 3);
        fs::write(set.path("b"), "other").unwrap();
        let second = set.manifest();
        assert_ne!(second, first);
        assert_eq!(records(&set), 4);
        let whole = Set::new(&["a", "b", "c"]);
        fs::write(whole.path("b"), "other").unwrap();
        assert_eq!(second, whole.manifest());
    }

    /// As if the process had been killed while it wrote: the journal ends in a half record, and no manifest is kept.
    #[test]
    fn hashing_goes_on_where_it_was_interrupted() {
        let set = Set::new(&["a", "b", "c", "d"]);
        let whole = set.manifest();
        let known = fs::read(set.journal()).unwrap();
        for cut in [0, 1, RECORD - 1, RECORD, 2 * RECORD + 40, known.len() - 1] {
            fs::remove_dir_all(set.folder.path().join("cache")).unwrap();
            fs::create_dir_all(set.journal().parent().unwrap()).unwrap();
            fs::write(set.journal(), &known[..cut]).unwrap();
            assert_eq!(set.manifest(), whole, "cut at {cut}");
            assert_eq!(read_journal(&set.journal()).len(), 4, "cut at {cut}");
            assert_eq!(
                fs::metadata(set.journal()).unwrap().len() as usize,
                4 * RECORD
            );
        }
        // a damaged record is as none, whichever byte it is
        for at in 0..RECORD {
            let mut damaged = known.clone();
            damaged[at] ^= 1;
            fs::remove_dir_all(set.folder.path().join("cache")).unwrap();
            fs::create_dir_all(set.journal().parent().unwrap()).unwrap();
            fs::write(set.journal(), &damaged).unwrap();
            assert_eq!(set.manifest(), whole, "byte {at}");
        }
    }

    #[test]
    fn a_file_that_is_gone_is_no_error_and_nothing_is_kept_of_it() {
        let set = Set::new(&["a", "b"]);
        fs::remove_file(set.path("b")).unwrap();
        let without = set.manifest();
        fs::write(set.path("b"), "b").unwrap();
        assert_ne!(set.manifest(), without);
    }
}

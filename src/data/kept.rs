//! Data sets that stay open from one plan to the next, as long as their files are what they were: an editor plans a recipe after every
//! edit.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Data sets that are kept.
const SETS: usize = 64;
/// Files and folders that are looked at to see whether something changed; where there are more, nothing is kept.
const LOOKED: usize = 4096;
/// Files of one folder that are looked at: of a folder of pictures its own time tells that one came or went.
const FILES: usize = 64;
/// Folders inside one another.
const DEPTH: usize = 8;

/// What a file or folder was like.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    /// `None`: it is not there.
    like: Option<(Option<SystemTime>, u64)>,
}

/// What was opened, with what its files were like then.
struct Open {
    stamps: Vec<Stamp>,
    opened: Box<dyn Any + Send>,
}

/// Data sets that stay open. By default none does.
#[derive(Clone, Default)]
pub struct Kept(Option<Arc<Mutex<BTreeMap<String, Open>>>>);

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Kept"
        } else {
            "Kept: none"
        })
    }
}

impl Kept {
    /// Keeps what is opened from now on, for all that share it.
    pub fn open() -> Self {
        Self(Some(Arc::default()))
    }

    /// What `open` opens, or what it opened before under this key if none of the files `named` changed since.
    pub(super) fn of<T: Clone + Send + 'static, E>(
        &self,
        key: &str,
        named: &[PathBuf],
        open: &dyn Fn() -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(kept) = &self.0 else {
            return open();
        };
        {
            let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = kept.get(key)
                && known.stamps.iter().all(|was| *was == stamp(&was.path))
                && let Some(opened) = known.opened.downcast_ref::<T>()
            {
                return Ok(opened.clone());
            }
        }
        // looked at before it is opened: what changes meanwhile is seen the next time
        let stamps = stamps(named);
        let opened = open()?;
        if let Some(stamps) = stamps {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= SETS {
                kept.clear();
            }
            let opened = Box::new(opened.clone());
            kept.insert(key.to_owned(), Open { stamps, opened });
        }
        Ok(opened)
    }

    /// Whether anything is kept at all.
    pub(super) fn is_open(&self) -> bool {
        self.0.is_some()
    }
}

/// What files and folders are like, those inside included; `None` where there are too many to look at.
fn stamps(named: &[PathBuf]) -> Option<Vec<Stamp>> {
    let mut stamps = Vec::new();
    let mut waiting: Vec<(PathBuf, usize)> = named.iter().map(|path| (path.clone(), 0)).collect();
    while let Some((path, depth)) = waiting.pop() {
        if stamps.len() >= LOOKED || depth > DEPTH {
            return None;
        }
        let own = stamp(&path);
        let there = own.like.is_some();
        stamps.push(own);
        if !there || !path.is_dir() {
            continue;
        }
        let mut files = 0;
        for entry in std::fs::read_dir(&path).ok()?.flatten() {
            // links are not followed: they may lead in circles
            let kind = entry.file_type().ok();
            let folder = kind.is_some_and(|kind| kind.is_dir());
            files += usize::from(!folder);
            if folder || files <= FILES {
                waiting.push((entry.path(), depth + 1));
            }
            if waiting.len() > LOOKED {
                return None;
            }
        }
    }
    Some(stamps)
}

fn stamp(path: &Path) -> Stamp {
    let like = |about: Metadata| (about.modified().ok(), about.len());
    Stamp {
        path: path.to_owned(),
        like: std::fs::metadata(path).ok().map(like),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn what_changed_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("photos/cats");
        std::fs::create_dir_all(&inner).expect("folders");
        std::fs::write(inner.join("1.txt"), "one").expect("a file");
        let named = [folder.path().join("photos")];
        let opened = Cell::new(0);
        let kept = Kept::open();
        let open = |kept: &Kept| {
            let open = || {
                opened.set(opened.get() + 1);
                Ok::<u32, ()>(7)
            };
            assert_eq!(kept.of("photos", &named, &open), Ok(7));
            opened.get()
        };
        assert_eq!((open(&kept), open(&kept), open(&kept.clone())), (1, 1, 1));
        std::fs::write(inner.join("2.txt"), "two").expect("a file");
        assert_eq!((open(&kept), open(&kept)), (2, 2));
        std::fs::write(inner.join("1.txt"), "longer").expect("a file");
        assert_eq!((open(&kept), open(&kept)), (3, 3));
        std::fs::remove_dir_all(folder.path().join("photos")).expect("gone");
        assert_eq!(open(&kept), 4);
        // what fails is tried again
        let fails = || Err::<u32, ()>(());
        assert_eq!(kept.of("other", &named, &fails), Err(()));
        // by default nothing is kept
        let none = Kept::default();
        assert_eq!((open(&none), open(&none)), (5, 6));
    }
}

//! Which files of a split are one clip: a film or an animation is one, and so are the pictures of a folder.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Film, is_film_name};
use crate::data::folders::{Entry, Folder, Wanted};
use crate::data::image_folder::PICTURES;
use crate::data::{decode, regular};

/// Bytes of a PNG in which it says that it holds frames: before its pixels.
const START: usize = 4096;

/// Files that are clips or frames of clips.
pub(in crate::data) const CLIPS: Wanted = Wanted {
    one: "clip",
    formats: "Clips are films (MP4, WebM, AVI, Y4M and others), GIF, APNG and animated WebP, and folders of frames: JPEG, PNG, WebP, TIFF, BMP or PNM.",
    is: |path, name| is_film_name(name) || (PICTURES.is)(path, name),
    no_classes: "labels = none",
};

/// What a clip is made of.
#[derive(Debug)]
pub(in crate::data) enum Frames {
    /// A file for each, the earliest first, below the split's root.
    Pictures(Vec<PathBuf>),
    /// One file.
    Film(Film),
}

/// One clip.
#[derive(Debug)]
pub(in crate::data) struct Clip {
    /// A file, or a folder of frames, below the split's root.
    pub path: PathBuf,
    pub frames: Frames,
    /// Empty where there are no classes.
    pub label: Option<u32>,
}

impl Clip {
    /// Its files, below the split's root.
    pub fn files(&self) -> &[PathBuf] {
        match &self.frames {
            Frames::Pictures(files) => files,
            Frames::Film(_) => std::slice::from_ref(&self.path),
        }
    }
}

/// The clips of a split.
pub(in crate::data) struct Clips {
    /// In the order of their paths.
    pub clips: Vec<Clip>,
    /// Pictures that belong to no clip: they lie beside clips.
    pub beside: Vec<PathBuf>,
}

/// Whether the folders of a split hold clips, and so can be its classes; a folder that holds frames itself is a clip.
pub(in crate::data) fn are_classes(root: &Path, split: &Folder) -> bool {
    split.folders().any(|folder| {
        let below = root.join(&folder.name);
        let pictures = folder.entries.iter().filter_map(|entry| match entry {
            Entry::File(file) => Some(&file.name),
            Entry::Folder(_) => None,
        });
        folder.folders().next().is_some() || has_films(&below, pictures.map(|name| &**name))
    })
}

/// Whether one of the files of a folder is a film or an animation. Of PNG and WebP files the first is looked at: the others are like it.
fn has_films<'n>(folder: &Path, names: impl Iterator<Item = &'n OsStr>) -> bool {
    let mut looked: Vec<String> = Vec::new();
    for name in names {
        match ending(name) {
            Some(ending) if ending == "gif" || ending == "apng" => return true,
            Some(ending) if matches!(&*ending, "png" | "webp") && !looked.contains(&ending) => {
                looked.push(ending);
                if starts_as_animation(&folder.join(name)) {
                    return true;
                }
            }
            _ if is_film_name(&name.to_string_lossy()) => return true,
            _ => {}
        }
    }
    false
}

/// Whether a file among films and animations is one of them.
fn is_film(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    match ending(name).as_deref() {
        Some("gif" | "apng") => true,
        Some("png" | "webp") => starts_as_animation(path),
        _ => is_film_name(&name.to_string_lossy()),
    }
}

fn ending(name: &OsStr) -> Option<String> {
    let ending = Path::new(name).extension()?;
    Some(ending.to_string_lossy().to_lowercase())
}

fn starts_as_animation(path: &Path) -> bool {
    let mut start = vec![0; START];
    regular::start(path, &mut start).is_ok_and(|n| decode::is_animation(&start[..n]))
}

/// Which of the pictures below `root` are one clip.
pub(in crate::data) fn clips(root: &Path, files: Vec<PathBuf>, labels: &[u32]) -> Clips {
    let mut folders: BTreeMap<PathBuf, Vec<(PathBuf, Option<u32>)>> = BTreeMap::new();
    for (index, file) in files.into_iter().enumerate() {
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let label = labels.get(index).copied();
        folders.entry(folder).or_default().push((file, label));
    }
    let holders: Vec<PathBuf> = folders.keys().cloned().collect();
    let mut found = Clips {
        clips: Vec::new(),
        beside: Vec::new(),
    };
    for (folder, files) in folders {
        let names = files.iter().filter_map(|(file, _)| file.file_name());
        let mut frames = Vec::new();
        let mut films = false;
        if has_films(&root.join(&folder), names) {
            for (file, label) in files {
                let path = root.join(&file);
                if !is_film(&path) {
                    frames.push((file, label));
                    continue;
                }
                films = true;
                found.clips.push(Clip {
                    path: file,
                    frames: Frames::Film(Film::of(path)),
                    label,
                });
            }
        } else {
            frames = files;
        }
        // names in order: what lies in a folder comes behind it
        let above = |other: &PathBuf| *other != folder && other.starts_with(&folder);
        if films || holders.iter().any(above) {
            found
                .beside
                .extend(frames.into_iter().map(|(file, _)| file));
            continue;
        }
        let Some(label) = frames.first().map(|(_, label)| *label) else {
            continue;
        };
        let mut files: Vec<PathBuf> = frames.into_iter().map(|(file, _)| file).collect();
        files.sort_by(|a, b| natural(&name(a), &name(b)).then_with(|| a.cmp(b)));
        found.clips.push(Clip {
            path: folder,
            frames: Frames::Pictures(files),
            label,
        });
    }
    found.clips.sort_by(|a, b| {
        natural(&a.path.to_string_lossy(), &b.path.to_string_lossy())
            .then_with(|| a.path.cmp(&b.path))
    });
    found
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The order in which people count: `frame2` before `frame10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (n, m) = (digits(a), digits(b));
        let order = if n > 0 && m > 0 {
            let (x, y) = (
                a[..n].trim_start_matches('0'),
                b[..m].trim_start_matches('0'),
            );
            let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
            (a, b) = (&a[n..], &b[m..]);
            order
        } else {
            let (mut x, mut y) = (a.chars(), b.chars());
            let (left, right) = (x.next(), y.next());
            if left.is_none() && right.is_none() {
                return Ordering::Equal;
            }
            (a, b) = (x.as_str(), y.as_str());
            left.cmp(&right)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_as_people_count() {
        let mut names = [
            "f10.png",
            "f2.png",
            "f1.png",
            "f010b.png",
            "g1.png",
            "f.png",
            "f2.jpg",
        ];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            [
                "f.png",
                "f1.png",
                "f2.jpg",
                "f2.png",
                "f10.png",
                "f010b.png",
                "g1.png"
            ]
        );
        let long = "9".repeat(60);
        assert_eq!(natural(&long, &format!("1{long}")), Ordering::Less);
        assert_eq!(natural("é2", "é10"), Ordering::Less);
    }
}

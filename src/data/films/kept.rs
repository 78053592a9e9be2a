//! Decoded frames in the user's cache: one file for each film, any frame of which is read at its place.
//!
//! The name of a file is a hash of what the film holds and of how it is read, so that what lies there can only be what is wanted. A file
//! is written beside, whole, and then given its name: two that decode the same film write the same.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::prune::DAY;
use crate::data::{Image, regular};

const NAME: &[u8; 16] = b"pretext frames 1";
/// Bytes before the first frame.
const HEAD: usize = 256;
/// Bytes of a sentence about damage.
const SENTENCE: usize = 200;

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    pub frames: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    /// Why there are no more frames.
    pub damage: Option<String>,
}

impl Head {
    /// Bytes of a frame.
    fn frame(&self) -> u64 {
        self.height as u64 * self.width as u64 * self.channels as u64
    }

    fn bytes(&self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        bytes[..16].copy_from_slice(NAME);
        let mut damage = self.damage.as_deref().unwrap_or("").as_bytes();
        while damage.len() > SENTENCE || std::str::from_utf8(damage).is_err() {
            damage = &damage[..damage.len() - 1];
        }
        let numbers = [
            self.frames,
            self.height,
            self.width,
            self.channels,
            damage.len(),
        ];
        for (place, number) in bytes[16..36].chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&(number as u32).to_le_bytes());
        }
        bytes[36..36 + damage.len()].copy_from_slice(damage);
        let check = blake3::hash(&bytes[..HEAD - 8]);
        bytes[HEAD - 8..].copy_from_slice(&check.as_bytes()[..8]);
        bytes
    }

    /// `None` where it is none, or not that of a file of this length.
    fn parse(bytes: &[u8; HEAD], length: u64) -> Option<Self> {
        let check = blake3::hash(&bytes[..HEAD - 8]);
        if &bytes[..16] != NAME || bytes[HEAD - 8..] != check.as_bytes()[..8] {
            return None;
        }
        let number = |at: usize| {
            let place = 16 + 4 * at;
            let bytes = [
                bytes[place],
                bytes[place + 1],
                bytes[place + 2],
                bytes[place + 3],
            ];
            u32::from_le_bytes(bytes) as usize
        };
        let damage = std::str::from_utf8(bytes.get(36..36 + number(4).min(SENTENCE))?).ok()?;
        let head = Self {
            frames: number(0),
            height: number(1),
            width: number(2),
            channels: number(3),
            damage: (!damage.is_empty()).then(|| damage.to_owned()),
        };
        let whole = head.frame().checked_mul(head.frames as u64)?;
        (whole.checked_add(HEAD as u64)? == length).then_some(head)
    }
}

/// Frames that are there.
pub(super) struct Kept {
    file: File,
    pub head: Head,
}

impl Kept {
    /// `None` where there is none, or it is damaged.
    pub fn open(path: &Path) -> Option<Self> {
        let file = regular::open(path).ok()?;
        let mut head = [0; HEAD];
        regular::read_at(&file, &mut head, 0).ok()?;
        let about = file.metadata().ok()?;
        let head = Head::parse(&head, about.len())?;
        // so that what is read stays when room is made
        let now = SystemTime::now();
        let unread = about.modified().ok().map(|at| now.duration_since(at));
        if unread.is_some_and(|unread| unread.is_ok_and(|unread| unread > DAY)) {
            let _ = file.set_modified(now);
        }
        Some(Self { file, head })
    }

    /// Those of a range that lies within.
    pub fn read(&self, range: Range<usize>) -> Result<Vec<Image>, String> {
        let Head {
            height,
            width,
            channels,
            ..
        } = self.head;
        let one = self.head.frame();
        let mut all = vec![0; range.len() * one as usize];
        let at = HEAD as u64 + range.start as u64 * one;
        regular::read_at(&self.file, &mut all, at).map_err(|error| error.to_string())?;
        let frames = all.chunks_exact((one as usize).max(1));
        Ok(frames
            .map(|pixels| Image::new(pixels.to_vec(), height, width, channels))
            .collect())
    }
}

/// A file while it is written. One that is not finished leaves nothing.
pub(super) struct Writing {
    file: Option<BufWriter<File>>,
    beside: PathBuf,
    path: PathBuf,
    head: Option<Head>,
}

impl Writing {
    /// `None` where nothing can be written there.
    pub fn begin(path: &Path) -> Option<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(path.parent()?).ok()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let beside = path.with_extension(format!("{}-{number}.part", std::process::id()));
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(&beside)
            .ok()?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        let begun = file.write_all(&[0; HEAD]);
        let writing = Self {
            file: Some(file),
            beside,
            path: path.to_owned(),
            head: None,
        };
        begun.is_ok().then_some(writing)
    }

    /// Whether it went well.
    pub fn add(&mut self, frame: &Image) -> bool {
        let head = self.head.get_or_insert(Head {
            frames: 0,
            height: frame.height,
            width: frame.width,
            channels: frame.channels,
            damage: None,
        });
        let alike =
            (head.height, head.width, head.channels) == (frame.height, frame.width, frame.channels);
        head.frames += 1;
        let written = self.file.as_mut().map(|file| file.write_all(&frame.pixels));
        alike && matches!(written, Some(Ok(())))
    }

    /// Gives it its name. `None` where that did not go well.
    pub fn finish(mut self, damage: Option<String>) -> Option<Kept> {
        let mut head = self.head.take()?;
        head.damage = damage;
        let mut file = self.file.take()?.into_inner().ok()?;
        file.seek(SeekFrom::Start(0)).ok()?;
        file.write_all(&head.bytes()).ok()?;
        file.sync_all().ok()?;
        fs::rename(&self.beside, &self.path).ok()?;
        Kept::open(&self.path)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // it has its name, or is not wanted
        let _ = fs::remove_file(&self.beside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(value: u8) -> Image {
        Image::new(vec![value; 6], 1, 2, 3)
    }

    fn written(path: &Path, damage: Option<&str>) -> Kept {
        let mut writing = Writing::begin(path).unwrap();
        assert!((0..5).all(|value| writing.add(&frame(value))));
        writing.finish(damage.map(str::to_owned)).unwrap()
    }

    #[test]
    fn any_frame_is_read_at_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/frames");
        assert!(Kept::open(&path).is_none());
        let kept = written(&path, Some("é".repeat(150).as_str()));
        assert_eq!(kept.read(3..5).unwrap(), [frame(3), frame(4)]);
        assert_eq!(kept.read(0..1).unwrap(), [frame(0)]);
        assert!(kept.read(5..5).unwrap().is_empty());
        assert!(kept.read(4..6).is_err());
        let again = Kept::open(&path).unwrap();
        assert_eq!(again.head, kept.head);
        assert_eq!(again.head.damage.as_deref(), Some("é".repeat(100).as_str()));
    }

    #[test]
    fn what_is_not_whole_is_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames");
        drop(written(&path, None));
        let whole = fs::read(&path).unwrap();
        for length in [0, 10, HEAD, whole.len() - 1, whole.len() + 1] {
            let mut cut = whole.clone();
            cut.resize(length, 0);
            fs::write(&path, cut).unwrap();
            assert!(Kept::open(&path).is_none(), "{length}");
        }
        for at in [0, 16, 20, 36, HEAD - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert!(Kept::open(&path).is_none(), "byte {at}");
        }
    }

    #[test]
    fn what_is_not_finished_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames");
        let mut writing = Writing::begin(&path).unwrap();
        assert!(writing.add(&frame(1)));
        drop(writing);
        // no frame at all
        assert!(Writing::begin(&path).unwrap().finish(None).is_none());
        // frames of two sizes
        let mut writing = Writing::begin(&path).unwrap();
        assert!(writing.add(&frame(1)));
        assert!(!writing.add(&Image::new(vec![0; 3], 1, 1, 3)));
        drop(writing);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

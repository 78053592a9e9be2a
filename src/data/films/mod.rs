//! Films: files of many frames, decoded once.
//!
//! GIF, APNG, animated WebP, Y4M and Motion-JPEG AVI are decoded here, everything else by the program `ffmpeg` ([`ffprobe`], [`ffmpeg`]). [`Timeline`]
//! says when frames are shown, [`Pace`] which of them are read; those are brought to one size and kept ([`kept`]).

mod animated;
mod asked;
mod avi;
mod chosen;
mod clips;
mod codec;
mod ffmpeg;
mod ffprobe;
mod huffman;
mod kept;
mod prune;
mod shelf;
#[cfg(test)]
mod tests;
mod timeline;
mod y4m;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub(super) use asked::{count, frames, frames_param, parts, reading, reading_params, unreadable};
pub(super) use chosen::Chosen;
pub(super) use clips::{CLIPS, Clip, Clips, Frames, are_classes, clips};
pub(super) use shelf::{Shelf, looked_at};
pub(super) use timeline::{Pace, Timeline};

use super::decode::{self, CLIP_BYTES, Look};
use super::places::cache_folder;
use super::{DataError, Image, manifest, regular};
use crate::augment::{Scratch, Window, resample, shape_of};

/// What takes frames one by one and says whether it wants more.
type Each<'e> = &'e mut dyn FnMut(Image) -> Result<bool, String>;

/// Names that films have.
const ENDINGS: &[&str] = &[
    "mp4", "m4v", "mov", "qt", "mkv", "webm", "avi", "mpg", "mpeg", "mpe", "m2v", "ts", "mts",
    "m2ts", "wmv", "asf", "flv", "f4v", "ogv", "3gp", "3g2", "y4m", "mjpg", "mjpeg", "ivf", "dv",
    "mxf", "nut", "vob", "h264", "264", "h265", "265", "hevc", "av1", "obu",
];

/// Bytes at the start of a file that tell what it is.
const START: usize = 4096;

/// Who decodes a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Animation,
    Y4m,
    Avi,
    Foreign,
}

/// A file of frames.
#[derive(Debug)]
pub(super) struct Film {
    path: PathBuf,
    reader: Reader,
    /// Held by who decodes it.
    decoding: Mutex<()>,
}

/// How films are read, and where their frames are kept.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub look: Look,
    /// The length of the shorter side; `None`: as they are.
    pub side: Option<usize>,
    pub pace: Pace,
    /// `None`: nowhere.
    pub cache: Option<PathBuf>,
}

/// Whether a file of this name is a film.
pub(super) fn is_film_name(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// Where decoded frames are kept.
pub(super) fn cache() -> Option<PathBuf> {
    Some(cache_folder()?.join("frames"))
}

impl Film {
    /// Who decodes it is seen by its first bytes.
    pub fn of(path: PathBuf) -> Self {
        let reader = reader(&path);
        Self {
            path,
            reader,
            decoding: Mutex::new(()),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is a GIF, an APNG or a WebP: pictures of the web.
    pub fn is_animation(&self) -> bool {
        self.reader == Reader::Animation
    }

    /// Size and times, without decoding a picture. What a program said is kept until the file changes.
    ///
    /// # Errors
    /// It can't be read; the sentence goes on after "can't read NAME: ".
    pub fn timeline(&self) -> Result<Timeline, DataError> {
        let found = match self.reader {
            Reader::Animation => animated::look(&self.path),
            Reader::Y4m => y4m::look(&self.path),
            Reader::Avi => avi::look(&self.path),
            Reader::Foreign => return self.asked(),
        };
        found.map_err(DataError::new)
    }

    fn asked(&self) -> Result<Timeline, DataError> {
        let find = || {
            let found = ffprobe::look(&self.path)?;
            serde_json::to_string(&found).map_err(|error| DataError::new(error.to_string()))
        };
        let known = |text: &str| serde_json::from_str::<Timeline>(text);
        let sound = |text: &str| known(text).is_ok();
        let text = manifest::noted("films", "timeline 1", &self.path, find, &sound)?;
        known(&text).map_err(|error| DataError::new(error.to_string()))
    }

    /// All of its frames, one by one. What is damaged comes back as a sentence.
    fn decode(
        &self,
        timeline: &Timeline,
        look: &Look,
        each: Each<'_>,
    ) -> Result<Option<String>, DataError> {
        let done = match self.reader {
            Reader::Animation => animated::read(&self.path, look, each),
            Reader::Y4m => y4m::read(&self.path, look, each),
            Reader::Avi => avi::read(&self.path, look, each),
            Reader::Foreign => return ffmpeg::read(&self.path, timeline, look, each),
        };
        done.map_err(DataError::new)
    }
}

fn reader(path: &Path) -> Reader {
    let mut start = vec![0; START];
    let n = regular::start(path, &mut start).unwrap_or(0);
    let start = &start[..n];
    if decode::is_animation(start) {
        return Reader::Animation;
    }
    if start.starts_with(y4m::START) && y4m::look(path).is_ok() {
        return Reader::Y4m;
    }
    let is_avi = start.starts_with(b"RIFF") && start.get(8..12) == Some(b"AVI ");
    let head = || avi::head(&regular::open(path).ok()?).ok();
    match is_avi && head().is_some_and(|head| avi::is_jpeg(&head)) {
        true => Reader::Avi,
        false => Reader::Foreign,
    }
}

impl Reading {
    /// What decides the pixels that are kept, beside what the film holds.
    pub fn words(&self) -> String {
        let side = self.side.map_or("own".to_owned(), |side| side.to_string());
        format!("{:?} side {side} {}", self.look, self.pace.words())
    }

    /// A picture at the size that is kept.
    ///
    /// # Errors
    /// It can't be resized.
    pub fn sized(&self, image: Image, scratch: &mut Scratch) -> Result<Image, String> {
        let Some(side) = self.side else {
            return Ok(image);
        };
        let (height, width) = shape_of(image.height, image.width, side, false);
        if (height, width) == (image.height, image.width) {
            return Ok(image);
        }
        let sized = resample(&image, Window::whole(&image), height, width, scratch);
        sized.map_err(|error| error.message)
    }

    /// Bytes of a frame.
    pub fn bytes(&self, height: usize, width: usize) -> u64 {
        (height * width * self.look.channels.count()) as u64
    }

    /// The size of the frames of a film of this one.
    pub fn size(&self, (height, width): (usize, usize)) -> (usize, usize) {
        match self.side {
            Some(side) => shape_of(height, width, side, false),
            None => (height, width),
        }
    }

    /// Where the frames of a film with this content are kept, of which `skip` seconds are left out.
    fn entry(&self, content: &[u8; 32], skip: f64) -> Option<PathBuf> {
        let mut key = blake3::Hasher::new_derive_key("pretext frames 1");
        key.update(content);
        key.update(self.words().as_bytes());
        key.update(&skip.to_le_bytes());
        Some(self.cache.as_ref()?.join(key.finalize().to_hex().as_str()))
    }
}

/// What is said of a clip whose frames do not fit.
fn too_large() -> String {
    format!(
        "its frames take more than {} MiB: `side = 128px` makes them smaller, `frames = 16` makes several clips of it, `step = 2` reads every other one",
        CLIP_BYTES >> 20
    )
}

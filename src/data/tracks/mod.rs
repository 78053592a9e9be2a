//! Things followed through clips, without anybody saying what is in them: a [`start`] where something moves, a [`filter`] that follows it.

mod filter;
mod fourier;
mod start;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use filter::Filter;
pub use filter::Rectangle;

use super::{DataError, Image};

/// How tracks are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tracker {
    /// Side of the box that a track starts with, in parts of a frame's shorter side.
    pub part: f32,
    /// Frames of a track.
    pub length: usize,
    /// A track ends where the filter is less sure.
    pub least: f32,
}

/// One thing, followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// The frame in which it starts.
    pub start: usize,
    /// One for each frame from there on: left, top, right, bottom in pixels, inside of the frame.
    pub boxes: Vec<Rectangle>,
}

/// Starts that are tried in a clip.
const TRIES: usize = 8;
/// Part of a box that lies in the frame at least.
const INSIDE: f32 = 0.4;

impl Tracker {
    /// Follows what lies in a box of frame `start`, for up to `length` frames.
    pub fn follow(&self, frames: &[Image], start: usize, at: Rectangle) -> Track {
        let mut boxes = Vec::new();
        let mut rest = frames.iter().skip(start).take(self.length);
        if let Some(first) = rest.next() {
            boxes.push(inside(first, at));
            let mut filter = Filter::new(first, at);
            for frame in rest {
                let (place, sure) = filter.follow(frame);
                let cut = inside(frame, place);
                if sure < self.least || area(cut) < INSIDE * area(place) {
                    break;
                }
                boxes.push(cut);
            }
        }
        Track { start, boxes }
    }

    /// The track of what moves most; of the next, where that is lost on the way. `None` where nothing moves, the clip is shorter than a
    /// track, or all is lost.
    pub fn track(&self, frames: &[Image]) -> Option<Track> {
        let starts = start::of(frames, self.part, self.length);
        let mut tracks = starts
            .into_iter()
            .take(TRIES)
            .map(|(start, at)| self.follow(frames, start, at));
        tracks.find(|track| track.boxes.len() == self.length)
    }
}

fn area([left, top, right, bottom]: Rectangle) -> f32 {
    (right - left).max(0.0) * (bottom - top).max(0.0)
}

/// The part of a box that lies in a frame.
fn inside(frame: &Image, [left, top, right, bottom]: Rectangle) -> Rectangle {
    let (w, h) = (frame.width as f32, frame.height as f32);
    [
        left.clamp(0.0, w),
        top.clamp(0.0, h),
        right.clamp(0.0, w),
        bottom.clamp(0.0, h),
    ]
}

/// What was followed through the clips of a data set. A clip is known again by its frames, whatever pipes it comes through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tracks {
    /// By [`key`].
    tracks: BTreeMap<String, Track>,
}

/// Tracks of a file at most.
const MOST: usize = 10_000_000;

impl Tracks {
    /// Of each clip what moves most in it.
    pub fn add(&mut self, clip: &[Image], track: Option<Track>) {
        if let Some(track) = track {
            self.tracks.insert(key(clip), track);
        }
    }

    /// Clips in which something was followed.
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Whether nothing was followed.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// The track of a clip; `None` where nothing was followed in it, or it is another clip.
    pub fn of(&self, clip: &[Image]) -> Option<&Track> {
        let track = self.tracks.get(&key(clip))?;
        (track.start + track.boxes.len() <= clip.len()).then_some(track)
    }

    /// The file that [`Self::open`] reads.
    ///
    /// # Errors
    /// A number is none.
    pub fn bytes(&self) -> Result<Vec<u8>, DataError> {
        serde_json::to_vec(self).map_err(|error| DataError::new(error.to_string()))
    }

    /// # Errors
    /// It is no such file.
    pub fn open(bytes: &[u8]) -> Result<Self, DataError> {
        let read: Result<Self, _> = serde_json::from_slice(bytes);
        let tracks =
            read.map_err(|error| DataError::new(format!("it holds no tracks: {error}")))?;
        let sound = |track: &Track| {
            let is_box = |[left, top, right, bottom]: &Rectangle| {
                [left, top, right, bottom]
                    .iter()
                    .all(|side| side.is_finite())
                    && left <= right
                    && top <= bottom
            };
            !track.boxes.is_empty() && track.boxes.iter().all(is_box)
        };
        match tracks.tracks.len() <= MOST && tracks.tracks.values().all(sound) {
            true => Ok(tracks),
            false => Err(DataError::new(
                "it holds no tracks: boxes are missing or are none",
            )),
        }
    }
}

/// What a clip is known by: its first and last frame, and how many there are.
fn key(clip: &[Image]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(clip.len() as u64).to_le_bytes());
    for frame in clip.first().into_iter().chain(clip.last()) {
        hasher.update(&(frame.width as u64).to_le_bytes());
        hasher.update(&frame.pixels);
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// What two boxes have in common, in parts of what they cover together.
pub fn overlap(a: Rectangle, b: Rectangle) -> f32 {
    let both = [
        a[0].max(b[0]),
        a[1].max(b[1]),
        a[2].min(b[2]),
        a[3].min(b[3]),
    ];
    let common = area(both);
    common / (area(a) + area(b) - common).max(f32::MIN_POSITIVE)
}

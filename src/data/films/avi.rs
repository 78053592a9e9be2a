//! Motion-JPEG in AVI: a list of chunks, each a picture. Chunks are walked, not the index behind them: a file that was cut has none.

use std::fs::File;
use std::path::Path;

use super::huffman::with_tables;
use super::timeline::RATE;
use super::{Each, Timeline};
use crate::data::decode::{self, Look, size_is_sound};
use crate::data::{Image, regular};

/// Bytes of the headers.
const HEAD: u64 = 1 << 20;
/// Bytes of the largest picture in it.
const PICTURE: u32 = 64 << 20;
/// Lists inside one another.
const DEPTH: usize = 4;
/// Chunks that are walked.
const CHUNKS: usize = 1 << 23;

/// What is said of a file that is cut.
const CUT: &str = "it is not whole: it ends in the middle";

/// What the stream of pictures is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    height: usize,
    width: usize,
    /// Frames in so many seconds.
    rate: (u64, u64),
    /// The number of the stream, as two digits.
    stream: [u8; 2],
    /// Four letters for how it is packed.
    pub codec: String,
}

/// Where a chunk's content lies.
type Place = (u64, u32);

fn four(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(at..at + 4)?.try_into().ok()
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    four(bytes, at).map(u32::from_le_bytes)
}

/// The chunks in `from..to` of a file: name, where the content starts, its length.
fn chunks(file: &File, mut from: u64, to: u64) -> impl Iterator<Item = ([u8; 4], u64, u32)> {
    std::iter::from_fn(move || {
        let mut head = [0; 8];
        if from.checked_add(8)? > to || regular::read_at(file, &mut head, from).is_err() {
            return None;
        }
        let (name, length) = (four(&head, 0)?, number(&head, 4)?);
        let start = from + 8;
        // content is filled up to an even length
        from = start + u64::from(length) + u64::from(length & 1);
        Some((name, start, length))
    })
}

/// The lists called `name` among chunks, and where they lie without their names.
fn list(file: &File, (start, length): Place) -> Option<([u8; 4], u64, u64)> {
    let mut name = [0; 4];
    (length >= 4 && regular::read_at(file, &mut name, start).is_ok())
        .then(|| (name, start + 4, start + u64::from(length)))
}

/// Bytes at a place of the headers.
fn content(file: &File, (start, length): Place) -> Option<Vec<u8>> {
    let mut bytes = vec![0; u64::from(length).min(HEAD) as usize];
    regular::read_at(file, &mut bytes, start).ok()?;
    Some(bytes)
}

/// The first stream of pictures that the headers say.
pub(super) fn head(file: &File) -> Result<Head, String> {
    let end = file.metadata().map_err(|error| error.to_string())?.len();
    let unsound = || "its headers are damaged".to_owned();
    let (_, start, _) = chunks(file, 0, end).next().ok_or_else(unsound)?;
    let headers = chunks(file, start + 4, end.min(start + HEAD))
        .take(16)
        .filter(|(name, ..)| name == b"LIST")
        .filter_map(|(_, at, length)| list(file, (at, length)))
        .find(|(name, ..)| name == b"hdrl")
        .ok_or_else(unsound)?;
    let streams = chunks(file, headers.1, headers.2)
        .take(256)
        .filter(|(name, ..)| name == b"LIST")
        .filter_map(|(_, at, length)| list(file, (at, length)))
        .filter(|(name, ..)| name == b"strl");
    for (at, (_, from, to)) in streams.enumerate().take(100) {
        let mut parts = chunks(file, from, to).take(64);
        let Some(about) = parts.find(|(name, ..)| name == b"strh") else {
            continue;
        };
        let about = content(file, (about.1, about.2)).ok_or_else(unsound)?;
        if about.get(..4) != Some(b"vids") {
            continue;
        }
        let form = parts
            .find(|(name, ..)| name == b"strf")
            .and_then(|(_, at, length)| content(file, (at, length)))
            .ok_or_else(unsound)?;
        let (scale, rate) = (number(&about, 20), number(&about, 24));
        let (width, height) = (number(&form, 4), number(&form, 8));
        let (Some(scale), Some(rate), Some(width), Some(height)) = (scale, rate, width, height)
        else {
            return Err(unsound());
        };
        let codec = four(&form, 16).unwrap_or_default();
        // a height below zero: rows from the top
        let height = (height as i32).unsigned_abs();
        return Ok(Head {
            height: height as usize,
            width: width as usize,
            rate: match (rate, scale) {
                (0, _) | (_, 0) => RATE,
                _ => (rate.into(), scale.into()),
            },
            stream: [b'0' + (at / 10) as u8, b'0' + (at % 10) as u8],
            codec: codec.escape_ascii().to_string(),
        });
    }
    Err("it holds no pictures".into())
}

/// Whether its pictures are read here.
pub(super) fn is_jpeg(head: &Head) -> bool {
    matches!(
        head.codec.to_ascii_uppercase().as_str(),
        "MJPG" | "AVRN" | "LJPG" | "JPEG"
    )
}

/// Where the pictures lie, in order; an empty one shows the last once more. And whether the file ends before it says.
fn pictures(file: &File, stream: [u8; 2]) -> Result<(Vec<Place>, bool), String> {
    let end = file.metadata().map_err(|error| error.to_string())?.len();
    let mut found = Vec::new();
    let mut cut = false;
    let mut walked = 0;
    // large files are several of these, one after another
    for (name, start, length) in chunks(file, 0, end) {
        let stop = start + u64::from(length);
        cut |= stop > end;
        if &name == b"RIFF" {
            let mut walk = Walk {
                file,
                end,
                stream,
                found: &mut found,
                cut: &mut cut,
                walked: &mut walked,
            };
            walk.go(start + 4, stop.min(end), DEPTH)?;
        }
    }
    Ok((found, cut))
}

struct Walk<'f> {
    file: &'f File,
    end: u64,
    stream: [u8; 2],
    found: &'f mut Vec<Place>,
    cut: &'f mut bool,
    walked: &'f mut usize,
}

impl Walk<'_> {
    fn go(&mut self, from: u64, to: u64, depth: usize) -> Result<(), String> {
        for (name, start, length) in chunks(self.file, from, to) {
            *self.walked += 1;
            if *self.walked > CHUNKS {
                return Err(format!("it has more than {CHUNKS} chunks"));
            }
            let stop = start + u64::from(length);
            if &name == b"LIST" && depth > 0 {
                *self.cut |= stop > self.end;
                match list(self.file, (start, length)) {
                    Some((name, from, to)) if &name == b"movi" || &name == b"rec " => {
                        self.go(from, to.min(self.end), depth - 1)?;
                    }
                    _ => {}
                }
                continue;
            }
            let is_picture = name[..2] == self.stream && matches!(&name[2..], b"dc" | b"db");
            if !is_picture {
                continue;
            }
            if stop > self.end {
                *self.cut = true;
                continue;
            }
            if length > PICTURE {
                return Err(format!(
                    "picture {} of it is larger than {} MiB",
                    self.found.len(),
                    PICTURE >> 20
                ));
            }
            self.found.push((start, length));
        }
        Ok(())
    }
}

/// Size and times.
pub(super) fn look(path: &Path) -> Result<Timeline, String> {
    let file = regular::open(path).map_err(|error| error.to_string())?;
    let head = head(&file)?;
    size_is_sound(head.width as u32, head.height as u32, 3)?;
    let (pictures, cut) = pictures(&file, head.stream)?;
    let mut timeline = Timeline::even((head.height, head.width), pictures.len(), head.rate)?;
    timeline.damage = cut.then(|| CUT.to_owned());
    Ok(timeline)
}

/// Gives each frame to `each` until that wants no more. What is damaged comes back as a sentence.
pub(super) fn read(path: &Path, look: &Look, each: Each<'_>) -> Result<Option<String>, String> {
    let file = regular::open(path).map_err(|error| error.to_string())?;
    let head = head(&file)?;
    let (places, cut) = pictures(&file, head.stream)?;
    let mut last: Option<Image> = None;
    let mut bytes = Vec::new();
    for (at, (start, length)) in places.into_iter().enumerate() {
        if length > 0 {
            bytes.resize(length as usize, 0);
            regular::read_at(&file, &mut bytes, start).map_err(|error| error.to_string())?;
            match decode::decode(&with_tables(&bytes), look) {
                Ok(frame) if (frame.height, frame.width) == (head.height, head.width) => {
                    last = Some(frame);
                }
                Ok(frame) => {
                    return Ok(Some(format!(
                        "picture {at} of it is {} × {} pixels, not {} × {}",
                        frame.height, frame.width, head.height, head.width
                    )));
                }
                Err(error) => return Ok(Some(format!("picture {at} of it: {error}"))),
            }
        }
        let Some(frame) = &last else {
            return Ok(Some("its first picture is empty".into()));
        };
        if !each(frame.clone())? {
            return Ok(None);
        }
    }
    Ok(cut.then(|| CUT.to_owned()))
}

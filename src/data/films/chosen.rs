//! A film as it is read: decoded into the cache the first time, read there from then on.

use std::ops::Range;
use std::sync::PoisonError;

use super::kept::{Kept, Writing};
use super::{Each, Film, Reading, Timeline, too_large};
use crate::augment::Scratch;
use crate::data::decode::CLIP_BYTES;
use crate::data::{DataError, Image};

/// Bytes of the frames of one film that are kept at most.
const KEPT: u64 = 16 << 30;

/// A film as it is read: which of its frames are chosen, and where they are kept.
pub(in crate::data) struct Chosen<'f> {
    pub film: &'f Film,
    pub reading: &'f Reading,
    /// Seconds at its start that are left out.
    pub skip: f64,
    /// blake3 of the file.
    pub content: &'f dyn Fn() -> Result<[u8; 32], DataError>,
}

/// What is decoded of a film.
struct Plan {
    timeline: Timeline,
    chosen: Vec<usize>,
}

impl Chosen<'_> {
    /// Some of the frames that are chosen; `None`: all. `mend`: as many as there are of a film that is damaged.
    ///
    /// # Errors
    /// It can't be read, is damaged, or its frames take more memory than is given to a clip; the sentence goes on after
    /// "can't read NAME: ".
    pub fn frames(&self, range: Option<Range<usize>>, mend: bool) -> Result<Vec<Image>, DataError> {
        let entry = match self.reading.cache {
            Some(_) => self.reading.entry(&(self.content)()?, self.skip),
            None => None,
        };
        if let Some(kept) = entry.as_deref().and_then(Kept::open) {
            return part(&kept, range, mend);
        }
        // whoever panicked while decoding has left nothing
        let _decoding = self
            .film
            .decoding
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = entry.as_deref().and_then(Kept::open) {
            return part(&kept, range, mend);
        }
        let timeline = self.film.timeline()?;
        let chosen = self.reading.pace.chosen(&timeline, self.skip);
        let (height, width) = self.reading.size((timeline.height, timeline.width));
        let all = (chosen.len() as u64).saturating_mul(self.reading.bytes(height, width));
        if range.is_none() && all > CLIP_BYTES as u64 {
            return Err(DataError::new(too_large()));
        }
        let plan = Plan { timeline, chosen };
        let writing = entry
            .filter(|_| all <= KEPT)
            .as_deref()
            .and_then(Writing::begin);
        if let Some(writing) = writing
            && let Some(kept) = self.keep(&plan, writing)?
        {
            return part(&kept, range, mend);
        }
        self.read(&plan, range, mend)
    }

    /// Whether its frames are in the cache.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn is_there(&self) -> Result<bool, DataError> {
        if self.reading.cache.is_none() {
            return Ok(false);
        }
        let entry = self.reading.entry(&(self.content)()?, self.skip);
        Ok(entry.as_deref().and_then(Kept::open).is_some())
    }

    /// Decodes it into the cache, where it is not there yet.
    ///
    /// # Errors
    /// It can't be read.
    pub fn fetch(&self) -> Result<(), DataError> {
        self.frames(Some(0..0), true).map(drop)
    }

    /// `None` where it can't be kept.
    fn keep(&self, plan: &Plan, mut writing: Writing) -> Result<Option<Kept>, DataError> {
        let mut sound = true;
        let damage = self.each(plan, &mut |frame| {
            sound &= writing.add(&frame);
            Ok(sound)
        })?;
        Ok(match sound {
            true => writing.finish(damage),
            false => None,
        })
    }

    /// Without a cache.
    fn read(
        &self,
        plan: &Plan,
        range: Option<Range<usize>>,
        mend: bool,
    ) -> Result<Vec<Image>, DataError> {
        let mut frames = Vec::new();
        let (mut at, mut bytes) = (0, 0);
        let damage = self.each(plan, &mut |frame| {
            let wanted = range.as_ref().is_none_or(|range| range.contains(&at));
            at += 1;
            if wanted {
                bytes += frame.pixels.len();
                if bytes > CLIP_BYTES {
                    return Err(too_large());
                }
                frames.push(frame);
            }
            Ok(range.as_ref().is_none_or(|range| at < range.end))
        })?;
        let enough = range
            .as_ref()
            .is_some_and(|range| range.len() == frames.len());
        match damage {
            Some(damage) if !mend && !enough => Err(DataError::new(damage)),
            _ => Ok(frames),
        }
    }

    /// Gives every chosen frame, at its size. What is damaged comes back as a sentence.
    fn each(&self, plan: &Plan, give: Each<'_>) -> Result<Option<String>, DataError> {
        let Plan { timeline, chosen } = plan;
        let look = &self.reading.look;
        let mut scratch = Scratch::default();
        let mut wanted = chosen.iter().peekable();
        let (mut at, mut given) = (0, 0);
        let damage = self.film.decode(timeline, look, &mut |frame| {
            let number = at;
            at += 1;
            if wanted.peek().is_some_and(|next| **next > number) {
                return Ok(true);
            }
            let frame = self.reading.sized(frame, &mut scratch)?;
            while wanted.next_if(|next| **next == number).is_some() {
                given += 1;
                if !give(frame.clone())? {
                    return Ok(false);
                }
            }
            Ok(wanted.peek().is_some())
        })?;
        match (given, damage) {
            (0, damage) => {
                let why = damage.unwrap_or_else(|| "it has no frame".into());
                Err(DataError::new(why))
            }
            // what is damaged lies behind all that is wanted
            (_, damage) => Ok(damage
                .filter(|_| given < chosen.len())
                .or_else(|| timeline.damage.clone())),
        }
    }
}

fn part(kept: &Kept, range: Option<Range<usize>>, mend: bool) -> Result<Vec<Image>, DataError> {
    let all = kept.head.frames;
    let whole = range.is_none();
    let range = range.unwrap_or(0..all);
    let there = range.start.min(all)..range.end.min(all);
    if let Some(damage) = &kept.head.damage
        && !mend
        && (whole || there != range)
    {
        return Err(DataError::new(damage.clone()));
    }
    let bytes = kept.head.height * kept.head.width * kept.head.channels;
    if there.len().saturating_mul(bytes) > CLIP_BYTES {
        return Err(DataError::new(too_large()));
    }
    kept.read(there).map_err(DataError::new)
}

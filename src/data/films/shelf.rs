//! Clips below a folder, as a data set reads them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Chosen, Clip, Film, Frames, Reading, Timeline};
use crate::augment::Scratch;
use crate::data::decode::{self, CLIP_BYTES, Look};
use crate::data::file_hashes::Contents;
use crate::data::folders::plural;
use crate::data::progress::{Hashing, go_on};
use crate::data::{DataError, Image, Progress, regular};

/// Where clips lie, and how they are read.
pub(in crate::data) struct Shelf {
    root: PathBuf,
    reading: Reading,
    contents: Contents,
}

/// How a picture is decoded.
type Decode = fn(&[u8], &Look) -> Result<Image, String>;

impl Shelf {
    pub fn new(root: PathBuf, reading: Reading) -> Self {
        Self {
            contents: Contents::new(root.clone()),
            root,
            reading,
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Some of the frames that are read of a clip, after so many seconds; `None`: all. `mend`: what there is of it.
    ///
    /// # Errors
    /// It can't be read; the sentence goes on after "can't read NAME: ".
    pub fn frames(
        &self,
        clip: &Clip,
        range: Option<Range<usize>>,
        skip: f64,
        mend: bool,
    ) -> Result<Vec<Image>, DataError> {
        match &clip.frames {
            Frames::Pictures(files) => self.pictures(files, range, mend).map_err(DataError::new),
            Frames::Film(film) => self.chosen(clip, film, skip, &|chosen| {
                chosen.frames(range.clone(), mend)
            }),
        }
    }

    fn chosen<T>(
        &self,
        clip: &Clip,
        film: &Film,
        skip: f64,
        ask: &dyn Fn(Chosen<'_>) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        ask(Chosen {
            film,
            reading: &self.reading,
            skip,
            content: &|| self.contents.of(&clip.path),
        })
    }

    fn pictures(
        &self,
        files: &[PathBuf],
        range: Option<Range<usize>>,
        mend: bool,
    ) -> Result<Vec<Image>, String> {
        let decode: Decode = if mend { decode::mend } else { decode::decode };
        let chosen: Vec<&PathBuf> = files.iter().step_by(self.reading.pace.step).collect();
        let range = range.unwrap_or(0..chosen.len());
        let wanted = chosen.get(range).unwrap_or_default();
        let mut scratch = Scratch::default();
        let mut frames: Vec<Image> = Vec::new();
        for file in wanted {
            let name = file.file_name().unwrap_or_default().display();
            let bytes = regular::read(&self.root.join(file));
            let bytes = bytes.map_err(|error| format!("{name}: {error}"))?;
            let frame =
                decode(&bytes, &self.reading.look).map_err(|error| format!("{name}: {error}"))?;
            let frame = self.reading.sized(frame, &mut scratch)?;
            let (height, width) = (frame.height, frame.width);
            match frames.first() {
                None if wanted.len().saturating_mul(frame.pixels.len()) > CLIP_BYTES => {
                    return Err(super::too_large());
                }
                Some(first) if (first.height, first.width) != (height, width) => {
                    let first_name = wanted[0].file_name().unwrap_or_default().display();
                    return Err(format!(
                        "its frames differ in size: {first_name} is {} × {} pixels, {name} {height} × {width}",
                        first.height, first.width
                    ));
                }
                _ => frames.push(frame),
            }
        }
        Ok(frames)
    }

    /// Decodes every film into the cache that is not there yet, on all cores. What can't be read is told when it is read.
    ///
    /// # Errors
    /// Somebody asked to stop.
    pub fn fetch(&self, clips: &[(&Clip, f64)], progress: &dyn Progress) -> Result<(), DataError> {
        let Some(cache) = &self.reading.cache else {
            return Ok(());
        };
        let films: Vec<(&Clip, &Film, f64)> = clips
            .iter()
            .filter_map(|(clip, skip)| match &clip.frames {
                Frames::Film(film) => Some((*clip, film, *skip)),
                Frames::Pictures(_) => None,
            })
            .filter(|(clip, film, skip)| {
                let there = self.chosen(clip, film, *skip, &|chosen| chosen.is_there());
                !there.unwrap_or(false)
            })
            .collect();
        if films.is_empty() {
            return Ok(());
        }
        let length = |film: &Film| film.path().metadata().map_or(0, |about| about.len());
        let decoding = Hashing::new(
            progress,
            format!("decoding {}", plural(films.len(), "film")),
            films.iter().map(|(_, film, _)| length(film)).sum(),
        );
        films.par_iter().try_for_each(|(clip, film, skip)| {
            go_on()?;
            let _ = self.chosen(clip, film, *skip, &|chosen| chosen.fetch());
            go_on()?;
            decoding.add(length(film));
            Ok::<(), DataError>(())
        })?;
        super::prune::prune(cache);
        Ok(())
    }
}

/// What is known of each film; of folders of frames, and of what can't be read, nothing. Files are looked at on all cores.
///
/// # Errors
/// A program that reads one is not installed.
pub(in crate::data) fn looked_at(clips: &[Clip]) -> Result<Vec<Option<Timeline>>, DataError> {
    let look = |clip: &Clip| match &clip.frames {
        Frames::Pictures(_) => Ok(None),
        Frames::Film(film) => match film.timeline() {
            Ok(timeline) => Ok(Some(timeline)),
            // what to do is only said of what is missing on this machine
            Err(error) if error.help.is_some() => Err(DataError {
                message: format!("can't read {}: {}", film.path().display(), error.message),
                help: error.help,
            }),
            Err(_) => Ok(None),
        },
    };
    let is_film = |clip: &Clip| matches!(clip.frames, Frames::Film(_));
    // a pool of its own: how many threads compute is not known yet, and is said once in a process
    match rayon::ThreadPoolBuilder::new().build() {
        Ok(pool) if clips.iter().any(is_film) => {
            pool.install(|| clips.par_iter().map(look).collect())
        }
        _ => clips.iter().map(look).collect(),
    }
}

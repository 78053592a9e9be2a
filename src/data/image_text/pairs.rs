//! The pairs of a split: which record is which caption of which file.

use std::path::PathBuf;

use super::captions::{Caption, Captions};
use super::labels::Labels;
use super::source::{Found, Pairs};
use crate::data::decode::{self, Look, PictureSize};
use crate::data::{
    DataError, Dataset, Draws, Fields, Progress, Record, Sample, file_hashes, manifest, pictures,
    shards, texts,
};

/// The pairs of a split.
pub(super) struct ImageText {
    pub(super) files: Vec<Box<dyn Pairs>>,
    /// First row of each file.
    pub(super) firsts: Vec<usize>,
    pub(super) rows: usize,
    pub(super) captions: Captions,
    /// A record is a caption with its picture; else a picture, of whose captions one is drawn.
    pub(super) each: bool,
    /// A record has no caption.
    pub(super) pictures_alone: bool,
    /// So many records are shuffled with one another.
    pub(super) buffer: Option<usize>,
    pub(super) labels: Labels,
    pub(super) fields: Fields,
    pub(super) look: Look,
    pub(super) size: PictureSize,
    pub(super) kind: String,
}

impl ImageText {
    /// The caption that stands for a record where none is drawn.
    fn first(&self, index: usize) -> Result<Caption, DataError> {
        match self.each {
            true => self.captions.get(index),
            false => self.captions.first(index),
        }
    }

    /// The file that holds a row, its number and the row's place there.
    fn place(&self, row: u32) -> Result<(&dyn Pairs, usize, usize), DataError> {
        let (file, at) = shards::locate(&self.firsts, self.rows, row as usize)?;
        Ok((&*self.files[file], file, at))
    }

    fn record(&self, index: usize, draws: Draws, mend: bool) -> Result<Record, DataError> {
        let caption = match self.each {
            true => self.captions.get(index)?,
            false => (self.captions).draw(index, &mut draws.stream(self.id(index)))?,
        };
        let (from, file, at) = self.place(caption.row)?;
        let mut row = from.row(at)?;
        let name = || row.name.clone();
        let failed = |what: String| DataError::new(format!("can't read {}: {what}", name()));
        let decode = if mend { decode::mend } else { decode::decode };
        let image = decode(&row.image, &self.look).map_err(failed)?;
        self.size.check(&image, &name)?;
        if self.pictures_alone {
            let mut record = vec![Sample::image(image)];
            record.extend(self.labels.sample(from, file, at));
            return Ok(record);
        }
        let said = match (caption.at as usize) < row.captions.len() {
            true => row.captions.swap_remove(caption.at as usize),
            false => {
                return Err(failed(
                    "the file has changed since it was looked through".into(),
                ));
            }
        };
        let read = if mend { texts::mend } else { texts::read };
        let text = read(said).map_err(|what| {
            DataError::new(format!("can't read the caption of {}: {what}", row.name))
        })?;
        let mut record = vec![Sample::image(image), Sample::text(text)];
        record.extend(self.labels.sample(from, file, at));
        Ok(record)
    }
}

impl Dataset for ImageText {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        match self.each {
            true => self.captions.len(),
            false => self.captions.pictures(),
        }
    }

    fn read(&self, index: usize, draws: Draws) -> Result<Record, DataError> {
        self.record(index, draws, false)
    }

    fn mend(&self, index: usize, draws: Draws) -> Result<Record, DataError> {
        self.record(index, draws, true)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        let (from, file, at) = self.place(self.first(index)?.row)?;
        Ok(self.labels.class(from, file, at))
    }

    fn class_names(&self) -> &[String] {
        self.labels.names()
    }

    fn origin(&self, index: usize) -> Option<String> {
        let (from, _, at) = self.place(self.first(index).ok()?.row).ok()?;
        if let Some(Found { root, files }) = from.beside(&mut std::iter::once(at)) {
            return Some(pictures::path_below(&root, files.first()?));
        }
        let name = from.file().file_name()?.to_string_lossy();
        Some(format!("{name}#{at}"))
    }

    fn group(&self, index: usize) -> Option<u64> {
        let picture = match self.each {
            true => self.captions.picture(index),
            false => index,
        };
        self.captions.group(picture).map(u64::from)
    }

    fn buffer(&self) -> Option<usize> {
        self.buffer
    }

    fn resident_bytes(&self) -> u64 {
        let files: u64 = self.files.iter().map(|file| file.resident()).sum();
        files + self.captions.bytes()
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let paths: Vec<PathBuf> = self
            .files
            .iter()
            .map(|file| file.file().to_owned())
            .collect();
        let mut parts = vec![manifest::of_whole_files(&self.kind, &paths, progress)?];
        for (file, first) in self.files.iter().zip(&self.firsts) {
            let own = first..&(first + file.index().len());
            let pictures = (0..self.captions.pictures()).filter_map(|picture| {
                let row = self.captions.first(picture).ok()?.row as usize;
                own.contains(&&row).then(|| row - first)
            });
            let mut rows = pictures.collect::<Vec<usize>>().into_iter();
            let Some(Found { root, files }) = file.beside(&mut rows) else {
                continue;
            };
            let kind = format!("image_text {:?}", self.look.channels);
            let pictures = file_hashes::Pictures {
                kind: &kind,
                root: &root,
                files: &files,
                labels: &[],
                look: &self.look,
            };
            parts.push(file_hashes::manifest(&pictures, progress)?);
        }
        Ok(manifest::composed("image_text", &parts))
    }
}

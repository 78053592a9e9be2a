//! The clips of a split, read one by one.

use std::sync::{Arc, OnceLock};

use crate::data::decode::PictureSize;
use crate::data::films::{Clip, Shelf};
use crate::data::folders::plural;
use crate::data::{DataError, Dataset, Draws, Fields, Progress, Record, Sample, file_hashes};

/// A split.
pub(super) struct Folder {
    pub shelf: Shelf,
    pub clips: Vec<Clip>,
    /// For each record its clip, and the first of its frames.
    pub records: Vec<(u32, u32)>,
    /// Frames of a record; `None`: all of the clip.
    pub frames: Option<usize>,
    pub classes: Arc<[String]>,
    pub fields: Fields,
    pub size: PictureSize,
    /// A clip with fewer is not read.
    pub least: usize,
    /// Once it is known.
    pub manifest: OnceLock<String>,
}

impl Folder {
    fn clip(&self, index: usize) -> Result<(&Clip, usize), DataError> {
        let record = self.records.get(index);
        let (clip, start) = record.ok_or_else(|| DataError::outside(index, self.records.len()))?;
        Ok((&self.clips[*clip as usize], *start as usize))
    }

    /// `mend`: what there is of a file that is not whole.
    fn record(&self, index: usize, mend: bool) -> Result<Record, DataError> {
        let (clip, start) = self.clip(index)?;
        let path = self.shelf.root().join(&clip.path);
        let name = || format!("{} (clip {index})", path.display());
        let bad = |error: DataError| DataError {
            message: format!("can't read {}: {}", name(), error.message),
            help: error.help,
        };
        let range = self.frames.map(|frames| start..start + frames);
        let frames = self.shelf.frames(clip, range, 0.0, mend).map_err(bad)?;
        if let Some(first) = frames.first() {
            self.size.check(first, &name)?;
        }
        let least = self.frames.unwrap_or(self.least);
        if frames.len() < least {
            let has = plural(frames.len(), "frame");
            let step = match self.shelf.reading().pace.step {
                1 => String::new(),
                step => format!(" (every {step} is read)"),
            };
            return Err(bad(DataError::new(format!(
                "it has {has}{step}, and clips have {least} at least"
            )))
            .help("`on_bad_sample = skip` leaves short clips out; `at_least` says how short a clip may be"));
        }
        let mut record = vec![Sample::clip(frames)];
        record.extend(clip.label.map(Sample::label));
        Ok(record)
    }
}

impl Dataset for Folder {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.records.len()
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, false)
    }

    fn mend(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, true)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        Ok(self.clip(index)?.0.label)
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    /// Parts of one clip are alike: they stay together.
    fn group(&self, index: usize) -> Option<u64> {
        self.frames?;
        let (clip, _) = self.records.get(index)?;
        Some(u64::from(*clip))
    }

    fn fetch(&self, progress: &dyn Progress) -> Result<(), DataError> {
        let clips: Vec<(&Clip, f64)> = self.clips.iter().map(|clip| (clip, 0.0)).collect();
        self.shelf.fetch(&clips, progress)
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        if let Some(known) = self.manifest.get() {
            return Ok(known.clone());
        }
        let (mut files, mut labels) = (Vec::new(), Vec::new());
        let mut lengths = blake3::Hasher::new();
        for clip in &self.clips {
            lengths.update(&(clip.files().len() as u64).to_le_bytes());
            labels.extend(clip.files().iter().filter_map(|_| clip.label));
            files.extend(clip.files().iter().cloned());
        }
        let reading = self.shelf.reading();
        let mut kind = format!(
            "video_folder {:?} {:?} step {} lengths {}",
            reading.look.channels,
            &*self.classes,
            reading.pace.step,
            lengths.finalize().to_hex()
        );
        if let Some(side) = reading.side {
            kind += &format!(" side {side}");
        }
        if let Some(fps) = reading.pace.fps {
            kind += &format!(" fps {fps}");
        }
        if let Some(frames) = self.frames {
            kind += &format!(" frames {frames}");
        }
        let pictures = file_hashes::Pictures {
            kind: &kind,
            root: self.shelf.root(),
            files: &files,
            labels: &labels,
            look: &reading.look,
        };
        let found = file_hashes::manifest(&pictures, progress)?;
        Ok(self.manifest.get_or_init(|| found).clone())
    }
}

//! The scenes of a split, each seen by all cameras, read one by one.

use std::sync::OnceLock;

use crate::data::films::{Clip, Shelf};
use crate::data::folders::plural;
use crate::data::{DataError, Dataset, Draws, Fields, Progress, Record, Sample, file_hashes};

/// One scene: a clip for each camera.
pub(super) struct Scene {
    pub views: Vec<Clip>,
    /// Frames that all of them have; `None` where one can't be looked at.
    pub frames: Option<usize>,
}

/// A split.
pub(super) struct Scenes {
    pub shelf: Shelf,
    pub scenes: Vec<Scene>,
    /// For each record its scene, and the first of its frames.
    pub records: Vec<(u32, u32)>,
    /// Frames of a record; `None`: all of the scene.
    pub cut: Option<usize>,
    /// Seconds at the start of each camera's film that are left out.
    pub offsets: Vec<f64>,
    /// A scene with fewer frames is not read.
    pub least: usize,
    pub fields: Fields,
    pub manifest: OnceLock<String>,
}

impl Scenes {
    fn record(&self, index: usize, mend: bool) -> Result<Record, DataError> {
        let record = self.records.get(index);
        let (scene, start) =
            *record.ok_or_else(|| DataError::outside(index, self.records.len()))?;
        let scene = &self.scenes[scene as usize];
        let range = self.cut.or(scene.frames).map(|frames| {
            let start = start as usize;
            start..start + frames
        });
        let mut views = Vec::with_capacity(scene.views.len());
        for (view, skip) in scene.views.iter().zip(&self.offsets) {
            let path = self.shelf.root().join(&view.path);
            let bad = |error: DataError| DataError {
                message: format!(
                    "can't read {} (scene {index}): {}",
                    path.display(),
                    error.message
                ),
                help: error.help,
            };
            let frames = self
                .shelf
                .frames(view, range.clone(), *skip, mend)
                .map_err(bad)?;
            let least = self.cut.unwrap_or(self.least);
            if frames.len() < least {
                let has = plural(frames.len(), "frame");
                return Err(bad(DataError::new(format!(
                    "it has {has}, and scenes have {least} at least"
                )))
                .help("`on_bad_sample = skip` leaves short scenes out; `at_least` says how short a scene may be"));
            }
            views.push(frames);
        }
        // moments that one of them lacks are no moments of the scene
        let shortest = views.iter().map(Vec::len).min().unwrap_or(0);
        let clips = views.into_iter().map(|mut frames| {
            frames.truncate(shortest);
            Sample::clip(frames)
        });
        Ok(clips.collect())
    }
}

impl Dataset for Scenes {
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

    fn class(&self, _: usize) -> Result<Option<u32>, DataError> {
        Ok(None)
    }

    /// Parts of one scene are alike: they stay together.
    fn group(&self, index: usize) -> Option<u64> {
        self.cut?;
        let (scene, _) = self.records.get(index)?;
        Some(u64::from(*scene))
    }

    fn fetch(&self, progress: &dyn Progress) -> Result<(), DataError> {
        let clips: Vec<(&Clip, f64)> = self
            .scenes
            .iter()
            .flat_map(|scene| scene.views.iter().zip(self.offsets.iter().copied()))
            .collect();
        self.shelf.fetch(&clips, progress)
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        if let Some(known) = self.manifest.get() {
            return Ok(known.clone());
        }
        let mut files = Vec::new();
        let mut lengths = blake3::Hasher::new();
        for view in self.scenes.iter().flat_map(|scene| &scene.views) {
            lengths.update(&(view.files().len() as u64).to_le_bytes());
            files.extend(view.files().iter().cloned());
        }
        let kind = format!(
            "cameras {} offsets {:?} frames {:?} {} lengths {}",
            self.fields.len(),
            self.offsets,
            self.cut,
            self.shelf.reading().words(),
            lengths.finalize().to_hex()
        );
        let pictures = file_hashes::Pictures {
            kind: &kind,
            root: self.shelf.root(),
            files: &files,
            labels: &[],
            look: &self.shelf.reading().look,
        };
        let found = file_hashes::manifest(&pictures, progress)?;
        Ok(self.manifest.get_or_init(|| found).clone())
    }
}

//! Pictures of a split, read one by one.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::data::decode::{self, Look, PictureSize};
use crate::data::folders::UNLABELLED;
use crate::data::{
    DataError, Dataset, Draws, Fields, Image, Progress, Record, Sample, file_hashes, pictures,
    regular,
};

/// Pictures of a split.
pub(super) struct Folder {
    /// The folder of the whole data set.
    pub place: PathBuf,
    /// That of the split.
    pub root: PathBuf,
    pub files: Vec<PathBuf>,
    /// Empty where there are no classes, [`UNLABELLED`] where a picture has none.
    pub labels: Vec<u32>,
    /// Empty where nothing says what belongs together.
    pub groups: Vec<u64>,
    pub classes: Arc<[String]>,
    pub fields: Fields,
    pub look: Look,
    pub size: PictureSize,
    /// Once it is known.
    pub manifest: OnceLock<String>,
}

impl Folder {
    fn file(&self, index: usize) -> Result<&PathBuf, DataError> {
        let file = self.files.get(index);
        file.ok_or_else(|| DataError::outside(index, self.files.len()))
    }

    fn record(
        &self,
        index: usize,
        decode: fn(&[u8], &Look) -> Result<Image, String>,
    ) -> Result<Record, DataError> {
        let path = self.root.join(self.file(index)?);
        let name = || format!("{} (picture {index})", path.display());
        let bad = |what: String| DataError::new(format!("can't read {}: {what}", name()));
        let bytes = regular::read(&path).map_err(|error| bad(error.to_string()))?;
        let image = decode(&bytes, &self.look).map_err(bad)?;
        self.size.check(&image, &name)?;
        let mut record = vec![Sample::image(image)];
        record.extend(self.labels.get(index).map(|label| match *label {
            UNLABELLED => Sample::missing(format!("nothing says a class of {}", name())),
            label => Sample::label(label),
        }));
        Ok(record)
    }
}

impl Dataset for Folder {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.files.len()
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, decode::decode)
    }

    fn mend(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, decode::mend)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        self.file(index)?;
        Ok((self.labels.get(index).copied()).filter(|label| *label != UNLABELLED))
    }

    fn group(&self, index: usize) -> Option<u64> {
        self.groups.get(index).copied()
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn origin(&self, index: usize) -> Option<String> {
        let path = self.root.join(self.files.get(index)?);
        Some(pictures::path_below(&self.place, &path))
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        if let Some(known) = self.manifest.get() {
            return Ok(known.clone());
        }
        let mut kind = format!("image_folder {:?} {:?}", self.look.channels, &*self.classes);
        if !self.groups.is_empty() {
            let groups: Vec<u8> = self
                .groups
                .iter()
                .flat_map(|own| own.to_le_bytes())
                .collect();
            kind += &format!(" {}", blake3::hash(&groups));
        }
        let pictures = file_hashes::Pictures {
            kind: &kind,
            root: &self.root,
            files: &self.files,
            labels: &self.labels,
            look: &self.look,
        };
        let found = file_hashes::manifest(&pictures, progress)?;
        Ok(self.manifest.get_or_init(|| found).clone())
    }
}

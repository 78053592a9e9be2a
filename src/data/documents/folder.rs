//! A folder of text files, each a document.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::Result as Checked;
use crate::data::{
    DataError, Dataset, Draws, Fields, Progress, Record, Sample, SampleType, Splits, folders,
    manifest, packed, regular, texts,
};

/// Endings of files that are text, whatever follows of their packing.
const ENDINGS: &[&str] = &["txt", "text", "md"];
/// First bytes of a file without an ending that are looked at.
const START: usize = 512;

/// Which files are documents.
pub(super) const DOCUMENTS: folders::Wanted = folders::Wanted {
    one: "document",
    formats: "Documents are files of the endings .txt, .text and .md, also with .gz or .zst, and files of text without an ending.",
    is: is_document,
    no_classes: "label = none",
};

/// A document by its name, or by its first bytes where the name does not say: numbers are names of messages.
pub(super) fn is_document(path: &Path, name: &str) -> bool {
    let (packing, inner) = packed::of_name(name);
    match inner.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => {
            ENDINGS.iter().any(|own| ending.eq_ignore_ascii_case(own))
        }
        _ if packing != packed::Packing::None => false,
        _ => {
            let mut start = [0; START];
            regular::start(path, &mut start).is_ok_and(|n| n > 0 && !start[..n].contains(&0))
        }
    }
}

struct Folder {
    root: PathBuf,
    files: Vec<PathBuf>,
    /// Empty where there are no classes.
    labels: Vec<u32>,
    classes: Arc<[String]>,
    fields: Fields,
}

impl Folder {
    fn file(&self, index: usize) -> Result<PathBuf, DataError> {
        let file = self.files.get(index);
        let file = file.ok_or_else(|| DataError::outside(index, self.files.len()))?;
        Ok(self.root.join(file))
    }

    fn record(
        &self,
        index: usize,
        text: fn(Vec<u8>) -> Result<Arc<str>, String>,
        most: u64,
    ) -> Result<Record, DataError> {
        let path = self.file(index)?;
        let bad = |what: String| {
            DataError::new(format!(
                "can't read {} (document {index}): {what}",
                path.display()
            ))
        };
        let bytes = head(&path, most).map_err(|error| bad(error.to_string()))?;
        let mut record = vec![Sample::text(text(bytes).map_err(bad)?)];
        record.extend(self.labels.get(index).map(|label| Sample::label(*label)));
        Ok(record)
    }
}

/// The first bytes of a file: all, where it is no longer.
fn head(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    packed::stream(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Bytes of a file that are read at most: what is longer than a document is told with its length.
const READ: u64 = 1 << 30;

impl Dataset for Folder {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.files.len()
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        let path = self.file(index)?;
        let length = std::fs::metadata(&path).map_or(0, |about| about.len());
        // a file beyond all measure is not read to be refused
        if packed::of_path(&path) == packed::Packing::None && length > READ {
            return Err(DataError::new(format!(
                "can't read {} (document {index}): it has {:.1} GB, and a document has at most {} MiB",
                path.display(),
                length as f64 / 1e9,
                texts::MOST >> 20
            )));
        }
        self.record(index, texts::read, READ)
    }

    fn mend(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, texts::mend, texts::MOST as u64)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        self.file(index)?;
        Ok(self.labels.get(index).copied())
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let paths: Vec<PathBuf> = self.files.iter().map(|file| self.root.join(file)).collect();
        let mut kind = format!("documents in folders {:?}", &*self.classes);
        self.labels
            .iter()
            .for_each(|label| kind += &format!(" {label}"));
        manifest::of_whole_files(&kind, &paths, progress)
    }
}

/// The splits of a folder of text files.
pub(super) fn open(place: &Path, labels: bool) -> Checked<Splits> {
    let how = folders::How {
        level: folders::Level::First,
        labels: &|_, _| labels,
        twice: false,
    };
    let mut layout = folders::layout(place, &how, DOCUMENTS)?;
    let mut splits = Splits {
        found: Some(Arc::new(folders::found(&layout))),
        ..Splits::default()
    };
    let classes: Arc<[String]> = std::mem::take(&mut layout.classes).into();
    splits.doubts = layout.doubts;
    for part in layout.parts {
        let mut fields = vec![("text".to_owned(), SampleType::TEXT)];
        if !part.labels.is_empty() {
            fields.push(("label".to_owned(), SampleType::label(classes.len())));
        }
        let folder = Folder {
            root: part.root,
            files: part.files,
            labels: part.labels,
            classes: classes.clone(),
            fields,
        };
        splits.parts.insert(part.split, Arc::new(folder));
    }
    Ok(splits)
}

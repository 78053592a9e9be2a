//! `cifar10()`: the original batches, binary or pickled by Python, in a folder or in the published archive.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;

use super::download::RemoteFile;
use super::lazy::Lazy;
use super::pickle;
use super::published::{Files, Published};
use super::{
    DataError, Dataset, Draws, Fields, Image, Normalization, Places, Progress, Record, Sample,
    SampleType, Silent, Splits, manifest, regular,
};
use crate::catalog::{Args, Kind, Make, Problem, Result, Spec, Split};
use crate::language::codes::Code;

const ARCHIVE: &str = "cifar-10-binary.tar.gz";
const FOLDER: &str = "cifar-10-batches-bin";
const TRAIN: &[&str] = &[
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
];
const TEST: &[&str] = &["test_batch.bin"];
/// The same as Python has pickled them: names without their ending.
const PYTHON_ARCHIVE: &str = "cifar-10-python.tar.gz";
const PYTHON_FOLDER: &str = "cifar-10-batches-py";
/// Bytes of a batch that is read: five times those of a published one.
const MOST: u64 = 160 << 20;
const CLASSES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];
const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
/// One byte of label, then a plane per colour.
const RECORD: usize = 1 + 3 * PLANE;

fn published() -> Published {
    Published {
        name: "cifar10",
        well_known: &[
            "/usr/share/datasets/cifar-10",
            "/usr/share/datasets/cifar10",
        ],
        holds: "cifar-10-binary.tar.gz or cifar-10-python.tar.gz, or a folder with one of them or with data_batch_1.bin … test_batch.bin",
        package: None,
        // size and sum as its author publishes them (MD5) and as every tool that pins the file has them (SHA-256)
        files: vec![RemoteFile {
            url: format!("https://www.cs.toronto.edu/~kriz/{ARCHIVE}"),
            name: ARCHIVE.to_owned(),
            bytes: 170_052_171,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd".to_owned(),
        }],
    }
}

/// How batches are written.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Binary,
    /// A pickled dictionary each.
    Python,
}

impl Form {
    /// What a batch is called.
    fn name(self, binary: &str) -> &str {
        match self {
            Form::Binary => binary,
            Form::Python => binary.strip_suffix(".bin").unwrap_or(binary),
        }
    }

    /// The records of a batch.
    fn records(self, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        if self == Form::Binary {
            return Ok(bytes);
        }
        let pickle::Rows { labels, data } = pickle::rows(&bytes, RECORD - 1)?;
        let rows = labels.iter().zip(data.chunks_exact(RECORD - 1));
        let mut records = Vec::with_capacity(labels.len() * RECORD);
        for (label, row) in rows {
            records.push(*label);
            records.extend(row);
        }
        Ok(records)
    }
}

/// How the batches are stored.
enum Store {
    /// Files of this folder.
    Folder(PathBuf, Form),
    /// Members of this archive.
    Archive(PathBuf, Form),
}

fn store(place: &Path) -> Option<Store> {
    if place.is_file() {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let form = match name.contains("python") {
            true => Form::Python,
            false => Form::Binary,
        };
        return Some(Store::Archive(place.to_owned(), form));
    }
    let whole = |folder: &Path, form: Form| {
        let mut names = TRAIN.iter().chain(TEST);
        names.all(|name| folder.join(form.name(name)).is_file())
    };
    for (folder, archive, form) in [
        (FOLDER, ARCHIVE, Form::Binary),
        (PYTHON_FOLDER, PYTHON_ARCHIVE, Form::Python),
    ] {
        for folder in [place.to_owned(), place.join(folder)] {
            if whole(&folder, form) {
                return Some(Store::Folder(folder, form));
            }
        }
        let archive = place.join(archive);
        if archive.is_file() {
            return Some(Store::Archive(archive, form));
        }
    }
    None
}

fn holds(place: &Path) -> Result<(), String> {
    match store(place) {
        Some(_) => Ok(()),
        None => Err(format!(
            "it holds neither {ARCHIVE} nor {PYTHON_ARCHIVE} nor the files data_batch_1.bin … test_batch.bin"
        )),
    }
}

struct Batches {
    files: Arc<Files>,
    names: &'static [&'static str],
    fields: Fields,
    classes: Vec<String>,
    len: usize,
    records: Lazy<Vec<u8>>,
}

impl Batches {
    fn open(files: Arc<Files>, names: &'static [&'static str], expected: usize) -> Result<Self> {
        let mut len = expected;
        if files.here() {
            let place = files
                .folder(&Silent)
                .map_err(|error| Problem::new(Code::MissingData, error.message))?;
            // an archive would have to be unpacked to know its sizes: those are checked when it is read
            if let Some(Store::Folder(folder, Form::Binary)) = store(place) {
                len = 0;
                for name in names {
                    len += records_in(&folder.join(name))?;
                }
            }
        }
        Ok(Self {
            files,
            names,
            fields: vec![
                ("image".into(), SampleType::image(3, SIDE, SIDE)),
                ("label".into(), SampleType::label(CLASSES.len())),
            ],
            classes: CLASSES.map(str::to_owned).to_vec(),
            len,
            records: Lazy::default(),
        })
    }

    fn store(&self) -> Result<Store, DataError> {
        let place = self.files.folder(&Silent)?;
        store(place)
            .ok_or_else(|| DataError::new(format!("{} no longer holds CIFAR-10", place.display())))
    }

    fn records(&self) -> Result<&[u8], DataError> {
        let records = self.records.get(|| {
            let (bytes, from) = match self.store()? {
                Store::Folder(folder, form) => {
                    let mut bytes = Vec::with_capacity(self.len * RECORD);
                    for name in self.names {
                        let path = folder.join(form.name(name));
                        let bad = |what: String| {
                            DataError::new(format!("can't read {}: {what}", path.display()))
                        };
                        let part = whole(&path).map_err(|error| bad(error.to_string()))?;
                        bytes.extend(form.records(part).map_err(bad)?);
                    }
                    (bytes, folder)
                }
                Store::Archive(path, form) => (unpack(&path, self.names, form)?, path),
            };
            if bytes.len() != self.len * RECORD {
                return Err(DataError::new(format!(
                    "{} holds {} bytes of {}, not {} records of {RECORD}",
                    from.display(),
                    bytes.len(),
                    self.names.join(", "),
                    self.len
                )));
            }
            let bad = |record: &[u8]| usize::from(record[0]) >= CLASSES.len();
            if let Some(index) = bytes.chunks_exact(RECORD).position(bad) {
                return Err(DataError::new(format!(
                    "record {index} of {} ({}) has the label {}, but there are 10 classes",
                    from.display(),
                    self.names.join(", "),
                    bytes[index * RECORD]
                )));
            }
            Ok(bytes)
        })?;
        Ok(records)
    }

    fn record(&self, index: usize) -> Result<&[u8], DataError> {
        let record = self.records()?.chunks_exact(RECORD).nth(index);
        record.ok_or_else(|| DataError::outside(index, self.len))
    }
}

/// All bytes of a batch.
fn whole(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = regular::open(path)?;
    match file.metadata()?.len() > MOST {
        true => Err(std::io::Error::other("it is larger than any batch")),
        false => file.take(MOST).read_to_end(&mut bytes).map(|_| bytes),
    }
}

fn records_in(path: &Path) -> Result<usize> {
    let bad = |what: String| {
        Problem::new(
            Code::BadFile,
            format!("can't read {}: {what}", path.display()),
        )
    };
    let bytes = fs::metadata(path)
        .map_err(|error| bad(error.to_string()))?
        .len() as usize;
    if !bytes.is_multiple_of(RECORD) {
        return Err(bad(format!(
            "its {bytes} bytes are no whole number of records of {RECORD}"
        )));
    }
    Ok(bytes / RECORD)
}

/// The named members of the archive, joined in the order of `names`.
fn unpack(path: &Path, names: &[&str], form: Form) -> Result<Vec<u8>, DataError> {
    let bad = |what: String| DataError::new(format!("can't read {}: {what}", path.display()));
    let file = File::open(path).map_err(|error| bad(error.to_string()))?;
    let mut archive = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    let mut parts = vec![None; names.len()];
    for entry in archive.entries().map_err(|error| bad(error.to_string()))? {
        let mut entry = entry.map_err(|error| bad(error.to_string()))?;
        let name = entry
            .path()
            .ok()
            .and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
        let Some(at) = names
            .iter()
            .position(|wanted| Some(form.name(wanted)) == name.as_deref())
        else {
            continue;
        };
        let mut bytes = Vec::new();
        let read = entry.by_ref().take(MOST + 1).read_to_end(&mut bytes);
        read.map_err(|error| bad(error.to_string()))?;
        if bytes.len() as u64 > MOST {
            return Err(bad(format!("{} is larger than any batch", names[at])));
        }
        let records = form.records(bytes);
        let records = records.map_err(|what| bad(format!("{}: {what}", form.name(names[at]))))?;
        parts[at] = Some(records);
        if parts.iter().all(Option::is_some) {
            break;
        }
    }
    if let Some(at) = parts.iter().position(Option::is_none) {
        return Err(bad(format!("{} is not in it", form.name(names[at]))));
    }
    Ok(parts.into_iter().flatten().flatten().collect())
}

impl Dataset for Batches {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.len
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        let record = self.record(index)?;
        let (red, rest) = record[1..].split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        let mut pixels = Vec::with_capacity(3 * PLANE);
        for ((r, g), b) in red.iter().zip(green).zip(blue) {
            pixels.extend([*r, *g, *b]);
        }
        Ok(vec![
            Sample::image(Image::new(pixels, SIDE, SIDE, 3)),
            Sample::label(u32::from(record[0])),
        ])
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        Ok(Some(u32::from(self.record(index)?[0])))
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let paths = match self.store()? {
            Store::Folder(folder, form) => {
                let names = self.names.iter();
                names.map(|name| folder.join(form.name(name))).collect()
            }
            Store::Archive(path, _) => vec![path],
        };
        let kind = format!("cifar10 {}", self.names[0]);
        manifest::of_files(&kind, &paths, progress, |_| {
            Ok(blake3::hash(self.records()?))
        })
    }

    fn normalization(&self) -> Option<Normalization> {
        Some(Normalization {
            mean: vec![0.4914, 0.4822, 0.4465],
            std: vec![0.2470, 0.2435, 0.2616],
        })
    }

    fn fetch(&self, progress: &dyn Progress) -> Result<(), DataError> {
        self.files.folder(progress).map(|_| ())
    }
}

fn open(published: Published, sizes: [usize; 2], places: &Places) -> Result<Splits> {
    let (files, remark) = published.open(places, &holds)?;
    let files = Arc::new(files);
    let mut splits = Splits::default();
    for (split, names, n) in [
        (Split::Train, TRAIN, sizes[0]),
        (Split::Test, TEST, sizes[1]),
    ] {
        let part = Batches::open(files.clone(), names, n)?;
        splits.parts.insert(split, Arc::new(part));
    }
    splits.remarks.extend(remark);
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    let make = |_: &Args, places: &Places| open(published(), [50_000, 10_000], places);
    Spec::new(
        "cifar10",
        Kind::Dataset,
        "Small photographs of ten kinds of things, 32 × 32 RGB, 50,000 to train and 10,000 to test.",
        Make::Dataset(make),
    )
    .paper(
        "Krizhevsky, 2009",
        "Learning multiple layers of features from tiny images",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
    )
    .doc("Fields: `image: image[3, 32, 32]`, `label: label(10)`. The original batches, binary (`cifar-10-binary.tar.gz`) or pickled by Python (`cifar-10-python.tar.gz`, of which nothing is executed), packed or unpacked; downloaded (171 MB) where they are not on this machine. CIFAR-10 as parquet files is read by `parquet(..)`.")
}

#[cfg(test)]
#[path = "cifar10_tests.rs"]
mod tests;

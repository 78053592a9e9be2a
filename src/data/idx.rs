//! The idx format of MNIST and its kin: a big-endian header, then bytes; plain or gzipped.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;

use super::lazy::Lazy;
use super::published::Files;
use super::{
    DataError, Dataset, Draws, Fields, Image, Normalization, Progress, Record, Sample, SampleType,
    Silent, manifest,
};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// Opens an idx file; gzip is told by its first bytes.
fn reader(path: &Path) -> std::io::Result<Box<dyn Read>> {
    let mut start = Vec::new();
    File::open(path)?.take(2).read_to_end(&mut start)?;
    let file = BufReader::new(File::open(path)?);
    Ok(if start == [0x1f, 0x8b] {
        Box::new(GzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

/// Sizes of the array of bytes in an idx file, from its header.
fn header(reader: &mut dyn Read) -> Result<Vec<usize>, String> {
    let short = |_| "it ends within its header".to_owned();
    let mut magic = [0u8; 4];
    reader.read_exact(&mut magic).map_err(short)?;
    if magic[..3] != [0, 0, 8] {
        return Err("it is not an idx file of bytes".into());
    }
    let mut sizes = Vec::new();
    for _ in 0..magic[3] {
        let mut size = [0u8; 4];
        reader.read_exact(&mut size).map_err(short)?;
        sizes.push(u32::from_be_bytes(size) as usize);
    }
    Ok(sizes)
}

/// The sizes an idx file claims. Its length must be theirs: told by the length of the file, or by what gzip notes at its end; where
/// that differs the content is unpacked, since a file of several gzip members notes the last one's only.
pub(super) fn sizes(path: &Path) -> Result<Vec<usize>, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut unpacked = reader(path).map_err(text)?;
    let sizes = header(&mut *unpacked)?;
    let product = sizes
        .iter()
        .try_fold(1u64, |all, n| all.checked_mul(*n as u64));
    let Some(wanted) = product.filter(|n| *n < 1 << 40) else {
        return Err(format!("its sizes are {sizes:?}"));
    };
    let start = 4 + 4 * sizes.len() as u64;
    let mut file = File::open(path).map_err(text)?;
    let mut magic = [0u8; 2];
    file.read_exact(&mut magic).map_err(text)?;
    let found = if magic == [0x1f, 0x8b] {
        let mut noted = [0u8; 4];
        file.seek(SeekFrom::End(-4)).map_err(text)?;
        file.read_exact(&mut noted).map_err(text)?;
        if u32::from_le_bytes(noted) == (start + wanted) as u32 {
            return Ok(sizes);
        }
        let rest = std::io::copy(&mut (&mut *unpacked).take(wanted + 1), &mut std::io::sink());
        rest.map_err(|error| format!("it can't be unpacked: {error}"))?
    } else {
        file.metadata().map_err(text)?.len().saturating_sub(start)
    };
    let which = match found.cmp(&wanted) {
        std::cmp::Ordering::Less => format!("it ends after {found} of the"),
        std::cmp::Ordering::Equal => return Ok(sizes),
        std::cmp::Ordering::Greater => "it goes on after the".to_owned(),
    };
    Err(format!("{which} {wanted} bytes that its header promises"))
}

/// The content of an idx file that must have these sizes.
fn content(path: &Path, wanted: &[usize]) -> Result<Vec<u8>, DataError> {
    let bad = |what: String| DataError::new(format!("can't read {}: {what}", path.display()));
    let mut reader = reader(path).map_err(|error| bad(error.to_string()))?;
    let found = header(&mut *reader).map_err(bad)?;
    if found != wanted {
        return Err(bad(format!("its sizes are {found:?}, not {wanted:?}")));
    }
    let len: usize = wanted.iter().product();
    let mut bytes = Vec::with_capacity(len);
    reader
        .take(len as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| bad(format!("{error} after {} of {len} bytes", bytes.len())))?;
    if bytes.len() != len {
        let have = bytes.len();
        let which = if have < len {
            "ends after"
        } else {
            "goes on after"
        };
        return Err(bad(format!("it {which} {} of {len} bytes", have.min(len))));
    }
    Ok(bytes)
}

/// Folders below a data set's own where other tools put the files.
const BELOW: [&str; 4] = ["", "raw", "FashionMNIST/raw", "MNIST/raw"];

/// The file of this name (`train-images-idx3-ubyte`), gzipped or not.
pub(super) fn locate(folder: &Path, name: &str) -> Option<PathBuf> {
    let dotted = name.replace("-idx", ".idx");
    BELOW
        .iter()
        .flat_map(|below| {
            let folder = folder.join(below);
            [format!("{name}.gz"), name.to_owned(), dotted.clone()].map(|name| folder.join(name))
        })
        .find(|path| path.is_file())
}

/// What a folder must hold: all of these, each as `NAME.gz` or `NAME`.
pub(super) const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// What is missing in a folder, if anything.
pub(super) fn complete(folder: &Path) -> Result<(), String> {
    match FILES.iter().find(|name| locate(folder, name).is_none()) {
        Some(name) => Err(format!("it holds no {name}.gz")),
        None => Ok(()),
    }
}

/// One split: a file of pictures and a file of labels.
pub(super) struct IdxSplit {
    files: Arc<Files>,
    /// Names of the two files.
    names: [&'static str; 2],
    fields: Fields,
    classes: Vec<String>,
    normalization: Normalization,
    /// Pictures, height, width.
    sizes: [usize; 3],
    pictures: Lazy<Vec<u8>>,
    labels: Lazy<Vec<u8>>,
}

impl IdxSplit {
    /// Reads the headers; where the files are not here yet, `expected` sizes are believed until they are read.
    pub(super) fn open(
        files: Arc<Files>,
        names: [&'static str; 2],
        expected: [usize; 3],
        classes: &[&str],
        normalization: Normalization,
    ) -> Result<Self> {
        let mut sizes = expected;
        if files.here() {
            let found = headers(&files, names)?;
            sizes = found;
        }
        Ok(Self {
            files,
            names,
            fields: vec![
                ("image".into(), SampleType::image(1, sizes[1], sizes[2])),
                ("label".into(), SampleType::label(classes.len())),
            ],
            classes: classes.iter().map(|name| (*name).to_owned()).collect(),
            normalization,
            sizes,
            pictures: Lazy::default(),
            labels: Lazy::default(),
        })
    }

    fn path(&self, which: usize) -> Result<PathBuf, DataError> {
        let folder = self.files.folder(&Silent)?;
        locate(folder, self.names[which]).ok_or_else(|| {
            DataError::new(format!(
                "{} is no longer in {}",
                self.names[which],
                folder.display()
            ))
        })
    }

    fn pictures(&self) -> Result<&[u8], DataError> {
        let bytes = self.pictures.get(|| content(&self.path(0)?, &self.sizes))?;
        Ok(bytes)
    }

    fn labels(&self) -> Result<&[u8], DataError> {
        let bytes = self.labels.get(|| {
            let path = self.path(1)?;
            let labels = content(&path, &self.sizes[..1])?;
            let n = self.classes.len();
            if let Some(index) = labels.iter().position(|label| usize::from(*label) >= n) {
                return Err(DataError::new(format!(
                    "label {index} of {} is {}, but there are {n} classes",
                    path.display(),
                    labels[index]
                )));
            }
            Ok(labels)
        })?;
        Ok(bytes)
    }
}

fn headers(files: &Files, names: [&str; 2]) -> Result<[usize; 3]> {
    let bad = |path: &Path, what: String| {
        Problem::new(
            Code::BadFile,
            format!("can't read {}: {what}", path.display()),
        )
    };
    let folder = files
        .folder(&Silent)
        .map_err(|error| Problem::new(Code::MissingData, error.message))?;
    let mut found = Vec::new();
    for name in names {
        let path =
            locate(folder, name).ok_or_else(|| bad(folder, format!("it holds no {name}.gz")))?;
        let sizes = sizes(&path).map_err(|what| bad(&path, what))?;
        found.push((path, sizes));
    }
    let [(pictures, shape), (labels, count)] = &found[..] else {
        unreachable!("two names give two files")
    };
    let &[n, height, width] = &shape[..] else {
        return Err(bad(
            pictures,
            format!("it has {} dimensions, not 3", shape.len()),
        ));
    };
    // a broken header must not ask for more memory than any real file
    if height == 0 || width == 0 || n.saturating_mul(height).saturating_mul(width) > 1 << 36 {
        return Err(bad(pictures, format!("its sizes are {shape:?}")));
    }
    if count[..] != [n] {
        return Err(bad(
            labels,
            format!("its sizes are {count:?}, but there are {n} pictures"),
        ));
    }
    Ok([n, height, width])
}

impl Dataset for IdxSplit {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.sizes[0]
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        let [_, height, width] = self.sizes;
        let size = height * width;
        let picture = self
            .pictures()?
            .get(index * size..(index + 1) * size)
            .ok_or_else(|| DataError::outside(index, self.len()))?;
        Ok(vec![
            Sample::image(Image::new(picture.to_vec(), height, width, 1)),
            Sample::label(u32::from(self.labels()?[index])),
        ])
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        let label = self.labels()?.get(index);
        let label = label.ok_or_else(|| DataError::outside(index, self.len()))?;
        Ok(Some(u32::from(*label)))
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let paths = [self.path(0)?, self.path(1)?];
        manifest::of_files("idx", &paths, progress, |_| {
            let mut hasher = blake3::Hasher::new();
            for size in self.sizes {
                hasher.update(&(size as u64).to_le_bytes());
            }
            hasher.update(self.pictures()?);
            hasher.update(self.labels()?);
            Ok(hasher.finalize())
        })
    }

    fn normalization(&self) -> Option<Normalization> {
        Some(self.normalization.clone())
    }

    fn fetch(&self, progress: &dyn Progress) -> Result<(), DataError> {
        self.files.folder(progress).map(|_| ())
    }
}

#[cfg(test)]
#[path = "idx_tests.rs"]
mod tests;

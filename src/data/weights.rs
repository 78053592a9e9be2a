//! Files of weights, safetensors, as strangers may have written them: the header is read and proved whole, of the rest what is asked for.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use serde_json::{Map, Value};

use super::{DataError, Progress, Silent, manifest, regular};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;
use crate::language::visible_line;

/// Bytes of the largest header: those of a hundred thousand tensors.
const MOST_HEADER: u64 = 16 << 20;
/// Tensors of a file.
const MOST_TENSORS: usize = 1 << 20;
/// The key of what a file says about itself.
const ABOUT: &str = "__metadata__";

/// How a number is written, little endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    F64,
    F32,
    F16,
    Bf16,
    /// No weights: so many bits each.
    Other(u64),
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "F64" => Kind::F64,
            "F32" => Kind::F32,
            "F16" => Kind::F16,
            "BF16" => Kind::Bf16,
            "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" => Kind::Other(8),
            "U16" | "I16" => Kind::Other(16),
            "U32" | "I32" => Kind::Other(32),
            "U64" | "I64" | "C64" => Kind::Other(64),
            _ => return None,
        })
    }

    fn bits(self) -> u64 {
        match self {
            Kind::F64 => 64,
            Kind::F32 => 32,
            Kind::F16 | Kind::Bf16 => 16,
            Kind::Other(bits) => bits,
        }
    }
}

/// A tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    kind: Kind,
    /// As the file calls its kind.
    word: String,
    shape: Vec<usize>,
    /// Its first byte in the file.
    at: u64,
    bytes: u64,
}

/// A file of weights whose header has been read.
#[derive(Clone, Debug)]
pub struct Weights {
    /// As the recipe names it, on one line.
    pub shown: String,
    /// blake3 of all that it holds.
    pub hash: String,
    /// What it says about itself.
    pub about: BTreeMap<String, String>,
    path: PathBuf,
    tensors: BTreeMap<String, Entry>,
}

impl Weights {
    /// Reads the header of a file whose path is relative to the recipe's folder, and finds the hash of its content, which is kept between runs.
    ///
    /// # Errors
    /// It is not there, is no regular file, or is no whole safetensors file.
    pub fn open(recipe: &Path, path: &str) -> Result<Self> {
        let shown = visible_line(path).into_owned();
        let path = recipe.join(path);
        let (tensors, about) = header(&path).map_err(|error| match error {
            Bad::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                Problem::new(Code::MissingFile, format!("{shown} is not there"))
                    .help("the path is relative to the recipe")
            }
            Bad::Io(error) => Problem::new(Code::BadFile, format!("can't read {shown}: {error}")),
            Bad::Format(what) => Problem::new(Code::BadFile, format!("can't read {shown}: {what}"))
                .help("weights are read from whole safetensors files: `safetensors.torch.save_file(model.state_dict(), \"…\")`"),
        })?;
        let hash = content(&path).map_err(|error| Problem::new(Code::BadFile, error.message))?;
        Ok(Self {
            shown,
            hash,
            about,
            path,
            tensors,
        })
    }

    /// Names of its tensors with their sizes.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &[usize])> {
        let tensors = self.tensors.iter();
        tensors.map(|(name, entry)| (name.as_str(), entry.shape.as_slice()))
    }

    /// The sizes of one of its tensors.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|entry| entry.shape.as_slice())
    }

    /// What a tensor's elements are called where they are no numbers that weights could be.
    pub fn no_number(&self, name: &str) -> Option<&str> {
        let entry = self.tensors.get(name)?;
        matches!(entry.kind, Kind::Other(_)).then_some(entry.word.as_str())
    }

    /// Whether the file still holds what it held when it was opened.
    ///
    /// # Errors
    /// It can't be read, or holds something else.
    pub fn unchanged(&self) -> std::result::Result<(), DataError> {
        match content(&self.path)? == self.hash {
            true => Ok(()),
            false => Err(DataError::new(format!(
                "{} has changed since the run was planned",
                self.shown
            ))
            .help("start the run again")),
        }
    }

    /// The numbers of a tensor, row-major.
    ///
    /// # Errors
    /// There is no such tensor, it can't be read, or one of its numbers is not finite.
    pub fn read(&self, name: &str) -> std::result::Result<Vec<f32>, DataError> {
        let failed =
            |what: &str| DataError::new(format!("can't read `{name}` of {}: {what}", self.shown));
        let entry = self
            .tensors
            .get(name)
            .ok_or_else(|| failed("it is not there"))?;
        let file = regular::open(&self.path).map_err(|error| failed(&error.to_string()))?;
        let mut bytes = vec![0; entry.bytes as usize];
        regular::read_at(&file, &mut bytes, entry.at)
            .map_err(|error| failed(&error.to_string()))?;
        let numbers: Vec<f32> = match entry.kind {
            Kind::F32 => each(&bytes, f32::from_le_bytes),
            Kind::F64 => each(&bytes, |bytes| f64::from_le_bytes(bytes) as f32),
            Kind::F16 => each(&bytes, |bytes| f16::from_le_bytes(bytes).to_f32()),
            Kind::Bf16 => each(&bytes, |bytes| bf16::from_le_bytes(bytes).to_f32()),
            Kind::Other(_) => return Err(failed(&format!("it holds {}", entry.word))),
        };
        match numbers.iter().all(|x| x.is_finite()) {
            true => Ok(numbers),
            false => Err(failed("a number in it is not finite")),
        }
    }
}

fn each<const N: usize>(bytes: &[u8], of: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| of(*bytes)).collect()
}

fn content(path: &Path) -> std::result::Result<String, DataError> {
    let progress: &dyn Progress = &Silent;
    manifest::of_whole_files("weights", &[path.to_owned()], progress)
}

enum Bad {
    Io(io::Error),
    Format(String),
}

impl From<io::Error> for Bad {
    fn from(error: io::Error) -> Self {
        Bad::Io(error)
    }
}

impl From<String> for Bad {
    fn from(what: String) -> Self {
        Bad::Format(what)
    }
}

/// What a header holds: the tensors, and what the file says about itself.
type Header = (BTreeMap<String, Entry>, BTreeMap<String, String>);

/// The tensors of a file, whose bytes are theirs, without a hole and without an overlap; and the texts that it says about itself.
fn header(path: &Path) -> std::result::Result<Header, Bad> {
    let file = regular::open(path)?;
    let length = file.metadata()?.len();
    let short =
        || "it ends inside of its header: is it cut off, or no safetensors file?".to_owned();
    let rest = length.checked_sub(8).ok_or_else(short)?;
    let mut size = [0; 8];
    regular::read_at(&file, &mut size, 0)?;
    let size = u64::from_le_bytes(size);
    if size > MOST_HEADER {
        return Err(Bad::Format(
            "it does not begin with the length of a header: it is no safetensors file".into(),
        ));
    }
    if size > rest {
        return Err(Bad::Format(short()));
    }
    let mut text = vec![0; size as usize];
    regular::read_at(&file, &mut text, 8)?;
    if text.first() != Some(&b'{') {
        return Err(Bad::Format(
            "its header is no JSON object: it is no safetensors file".into(),
        ));
    }
    let all: Map<String, Value> =
        serde_json::from_slice(&text).map_err(|error| format!("its header is damaged: {error}"))?;
    let (begin, mut tensors) = (8 + size, BTreeMap::new());
    let mut texts = BTreeMap::new();
    for (name, about) in all {
        if name == ABOUT {
            let own = about.as_object().into_iter().flatten();
            let own = own.filter_map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned())));
            texts.extend(own);
        } else {
            let entry = entry(&about, begin).ok_or_else(|| {
                let name = visible_line(&name);
                format!(
                    "its header is damaged: it says no kind, sizes and place of `{name}` that agree"
                )
            })?;
            tensors.insert(name, entry);
        }
    }
    if tensors.len() > MOST_TENSORS {
        return Err(Bad::Format(format!(
            "it has more than {MOST_TENSORS} tensors"
        )));
    }
    let mut places: Vec<&Entry> = tensors.values().collect();
    places.sort_by_key(|entry| (entry.at, entry.bytes));
    let mut at = begin;
    for entry in places {
        if entry.at != at {
            let what = "its header is damaged: its tensors do not lie one behind the other";
            return Err(Bad::Format(what.into()));
        }
        // each ends where `entry` could say so
        at += entry.bytes;
    }
    match at.cmp(&length) {
        std::cmp::Ordering::Equal => Ok((tensors, texts)),
        std::cmp::Ordering::Greater => Err(Bad::Format(format!(
            "it is cut off: {} of its {} bytes are missing",
            at - length,
            at
        ))),
        std::cmp::Ordering::Less => Err(Bad::Format(format!(
            "{} bytes follow behind its tensors",
            length - at
        ))),
    }
}

/// `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`; `begin`: where tensors begin in the file.
fn entry(about: &Value, begin: u64) -> Option<Entry> {
    let word = about.get("dtype")?.as_str()?;
    let kind = Kind::of(word)?;
    let shape = about.get("shape")?.as_array()?.iter();
    let shape: Vec<usize> = shape
        .map(|size| usize::try_from(size.as_u64()?).ok())
        .collect::<Option<_>>()?;
    let [from, to] = about.get("data_offsets")?.as_array()?.as_slice() else {
        return None;
    };
    let (from, to) = (from.as_u64()?, to.as_u64()?);
    let bytes = to.checked_sub(from)?;
    let count = shape
        .iter()
        .try_fold(1u64, |n, size| n.checked_mul(*size as u64))?;
    if count.checked_mul(kind.bits())? / 8 != bytes {
        return None;
    }
    let at = begin.checked_add(from)?;
    at.checked_add(bytes)?;
    Some(Entry {
        kind,
        word: word.to_owned(),
        shape,
        at,
        bytes,
    })
}

#[cfg(test)]
#[path = "weights_tests.rs"]
mod tests;

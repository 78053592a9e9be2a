//! Passages of a plain file, found by where they lie: nothing is read before one is asked for.
//!
//! Passage `i` goes from the cut at byte `i · n` to the cut at byte `(i + 1) · n`. The cut at a byte is behind the first line end at or
//! after it; where the next `n` bytes have none, behind the first white space; where [`FAR`] bytes have none either, before the next
//! letter. So no passage needs to know another, and every word is in exactly one.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::{Problem, Result as Checked, Split};
use crate::data::packed::{self, Packing};
use crate::data::shards::{self, Layout};
use crate::data::{
    DataError, Dataset, Draws, Fields, Progress, Record, Sample, SampleType, Splits, manifest,
    regular, texts,
};
use crate::language::codes::Code;

/// Bytes in which white space is looked for.
const FAR: u64 = 1 << 16;

/// One file of a split.
struct Cut {
    path: PathBuf,
    /// Bytes of the file when it was opened.
    length: u64,
    /// Bytes between two cuts.
    n: u64,
}

impl Cut {
    fn len(&self) -> usize {
        self.length.div_ceil(self.n) as usize
    }

    /// The bytes from `at` on, at most `most` of them.
    fn bytes(&self, file: &File, at: u64, most: u64) -> io::Result<Vec<u8>> {
        let end = self.length.min(at.saturating_add(most));
        let mut bytes = vec![0; end.saturating_sub(at) as usize];
        regular::read_at(file, &mut bytes, at)?;
        Ok(bytes)
    }

    /// The cut at a byte.
    fn cut(&self, file: &File, at: u64) -> io::Result<u64> {
        if at == 0 || at >= self.length {
            return Ok(at.min(self.length));
        }
        // what ends right before it counts
        let from = at - 1;
        let near = self.bytes(file, from, self.n + 1)?;
        if let Some(end) = memchr::memchr(b'\n', &near) {
            return Ok(from + end as u64 + 1);
        }
        let near = match self.n < FAR {
            true => self.bytes(file, from, FAR)?,
            false => near,
        };
        if let Some(end) = near.iter().position(u8::is_ascii_whitespace) {
            return Ok(from + end as u64 + 1);
        }
        if from + (near.len() as u64) >= self.length {
            return Ok(self.length);
        }
        // bytes that go on with a letter, of which there are three at most
        let on = near[1..].iter().take(3);
        Ok(at + on.take_while(|b| **b & 0xc0 == 0x80).count() as u64)
    }

    /// The bytes of a passage, and where they start.
    fn piece(&self, passage: usize) -> Result<(u64, Vec<u8>), String> {
        let file = regular::open(&self.path).map_err(|error| error.to_string())?;
        let now = file.metadata().map_or(0, |about| about.len());
        if now != self.length {
            return Err("the file has changed since it was opened".into());
        }
        let at = passage as u64 * self.n;
        let cut = |at| self.cut(&file, at).map_err(|error| error.to_string());
        let (start, end) = (cut(at)?, cut(at + self.n)?);
        let bytes = self.bytes(&file, start, end.saturating_sub(start));
        Ok((start, bytes.map_err(|error| error.to_string())?))
    }

    fn text(&self, passage: usize, mend: bool) -> Result<Arc<str>, DataError> {
        let (start, found) = match self.piece(passage) {
            // one that is all white space, or lies in a word that is longer, is a text of no words
            Ok((start, bytes)) if blank(&bytes) => (start, Ok("".into())),
            Ok((start, bytes)) if mend => (start, texts::mend(bytes)),
            Ok((start, bytes)) => (start, texts::read(bytes)),
            Err(what) => (passage as u64 * self.n, Err(what)),
        };
        found.map_err(|what| {
            DataError::new(format!(
                "can't read the passage at byte {start} of {}: {what}",
                self.path.display()
            ))
        })
    }
}

fn blank(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.trim().is_empty())
}

/// The passages of a split.
struct Passages {
    files: Vec<Cut>,
    /// First passage of each file.
    firsts: Vec<usize>,
    len: usize,
    fields: Fields,
    n: u64,
}

impl Passages {
    fn record(&self, index: usize, mend: bool) -> Result<Record, DataError> {
        let (at, passage) = shards::locate(&self.firsts, self.len, index)?;
        Ok(vec![Sample::text(self.files[at].text(passage, mend)?)])
    }
}

impl Dataset for Passages {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.len
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, false)
    }

    fn mend(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, true)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        shards::locate(&self.firsts, self.len, index).map(|_| None)
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let paths: Vec<PathBuf> = self.files.iter().map(|file| file.path.clone()).collect();
        manifest::of_whole_files(&format!("passages of {}", self.n), &paths, progress)
    }
}

fn open_file(path: &Path, n: u64) -> Checked<Cut> {
    let bad = |what: &str| {
        Problem::new(
            Code::BadFile,
            format!("can't read {}: {what}", path.display()),
        )
    };
    if packed::of_path(path) != Packing::None {
        let problem = bad("passages are cut from plain files, and it is packed");
        return Err(problem.help("unpack it, or read it line by line: leave out `passage`"));
    }
    let mut start = [0; 4];
    let filled = regular::start(path, &mut start).map_err(|error| bad(&error.to_string()))?;
    if let Some(what) = texts::is_utf16(&start[..filled]) {
        return Err(bad(what));
    }
    let length = regular::open(path).and_then(|file| file.metadata());
    let length = length.map_err(|error| bad(&error.to_string()))?.len();
    Ok(Cut {
        path: path.to_owned(),
        length,
        n,
    })
}

/// The splits of some plain files, cut about every `n` bytes.
pub(super) fn open(found: &Layout, n: u64) -> Checked<Splits> {
    let mut splits = Splits::default();
    for wanted in [Split::Train, Split::Valid, Split::Test] {
        let own = found.files.iter().filter(|(split, _)| *split == wanted);
        let files: Vec<Cut> = own
            .map(|(_, path)| open_file(path, n))
            .collect::<Checked<_>>()?;
        let Some(first) = files.first() else { continue };
        let (mut firsts, mut len) = (Vec::new(), 0);
        for file in &files {
            firsts.push(len);
            len += file.len();
        }
        if len == 0 {
            let message = format!("{} is empty", first.path.display());
            return Err(Problem::new(Code::BadFile, message));
        }
        let passages = Passages {
            files,
            firsts,
            len,
            fields: vec![("text".to_owned(), SampleType::TEXT)],
            n,
        };
        splits.parts.insert(wanted, Arc::new(passages));
    }
    splits.doubts.extend(found.doubt(super::FILES.kind));
    Ok(splits)
}

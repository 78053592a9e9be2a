//! Files of many documents: JSON lines, CSV and TSV; files of text of which each line is one.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::index::{Index, Key, LONGEST, Names, WITHOUT};
use super::{json, plain, table};
use crate::catalog::{Problem, Result as Checked, Split};
use crate::data::lazy::Lazy;
use crate::data::packed::{self, Packing};
use crate::data::shards::{self, Layout};
use crate::data::{
    DataError, Dataset, Draws, Fields, Progress, Record, Sample, SampleType, Splits, manifest,
    regular, texts,
};
use crate::language::codes::Code;
use crate::language::nearest::nearest;

/// Bytes that a packed file may have, unpacked.
pub(super) const MOST_UNPACKED: u64 = 1 << 30;
/// Bytes of a file from which on its index is kept between runs.
const KEPT: u64 = 8 << 20;

/// How records are written.
#[derive(Clone, Debug)]
enum Format {
    /// The field of the text.
    Json(String),
    Table(table::Columns),
    /// Each line is a text.
    Plain,
}

/// The format that a file's name says.
pub(super) fn format_of(name: &str) -> Option<&'static str> {
    let (_, ending) = packed::of_name(name).1.rsplit_once('.')?;
    let all = ["jsonl", "ndjson", "json", "csv", "tsv"];
    all.into_iter().find(|own| ending.eq_ignore_ascii_case(own))
}

/// What the files of a layout are.
#[derive(Clone, Copy)]
enum Files<'a> {
    /// Of records, in which these are looked for.
    Records(Names<'a>),
    /// Of lines.
    Plain,
}

impl<'a> Files<'a> {
    /// What one record is called.
    fn one(self) -> &'static str {
        match self {
            Files::Records(_) => super::TABLES.kind,
            Files::Plain => "line of text",
        }
    }

    fn names(self) -> Names<'a> {
        match self {
            Files::Records(names) => names,
            Files::Plain => Names {
                text: "text",
                label: None,
            },
        }
    }
}

/// One file of a split.
struct File {
    path: PathBuf,
    format: Format,
    index: Index,
    /// Bytes of the file when it was looked through.
    length: u64,
    /// All it holds, where it is packed.
    unpacked: Lazy<Vec<u8>>,
    /// The class of each value of its labels.
    classes: Vec<Option<u32>>,
}

fn length_of(path: &Path) -> std::io::Result<u64> {
    Ok(regular::open(path)?.metadata()?.len())
}

impl File {
    /// Looks through a file.
    fn open(path: &Path, files: Files<'_>) -> Checked<Self> {
        let names = files.names();
        let bad = |what: &dyn Display| {
            Problem::new(
                Code::BadFile,
                format!("can't read {}: {what}", path.display()),
            )
        };
        let length = length_of(path).map_err(|error| bad(&error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stream = || packed::stream(path).map_err(|error| bad(&error));
        let (format, header) = match format_of(&name) {
            _ if matches!(files, Files::Plain) => (Format::Plain, Vec::new()),
            Some(kind @ ("csv" | "tsv")) => {
                let separator = if kind == "csv" { b',' } else { b'\t' };
                let header = table::header(stream()?, separator).map_err(|what| bad(&what))?;
                let text = header.iter().position(|own| own == names.text);
                let text = text.ok_or_else(|| no_text(path, names.text, &header, "column"))?;
                let columns = table::Columns {
                    separator,
                    count: header.len(),
                    text,
                };
                (Format::Table(columns), header)
            }
            _ => (Format::Json(names.text.to_owned()), Vec::new()),
        };
        let label = header
            .iter()
            .position(|own| Some(own.as_str()) == names.label);
        let find = || {
            let from = packed::stream(path).map_err(|error| error.to_string())?;
            let most = match packed::of_path(path) {
                Packing::None => u64::MAX,
                Packing::Gzip | Packing::Zstd => MOST_UNPACKED + 1,
            };
            let from = from.take(most);
            match &format {
                Format::Plain => plain::scan(from),
                Format::Json(_) => json::scan(from, names),
                Format::Table(columns) => table::scan(from, columns, label, &header, names),
            }
        };
        let index = match length < KEPT {
            true => find().map_err(|what| bad(&what))?,
            false => kept(path, files, find).map_err(|what| bad(&what))?,
        };
        if packed::of_path(path) != Packing::None && index.end() > MOST_UNPACKED {
            return Err(bad(&too_large()).help("unpack the file, or split it into several"));
        }
        if let (Format::Plain, 1, Some((_, length))) = (&format, index.len(), index.place(0))
            && length > texts::MOST as u64
        {
            let what = format!(
                "all of it is one line of {:.1} MB, and a text has at most {} MiB",
                length as f64 / 1e6,
                texts::MOST >> 20
            );
            return Err(bad(&what).help("cut it into passages: `passage = 4096`"));
        }
        if !index.has_text && index.len() > 0 {
            return Err(no_text(path, names.text, &index.fields, "field"));
        }
        Ok(Self {
            path: path.to_owned(),
            format,
            index,
            length,
            unpacked: Lazy::default(),
            classes: Vec::new(),
        })
    }

    fn packed(&self) -> bool {
        packed::of_path(&self.path) != Packing::None
    }

    /// The bytes of a record.
    fn piece(&self, record: usize) -> Result<Vec<u8>, String> {
        let (at, length) = self.index.place(record).ok_or("it is not there")?;
        if length > LONGEST as u64 {
            return Err(format!(
                "it has {:.1} MB, and a record has at most {} MiB",
                length as f64 / 1e6,
                LONGEST >> 20
            ));
        }
        if !self.packed() {
            let file = regular::open(&self.path).map_err(|error| error.to_string())?;
            let now = file.metadata().map_or(0, |about| about.len());
            if now != self.length {
                return Err("the file has changed since it was looked through".into());
            }
            let mut bytes = vec![0; length as usize];
            regular::read_at(&file, &mut bytes, at).map_err(|error| error.to_string())?;
            return Ok(bytes);
        }
        let all = self.unpacked.get(|| {
            let all = packed::all(&self.path, MOST_UNPACKED).map_err(|error| error.to_string())?;
            all.ok_or_else(too_large)
        })?;
        let end = at.checked_add(length).and_then(|n| usize::try_from(n).ok());
        let bytes = end.and_then(|end| all.get(at as usize..end));
        bytes
            .map(<[u8]>::to_vec)
            .ok_or_else(|| "the file has changed since it was looked through".into())
    }

    /// Which record of the file it is, for a message.
    fn name(&self, record: usize, piece: Option<&[u8]>) -> String {
        // what ends the line before may lie before a row
        let ends = piece.unwrap_or_default().iter();
        let ends = ends.take_while(|b| matches!(b, b'\r' | b'\n'));
        let before = ends.filter(|b| **b == b'\n').count() as u64;
        format!(
            "line {} of {}",
            self.index.line(record) + before,
            self.path.display()
        )
    }

    fn text(&self, record: usize, mend: bool) -> Result<Arc<str>, DataError> {
        let (named, what) = match self.piece(record) {
            Err(what) => (None, what),
            Ok(piece) => {
                let last = record + 1 == self.index.len();
                let found = match &self.format {
                    Format::Plain => Ok(plain::line(&piece).to_vec()),
                    Format::Json(field) if mend => json::mended(&piece, field),
                    Format::Json(field) => json::text(&piece, field),
                    Format::Table(columns) => table::text(&piece, columns, last && !mend),
                };
                let read = if mend { texts::mend } else { texts::read };
                match found.and_then(read) {
                    Ok(text) => return Ok(text),
                    Err(what) => (Some(piece), what),
                }
            }
        };
        let name = self.name(record, named.as_deref());
        Err(DataError::new(format!("can't read {name}: {what}")))
    }
}

fn too_large() -> String {
    format!(
        "it has more than {} GiB unpacked, and a packed file is held in memory",
        MOST_UNPACKED >> 30
    )
}

/// A file without the text: its fields, and the one that was probably meant.
fn no_text(path: &Path, text: &str, have: &[String], what: &str) -> Problem {
    let message = format!("{} has no {what} `{text}` of text", path.display());
    let problem = Problem::argument(Code::UnknownPart, "text", message);
    let shown = |name: &String| match name.chars().count() {
        0..=40 => format!("`{name}`"),
        _ => format!("`{}…`", name.chars().take(40).collect::<String>()),
    };
    let names: Vec<String> = have.iter().map(shown).collect();
    let mut problem = match names.len() {
        0 => problem.note("No line of it is a JSON object."),
        _ => problem.note(format!("its {what}s are {}", names.join(", "))),
    };
    if let [only] = have
        && let Some(other) = [';', '\t', '|', ','].iter().find(|c| only.contains(**c))
    {
        problem = problem.note(format!(
            "Its columns seem to be separated by {other:?}, not as its ending says."
        ));
    }
    match nearest(text, have.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("name the {what}: `text = \"{near}\"`")),
        None => problem.help(format!(
            "name the {what}: `text = \"…\"`; the first line of a table names its columns"
        )),
    }
}

/// An index that is found once for a file of this size and time.
fn kept(
    path: &Path,
    files: Files<'_>,
    find: impl FnOnce() -> Result<Index, String>,
) -> Result<Index, String> {
    let kind = match files {
        Files::Records(names) => format!("index of documents 1 {:?} {:?}", names.text, names.label),
        Files::Plain => "index of lines 1".to_owned(),
    };
    let parsed = |text: &str| {
        let index: Option<Index> = serde_json::from_str(text).ok();
        index.filter(Index::sound)
    };
    let found = || {
        let index = find().map_err(DataError::new)?;
        serde_json::to_string(&index).map_err(|error| DataError::new(error.to_string()))
    };
    let text = manifest::noted("documents", &kind, path, found, &|text| {
        parsed(text).is_some()
    })
    .map_err(|error| error.message)?;
    parsed(&text).ok_or_else(|| "its index is damaged".to_owned())
}

/// The records of a split.
struct Lines {
    files: Vec<File>,
    /// First record of each file.
    firsts: Vec<usize>,
    len: usize,
    fields: Fields,
    /// The field of the label, where there is one.
    label: Option<String>,
    why: Option<String>,
    classes: Arc<[String]>,
    kind: String,
}

impl Lines {
    fn file(&self, index: usize) -> Result<(&File, usize), DataError> {
        let (at, record) = shards::locate(&self.firsts, self.len, index)?;
        Ok((&self.files[at], record))
    }

    fn record(&self, index: usize, mend: bool) -> Result<Record, DataError> {
        let (file, at) = self.file(index)?;
        let mut record = vec![Sample::text(file.text(at, mend)?)];
        if let Some(label) = &self.label {
            record.push(match file.class(at) {
                Some(class) => Sample::label(class),
                None => {
                    let name = file.name(at, file.piece(at).ok().as_deref());
                    Sample::missing(format!("{name} says no class in `{label}`"))
                }
            });
        }
        Ok(record)
    }
}

impl File {
    fn class(&self, record: usize) -> Option<u32> {
        let value = self.index.labels.get(record)?;
        *self.classes.get(*value as usize)?
    }
}

impl Dataset for Lines {
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
        let (file, at) = self.file(index)?;
        Ok(file.class(at).filter(|_| self.label.is_some()))
    }

    fn no_label(&self) -> Option<&str> {
        self.why.as_deref()
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn resident_bytes(&self) -> u64 {
        let held = self.files.iter().map(|file| {
            let unpacked = if file.packed() { file.index.end() } else { 0 };
            file.index.bytes() + unpacked
        });
        held.sum()
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let paths: Vec<PathBuf> = self.files.iter().map(|file| file.path.clone()).collect();
        manifest::of_whole_files(&self.kind, &paths, progress)
    }
}

/// The classes that all files have together: each value one, numbers in their order, then words in theirs. −1 says that there is no
/// class, where no other number is below 0.
fn classes(files: &[(Split, File)]) -> Vec<Key> {
    let keys = files.iter().flat_map(|(_, file)| &file.index.keys);
    let mut all: BTreeSet<Key> = keys.cloned().collect();
    let pair = BTreeSet::from([Key::Number(-1), Key::Number(1)]);
    let below = |key: &Key| matches!(key, Key::Number(n) if *n < -1);
    if all != pair && !all.iter().any(below) {
        all.remove(&Key::Number(-1));
    }
    all.into_iter().collect()
}

/// The splits of some files. `asked`: the recipe names the label.
pub(super) fn open(found: &Layout, names: Names<'_>, asked: bool) -> Checked<Splits> {
    open_as(found, Files::Records(names), asked).map(|(splits, _)| splits)
}

/// The splits of some files of text: each line that holds more than white space is a record. Beside them how many hold no more.
///
/// # Errors
/// A file can't be read, holds no line, or one so long that it is meant to be cut.
pub(in crate::data) fn plain(found: &Layout) -> Checked<(Splits, usize)> {
    open_as(found, Files::Plain, false)
}

fn open_as(found: &Layout, what: Files<'_>, asked: bool) -> Checked<(Splits, usize)> {
    let names = what.names();
    let mut files = Vec::new();
    for (split, path) in &found.files {
        files.push((*split, File::open(path, what)?));
    }
    let blank = files
        .iter()
        .map(|(_, file)| file.index.blank as usize)
        .sum();
    let keys = classes(&files);
    let tells = |(_, file): &(Split, File)| {
        let why = file.index.why.as_ref()?;
        Some(format!(
            "`{}` of {} {why}",
            names.label?,
            file.path.display()
        ))
    };
    let mut why = files.iter().find_map(tells);
    if keys.len() > super::index::MOST_CLASSES && why.is_none() {
        why = Some(format!(
            "`{}` has too many values",
            names.label.unwrap_or_default()
        ));
    }
    let label = names.label.filter(|_| !keys.is_empty() && why.is_none());
    if asked && label.is_none() {
        let label = names.label.unwrap_or_default();
        let message = why.unwrap_or_else(|| format!("no record has a class in `{label}`"));
        let problem = Problem::argument(Code::UnknownPart, "label", message);
        let have: BTreeSet<&str> = files
            .iter()
            .flat_map(|(_, file)| file.index.fields.iter().map(String::as_str))
            .collect();
        let named: Vec<String> = have.iter().map(|name| format!("`{name}`")).collect();
        let problem = problem.note(format!("there is {}", named.join(", ")));
        return Err(match nearest(label, have) {
            Some(near) => problem.help(format!("name it: `label = \"{near}\"`")),
            None => problem.help("name it: `label = \"…\"`, or say `label = none`"),
        });
    }
    let names_of: Arc<[String]> = match label {
        Some(_) => keys.iter().map(Key::to_string).collect(),
        None => Arc::default(),
    };
    for (_, file) in &mut files {
        let class = |key: &Key| keys.binary_search(key).ok().map(|class| class as u32);
        file.classes = file.index.keys.iter().map(class).collect();
        if label.is_none() {
            file.index.labels = Vec::new();
        }
        debug_assert!(
            file.index
                .labels
                .iter()
                .all(|l| *l == WITHOUT || (*l as usize) < file.classes.len())
        );
    }
    let mut splits = Splits::default();
    for wanted in [Split::Train, Split::Valid, Split::Test] {
        let own: Vec<File> = {
            let (own, rest) = files.into_iter().partition(|(split, _)| *split == wanted);
            files = rest;
            let own: Vec<(Split, File)> = own;
            own.into_iter().map(|(_, file)| file).collect()
        };
        if own.is_empty() {
            continue;
        }
        let mut fields = vec![("text".to_owned(), SampleType::TEXT)];
        if label.is_some() {
            fields.push(("label".to_owned(), SampleType::label(keys.len())));
        }
        let (mut firsts, mut len) = (Vec::new(), 0);
        for file in &own {
            firsts.push(len);
            len += file.index.len();
        }
        if len == 0 {
            return Err(Problem::new(
                Code::BadFile,
                format!("{} holds no {}", own[0].path.display(), what.one()),
            ));
        }
        // how classes are numbered follows from all files
        let kind = match what {
            Files::Records(_) => format!(
                "documents in lines {:?} {label:?} {:?}",
                names.text, names_of
            ),
            Files::Plain => "lines of text".to_owned(),
        };
        let lines = Lines {
            files: own,
            firsts,
            len,
            fields,
            label: label.map(str::to_owned),
            why: why.clone(),
            classes: names_of.clone(),
            kind,
        };
        splits.parts.insert(wanted, Arc::new(lines));
    }
    splits.doubts.extend(found.doubt(what.one()));
    Ok((splits, blank))
}

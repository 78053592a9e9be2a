//! Files of many documents: JSON lines, CSV and TSV; files of text of which each line is one.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::index::{Key, Names, WITHOUT};
use super::stored::Stored;
use super::{json, plain, table};
use crate::catalog::{Problem, Result as Checked, Split};
use crate::data::packed;
use crate::data::shards::{self, Layout};
use crate::data::{
    DataError, Dataset, Draws, Fields, Progress, Record, Sample, SampleType, Splits, manifest,
    texts,
};
use crate::language::codes::Code;
use crate::language::nearest::nearest;

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
pub(in crate::data) fn format_of(name: &str) -> Option<&'static str> {
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
    stored: Stored,
    format: Format,
    /// The class of each value of its labels.
    classes: Vec<Option<u32>>,
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
        let find = |from: &mut dyn Read| match &format {
            Format::Plain => plain::scan(from),
            Format::Json(_) => json::scan(from, names),
            Format::Table(columns) => table::scan(from, columns, label, &header, names),
        };
        let kind = match files {
            Files::Records(names) => {
                format!("index of documents 1 {:?} {:?}", names.text, names.label)
            }
            Files::Plain => "index of lines 1".to_owned(),
        };
        let stored = Stored::open(path, &kind, &find)?;
        let index = &stored.index;
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
            stored,
            format,
            classes: Vec::new(),
        })
    }

    fn text(&self, record: usize, mend: bool) -> Result<Arc<str>, DataError> {
        let (named, what) = match self.stored.piece(record) {
            Err(what) => (None, what),
            Ok(piece) => {
                let last = record + 1 == self.stored.index.len();
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
        let name = self.stored.name(record, named.as_deref());
        Err(DataError::new(format!("can't read {name}: {what}")))
    }
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
                    let piece = file.stored.piece(at).ok();
                    let name = file.stored.name(at, piece.as_deref());
                    Sample::missing(format!("{name} says no class in `{label}`"))
                }
            });
        }
        Ok(record)
    }
}

impl File {
    fn class(&self, record: usize) -> Option<u32> {
        let value = self.stored.index.labels.get(record)?;
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
        self.files.iter().map(|file| file.stored.resident()).sum()
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let paths = self.files.iter().map(|file| file.stored.path.clone());
        let paths: Vec<PathBuf> = paths.collect();
        manifest::of_whole_files(&self.kind, &paths, progress)
    }
}

/// The classes that all files have together: each value one, numbers in their order, then words in theirs. −1 says that there is no
/// class, where no other number is below 0.
fn classes(files: &[(Split, File)]) -> Vec<Key> {
    let keys = files.iter().flat_map(|(_, file)| &file.stored.index.keys);
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
        .map(|(_, file)| file.stored.index.blank as usize)
        .sum();
    let keys = classes(&files);
    let tells = |(_, file): &(Split, File)| {
        let why = file.stored.index.why.as_ref()?;
        Some(format!(
            "`{}` of {} {why}",
            names.label?,
            file.stored.path.display()
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
            .flat_map(|(_, file)| file.stored.index.fields.iter().map(String::as_str))
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
        file.classes = file.stored.index.keys.iter().map(class).collect();
        if label.is_none() {
            file.stored.index.labels = Vec::new();
        }
        debug_assert!(
            file.stored
                .index
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
            len += file.stored.index.len();
        }
        if len == 0 {
            return Err(Problem::new(
                Code::BadFile,
                format!("{} holds no {}", own[0].stored.path.display(), what.one()),
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

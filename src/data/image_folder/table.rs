//! Tables that say of files what they are: CSV and TSV, whose first line names the columns; JSON and JSON lines; lines of text without
//! a header.

use std::collections::BTreeMap;
use std::path::Path;

use csv::ByteRecord;
use serde_json::Value;

use crate::catalog::{Problem, Result as Checked};
use crate::data::decode::is_picture_name;
use crate::data::dialogues::column;
use crate::data::documents::index::{Key, LONGEST};
use crate::data::documents::stored::bad;
use crate::data::documents::{json, table as rows};
use crate::data::{packed, texts};
use crate::language::codes::Code;

/// Bytes of a table, unpacked.
const MOST: u64 = 1 << 30;
/// Bytes of a table that is one JSON value: it is read at once.
const MOST_JSON: u64 = 256 << 20;

/// Columns of the file; the first of them that is there counts.
const FILES: &[&str] = &[
    "file",
    "file_name",
    "filename",
    "filepath",
    "filepaths",
    "path",
    "image",
    "image_path",
    "image_name",
    "image_id",
    "img",
    "id",
    "name",
];
/// Those of the class.
const LABELS: &[&str] = &[
    "label",
    "labels",
    "class",
    "class_name",
    "category",
    "target",
];
/// That of the split.
const SPLITS: &[&str] = &["split"];

/// Endings of tables.
pub(super) const ENDINGS: &str = ".csv, .tsv, .json, .jsonl or .txt, also with .gz or .zst";

/// What the recipe says of columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub file: Option<String>,
    pub label: Option<String>,
    pub split: Option<String>,
    pub group: Option<String>,
}

/// What a row says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    pub file: String,
    pub label: Option<Key>,
    pub split: Option<String>,
    pub group: Option<String>,
    /// From 1; of an item of a JSON list or object its number.
    pub line: u64,
    /// `file` is a whole line, which may hold more than the file: [`Row::parts`].
    pub bare: bool,
}

impl Row {
    /// The file and the class that a line says where it is no file as a whole: its first word and the second, or all but its last
    /// word and that one.
    pub fn parts(&self) -> impl Iterator<Item = (&str, Option<Key>)> {
        let text = self.file.as_str();
        let first = text.split_once(char::is_whitespace);
        let first = first.map(|(file, rest)| (file, rest.split_whitespace().next().and_then(key)));
        let last = text.rsplit_once(char::is_whitespace);
        let last = last.map(|(file, label)| (file.trim_end(), key(label)));
        [first, last].into_iter().flatten().filter(|_| self.bare)
    }
}

/// A table as it is read.
pub(super) struct Table {
    /// What it is called in a message.
    pub name: String,
    pub rows: Vec<Row>,
    /// It has a column of splits.
    pub splits: bool,
}

/// What a cell says of a class: a number or a word; `None` where it is blank.
pub(super) fn key(text: &str) -> Option<Key> {
    let text = text.trim();
    match text.parse() {
        _ if text.is_empty() => None,
        Ok(number) => Some(Key::Number(number)),
        Err(_) => Some(Key::Text(text.to_owned())),
    }
}

/// The kind that a table's name says.
pub(super) fn format(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy();
    let (_, ending) = packed::of_name(&name).1.rsplit_once('.')?;
    let known = [
        ("csv", "csv"),
        ("tsv", "tsv"),
        ("json", "json"),
        ("jsonl", "jsonl"),
        ("ndjson", "jsonl"),
        ("txt", "txt"),
        ("lst", "txt"),
    ];
    let mut known = known.into_iter();
    let (_, format) = known.find(|(own, _)| ending.eq_ignore_ascii_case(own))?;
    Some(format)
}

/// Reads a table. `labelled`: its rows must say a class.
pub(super) fn read(path: &Path, names: &Names, labelled: bool) -> Checked<Table> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut table = Table {
        name,
        rows: Vec::new(),
        splits: false,
    };
    match format(path) {
        Some("csv") => table.columns(path, b',', names, labelled)?,
        Some("tsv") => table.columns(path, b'\t', names, labelled)?,
        Some("json") => table.json(path, names, labelled)?,
        Some("jsonl") => table.lines(path, &mut |row, line| {
            let value = json::value(line.text)?;
            fields(&value, names, row)
        })?,
        Some(_) => table.lines(path, &mut |row, line| plain(line.text, row))?,
        None => {
            let message = format!(
                "{} is no table: its ending is none of {ENDINGS}",
                path.display()
            );
            return Err(Problem::new(Code::BadFile, message));
        }
    }
    if table.rows.is_empty() {
        return Err(bad(path, &"it has no rows"));
    }
    table.splits |= table.rows.iter().any(|row| row.split.is_some());
    Ok(table)
}

fn stream(path: &Path) -> Checked<impl std::io::Read> {
    let from = packed::stream(path).map_err(|error| bad(path, &error))?;
    Ok(std::io::Read::take(from, MOST + 1))
}

/// The column that is asked for, or one of the known names in any case, or the only one that is `left`.
fn find(
    (path, header): (&Path, &[String]),
    what: &str,
    asked: Option<&str>,
    known: &[&str],
    left: &[usize],
) -> Checked<usize> {
    let any_case = known.iter().find_map(|name| {
        let own = header.iter().find(|own| own.eq_ignore_ascii_case(name))?;
        Some(own.as_str())
    });
    if asked.is_none()
        && any_case.is_none()
        && let [only] = left
    {
        return Ok(*only);
    }
    let found = column(path, what, asked.or(any_case), known, header);
    found.map_err(|problem| {
        let picture = |name: &String| is_picture_name(name) == Some(true);
        match header.iter().any(picture) {
            true => problem
                .help("its first line is a row: write the columns' names above it, `file,label`"),
            false => problem,
        }
    })
}

impl Table {
    fn columns(
        &mut self,
        path: &Path,
        separator: u8,
        names: &Names,
        labelled: bool,
    ) -> Checked<()> {
        let header = rows::header(stream(path)?, separator).map_err(|what| bad(path, &what))?;
        let of = (path, header.as_slice());
        let known = |known: &[&str]| {
            let same = |own: &String| known.iter().any(|name| own.eq_ignore_ascii_case(name));
            header.iter().position(same)
        };
        let optional = |what: &str, asked: &Option<String>, names: &[&str]| match asked {
            Some(name) => find(of, what, Some(name), &[], &[]).map(Some),
            None => Ok(known(names)),
        };
        let split = optional("split", &names.split, SPLITS)?;
        let group = optional("group", &names.group, &[])?;
        // of a table of few columns the last one needs no name
        let others = |known: Option<usize>| -> Vec<usize> {
            let taken = [known, split, group];
            let all = (0..header.len()).filter(|at| !taken.contains(&Some(*at)));
            all.collect()
        };
        let own =
            |asked: &Option<String>| header.iter().position(|own| Some(own) == asked.as_ref());
        let label = own(&names.label).or_else(|| known(LABELS));
        let left = match label.filter(|_| labelled) {
            Some(label) => others(Some(label)),
            None => Vec::new(),
        };
        let file = find(of, "file", names.file.as_deref(), FILES, &left)?;
        let label = match labelled {
            true => {
                let left = others(Some(file));
                Some(find(of, "label", names.label.as_deref(), LABELS, &left)?)
            }
            false => None,
        };
        let mut wrong = None;
        let end = rows::each_record(stream(path)?, separator, &mut |record, _, line| {
            if wrong.is_some() || (record.len() == 1 && record[0].trim_ascii().is_empty()) {
                return;
            }
            let row = row_of(record, header.len(), (file, label, split, group), line);
            match row {
                Ok(row) => self.rows.push(row),
                Err(what) => wrong = Some(format!("line {line}: {what}")),
            }
        });
        let end = end.map_err(|what| bad(path, &what))?;
        self.splits = split.is_some();
        match wrong {
            Some(what) => Err(bad(path, &what)),
            None => within(path, end, MOST),
        }
    }

    fn lines(
        &mut self,
        path: &Path,
        read: &mut dyn FnMut(&mut Row, &json::Line<'_>) -> Result<(), String>,
    ) -> Checked<()> {
        let mut wrong = None;
        let utf8 = |bytes: &[u8]| texts::is_utf16(bytes).map_or(Ok(()), |what| Err(what.into()));
        let end = json::lines(stream(path)?, utf8, |line| {
            if wrong.is_some() {
                return;
            }
            let mut row = Row {
                line: line.number,
                ..Row::default()
            };
            let done = match line.text.len() <= LONGEST {
                true => read(&mut row, &line),
                false => Err("it is too long".into()),
            };
            match done {
                Ok(()) => self.rows.push(row),
                Err(what) => wrong = Some(format!("line {}: {what}", line.number)),
            }
        });
        let end = end.map_err(|what| bad(path, &what))?;
        match wrong {
            Some(what) => Err(bad(path, &what)),
            None => within(path, end, MOST),
        }
    }

    /// One list of objects, an object of files and their labels, or lines all the same.
    fn json(&mut self, path: &Path, names: &Names, labelled: bool) -> Checked<()> {
        let all = packed::all(path, MOST_JSON).map_err(|error| bad(path, &error))?;
        let Some(all) = all else {
            let what = format!(
                "it has more than {} MiB: write one object a line (.jsonl)",
                MOST_JSON >> 20
            );
            return Err(bad(path, &what));
        };
        let text = texts::unmarked(&all);
        let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Value>();
        let first = values.next();
        if let (Some(Ok(Value::Object(_))), Some(_)) = (&first, values.next()) {
            return self.lines(path, &mut |row, line| {
                fields(&json::value(line.text)?, names, row)
            });
        }
        let first = match first {
            Some(first) => first.map_err(|error| bad(path, &json::no_json(&error)))?,
            None => return Err(bad(path, &"it is empty")),
        };
        let add =
            |own: &mut Self, at: usize, row: &mut dyn FnMut(&mut Row) -> Result<(), String>| {
                let mut found = Row {
                    line: at as u64 + 1,
                    ..Row::default()
                };
                row(&mut found).map_err(|what| bad(path, &format!("item {}: {what}", at + 1)))?;
                own.rows.push(found);
                Ok(())
            };
        match first {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    add(self, at, &mut |row| match (item, labelled) {
                        (Value::String(file), false) => {
                            row.file = file.clone();
                            Ok(())
                        }
                        _ => fields(item, names, row),
                    })?;
                }
            }
            Value::Object(object) => {
                for (at, (file, label)) in object.iter().enumerate() {
                    add(self, at, &mut |row| {
                        row.file = file.clone();
                        row.label = cell(label, "label")?.as_deref().and_then(key);
                        Ok(())
                    })?;
                }
            }
            other => {
                let what = format!("it is {}, and no list of objects", json::kind(&other));
                return Err(bad(path, &what));
            }
        }
        Ok(())
    }
}

fn within(path: &Path, end: u64, most: u64) -> Checked<()> {
    match end > most {
        true => Err(bad(path, &format!("it has more than {} GiB", most >> 30))),
        false => Ok(()),
    }
}

type Places = (usize, Option<usize>, Option<usize>, Option<usize>);

fn row_of(
    record: &ByteRecord,
    count: usize,
    (file, label, split, group): Places,
    line: u64,
) -> Result<Row, String> {
    if record.len() != count {
        return Err(format!(
            "it has {} fields, and the first line names {count} columns: is a separator in a text without quotes around it?",
            record.len()
        ));
    }
    let cell = |at: usize| {
        let bytes = record.get(at).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())?;
        Ok::<String, String>(text.trim().to_owned())
    };
    let some = |at: Option<usize>| at.map(cell).transpose();
    Ok(Row {
        file: cell(file)?,
        label: some(label)?.as_deref().and_then(key),
        split: some(split)?,
        group: some(group)?.filter(|text| !text.is_empty()),
        line,
        bare: false,
    })
}

/// What a field of an object says, where it says something.
fn cell(value: &Value, what: &str) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim().to_owned())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(flag) => Ok(Some(flag.to_string())),
        other => Err(format!(
            "its {what} is {}, not a word or a number",
            json::kind(other)
        )),
    }
}

/// What an object says.
fn fields(value: &Value, names: &Names, row: &mut Row) -> Result<(), String> {
    let Value::Object(object) = value else {
        return Err(format!("it is {}, and no object", json::kind(value)));
    };
    let field = |what: &str, asked: &Option<String>, known: &[&str]| {
        let own = match asked {
            Some(name) => object.get(name),
            None => known.iter().find_map(|name| {
                let mut own = object.iter();
                own.find(|(own, _)| own.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value)
            }),
        };
        own.map_or(Ok(None), |own| cell(own, what))
    };
    row.file = field("file", &names.file, FILES)?.ok_or_else(|| {
        let named = names.file.as_deref().unwrap_or("file");
        format!(
            "it has no field `{named}` that names a file: {}; name it: `file = \"…\"`",
            json::has(object)
        )
    })?;
    row.label = field("label", &names.label, LABELS)?
        .as_deref()
        .and_then(key);
    row.split = field("split", &names.split, SPLITS)?;
    row.group = field("group", &names.group, &[])?.filter(|text| !text.is_empty());
    Ok(())
}

/// A line without columns: a file and its class, apart by a tab; else a file alone, or a file without spaces and its class.
fn plain(line: &[u8], row: &mut Row) -> Result<(), String> {
    let line = texts::unmarked(line);
    let text = std::str::from_utf8(line).map_err(|_| "it is no UTF-8".to_owned())?;
    let text = text.trim();
    if let Some((file, rest)) = text.split_once('\t') {
        row.file = file.trim().to_owned();
        row.label = rest.split('\t').next().and_then(key);
        return Ok(());
    }
    row.file = text.to_owned();
    row.bare = true;
    Ok(())
}

/// What a set of classes is called, in their order: numbers, then words.
pub(super) fn classes(rows: impl Iterator<Item = Key>) -> BTreeMap<Key, u32> {
    let mut all: BTreeMap<Key, u32> = rows.map(|key| (key, 0)).collect();
    for (number, class) in all.values_mut().zip(0..) {
        *number = class;
    }
    all
}

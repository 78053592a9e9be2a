//! What a row of a table says, as CSV, TSV or JSON lines have it: a picture, its captions, what they belong to.

use std::io::Read;
use std::path::Path;

use csv::ByteRecord;
use serde_json::{Map, Value};

use super::captions::{Noted, number_of};
use crate::catalog::Result as Checked;
use crate::data::dialogues::column;
use crate::data::documents::index::{Gather, Index, Key, LONGEST, LOOKED_AT};
use crate::data::documents::{json, table as rows};
use crate::data::texts;

/// Columns of the picture; the first of them that is there counts.
pub(super) const IMAGES: [&str; 7] = [
    "image",
    "file",
    "file_name",
    "filename",
    "filepath",
    "path",
    "img",
];
/// Those of the caption.
pub(super) const TEXTS: [&str; 7] = [
    "text",
    "caption",
    "captions",
    "texts",
    "title",
    "sentence",
    "sentences",
];

/// What the recipe says of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) image: Option<String>,
    /// None where it does not say.
    pub(super) text: Vec<String>,
    pub(super) group: Option<String>,
    pub(super) label: Option<String>,
    /// Captions are not read, and no record needs one.
    pub(super) pictures_alone: bool,
}

/// Where a table's columns are.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    separator: u8,
    /// How many.
    count: usize,
    image: usize,
    text: Vec<usize>,
    group: Option<usize>,
    label: Option<usize>,
}

/// What a row says.
pub(super) struct Said {
    pub(super) image: Vec<u8>,
    pub(super) captions: Vec<Vec<u8>>,
    group: Vec<u8>,
    label: Option<Key>,
}

impl Said {
    fn noted(&self) -> Noted {
        let picture = number_of(&self.image);
        Noted {
            picture,
            group: match self.group.is_empty() {
                true => picture,
                false => number_of(&self.group),
            },
            captions: self.captions.len() as u64,
        }
    }
}

/// A cell that is not blank, without the space around it.
pub(super) fn filled(cell: &[u8]) -> Option<Vec<u8>> {
    let cell = cell.trim_ascii();
    (!cell.is_empty()).then(|| cell.to_vec())
}

/// A label as a cell says it.
pub(super) fn key(cell: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(cell).ok()?.trim();
    match text.parse() {
        _ if text.is_empty() => None,
        Ok(number) => Some(Key::Number(number)),
        Err(_) => Some(Key::Text(text.to_owned())),
    }
}

impl Columns {
    pub(super) fn of(
        path: &Path,
        separator: u8,
        header: &[String],
        names: &Names,
    ) -> Checked<Self> {
        let one = |what: &str, asked: Option<&str>, known: &[&str]| {
            column(path, what, asked, known, header)
        };
        let named = |what: &str, name: &Option<String>| match name {
            Some(name) => one(what, Some(name), &[]).map(Some),
            None => Ok(None),
        };
        let text: Checked<Vec<usize>> = match names.text.as_slice() {
            [] => one("text", None, &TEXTS).map(|at| vec![at]),
            several => several
                .iter()
                .map(|name| one("text", Some(name), &[]))
                .collect(),
        };
        Ok(Self {
            separator,
            count: header.len(),
            image: one("image", names.image.as_deref(), &IMAGES)?,
            text: text?,
            group: named("group", &names.group)?,
            label: named("label", &names.label)?,
        })
    }

    fn said(&self, record: &ByteRecord) -> Said {
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let texts = self.text.iter().filter_map(|at| filled(cell(*at)));
        Said {
            image: cell(self.image).trim_ascii().to_vec(),
            captions: texts.collect(),
            group: self
                .group
                .map_or(Vec::new(), |at| cell(at).trim_ascii().to_vec()),
            label: self.label.and_then(|at| key(cell(at))),
        }
    }

    /// Finds the rows of a file whose first line names its columns.
    pub(super) fn scan(&self, from: &mut dyn Read) -> Result<Index, String> {
        let mut gather = Gather::default();
        gather.all_texts();
        let end = rows::each_record(from, self.separator, &mut |record, byte, line| {
            let said = self.said(record);
            gather.note(said.noted().numbers());
            gather.add(byte, line, said.label);
        })?;
        Ok(gather.done(end))
    }

    /// What a row's bytes say. `last`: no row follows.
    pub(super) fn read(&self, piece: &[u8], last: bool) -> Result<Said, String> {
        let quotes = memchr::memchr_iter(b'"', piece).count();
        if last && quotes % 2 == 1 {
            return Err("a quote in it is not closed before the file ends; a quote inside of a text is written twice".into());
        }
        let mut reader = rows::builder(self.separator).from_reader(piece);
        let mut record = ByteRecord::new();
        let read = reader.read_byte_record(&mut record);
        if !read.map_err(|error| rows::words(&error))? {
            return Err("it is empty".into());
        }
        if record.len() != self.count {
            return Err(format!(
                "it has {} fields, and the first line names {} columns: is a separator in a text without quotes around it?",
                record.len(),
                self.count
            ));
        }
        Ok(self.said(&record))
    }
}

/// The field of this name, else the first of those that are known.
fn field<'o>(
    object: &'o Map<String, Value>,
    asked: Option<&str>,
    known: &[&str],
) -> Option<&'o Value> {
    match asked {
        Some(name) => object.get(name),
        None => known.iter().find_map(|name| object.get(*name)),
    }
}

/// What a field is called in an error.
fn called(asked: Option<&str>, known: &[&str]) -> String {
    match asked {
        Some(name) => format!("field `{name}`"),
        None => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("field {}", known.join(" or "))
        }
    }
}

impl Names {
    /// What a line of JSON says.
    pub(super) fn read(&self, line: &[u8]) -> Result<Said, String> {
        let object = match json::value(line)? {
            Value::Object(object) => object,
            other => return Err(format!("it is {}, and no JSON object", json::kind(&other))),
        };
        let lacks = |asked: Option<&str>, known: &[&str]| {
            format!("it has no {}: {}", called(asked, known), json::has(&object))
        };
        let image = match field(&object, self.image.as_deref(), &IMAGES) {
            Some(Value::String(path)) => path.trim().as_bytes().to_vec(),
            Some(other) => {
                return Err(format!(
                    "its {} is {}, not the path of a picture",
                    called(self.image.as_deref(), &IMAGES),
                    json::kind(other)
                ));
            }
            None => return Err(lacks(self.image.as_deref(), &IMAGES)),
        };
        let mut captions = Vec::new();
        let mut take = |asked: Option<&str>| -> Result<(), String> {
            let all = match field(&object, asked, &TEXTS) {
                None => return Err(lacks(asked, &TEXTS)),
                Some(Value::Null) => return Ok(()),
                Some(Value::Array(all)) => all.as_slice(),
                Some(one) => std::slice::from_ref(one),
            };
            for one in all {
                let Value::String(text) = one else {
                    let (what, kind) = (called(asked, &TEXTS), json::kind(one));
                    return Err(format!("its {what} holds {kind}, not text"));
                };
                captions.extend(filled(text.as_bytes()));
            }
            Ok(())
        };
        match self.text.as_slice() {
            [] => take(None)?,
            several => several.iter().try_for_each(|name| take(Some(name)))?,
        }
        let named = |name: &Option<String>| match object.get(name.as_deref()?) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        Ok(Said {
            image,
            captions,
            group: named(&self.group).unwrap_or_default().trim().into(),
            label: named(&self.label).and_then(|text| key(text.as_bytes())),
        })
    }

    /// Finds the rows of a file of one object a line.
    pub(super) fn scan(&self, from: &mut dyn Read) -> Result<Index, String> {
        let mut gather = Gather::default();
        gather.all_texts();
        let mut wrong: Option<String> = None;
        let mut known = false;
        let utf8 = |bytes: &[u8]| texts::is_utf16(bytes).map_or(Ok(()), |what| Err(what.into()));
        let end = json::lines(from, utf8, |line| {
            let said = match line.text.len() <= LONGEST {
                true => self.read(line.text),
                false => Err("it is too long".into()),
            };
            let (noted, label) = match said {
                Ok(said) => {
                    known = true;
                    (said.noted(), said.label)
                }
                // told where it is read: a picture of its own with one caption
                Err(what) => {
                    if !known && gather.seen() < LOOKED_AT {
                        let what = format!("line {} of it names no pair: {what}", line.number);
                        wrong.get_or_insert(what);
                    }
                    let own = number_of(&line.start.to_le_bytes());
                    let alone = Noted {
                        picture: own,
                        group: own,
                        captions: 1,
                    };
                    (alone, None)
                }
            };
            gather.note(noted.numbers());
            gather.add(line.start, line.number, label);
        })?;
        match wrong.filter(|_| !known) {
            Some(what) => Err(what),
            None => Ok(gather.done(end)),
        }
    }
}

//! CSV and TSV: the first line names the columns; a field in quotes may hold lines.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use super::index::{Gather, Index, Key, LONGEST, Limited, Names, TOO_LONG};
use crate::data::texts;

/// Where a table's columns are.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub separator: u8,
    /// How many.
    pub count: usize,
    pub text: usize,
}

pub(in crate::data) fn builder(separator: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder
        .delimiter(separator)
        .flexible(true)
        .has_headers(false)
        .buffer_capacity(1 << 18);
    builder
}

pub(in crate::data) fn words(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

/// The names of the columns.
///
/// # Errors
/// There is no first line, or it is no text.
pub(in crate::data) fn header(from: impl Read, separator: u8) -> Result<Vec<String>, String> {
    let (limited, _) = Limited::new(from);
    let mut reader = builder(separator).from_reader(limited);
    let mut record = ByteRecord::new();
    let read = reader.read_byte_record(&mut record);
    if !read.map_err(|error| words(&error))? {
        return Err("it is empty".into());
    }
    if let Some(what) = record.get(0).and_then(texts::is_utf16) {
        return Err(what.into());
    }
    let names = record.iter().map(|name| {
        let name = texts::unmarked(name);
        String::from_utf8_lossy(name).trim().to_owned()
    });
    Ok(names.collect())
}

/// Gives each record behind the first line to `see`, with its first byte and line, and says where the last one ends.
///
/// # Errors
/// It can't be read, or a record has no end.
pub(in crate::data) fn each_record(
    from: impl Read,
    separator: u8,
    see: &mut dyn FnMut(&ByteRecord, u64, u64),
) -> Result<u64, String> {
    let (limited, left) = Limited::new(from);
    let mut reader = builder(separator).from_reader(limited);
    let mut record = ByteRecord::new();
    let mut first = true;
    loop {
        // what is read ahead belongs to the next
        left.set(LONGEST + (1 << 19));
        let before = reader.position().line();
        let more = reader.read_byte_record(&mut record).map_err(|error| {
            let text = words(&error);
            match text == TOO_LONG {
                true => format!(
                    "the record that starts in line {before} has more than 64 MiB: is a quote not closed?"
                ),
                false => text,
            }
        })?;
        if !more {
            return Ok(reader.position().byte());
        }
        if std::mem::take(&mut first) {
            continue;
        }
        let (byte, line) = record
            .position()
            .map_or((0, 0), |at| (at.byte(), at.line()));
        see(&record, byte, line);
    }
}

/// Finds the records of a file whose first line was [`header`].
///
/// # Errors
/// It can't be read, or a record has no end.
pub(super) fn scan(
    from: impl Read,
    columns: &Columns,
    label: Option<usize>,
    header: &[String],
    names: Names<'_>,
) -> Result<Index, String> {
    let mut gather = Gather::default();
    gather.look(
        header.iter().map(String::as_str),
        header.iter().any(|h| h == names.text),
    );
    let end = each_record(from, columns.separator, &mut |record, byte, line| {
        let key = label.and_then(|label| {
            let text = std::str::from_utf8(record.get(label)?).ok()?.trim();
            match text.parse() {
                _ if text.is_empty() => None,
                Ok(number) => Some(Key::Number(number)),
                Err(_) => Some(Key::Text(text.to_owned())),
            }
        });
        gather.add(byte, line, key);
    })?;
    Ok(gather.done(end))
}

/// The bytes of a record's text. `last`: no record follows.
///
/// # Errors
/// It has other columns than the first line, or a quote has no end: what is wrong, after the record's name.
pub(super) fn text(piece: &[u8], columns: &Columns, last: bool) -> Result<Vec<u8>, String> {
    let quotes = memchr::memchr_iter(b'"', piece).count();
    if last && quotes % 2 == 1 {
        return Err("a quote in it is not closed before the file ends; a quote inside of a text is written twice".into());
    }
    let mut reader = builder(columns.separator).from_reader(piece);
    let mut record = ByteRecord::new();
    let read = reader.read_byte_record(&mut record);
    if !read.map_err(|error| words(&error))? {
        return Err("it is empty".into());
    }
    if record.len() != columns.count {
        return Err(format!(
            "it has {} fields, and the first line names {} columns: is a separator in a text without quotes around it?",
            record.len(),
            columns.count
        ));
    }
    Ok(record.get(columns.text).unwrap_or_default().to_vec())
}

//! CSV and TSV: a row is a turn, rows of one dialogue follow one another.

use std::collections::HashMap;
use std::io::Read;

use csv::ByteRecord;

use crate::data::documents::index::{Gather, Index, LONGEST, Limited, TOO_LONG};
use crate::data::documents::table::{builder, words};

/// Columns that say which dialogue a row is of; the first of them that is there counts.
pub(super) const IDS: [&str; 10] = [
    "dialogue_id",
    "dialog_id",
    "conversation_id",
    "conv_id",
    "thread_id",
    "dialogue",
    "dialog",
    "conversation",
    "thread",
    "id",
];

/// Where a table's columns are.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) separator: u8,
    /// How many.
    pub(super) count: usize,
    pub(super) dialogue: usize,
    pub(super) text: usize,
}

/// Finds the dialogues of a file whose first line names its columns; `name`: that of the dialogue's, `asked`: the recipe says it.
///
/// # Errors
/// It can't be read, a row names no dialogue, or one that was over; nobody said that each row names one of its own.
pub(super) fn scan(
    from: impl Read,
    columns: &Columns,
    name: &str,
    asked: bool,
) -> Result<Index, String> {
    let (limited, left) = Limited::new(from);
    let mut reader = builder(columns.separator).from_reader(limited);
    let mut record = ByteRecord::new();
    let mut gather = Gather::default();
    gather.all_texts();
    // of each dialogue, by its hash, the line that it starts in
    let mut seen: HashMap<[u8; 32], u64> = HashMap::new();
    let mut current: Option<Vec<u8>> = None;
    let (mut first, mut rows) = (true, 0);
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
        if !more && !asked && rows > 1 && rows == gather.seen() {
            return Err(format!(
                "each row of it has a `{name}` of its own: which column says what dialogue it is of?"
            ));
        }
        if !more {
            return Ok(gather.done(reader.position().byte()));
        }
        if std::mem::take(&mut first) {
            continue;
        }
        rows += 1;
        let (byte, line) = record
            .position()
            .map_or((0, 0), |at| (at.byte(), at.line()));
        // a row of other columns is the dialogue's before it, and told where that is read
        let id = match record.get(columns.dialogue).map(<[u8]>::trim_ascii) {
            Some(id) if !id.is_empty() => id,
            Some(_) if record.len() == columns.count => {
                return Err(format!("line {line} of it names no dialogue in `{name}`"));
            }
            _ => match &current {
                Some(current) => current.as_slice(),
                None => return Err(format!("line {line} of it names no dialogue in `{name}`")),
            },
        };
        if current.as_deref() == Some(id) {
            continue;
        }
        if let Some(start) = seen.insert(*blake3::hash(id).as_bytes(), line) {
            let id = String::from_utf8_lossy(id);
            let id: String = id.chars().take(40).collect();
            return Err(format!(
                "line {line} of it goes on with the dialogue `{id}` of line {start}, which another has followed: rows of one dialogue stand together; sort them by `{name}`"
            ));
        }
        current = Some(id.to_vec());
        gather.add(byte, line, None);
    }
}

/// The texts of a dialogue's turns, in order; those of no text are left out. `last`: no dialogue follows.
///
/// # Errors
/// A row has other columns than the first line, or a quote has no end: what is wrong, after the dialogue's name.
pub(super) fn turns(piece: &[u8], columns: &Columns, last: bool) -> Result<Vec<Vec<u8>>, String> {
    let quotes = memchr::memchr_iter(b'"', piece).count();
    if last && quotes % 2 == 1 {
        return Err("a quote in it is not closed before the file ends; a quote inside of a text is written twice".into());
    }
    let mut reader = builder(columns.separator).from_reader(piece);
    let mut record = ByteRecord::new();
    let mut texts = Vec::new();
    for turn in 1.. {
        if !reader
            .read_byte_record(&mut record)
            .map_err(|error| words(&error))?
        {
            break;
        }
        if record.len() != columns.count {
            return Err(format!(
                "its turn {turn} has {} fields, and the first line names {} columns: is a separator in a text without quotes around it?",
                record.len(),
                columns.count
            ));
        }
        let text = record.get(columns.text).unwrap_or_default();
        if !text.trim_ascii().is_empty() {
            texts.push(text.to_vec());
        }
    }
    match texts.is_empty() {
        true => Err("it has no turn with a text".into()),
        false => Ok(texts),
    }
}

//! One file of dialogues.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::table::{self, Columns};
use super::turns::{self, Names, TEXTS};
use super::whole;
use crate::catalog::{Problem, Result as Checked};
use crate::data::documents::index::{Gather, Index, LONGEST, LOOKED_AT};
use crate::data::documents::stored::{Stored, bad};
use crate::data::documents::{format_of, json, table as rows};
use crate::data::{DataError, Sample, packed, texts};
use crate::language::codes::Code;
use crate::language::nearest::nearest;

/// Bytes of a file that is one JSON value: it is looked through in memory.
const MOST_WHOLE: u64 = 1 << 30;

/// What the recipe says of names.
pub(super) struct Asked<'a> {
    pub(super) names: Names,
    pub(super) dialogue: Option<&'a str>,
}

enum Format {
    /// Each dialogue is a JSON value, `alone` on its line.
    Json {
        names: Names,
        alone: bool,
    },
    Table(Columns),
}

/// A file, and how its dialogues are written.
pub(super) struct File {
    pub(super) stored: Stored,
    format: Format,
}

/// The column that is asked for, else the first of those that are known; `what` is the parameter that names it.
///
/// # Errors
/// There is none.
pub(in crate::data) fn column(
    path: &Path,
    what: &str,
    asked: Option<&str>,
    known: &[&str],
    header: &[String],
) -> Checked<usize> {
    let find = |name: &str| header.iter().position(|own| own == name);
    let found = match asked {
        Some(name) => find(name),
        None => known.iter().find_map(|name| find(name)),
    };
    found.ok_or_else(|| {
        let message = match asked {
            Some(name) => format!("{} has no column `{name}`", path.display()),
            None => format!(
                "{} has no column of the {what} by a name that is known",
                path.display()
            ),
        };
        let problem = Problem::argument(Code::UnknownPart, what, message);
        let names: Vec<String> = header
            .iter()
            .take(16)
            .map(|name| format!("`{name}`"))
            .collect();
        let problem = problem.note(format!("its columns are {}", names.join(", ")));
        let near = nearest(
            asked.or(known.first().copied()).unwrap_or_default(),
            header.iter().map(String::as_str),
        );
        problem.help(format!("name it: `{what} = \"{}\"`", near.unwrap_or("…")))
    })
}

/// Finds the dialogues of a file of one a line.
fn lines(from: impl Read, names: &Names) -> Result<Index, String> {
    let mut gather = Gather::default();
    gather.all_texts();
    let mut wrong: Option<String> = None;
    let mut known = false;
    let utf8 = |bytes: &[u8]| texts::is_utf16(bytes).map_or(Ok(()), |what| Err(what.to_owned()));
    let end = json::lines(from, utf8, |line| {
        if !known && gather.seen() < LOOKED_AT && line.text.len() <= LONGEST {
            match json::value(line.text).and_then(|value| turns::dialogue(value, names)) {
                Ok(_) => known = true,
                Err(what) => {
                    wrong.get_or_insert(format!(
                        "line {} of it is no dialogue: {what}",
                        line.number
                    ));
                }
            }
        }
        gather.add(line.start, line.number, None);
    })?;
    match wrong.filter(|_| !known) {
        Some(what) => Err(what),
        None => Ok(gather.done(end)),
    }
}

/// Finds the dialogues of a file of JSON.
fn of_json(from: &mut dyn Read, names: &Names) -> Result<Index, String> {
    let mut bytes = Vec::new();
    from.take(MOST_WHOLE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_WHOLE {
        return Err(format!(
            "it has more than {} GiB: write one dialogue a line, as .jsonl",
            MOST_WHOLE >> 30
        ));
    }
    match whole::scan(&bytes, names)? {
        Some(index) => Ok(index),
        None => lines(bytes.as_slice(), names),
    }
}

impl File {
    /// Looks through a file.
    pub(super) fn open(path: &Path, asked: &Asked<'_>) -> Checked<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let names = &asked.names;
        if let Some(kind @ ("csv" | "tsv")) = format_of(&name) {
            let separator = if kind == "csv" { b',' } else { b'\t' };
            let stream = packed::stream(path).map_err(|error| bad(path, &error))?;
            let header = rows::header(stream, separator).map_err(|what| bad(path, &what))?;
            let dialogue = column(path, "dialogue", asked.dialogue, &table::IDS, &header)?;
            let columns = Columns {
                separator,
                count: header.len(),
                dialogue,
                text: column(path, "text", names.text.as_deref(), &TEXTS, &header)?,
            };
            let id = &header[dialogue];
            let asked = asked.dialogue.is_some();
            let kind = format!("index of dialogues 1 {id:?} {asked}");
            let find = |from: &mut dyn Read| table::scan(from, &columns, id, asked);
            let stored = Stored::open(path, &kind, &find).map_err(|problem| match asked {
                true => problem,
                false => problem.help("name the column: `dialogue = \"…\"`"),
            })?;
            return Ok(Self {
                stored,
                format: Format::Table(columns),
            });
        }
        let whole = format_of(&name) == Some("json");
        let kind = format!("index of dialogues 1 {whole} {names:?}");
        let stored = Stored::open(path, &kind, &|from| match whole {
            true => of_json(from, names),
            false => lines(from, names),
        });
        let named = names.turns.is_some() || names.text.is_some();
        Ok(Self {
            stored: stored.map_err(|problem| match named {
                true => problem,
                false => problem.help(
                    "a dialogue is a list of texts or of objects with a `text`, or an object with such a list; of other names say `turns = \"…\"` and `text = \"…\"`",
                ),
            })?,
            format: Format::Json {
                names: names.clone(),
                alone: !whole,
            },
        })
    }

    /// The turns of a dialogue.
    pub(super) fn turns(&self, record: usize, mend: bool) -> Result<Sample, DataError> {
        let (piece, what) = match self.stored.piece(record) {
            Err(what) => (None, what),
            Ok(piece) => match self.read(record, &piece, mend) {
                Ok(turns) => {
                    return Ok(Sample::list(turns.into_iter().map(Sample::text).collect()));
                }
                Err(what) => (Some(piece), what),
            },
        };
        let name = self.stored.name(record, piece.as_deref());
        Err(DataError::new(format!(
            "can't read dialogue {record}, {name}: {what}"
        )))
    }

    fn read(&self, record: usize, piece: &[u8], mend: bool) -> Result<Vec<Arc<str>>, String> {
        let turns: Vec<Vec<u8>> = match &self.format {
            Format::Json { names, alone } => {
                let value = match mend {
                    true => value(String::from_utf8_lossy(piece).as_bytes(), *alone)?,
                    false => value(piece, *alone)?,
                };
                let turns = turns::dialogue(value, names)?;
                turns.into_iter().map(String::into_bytes).collect()
            }
            Format::Table(columns) => {
                let last = record + 1 == self.stored.index.len();
                table::turns(piece, columns, last && !mend)?
            }
        };
        let bytes: usize = turns.iter().map(Vec::len).sum();
        if bytes > texts::MOST && !mend {
            return Err(format!(
                "it has {:.1} MB, and a dialogue has at most {} MiB: split it",
                bytes as f64 / 1e6,
                texts::MOST >> 20
            ));
        }
        let read = if mend { texts::mend } else { texts::read };
        let turns = (1..).zip(turns);
        let turns =
            turns.map(|(at, turn)| read(turn).map_err(|what| format!("its turn {at}: {what}")));
        turns.collect()
    }
}

/// The value that a dialogue's bytes start with. What follows is what stands between it and the next, unless it is `alone`.
fn value(piece: &[u8], alone: bool) -> Result<Value, String> {
    if alone {
        return json::value(piece);
    }
    if let Err(error) = std::str::from_utf8(piece) {
        let at = error.valid_up_to();
        return Err(format!("it is no UTF-8: byte {at} ({:#04x})", piece[at]));
    }
    let mut values = serde_json::Deserializer::from_slice(piece).into_iter();
    match values.next() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(json::no_json(&error)),
        None => Err("it is empty".into()),
    }
}

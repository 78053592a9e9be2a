//! A column of a parquet file that has any number of texts in a row: text, a list of texts, or what a record or a list of records has of them.

use std::path::{Path, PathBuf};

use ::parquet::basic::{Compression, Type as Physical};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::DataType;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::ColumnDescriptor;

use super::cells::Shared;
use super::column::{content, names};
use super::file::guarded;
use super::source::Source;
use super::spill::Place;
use crate::data::DataError;
use crate::data::lazy::Lazy;

/// Rows that are decoded at once.
const ROWS: usize = 256;
/// What the levels of a list are called in the files of various writers; they say nothing of what it holds.
const LEVELS: [(&str, &str); 4] = [
    ("list", "element"),
    ("list", "item"),
    ("bag", "array_element"),
    ("bag", "element"),
];

/// A column, and what is known of its file.
struct Column {
    path: PathBuf,
    reader: SerializedFileReader<Source>,
    at: usize,
    /// The level of a value that is there.
    full: i16,
    /// First row and number of rows of each row group.
    groups: Vec<(usize, usize)>,
    rows: usize,
}

/// The name of a column without what makes it a list: `captions` of `captions.list.element`.
fn plain(column: &ColumnDescriptor) -> String {
    let parts = column.path().parts();
    let mut names: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < parts.len() {
        let here = parts[at].as_str();
        let next = parts.get(at + 1).map_or("", String::as_str);
        if at > 0 && column.max_rep_level() > 0 && LEVELS.contains(&(here, next)) {
            at += 2;
        } else {
            names.push(here);
            at += 1;
        }
    }
    names.join(".")
}

impl Column {
    /// Reads the footer; `fits` says whether a column of this name would do.
    fn open(path: &Path, name: &str, fits: fn(&ColumnDescriptor) -> bool) -> Result<Self, String> {
        let bad = |what: String| format!("can't read {}: {what}", path.display());
        let source = Source::open(path).map_err(|error| bad(error.to_string()))?;
        let reader = guarded(|| SerializedFileReader::new(source).map_err(|e| e.to_string()));
        let reader = reader.map_err(bad)?;
        let meta = reader.metadata();
        let schema = meta.file_metadata().schema_descr();
        let columns = schema.columns();
        let called = |column: &ColumnDescriptor| plain(column) == name;
        let Some(at) = columns.iter().position(|column| called(column)) else {
            let inner = format!("{name}.");
            let below = columns.iter().map(|column| plain(column));
            let below: Vec<String> = below.filter(|own| own.starts_with(&inner)).collect();
            let fields = schema.root_schema().get_fields().iter();
            let have: Vec<&str> = fields.map(|field| field.name()).collect();
            return Err(match below.is_empty() {
                true => format!(
                    "{} has no column `{name}` of texts; its columns are {}",
                    path.display(),
                    have.join(", ")
                ),
                false => format!(
                    "column `{name}` of {} holds records: name a field of them, {}",
                    path.display(),
                    below.join(", ")
                ),
            });
        };
        let column = &columns[at];
        if !fits(column) {
            return Err(format!(
                "column `{name}` of {} holds {}, not texts",
                path.display(),
                content(column)
            ));
        }
        let mut groups = Vec::new();
        let mut rows = 0usize;
        for group in meta.row_groups() {
            let by = match group.column(at).compression() {
                Compression::LZO => Some("LZO"),
                Compression::BROTLI(_) => Some("Brotli"),
                _ => None,
            };
            if let Some(by) = by {
                return Err(bad(format!(
                    "it is packed with {by}, which is not read; write it again with zstd or without compression"
                )));
            }
            let count = usize::try_from(group.num_rows())
                .map_err(|_| bad("its row groups are damaged".into()))?;
            groups.push((rows, count));
            rows = rows
                .checked_add(count)
                .filter(|rows| *rows <= u32::MAX as usize)
                .ok_or_else(|| bad("it has too many rows".into()))?;
        }
        Ok(Self {
            path: path.to_owned(),
            full: column.max_def_level(),
            at,
            groups,
            rows,
            reader,
        })
    }

    fn bad(&self, group: usize, what: &str) -> String {
        format!(
            "can't read {}: row group {group}: {what}",
            self.path.display()
        )
    }

    /// Gives the values of each row of a group to `take`, one row after the other.
    fn each_row<T: DataType>(
        &self,
        (group, rows): (usize, usize),
        reader: &mut ColumnReaderImpl<T>,
        take: &mut dyn FnMut(&[T::T]) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut done = 0;
        while done < rows {
            let (mut values, mut filled, mut begins) = (Vec::new(), Vec::new(), Vec::new());
            let (read, _, levels) = reader
                .read_records(
                    ROWS.min(rows - done),
                    Some(&mut filled),
                    Some(&mut begins),
                    &mut values,
                )
                .map_err(|error| error.to_string())?;
            if read == 0 {
                return Err(format!(
                    "row group {group} ends after {done} of {rows} rows"
                ));
            }
            done += read;
            // without levels each row has its one value
            let there = |at: usize| self.full == 0 || filled.get(at) == Some(&self.full);
            let first = |at: usize| begins.get(at).is_none_or(|level| *level == 0);
            let levels = if self.full == 0 { values.len() } else { levels };
            let (mut from, mut to, mut found) = (0, 0, 0);
            for at in 0..levels {
                if first(at) && at > 0 {
                    take(values.get(from..to).ok_or("it is damaged")?)?;
                    found += 1;
                    from = to;
                }
                to += usize::from(there(at));
            }
            take(values.get(from..to).ok_or("it is damaged")?)?;
            if found + 1 != read {
                return Err("it is damaged".into());
            }
        }
        Ok(())
    }

    fn group(&self, group: usize) -> Result<ColumnReader, String> {
        let read = self.reader.get_row_group(group);
        let column = read.and_then(|group| group.get_column_reader(self.at));
        column.map_err(|error| error.to_string())
    }

    /// The texts of each row of a group that are not blank, without the space around them.
    fn texts(
        &self,
        group: usize,
        take: &mut dyn FnMut(&[&[u8]]) -> Result<(), String>,
    ) -> Result<(), String> {
        let rows = self.groups[group].1;
        guarded(|| {
            let ColumnReader::ByteArrayColumnReader(mut reader) = self.group(group)? else {
                return Err("it holds no texts".into());
            };
            self.each_row((group, rows), &mut reader, &mut |values| {
                let texts = values.iter().map(|value| value.data().trim_ascii());
                let texts: Vec<&[u8]> = texts.filter(|text| !text.is_empty()).collect();
                take(&texts)
            })
        })
        .map_err(|what| self.bad(group, &what))
    }
}

/// A column of texts, any number in a row.
pub(in crate::data) struct Texts {
    column: Column,
    /// Where the texts of each row lie.
    places: Vec<Lazy<Vec<Place>>>,
    shared: Shared,
}

impl Texts {
    /// Reads the footer.
    ///
    /// # Errors
    /// It is no parquet file, or has no such column.
    pub(in crate::data) fn open(path: &Path, name: &str, shared: &Shared) -> Result<Self, String> {
        let column = Column::open(path, name, |column| {
            column.physical_type() == Physical::BYTE_ARRAY && column.max_rep_level() <= 1
        })?;
        Ok(Self {
            places: column.groups.iter().map(|_| Lazy::default()).collect(),
            column,
            shared: shared.clone(),
        })
    }

    /// How many texts each row has, those that are blank not counted.
    ///
    /// # Errors
    /// The file is damaged.
    pub(in crate::data) fn counts(&self) -> Result<Vec<u32>, String> {
        let mut counts = Vec::with_capacity(self.column.rows);
        for group in 0..self.column.groups.len() {
            self.column.texts(group, &mut |texts| {
                counts.push(u32::try_from(texts.len()).unwrap_or(u32::MAX));
                Ok(())
            })?;
        }
        Ok(counts)
    }

    /// The texts of a row that are not blank.
    ///
    /// # Errors
    /// They can't be read.
    pub(in crate::data) fn get(&self, row: usize) -> Result<Vec<Vec<u8>>, DataError> {
        let outside = || DataError::outside(row, self.column.rows);
        let groups = &self.column.groups;
        let group = groups.partition_point(|(first, rows)| first + rows <= row);
        let (first, _) = *groups.get(group).ok_or_else(outside)?;
        let places = self.places[group].get(|| self.unpack(group))?;
        let place = places.get(row - first).copied().ok_or_else(outside)?;
        let packed = self.shared.spill().read(place)?.unwrap_or_default();
        Ok(apart(&packed))
    }

    /// Writes the texts of a row group to the spill.
    fn unpack(&self, group: usize) -> Result<Vec<Place>, DataError> {
        let mut writer = self.shared.spill().writer();
        let mut failed = None;
        let read = self.column.texts(group, &mut |texts| {
            writer.add(Some(&packed(texts))).map_err(|error| {
                let text = error.message.clone();
                failed = Some(error);
                text
            })
        });
        match (read, failed) {
            (_, Some(error)) => Err(error),
            (Err(what), None) => Err(DataError::new(what)),
            (Ok(()), None) => writer.finish(),
        }
    }

    /// Bytes in memory once it is read.
    pub(in crate::data) fn resident(&self) -> u64 {
        (self.column.rows * size_of::<Place>()) as u64
    }
}

/// Texts one behind the other, each after its length.
fn packed(texts: &[&[u8]]) -> Vec<u8> {
    let each = texts.iter();
    let each = each.flat_map(|text| [&(text.len() as u64).to_le_bytes(), *text].concat());
    each.collect()
}

fn apart(mut packed: &[u8]) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    while let Some((length, rest)) = packed.split_first_chunk() {
        let length = u64::from_le_bytes(*length) as usize;
        let Some((text, rest)) = rest.split_at_checked(length) else {
            break;
        };
        texts.push(text.to_vec());
        packed = rest;
    }
    texts
}

/// A column of words or whole numbers, row by row as text; numbers that the file's `huggingface` metadata name by these names.
///
/// # Errors
/// It is no parquet file, has no such column, or is damaged.
pub(in crate::data) fn words(
    path: &Path,
    name: &str,
    take: &mut dyn FnMut(Option<&str>),
) -> Result<(), String> {
    let column = Column::open(path, name, |column| {
        let kinds = [Physical::BYTE_ARRAY, Physical::INT32, Physical::INT64];
        kinds.contains(&column.physical_type()) && column.max_rep_level() == 0
    })?;
    let about = column.reader.metadata().file_metadata();
    let pairs = about.key_value_metadata();
    let pair = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == "huggingface"));
    let names = pair.and_then(|pair| names(pair.value.as_deref()?, name));
    let named = |number: Option<i64>, take: &mut dyn FnMut(Option<&str>)| {
        let known = names.as_ref().and_then(|names| {
            let at = usize::try_from(number?).ok()?;
            names.get(at)
        });
        match (known, number) {
            (Some(known), _) => take(Some(known)),
            // of classes that have names the others are none
            (None, Some(_)) if names.is_some() => take(None),
            (None, Some(number)) => take(Some(&number.to_string())),
            (None, None) => take(None),
        }
    };
    for (at, (_, rows)) in column.groups.iter().enumerate() {
        let of = (at, *rows);
        let read = guarded(|| match column.group(at)? {
            ColumnReader::ByteArrayColumnReader(mut reader) => {
                column.each_row(of, &mut reader, &mut |values| {
                    let text = values
                        .first()
                        .map(|value| String::from_utf8_lossy(value.data()));
                    let text = text.as_deref().map(str::trim);
                    take(text.filter(|text| !text.is_empty()));
                    Ok(())
                })
            }
            ColumnReader::Int32ColumnReader(mut reader) => {
                column.each_row(of, &mut reader, &mut |values| {
                    named(values.first().map(|n| i64::from(*n)), take);
                    Ok(())
                })
            }
            ColumnReader::Int64ColumnReader(mut reader) => {
                column.each_row(of, &mut reader, &mut |values| {
                    named(values.first().copied(), take);
                    Ok(())
                })
            }
            _ => Err("it holds neither words nor whole numbers".into()),
        });
        read.map_err(|what| column.bad(at, &what))?;
    }
    Ok(())
}

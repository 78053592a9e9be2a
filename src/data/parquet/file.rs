//! One parquet file with a column of encoded pictures and, maybe, one of labels.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ::parquet::basic::Type as Physical;
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, DataType};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::statistics::Statistics;

use crate::data::DataError;
use crate::data::lazy::Lazy;

/// Rows are read in row groups, each once, on first use; encoded pictures then stay in memory.
pub(super) struct PictureFile {
    pub(super) path: PathBuf,
    /// One thread reads the file at a time: its handle has one position.
    reader: Mutex<SerializedFileReader<File>>,
    columns: Columns,
    groups: Vec<Group>,
    pub(super) rows: usize,
    /// Class names of the label, from the schema's `huggingface` metadata; else the largest label's number + 1.
    pub(super) classes: Option<Classes>,
}

/// What the footer says of the label's classes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Classes {
    Named(Vec<String>),
    Counted(usize),
}

#[derive(Clone, Copy)]
struct Columns {
    picture: usize,
    label: Option<usize>,
}

struct Group {
    first: usize,
    rows: usize,
    pictures: Lazy<Vec<Option<ByteArray>>>,
    labels: Lazy<Vec<u32>>,
}

/// Why a file can't be opened.
pub(super) enum OpenError {
    /// It is broken or no parquet file.
    Bad(String),
    /// It has no such column; these are there.
    NoColumn {
        which: &'static str,
        have: Vec<String>,
    },
}

impl PictureFile {
    /// Reads the footer. `label: None` asks for none.
    pub(super) fn open(path: &Path, image: &str, label: Option<&str>) -> Result<Self, OpenError> {
        let bad = |what: String| OpenError::Bad(format!("can't read {}: {what}", path.display()));
        let file = File::open(path).map_err(|error| bad(error.to_string()))?;
        let reader = SerializedFileReader::new(file).map_err(|error| bad(error.to_string()))?;
        let meta = reader.metadata().clone();
        let schema = meta.file_metadata().schema_descr();
        let find = |wanted: &str, types: &[Physical]| {
            schema.columns().iter().position(|column| {
                column.path().string() == wanted
                    && column.max_rep_level() == 0
                    && types.contains(&column.physical_type())
            })
        };
        let have = || {
            let fields = schema.root_schema().get_fields();
            fields.iter().map(|field| field.name().to_owned()).collect()
        };
        let picture = find(&format!("{image}.bytes"), &[Physical::BYTE_ARRAY])
            .or_else(|| find(image, &[Physical::BYTE_ARRAY]))
            .ok_or_else(|| OpenError::NoColumn {
                which: "image",
                have: have(),
            })?;
        let label_at = match label {
            None => None,
            Some(label) => Some(find(label, &[Physical::INT32, Physical::INT64]).ok_or_else(
                || OpenError::NoColumn {
                    which: "label",
                    have: have(),
                },
            )?),
        };
        let mut groups = Vec::new();
        let (mut rows, mut largest) = (0, None);
        for group in meta.row_groups() {
            let count =
                usize::try_from(group.num_rows()).map_err(|error| bad(error.to_string()))?;
            groups.push(Group {
                first: rows,
                rows: count,
                pictures: Lazy::default(),
                labels: Lazy::default(),
            });
            rows += count;
            if let Some(at) = label_at {
                let found = group
                    .column(at)
                    .statistics()
                    .and_then(|statistics| match statistics {
                        Statistics::Int32(s) => s.max_opt().map(|max| i64::from(*max)),
                        Statistics::Int64(s) => s.max_opt().copied(),
                        _ => None,
                    });
                largest = largest.max(found);
            }
        }
        let named = label.and_then(|label| {
            let pairs = meta.file_metadata().key_value_metadata()?;
            let pair = pairs.iter().find(|pair| pair.key == "huggingface")?;
            names(pair.value.as_deref()?, label)
        });
        let counted = largest
            .and_then(|max| usize::try_from(max).ok())
            .map(|max| max + 1);
        Ok(Self {
            path: path.to_owned(),
            reader: Mutex::new(reader),
            columns: Columns {
                picture,
                label: label_at,
            },
            groups,
            rows,
            classes: named.map(Classes::Named).or(counted.map(Classes::Counted)),
        })
    }

    fn bad(&self, what: impl std::fmt::Display) -> DataError {
        DataError::new(format!("can't read {}: {what}", self.path.display()))
    }

    fn group(&self, row: usize) -> Result<&Group, DataError> {
        let at = self
            .groups
            .partition_point(|group| group.first + group.rows <= row);
        self.groups
            .get(at)
            .ok_or_else(|| DataError::outside(row, self.rows))
    }

    fn column(&self, group: &Group, column: usize) -> Result<ColumnReader, DataError> {
        let index = self
            .groups
            .partition_point(|other| other.first + other.rows <= group.first);
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = reader
            .get_row_group(index)
            .map_err(|error| self.bad(error))?;
        reader
            .get_column_reader(column)
            .map_err(|error| self.bad(error))
    }

    /// The encoded picture of a row.
    pub(super) fn picture(&self, row: usize) -> Result<&[u8], DataError> {
        let group = self.group(row)?;
        let pictures = group.pictures.get(|| {
            let ColumnReader::ByteArrayColumnReader(mut reader) =
                self.column(group, self.columns.picture)?
            else {
                return Err(self.bad("its pictures are not bytes"));
            };
            self.values(&mut reader, self.columns.picture, group.rows)
        })?;
        match pictures.get(row - group.first) {
            Some(Some(bytes)) => Ok(bytes.data()),
            _ => Err(self.bad(format!("row {row} has no picture"))),
        }
    }

    /// Heights and widths of the first few pictures; broken ones are left out.
    pub(super) fn peek(&self, n: usize) -> Vec<(usize, usize)> {
        let Some(group) = self.groups.first() else {
            return Vec::new();
        };
        let Ok(ColumnReader::ByteArrayColumnReader(mut reader)) =
            self.column(group, self.columns.picture)
        else {
            return Vec::new();
        };
        let first = self.values(&mut reader, self.columns.picture, n.min(group.rows));
        let first = first.unwrap_or_default();
        first
            .iter()
            .flatten()
            .filter_map(|bytes| crate::data::decode::size(bytes.data()).ok())
            .collect()
    }

    /// The label of a row, where there is a label column.
    pub(super) fn label(&self, row: usize) -> Result<Option<u32>, DataError> {
        let Some(column) = self.columns.label else {
            return Ok(None);
        };
        let group = self.group(row)?;
        let labels = group.labels.get(|| {
            let labels: Vec<Option<i64>> = match self.column(group, column)? {
                ColumnReader::Int32ColumnReader(mut reader) => self
                    .values(&mut reader, column, group.rows)?
                    .into_iter()
                    .map(|label| label.map(i64::from))
                    .collect(),
                ColumnReader::Int64ColumnReader(mut reader) => {
                    self.values(&mut reader, column, group.rows)?
                }
                _ => return Err(self.bad("its labels are not whole numbers")),
            };
            let checked = labels.into_iter().enumerate().map(|(at, label)| {
                let label = label.and_then(|label| u32::try_from(label).ok());
                label.ok_or_else(|| self.bad(format!("row {} has no label", group.first + at)))
            });
            checked.collect::<Result<Vec<u32>, DataError>>()
        })?;
        Ok(labels.get(row - group.first).copied())
    }

    /// The first `rows` values of a column chunk, `None` where they are null.
    fn values<T: DataType>(
        &self,
        reader: &mut ColumnReaderImpl<T>,
        column: usize,
        rows: usize,
    ) -> Result<Vec<Option<T::T>>, DataError> {
        let full = {
            let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            let schema = reader.metadata().file_metadata().schema_descr_ptr();
            schema.column(column).max_def_level()
        };
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        let mut done = 0;
        while done < rows {
            let (read, _, _) = reader
                .read_records(rows - done, Some(&mut levels), None, &mut values)
                .map_err(|error| self.bad(error))?;
            if read == 0 {
                return Err(self.bad(format!("a row group ends after {done} of {rows} rows")));
            }
            done += read;
        }
        if full == 0 {
            return Ok(values.into_iter().map(Some).collect());
        }
        let mut values = values.into_iter();
        Ok(levels
            .into_iter()
            .map(|level| if level == full { values.next() } else { None })
            .collect())
    }
}

/// The class names of a column in the `huggingface` metadata:
/// `{"info": {"features": {COLUMN: {"names": […], "_type": "ClassLabel"}}}}`.
fn names(metadata: &str, column: &str) -> Option<Vec<String>> {
    let metadata: serde_json::Value = serde_json::from_str(metadata).ok()?;
    let names = metadata["info"]["features"][column]["names"].as_array()?;
    let names: Option<Vec<String>> = names
        .iter()
        .map(|name| name.as_str().map(str::to_owned))
        .collect();
    names.filter(|names| !names.is_empty())
}

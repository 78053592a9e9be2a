//! One parquet file with a column of encoded pictures and, maybe, one of labels.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ::parquet::basic::{Compression, Type as Physical};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::DataType;
use ::parquet::file::metadata::ParquetStatisticsPolicy;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::serialized_reader::ReadOptionsBuilder;
use ::parquet::schema::types::ColumnDescriptor;

use super::class::Values;
use super::column::{content, names, span, values};
use super::source::Source;
use super::spill::{Place, Spill};
use crate::data::DataError;
use crate::data::lazy::Lazy;

/// Rows that are decoded at once.
const ROWS: usize = 64;
/// Bytes of a row group's pictures from which on one thread at a time unpacks such groups.
const LARGE: i64 = 16 << 20;
/// Pages that are looked at to learn how large they are.
const PAGES: usize = 4096;
/// Row groups that are looked into to learn how large pictures are.
const LOOKED_INTO: usize = 8;

/// One thread at a time: pages of large groups are unpacked whole.
static LARGE_ONE: Mutex<()> = Mutex::new(());

/// What is packed into the rows of a file.
#[derive(Clone, Copy)]
pub(super) struct Packed {
    /// One of them: `picture`.
    pub(super) one: &'static str,
    /// What the column should hold.
    pub(super) many: &'static str,
    /// What to do where a row has none.
    pub(super) help: &'static str,
}

/// Row groups are unpacked each once, on first use, into the spill; where their pictures lie stays in memory.
pub(super) struct PictureFile {
    pub(super) path: PathBuf,
    packed: Packed,
    reader: SerializedFileReader<Source>,
    picture: usize,
    pub(super) label_at: Option<(usize, String)>,
    pub(super) label: Values,
    /// Class names of the label, from the schema's `huggingface` metadata.
    pub(super) names: Option<Vec<String>>,
    /// Least and largest label, where the footer says so for each row group.
    pub(super) range: Option<(i128, i128)>,
    pub(super) groups: Vec<Group>,
    pub(super) rows: usize,
    spill: Arc<Spill>,
}

pub(super) struct Group {
    pub(super) first: usize,
    pub(super) rows: usize,
    pictures: Lazy<Vec<Place>>,
    pub(super) labels: Lazy<Vec<u32>>,
}

/// Why a file can't be opened.
pub(super) enum OpenError {
    /// It is broken or no parquet file.
    Bad(String),
    /// It has no such column of pictures: what there is instead, the columns, and one that would do.
    NoPictures {
        why: String,
        have: Vec<String>,
        near: Option<String>,
    },
}

/// Runs what may panic on damaged bytes.
pub(super) fn guarded<T>(what: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(what)).unwrap_or_else(|_| Err("it is damaged".into()))
}

impl PictureFile {
    /// Reads the footer.
    pub(super) fn open(
        path: &Path,
        image: &str,
        label: &str,
        spill: &Arc<Spill>,
        kind: Packed,
    ) -> Result<Self, OpenError> {
        let bad = |what: String| OpenError::Bad(format!("can't read {}: {what}", path.display()));
        let source = Source::open(path).map_err(|error| bad(error.to_string()))?;
        let footer = |policy: ParquetStatisticsPolicy| {
            let options = ReadOptionsBuilder::new().with_column_stats_policy(policy);
            guarded(|| {
                SerializedFileReader::new_with_options(source.clone(), options.build())
                    .map_err(|error| error.to_string())
            })
        };
        // the statistics of pictures are pictures
        let reader = footer(ParquetStatisticsPolicy::SkipAll).map_err(bad)?;
        let meta = reader.metadata();
        let schema = meta.file_metadata().schema_descr();
        let columns = schema.columns();
        let at = |wanted: &str| {
            let found = columns
                .iter()
                .position(|column| column.path().string() == wanted);
            found.or_else(|| {
                let inner = format!("{wanted}.");
                columns
                    .iter()
                    .position(|column| column.path().string().starts_with(&inner))
            })
        };
        let pictures = |column: &ColumnDescriptor| {
            column.max_rep_level() == 0 && column.physical_type() == Physical::BYTE_ARRAY
        };
        let picture = [format!("{image}.bytes"), image.to_owned()]
            .iter()
            .find_map(|name| {
                let same = |column: &_| pictures(column) && column.path().string() == *name;
                columns.iter().position(|column| same(column))
            });
        let Some(picture) = picture else {
            let have = schema.root_schema().get_fields();
            let bytes = columns.iter().filter(|column| pictures(column));
            let near = bytes.filter_map(|column| {
                let name = column.path().string();
                name.strip_suffix(".bytes").map(str::to_owned)
            });
            let near: Vec<String> = near.collect();
            return Err(OpenError::NoPictures {
                why: match at(image) {
                    Some(column) => format!(
                        "column `{image}` of {} holds {}, not {}",
                        path.display(),
                        content(&columns[column]),
                        kind.many
                    ),
                    None => format!(
                        "{} has no column `{image}` of {}s",
                        path.display(),
                        kind.one
                    ),
                },
                have: have.iter().map(|field| field.name().to_owned()).collect(),
                near: (near.len() == 1).then(|| near[0].clone()),
            });
        };
        let label_at = at(label).map(|column| (column, label.to_owned()));
        let values = label_at
            .as_ref()
            .map_or(Values::None, |(at, _)| values(&columns[*at], label));
        let mut groups = Vec::new();
        let mut rows = 0usize;
        for group in meta.row_groups() {
            let chunk = group.column(picture);
            let count = usize::try_from(group.num_rows()).unwrap_or(usize::MAX);
            if usize::try_from(chunk.num_values()) != Ok(count) {
                return Err(bad("its row groups are damaged".into()));
            }
            let labels = label_at.as_ref().map(|(at, _)| group.column(*at));
            for packed in [Some(chunk), labels].into_iter().flatten() {
                let by = match packed.compression() {
                    Compression::LZO => "LZO",
                    Compression::BROTLI(_) => "Brotli",
                    _ => continue,
                };
                return Err(bad(format!(
                    "it is packed with {by}, which is not read; write it again with zstd or without compression"
                )));
            }
            groups.push(Group {
                first: rows,
                rows: count,
                pictures: Lazy::default(),
                labels: Lazy::default(),
            });
            rows = rows
                .checked_add(count)
                .filter(|rows| *rows <= u32::MAX as usize)
                .ok_or_else(|| bad("it has too many rows".into()))?;
        }
        let pairs = meta.file_metadata().key_value_metadata();
        let pair = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == "huggingface"));
        let names = pair
            .and_then(|pair| names(pair.value.as_deref()?, label))
            .filter(|_| matches!(values, Values::Numbers { .. }));
        let mut range = None;
        if let (Some((at, _)), Values::Numbers { unsigned }, None) = (&label_at, &values, &names) {
            let kept = ParquetStatisticsPolicy::SkipExcept(Arc::new(HashSet::from([*at])));
            range = footer(kept)
                .ok()
                .and_then(|reader| span(&reader, *at, *unsigned));
        }
        Ok(Self {
            path: path.to_owned(),
            packed: kind,
            picture,
            label_at,
            label: values,
            names,
            range,
            groups,
            rows,
            reader,
            spill: spill.clone(),
        })
    }

    pub(super) fn bad(&self, what: impl std::fmt::Display) -> DataError {
        DataError::new(format!("can't read {}: {what}", self.path.display()))
    }

    /// The label column's name.
    pub(super) fn label_name(&self) -> &str {
        self.label_at.as_ref().map_or("", |(_, name)| name)
    }

    /// Number of row groups.
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Bytes in memory: where each picture lies, and its class.
    pub(super) fn resident_bytes(&self) -> u64 {
        (self.rows * (size_of::<Place>() + size_of::<u32>())) as u64
    }

    /// Bytes that unpacking the largest row group takes for a moment: the page that is unpacked and the one before it, of compressed
    /// files also the page as it lies in the file; at most the row group, and a part of one that is not given back yet. Measured on
    /// row groups of 49 to 197 MB.
    pub(super) fn largest_bytes(&self) -> u64 {
        let groups = self.reader.metadata().row_groups().iter();
        let sizes = groups.map(|group| group.column(self.picture).uncompressed_size());
        let Some((index, group)) = sizes.enumerate().max_by_key(|(_, size)| *size) else {
            return 0;
        };
        let group = u64::try_from(group).unwrap_or(0);
        let column = self.reader.metadata().row_group(index).column(self.picture);
        let (pages, most) = match column.compression() {
            Compression::UNCOMPRESSED => (2, group.saturating_add(group / 4)),
            _ => (3, group.saturating_mul(2)),
        };
        // what can't be told apart counts as one page
        let part = guarded(|| self.largest_page(index)).unwrap_or(1.0);
        let page = (group as f64 * part.clamp(0.0, 1.0)) as u64;
        page.saturating_mul(pages).min(most)
    }

    /// The part of a row group's pictures that is in its largest page, by their number; headers of pages alone are read.
    fn largest_page(&self, group: usize) -> Result<f64, String> {
        let why = |error: ::parquet::errors::ParquetError| error.to_string();
        let all = self.reader.metadata().row_group(group).column(self.picture);
        let all = all.num_values().max(1) as f64;
        let group = self.reader.get_row_group(group).map_err(why)?;
        let mut pages = group.get_column_page_reader(self.picture).map_err(why)?;
        let mut largest = 0;
        for _ in 0..PAGES {
            let Some(page) = pages.peek_next_page().map_err(why)? else {
                break;
            };
            if !page.is_dict {
                largest = largest.max(page.num_levels.or(page.num_rows).unwrap_or(usize::MAX));
            }
            pages.skip_next_page().map_err(why)?;
        }
        Ok(largest as f64 / all)
    }

    pub(super) fn group(&self, row: usize) -> Result<(usize, &Group), DataError> {
        let at = self
            .groups
            .partition_point(|group| group.first + group.rows <= row);
        let group = self.groups.get(at);
        Ok((at, group.ok_or_else(|| DataError::outside(row, self.rows))?))
    }

    pub(super) fn column(&self, group: usize, column: usize) -> Result<ColumnReader, String> {
        let group = self
            .reader
            .get_row_group(group)
            .map_err(|error| error.to_string())?;
        group
            .get_column_reader(column)
            .map_err(|error| error.to_string())
    }

    /// The encoded picture of a row.
    pub(super) fn picture(&self, row: usize) -> Result<Vec<u8>, DataError> {
        let (index, group) = self.group(row)?;
        let places = group.pictures.get(|| self.unpack(index, group.rows))?;
        let place = places.get(row - group.first).copied();
        let bytes = place
            .map(|place| self.spill.read(place))
            .transpose()?
            .flatten();
        bytes.ok_or_else(|| {
            self.bad(format!("row {row} has no {}", self.packed.one))
                .help(self.packed.help)
        })
    }

    /// Writes the pictures of a row group to the spill.
    fn unpack(&self, index: usize, rows: usize) -> Result<Vec<Place>, DataError> {
        let size = self.reader.metadata().row_group(index).column(self.picture);
        let _one = (size.uncompressed_size() > LARGE)
            .then(|| LARGE_ONE.lock().unwrap_or_else(PoisonError::into_inner));
        let mut writer = self.spill.writer();
        let mut failed = None;
        let read = guarded(|| {
            let ColumnReader::ByteArrayColumnReader(mut reader) =
                self.column(index, self.picture)?
            else {
                return Err("its pictures are not bytes".into());
            };
            self.values(&mut reader, self.picture, rows, &mut |values| {
                let added = values
                    .into_iter()
                    .try_for_each(|value| writer.add(value.as_ref().map(|bytes| bytes.data())));
                added.map_err(|error| {
                    let text = error.message.clone();
                    failed = Some(error);
                    text
                })
            })
        });
        match (read, failed) {
            (_, Some(error)) => Err(error),
            (Err(what), None) => Err(self.bad(format!("row group {index}: {what}"))),
            (Ok(()), None) => writer.finish(),
        }
    }

    /// Heights and widths of up to `n` pictures: the first ones of row groups taken evenly. Broken ones are left out.
    pub(super) fn peek(&self, n: usize) -> Vec<(usize, usize)> {
        let filled: Vec<usize> = (0..self.groups.len())
            .filter(|at| self.groups[*at].rows > 0)
            .collect();
        let groups = filled.len().min(LOOKED_INTO).min(n);
        let mut sizes = Vec::new();
        for at in 0..groups {
            let index = filled[at * filled.len() / groups];
            let rows = self.groups[index].rows.min(n.div_ceil(groups));
            // what is wrong is told when it is read
            let _ = guarded(|| {
                let ColumnReader::ByteArrayColumnReader(mut reader) =
                    self.column(index, self.picture)?
                else {
                    return Ok(());
                };
                self.values(&mut reader, self.picture, rows, &mut |values| {
                    let bytes = values.iter().flatten();
                    let headers =
                        bytes.filter_map(|b| crate::data::decode::header_of(b.data()).ok());
                    sizes.extend(headers.map(|header| (header.height, header.width)));
                    Ok(())
                })
            });
        }
        sizes
    }

    /// Gives the first `rows` values of a column chunk to `take`, some at a time, `None` where they are null.
    pub(super) fn values<T: DataType>(
        &self,
        reader: &mut ColumnReaderImpl<T>,
        column: usize,
        rows: usize,
        take: &mut dyn FnMut(Vec<Option<T::T>>) -> Result<(), String>,
    ) -> Result<(), String> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let full = schema.column(column).max_def_level();
        let mut done = 0;
        while done < rows {
            let (mut values, mut levels) = (Vec::new(), Vec::new());
            let (read, _, _) = reader
                .read_records(ROWS.min(rows - done), Some(&mut levels), None, &mut values)
                .map_err(|error| error.to_string())?;
            if read == 0 {
                return Err(format!("it ends after {done} of {rows} rows"));
            }
            done += read;
            let mut values = values.into_iter();
            take(match full {
                0 => values.map(Some).collect(),
                full => levels
                    .into_iter()
                    .map(|level| if level == full { values.next() } else { None })
                    .collect(),
            })?;
        }
        Ok(())
    }
}

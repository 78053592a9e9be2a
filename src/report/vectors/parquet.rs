//! `.parquet`: a row group of at most some megabytes after the other.

use std::fs::File;
use std::io::{self, BufWriter};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::{Head, Named, Write};

/// Bytes of the vectors of a row group.
const GROUP: usize = 16 << 20;
/// Rows of one.
const MOST_ROWS: usize = 1 << 16;

/// A column of texts, where a row may have none.
#[derive(Default)]
struct Texts {
    /// Those that are there.
    values: Vec<ByteArray>,
    /// 1 where a row has one.
    there: Vec<i16>,
}

impl Texts {
    fn add(&mut self, text: Option<&str>) {
        self.there.push(i16::from(text.is_some()));
        self.values.extend(text.map(ByteArray::from));
    }
}

/// A file that is being written.
pub(super) struct Rows<'f> {
    out: SerializedFileWriter<BufWriter<&'f mut File>>,
    width: usize,
    /// Rows of a group.
    group: usize,
    /// `path`, `label` and, where there are several, `split`, of the group that is gathered.
    path: Texts,
    label: Texts,
    split: Option<Texts>,
    ids: Vec<i64>,
    vectors: Vec<f32>,
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        other => io::Error::other(other),
    }
}

impl<'f> Rows<'f> {
    pub fn new(file: &'f mut File, head: &Head) -> io::Result<Self> {
        let split = match head.splits {
            true => "optional binary split (STRING);",
            false => "",
        };
        let schema = format!(
            "message vectors {{ optional binary path (STRING); required int64 id; optional binary label (STRING); {split} \
             required group vector (LIST) {{ repeated group list {{ required float element; }} }} }}"
        );
        let schema = parse_message_type(&schema).map_err(failed)?;
        let about = head.about.iter();
        let about = about.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let numbers = ColumnPath::new(vec!["vector".into(), "list".into(), "element".into()]);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // no two numbers are alike
            .set_column_dictionary_enabled(numbers, false)
            .set_key_value_metadata(Some(about.collect()))
            .build();
        let out = BufWriter::with_capacity(1 << 18, file);
        Ok(Self {
            out: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))
                .map_err(failed)?,
            width: head.width,
            group: (GROUP / (4 * head.width.max(1))).clamp(1, MOST_ROWS),
            path: Texts::default(),
            label: Texts::default(),
            split: head.splits.then(Texts::default),
            ids: Vec::new(),
            vectors: Vec::new(),
        })
    }

    /// Writes what is gathered.
    fn flush(&mut self) -> Result<(), ParquetError> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let mut group = self.out.next_row_group()?;
        texts(&mut group, &mut self.path)?;
        if let Some(mut column) = group.next_column()? {
            column
                .typed::<Int64Type>()
                .write_batch(&self.ids, None, None)?;
            column.close()?;
        }
        texts(&mut group, &mut self.label)?;
        if let Some(split) = &mut self.split {
            texts(&mut group, split)?;
        }
        if let Some(mut column) = group.next_column()? {
            // every list is there, and so is each of its numbers; the first of a list begins a row
            let there = vec![1i16; self.vectors.len()];
            let goes_on = (0..self.vectors.len()).map(|at| i16::from(at % self.width != 0));
            let goes_on: Vec<i16> = goes_on.collect();
            let own = column.typed::<FloatType>();
            own.write_batch(&self.vectors, Some(&there), Some(&goes_on))?;
            column.close()?;
        }
        group.close()?;
        self.ids.clear();
        self.vectors.clear();
        Ok(())
    }
}

fn texts<W: io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    texts: &mut Texts,
) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        let own = column.typed::<ByteArrayType>();
        own.write_batch(&texts.values, Some(&texts.there), None)?;
        column.close()?;
    }
    *texts = Texts::default();
    Ok(())
}

impl Write for Rows<'_> {
    fn row(&mut self, named: &Named<'_>, vector: &[f32]) -> io::Result<()> {
        self.path.add(named.path);
        self.label.add(named.label);
        if let Some(split) = &mut self.split {
            split.add(named.split);
        }
        // the same bits: a number beyond half of them is shown as a negative one
        self.ids.push(named.id as i64);
        self.vectors.extend_from_slice(vector);
        match self.ids.len() >= self.group {
            true => self.flush().map_err(failed),
            false => Ok(()),
        }
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.flush().map_err(failed)?;
        let mut out = self.out.into_inner().map_err(failed)?;
        io::Write::flush(&mut out)
    }
}

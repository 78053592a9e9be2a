//! Vectors of records as files that notebooks read: parquet, npy, csv. Written row by row: memory does not grow with the rows.

mod npy;
mod parquet;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

/// What a file of vectors says of a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named<'a> {
    /// Where it lies; `None` where records have no names.
    pub path: Option<&'a str>,
    /// Its stable number.
    pub id: u64,
    /// The name of its class; `None` where it has none.
    pub label: Option<&'a str>,
    /// The split that it is of; `None` where all are of one.
    pub split: Option<&'a str>,
}

/// The formats, by the endings of their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `.parquet`: a column `vector`, a list of 32-bit floats.
    Parquet,
    /// `.npy`: the vectors alone, `[records, width]`; what is known of the records lies beside it.
    Npy,
    /// `.csv`: a column for each number, `vector_0` and so on.
    Csv,
}

impl Format {
    /// Of a file by its ending.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "parquet" | "pq" => Some(Format::Parquet),
            "npy" => Some(Format::Npy),
            "csv" => Some(Format::Csv),
            _ => None,
        }
    }

    /// Whether what is known of the records lies in a file of its own.
    pub fn has_rows_apart(self) -> bool {
        self == Format::Npy
    }
}

/// What all rows have in common.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// Numbers of a vector.
    pub width: usize,
    /// Whether each row says its split.
    pub splits: bool,
    /// Where the vectors come from: key and value.
    pub about: BTreeMap<String, String>,
}

/// A file of vectors that is being written.
pub trait Write {
    /// Adds a record.
    ///
    /// # Errors
    /// The file can't be written.
    fn row(&mut self, named: &Named<'_>, vector: &[f32]) -> io::Result<()>;

    /// Ends the file.
    ///
    /// # Errors
    /// As [`Write::row`].
    fn end(self: Box<Self>) -> io::Result<()>;
}

/// Begins a file of vectors. `apart`: where what is known of the records goes, for a format that has no room for it.
///
/// # Errors
/// The file can't be written.
pub fn begin<'f>(
    format: Format,
    file: &'f mut File,
    apart: Option<&'f mut File>,
    head: &Head,
) -> io::Result<Box<dyn Write + 'f>> {
    Ok(match format {
        Format::Parquet => Box::new(parquet::Rows::new(file, head)?),
        Format::Csv => Box::new(text::Rows::new(file, head, true)?),
        Format::Npy => {
            let apart = apart.map(|file| text::Rows::new(file, head, false));
            Box::new(npy::Rows::new(file, head.width, apart.transpose()?)?)
        }
    })
}

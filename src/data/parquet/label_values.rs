//! The label column of a file: what it says in a row, and which class that is.

use ::parquet::column::reader::ColumnReader;

use super::class::{Class, Coding, Key, Values};
use super::file::{PictureFile, guarded};
use crate::data::DataError;

/// In place of a class: there is none; the value is no class.
const WITHOUT: u32 = u32::MAX;
const WRONG: u32 = u32::MAX - 1;

impl PictureFile {
    /// The class of a row.
    pub(super) fn class(&self, row: usize, coding: &Coding) -> Result<Class, DataError> {
        let (index, group) = self.group(row)?;
        let labels = group.labels.get(|| {
            let raw = self.raw_labels(index)?;
            let codes = raw.iter().map(|key| match coding.class(key.as_ref()) {
                Class::Of(class) => class,
                Class::Without => WITHOUT,
                Class::Wrong => WRONG,
            });
            Ok(codes.collect::<Vec<u32>>())
        })?;
        Ok(match labels.get(row - group.first) {
            Some(&WRONG) => Class::Wrong,
            None | Some(&WITHOUT) => Class::Without,
            Some(class) => Class::Of(*class),
        })
    }

    /// What the label column says in a row, to be told.
    pub(super) fn label_text(&self, row: usize) -> String {
        let found = self.group(row).and_then(|(index, group)| {
            let raw = self.raw_labels(index)?;
            Ok(raw.into_iter().nth(row - group.first).flatten())
        });
        match found {
            Ok(Some(key)) => key.to_string(),
            _ => "null".into(),
        }
    }

    /// The values of the label column in a row group.
    pub(super) fn raw_labels(&self, index: usize) -> Result<Vec<Option<Key>>, DataError> {
        let Some((column, name)) = &self.label_at else {
            return Ok(Vec::new());
        };
        let unsigned = self.label == Values::Numbers { unsigned: true };
        let mut keys: Vec<Option<Key>> = Vec::new();
        let (column, rows) = (*column, self.groups[index].rows);
        macro_rules! read {
            ($reader:expr, $key:expr) => {
                self.values(&mut $reader, column, rows, &mut |values| {
                    for value in values {
                        keys.push(match value {
                            Some(value) => $key(value)?,
                            None => None,
                        });
                    }
                    Ok(())
                })
            };
        }
        let number = |number: i128| Ok::<_, String>(Some(Key::Number(number)));
        let real = |value: f64| match value {
            value if value.is_nan() => Ok(None),
            value if value.fract() == 0.0 && value.abs() < 1e15 => number(value as i128),
            value => Err(format!(
                "column `{name}` holds {value}, which names no class"
            )),
        };
        guarded(|| match self.column(index, column)? {
            ColumnReader::Int32ColumnReader(mut reader) => read!(reader, |v: i32| {
                number(if unsigned {
                    i128::from(v as u32)
                } else {
                    i128::from(v)
                })
            }),
            ColumnReader::Int64ColumnReader(mut reader) => read!(reader, |v: i64| {
                number(if unsigned {
                    i128::from(v as u64)
                } else {
                    i128::from(v)
                })
            }),
            ColumnReader::FloatColumnReader(mut reader) => {
                read!(reader, |v: f32| real(f64::from(v)))
            }
            ColumnReader::DoubleColumnReader(mut reader) => read!(reader, real),
            ColumnReader::BoolColumnReader(mut reader) => {
                read!(reader, |v: bool| Ok::<_, String>(Some(Key::Text(
                    v.to_string()
                ))))
            }
            ColumnReader::ByteArrayColumnReader(mut reader) => {
                read!(reader, |v: ::parquet::data_type::ByteArray| {
                    let text = String::from_utf8_lossy(v.data()).into_owned();
                    Ok::<_, String>(Some(Key::Text(text)))
                })
            }
            _ => Err(format!("column `{name}` names no class")),
        })
        .map_err(|what| self.bad(what))?;
        Ok(keys)
    }
}

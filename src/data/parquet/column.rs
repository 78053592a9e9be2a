//! What the footer of a file says of a column.

use ::parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::statistics::Statistics;
use ::parquet::schema::types::ColumnDescriptor;

use super::class::Values;
use super::source::Source;

/// What a column holds, in words.
pub(super) fn content(column: &ColumnDescriptor) -> String {
    let words = match column.physical_type() {
        Physical::INT32 | Physical::INT64 => "whole numbers",
        Physical::FLOAT | Physical::DOUBLE => "numbers",
        Physical::BOOLEAN => "yes or no",
        Physical::BYTE_ARRAY => "bytes or text",
        Physical::FIXED_LEN_BYTE_ARRAY => "bytes of one length",
        Physical::INT96 => "times",
    };
    match column.max_rep_level() {
        0 => words.to_owned(),
        _ => format!("lists of {words}"),
    }
}

/// What a label column holds.
pub(super) fn values(column: &ColumnDescriptor, label: &str) -> Values {
    let unfit = || Values::Unfit(format!("holds {}, which name no class", content(column)));
    // a list, or a record of several values
    if column.max_rep_level() > 0 || column.path().string() != label {
        return unfit();
    }
    let logical = column.logical_type_ref();
    let whole = match logical {
        None | Some(LogicalType::Integer { .. }) => true,
        Some(_) => false,
    };
    let unsigned = matches!(
        column.converted_type(),
        ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64
    );
    match column.physical_type() {
        Physical::INT32 | Physical::INT64 if whole => Values::Numbers { unsigned },
        Physical::FLOAT | Physical::DOUBLE => Values::Reals,
        Physical::BOOLEAN => Values::Flags,
        Physical::BYTE_ARRAY => Values::Words,
        _ => unfit(),
    }
}

/// Least and largest value of a column of numbers, where the footer says so for each row group with a value.
pub(super) fn span(
    reader: &SerializedFileReader<Source>,
    at: usize,
    unsigned: bool,
) -> Option<(i128, i128)> {
    let mut span: Option<(i128, i128)> = None;
    for group in reader
        .metadata()
        .row_groups()
        .iter()
        .filter(|group| group.num_rows() > 0)
    {
        let statistics = group.column(at).statistics()?;
        if statistics.null_count_opt() == u64::try_from(group.num_rows()).ok() {
            continue;
        }
        let (low, high) = match statistics {
            Statistics::Int32(s) => (i128::from(*s.min_opt()?), i128::from(*s.max_opt()?)),
            Statistics::Int64(s) => (i128::from(*s.min_opt()?), i128::from(*s.max_opt()?)),
            _ => return None,
        };
        if unsigned && low < 0 {
            return None;
        }
        span = Some(span.map_or((low, high), |(a, b)| (a.min(low), b.max(high))));
    }
    span.or(Some((-1, -1)))
}

/// The class names of a column in the `huggingface` metadata:
/// `{"info": {"features": {COLUMN: {"names": […], "_type": "ClassLabel"}}}}`.
pub(super) fn names(metadata: &str, column: &str) -> Option<Vec<String>> {
    let metadata: serde_json::Value = serde_json::from_str(metadata).ok()?;
    let names = metadata["info"]["features"][column]["names"].as_array()?;
    let names: Option<Vec<String>> = names
        .iter()
        .map(|name| name.as_str().map(str::to_owned))
        .collect();
    names.filter(|names| !names.is_empty())
}

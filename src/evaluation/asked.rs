//! Files of questions about words: lines of text from strangers.

use super::metric::Measure;
use super::params::every;
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::DataError;

/// Letters of the longest word, or name of a section.
const LONGEST: usize = 200;

/// The part of all questions, or pairs, whose words are in the vocabulary.
pub(super) const ANSWERED: (&str, Measure) = ("answered", Measure::FRACTION);

/// An evaluator that asks the rows of a table: it names a file and no data.
pub(super) fn spec(name: &str, summary: &str, file: &str, make: Make) -> Spec {
    Spec::new(name, Kind::Evaluator, summary, make)
        .without(WITHOUT)
        .param(Param::required("file", Type::Text, file))
        .param(restrict())
        .param(every())
}

/// What is asked of a table needs no records.
pub(super) const WITHOUT: &[&str] = &["data", "test", "supervised", "beside", "on_bad_sample"];

/// `restrict`
pub(super) fn restrict() -> Param {
    Param::with_default(
        "restrict",
        Type::Integer,
        "30000",
        "So many of the commonest words are looked at; the others are not in the vocabulary.",
    )
    .within(1.0, 1e7)
}

/// The lines of a file with their numbers, without those that hold nothing.
///
/// # Errors
/// It is no text.
pub(super) fn lines(file: &[u8]) -> Result<impl Iterator<Item = (usize, &str)>, DataError> {
    let text = std::str::from_utf8(file).map_err(|error| {
        let line = file[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n');
        wrong(line.count() + 1, "it is not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.map(|(index, line)| (index + 1, line));
    Ok(lines.filter(|(_, line)| !line.is_empty()))
}

/// A word as a file may hold it.
///
/// # Errors
/// It is empty, too long, or holds a character that no word has.
pub(super) fn word(line: usize, word: &str) -> Result<String, DataError> {
    if word.is_empty() {
        return Err(wrong(line, "a word is missing"));
    }
    if word.chars().count() > LONGEST {
        return Err(wrong(
            line,
            &format!("a word has more than {LONGEST} letters"),
        ));
    }
    if word.chars().any(char::is_control) {
        return Err(wrong(line, "a word holds a control character"));
    }
    Ok(word.to_owned())
}

/// What is wrong with a line. What it holds is not shown: a recipe may name any file.
pub(super) fn wrong(line: usize, what: &str) -> DataError {
    DataError::new(format!("line {line}: {what}"))
}

/// A part of all; not a number where there are none.
pub(super) fn share(part: usize, all: usize) -> f64 {
    match all {
        0 => f64::NAN,
        _ => part as f64 / all as f64,
    }
}

/// Rows of cells as aligned lines.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(wide).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let pad = widths[column].saturating_sub(cell.chars().count());
            line += &format!("{cell}{}  ", " ".repeat(pad));
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

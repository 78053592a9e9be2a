//! Where the records of a file lie, found in one pass.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

/// Bytes of the longest record: a line of JSON, a row of a table.
pub(in crate::data) const LONGEST: usize = 64 << 20;
/// Most different values of a label.
pub(in crate::data) const MOST_CLASSES: usize = 1 << 16;
/// Records that are looked at before a file is refused for what they lack.
pub(in crate::data) const LOOKED_AT: usize = 100;

/// In place of the number of a label's value: there is none.
pub(in crate::data) const WITHOUT: u32 = u32::MAX;

/// A label as a file says it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::data) enum Key {
    Number(i64),
    Text(String),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Number(number) => write!(f, "{number}"),
            Key::Text(text) => f.write_str(text),
        }
    }
}

/// The fields that are looked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::data) struct Names<'a> {
    pub text: &'a str,
    pub label: Option<&'a str>,
}

/// Where records lie in a file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::data) struct Index {
    /// First byte of each record, and after the last its end.
    starts: Vec<u64>,
    /// Lines of records where they are not one after the other: the record, and the line that it and those after it are counted from.
    lines: Vec<(u32, u64)>,
    /// Different values of the label.
    pub keys: Vec<Key>,
    /// Of each record, its value; [`WITHOUT`] where it has none. Empty where no record has one.
    pub labels: Vec<u32>,
    /// Names of fields of the records that were looked at.
    pub fields: Vec<String>,
    /// One of these had the text.
    pub has_text: bool,
    /// Why there are no labels, where there seem to be.
    pub why: Option<String>,
    /// Lines that are no records, as they hold only white space; of files of lines alone.
    #[serde(default)]
    pub blank: u64,
    /// What else a reader noted of each record; of files of pairs alone.
    #[serde(default)]
    pub noted: Vec<[u64; 3]>,
}

impl Index {
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// First byte of a record, and its bytes.
    pub fn place(&self, record: usize) -> Option<(u64, u64)> {
        let (first, end) = (self.starts.get(record)?, self.starts.get(record + 1)?);
        Some((*first, end.checked_sub(*first)?))
    }

    /// Where the file ends.
    pub fn end(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The line that a record starts in, from 1.
    pub fn line(&self, record: usize) -> u64 {
        let at = self.lines.partition_point(|(of, _)| *of as usize <= record);
        let (of, line) = at
            .checked_sub(1)
            .map_or((0, 1), |before| self.lines[before]);
        line + (record - of as usize) as u64
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> u64 {
        let noted = self.noted.len() * 24;
        (self.starts.len() * 8 + self.lines.len() * 16 + self.labels.len() * 4 + noted) as u64
    }

    /// Whether it can be an index of a file of this length, as one from the cache should be.
    pub fn sound(&self) -> bool {
        let values = self.keys.len() as u32;
        self.starts.is_sorted()
            && self.labels.iter().all(|l| *l == WITHOUT || *l < values)
            && (self.labels.is_empty() || self.labels.len() == self.len())
            && (self.noted.is_empty() || self.noted.len() == self.len())
            && self.lines.is_sorted()
    }
}

/// Gathers an index, record by record.
#[derive(Default)]
pub(in crate::data) struct Gather {
    index: Index,
    values: BTreeMap<Key, u32>,
    /// Some record has a label.
    labelled: bool,
}

impl Gather {
    pub fn seen(&self) -> usize {
        self.index.starts.len()
    }

    /// Of the record that comes next, more than where it is.
    pub fn note(&mut self, noted: [u64; 3]) {
        self.index.noted.push(noted);
    }

    /// The next record starts here.
    pub fn add(&mut self, start: u64, line: u64, label: Option<Key>) {
        let record = self.index.starts.len();
        // the line of a record as those before let one expect
        let expected = match self.index.lines.last() {
            Some((of, line)) => line + (record - *of as usize) as u64,
            None => 1 + record as u64,
        };
        if line != expected {
            self.index.lines.push((record as u32, line));
        }
        self.index.starts.push(start);
        let value = match label {
            None => WITHOUT,
            Some(_) if self.index.why.is_some() => WITHOUT,
            Some(key) => {
                self.labelled = true;
                let next = self.values.len() as u32;
                *self.values.entry(key).or_insert(next)
            }
        };
        self.index.labels.push(value);
        if self.values.len() > MOST_CLASSES {
            self.values.clear();
            self.labelled = false;
            self.index.why = Some(format!(
                "has more than {MOST_CLASSES} different values: it names no classes"
            ));
        }
    }

    /// Says what fields a record has, and whether the text is one.
    pub fn look<'a>(&mut self, names: impl Iterator<Item = &'a str>, has_text: bool) {
        for name in names {
            // a record of thousands of fields is no document
            if self.index.fields.len() < 64 && !self.index.fields.iter().any(|own| own == name) {
                self.index.fields.push(name.to_owned());
            }
        }
        self.index.has_text |= has_text;
    }

    /// Every record is a text.
    pub fn all_texts(&mut self) {
        self.index.has_text = true;
    }

    /// This line holds only white space.
    pub fn blank(&mut self) {
        self.index.blank += 1;
    }

    /// The file ends here.
    pub fn done(mut self, end: u64) -> Index {
        if self.index.starts.is_empty() {
            return self.index;
        }
        self.index.starts.push(end);
        let mut keys: Vec<(Key, u32)> = self.values.into_iter().collect();
        keys.sort_by_key(|(_, number)| *number);
        self.index.keys = keys.into_iter().map(|(key, _)| key).collect();
        if !self.labelled {
            self.index.labels = Vec::new();
        }
        self.index
    }
}

/// Gives so many bytes, then fails: what reads a record asks again for each.
pub(in crate::data) struct Limited<R> {
    inner: R,
    left: std::rc::Rc<std::cell::Cell<usize>>,
}

impl<R: Read> Limited<R> {
    pub fn new(inner: R) -> (Self, std::rc::Rc<std::cell::Cell<usize>>) {
        let left = std::rc::Rc::new(std::cell::Cell::new(LONGEST));
        let own = left.clone();
        (Self { inner, left: own }, left)
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        match self.left.get().checked_sub(n) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other(TOO_LONG)),
        }
        Ok(n)
    }
}

/// What [`Limited`] says.
pub(in crate::data) const TOO_LONG: &str = "a record has more than 64 MiB";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_labels_are_kept_in_short() {
        let mut gather = Gather::default();
        let text = |text: &str| Some(Key::Text(text.into()));
        for (start, line, label) in [
            (0, 1, text("b")),
            (10, 2, None),
            (30, 5, text("a")),
            (40, 6, text("b")),
        ] {
            gather.add(start, line, label);
        }
        let index = gather.done(99);
        assert_eq!(index.len(), 4);
        assert_eq!([0, 1, 2, 3].map(|i| index.line(i)), [1, 2, 5, 6]);
        assert_eq!(index.place(3), Some((40, 59)));
        assert_eq!(index.place(4), None);
        assert_eq!(index.labels, [0, WITHOUT, 1, 0]);
        assert_eq!(index.lines.len(), 1);
        assert!(index.sound());
    }
}

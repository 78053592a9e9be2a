//! Files of text of which each line is one.

use std::io::{BufRead, BufReader, Read};

use super::index::{Gather, Index};
use crate::data::texts;

/// Bytes of a line that may all be white space of other scripts; what follows is not looked at.
const ODD: usize = 1024;

/// Whether a line holds more than white space, told as its bytes come.
struct Blank {
    is: bool,
    /// From the first byte that is no white space of ASCII on, as long as that may be some of another script.
    odd: Vec<u8>,
}

impl Blank {
    fn new() -> Self {
        Self {
            is: true,
            odd: Vec::new(),
        }
    }

    fn see(&mut self, bytes: &[u8]) {
        if !self.is {
            return;
        }
        let start = match self.odd.is_empty() {
            true => bytes.iter().position(|b| !b.is_ascii_whitespace()),
            false => Some(0),
        };
        let Some(start) = start else { return };
        let rest = &bytes[start..];
        if self.odd.is_empty() && rest[0].is_ascii() || self.odd.len() + rest.len() > ODD {
            self.is = false;
            return;
        }
        self.odd.extend_from_slice(rest);
    }

    /// The line ends here.
    fn take(&mut self) -> bool {
        let text = std::str::from_utf8(texts::unmarked(&self.odd));
        let blank = self.is && text.is_ok_and(|text| text.trim().is_empty());
        self.is = true;
        self.odd.clear();
        blank
    }
}

/// Finds the lines of a file. Those that hold only white space are no records.
///
/// # Errors
/// It can't be read, or it is text in UTF-16.
pub(super) fn scan(from: impl Read) -> Result<Index, String> {
    let mut from = BufReader::with_capacity(1 << 18, from);
    let mut gather = Gather::default();
    gather.all_texts();
    let mut blank = Blank::new();
    // the line that is being read: its first byte, its number, and whether it has any
    let (mut start, mut number, mut open) = (0, 1, false);
    let mut at = 0;
    loop {
        let bytes = from.fill_buf().map_err(|error| error.to_string())?;
        if bytes.is_empty() {
            break;
        }
        if at == 0
            && let Some(what) = texts::is_utf16(bytes)
        {
            return Err(what.into());
        }
        let mut done = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            blank.see(&bytes[done..end]);
            match blank.take() {
                true => gather.blank(),
                false => gather.add(start, number, None),
            }
            done = end + 1;
            start = at + done as u64;
            number += 1;
        }
        open = done < bytes.len();
        blank.see(&bytes[done..]);
        let n = bytes.len();
        at += n as u64;
        from.consume(n);
    }
    if open {
        match blank.take() {
            true => gather.blank(),
            false => gather.add(start, number, None),
        }
    }
    Ok(gather.done(at))
}

/// The line that bytes start with, without what ends it.
pub(super) fn line(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let line = &bytes[..end];
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.len().min(buffer.len()).min(3);
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn lines(bytes: &[u8]) -> (Vec<(u64, Vec<u8>)>, u64) {
        let index = scan(Drops(bytes)).unwrap();
        let whole = scan(bytes).unwrap();
        assert_eq!((index.len(), index.blank), (whole.len(), whole.blank));
        let own = (0..index.len()).map(|i| {
            let (at, length) = index.place(i).unwrap();
            assert_eq!(whole.place(i), Some((at, length)));
            let piece = &bytes[at as usize..(at + length) as usize];
            (index.line(i), line(piece).to_vec())
        });
        (own.collect(), index.blank)
    }

    #[test]
    fn lines_are_found_with_their_numbers_however_bytes_come() {
        let text = "one\r\n\n  \t\r\nfour here\n\u{3000}\u{a0}\n\u{3000}six\n\u{feff}\n\nlast";
        let (own, blank) = lines(text.as_bytes());
        let wanted = [
            (1, "one"),
            (4, "four here"),
            (6, "\u{3000}six"),
            (9, "last"),
        ];
        let wanted: Vec<(u64, Vec<u8>)> =
            wanted.map(|(n, line)| (n, line.as_bytes().to_vec())).into();
        assert_eq!((own, blank), (wanted, 5));
        assert_eq!(lines(b""), (vec![], 0));
        assert_eq!(lines(b"\n\n"), (vec![], 2));
        assert_eq!(lines(b"a\n"), (vec![(1, b"a".to_vec())], 0));
        // no text, but no empty line either: whoever reads it is told
        assert_eq!(lines(b"\xff\n").0.len(), 1);
        let spaces = [&[b' '; 5000][..], b"\nx"].concat();
        assert_eq!(lines(&spaces), (vec![(2, b"x".to_vec())], 1));
        assert!(scan(&b"\xff\xfea\0"[..]).unwrap_err().contains("UTF-16"));
    }
}

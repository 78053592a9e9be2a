//! Tar archives as they lie: headers, and what a member holds where it is asked for.

use std::fs::File;

use crate::data::regular;

/// Bytes of a header, and what members are filled up to.
const BLOCK: u64 = 512;
/// Bytes of the longest name.
const MOST_NAME: u64 = 4096;
/// Bytes of the longest text of a record.
pub(super) const MOST_TEXT: u64 = 1 << 20;
/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    name: String,
    /// Its first byte, and how many.
    pub(super) at: u64,
    pub(super) length: u64,
    /// Where what follows starts.
    pub(super) end: u64,
    /// It is a regular file.
    pub(super) regular: bool,
}

impl Member {
    /// What records are told apart by, and what it is of one: `00/000017` and `jpg`.
    pub(super) fn parts(&self) -> Option<(&str, &str)> {
        let from = self.name.rfind('/').map_or(0, |at| at + 1);
        let dot = from + self.name[from..].find('.')?;
        let hidden = dot == from;
        (!hidden).then(|| (&self.name[..dot], &self.name[dot + 1..]))
    }
}

/// Bytes that are read by their place: of a file, or of a part of it.
pub(super) trait Bytes {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String>;
    fn len(&self) -> u64;
}

pub(super) struct OfFile {
    pub(super) file: File,
    pub(super) len: u64,
}

impl Bytes for OfFile {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        regular::read_at(&self.file, into, at).map_err(|error| error.to_string())
    }

    fn len(&self) -> u64 {
        self.len
    }
}

impl Bytes for &[u8] {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        let from = usize::try_from(at).map_err(|_| "it ends early")?;
        let part = from
            .checked_add(into.len())
            .and_then(|end| self.get(from..end));
        into.copy_from_slice(part.ok_or("it ends early")?);
        Ok(())
    }

    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }
}

/// The bytes of a part, at most `most`.
pub(super) fn part(bytes: &dyn Bytes, at: u64, length: u64, most: u64) -> Result<Vec<u8>, String> {
    if length > most {
        return Err(format!("a part of it has {:.1} MB", length as f64 / 1e6));
    }
    if at.checked_add(length).is_none_or(|end| end > bytes.len()) {
        return Err("it ends early".into());
    }
    let mut all = vec![0; length as usize];
    bytes.read(at, &mut all)?;
    Ok(all)
}

/// A number of a header: octal digits, or bytes where the first bit says so.
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        let start = u64::from(first & 0x7f);
        return rest.iter().try_fold(start, |n, byte| {
            Some(n.checked_mul(256)? | u64::from(*byte))
        });
    }
    let digits: Vec<u8> = field
        .iter()
        .copied()
        .skip_while(|byte| *byte == b' ')
        .take_while(|byte| !matches!(byte, 0 | b' '))
        .collect();
    let text = std::str::from_utf8(&digits).ok()?;
    u64::from_str_radix(text, 8).ok()
}

/// A field of a header without what fills it.
fn text(field: &[u8]) -> String {
    let end = field
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// What a pax header says of the member that follows: its path, and its length.
fn pax(records: &[u8]) -> (Option<String>, Option<u64>) {
    let (mut path, mut size) = (None, None);
    let mut rest = records;
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let length = std::str::from_utf8(&rest[..space]).ok();
        let Some(length) = length.and_then(|text| text.parse::<usize>().ok()) else {
            break;
        };
        let Some(record) = rest.get(space + 1..length) else {
            break;
        };
        let record = String::from_utf8_lossy(record);
        match record.trim_end_matches('\n').split_once('=') {
            Some(("path", value)) => path = Some(value.to_owned()),
            Some(("size", value)) => size = value.parse().ok(),
            _ => {}
        }
        rest = &rest[length..];
    }
    (path, size)
}

/// The member whose header stands at `at`, with those that say more of it before; `None`: the archive ends.
pub(super) fn member(bytes: &dyn Bytes, mut at: u64) -> Result<Option<Member>, String> {
    let (mut long_name, mut long_size) = (None, None);
    loop {
        if bytes.len().saturating_sub(at) < BLOCK {
            return match bytes.len() == at {
                true => Ok(None),
                false => Err(format!("it ends inside of a header, at byte {at}")),
            };
        }
        let mut header = [0; BLOCK as usize];
        bytes.read(at, &mut header)?;
        if header.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sum: u64 = header
            .iter()
            .enumerate()
            .map(|(i, byte)| {
                if (148..156).contains(&i) {
                    32
                } else {
                    u64::from(*byte)
                }
            })
            .sum();
        if number(&header[148..156]) != Some(sum) {
            return Err(format!("there is no header of a tar archive at byte {at}"));
        }
        let Some(size) = number(&header[124..136]) else {
            return Err(format!("the header at byte {at} says no length"));
        };
        let (kind, size) = (header[156], long_size.unwrap_or(size));
        let start = at + BLOCK;
        let end = size
            .checked_next_multiple_of(BLOCK)
            .and_then(|filled| start.checked_add(filled));
        // the last one need not be filled up
        let Some(end) = end.filter(|_| size <= bytes.len() - start) else {
            return Err(format!("the member at byte {at} ends behind the archive"));
        };
        let end = end.min(bytes.len());
        match kind {
            b'L' => long_name = Some(text(&part(bytes, start, size, MOST_NAME)?)),
            b'x' => {
                let (path, length) = pax(&part(bytes, start, size, MOST_TEXT)?);
                long_name = path.or(long_name);
                long_size = length.or(long_size);
            }
            b'g' => {}
            _ => {
                let (prefix, own) = (text(&header[345..500]), text(&header[..100]));
                let ustar = header[257..262] == *b"ustar" && !prefix.is_empty();
                let name = long_name.unwrap_or(if ustar {
                    format!("{prefix}/{own}")
                } else {
                    own
                });
                return Ok(Some(Member {
                    name: name.trim_start_matches("./").to_owned(),
                    at: start,
                    length: size,
                    end,
                    regular: matches!(kind, 0 | b'0' | b'7'),
                }));
            }
        }
        at = end;
    }
}

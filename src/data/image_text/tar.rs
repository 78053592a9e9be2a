//! Shards of webdataset (Aizman et al., 2019): tar archives in which members that are called alike but for their ending are one record.
//!
//! Headers alone are read to find records; of members what is asked for. A record's members stand one after the other.

use std::fs::File;
use std::path::Path;

use super::captions::{Noted, number_of};
use super::source::{Found, Pairs, Row};
use super::table::{Names, filled, key};
use crate::catalog::Result as Checked;
use crate::data::decode::{self, Header};
use crate::data::documents::index::{Gather, Index, Key, LONGEST};
use crate::data::documents::json;
use crate::data::documents::stored::Stored;
use crate::data::{DataError, regular};

/// Bytes of a header, and what members are filled up to.
const BLOCK: u64 = 512;
/// Bytes of the longest name.
const MOST_NAME: u64 = 4096;
/// Bytes of the longest text of a record.
const MOST_TEXT: u64 = 1 << 20;
/// Fields of a `.json` member that hold a caption, where the recipe does not say.
const CAPTIONS: [&str; 3] = ["caption", "text", "captions"];

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    name: String,
    /// Its first byte, and how many.
    at: u64,
    length: u64,
    /// Where what follows starts.
    end: u64,
    /// It is a regular file.
    regular: bool,
}

impl Member {
    /// What records are told apart by, and what it is of one: `00/000017` and `jpg`.
    fn parts(&self) -> Option<(&str, &str)> {
        let from = self.name.rfind('/').map_or(0, |at| at + 1);
        let dot = from + self.name[from..].find('.')?;
        let hidden = dot == from;
        (!hidden).then(|| (&self.name[..dot], &self.name[dot + 1..]))
    }
}

/// Bytes that are read by their place: of a file, or of a part of it.
trait Bytes {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String>;
    fn len(&self) -> u64;
}

struct OfFile {
    file: File,
    len: u64,
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

fn part(bytes: &dyn Bytes, at: u64, length: u64, most: u64) -> Result<Vec<u8>, String> {
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
fn member(bytes: &dyn Bytes, mut at: u64) -> Result<Option<Member>, String> {
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

/// The members of a record, and where the next one starts.
struct Members {
    key: String,
    all: Vec<Member>,
    end: u64,
}

impl Members {
    /// The record whose first member stands at `at` or behind it; `None`: there is no more.
    fn at(bytes: &dyn Bytes, mut at: u64) -> Result<Option<(u64, Self)>, String> {
        let mut found: Option<(u64, Self)> = None;
        while let Some(member) = member(bytes, at)? {
            let own = member.parts().filter(|_| member.regular);
            let key = own.map(|(key, _)| key.to_owned());
            match (&mut found, key) {
                (None, Some(key)) => {
                    let members = Self {
                        key,
                        end: member.end,
                        all: vec![member.clone()],
                    };
                    found = Some((at, members));
                }
                (Some((_, members)), Some(key)) if members.key == key => {
                    members.end = member.end;
                    members.all.push(member.clone());
                }
                (Some(_), Some(_)) => return Ok(found),
                // a folder, a link
                (_, None) => {}
            }
            at = member.end;
        }
        Ok(found)
    }

    /// The member with one of these endings, or one that `is` it.
    fn of(&self, endings: &[&str], is: impl Fn(&str) -> bool) -> Option<&Member> {
        let ending = |member: &&Member| {
            member
                .parts()
                .map_or("", |(_, ending)| ending)
                .to_lowercase()
        };
        let named = endings
            .iter()
            .find_map(|wanted| self.all.iter().find(|member| ending(member) == *wanted));
        named.or_else(|| self.all.iter().find(|member| is(&ending(member))))
    }

    fn image(&self, names: &Names) -> Option<&Member> {
        let asked: Vec<&str> = names.image.iter().map(String::as_str).collect();
        self.of(&asked, |ending| {
            names.image.is_none() && decode::is_picture_name(&format!("x.{ending}")) == Some(true)
        })
    }
}

/// What a record says beside its picture.
#[derive(Default)]
struct Said {
    captions: Vec<Vec<u8>>,
    group: Option<String>,
    label: Option<Key>,
}

fn said(bytes: &dyn Bytes, members: &Members, names: &Names) -> Result<Said, String> {
    let read = |member: &Member| part(bytes, member.at, member.length, MOST_TEXT);
    let mut said = Said::default();
    let about = match members.of(&["json"], |_| false) {
        Some(member) => match json::value(&read(member)?) {
            Ok(serde_json::Value::Object(object)) => Some(object),
            Ok(_) => None,
            Err(what) => return Err(format!("its .json: {what}")),
        },
        None => None,
    };
    let in_json = |name: &str| -> Vec<Vec<u8>> {
        let value = about.as_ref().and_then(|object| object.get(name));
        let all = match value {
            Some(serde_json::Value::Array(all)) => all.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let texts = all.iter().filter_map(|one| match one {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        texts.filter_map(|text| filled(text.as_bytes())).collect()
    };
    match names.text.as_slice() {
        [] => match members.of(&["txt"], |_| false) {
            Some(member) => said.captions.extend(filled(&read(member)?)),
            None => {
                let found = CAPTIONS.iter().map(|name| in_json(name));
                said.captions = found
                    .into_iter()
                    .find(|all| !all.is_empty())
                    .unwrap_or_default();
            }
        },
        several => {
            for name in several {
                match members.of(&[name], |_| false) {
                    Some(member) => said.captions.extend(filled(&read(member)?)),
                    None => said.captions.extend(in_json(name)),
                }
            }
        }
    }
    let named = |name: &Option<String>| -> Result<Option<Vec<u8>>, String> {
        let Some(name) = name else { return Ok(None) };
        match members.of(&[name], |_| false) {
            Some(member) => Ok(filled(&read(member)?)),
            None => Ok(in_json(name).into_iter().next()),
        }
    };
    said.group = named(&names.group)?.map(|text| String::from_utf8_lossy(&text).into_owned());
    said.label = named(&names.label)?.and_then(|text| key(&text));
    Ok(said)
}

/// Finds the records of an archive: those with a picture.
fn scan(bytes: &dyn Bytes, salt: &str, names: &Names) -> Result<Index, String> {
    let mut gather = Gather::default();
    gather.all_texts();
    let mut at = 0;
    let mut number = 0;
    while let Some((start, members)) = Members::at(bytes, at)? {
        number += 1;
        at = members.end;
        let picture = number_of(format!("{salt} {}", members.key).as_bytes());
        let said = said(bytes, &members, names);
        let (captions, group, label) = match said {
            _ if members.image(names).is_none() => (0, None, None),
            // told where it is read
            Err(_) => (1, None, None),
            Ok(said) => (said.captions.len() as u64, said.group, said.label),
        };
        let noted = Noted {
            picture,
            group: group.map_or(picture, |group| number_of(group.as_bytes())),
            captions,
        };
        gather.note(noted.numbers());
        gather.add(start, number, label);
    }
    Ok(gather.done(at))
}

/// An archive.
pub(super) struct Archive {
    stored: Stored,
    names: Names,
}

impl Archive {
    /// Looks through an archive's headers.
    pub(super) fn open(path: &Path, names: &Names) -> Checked<Self> {
        // records of shards that lie beside each other are counted from 0 in each
        let salt = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let kind = format!("index of a webdataset 1 {names:?}");
        let find = |_: &mut dyn std::io::Read| {
            let file = regular::open(path).map_err(|error| error.to_string())?;
            let len = file.metadata().map_err(|error| error.to_string())?.len();
            scan(&OfFile { file, len }, &salt, names)
        };
        Ok(Self {
            stored: Stored::open(path, &kind, &find)?,
            names: names.clone(),
        })
    }

    /// The bytes of a record with its members.
    fn members(&self, row: usize) -> Result<(Vec<u8>, Members), String> {
        let piece = self.stored.piece(row)?;
        match Members::at(&piece.as_slice(), 0)? {
            Some((_, members)) => Ok((piece, members)),
            None => Err("it is not there".into()),
        }
    }

    fn picture(&self, row: usize) -> Result<(Vec<u8>, Members, Vec<u8>), String> {
        let (piece, members) = self.members(row)?;
        let own = members.image(&self.names).ok_or("it has no picture")?;
        let image = part(&piece.as_slice(), own.at, own.length, LONGEST as u64)?;
        Ok((piece, members, image))
    }
}

impl Pairs for Archive {
    fn file(&self) -> &Path {
        &self.stored.path
    }

    fn index(&self) -> &Index {
        &self.stored.index
    }

    fn row(&self, row: usize) -> Result<Row, DataError> {
        let path = self.stored.path.display();
        let failed =
            |what: String| DataError::new(format!("can't read record {row} of {path}: {what}"));
        let (piece, members, image) = self.picture(row).map_err(failed)?;
        let said = said(&piece.as_slice(), &members, &self.names).map_err(failed)?;
        Ok(Row {
            name: format!("`{}` of {path}", members.key),
            image,
            captions: said.captions,
        })
    }

    fn header(&self, row: usize) -> Option<Header> {
        let (_, _, image) = self.picture(row).ok()?;
        decode::header_of(&image).ok()
    }

    fn resident(&self) -> u64 {
        self.stored.resident()
    }

    fn beside(&self, _: &mut dyn Iterator<Item = usize>) -> Option<Found> {
        None
    }
}

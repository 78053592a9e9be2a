//! Shards of webdataset (Aizman et al., 2019): tar archives in which members that are called alike but for their ending are one record.
//!
//! Headers alone are read to find records; of members what is asked for. A record's members stand one after the other.

use std::path::Path;

use super::captions::{Noted, number_of};
use super::rows::{Names, filled, key};
use super::source::{Found, Pairs, Row};
use super::tar::{Bytes, MOST_TEXT, Member, OfFile, member, part};
use crate::catalog::Result as Checked;
use crate::data::decode::{self, Header};
use crate::data::documents::index::{Gather, Index, Key, LONGEST};
use crate::data::documents::json;
use crate::data::documents::stored::Stored;
use crate::data::{DataError, regular};

/// Fields of a `.json` member that hold a caption, where the recipe does not say.
const CAPTIONS: [&str; 3] = ["caption", "text", "captions"];

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
        _ if names.pictures_alone => {}
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
            Ok(said) if names.pictures_alone => (1, said.group, said.label),
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

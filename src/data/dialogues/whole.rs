//! A file that is one JSON value: a list of dialogues, an object that holds such a list, an object of dialogues by their names, or one
//! dialogue.

use std::borrow::Cow;

use serde_json::Value;

use super::turns::{self, Names};
use crate::data::documents::index::{Gather, Index, LOOKED_AT};
use crate::data::texts;

/// Fields of an object that hold its dialogues.
const LISTS: [&str; 4] = ["dialogues", "dialogs", "conversations", "data"];

/// Goes over JSON without reading it: what its values are is asked when they are read.
struct Scan<'b> {
    bytes: &'b [u8],
    at: usize,
    line: u64,
}

/// A value in a list or an object.
#[derive(Clone, Copy)]
struct Child<'b> {
    /// As it is written, with its quotes; of an object's.
    key: Option<&'b [u8]>,
    start: usize,
    end: usize,
    line: u64,
}

impl<'b> Scan<'b> {
    fn next(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn spaces(&mut self) {
        while let Some(byte) = self.next().filter(u8::is_ascii_whitespace) {
            self.line += u64::from(byte == b'\n');
            self.at += 1;
        }
    }

    fn wrong(&self, what: &str) -> String {
        format!("it is no JSON: {what}, in its line {}", self.line)
    }

    /// Goes behind a text, which starts here.
    fn text(&mut self) -> Result<(), String> {
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(n) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(self.wrong("a text is not closed"));
            };
            self.at += n;
            match self.bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => self.at += 2,
            }
        }
    }

    /// Goes behind a value, which starts here.
    fn value(&mut self) -> Result<(), String> {
        let mut depth = 0_usize;
        loop {
            match self.next() {
                None => return Err(self.wrong("it ends in a value")),
                Some(b'"') => self.text()?,
                Some(b'[' | b'{') => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                Some(b']' | b'}') if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b',' | b':') if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                Some(byte) if byte.is_ascii_whitespace() => {
                    self.spaces();
                    continue;
                }
                Some(b',' | b':' | b']' | b'}') => return Err(self.wrong("a value is missing")),
                Some(_) => {
                    let ends = |byte: &u8| {
                        matches!(byte, b',' | b':' | b'"' | b'[' | b']' | b'{' | b'}')
                            || byte.is_ascii_whitespace()
                    };
                    let rest = self.bytes[self.at..].iter();
                    self.at += rest.take_while(|byte| !ends(byte)).count();
                }
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// The values of the list or object that starts here. Goes behind it.
    fn children(&mut self) -> Result<Vec<Child<'b>>, String> {
        let object = self.next() == Some(b'{');
        let close = if object { b'}' } else { b']' };
        self.at += 1;
        self.spaces();
        let mut all = Vec::new();
        if self.next() == Some(close) {
            self.at += 1;
            return Ok(all);
        }
        loop {
            let mut key = None;
            if object {
                let start = self.at;
                if self.next() != Some(b'"') {
                    return Err(self.wrong("a name is missing"));
                }
                self.text()?;
                key = self.bytes.get(start..self.at);
                self.spaces();
                if self.next() != Some(b':') {
                    return Err(self.wrong("there is no `:` behind a name"));
                }
                self.at += 1;
                self.spaces();
            }
            let (start, line) = (self.at, self.line);
            self.value()?;
            all.push(Child {
                key,
                start,
                end: self.at,
                line,
            });
            self.spaces();
            match self.next() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(all);
                }
                None => return Err(self.wrong("it ends in a list")),
                Some(_) => return Err(self.wrong("there is no `,` between two values")),
            }
            self.spaces();
        }
    }
}

impl Child<'_> {
    fn name(&self) -> Cow<'_, str> {
        let name = self
            .key
            .and_then(|key| serde_json::from_slice::<String>(key).ok());
        Cow::Owned(name.unwrap_or_default())
    }

    fn first(&self, bytes: &[u8]) -> u8 {
        bytes.get(self.start).copied().unwrap_or(0)
    }

    fn read(&self, bytes: &[u8]) -> Option<Value> {
        serde_json::from_slice(bytes.get(self.start..self.end)?).ok()
    }
}

/// Of the first of some values, whether one is a dialogue.
fn some_dialogue(children: &[Child<'_>], bytes: &[u8], names: &Names) -> bool {
    let mut first = children.iter().take(LOOKED_AT);
    first.any(|child| {
        child
            .read(bytes)
            .is_some_and(|value| turns::dialogue(value, names).is_ok())
    })
}

/// Finds the dialogues of a file; `None`: it is several values, one after the other.
///
/// # Errors
/// It is no JSON, or holds no dialogues.
pub(super) fn scan(all: &[u8], names: &Names) -> Result<Option<Index>, String> {
    if let Some(what) = texts::is_utf16(all) {
        return Err(what.into());
    }
    let mark = all.len() - texts::unmarked(all).len();
    let mut scan = Scan {
        bytes: all,
        at: mark,
        line: 1,
    };
    scan.spaces();
    let (start, line) = (scan.at, scan.line);
    let object = match scan.next() {
        None => return Ok(Some(Index::default())),
        Some(b'{') => true,
        Some(b'[') => false,
        Some(_) => return Err("it is no JSON list, and no JSON object".into()),
    };
    let children = scan.children()?;
    let end = scan.at;
    scan.spaces();
    if scan.next().is_some() {
        return Ok(None);
    }
    let whole = Child {
        key: None,
        start,
        end,
        line,
    };
    let found = match object {
        false => of_list(whole, children, all, names),
        true => of_object(whole, children, all, names)?,
    };
    let mut gather = Gather::default();
    gather.all_texts();
    for child in &found {
        gather.add(child.start as u64, child.line, None);
    }
    let end = found.last().map_or(0, |last| last.end as u64);
    Ok(Some(gather.done(end)))
}

fn of_list<'b>(
    whole: Child<'b>,
    children: Vec<Child<'b>>,
    all: &[u8],
    names: &Names,
) -> Vec<Child<'b>> {
    let turn = |child: &Child<'_>| {
        child
            .read(all)
            .is_some_and(|value| turns::is_turn(&value, names))
    };
    match !some_dialogue(&children, all, names) && children.first().is_some_and(turn) {
        true => vec![whole],
        false => children,
    }
}

fn of_object<'b>(
    whole: Child<'b>,
    children: Vec<Child<'b>>,
    all: &'b [u8],
    names: &Names,
) -> Result<Vec<Child<'b>>, String> {
    let lists = |child: &&Child<'_>| child.first(all) == b'[';
    let only = children.iter().filter(lists).count() == 1;
    let list = |child: &&Child<'_>| lists(child) && (only || LISTS.contains(&&*child.name()));
    for child in children.iter().filter(list) {
        let mut scan = Scan {
            bytes: all,
            at: child.start,
            line: child.line,
        };
        let inner = scan.children()?;
        // turns that are lists of messages look like dialogues, too
        let turns = names.is_turns(&child.name()) && !LISTS.contains(&&*child.name());
        if !turns && some_dialogue(&inner, all, names) {
            return Ok(inner);
        }
    }
    // only then is all of it read
    let turns = |child: &Child<'_>| lists(&child) && names.is_turns(&child.name());
    if children.iter().any(turns) && some_dialogue(&[whole], all, names) {
        return Ok(vec![whole]);
    }
    let holds = |child: &Child<'_>| matches!(child.first(all), b'[' | b'{');
    if children.iter().all(holds) && some_dialogue(&children, all, names) {
        return Ok(children);
    }
    let mut have: Vec<String> = children
        .iter()
        .take(8)
        .map(|child| format!("`{}`", child.name()))
        .collect();
    if children.len() > have.len() {
        have.push("…".into());
    }
    Err(match have.is_empty() {
        true => "it is an empty object".into(),
        false => format!(
            "it is one object that holds no dialogues: it has {}",
            have.join(", ")
        ),
    })
}

//! JSON lines: one object a line.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Map, Value};

use super::index::{Gather, Index, Key, LONGEST, LOOKED_AT, Names};
use crate::data::texts;

/// What a value is, in words.
pub(in crate::data) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "yes or no",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The value that a line is.
///
/// # Errors
/// It is none.
pub(in crate::data) fn value(line: &[u8]) -> Result<Value, String> {
    let line = line.trim_ascii_end();
    if let Err(error) = std::str::from_utf8(line) {
        let byte = line[error.valid_up_to()];
        return Err(format!(
            "it is no UTF-8: byte {} ({byte:#04x})",
            error.valid_up_to()
        ));
    }
    serde_json::from_slice(line).map_err(|error| no_json(&error))
}

/// What is wrong with what is no JSON; its line is always 1.
pub(in crate::data) fn no_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    format!("it is no JSON: {what}, at its byte {}", error.column())
}

fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    match value(line)? {
        Value::Object(object) => Ok(object),
        other => Err(format!("it is {}, and no JSON object", kind(&other))),
    }
}

/// The fields that an object has, in a list.
pub(in crate::data) fn has(object: &Map<String, Value>) -> String {
    let mut have: Vec<String> = object.keys().take(8).map(|k| format!("`{k}`")).collect();
    if object.len() > have.len() {
        have.push("…".into());
    }
    match have.len() {
        0 => "it is an empty object".into(),
        _ => format!("it has {}", have.join(", ")),
    }
}

/// A label, where it says a class.
fn key(value: &Value) -> Option<Key> {
    match value {
        Value::String(text) => Some(Key::Text(text.clone())),
        Value::Bool(flag) => Some(Key::Text(flag.to_string())),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Some(Key::Number(number)),
            None => {
                let real = number.as_f64()?;
                let whole = real.fract() == 0.0 && real.abs() < 1e15;
                whole.then_some(Key::Number(real as i64))
            }
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A line of a file that holds more than white space.
pub(in crate::data) struct Line<'l> {
    /// Its first byte in the file.
    pub(in crate::data) start: u64,
    /// From 1.
    pub(in crate::data) number: u64,
    /// Of one that is longer than a record may be only the beginning.
    pub(in crate::data) text: &'l [u8],
}

/// Goes through the lines of a file: where it ends.
///
/// # Errors
/// It can't be read, or `first` refuses its first bytes.
pub(in crate::data) fn lines(
    from: impl Read,
    first: impl Fn(&[u8]) -> Result<(), String>,
    mut each: impl FnMut(Line<'_>),
) -> Result<u64, String> {
    let mut from = BufReader::with_capacity(1 << 18, from);
    let (mut at, mut number) = (0u64, 0u64);
    let mut line = Vec::new();
    loop {
        line.clear();
        let start = at;
        let mut length = 0u64;
        loop {
            let bytes = from.fill_buf().map_err(|error| error.to_string())?;
            if bytes.is_empty() {
                break;
            }
            if length == 0 && start == 0 {
                first(bytes)?;
            }
            let (n, ended) = match memchr::memchr(b'\n', bytes) {
                Some(end) => (end + 1, true),
                None => (bytes.len(), false),
            };
            // a line without an end is not kept
            if line.len() <= LONGEST {
                line.extend_from_slice(&bytes[..n]);
            }
            from.consume(n);
            length += n as u64;
            if ended {
                break;
            }
        }
        if length == 0 {
            return Ok(at);
        }
        at += length;
        number += 1;
        let text = texts::unmarked(&line);
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let skipped = (line.len() - text.len()) as u64;
        let skipped = if start == 0 { skipped } else { 0 };
        each(Line {
            start: start + skipped,
            number,
            text,
        });
    }
}

/// Finds the records of a file.
///
/// # Errors
/// It can't be read, or it is no JSON lines at all.
pub(super) fn scan(from: impl Read, names: Names<'_>) -> Result<Index, String> {
    let mut gather = Gather::default();
    let end = lines(from, first, |line| {
        let text = line.text;
        let wanted = names.label.is_some() || gather.seen() < LOOKED_AT;
        let known = (wanted && text.len() <= LONGEST)
            .then(|| object(text).ok())
            .flatten();
        let label = known
            .as_ref()
            .and_then(|object| object.get(names.label?))
            .and_then(key);
        if gather.seen() < LOOKED_AT
            && let Some(object) = &known
        {
            let has_text = matches!(object.get(names.text), Some(Value::String(_)));
            gather.look(object.keys().map(String::as_str), has_text);
        }
        gather.add(line.start, line.number, label);
    })?;
    Ok(gather.done(end))
}

/// Refuses a file by its first bytes.
fn first(bytes: &[u8]) -> Result<(), String> {
    if let Some(what) = texts::is_utf16(bytes) {
        return Err(what.into());
    }
    let mut first = texts::unmarked(bytes).iter();
    match first.find(|b| !b.is_ascii_whitespace()) {
        Some(b'[') => Err("it is one JSON list, and not one object a line; \
             `jq -c '.[]' FILE > FILE.jsonl` makes lines of it"
            .into()),
        _ => Ok(()),
    }
}

/// The bytes of a record's text.
///
/// # Errors
/// It is no JSON, or lacks the text: what is wrong, after the record's name.
pub(super) fn text(line: &[u8], name: &str) -> Result<Vec<u8>, String> {
    let mut object = object(line)?;
    match object.remove(name) {
        Some(Value::String(text)) => Ok(text.into_bytes()),
        Some(other) => Err(format!("its field `{name}` is {}, not text", kind(&other))),
        None => Err(format!("it has no field `{name}`: {}", has(&object))),
    }
}

/// [`text`] of a line that may not be UTF-8.
pub(super) fn mended(line: &[u8], name: &str) -> Result<Vec<u8>, String> {
    text(String::from_utf8_lossy(line).as_bytes(), name)
}

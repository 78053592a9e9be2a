//! JSON lines: one object a line.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Map, Value};

use super::index::{Gather, Index, Key, LONGEST, LOOKED_AT, Names};
use crate::data::texts;

/// What a value is, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "yes or no",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    let line = line.trim_ascii_end();
    if let Err(error) = std::str::from_utf8(line) {
        let byte = line[error.valid_up_to()];
        return Err(format!(
            "it is no UTF-8: byte {} ({byte:#04x})",
            error.valid_up_to()
        ));
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(format!("it is {}, and no JSON object", kind(&other))),
        // its line is always 1
        Err(error) => {
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or(&text);
            Err(format!(
                "it is no JSON: {what}, at its byte {}",
                error.column()
            ))
        }
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

/// Finds the records of a file.
///
/// # Errors
/// It can't be read, or it is no JSON lines at all.
pub(super) fn scan(from: impl Read, names: Names<'_>) -> Result<Index, String> {
    let mut from = BufReader::with_capacity(1 << 18, from);
    let mut gather = Gather::default();
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
            return Ok(gather.done(at));
        }
        at += length;
        number += 1;
        let text = texts::unmarked(&line);
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let skipped = (line.len() - text.len()) as u64;
        let skipped = if start == 0 { skipped } else { 0 };
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
        gather.add(start + skipped, number, label);
    }
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
        None => {
            let mut have: Vec<String> = object.keys().take(8).map(|k| format!("`{k}`")).collect();
            if object.len() > have.len() {
                have.push("…".into());
            }
            Err(match have.len() {
                0 => format!("it has no field `{name}`: it is an empty object"),
                _ => format!("it has no field `{name}`: it has {}", have.join(", ")),
            })
        }
    }
}

/// [`text`] of a line that may not be UTF-8.
pub(super) fn mended(line: &[u8], name: &str) -> Result<Vec<u8>, String> {
    text(String::from_utf8_lossy(line).as_bytes(), name)
}

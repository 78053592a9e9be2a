//! Batches of pictures that Python has pickled: a dictionary of NumPy bytes and lists of numbers.
//!
//! A pickle is a program. Of its instructions only those are followed that such a file has, into values of this module: nothing is
//! imported, called or run. Any other instruction, function or class is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Values on the stack.
const MOST_VALUES: usize = 1 << 20;
/// Values inside one another.
const DEPTH: usize = 8;

/// What is read.
#[derive(Clone, Debug)]
enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// Text, or bytes: Python 2 has one type for both.
    Bytes(Arc<[u8]>),
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// A name that may be called or built.
    Global(Known),
    /// Type of a NumPy element: bytes.
    Dtype,
    /// A NumPy array of bytes: sizes, content.
    Array(Vec<usize>, Arc<[u8]>),
    /// Something that is remembered and is no plain value.
    Opaque,
}

/// The functions and classes whose calls are understood.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    Reconstruct,
    Ndarray,
    Dtype,
    Encode,
}

fn known(module: &[u8], name: &[u8]) -> Result<Known, String> {
    match (module, name) {
        (b"numpy.core.multiarray" | b"numpy._core.multiarray", b"_reconstruct") => {
            Ok(Known::Reconstruct)
        }
        (b"numpy", b"ndarray") => Ok(Known::Ndarray),
        (b"numpy", b"dtype") => Ok(Known::Dtype),
        (b"_codecs", b"encode") => Ok(Known::Encode),
        _ => {
            let name = format!(
                "{}.{}",
                String::from_utf8_lossy(module),
                String::from_utf8_lossy(name)
            );
            Err(format!(
                "it calls `{}`, and only NumPy's arrays of bytes are read",
                crate::language::visible_line(&name)
            ))
        }
    }
}

impl Value {
    fn bytes(&self) -> Result<&Arc<[u8]>, String> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err("it is damaged: there is no text where one belongs".into()),
        }
    }

    fn number(&self) -> Option<usize> {
        match self {
            Value::Int(n) => usize::try_from(*n).ok(),
            _ => None,
        }
    }

    fn depth(&self) -> usize {
        let inner = |all: &[Value]| 1 + all.iter().map(Value::depth).max().unwrap_or(0);
        match self {
            Value::List(all) | Value::Tuple(all) => inner(all),
            Value::Dict(all) => {
                1 + all
                    .iter()
                    .map(|(_, value)| value.depth())
                    .max()
                    .unwrap_or(0)
            }
            _ => 0,
        }
    }
}

struct Machine<'b> {
    bytes: &'b [u8],
    at: usize,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: BTreeMap<u32, Value>,
}

impl<'b> Machine<'b> {
    fn take(&mut self, n: usize) -> Result<&'b [u8], String> {
        let end = self.at.checked_add(n);
        let part = end.and_then(|end| self.bytes.get(self.at..end));
        let part = part.ok_or("it ends early")?;
        self.at += n;
        Ok(part)
    }

    /// A number of so many bytes, the last of them the largest.
    fn size(&mut self, n: usize) -> Result<usize, String> {
        let bytes = self.take(n)?.iter().rev();
        let number = bytes.fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
        usize::try_from(number).map_err(|_| "it is damaged: a size is too large".into())
    }

    fn line(&mut self) -> Result<&'b [u8], String> {
        let rest = &self.bytes[self.at..];
        let end = memchr::memchr(b'\n', rest).filter(|end| *end < 256);
        let end = end.ok_or("it is damaged: a name has no end")?;
        self.at += end + 1;
        Ok(&rest[..end])
    }

    fn pop(&mut self) -> Result<Value, String> {
        let least = self.marks.last().copied().unwrap_or(0);
        match self.stack.len() > least {
            true => self.stack.pop().ok_or_else(|| "it is damaged".into()),
            false => Err("it is damaged: it takes more values than it has".into()),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
        if self.stack.len() >= MOST_VALUES {
            return Err("it has too many values".into());
        }
        // what is deep is no batch, and would be dropped deep
        let deep = !matches!(value, Value::List(_)) && value.depth() > DEPTH;
        if deep {
            return Err(format!(
                "its values lie more than {DEPTH} deep in one another"
            ));
        }
        self.stack.push(value);
        Ok(())
    }

    fn text(&mut self, n: usize) -> Result<(), String> {
        let bytes = self.take(n)?.into();
        self.push(Value::Bytes(bytes))
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.marks.pop().ok_or("it is damaged: a mark is missing")?;
        match mark <= self.stack.len() {
            true => Ok(self.stack.split_off(mark)),
            false => Err("it is damaged: a mark is missing".into()),
        }
    }

    fn last(&mut self) -> Result<&mut Value, String> {
        self.stack.last_mut().ok_or_else(|| "it is damaged".into())
    }

    fn tuple(&mut self, n: usize) -> Result<(), String> {
        let mut values = Vec::with_capacity(n);
        for _ in 0..n {
            values.push(self.pop()?);
        }
        values.reverse();
        self.push(Value::Tuple(values))
    }

    fn append(&mut self, more: Vec<Value>) -> Result<(), String> {
        if more.iter().any(|value| value.depth() >= DEPTH) {
            return Err(format!(
                "its values lie more than {DEPTH} deep in one another"
            ));
        }
        match self.last()? {
            Value::List(all) if all.len() + more.len() <= MOST_VALUES => {
                all.extend(more);
                Ok(())
            }
            _ => Err("it is damaged: it extends what is no list".into()),
        }
    }

    fn set(&mut self, more: Vec<Value>) -> Result<(), String> {
        if more.iter().any(|value| value.depth() >= DEPTH) {
            return Err(format!(
                "its values lie more than {DEPTH} deep in one another"
            ));
        }
        let Value::Dict(all) = self.last()? else {
            return Err("it is damaged: it sets items of what is no dictionary".into());
        };
        let mut more = more.into_iter();
        while let Some(key) = more.next() {
            let value = more.next().ok_or("it is damaged: a key has no value")?;
            if all.len() >= 64 {
                return Err("it has more than 64 items, and a batch has four".into());
            }
            all.push((key, value));
        }
        Ok(())
    }

    fn remember(&mut self, at: u32) -> Result<(), String> {
        let value = match self.last()? {
            Value::List(_) | Value::Dict(_) | Value::Tuple(_) | Value::Array(..) => Value::Opaque,
            plain => plain.clone(),
        };
        if self.memo.len() >= MOST_VALUES {
            return Err("it has too many values".into());
        }
        self.memo.insert(at, value);
        Ok(())
    }

    fn recall(&mut self, at: usize) -> Result<(), String> {
        let known = u32::try_from(at).ok().and_then(|at| self.memo.get(&at));
        match known.cloned() {
            Some(value) => self.push(value),
            None => Err("it is damaged: it recalls what it has not remembered".into()),
        }
    }

    /// A call of one of the functions that are understood.
    fn reduce(&mut self) -> Result<(), String> {
        let (args, called) = (self.pop()?, self.pop()?);
        let (Value::Tuple(args), Value::Global(called)) = (args, called) else {
            return Err("it is damaged: it calls what is no function".into());
        };
        let value = match (called, args.as_slice()) {
            (Known::Reconstruct, [Value::Global(Known::Ndarray), ..]) => {
                Value::Array(Vec::new(), Arc::from([]))
            }
            (Known::Dtype, [kind, ..]) => match &**kind.bytes()? {
                b"u1" | b"|u1" => Value::Dtype,
                other => {
                    let other = String::from_utf8_lossy(other);
                    return Err(format!(
                        "its array is of `{}`, and bytes (`u1`) are read",
                        crate::language::visible_line(&other)
                    ));
                }
            },
            // bytes as Python 3 writes them for Python 2
            (Known::Encode, [text, _]) => {
                let text = std::str::from_utf8(text.bytes()?)
                    .map_err(|_| "it is damaged: a text is no UTF-8")?;
                let bytes: Option<Vec<u8>> = text
                    .chars()
                    .map(|c| u8::try_from(u32::from(c)).ok())
                    .collect();
                Value::Bytes(bytes.ok_or("it is damaged: a text is no Latin-1")?.into())
            }
            _ => return Err("it is damaged: a call is not as NumPy writes it".into()),
        };
        self.push(value)
    }

    /// The state of an array.
    fn build(&mut self) -> Result<(), String> {
        let Value::Tuple(state) = self.pop()? else {
            return Err("it is damaged: a state is no tuple".into());
        };
        match (self.last()?, state.as_slice()) {
            (Value::Dtype, _) => Ok(()),
            (
                Value::Array(sizes, content),
                [_, Value::Tuple(shape), Value::Dtype, fortran, bytes],
            ) => {
                if !matches!(fortran, Value::Bool(false) | Value::Int(0)) {
                    return Err("its array lies column by column".into());
                }
                let known: Option<Vec<usize>> = shape.iter().map(Value::number).collect();
                let known = known.ok_or("it is damaged: a size is no number")?;
                let bytes = bytes.bytes()?;
                let n = known
                    .iter()
                    .try_fold(1usize, |n, side| n.checked_mul(*side));
                if n != Some(bytes.len()) {
                    return Err(format!("its array of {known:?} has {} bytes", bytes.len()));
                }
                (*sizes, *content) = (known, bytes.clone());
                Ok(())
            }
            _ => Err("it is damaged: a state is not as NumPy writes it".into()),
        }
    }

    /// Follows one instruction; the value that is left at the end.
    fn step(&mut self) -> Result<Option<Value>, String> {
        let at = self.at;
        let code = self.take(1)?[0];
        match code {
            0x80 => match self.take(1)?[0] {
                2..=4 => {}
                other => {
                    return Err(format!(
                        "it is a pickle of protocol {other}, and 2 to 4 are read: write it again, `pickle.dump(…, protocol=4)`"
                    ));
                }
            },
            // a frame says how much is read at once
            0x95 => drop(self.take(8)?),
            b'(' if self.marks.len() >= 64 => return Err("it has too many marks".into()),
            b'(' => self.marks.push(self.stack.len()),
            b'}' => self.push(Value::Dict(Vec::new()))?,
            b']' => self.push(Value::List(Vec::new()))?,
            b')' => self.push(Value::Tuple(Vec::new()))?,
            b'N' => self.push(Value::None)?,
            0x88 | 0x89 => self.push(Value::Bool(code == 0x88))?,
            b'K' => {
                let n = self.size(1)?;
                self.push(Value::Int(n as i64))?;
            }
            b'M' => {
                let n = self.size(2)?;
                self.push(Value::Int(n as i64))?;
            }
            b'J' => {
                let n = self.size(4)? as u32 as i32;
                self.push(Value::Int(i64::from(n)))?;
            }
            b'U' | b'C' | 0x8c => {
                let n = self.size(1)?;
                self.text(n)?;
            }
            b'T' | b'B' | b'X' => {
                let n = self.size(4)?;
                self.text(n)?;
            }
            0x8e => {
                let n = self.size(8)?;
                self.text(n)?;
            }
            b'q' | b'r' => {
                let to = self.size(if code == b'q' { 1 } else { 4 })?;
                self.remember(u32::try_from(to).unwrap_or(u32::MAX))?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' | b'j' => {
                let from = self.size(if code == b'h' { 1 } else { 4 })?;
                self.recall(from)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(known(module, name)?))?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let known = known(module.bytes()?, name.bytes()?)?;
                self.push(Value::Global(known))?;
            }
            0x85..=0x87 => self.tuple(usize::from(code - 0x84))?,
            b't' => {
                let values = self.since_mark()?;
                self.push(Value::Tuple(values))?;
            }
            b'a' => {
                let one = self.pop()?;
                self.append(vec![one])?;
            }
            b'e' => {
                let more = self.since_mark()?;
                self.append(more)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(vec![key, value])?;
            }
            b'u' => {
                let more = self.since_mark()?;
                self.set(more)?;
            }
            b'R' => self.reduce()?,
            b'b' => self.build()?,
            b'.' => return self.pop().map(Some),
            other => {
                return Err(format!(
                    "its byte {at} is the instruction {other:#04x}, which no batch of pictures has"
                ));
            }
        }
        Ok(None)
    }
}

/// A batch: so many bytes for each row, and a number for each.
#[derive(Debug, PartialEq)]
pub(super) struct Rows {
    pub labels: Vec<u8>,
    pub data: Arc<[u8]>,
}

/// Reads the array `data` of `width` bytes a row and the list `labels` of a pickled dictionary.
///
/// # Errors
/// It is no such pickle, or has an instruction that none of them has: what is wrong, after its name.
pub(super) fn rows(bytes: &[u8], width: usize) -> Result<Rows, String> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
    };
    let value = loop {
        if let Some(value) = machine.step()? {
            break value;
        }
    };
    let Value::Dict(items) = value else {
        return Err("it holds no dictionary".into());
    };
    let item = |name: &[u8]| {
        let mut all = items.iter();
        let is = |key: &Value| key.bytes().is_ok_and(|key| **key == *name);
        let found = all.find_map(|(key, value)| is(key).then_some(value));
        found.ok_or_else(|| format!("it has no `{}`", String::from_utf8_lossy(name)))
    };
    let Value::Array(sizes, data) = item(b"data")? else {
        return Err("its `data` is no array".into());
    };
    let Value::List(labels) = item(b"labels")? else {
        return Err("its `labels` are no list".into());
    };
    let labels = labels
        .iter()
        .map(|label| u8::try_from(label.number()?).ok());
    let labels: Option<Vec<u8>> = labels.collect();
    let labels = labels.ok_or("its `labels` are no small numbers")?;
    match sizes.as_slice() {
        [n, own] if *own == width && *n == labels.len() => Ok(Rows {
            labels,
            data: data.clone(),
        }),
        _ => Err(format!(
            "its `data` is of {sizes:?}, and {} labels want {width} bytes each",
            labels.len()
        )),
    }
}

#[cfg(test)]
#[path = "pickle_tests.rs"]
mod tests;

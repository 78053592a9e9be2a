//! The messages of ONNX that a model is made of, as bytes: protocol buffers, fields in the order of their numbers.
//!
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>

/// Kinds of elements.
pub const FLOAT: u64 = 1;
pub const INT64: u64 = 7;
pub const BOOL: u64 = 9;

/// What an attribute is.
const OF_FLOAT: u64 = 1;
const OF_INT: u64 = 2;
const OF_STRING: u64 = 3;
const OF_INTS: u64 = 7;

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    /// Its bytes.
    pub fn bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    fn key(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    /// A whole number; negative ones as two's complement.
    pub fn int(mut self, field: u64, n: i64) -> Self {
        self.key(field, 0);
        self.varint(n as u64);
        self
    }

    fn float(mut self, field: u64, x: f32) -> Self {
        self.key(field, 5);
        self.0.extend(x.to_le_bytes());
        self
    }

    /// Bytes with their length.
    pub fn raw(mut self, field: u64, bytes: &[u8]) -> Self {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// A text.
    pub fn text(self, field: u64, text: &str) -> Self {
        self.raw(field, text.as_bytes())
    }

    /// A message inside of it.
    pub fn inner(self, field: u64, inner: &Message) -> Self {
        self.raw(field, &inner.0)
    }

    /// Each of these.
    pub fn each<'t>(self, field: u64, texts: impl IntoIterator<Item = &'t str>) -> Self {
        texts
            .into_iter()
            .fold(self, |own, text| own.text(field, text))
    }
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Float(f32),
    Int(i64),
    Ints(Vec<i64>),
    Text(&'static str),
}

/// `AttributeProto`
fn attribute(name: &str, value: &Value) -> Message {
    let own = Message::default().text(1, name);
    match value {
        Value::Float(x) => own.float(2, *x).int(20, OF_FLOAT as i64),
        Value::Int(n) => own.int(3, *n).int(20, OF_INT as i64),
        Value::Text(text) => own.text(4, text).int(20, OF_STRING as i64),
        Value::Ints(all) => {
            let own = all.iter().fold(own, |own, n| own.int(8, *n));
            own.int(20, OF_INTS as i64)
        }
    }
}

/// `NodeProto`
pub fn node(
    op: &str,
    inputs: &[String],
    output: &str,
    attributes: &[(&'static str, Value)],
) -> Message {
    let own = Message::default()
        .each(1, inputs.iter().map(String::as_str))
        .text(2, output)
        .text(3, output)
        .text(4, op);
    attributes.iter().fold(own, |own, (name, value)| {
        own.inner(5, &attribute(name, value))
    })
}

/// `TensorProto`: numbers of this shape, row-major, little endian.
pub fn tensor(name: &str, kind: u64, shape: &[usize], bytes: &[u8]) -> Message {
    let own = shape
        .iter()
        .fold(Message::default(), |own, n| own.int(1, *n as i64));
    own.int(2, kind as i64).text(8, name).raw(9, bytes)
}

/// `ValueInfoProto`: `None` is the batch.
pub fn value(name: &str, kind: u64, shape: &[Option<usize>]) -> Message {
    let dims = shape.iter().fold(Message::default(), |own, size| {
        let dim = match size {
            Some(n) => Message::default().int(1, *n as i64),
            None => Message::default().text(2, "batch"),
        };
        own.inner(1, &dim)
    });
    let tensor = Message::default().int(1, kind as i64).inner(2, &dims);
    let ty = Message::default().inner(1, &tensor);
    Message::default().text(1, name).inner(2, &ty)
}

/// `StringStringEntryProto`
pub fn entry(key: &str, value: &str) -> Message {
    Message::default().text(1, key).text(2, value)
}

//! What a recipe gave for a task's or a transform's parameters.

use crate::abi::{self, Ctx, Host, Str, Value, value};
use crate::problem::{Result, checked};

/// A span of training time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Duration {
    /// Passes over the training data.
    Epochs(f64),
    /// Optimiser steps.
    Steps(u64),
}

/// An encoder or a head that a parameter holds: [`crate::Module::new`] makes it callable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Net {
    pub(crate) parameter: String,
}

/// An element of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A number, a ratio as a fraction, a length in pixels.
    Number(f64),
    /// A string, a word, anything else as `.ssl` text.
    Text(String),
}

/// All parameters of a call, defaults filled in, and the fields that every stage has.
///
/// Asking for a parameter that was not declared, or as another type, is a mistake in the plugin and panics; the host reports it.
pub struct Args {
    pub(crate) host: *const Host,
    pub(crate) ctx: Ctx,
}

impl Args {
    fn table(&self) -> &Host {
        // SAFETY: the host's table lives as long as the process; `Args` is only made from it
        unsafe { &*self.host }
    }

    fn value(&self, name: &str) -> Option<Value> {
        let mut value = empty();
        match (self.table().arg)(self.ctx, Str::new(name), &mut value) {
            abi::OK => Some(value),
            abi::ABSENT => None,
            status => panic!("the value of `{name}` can't be read: status {status}"),
        }
    }

    fn one_of(&self, name: &str, kinds: &[u32]) -> Option<Value> {
        let value = self.value(name)?;
        assert!(
            kinds.contains(&value.kind),
            "parameter `{name}` holds {}",
            kind(value.kind)
        );
        Some(value)
    }

    /// A number, also when it is written as a whole one.
    pub fn number(&self, name: &str) -> f64 {
        given(name, self.maybe_number(name))
    }

    /// The same for an optional parameter.
    pub fn maybe_number(&self, name: &str) -> Option<f64> {
        self.one_of(name, &[value::NUMBER, value::INTEGER])
            .map(|v| v.number)
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> i64 {
        given(name, self.maybe_integer(name))
    }

    /// The same for an optional parameter.
    pub fn maybe_integer(&self, name: &str) -> Option<i64> {
        self.one_of(name, &[value::INTEGER]).map(|v| v.integer)
    }

    /// A whole number that is not negative.
    pub fn size(&self, name: &str) -> usize {
        usize::try_from(self.integer(name)).unwrap_or(0)
    }

    /// A ratio as a fraction: `80%` is 0.8.
    pub fn ratio(&self, name: &str) -> f64 {
        given(name, self.maybe_ratio(name))
    }

    /// The same for an optional parameter.
    pub fn maybe_ratio(&self, name: &str) -> Option<f64> {
        self.one_of(name, &[value::RATIO]).map(|v| v.number)
    }

    /// A length in pixels.
    pub fn length(&self, name: &str) -> usize {
        given(name, self.maybe_length(name))
    }

    /// The same for an optional parameter.
    pub fn maybe_length(&self, name: &str) -> Option<usize> {
        self.one_of(name, &[value::LENGTH])
            .map(|v| v.number as usize)
    }

    /// A duration.
    pub fn duration(&self, name: &str) -> Duration {
        given(name, self.maybe_duration(name))
    }

    /// The same for an optional parameter.
    pub fn maybe_duration(&self, name: &str) -> Option<Duration> {
        let found = self.one_of(name, &[value::EPOCHS, value::STEPS])?;
        Some(match found.kind {
            value::EPOCHS => Duration::Epochs(found.number),
            _ => Duration::Steps(found.number as u64),
        })
    }

    /// The ends of a range.
    pub fn range(&self, name: &str) -> (f64, f64) {
        given(
            name,
            self.one_of(name, &[value::RANGE])
                .map(|v| (v.number, v.high)),
        )
    }

    /// A string.
    pub fn text(&self, name: &str) -> String {
        given(name, self.maybe_text(name))
    }

    /// The same for an optional parameter.
    pub fn maybe_text(&self, name: &str) -> Option<String> {
        self.one_of(name, &[value::TEXT]).map(|v| owned(v.text))
    }

    /// A choice.
    pub fn word(&self, name: &str) -> String {
        given(name, self.maybe_word(name))
    }

    /// The same for an optional parameter.
    pub fn maybe_word(&self, name: &str) -> Option<String> {
        self.one_of(name, &[value::WORD]).map(|v| owned(v.text))
    }

    /// A switch: `on` or `off`.
    pub fn switch(&self, name: &str) -> bool {
        self.word(name) == "on"
    }

    /// A list.
    pub fn list(&self, name: &str) -> Vec<Item> {
        given(name, self.maybe_list(name))
    }

    /// The same for an optional parameter.
    pub fn maybe_list(&self, name: &str) -> Option<Vec<Item>> {
        let list = self.one_of(name, &[value::LIST])?;
        let item = |index| {
            let mut item = empty();
            let status = (self.table().arg_item)(self.ctx, Str::new(name), index, &mut item);
            assert_eq!(status, abi::OK, "element {index} of `{name}` can't be read");
            match item.kind {
                value::NUMBER | value::INTEGER | value::RATIO | value::LENGTH => {
                    Item::Number(item.number)
                }
                _ => Item::Text(owned(item.text)),
            }
        };
        Some((0..list.integer as u64).map(item).collect())
    }

    /// An encoder or a head.
    pub fn net(&self, name: &str) -> Net {
        given(name, self.maybe_net(name))
    }

    /// The same for an optional parameter.
    pub fn maybe_net(&self, name: &str) -> Option<Net> {
        self.one_of(name, &[value::NET]).map(|_| Net {
            parameter: name.to_owned(),
        })
    }
}

fn given<T>(name: &str, value: Option<T>) -> T {
    value.unwrap_or_else(|| panic!("there is no parameter `{name}` with a value"))
}

fn empty() -> Value {
    Value {
        size: size_of::<Value>() as u64,
        kind: 0,
        reserved: 0,
        integer: 0,
        number: 0.0,
        high: 0.0,
        text: Str::EMPTY,
    }
}

fn kind(kind: u32) -> &'static str {
    match kind {
        value::NUMBER => "a number",
        value::INTEGER => "a whole number",
        value::RATIO => "a ratio",
        value::LENGTH => "a length",
        value::EPOCHS | value::STEPS => "a duration",
        value::RANGE => "a range",
        value::TEXT => "a string",
        value::WORD => "a word",
        value::LIST => "a list",
        value::NET => "an encoder or a head",
        _ => "something else",
    }
}

/// A text that the host lends, as the plugin's own.
pub(crate) fn owned(text: Str) -> String {
    if text.at.is_null() || text.len == 0 {
        return String::new();
    }
    // SAFETY: the host lends `len` bytes of UTF-8 for the call; they are copied here
    let bytes = unsafe { std::slice::from_raw_parts(text.at, text.len as usize) };
    String::from_utf8_lossy(bytes).into_owned()
}

/// A field of a data set's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// `image[3, 32, 32]`, `label(10)`; `?` where a size is not known before a sample is read.
    pub ty: String,
}

/// The fields of a data set's records, in order.
pub type Fields = Vec<Field>;

pub(crate) fn fields(host: &Host, ctx: Ctx) -> Result<Fields> {
    let mut fields = Vec::new();
    loop {
        let (mut name, mut ty) = (Str::EMPTY, Str::EMPTY);
        match (host.field)(ctx, fields.len() as u64, &mut name, &mut ty) {
            abi::ABSENT => return Ok(fields),
            status => checked(status)?,
        }
        fields.push(Field {
            name: owned(name),
            ty: owned(ty),
        });
    }
}

/// The picture of a record: its name, its channels (3 where they are not known), and its shorter side where it is known.
pub fn picture(fields: &[Field]) -> Option<(&str, usize, Option<usize>)> {
    fields.iter().find_map(|field| {
        let rest = field.ty.strip_prefix("image")?;
        let sizes: Vec<Option<usize>> = rest
            .trim_matches(['[', ']'])
            .split(',')
            .map(|size| size.trim().parse().ok())
            .collect();
        let size = |i: usize| sizes.get(i).copied().flatten();
        let side = size(1).zip(size(2)).map(|(h, w)| h.min(w));
        Some((field.name.as_str(), size(0).unwrap_or(3), side))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found() {
        let field = |name: &str, ty: &str| Field {
            name: name.into(),
            ty: ty.into(),
        };
        let fields = vec![
            field("label", "label(10)"),
            field("image", "image[1, 28, 32]"),
        ];
        assert_eq!(picture(&fields), Some(("image", 1, Some(28))));
        let folder = vec![field("photo", "image[3, ?, ?]")];
        assert_eq!(picture(&folder), Some(("photo", 3, None)));
        assert_eq!(
            picture(&[field("photo", "image")]),
            Some(("photo", 3, None))
        );
        assert_eq!(picture(&fields[..1]), None);
    }
}

//! Attributes of operations: everything about a call but its operands.

use std::collections::BTreeMap;
use std::fmt;

use super::OpSpec;
use crate::catalog::{Problem, Result};
use crate::graph::{Graph, Shape, Size, Var};
use crate::language::codes::Code;

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attr {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// A size, which may depend on the batch.
    Size(Size),
    /// Sizes of a tensor.
    Sizes(Vec<Size>),
    /// A word or a name.
    Text(String),
    /// On or off.
    Switch(bool),
}

/// The type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttrType {
    /// A whole number.
    Int,
    /// A number; a whole one will do.
    Float,
    /// Whole numbers; a single one will do.
    Ints,
    /// A size; a whole number from 0 on will do.
    Size,
    /// Sizes; whole numbers will do.
    Sizes,
    /// A name.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// On or off.
    Switch,
}

/// What an attribute is where it is not given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preset {
    /// It must be given.
    Required,
    /// It may be left out; the doc says what that means.
    Absent,
    /// This number.
    Int(i64),
    /// This number.
    Float(f64),
    /// This word.
    Text(&'static str),
    /// This switch.
    Switch(bool),
}

impl Preset {
    /// As a script would write it; `None` where there is no value.
    pub fn text(self) -> Option<String> {
        match self {
            Preset::Required | Preset::Absent => None,
            Preset::Int(n) => Some(n.to_string()),
            Preset::Float(x) => Some(x.to_string()),
            Preset::Text(text) => Some(format!("\"{text}\"")),
            Preset::Switch(on) => Some(on.to_string()),
        }
    }
}

/// How an attribute is declared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttrSpec {
    /// `dim`
    pub name: &'static str,
    /// What it takes.
    pub ty: AttrType,
    /// What it is where it is not given.
    pub preset: Preset,
    /// One sentence.
    pub doc: &'static str,
}

/// An attribute.
pub(super) const fn attr(
    name: &'static str,
    ty: AttrType,
    preset: Preset,
    doc: &'static str,
) -> AttrSpec {
    AttrSpec {
        name,
        ty,
        preset,
        doc,
    }
}

/// Attributes of one call, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attrs {
    of: &'static str,
    values: BTreeMap<String, Attr>,
}

impl Attrs {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more.
    pub fn with(mut self, name: &str, value: impl Into<Attr>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets one; the later one of a name stays.
    pub fn set(&mut self, name: &str, value: impl Into<Attr>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// Those given, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attr)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// Names and types checked, values converted, defaults filled in.
    pub(super) fn resolved(&self, op: &OpSpec) -> Result<Self> {
        let mut values = BTreeMap::new();
        for (name, value) in &self.values {
            let Some(spec) = op.attr(name) else {
                return Err(unknown(op, name));
            };
            let value = convert(spec.ty, value).ok_or_else(|| mistyped(op, spec, value))?;
            values.insert(name.clone(), value);
        }
        for spec in op.attrs {
            if values.contains_key(spec.name) {
                continue;
            }
            let value = match spec.preset {
                Preset::Absent => continue,
                Preset::Required => {
                    return Err(Problem::new(
                        Code::MissingField,
                        format!("{} lacks its attribute `{}`", op.name, spec.name),
                    )
                    .note(format!("`{}`: {}", spec.name, spec.doc)));
                }
                Preset::Int(n) => Attr::Int(n),
                Preset::Float(x) => Attr::Float(x),
                Preset::Text(text) => Attr::Text(text.to_owned()),
                Preset::Switch(on) => Attr::Switch(on),
            };
            let value = convert(spec.ty, &value).unwrap_or(value);
            values.insert(spec.name.to_owned(), value);
        }
        Ok(Self {
            of: op.name,
            values,
        })
    }

    /// A number.
    pub fn float(&self, name: &str) -> Result<f64> {
        match self.values.get(name) {
            Some(Attr::Float(x)) => Ok(*x),
            _ => Err(self.lacks(name)),
        }
    }

    /// A number that may be left out.
    pub fn maybe_float(&self, name: &str) -> Option<f64> {
        self.float(name).ok()
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<i64> {
        match self.values.get(name) {
            Some(Attr::Int(n)) => Ok(*n),
            _ => Err(self.lacks(name)),
        }
    }

    /// A whole number that may be left out.
    pub fn maybe_int(&self, name: &str) -> Option<i64> {
        self.int(name).ok()
    }

    /// A count: a whole number from 0 on.
    pub fn count(&self, name: &str) -> Result<usize> {
        let n = self.int(name)?;
        usize::try_from(n)
            .ok()
            .filter(|n| *n <= i32::MAX as usize)
            .ok_or_else(|| self.out_of_range(name, n))
    }

    /// A count that may be left out.
    pub fn maybe_count(&self, name: &str) -> Result<Option<usize>> {
        match self.values.contains_key(name) {
            true => self.count(name).map(Some),
            false => Ok(None),
        }
    }

    /// Whole numbers.
    pub fn ints(&self, name: &str) -> Result<&[i64]> {
        match self.values.get(name) {
            Some(Attr::Ints(list)) => Ok(list),
            _ => Err(self.lacks(name)),
        }
    }

    /// A size.
    pub fn size(&self, name: &str) -> Result<Size> {
        match self.values.get(name) {
            Some(Attr::Size(size)) => Ok(size.clone()),
            _ => Err(self.lacks(name)),
        }
    }

    /// A size that may be left out.
    pub fn maybe_size(&self, name: &str) -> Option<Size> {
        self.size(name).ok()
    }

    /// Sizes.
    pub fn sizes(&self, name: &str) -> Result<Shape> {
        match self.values.get(name) {
            Some(Attr::Sizes(sizes)) => Ok(sizes.clone()),
            _ => Err(self.lacks(name)),
        }
    }

    /// A word or a name.
    pub fn text(&self, name: &str) -> Result<&str> {
        match self.values.get(name) {
            Some(Attr::Text(text)) => Ok(text),
            _ => Err(self.lacks(name)),
        }
    }

    /// On or off.
    pub fn switch(&self, name: &str) -> Result<bool> {
        match self.values.get(name) {
            Some(Attr::Switch(on)) => Ok(*on),
            _ => Err(self.lacks(name)),
        }
    }

    /// A dimension of `x`; a negative one counts from the end.
    pub fn dim(&self, g: &Graph, x: Var, name: &str) -> Result<usize> {
        g.dim(self.of, x, self.int(name)?)
    }

    /// Dimensions of `x`; all of them where the attribute is left out.
    pub fn dims(&self, g: &Graph, x: Var, name: &str) -> Result<Vec<usize>> {
        match self.values.get(name) {
            None => Ok((0..g.shape(x).len()).collect()),
            Some(_) => self
                .ints(name)?
                .iter()
                .map(|dim| g.dim(self.of, x, *dim))
                .collect(),
        }
    }

    fn lacks(&self, name: &str) -> Problem {
        Problem::new(
            Code::MissingField,
            format!("{} lacks its attribute `{name}`", self.of),
        )
    }

    fn out_of_range(&self, name: &str, n: i64) -> Problem {
        Problem::new(
            Code::OutOfRange,
            format!("{}: `{name}` can't be {n}", self.of),
        )
    }
}

/// A value as the type wants it.
fn convert(ty: AttrType, value: &Attr) -> Option<Attr> {
    let whole = |n: i64| usize::try_from(n).ok().map(Size::fixed);
    Some(match (ty, value) {
        (AttrType::Int, Attr::Int(_))
        | (AttrType::Float, Attr::Float(_))
        | (AttrType::Ints, Attr::Ints(_))
        | (AttrType::Size, Attr::Size(_))
        | (AttrType::Sizes, Attr::Sizes(_))
        | (AttrType::Text, Attr::Text(_))
        | (AttrType::Switch, Attr::Switch(_)) => value.clone(),
        (AttrType::Word(words), Attr::Text(word)) if words.contains(&word.as_str()) => {
            value.clone()
        }
        (AttrType::Int, Attr::Size(size)) => Attr::Int(size.known()? as i64),
        (AttrType::Float, Attr::Int(n)) => Attr::Float(*n as f64),
        (AttrType::Ints, Attr::Int(n)) => Attr::Ints(vec![*n]),
        (AttrType::Size, Attr::Int(n)) => Attr::Size(whole(*n)?),
        (AttrType::Sizes, Attr::Ints(list)) => {
            Attr::Sizes(list.iter().map(|n| whole(*n)).collect::<Option<_>>()?)
        }
        (AttrType::Sizes, Attr::Int(n)) => Attr::Sizes(vec![whole(*n)?]),
        (AttrType::Sizes, Attr::Size(size)) => Attr::Sizes(vec![size.clone()]),
        _ => return None,
    })
}

fn unknown(op: &OpSpec, name: &str) -> Problem {
    let problem = Problem::new(
        Code::UnknownField,
        format!("{} has no attribute `{name}`", op.name),
    );
    if op.attrs.is_empty() {
        return problem.note("it takes operands only");
    }
    let names: Vec<String> = op.attrs.iter().map(|a| format!("`{}`", a.name)).collect();
    problem.note(format!("its attributes are {}", names.join(", ")))
}

fn mistyped(op: &OpSpec, spec: &AttrSpec, value: &Attr) -> Problem {
    if let (AttrType::Word(_), Attr::Text(word)) = (spec.ty, value) {
        return Problem::new(
            Code::UnknownWord,
            format!("{}: `{}` can't be `{word}`", op.name, spec.name),
        )
        .note(format!("it is {}", spec.ty));
    }
    Problem::new(
        Code::Mistyped,
        format!(
            "{}: `{}` takes {}, not {value}",
            op.name, spec.name, spec.ty
        ),
    )
}

impl fmt::Display for AttrType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AttrType::Int => "a whole number",
            AttrType::Float => "a number",
            AttrType::Ints => "a list of whole numbers",
            AttrType::Size => "a size",
            AttrType::Sizes => "a list of sizes",
            AttrType::Text => "a name",
            AttrType::Word(words) => return write!(f, "one of {}", words.join(", ")),
            AttrType::Switch => "true or false",
        })
    }
}

impl fmt::Display for Attr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attr::Int(n) => write!(f, "{n}"),
            Attr::Float(x) => write!(f, "{x}"),
            Attr::Ints(list) => write!(f, "{list:?}"),
            Attr::Size(size) => write!(f, "{size}"),
            Attr::Sizes(sizes) => f.write_str(&crate::graph::show(sizes)),
            Attr::Text(text) => write!(f, "\"{text}\""),
            Attr::Switch(on) => write!(f, "{on}"),
        }
    }
}

macro_rules! into_attr {
    ($($from:ty => $variant:ident;)*) => {
        $(impl From<$from> for Attr {
            fn from(value: $from) -> Self {
                Attr::$variant(value.into())
            }
        })*
    };
}

into_attr! {
    i64 => Int;
    i32 => Int;
    f64 => Float;
    Vec<i64> => Ints;
    Size => Size;
    Vec<Size> => Sizes;
    &str => Text;
    String => Text;
    bool => Switch;
}

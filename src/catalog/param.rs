//! Parameters of catalog entries: names, types, defaults, ranges.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::Kind;

/// The type of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// A number; a whole one will do.
    Number,
    /// A whole number.
    Integer,
    /// `80%`
    Ratio,
    /// `32px`
    Length,
    /// `10 epochs` or `500 steps`
    Duration,
    /// `0.2..1.0`
    Range,
    /// `"text"`
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `[a, b]` of this type.
    List(Box<Type>),
    /// An encoder: a name, a call, or layers.
    Encoder,
    /// A pipeline of layers.
    Head,
    /// A data set or a split of one.
    Data,
    /// The name of an `augment`.
    Augment,
    /// The name of a stage.
    Stage,
    /// The name of a place in an encoder (`conv1`).
    Place,
    /// The name of a value that is read while a stage trains: `valid.knn`.
    Watched,
    /// The name of a field of records.
    Field,
    /// The name of a `fit` that learns this kind of thing: `vocabulary`.
    Fit(&'static str),
    /// A call of an entry of this kind.
    Call(Kind),
    /// Any of these, tried in order.
    OneOf(Vec<Type>),
}

impl Type {
    /// What an encoder begins with: a stage or a part of one, or the path of a file of weights.
    pub fn begins() -> Self {
        Type::OneOf(vec![Type::Stage, Type::Text])
    }

    /// A choice whose words are read from a script or a plugin. They are kept for the life of the process, each once.
    pub fn choice(words: Vec<String>) -> Self {
        static KEPT: Mutex<BTreeMap<Vec<String>, &'static [&'static str]>> =
            Mutex::new(BTreeMap::new());
        let mut kept = KEPT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(found) = kept.get(&words) {
            return Type::Choice(found);
        }
        let leaked: Vec<&'static str> = words
            .iter()
            .map(|word| &*Box::leak(word.clone().into_boxed_str()))
            .collect();
        let leaked: &'static [&'static str] = Box::leak(leaked.into_boxed_slice());
        kept.insert(words, leaked);
        Type::Choice(leaked)
    }
}

/// A parameter's default, as the text a recipe would have; `Text` so that `pretext doc` prints it as it is and
/// the checker parses it like anything else.
#[derive(Clone, Debug, PartialEq)]
pub enum Preset {
    /// Must be given.
    Required,
    /// May be absent.
    Optional,
    /// `.ssl` text of the default.
    Text(String),
}

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Its default.
    pub preset: Preset,
    /// Smallest and largest allowed value (of numbers, ratios as fractions, lengths in pixels, both ends of ranges,
    /// durations in their own unit), both inclusive.
    pub range: Option<(f64, f64)>,
    /// One sentence: what it means and its unit.
    pub doc: String,
}

impl Param {
    /// A required parameter.
    pub fn required(name: &str, ty: Type, doc: &str) -> Self {
        Self {
            name: name.into(),
            ty,
            preset: Preset::Required,
            range: None,
            doc: doc.into(),
        }
    }

    /// A parameter that may be absent.
    pub fn optional(name: &str, ty: Type, doc: &str) -> Self {
        Self {
            preset: Preset::Optional,
            ..Self::required(name, ty, doc)
        }
    }

    /// A parameter with a default, written as a recipe would.
    pub fn with_default(name: &str, ty: Type, default: &str, doc: &str) -> Self {
        Self {
            preset: Preset::Text(default.into()),
            ..Self::required(name, ty, doc)
        }
    }

    /// `on` or `off`.
    pub fn switch(name: &str, default: &str, doc: &str) -> Self {
        Self::with_default(name, Type::Choice(&["on", "off"]), default, doc)
    }

    /// Limits its value, both ends included.
    pub fn within(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }
}

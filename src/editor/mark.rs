//! What each word of a text is.

use std::ops::Range;

use super::outline::Noun;
use super::want::Want;
use crate::catalog::{Param, SharedSpec};

/// A word or value with what it is.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Where.
    pub at: Range<usize>,
    /// What.
    pub what: What,
}

/// What a word or value is.
#[derive(Clone, Debug)]
pub enum What {
    /// A word of the language.
    Keyword,
    /// The name of an item where it is defined.
    Defines(Noun, String),
    /// The name of an item; `views.pair` is one.
    Item(String),
    /// Behind an item's name: a split, a part of a stage.
    Part(String, String),
    /// A name inside of an augment.
    Local(Local),
    /// The name of a field of a batch, where an augment says it.
    Emits,
    /// A place of a network.
    Place {
        /// Whether it gets its name here: `as conv1`.
        defines: bool,
        /// Its name.
        name: String,
    },
    /// What is called.
    Entry(SharedSpec),
    /// The name of a field or an argument.
    Param(Box<Told>),
    /// One of the words that a parameter takes.
    Word(Box<Told>),
    /// A number, a string.
    Value(Box<Told>),
    /// A unit.
    Unit,
    /// The path of another recipe or a script.
    File,
    /// Nobody knows.
    Unknown,
}

/// A name inside of an augment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Which augment: where it begins.
    pub augment: usize,
    /// The name.
    pub name: String,
    /// A field of the record: `augment pair(image)`.
    pub is_field: bool,
    /// Whether it is bound here.
    pub defines: bool,
    /// What the field of the batch is called by: a change of it would change the batch.
    pub emits: bool,
}

/// A parameter where something is given for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The parameter.
    pub param: Param,
    /// Whose it is, in words: `task rotation`.
    pub of: String,
    /// Its path in the recipe: `rotations.optimizer.rate`; empty where it has none.
    pub path: String,
}

/// What may stand at the place that is asked about.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// An item begins.
    Item,
    /// The name of something that is defined.
    Name,
    /// A field of a block.
    Field {
        /// Those that it may be.
        fields: Vec<Param>,
        /// Whose they are.
        of: String,
    },
    /// A value.
    Value {
        /// What may stand there.
        want: Want,
        /// Behind `|>`.
        piped: bool,
    },
    /// An argument of a call: one of its names, or a value for the next of them.
    Argument {
        /// Names that are not given yet.
        fields: Vec<Param>,
        /// Whose they are.
        of: String,
        /// What the next without a name may be.
        want: Want,
        /// Whether a value flows in: `|>` came before the call. Of a stage's, none.
        next: Option<String>,
    },
    /// Behind the point of a name.
    Part(String, Want),
    /// Behind a number.
    Unit(Want),
    /// A line of an augment.
    Line,
    /// The name of a field of the batch: behind `bind { views =`.
    Bound,
    /// Behind `override`: a path of fields, as far as it is written.
    Path(Vec<String>),
}

//! Values of a checked recipe: typed, resolved, with their provenance.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Problem, Result};
use super::{Artifact, Spec};
use crate::data::SampleType;
use crate::graph::ScalarFn;
use crate::language::Span;
use crate::language::codes::Code;
use crate::plan::Decay;

/// A span of training time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Duration {
    /// Passes over the training data.
    Epochs(f64),
    /// Optimiser steps.
    Steps(u64),
}

/// A split of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Split {
    /// Trained on.
    Train,
    /// Chosen with.
    Valid,
    /// Judged by, never chosen with.
    Test,
}

impl Split {
    /// The word a recipe uses.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Valid => "valid",
            Split::Test => "test",
        }
    }

    /// The split of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Split::Train, Split::Valid, Split::Test]
            .into_iter()
            .find(|split| split.name() == name)
    }
}

/// Where a value was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written in the recipe.
    Written,
    /// Written in the recipe for all stages of a kind: `pretext { … }`.
    File,
    /// The catalog's default.
    Default,
    /// Given on the command line with `--set`.
    Set,
    /// One of the values that a `sweep` of the recipe lists.
    Sweep,
}

/// One argument or field with its value.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The value.
    pub value: Value,
    /// Where it stands; for a default, where the call stands.
    pub span: Span,
    /// Who decided it.
    pub origin: Origin,
}

/// All parameters of a call, defaults filled in. Optional parameters without a value are absent.
///
/// The getters are for catalog entries, which only run after the checker has matched the arguments against
/// their [`Spec`]: asking for a parameter that the `Spec` does not have, or as another type, is a mistake in
/// the entry and panics with the names of both.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// The catalog name of what is called; for messages.
    pub of: String,
    /// By parameter name.
    pub values: BTreeMap<String, Argument>,
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident, $maybe:ident: $ty:ty = $pattern:pat => $result:expr;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(&self, name: &str) -> $ty {
                self.$maybe(name).unwrap_or_else(|| panic!("`{}` has no parameter `{name}` with a value", self.of))
            }
            /// The same for an optional parameter.
            pub fn $maybe(&self, name: &str) -> Option<$ty> {
                match &self.values.get(name)?.value {
                    $pattern => Some($result),
                    other => panic!("parameter `{name}` of `{}` is {}", self.of, other.kind()),
                }
            }
        )*
    };
}

impl Args {
    getters! {
        /// A whole number that is not negative.
        size, maybe_size: usize = Value::Integer(n) => *n as usize;
        /// A whole number.
        integer, maybe_integer: i64 = Value::Integer(n) => *n;
        /// A ratio as a fraction: `80%` is 0.8.
        ratio, maybe_ratio: f64 = Value::Ratio(r) => *r;
        /// A length in pixels.
        length, maybe_length: usize = Value::Length(n) => *n as usize;
        /// A duration.
        duration, maybe_duration: Duration = Value::Duration(d) => *d;
        /// The ends of a range.
        range, maybe_range: (f64, f64) = Value::Range(a, b) => (*a, *b);
        /// A string.
        text, maybe_text: &str = Value::Text(text) => text.as_str();
        /// A choice.
        word, maybe_word: &str = Value::Word(word) => word.as_str();
        /// A list.
        list, maybe_list: &[Value] = Value::List(values) => values.as_slice();
        /// An encoder or a head.
        net, maybe_net: &Net = Value::Net(net) => net;
        /// A call of an optimiser, a schedule, an evaluator.
        call, maybe_call: &Call = Value::Call(call) => call;
        /// A data set or a part of one.
        data, maybe_data: &Data = Value::Data(data) => data;
        /// What a `fit` learns.
        artifact, maybe_artifact: &Artifact = Value::Fit(artifact) => artifact;
    }

    /// A number, also when it is written as a whole one.
    pub fn number(&self, name: &str) -> f64 {
        self.maybe_number(name)
            .unwrap_or_else(|| panic!("`{}` has no parameter `{name}` with a value", self.of))
    }

    /// The same for an optional parameter.
    pub fn maybe_number(&self, name: &str) -> Option<f64> {
        match &self.values.get(name)?.value {
            Value::Number(x) => Some(*x),
            Value::Integer(n) => Some(*n as f64),
            other => panic!("parameter `{name}` of `{}` is {}", self.of, other.kind()),
        }
    }

    /// The function of the step, where a script gives a parameter's number; `None` where it is a plain one.
    ///
    /// # Errors
    /// The script fails, or what is called is not a script's.
    pub fn script(&self, name: &str) -> Result<Option<ScalarFn>> {
        let Some(Value::Call(call)) = self.values.get(name).map(|argument| &argument.value) else {
            return Ok(None);
        };
        let schedule = call.spec.schedule(&call.args).transpose()?;
        if let Some(Decay::Script(function)) = schedule.map(|schedule| schedule.decay) {
            return Ok(Some(function));
        }
        let called = &call.spec.name;
        Err(Problem::argument(
            Code::Mistyped,
            name,
            format!("`{name}` is a number, or what a script gives; `{called}` is a factor on the learning rate"),
        )
        .help("write `script(\"warm.rhai\")`, with `fn factor(step, total, epoch) { … }` in it"))
    }

    /// A switch: `on` or `off`.
    pub fn switch(&self, name: &str) -> bool {
        self.word(name) == "on"
    }

    /// Where the parameter was decided.
    pub fn span(&self, name: &str) -> Option<Span> {
        self.values.get(name).map(|argument| argument.span)
    }
}

/// A checked value.
#[derive(Clone, Debug)]
pub enum Value {
    /// `1e-3`, `0.5`
    Number(f64),
    /// `128`
    Integer(i64),
    /// `80%`, as a fraction
    Ratio(f64),
    /// `32px`
    Length(f64),
    /// `10 epochs`, `500 steps`
    Duration(Duration),
    /// `0.2..1.0`
    Range(f64, f64),
    /// `"text"`
    Text(String),
    /// One of the words that the parameter lists.
    Word(String),
    /// `[a, b]`
    List(Vec<Value>),
    /// An encoder or a pipeline of layers.
    Net(Net),
    /// A data set, one of its splits, a pipeline of them.
    Data(Data),
    /// A call of something that is neither layer nor data: `adamw(1e-3)`, `cosine(warmup = 1 epoch)`.
    Call(Call),
    /// An `augment` of the recipe, by name.
    Augment(String),
    /// A stage of the recipe, by name.
    Stage(String),
    /// Names of places in an encoder.
    Place(String),
    /// What a `fit` of the recipe learns, by name.
    Fit(Artifact),
}

impl Value {
    /// What it is, with its article, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Number(_) => "a number",
            Value::Integer(_) => "a whole number",
            Value::Ratio(_) => "a ratio",
            Value::Length(_) => "a length",
            Value::Duration(_) => "a duration",
            Value::Range(..) => "a range",
            Value::Text(_) => "a string",
            Value::Word(_) => "a word",
            Value::List(_) => "a list",
            Value::Net(_) => "an encoder or a pipeline of layers",
            Value::Data(_) => "a data set",
            Value::Call(_) => "a call",
            Value::Augment(_) => "an augment",
            Value::Stage(_) => "a stage",
            Value::Place(_) => "a place in an encoder",
            Value::Fit(_) => "what a fit learns",
        }
    }
}

/// A call of a catalog entry with all its arguments.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called.
    pub spec: Arc<Spec>,
    /// With what.
    pub args: Args,
    /// The whole call in the text.
    pub span: Span,
    /// Its name in the text.
    pub name_span: Span,
}

/// An encoder or a head: layers (or one named encoder) from left to right.
#[derive(Clone, Debug)]
pub struct Net {
    /// The recipe's name for it, where it has one.
    pub name: Option<String>,
    /// In order.
    pub steps: Vec<NetStep>,
    /// Where it is written.
    pub span: Span,
}

impl Net {
    /// What flows into it: what its first step says that it takes, and a picture where that says nothing.
    pub fn takes(&self) -> SampleType {
        let first = self.steps.first();
        let takes = first.and_then(|step| step.call.spec.takes.clone());
        takes.unwrap_or(SampleType::IMAGE)
    }
}

/// One layer of a [`Net`].
#[derive(Clone, Debug)]
pub struct NetStep {
    /// The layer.
    pub call: Call,
    /// `as conv1`: the name probes read it by.
    pub place: Option<String>,
}

/// Where records come from.
#[derive(Clone, Debug)]
pub enum DataSource {
    /// A call of a data set: all its splits.
    Call(Call),
    /// A `dataset` of the recipe; `None`: all its splits.
    Named {
        /// Its name.
        dataset: String,
        /// `.train`, `.valid`, `.test`
        split: Option<Split>,
    },
    /// `{ labelled = few, unlabelled = all }`: a record of each, by name.
    Beside(Vec<(String, Data)>),
}

/// A data set with its pipes.
#[derive(Clone, Debug)]
pub struct Data {
    /// What flows in.
    pub source: DataSource,
    /// `take`, `hold_out`, … in order.
    pub pipes: Vec<Call>,
    /// Where it is written.
    pub span: Span,
}

impl Data {
    /// The calls it is made of: the data set's where it is one, then the pipes.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let source = match &self.source {
            DataSource::Call(call) => Some(call),
            DataSource::Named { .. } | DataSource::Beside(_) => None,
        };
        source.into_iter().chain(&self.pipes)
    }

    /// Data that its calls are given, `concat(a, b)`, or that stands in it side by side.
    pub fn given(&self) -> impl Iterator<Item = &Data> {
        let arguments = self.calls().flat_map(|call| call.args.values.values());
        let given = arguments.filter_map(|argument| match &argument.value {
            Value::Data(data) => Some(data),
            _ => None,
        });
        let beside = match &self.source {
            DataSource::Beside(parts) => parts.as_slice(),
            _ => &[],
        };
        given.chain(beside.iter().map(|(_, data)| data))
    }

    /// Names of the recipe's data sets that it is made of, not of what those are made of.
    pub fn named(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut waiting = vec![self];
        while let Some(data) = waiting.pop() {
            if let DataSource::Named { dataset, .. } = &data.source {
                names.push(dataset.as_str());
            }
            waiting.extend(data.given());
        }
        names
    }
}

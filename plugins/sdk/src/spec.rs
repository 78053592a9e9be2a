//! What a plugin says about its tasks and transforms.

use std::fmt;

use crate::args::{Args, Fields};
use crate::graph::Graph;
use crate::problem::Result;
use crate::sample::Transform;

/// The type of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// `on` or `off`.
    Switch,
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
    /// The name of a place in an encoder.
    Place,
    /// A call of an optimiser.
    Optimizer,
    /// A call of a schedule.
    Schedule,
    /// A call of an evaluator.
    Evaluator,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Number => "number",
            Type::Integer => "integer",
            Type::Ratio => "ratio",
            Type::Length => "length",
            Type::Duration => "duration",
            Type::Range => "range",
            Type::Text => "text",
            Type::Switch => "switch",
            Type::Choice(_) => "choice",
            Type::List(element) => return write!(f, "list({element})"),
            Type::Encoder => "encoder",
            Type::Head => "head",
            Type::Data => "data",
            Type::Place => "place",
            Type::Optimizer => "optimizer",
            Type::Schedule => "schedule",
            Type::Evaluator => "evaluator",
        })
    }
}

impl Type {
    pub(crate) fn choices(&self) -> String {
        match self {
            Type::Choice(words) => words.join(" "),
            Type::List(element) => element.choices(),
            _ => String::new(),
        }
    }
}

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) preset: String,
    pub(crate) optional: bool,
    pub(crate) range: Option<(f64, f64)>,
    pub(crate) doc: String,
}

impl Param {
    /// A required parameter. `doc`: one sentence, what it means and its unit.
    pub fn required(name: &str, ty: Type, doc: &str) -> Self {
        Self {
            name: name.into(),
            ty,
            preset: String::new(),
            optional: false,
            range: None,
            doc: doc.into(),
        }
    }

    /// A parameter that may be absent.
    pub fn optional(name: &str, ty: Type, doc: &str) -> Self {
        Self {
            optional: true,
            ..Self::required(name, ty, doc)
        }
    }

    /// A parameter with a default, written as a recipe would: `"0.5"`, `"10 epochs"`, `"linear(4)"`.
    pub fn with_default(name: &str, ty: Type, default: &str, doc: &str) -> Self {
        Self {
            preset: default.into(),
            ..Self::required(name, ty, doc)
        }
    }

    /// `on` or `off`.
    pub fn switch(name: &str, default: &str, doc: &str) -> Self {
        Self::with_default(name, Type::Switch, default, doc)
    }

    /// Limits its value, both ends included.
    pub fn within(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }
}

/// The type of a field of the batch, or of what flows through an augment, as a recipe's messages print it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleType(pub(crate) std::borrow::Cow<'static, str>);

impl SampleType {
    /// An image of which nothing else is known.
    pub const IMAGE: SampleType = SampleType(std::borrow::Cow::Borrowed("image"));

    /// `image[c, h, w]`
    pub fn image(channels: usize, height: usize, width: usize) -> Self {
        Self(format!("image[{channels}, {height}, {width}]").into())
    }

    /// `label(n)`
    pub fn label(classes: usize) -> Self {
        Self(format!("label({classes})").into())
    }

    /// Words.
    pub fn text() -> Self {
        Self("text".into())
    }

    /// `mask[h, w]`: a picture of one channel.
    pub fn mask(height: usize, width: usize) -> Self {
        Self(format!("mask[{height}, {width}]").into())
    }

    /// A text in at most `length` pieces; of any length. The vocabulary is that of what flows in.
    pub fn tokens(length: Option<usize>) -> Self {
        Self(match length {
            Some(length) => format!("tokens[{length}]").into(),
            None => "tokens".into(),
        })
    }

    /// `clip[t, c, h, w]`: pictures of one size in the order of time.
    pub fn clip(frames: usize, channels: usize, height: usize, width: usize) -> Self {
        Self(format!("clip[{frames}, {channels}, {height}, {width}]").into())
    }

    /// `boxes[n, 4]`: rectangles in a picture.
    pub fn boxes(count: usize) -> Self {
        Self(format!("boxes[{count}, 4]").into())
    }

    /// The type's word: `image`, `mask`, `label`, `text`, `tokens`, `clip`, `boxes`; `list` for several of one.
    pub fn kind(&self) -> &str {
        match self.0.contains('*') {
            true => "list",
            false => self.0.split(['[', '(', ' ']).next().unwrap_or_default(),
        }
    }

    /// Most pieces of a text and the size of its vocabulary, where they are known; `None` where it is no text in pieces.
    pub fn tokens_of(&self) -> Option<[Option<usize>; 2]> {
        if self.kind() != "tokens" {
            return None;
        }
        let (text, vocabulary) = match self.0.split_once(" of ") {
            Some((text, vocabulary)) => (text, vocabulary.trim().parse().ok()),
            None => (&*self.0, None),
        };
        let length = text.strip_prefix("tokens[");
        let length = length.and_then(|text| text.strip_suffix(']')?.parse().ok());
        Some([length, vocabulary])
    }

    /// Frames, channels, height and width of a clip where they are known; `None` where it is none.
    pub fn clip_sizes(&self) -> Option<[Option<usize>; 4]> {
        if self.kind() != "clip" {
            return None;
        }
        let mut sizes = [None; 4];
        let inside = self.0.strip_prefix("clip[");
        let inside = inside.and_then(|text| text.strip_suffix(']'));
        for (size, text) in sizes.iter_mut().zip(inside.unwrap_or_default().split(',')) {
            *size = text.trim().parse().ok();
        }
        Some(sizes)
    }

    /// A list of `count` elements; of any number.
    pub fn list(element: SampleType, count: Option<usize>) -> Self {
        Self(match count {
            Some(count) => format!("{element} * {count}").into(),
            None => format!("list({element})").into(),
        })
    }

    /// Channels, height and width of an image where they are known; `None` where it is none.
    pub fn sizes(&self) -> Option<[Option<usize>; 3]> {
        let rest = self.0.strip_prefix("image")?;
        if rest.is_empty() {
            return Some([None; 3]);
        }
        let inside = rest.strip_prefix('[')?.strip_suffix(']')?;
        let mut sizes = inside.split(',').map(|size| size.trim().parse().ok());
        Some([sizes.next()?, sizes.next()?, sizes.next()?])
    }
}

impl fmt::Display for SampleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) struct Input {
    pub name: String,
    pub ty: String,
    pub doc: String,
    pub at_least: usize,
    pub or_list: bool,
}

/// What tasks and transforms have in common.
pub struct Entry<F> {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) doc: String,
    pub(crate) paper: [String; 3],
    pub(crate) example: String,
    pub(crate) semantics: u64,
    pub(crate) params: Vec<Param>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) parts: Vec<(String, String)>,
    pub(crate) least_minor: u32,
    pub(crate) functions: F,
}

impl<F> Entry<F> {
    fn of(name: &str, summary: &str, functions: F) -> Self {
        Self {
            name: name.into(),
            summary: summary.into(),
            doc: String::new(),
            paper: Default::default(),
            example: format!("{name}()"),
            semantics: 1,
            params: Vec::new(),
            inputs: Vec::new(),
            parts: Vec::new(),
            least_minor: crate::abi::LEAST_MINOR,
            functions,
        }
    }

    /// Adds a parameter; positional arguments fill them in this order.
    pub fn param(mut self, param: Param) -> Self {
        self.params.push(param);
        self
    }

    /// Sets the paper: first author and year, title, `arXiv:…` or a DOI.
    pub fn paper(mut self, cite: &str, title: &str, link: &str) -> Self {
        self.paper = [cite, title, link].map(str::to_owned);
        self
    }

    /// Sets the long text.
    pub fn doc(mut self, doc: &str) -> Self {
        self.doc = doc.into();
        self
    }

    /// Sets the example: a whole recipe for a task, a call for a transform.
    pub fn example(mut self, example: &str) -> Self {
        self.example = example.into();
        self
    }

    /// Raised whenever results change for the same recipe.
    pub fn semantics(mut self, semantics: u64) -> Self {
        self.semantics = semantics;
        self
    }
}

/// Builds a task's training graph.
pub type Build = fn(&mut Graph, &Args) -> Result<()>;
/// The default `augment` block's body for a data set's fields; `None` where there is no sensible one.
pub type Augment = fn(&Args, &Fields) -> Option<String>;

/// A task's functions.
pub struct TaskFunctions {
    pub(crate) build: Build,
    pub(crate) augment: Augment,
}

/// A pretext task.
pub type Task = Entry<TaskFunctions>;

impl Task {
    /// A task with no parameters, paper or inputs yet.
    pub fn new(name: &str, summary: &str, build: Build) -> Self {
        let augment: Augment = |_, _| None;
        Self::of(name, summary, TaskFunctions { build, augment })
    }

    /// Sets its default `augment`.
    pub fn augment(mut self, augment: Augment) -> Self {
        self.functions.augment = augment;
        self
    }

    fn add(mut self, name: &str, ty: SampleType, doc: &str, at_least: usize, list: bool) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            ty: ty.to_string(),
            doc: doc.into(),
            at_least,
            or_list: list,
        });
        self
    }

    /// Adds a part that later stages may start from (`from = STAGE.NAME`), with one sentence: each that [`Graph::part`] names, in
    /// that order. The first is what `from = STAGE` means.
    pub fn part(mut self, name: &str, doc: &str) -> Self {
        self.parts.push((name.into(), doc.into()));
        self
    }

    /// Says that its `build` calls [`Graph::exhibit`]: hosts from ABI 1.2 on load the plugin then.
    pub fn exhibits(mut self) -> Self {
        self.least_minor = self.least_minor.max(2);
        self
    }

    /// Adds a batch input.
    pub fn input(self, name: &str, ty: SampleType, doc: &str) -> Self {
        self.add(name, ty, doc, 1, false)
    }

    /// Adds a batch input that may also be a list: [`Graph::input_stacked`].
    pub fn input_or_list(self, name: &str, ty: SampleType, doc: &str) -> Self {
        self.add(name, ty, doc, 1, true)
    }

    /// Adds an input that is a list of at least `n`.
    pub fn input_list(self, name: &str, element: SampleType, n: usize, doc: &str) -> Self {
        self.add(name, SampleType::list(element, None), doc, n, false)
    }
}

/// From what flows in to what a transform emits, one entry per output.
pub type Types = fn(&Args, &SampleType) -> Result<Vec<SampleType>>;
/// Makes a transform for a checked input type.
pub type Make = fn(&Args, &SampleType) -> Result<Box<dyn Transform>>;

/// A transform's functions.
pub struct TransformFunctions {
    pub(crate) types: Types,
    pub(crate) make: Make,
    pub(crate) whole_clips: bool,
}

/// A transform of one sample.
pub type TransformSpec = Entry<TransformFunctions>;

impl TransformSpec {
    /// A transform with no parameters or paper yet.
    pub fn new(name: &str, summary: &str, types: Types, make: Make) -> Self {
        let whole_clips = false;
        let functions = TransformFunctions {
            types,
            make,
            whole_clips,
        };
        Self::of(name, summary, functions)
    }

    /// Says that tokens or boxes flow into it, or that words, tokens, clips or boxes come of it: hosts from ABI 1.3 on load the plugin
    /// then, and only then are these given to it.
    pub fn every_type(mut self) -> Self {
        self.least_minor = self.least_minor.max(3);
        self
    }

    /// The same, and that a clip flows in whole; elsewhere a transform gets its frames one by one, each as a picture.
    pub fn whole_clips(mut self) -> Self {
        self.functions.whole_clips = true;
        self.every_type()
    }
}

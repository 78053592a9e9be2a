//! What a recipe's text says, before any name is resolved.

use super::Span;
use crate::catalog::{Kind, Origin};

/// A word with its place.
#[derive(Clone, Debug)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A parsed file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The doc comment on top, without slashes.
    pub doc: String,
    /// In order.
    pub items: Vec<Item>,
    /// Names of items whose head could not be parsed: using them is no second error.
    pub lost: Vec<Name>,
    /// Stages that start from several others, each with the names of those that were made of it.
    pub spread: Vec<(String, Vec<String>)>,
    /// `extends "simclr.ssl"`
    pub extends: Option<Name>,
    /// `override pretrain.batch = 1024`, in order.
    pub overrides: Vec<(Vec<Name>, Expr)>,
    /// `sweep grid { … }`, in order.
    pub sweeps: Vec<Sweep>,
    /// `use "common/views.ssl"`, in order.
    pub recipes: Vec<Name>,
    /// What stands before the names of used recipes, with the place of the `use`.
    pub spaces: Vec<Name>,
}

/// `sweep grid { pretrain.batch = [64, 128], run.seed = 1..3 }`
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Its name.
    pub name: Name,
    /// Paths with the values that each takes, in order; the last one changes first.
    pub axes: Vec<(Vec<Name>, Expr)>,
}

/// One item.
#[derive(Clone, Debug)]
pub enum Item {
    /// `dataset NAME = value`
    Dataset(Name, Expr),
    /// `encoder NAME = value`
    Encoder(Name, Expr),
    /// `layers NAME = value`
    Layers(Name, Expr),
    /// `augment NAME(…) { … }`
    Augment(Augment),
    /// `fit`, `pretext`, `evaluate`, `finetune`, `export`
    Stage(Stage),
    /// `pretext { … }`: what every stage of the kind has that does not say otherwise.
    Defaults(Defaults),
    /// `run { … }`
    Run(Block),
    /// `use script "…"`, `use plugin "…" version "…"`
    Use(Use),
}

/// `use script "tasks/vicreg.rhai"`, `use plugin "acme_jigsaw" version "0.3"`
#[derive(Clone, Debug)]
pub struct Use {
    /// Which door it comes in by.
    pub door: Door,
    /// The script's path or the plugin's name; the span is the string with its quotes.
    pub name: Name,
    /// What stands after `version`.
    pub version: Option<Name>,
    /// The whole item.
    pub span: Span,
}

/// The doors into the catalog beside what is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A rhai script.
    Script,
    /// A compiled plugin.
    Plugin,
}

impl Door {
    /// The word in the recipe.
    pub fn word(self) -> &'static str {
        match self {
            Door::Script => "script",
            Door::Plugin => "plugin",
        }
    }
}

/// Fields in braces.
#[derive(Clone, Debug)]
pub struct Block {
    /// In order.
    pub fields: Vec<Field>,
    /// `bind { … }`, where one is given.
    pub bind: Option<Box<Block>>,
    /// Whether something in it could not be parsed: then nothing is called missing.
    pub partial: bool,
    /// From brace to brace; of the keyword for `run`.
    pub span: Span,
}

/// `name = value`
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// `optimizer discriminator = …`: the objective it is for.
    pub of: Option<Name>,
    /// Its value.
    pub value: Expr,
}

/// `pretext NAME = call { fields }`
#[derive(Clone, Debug)]
pub struct Stage {
    /// What the keyword says.
    pub kind: Kind,
    /// Its name.
    pub name: Name,
    /// What it calls.
    pub value: Expr,
    /// Its fields.
    pub block: Block,
    /// From the keyword to the end.
    pub span: Span,
}

/// `pretext { fields }`
#[derive(Clone, Debug)]
pub struct Defaults {
    /// The keyword with its place.
    pub word: Name,
    /// What it says.
    pub kind: Kind,
    /// The fields.
    pub block: Block,
}

/// `augment NAME(parameters) { … }`
#[derive(Clone, Debug)]
pub struct Augment {
    /// Its name.
    pub name: Name,
    /// Fields of the record.
    pub parameters: Vec<Name>,
    /// In order.
    pub lines: Vec<Line>,
    /// Whether something in it could not be parsed.
    pub partial: bool,
}

/// One line of an `augment`.
#[derive(Clone, Debug)]
pub enum Line {
    /// `(a, b) = value`
    Binding {
        /// `a`, `b`
        names: Vec<Name>,
        /// What to.
        value: Expr,
        /// The whole line.
        span: Span,
    },
    /// One of the values after `emit`.
    Emit {
        /// `a =`
        name: Option<Name>,
        /// What.
        value: Expr,
    },
}

/// A value.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
    /// Who wrote it.
    pub origin: Origin,
}

/// A number with its unit.
#[derive(Clone, Debug)]
pub struct Quantity {
    /// Its value.
    pub value: f64,
    /// The same where it was written as a whole number.
    pub whole: Option<i64>,
    /// `%`, `px`, `epochs`
    pub unit: Option<Name>,
    /// As it was written, without the unit.
    pub text: String,
}

/// The shapes of a value.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `1e-3`, `32px`
    Quantity(Quantity),
    /// `0.2..1.0`
    Range(Quantity, Quantity),
    /// `"text"`
    Text(String),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `a`, `a.b`
    Path(Vec<Name>),
    /// `name(…)`
    Call(Call),
    /// `a |> b as c |> d`
    Pipe(Vec<Step>),
    /// `value * n`
    Repeat(Box<Expr>, Quantity),
    /// `(value)`
    Group(Box<Expr>),
    /// `(a, b)`
    Several(Vec<Expr>),
    /// `{ a = value, b = value }`
    Record(Vec<Field>),
    /// Could not be read; already reported.
    Lost,
}

/// One step of a pipeline.
#[derive(Clone, Debug)]
pub struct Step {
    /// The step.
    pub value: Expr,
    /// `as NAME`
    pub place: Option<Name>,
}

/// `name(arguments)`
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called.
    pub name: Name,
    /// In order.
    pub arguments: Vec<Argument>,
}

/// `value` or `name = value`
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name, where it has one.
    pub name: Option<Name>,
    /// Its value.
    pub value: Expr,
}

impl File {
    /// Whether nothing is defined in it, or brought in.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
            && self.extends.is_none()
            && self.recipes.is_empty()
            && self.sweeps.is_empty()
    }
}

impl Item {
    /// Its name; none for `run` and for what has none.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Item::Dataset(name, _) | Item::Encoder(name, _) | Item::Layers(name, _) => Some(name),
            Item::Augment(augment) => Some(&augment.name),
            Item::Stage(stage) => Some(&stage.name),
            Item::Defaults(_) | Item::Run(_) | Item::Use(_) => None,
        }
    }

    /// What it is, for messages.
    pub fn noun(&self) -> &'static str {
        match self {
            Item::Dataset(..) => "data set",
            Item::Encoder(..) => "encoder",
            Item::Layers(..) => "stack of layers",
            Item::Augment(_) => "augment",
            Item::Stage(stage) if stage.kind == Kind::Fit => "fit",
            Item::Stage(_) => "stage",
            Item::Defaults(_) => "block of defaults",
            Item::Run(_) => "run",
            Item::Use(_) => "use",
        }
    }
}

impl Expr {
    /// The name of what is called.
    pub fn name(&self) -> Option<&Name> {
        match &self.kind {
            ExprKind::Call(call) => Some(&call.name),
            _ => None,
        }
    }
}

impl ExprKind {
    /// What it is, with its article, for messages.
    pub fn noun(&self) -> &'static str {
        match self {
            ExprKind::Quantity(quantity) => quantity.noun(),
            ExprKind::Range(..) => "a range",
            ExprKind::Text(_) => "a string",
            ExprKind::List(_) => "a list",
            ExprKind::Path(names) if names.len() == 1 => "a name",
            ExprKind::Path(_) => "a part of something",
            ExprKind::Call(_) => "a call",
            ExprKind::Pipe(_) => "a pipeline",
            ExprKind::Repeat(..) => "a repetition",
            ExprKind::Group(inner) => inner.kind.noun(),
            ExprKind::Several(_) => "several values",
            ExprKind::Record(_) => "a record",
            ExprKind::Lost => "nothing",
        }
    }
}

impl Quantity {
    /// What it is, with its article, for messages.
    pub fn noun(&self) -> &'static str {
        match self.unit.as_ref().map(|unit| unit.text.as_str()) {
            None if self.whole.is_some() => "a whole number",
            None => "a number",
            Some("%") => "a ratio",
            Some("px") => "a length",
            Some("epoch" | "epochs" | "step" | "steps") => "a duration",
            Some(_) => "a number with a unit",
        }
    }
}

//! The tensor graph: what an encoder, a head and a task build for one batch. Nodes, shapes, cost. Knows nothing of
//! burn: the engine runs it.
//!
//! A graph is traced once, at plan time. Training and evaluation are two traces.

mod balance;
mod batches;
mod build;
mod contrast;
mod copies;
#[cfg(test)]
mod copies_tests;
mod cost;
mod embeddings;
mod exhibits;
mod export;
mod flow;
mod hash;
mod mechanics;
#[cfg(test)]
mod mechanics_tests;
mod memory;
mod module;
mod op;
mod past;
mod pulls;
mod scalar;
mod segments;
mod size;
mod sound;
mod totals;
mod turns;
pub mod vocabulary;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use build::{
    Conv, ConvTranspose, CrossEntropy, Distance, Gru, Padding, Pool, Reduction, Running, Windows,
};
pub use copies::Twice;
pub use cost::Cost;
pub use embeddings::Embedding;
pub use exhibits::{Exhibit, Panel};
pub use export::{TorchSource, TorchTensor, torch_name};
pub use mechanics::{
    Assign, Bound, Ema, EpochWork, INDEX, Lent, Part, Phase, State, Still, followed,
};
pub use module::{Module, within};
pub use op::{
    Binary, BufferId, Comparison, DType, Op, ParameterId, Random, Resampling, StateId, Unary,
};
pub use past::Past;
pub use pulls::Pull;
pub use scalar::{Clock, Curve, Moment, Scalar, ScalarFn};
pub use segments::Segments;
pub use size::{Shape, Size, elements, show};
pub use totals::Totals;
pub use turns::Turn;
pub use vocabulary::{Attr, Attrs, OpSpec, operation, operation_by_code, operations};

use std::collections::BTreeMap;

use crate::language::Span;

/// Most dimensions of a tensor.
pub const MAX_RANK: usize = 6;

/// A value in a graph: the output of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Var(pub u32);

/// What batch norm and dropout do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Normalise by the batch, drop.
    Train,
    /// Normalise by running statistics, keep everything.
    Eval,
}

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All one value.
    Constant(f32),
    /// Uniform in ±bound.
    Uniform(f32),
    /// Normal with this standard deviation.
    Normal(f32),
    /// Normal with this standard deviation, redrawn outside ±2 (absolute, as timm's `trunc_normal_`).
    TruncatedNormal(f32),
    /// Normal, then each row (the last dimension) scaled to length 1.
    UnitRows,
}

impl Init {
    /// What is wrong with it: numbers drawn in no width would all be 0.
    pub fn fault(self) -> Option<String> {
        let (what, width) = match self {
            Init::Constant(_) | Init::UnitRows => return None,
            Init::Uniform(bound) => ("`uniform` needs a bound", bound),
            Init::Normal(deviation) => ("`normal` needs a deviation", deviation),
            Init::TruncatedNormal(deviation) => ("`truncated_normal` needs a deviation", deviation),
        };
        let fits = width.is_finite() && width > 0.0;
        (!fits).then(|| format!("{what} above 0, not {width}; zeros are `constant`"))
    }
}

/// A trained tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// `encoder/layer3/0/conv1/weight`
    pub name: String,
    /// Sizes.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
}

/// A tensor that the forward pass updates: running statistics.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// `encoder/bn1/running_mean`
    pub name: String,
    /// Sizes.
    pub shape: Vec<usize>,
    /// Its first value.
    pub start: f32,
}

/// One operation with its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// With what.
    pub inputs: Vec<Var>,
    /// Its result's sizes.
    pub shape: Shape,
    /// Its result's element type.
    pub dtype: DType,
    /// Where in the recipe it comes from.
    pub span: Span,
    /// The module it belongs to: `encoder/layer3/0`.
    pub path: String,
}

/// A named result.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// `loss`, `accuracy`, `encoder/conv1`
    pub name: String,
    /// The value.
    pub var: Var,
}

/// A traced graph. Nodes stand in an order in which they can run.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Training or evaluation.
    pub mode: Mode,
    /// In running order.
    pub nodes: Vec<Node>,
    /// By [`ParameterId`].
    pub parameters: Vec<Parameter>,
    /// By [`BufferId`].
    pub buffers: Vec<Buffer>,
    /// By [`StateId`].
    pub states: Vec<State>,
    /// What states become after a batch, in declared order.
    pub assigns: Vec<Assign>,
    /// Slow copies of modules.
    pub emas: Vec<Ema>,
    /// Nets of other stages, which nothing here moves.
    pub still: Vec<Still>,
    /// Modules of its own that nothing moves, by name.
    pub held: Vec<String>,
    /// Parameters that stay within bounds.
    pub bounds: Vec<Bound>,
    /// Scalars to be made small, in declared order.
    pub objectives: Vec<Named>,
    /// Modules of objectives that have parameters of their own, by objective.
    pub claims: BTreeMap<String, Vec<String>>,
    /// What later stages may start from; the first is the default.
    pub parts: Vec<Part>,
    /// Work before each epoch.
    pub work: Vec<EpochWork>,
    /// How deep in its module a parameter stands, for `layer_decay`; by parameter name.
    pub depths: BTreeMap<String, usize>,
    /// Scalars to be watched.
    pub metrics: Vec<Named>,
    /// Places in modules that can be read: `encoder/conv1`; and results asked for by name.
    pub places: Vec<Named>,
    /// What is shown of it after training, in declared order.
    pub exhibits: Vec<Exhibit>,
    /// Whether exhibits are drawn from it.
    shows: bool,
    scope: Vec<String>,
    span: Span,
    depth: Option<usize>,
    records: Option<usize>,
    classes: BTreeMap<String, usize>,
    /// Stages that the task may ask, by the parameter that names each.
    lent: BTreeMap<String, std::sync::Arc<Lent>>,
    /// Where a parameter was put, by its name.
    known: std::collections::HashMap<String, usize>,
}

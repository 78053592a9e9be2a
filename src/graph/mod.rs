//! The tensor graph: what an encoder, a head and a task build for one batch. Nodes, shapes, cost. Knows nothing of
//! burn: the engine runs it.
//!
//! A graph is traced once, at plan time. Training and evaluation are two traces.

mod build;
mod build_inputs;
mod build_layers;
mod build_losses;
mod build_math;
mod build_reduce;
mod build_shape;
mod cost;
mod export;
mod memory;
mod module;
mod op;
mod size;
pub mod vocabulary;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use build_layers::{Conv, Pool, Running};
pub use build_reduce::Reduction;
pub use cost::Cost;
pub use export::{TorchSource, TorchTensor, torch_name};
pub use module::Module;
pub use op::{Binary, BufferId, DType, Op, ParameterId, Unary};
pub use size::{Shape, Size, elements, show};
pub use vocabulary::{Attr, Attrs, OpSpec, operation, operation_by_code, operations};

use crate::language::Span;

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
    /// Scalars to be made small, in declared order.
    pub objectives: Vec<Named>,
    /// Scalars to be watched.
    pub metrics: Vec<Named>,
    /// Places in modules that can be read: `encoder/conv1`; and results asked for by name.
    pub places: Vec<Named>,
    scope: Vec<String>,
    span: Span,
    classes: std::collections::BTreeMap<String, usize>,
}

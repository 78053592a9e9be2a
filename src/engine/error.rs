//! What can go wrong while a graph is run or its state is kept.

use std::path::PathBuf;

use crate::graph::{Graph, Var};
use crate::language::Span;

/// A failure of the engine. Where the cause is a node, [`EngineError::span`] is its place in the recipe.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The device's cargo feature is off.
    #[error(
        "device `{word}` is not in this build, which has {built}; build with `cargo build --release --features {word}`"
    )]
    DeviceNotBuilt {
        /// What the recipe asked for.
        word: String,
        /// What there is: `flex, cuda`
        built: String,
    },
    /// Not the name of a device.
    #[error("there is no device `{word}`; there are auto, flex, ndarray, cuda and vulkan")]
    DeviceUnknown {
        /// What the recipe asked for.
        word: String,
    },
    /// The driver or the hardware is missing.
    #[error(
        "device `{word}` does not start: {reason}; check the driver, or use `device = auto` or `device = flex`"
    )]
    DeviceFails {
        /// What the recipe asked for.
        word: String,
        /// What the driver says.
        reason: String,
    },
    /// A script that gives a number of the step fails; the text names its line.
    #[error("{reason}")]
    Script {
        /// What the script says, and where.
        reason: String,
    },
    /// The pool of compute threads was already made with another size.
    #[error(
        "the compute threads are already {now}, they can't become {wanted} in the same process"
    )]
    Threads {
        /// Threads that run.
        now: usize,
        /// Threads asked for.
        wanted: usize,
    },
    /// The system starts no more threads.
    #[error("the compute threads can't be started: {reason}")]
    NoThreads {
        /// What the system says.
        reason: String,
    },
    /// The batch does not have a field that the graph reads.
    #[error("the batch has no field `{name}`; it has {has}")]
    InputMissing {
        /// The field.
        name: String,
        /// The fields that are there.
        has: String,
        /// Where it is read.
        span: Span,
    },
    /// A field's sizes or element type are not those that the graph was traced for.
    #[error("field `{name}` of the batch is {has}, the graph was traced for {wanted}")]
    InputMismatch {
        /// The field.
        name: String,
        /// `f32 [16, 3, 28, 28]`
        has: String,
        /// `f32 [B, 3, 32, 32]`
        wanted: String,
        /// Where it is read.
        span: Span,
    },
    /// The model has no tensor of this name.
    #[error("the model has no tensor `{name}`; was it made from this graph?")]
    TensorMissing {
        /// `encoder/conv1/weight`
        name: String,
    },
    /// A stored tensor has other sizes than the model's.
    #[error("tensor `{name}` has sizes {has:?}, the model wants {wanted:?}")]
    TensorMismatch {
        /// `encoder/conv1/weight`
        name: String,
        /// What was given.
        has: Vec<usize>,
        /// What the model has.
        wanted: Vec<usize>,
    },
    /// A loss is NaN or infinite. Nothing was updated in the failing step.
    #[error("{objective} is {value} at step {step}{}; lower the learning rate, clip gradients with `clip = norm(1.0)`, or check the data", first(.node))]
    NotFinite {
        /// `objective \`loss\`` or `the gradient norm`
        objective: String,
        /// NaN or ±∞.
        value: f64,
        /// Optimiser steps done before.
        step: u64,
        /// The first node with such a value: `batch_norm in encoder/bn1`.
        node: Option<String>,
        /// The place of that node, or of the objective.
        span: Span,
    },
    /// The graph has nothing to train.
    #[error("the graph has no objective that depends on a trained parameter")]
    NothingToTrain,
    /// A node can't be carried out. The tracer should have refused it.
    #[error("node {node} ({what}) can't be run: {reason}")]
    Node {
        /// Its number.
        node: u32,
        /// `MatMul in encoder/blocks/0`
        what: String,
        /// Why not.
        reason: String,
        /// Where it comes from.
        span: Span,
    },
    /// A file can't be read or written.
    #[error("can't {doing} {path}: {source}", path = path.display())]
    File {
        /// `write`
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A checkpoint of a version that this build does not read.
    #[error(
        "checkpoint {path} can't be used: {} version of Pretext wrote it (format {version}, this one reads {reads})",
        if version < reads { "an earlier" } else { "a later" },
        path = path.display()
    )]
    CheckpointVersion {
        /// The file.
        path: PathBuf,
        /// What it says.
        version: u32,
        /// What this build reads.
        reads: u32,
    },
    /// A checkpoint is cut short, changed, or belongs to something else.
    #[error("checkpoint {path} can't be used: {reason}", path = path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

fn first(node: &Option<String>) -> String {
    node.as_ref()
        .map(|node| format!(" (first in {node})"))
        .unwrap_or_default()
}

impl EngineError {
    /// Where in the recipe it comes from, where that is known.
    pub fn span(&self) -> Option<Span> {
        match self {
            EngineError::InputMissing { span, .. }
            | EngineError::InputMismatch { span, .. }
            | EngineError::NotFinite { span, .. }
            | EngineError::Node { span, .. } => Some(*span),
            _ => None,
        }
    }

    /// A node that can't be run.
    pub(crate) fn node(graph: &Graph, var: Var, reason: impl Into<String>) -> Self {
        EngineError::Node {
            node: var.0,
            what: describe(graph, var),
            reason: reason.into(),
            span: graph.node(var).span,
        }
    }
}

/// `BatchNorm in encoder/bn1`
pub(crate) fn describe(graph: &Graph, var: Var) -> String {
    let node = graph.node(var);
    let op = format!("{:?}", node.op);
    let name = op.split([' ', '(', '{']).next().unwrap_or_default();
    if node.path.is_empty() {
        name.to_owned()
    } else {
        format!("{name} in {}", node.path)
    }
}

/// A result whose error is an [`EngineError`].
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

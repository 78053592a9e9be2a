//! What a node of the tensor graph does. Each is one call of the engine.

use super::{Random, Scalar, Size};

/// Element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// Whole numbers: labels, indices.
    Int,
}

/// Functions of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// max(x, 0)
    Relu,
    /// Exact GELU, x Φ(x) with the error function.
    Gelu,
    /// Natural exponential.
    Exp,
    /// Natural logarithm.
    Log,
    /// Square root.
    Sqrt,
}

/// Functions of two elements; sizes are equal or one of them is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a b
    Mul,
    /// a / b
    Div,
}

/// Index into [`super::Graph::parameters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterId(pub u32);

/// Index into [`super::Graph::buffers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BufferId(pub u32);

/// Index into [`super::Graph::states`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateId(pub u32);

/// The operation of a node. Inputs are listed in the order the engine takes them.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A field of the batch, by name.
    Input(String),
    /// A trained tensor.
    Parameter(ParameterId),
    /// A state as it was when the batch began.
    Read(StateId),
    /// A number that changes with the step: `[1]`
    Scalar(Scalar),
    /// Drawn anew for each batch, from the seed, the step and the node's path.
    Random(Random),
    /// `eye(n)`: `[n, n]`
    Eye(Size),
    /// `0, 1, …, n-1`, whole numbers: `[n]`
    Arange(Size),
    /// One element by element function: `[x]`
    Unary(Unary),
    /// Two operands of one rank: `[a, b]`
    Binary(Binary),
    /// x + c
    AddScalar(f64),
    /// c x
    MulScalar(f64),
    /// `[.., m, k] × [.., k, n]`, leading sizes equal
    MatMul,
    /// `[x, weight (in, out), bias?]` over the last dimension
    Linear,
    /// `[x (b, c, h, w), weight (out, c / groups, k, k), bias?]`
    Conv2d {
        /// Both directions.
        stride: usize,
        /// Zeros on each side.
        padding: usize,
        /// Channel groups.
        groups: usize,
    },
    /// `[x, gamma, beta]` over all but dimension 1. In a training graph it normalises by the batch and moves the running
    /// statistics (variance unbiased, as in PyTorch); in an evaluation graph it uses them.
    BatchNorm {
        /// Added to the variance.
        epsilon: f64,
        /// Weight of the batch in the running statistics.
        momentum: f64,
        /// Running mean.
        mean: BufferId,
        /// Running variance.
        variance: BufferId,
    },
    /// `[x, gamma, beta]` over the last dimension
    LayerNorm {
        /// Added to the variance.
        epsilon: f64,
    },
    /// Largest of each window.
    MaxPool {
        /// Window size.
        kernel: usize,
        /// Step.
        stride: usize,
        /// Minus infinity on each side.
        padding: usize,
    },
    /// Mean of each window, padding counted (PyTorch's default).
    AvgPool {
        /// Window size.
        kernel: usize,
        /// Step.
        stride: usize,
        /// Zeros on each side.
        padding: usize,
    },
    /// Zeroes elements with this probability and scales the rest by 1/(1-p); the identity in an evaluation graph. The mask is
    /// drawn from the seed, the step and the node's path.
    Dropout(f64),
    /// To the node's shape; same number of elements.
    Reshape,
    /// New order of dimensions.
    Permute(Vec<usize>),
    /// Sizes of 1 repeated up to the node's shape.
    Expand,
    /// One after the other along a dimension.
    Concat(usize),
    /// `start..start + node's size` along a dimension.
    Slice {
        /// Which dimension.
        dim: usize,
        /// First index.
        start: Size,
    },
    /// Along a dimension, which stays with size 1.
    Sum(usize),
    /// Along a dimension, which stays with size 1.
    Mean(usize),
    /// The mean of everything: `[1]`
    MeanAll,
    /// Along a dimension.
    Softmax(usize),
    /// Along a dimension.
    LogSoftmax(usize),
    /// `[x, index]`: x's elements at the index along a dimension.
    Gather(usize),
    /// Index of the largest element along a dimension, which stays with size 1; whole numbers.
    Argmax(usize),
    /// 1.0 where two tensors of whole numbers agree, 0.0 elsewhere: `[a, b]`
    Equal,
    /// The value; its gradient only while the scalar is above 0.
    When(Scalar),
    /// The value without its gradient.
    StopGradient,
}

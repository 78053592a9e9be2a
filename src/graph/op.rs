//! What a node of the tensor graph does. Each is one call of the engine.

use super::{Scalar, Size};

/// Element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// Whole numbers: labels, indices.
    Int,
}

/// What a random node draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Random {
    /// Uniform in 0..1.
    Uniform,
    /// Standard normal.
    Normal,
    /// `0..n` in a random order.
    Order,
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
    /// |x|
    Abs,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// −ln (1 + e⁻ˣ), exact for large |x|.
    LogSigmoid,
    /// ln (1 + eˣ), exact for large |x|.
    Softplus,
    /// x / (1 + e⁻ˣ)
    Silu,
    /// Sine of radians.
    Sin,
    /// Cosine of radians.
    Cos,
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
    /// The larger one; a tie's gradient goes to a.
    Max,
    /// The smaller one; a tie's gradient goes to a.
    Min,
}

/// Comparisons of two elements: 1.0 where true, 0.0 where false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// a = b
    Equal,
    /// a ≠ b
    NotEqual,
    /// a < b
    Less,
    /// a ≤ b
    LessEqual,
    /// a > b
    Greater,
    /// a ≥ b
    GreaterEqual,
}

/// How a map gets another height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resampling {
    /// The element at ⌊i · from / to⌋.
    Nearest,
    /// Between the two nearest pixel centres.
    Bilinear,
    /// Cubic convolution over four pixel centres, a = −0.75.
    Bicubic,
    /// The mean of the pixels that a cell touches: adaptive average pooling.
    Average,
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
    /// One number everywhere.
    Full(f64),
    /// A size as a number: `[1]`
    Count(Size),
    /// One element by element function: `[x]`
    Unary(Unary),
    /// Two operands of one rank: `[a, b]`
    Binary(Binary),
    /// x + c
    AddScalar(f64),
    /// c x
    MulScalar(f64),
    /// xᶜ
    Pow(f64),
    /// x where it is positive, c x elsewhere
    LeakyRelu(f64),
    /// x, but at least `min` and at most `max`; either may be infinite.
    Clamp {
        /// Lower bound.
        min: f64,
        /// Upper bound.
        max: f64,
    },
    /// What is left of x after whole multiples of c, with c's sign.
    Remainder(f64),
    /// Whole numbers as real ones.
    ToFloat,
    /// Real numbers as whole ones, cut towards zero.
    ToInt,
    /// Two operands of one kind and rank: `[a, b]`
    Compare(Comparison),
    /// `[condition, a, b]`, all of the node's shape: a where the condition is not 0, b elsewhere.
    Where,
    /// `[.., m, k] × [.., k, n]`; leading sizes are equal or 1
    MatMul,
    /// `[q (.., n, d), k (.., m, d), v (.., m, e), mask?]`: softmax(scale q kᵀ) v, rank 3 or 4. A mask is 1 where a query may
    /// look and 0 elsewhere.
    Attention {
        /// The scores' factor.
        scale: f64,
    },
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
    /// `[x (b, c, h, w), weight (c, out / groups, k, k), bias?]`: the transpose of a convolution
    ConvTranspose2d {
        /// Both directions.
        stride: usize,
        /// Taken from each side.
        padding: usize,
        /// Added to the far side.
        output_padding: usize,
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
    /// `[x, gamma?, beta?]` over the last dimension
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
    /// To the node's height and width.
    Resize(Resampling),
    /// `[x (B, n, d), y (B, n, d), z (B, m, d), words (B, n), noise (B, m), reach (B, n)]`: negative sampling (Mikolov et al., 2013) over
    /// the windows of a text. Gives for each text the loss of its pairs and how many there are: `[B, 2]`; no gradient flows into the count.
    NegativeSampling {
        /// Most words of a window on each side.
        radius: usize,
        /// So many words in a row share their noise.
        share: usize,
        /// Whether a word is told from the mean of its window rather than each word of its window tells it.
        bag: bool,
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
    /// Backwards along dimensions.
    Flip(Vec<usize>),
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
    /// The sum of everything: `[1]`
    SumAll,
    /// The mean of everything: `[1]`
    MeanAll,
    /// The largest along a dimension, which stays with size 1; a tie's gradient goes to the first.
    Max(usize),
    /// The smallest along a dimension, which stays with size 1; a tie's gradient goes to the first.
    Min(usize),
    /// Along a dimension.
    Softmax(usize),
    /// Along a dimension.
    LogSoftmax(usize),
    /// `[x, index]`: x's elements at the index along a dimension.
    Gather(usize),
    /// `[x, index, values]`: x with the values added at the index along a dimension.
    ScatterAdd(usize),
    /// `[x, index (n)]`: x's slices at the index along a dimension.
    Take(usize),
    /// Index of the largest element along a dimension, which stays with size 1; whole numbers.
    Argmax(usize),
    /// The order that sorts the last dimension; equal elements keep theirs; whole numbers.
    Argsort {
        /// Largest first.
        descending: bool,
    },
    /// The value; its gradient only while the scalar is above 0.
    When(Scalar),
    /// The value without its gradient.
    StopGradient,
}

//! The operations of the vocabulary.
//!
//! Written from Pretext's own table by `PRETEXT_BLESS=1 cargo test --release --test abi`.
#![allow(
    clippy::vec_init_then_push,
    clippy::too_many_arguments,
    clippy::derivable_impls
)]

use crate::codes;
use crate::graph as attr;
use crate::graph::{Graph, Var};
use crate::problem::Result;
use crate::size::Size;

/// What operations may be given beside what they must.
pub mod options {
    #[allow(unused_imports)]
    use crate::size::Size;

    /// For [`Graph::leaky_relu_with`](crate::Graph::leaky_relu_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct LeakyRelu {
        /// Factor of what is negative.
        pub slope: f64,
    }

    impl Default for LeakyRelu {
        fn default() -> Self {
            Self { slope: 0.01 }
        }
    }

    /// For [`Graph::conv2d_with`](crate::Graph::conv2d_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Conv2d {
        /// Step, in both directions.
        pub stride: i64,
        /// Zeros on each side.
        pub padding: i64,
        /// Channel groups.
        pub groups: i64,
    }

    impl Default for Conv2d {
        fn default() -> Self {
            Self {
                stride: 1,
                padding: 0,
                groups: 1,
            }
        }
    }

    /// For [`Graph::conv_transpose2d_with`](crate::Graph::conv_transpose2d_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct ConvTranspose2d {
        /// Step, in both directions.
        pub stride: i64,
        /// Taken from each side.
        pub padding: i64,
        /// Added to the far side; less than the stride.
        pub output_padding: i64,
        /// Channel groups.
        pub groups: i64,
    }

    impl Default for ConvTranspose2d {
        fn default() -> Self {
            Self {
                stride: 1,
                padding: 0,
                output_padding: 0,
                groups: 1,
            }
        }
    }

    /// For [`Graph::attention_with`](crate::Graph::attention_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Attention {
        /// Factor of the scores q kᵀ; 1/√d where it is absent.
        pub scale: Option<f64>,
    }

    impl Default for Attention {
        fn default() -> Self {
            Self { scale: None }
        }
    }

    /// For [`Graph::gru_with`](crate::Graph::gru_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Gru {
        /// From the last step to the first.
        pub backwards: bool,
    }

    impl Default for Gru {
        fn default() -> Self {
            Self { backwards: false }
        }
    }

    /// For [`Graph::l2_normalize_with`](crate::Graph::l2_normalize_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct L2Normalize {
        /// Along which dimension; negative ones count from the end.
        pub dim: i64,
    }

    impl Default for L2Normalize {
        fn default() -> Self {
            Self { dim: -1 }
        }
    }

    /// For [`Graph::layer_norm_with`](crate::Graph::layer_norm_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct LayerNorm {
        /// Added to the variance.
        pub epsilon: f64,
    }

    impl Default for LayerNorm {
        fn default() -> Self {
            Self { epsilon: 1e-5 }
        }
    }

    /// For [`Graph::batch_norm_with`](crate::Graph::batch_norm_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct BatchNorm {
        /// Added to the variance.
        pub epsilon: f64,
        /// Weight of the batch in the running statistics.
        pub momentum: f64,
    }

    impl Default for BatchNorm {
        fn default() -> Self {
            Self {
                epsilon: 1e-5,
                momentum: 0.1,
            }
        }
    }

    /// For [`Graph::group_norm_with`](crate::Graph::group_norm_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct GroupNorm {
        /// Added to the variance.
        pub epsilon: f64,
    }

    impl Default for GroupNorm {
        fn default() -> Self {
            Self { epsilon: 1e-5 }
        }
    }

    /// For [`Graph::instance_norm_with`](crate::Graph::instance_norm_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct InstanceNorm {
        /// Added to the variance.
        pub epsilon: f64,
    }

    impl Default for InstanceNorm {
        fn default() -> Self {
            Self { epsilon: 1e-5 }
        }
    }

    /// For [`Graph::sum_with`](crate::Graph::sum_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Sum {
        /// Whether a reduced dimension stays, with size 1. Where none is left the result is \[1\].
        pub keep: bool,
    }

    impl Default for Sum {
        fn default() -> Self {
            Self { keep: true }
        }
    }

    /// For [`Graph::mean_with`](crate::Graph::mean_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Mean {
        /// Whether a reduced dimension stays, with size 1. Where none is left the result is \[1\].
        pub keep: bool,
    }

    impl Default for Mean {
        fn default() -> Self {
            Self { keep: true }
        }
    }

    /// For [`Graph::max_with`](crate::Graph::max_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Max {
        /// Whether a reduced dimension stays, with size 1. Where none is left the result is \[1\].
        pub keep: bool,
    }

    impl Default for Max {
        fn default() -> Self {
            Self { keep: true }
        }
    }

    /// For [`Graph::min_with`](crate::Graph::min_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Min {
        /// Whether a reduced dimension stays, with size 1. Where none is left the result is \[1\].
        pub keep: bool,
    }

    impl Default for Min {
        fn default() -> Self {
            Self { keep: true }
        }
    }

    /// For [`Graph::variance_with`](crate::Graph::variance_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Variance {
        /// Whether a reduced dimension stays, with size 1. Where none is left the result is \[1\].
        pub keep: bool,
        /// What is taken from n: 1 for the unbiased variance, 0 for the mean square.
        pub correction: i64,
    }

    impl Default for Variance {
        fn default() -> Self {
            Self {
                keep: true,
                correction: 1,
            }
        }
    }

    /// For [`Graph::std_with`](crate::Graph::std_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Std {
        /// Whether a reduced dimension stays, with size 1. Where none is left the result is \[1\].
        pub keep: bool,
        /// What is taken from n: 1 for the unbiased variance, 0 for the mean square.
        pub correction: i64,
        /// Inside the root, so that the gradient stays finite.
        pub epsilon: f64,
    }

    impl Default for Std {
        fn default() -> Self {
            Self {
                keep: true,
                correction: 1,
                epsilon: 0.0,
            }
        }
    }

    /// For [`Graph::norm_with`](crate::Graph::norm_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Norm {
        /// Whether a reduced dimension stays, with size 1. Where none is left the result is \[1\].
        pub keep: bool,
        /// 1 and 2 are usual.
        pub p: f64,
        /// Inside the root, so that the gradient stays finite.
        pub epsilon: f64,
    }

    impl Default for Norm {
        fn default() -> Self {
            Self {
                keep: true,
                p: 2.0,
                epsilon: 0.0,
            }
        }
    }

    /// For [`Graph::logsumexp_with`](crate::Graph::logsumexp_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Logsumexp {
        /// Whether a reduced dimension stays, with size 1. Where none is left the result is \[1\].
        pub keep: bool,
    }

    impl Default for Logsumexp {
        fn default() -> Self {
            Self { keep: true }
        }
    }

    /// For [`Graph::slice_with`](crate::Graph::slice_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Slice {
        /// How long; up to the end where it is absent.
        pub size: Option<Size>,
        /// From one element to the next.
        pub step: i64,
    }

    impl Default for Slice {
        fn default() -> Self {
            Self {
                size: None,
                step: 1,
            }
        }
    }

    /// For [`Graph::split_with`](crate::Graph::split_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Split {
        /// The size of each, in place of `parts`.
        pub sizes: Vec<Size>,
    }

    impl Default for Split {
        fn default() -> Self {
            Self { sizes: Vec::new() }
        }
    }

    /// For [`Graph::rotate_with`](crate::Graph::rotate_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Rotate {
        /// How many; negative ones go with the clock.
        pub turns: i64,
    }

    impl Default for Rotate {
        fn default() -> Self {
            Self { turns: 1 }
        }
    }

    /// For [`Graph::pad_with`](crate::Graph::pad_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Pad {
        /// How many in front.
        pub before: i64,
        /// How many behind.
        pub after: i64,
        /// A number, the outermost element again, or a mirror at it.
        pub mode: &'static str,
        /// The number.
        pub value: f64,
    }

    impl Default for Pad {
        fn default() -> Self {
            Self {
                before: 0,
                after: 0,
                mode: "constant",
                value: 0.0,
            }
        }
    }

    /// For [`Graph::argsort_with`](crate::Graph::argsort_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Argsort {
        /// Largest first.
        pub descending: bool,
    }

    impl Default for Argsort {
        fn default() -> Self {
            Self { descending: false }
        }
    }

    /// For [`Graph::sort_with`](crate::Graph::sort_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Sort {
        /// Largest first.
        pub descending: bool,
    }

    impl Default for Sort {
        fn default() -> Self {
            Self { descending: false }
        }
    }

    /// For [`Graph::max_pool_with`](crate::Graph::max_pool_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct MaxPool {
        /// Step; the window's side where it is absent.
        pub stride: Option<i64>,
        /// Added on each side; at most half of the window.
        pub padding: i64,
    }

    impl Default for MaxPool {
        fn default() -> Self {
            Self {
                stride: None,
                padding: 0,
            }
        }
    }

    /// For [`Graph::avg_pool_with`](crate::Graph::avg_pool_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct AvgPool {
        /// Step; the window's side where it is absent.
        pub stride: Option<i64>,
        /// Added on each side; at most half of the window.
        pub padding: i64,
    }

    impl Default for AvgPool {
        fn default() -> Self {
            Self {
                stride: None,
                padding: 0,
            }
        }
    }

    /// For [`Graph::interpolate_with`](crate::Graph::interpolate_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Interpolate {
        /// How.
        pub method: &'static str,
    }

    impl Default for Interpolate {
        fn default() -> Self {
            Self { method: "bilinear" }
        }
    }

    /// For [`Graph::cross_entropy_with`](crate::Graph::cross_entropy_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct CrossEntropy {
        /// How much of each target is spread over all classes.
        pub smoothing: f64,
        /// A row with this target does not count.
        pub ignore: Option<i64>,
    }

    impl Default for CrossEntropy {
        fn default() -> Self {
            Self {
                smoothing: 0.0,
                ignore: None,
            }
        }
    }

    /// For [`Graph::smooth_l1_with`](crate::Graph::smooth_l1_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct SmoothL1 {
        /// Where it becomes straight.
        pub beta: f64,
    }

    impl Default for SmoothL1 {
        fn default() -> Self {
            Self { beta: 1.0 }
        }
    }

    /// For [`Graph::distance_with`](crate::Graph::distance_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Distance {
        /// Σ (a - b)², its root, or 1 - cos(a, b).
        pub distance: &'static str,
    }

    impl Default for Distance {
        fn default() -> Self {
            Self {
                distance: "euclidean",
            }
        }
    }

    /// For [`Graph::info_nce_with`](crate::Graph::info_nce_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct InfoNce {
        /// Cosines rather than plain products.
        pub normalize: bool,
    }

    impl Default for InfoNce {
        fn default() -> Self {
            Self { normalize: true }
        }
    }

    /// For [`Graph::triplet_with`](crate::Graph::triplet_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Triplet {
        /// How much further the negative is.
        pub margin: f64,
        /// Σ (a - b)², its root, or 1 - cos(a, b).
        pub distance: &'static str,
    }

    impl Default for Triplet {
        fn default() -> Self {
            Self {
                margin: 1.0,
                distance: "euclidean",
            }
        }
    }

    /// For [`Graph::sinkhorn_with`](crate::Graph::sinkhorn_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Sinkhorn {
        /// Scores are divided by it.
        pub epsilon: f64,
        /// Rounds of columns, then rows.
        pub iterations: i64,
    }

    impl Default for Sinkhorn {
        fn default() -> Self {
            Self {
                epsilon: 0.05,
                iterations: 3,
            }
        }
    }

    /// For [`Graph::negative_sampling_with`](crate::Graph::negative_sampling_with).
    #[derive(Clone, Debug, PartialEq)]
    pub struct NegativeSampling {
        /// Most words of a window on each side.
        pub radius: i64,
        /// So many words in a row share their noise.
        pub share: i64,
        /// The mean of a window tells its word (CBOW) rather than each of its words.
        pub bag: bool,
    }

    impl Default for NegativeSampling {
        fn default() -> Self {
            Self {
                radius: 5,
                share: 1,
                bag: false,
            }
        }
    }
}

impl Graph {
    /// Ones on the diagonal: \[n, n\].
    pub fn eye(&mut self, n: impl Into<Size>) -> Var {
        let n = n.into();
        let mut attrs = Vec::new();
        attrs.push(attr::size("n", &n));
        self.op_one(codes::EYE, &[], &attrs).unwrap_or(Var::NONE)
    }

    /// 0, 1, …, n - 1, whole numbers: \[n\].
    pub fn arange(&mut self, n: impl Into<Size>) -> Var {
        let n = n.into();
        let mut attrs = Vec::new();
        attrs.push(attr::size("n", &n));
        self.op_one(codes::ARANGE, &[], &attrs).unwrap_or(Var::NONE)
    }

    /// One number everywhere.
    pub fn full(&mut self, shape: &[Size], value: f64) -> Var {
        let mut attrs = Vec::new();
        attrs.push(attr::sizes("shape", shape));
        attrs.push(attr::float("value", value));
        self.op_one(codes::FULL, &[], &attrs).unwrap_or(Var::NONE)
    }

    /// A size as a number, such as the batch's: \[1\].
    pub fn count(&mut self, n: impl Into<Size>) -> Var {
        let n = n.into();
        let mut attrs = Vec::new();
        attrs.push(attr::size("n", &n));
        self.op_one(codes::COUNT, &[], &attrs).unwrap_or(Var::NONE)
    }

    /// max(x, 0).
    pub fn relu(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::RELU, &[x], &[])
    }

    /// x Φ(x), with the error function.
    pub fn gelu(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::GELU, &[x], &[])
    }

    /// eˣ.
    pub fn exp(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::EXP, &[x], &[])
    }

    /// ln x.
    pub fn log(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::LOG, &[x], &[])
    }

    /// √x.
    pub fn sqrt(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::SQRT, &[x], &[])
    }

    /// |x|.
    pub fn abs(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::ABS, &[x], &[])
    }

    /// Hyperbolic tangent.
    pub fn tanh(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::TANH, &[x], &[])
    }

    /// 1 / (1 + e⁻ˣ).
    pub fn sigmoid(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::SIGMOID, &[x], &[])
    }

    /// ln (1 / (1 + e⁻ˣ)), exact for large |x|.
    pub fn log_sigmoid(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::LOG_SIGMOID, &[x], &[])
    }

    /// ln (1 + eˣ), exact for large |x|.
    pub fn softplus(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::SOFTPLUS, &[x], &[])
    }

    /// x / (1 + e⁻ˣ).
    pub fn silu(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::SILU, &[x], &[])
    }

    /// Sine of radians.
    pub fn sin(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::SIN, &[x], &[])
    }

    /// Cosine of radians.
    pub fn cos(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::COS, &[x], &[])
    }

    /// -x.
    pub fn neg(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::NEG, &[x], &[])
    }

    /// x + c.
    pub fn add_scalar(&mut self, x: Var, c: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("c", c));
        self.op_one(codes::ADD_SCALAR, &[x], &attrs)
    }

    /// c x.
    pub fn mul_scalar(&mut self, x: Var, c: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("c", c));
        self.op_one(codes::MUL_SCALAR, &[x], &attrs)
    }

    /// xᶜ; a negative x needs a whole exponent.
    pub fn pow(&mut self, x: Var, c: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("c", c));
        self.op_one(codes::POW, &[x], &attrs)
    }

    /// x where it is positive, slope x elsewhere.
    pub fn leaky_relu(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::LEAKY_RELU, &[x], &[])
    }

    /// x where it is positive, slope x elsewhere.
    pub fn leaky_relu_with(&mut self, x: Var, options: options::LeakyRelu) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("slope", options.slope));
        self.op_one(codes::LEAKY_RELU, &[x], &attrs)
    }

    /// x, but at least `min` and at most `max`; no gradient flows where it is cut.
    pub fn clamp(&mut self, x: Var, min: f64, max: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("min", min));
        attrs.push(attr::float("max", max));
        self.op_one(codes::CLAMP, &[x], &attrs)
    }

    /// What is left after whole multiples of c, with c's sign.
    pub fn remainder(&mut self, x: Var, c: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("c", c));
        self.op_one(codes::REMAINDER, &[x], &attrs)
    }

    /// Labels and indices as numbers.
    pub fn to_float(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::TO_FLOAT, &[x], &[])
    }

    /// Numbers as indices, cut towards zero.
    pub fn to_int(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::TO_INT, &[x], &[])
    }

    /// x, and no gradient flows back.
    pub fn stop_gradient(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::STOP_GRADIENT, &[x], &[])
    }

    /// a + b.
    pub fn add(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::ADD, &[p, q], &[])
    }

    /// a - b.
    pub fn sub(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::SUB, &[p, q], &[])
    }

    /// a b, element by element.
    pub fn mul(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::MUL, &[p, q], &[])
    }

    /// a / b.
    pub fn div(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::DIV, &[p, q], &[])
    }

    /// The larger one.
    pub fn maximum(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::MAXIMUM, &[p, q], &[])
    }

    /// The smaller one.
    pub fn minimum(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::MINIMUM, &[p, q], &[])
    }

    /// 1.0 where a = b, 0.0 elsewhere.
    pub fn equal(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::EQUAL, &[p, q], &[])
    }

    /// 1.0 where a ≠ b, 0.0 elsewhere.
    pub fn not_equal(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::NOT_EQUAL, &[p, q], &[])
    }

    /// 1.0 where a \< b, 0.0 elsewhere.
    pub fn less(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::LESS, &[p, q], &[])
    }

    /// 1.0 where a ≤ b, 0.0 elsewhere.
    pub fn less_equal(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::LESS_EQUAL, &[p, q], &[])
    }

    /// 1.0 where a \> b, 0.0 elsewhere.
    pub fn greater(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::GREATER, &[p, q], &[])
    }

    /// 1.0 where a ≥ b, 0.0 elsewhere.
    pub fn greater_equal(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::GREATER_EQUAL, &[p, q], &[])
    }

    /// condition, a, b → a where the condition is not 0, b elsewhere.
    pub fn select(&mut self, p: Var, q: Var, r: Var) -> Result<Var> {
        self.op_one(codes::SELECT, &[p, q, r], &[])
    }

    /// \[.., m, k\] × \[.., k, n\] → \[.., m, n\]; leading sizes of 1 are repeated.
    pub fn matmul(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::MATMUL, &[p, q], &[])
    }

    /// x \[.., in\], weight \[in, out\], bias \[out\] or none → \[.., out\].
    pub fn linear(&mut self, p: Var, q: Var, r: Option<Var>) -> Result<Var> {
        let mut operands = vec![p, q];
        operands.extend(r);
        self.op_one(codes::LINEAR, &operands, &[])
    }

    /// x \[B, C, H, W\], weight \[out, C / groups, k, k\], bias \[out\] or none → \[B, out, H', W'\].
    pub fn conv2d(&mut self, p: Var, q: Var, r: Option<Var>) -> Result<Var> {
        let mut operands = vec![p, q];
        operands.extend(r);
        self.op_one(codes::CONV2D, &operands, &[])
    }

    /// x \[B, C, H, W\], weight \[out, C / groups, k, k\], bias \[out\] or none → \[B, out, H', W'\].
    pub fn conv2d_with(
        &mut self,
        p: Var,
        q: Var,
        r: Option<Var>,
        options: options::Conv2d,
    ) -> Result<Var> {
        let mut operands = vec![p, q];
        operands.extend(r);
        let mut attrs = Vec::new();
        attrs.push(attr::int("stride", options.stride));
        attrs.push(attr::int("padding", options.padding));
        attrs.push(attr::int("groups", options.groups));
        self.op_one(codes::CONV2D, &operands, &attrs)
    }

    /// x \[B, C, H, W\], weight \[C, out / groups, k, k\], bias \[out\] or none → \[B, out, H', W'\].
    pub fn conv_transpose2d(&mut self, p: Var, q: Var, r: Option<Var>) -> Result<Var> {
        let mut operands = vec![p, q];
        operands.extend(r);
        self.op_one(codes::CONV_TRANSPOSE2D, &operands, &[])
    }

    /// x \[B, C, H, W\], weight \[C, out / groups, k, k\], bias \[out\] or none → \[B, out, H', W'\].
    pub fn conv_transpose2d_with(
        &mut self,
        p: Var,
        q: Var,
        r: Option<Var>,
        options: options::ConvTranspose2d,
    ) -> Result<Var> {
        let mut operands = vec![p, q];
        operands.extend(r);
        let mut attrs = Vec::new();
        attrs.push(attr::int("stride", options.stride));
        attrs.push(attr::int("padding", options.padding));
        attrs.push(attr::int("output_padding", options.output_padding));
        attrs.push(attr::int("groups", options.groups));
        self.op_one(codes::CONV_TRANSPOSE2D, &operands, &attrs)
    }

    /// q \[.., N, d\], k \[.., M, d\], v \[.., M, e\], mask \[.., N, M\] (1 where a query may look) or none → \[.., N, e\].
    pub fn attention(&mut self, p: Var, q: Var, r: Var, s: Option<Var>) -> Result<Var> {
        let mut operands = vec![p, q, r];
        operands.extend(s);
        self.op_one(codes::ATTENTION, &operands, &[])
    }

    /// q \[.., N, d\], k \[.., M, d\], v \[.., M, e\], mask \[.., N, M\] (1 where a query may look) or none → \[.., N, e\].
    pub fn attention_with(
        &mut self,
        p: Var,
        q: Var,
        r: Var,
        s: Option<Var>,
        options: options::Attention,
    ) -> Result<Var> {
        let mut operands = vec![p, q, r];
        operands.extend(s);
        let mut attrs = Vec::new();
        if let Some(value) = options.scale {
            attrs.push(attr::float("scale", value));
        }
        self.op_one(codes::ATTENTION, &operands, &attrs)
    }

    /// weight \[V, D\], index \[..\] → \[.., D\].
    pub fn embedding(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::EMBEDDING, &[p, q], &[])
    }

    /// x \[B, n, D\], weights \[D, 3 W\] and \[W, 3 W\], biases \[3 W\] twice, 1 for each step that counts \[B, n\] or none → states \[B, n, W\].
    pub fn gru(&mut self, p: Var, q: Var, r: Var, s: Var, t: Var, u: Option<Var>) -> Result<Var> {
        let mut operands = vec![p, q, r, s, t];
        operands.extend(u);
        self.op_one(codes::GRU, &operands, &[])
    }

    /// x \[B, n, D\], weights \[D, 3 W\] and \[W, 3 W\], biases \[3 W\] twice, 1 for each step that counts \[B, n\] or none → states \[B, n, W\].
    pub fn gru_with(
        &mut self,
        p: Var,
        q: Var,
        r: Var,
        s: Var,
        t: Var,
        u: Option<Var>,
        options: options::Gru,
    ) -> Result<Var> {
        let mut operands = vec![p, q, r, s, t];
        operands.extend(u);
        let mut attrs = Vec::new();
        attrs.push(attr::switch("backwards", options.backwards));
        self.op_one(codes::GRU, &operands, &attrs)
    }

    /// eˣ / Σ eˣ along a dimension.
    pub fn softmax(&mut self, x: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::SOFTMAX, &[x], &attrs)
    }

    /// x - ln Σ eˣ along a dimension.
    pub fn log_softmax(&mut self, x: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::LOG_SOFTMAX, &[x], &attrs)
    }

    /// x / √(Σ x² + 1e-12) along a dimension.
    pub fn l2_normalize(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::L2_NORMALIZE, &[x], &[])
    }

    /// x / √(Σ x² + 1e-12) along a dimension.
    pub fn l2_normalize_with(&mut self, x: Var, options: options::L2Normalize) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", options.dim));
        self.op_one(codes::L2_NORMALIZE, &[x], &attrs)
    }

    /// x \[.., n\] normalised over its last dimension, times gamma \[n\], plus beta \[n\], where given.
    pub fn layer_norm(&mut self, p: Var) -> Result<Var> {
        self.op_one(codes::LAYER_NORM, &[p], &[])
    }

    /// x \[.., n\] normalised over its last dimension, times gamma \[n\], plus beta \[n\], where given.
    pub fn layer_norm_with(
        &mut self,
        p: Var,
        q: Option<Var>,
        r: Option<Var>,
        options: options::LayerNorm,
    ) -> Result<Var> {
        let mut operands = vec![p];
        operands.extend(q);
        operands.extend(r);
        let mut attrs = Vec::new();
        attrs.push(attr::float("epsilon", options.epsilon));
        self.op_one(codes::LAYER_NORM, &operands, &attrs)
    }

    /// x \[B, C, ..\] normalised per channel, times gamma \[C\], plus beta \[C\], where given; running statistics in evaluation.
    pub fn batch_norm(&mut self, p: Var, name: &str) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::text("name", name));
        self.op_one(codes::BATCH_NORM, &[p], &attrs)
    }

    /// x \[B, C, ..\] normalised per channel, times gamma \[C\], plus beta \[C\], where given; running statistics in evaluation.
    pub fn batch_norm_with(
        &mut self,
        p: Var,
        q: Option<Var>,
        r: Option<Var>,
        name: &str,
        options: options::BatchNorm,
    ) -> Result<Var> {
        let mut operands = vec![p];
        operands.extend(q);
        operands.extend(r);
        let mut attrs = Vec::new();
        attrs.push(attr::text("name", name));
        attrs.push(attr::float("epsilon", options.epsilon));
        attrs.push(attr::float("momentum", options.momentum));
        self.op_one(codes::BATCH_NORM, &operands, &attrs)
    }

    /// x \[B, C, ..\] normalised over groups of channels of a sample, times gamma \[C\], plus beta \[C\], where given.
    pub fn group_norm(&mut self, p: Var, groups: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("groups", groups));
        self.op_one(codes::GROUP_NORM, &[p], &attrs)
    }

    /// x \[B, C, ..\] normalised over groups of channels of a sample, times gamma \[C\], plus beta \[C\], where given.
    pub fn group_norm_with(
        &mut self,
        p: Var,
        q: Option<Var>,
        r: Option<Var>,
        groups: i64,
        options: options::GroupNorm,
    ) -> Result<Var> {
        let mut operands = vec![p];
        operands.extend(q);
        operands.extend(r);
        let mut attrs = Vec::new();
        attrs.push(attr::int("groups", groups));
        attrs.push(attr::float("epsilon", options.epsilon));
        self.op_one(codes::GROUP_NORM, &operands, &attrs)
    }

    /// x \[B, C, ..\] normalised over the places of each channel of a sample, times gamma \[C\], plus beta \[C\], where given.
    pub fn instance_norm(&mut self, p: Var) -> Result<Var> {
        self.op_one(codes::INSTANCE_NORM, &[p], &[])
    }

    /// x \[B, C, ..\] normalised over the places of each channel of a sample, times gamma \[C\], plus beta \[C\], where given.
    pub fn instance_norm_with(
        &mut self,
        p: Var,
        q: Option<Var>,
        r: Option<Var>,
        options: options::InstanceNorm,
    ) -> Result<Var> {
        let mut operands = vec![p];
        operands.extend(q);
        operands.extend(r);
        let mut attrs = Vec::new();
        attrs.push(attr::float("epsilon", options.epsilon));
        self.op_one(codes::INSTANCE_NORM, &operands, &attrs)
    }

    /// (x - mean) / √(variance + ε) over dimensions, by the batch at hand.
    pub fn standardize(&mut self, x: Var, dims: &[i64], epsilon: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::ints("dims", dims));
        attrs.push(attr::float("epsilon", epsilon));
        self.op_one(codes::STANDARDIZE, &[x], &attrs)
    }

    /// x \[B, d\] → Σ (x - mean)(x - mean)ᵀ / (B - 1), \[d, d\].
    pub fn covariance(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::COVARIANCE, &[x], &[])
    }

    /// \[n, n\] with zeros on its diagonal.
    pub fn off_diagonal(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::OFF_DIAGONAL, &[x], &[])
    }

    /// Zeroes elements while training and scales the rest by 1 / (1 - p).
    pub fn dropout(&mut self, x: Var, p: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("p", p));
        self.op_one(codes::DROPOUT, &[x], &attrs)
    }

    /// The sum along dimensions.
    pub fn sum(&mut self, x: Var, dims: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        self.op_one(codes::SUM, &[x], &attrs)
    }

    /// The sum along dimensions.
    pub fn sum_with(&mut self, x: Var, dims: &[i64], options: options::Sum) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        attrs.push(attr::switch("keep", options.keep));
        self.op_one(codes::SUM, &[x], &attrs)
    }

    /// The mean along dimensions.
    pub fn mean(&mut self, x: Var, dims: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        self.op_one(codes::MEAN, &[x], &attrs)
    }

    /// The mean along dimensions.
    pub fn mean_with(&mut self, x: Var, dims: &[i64], options: options::Mean) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        attrs.push(attr::switch("keep", options.keep));
        self.op_one(codes::MEAN, &[x], &attrs)
    }

    /// The largest along dimensions; a tie's gradient goes to the first.
    pub fn max(&mut self, x: Var, dims: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        self.op_one(codes::MAX, &[x], &attrs)
    }

    /// The largest along dimensions; a tie's gradient goes to the first.
    pub fn max_with(&mut self, x: Var, dims: &[i64], options: options::Max) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        attrs.push(attr::switch("keep", options.keep));
        self.op_one(codes::MAX, &[x], &attrs)
    }

    /// The smallest along dimensions; a tie's gradient goes to the first.
    pub fn min(&mut self, x: Var, dims: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        self.op_one(codes::MIN, &[x], &attrs)
    }

    /// The smallest along dimensions; a tie's gradient goes to the first.
    pub fn min_with(&mut self, x: Var, dims: &[i64], options: options::Min) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        attrs.push(attr::switch("keep", options.keep));
        self.op_one(codes::MIN, &[x], &attrs)
    }

    /// Σ (x - mean)² / (n - correction).
    pub fn variance(&mut self, x: Var, dims: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        self.op_one(codes::VARIANCE, &[x], &attrs)
    }

    /// Σ (x - mean)² / (n - correction).
    pub fn variance_with(
        &mut self,
        x: Var,
        dims: &[i64],
        options: options::Variance,
    ) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        attrs.push(attr::switch("keep", options.keep));
        attrs.push(attr::int("correction", options.correction));
        self.op_one(codes::VARIANCE, &[x], &attrs)
    }

    /// √(variance + ε).
    pub fn std(&mut self, x: Var, dims: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        self.op_one(codes::STD, &[x], &attrs)
    }

    /// √(variance + ε).
    pub fn std_with(&mut self, x: Var, dims: &[i64], options: options::Std) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        attrs.push(attr::switch("keep", options.keep));
        attrs.push(attr::int("correction", options.correction));
        attrs.push(attr::float("epsilon", options.epsilon));
        self.op_one(codes::STD, &[x], &attrs)
    }

    /// (Σ |x|ᵖ)^(1/p); for p = 2 √(Σ x² + ε).
    pub fn norm(&mut self, x: Var, dims: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        self.op_one(codes::NORM, &[x], &attrs)
    }

    /// (Σ |x|ᵖ)^(1/p); for p = 2 √(Σ x² + ε).
    pub fn norm_with(&mut self, x: Var, dims: &[i64], options: options::Norm) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        attrs.push(attr::switch("keep", options.keep));
        attrs.push(attr::float("p", options.p));
        attrs.push(attr::float("epsilon", options.epsilon));
        self.op_one(codes::NORM, &[x], &attrs)
    }

    /// ln Σ eˣ along dimensions.
    pub fn logsumexp(&mut self, x: Var, dims: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        self.op_one(codes::LOGSUMEXP, &[x], &attrs)
    }

    /// ln Σ eˣ along dimensions.
    pub fn logsumexp_with(
        &mut self,
        x: Var,
        dims: &[i64],
        options: options::Logsumexp,
    ) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        attrs.push(attr::switch("keep", options.keep));
        self.op_one(codes::LOGSUMEXP, &[x], &attrs)
    }

    /// The sum of everything: \[1\].
    pub fn sum_all(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::SUM_ALL, &[x], &[])
    }

    /// The mean of everything: \[1\].
    pub fn mean_all(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::MEAN_ALL, &[x], &[])
    }

    /// The index of the largest along a dimension, which stays with size 1.
    pub fn argmax(&mut self, x: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::ARGMAX, &[x], &attrs)
    }

    /// The index of the smallest along a dimension, which stays with size 1.
    pub fn argmin(&mut self, x: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::ARGMIN, &[x], &attrs)
    }

    /// The same elements in other sizes.
    pub fn reshape(&mut self, x: Var, shape: &[Size]) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::sizes("shape", shape));
        self.op_one(codes::RESHAPE, &[x], &attrs)
    }

    /// \[B, …\] → \[B, n\].
    pub fn flatten(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::FLATTEN, &[x], &[])
    }

    /// A new order of dimensions.
    pub fn permute(&mut self, x: Var, order: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::ints("order", order));
        self.op_one(codes::PERMUTE, &[x], &attrs)
    }

    /// Two dimensions exchanged.
    pub fn transpose(&mut self, x: Var, a: i64, b: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("a", a));
        attrs.push(attr::int("b", b));
        self.op_one(codes::TRANSPOSE, &[x], &attrs)
    }

    /// Sizes of 1 repeated.
    pub fn expand(&mut self, x: Var, shape: &[Size]) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::sizes("shape", shape));
        self.op_one(codes::EXPAND, &[x], &attrs)
    }

    /// One after the other along a dimension.
    pub fn concat(&mut self, xs: &[Var], dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::CONCAT, xs, &attrs)
    }

    /// `start .. start + size` along a dimension, every `step`-th.
    pub fn slice(&mut self, x: Var, dim: i64, start: impl Into<Size>) -> Result<Var> {
        let start = start.into();
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        attrs.push(attr::size("start", &start));
        self.op_one(codes::SLICE, &[x], &attrs)
    }

    /// `start .. start + size` along a dimension, every `step`-th.
    pub fn slice_with(
        &mut self,
        x: Var,
        dim: i64,
        start: impl Into<Size>,
        options: options::Slice,
    ) -> Result<Var> {
        let start = start.into();
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        attrs.push(attr::size("start", &start));
        if let Some(value) = &options.size {
            attrs.push(attr::size("size", value));
        }
        attrs.push(attr::int("step", options.step));
        self.op_one(codes::SLICE, &[x], &attrs)
    }

    /// A dimension of size 1 more.
    pub fn unsqueeze(&mut self, x: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::UNSQUEEZE, &[x], &attrs)
    }

    /// Without a dimension of size 1.
    pub fn squeeze(&mut self, x: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::SQUEEZE, &[x], &attrs)
    }

    /// Tensors of one shape along a dimension of their own.
    pub fn stack(&mut self, xs: &[Var], dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::STACK, xs, &attrs)
    }

    /// Pieces along a dimension, one result each.
    pub fn split(&mut self, x: Var, dim: i64, parts: i64) -> Result<Vec<Var>> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        attrs.push(attr::int("parts", parts));
        self.op(codes::SPLIT, &[x], &attrs)
    }

    /// Pieces along a dimension, one result each.
    pub fn split_with(
        &mut self,
        x: Var,
        dim: i64,
        parts: i64,
        options: options::Split,
    ) -> Result<Vec<Var>> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        attrs.push(attr::int("parts", parts));
        if !options.sizes.is_empty() {
            attrs.push(attr::sizes("sizes", &options.sizes));
        }
        self.op(codes::SPLIT, &[x], &attrs)
    }

    /// The whole again and again along a dimension.
    pub fn repeat(&mut self, x: Var, dim: i64, times: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        attrs.push(attr::int("times", times));
        self.op_one(codes::REPEAT, &[x], &attrs)
    }

    /// Backwards along dimensions.
    pub fn flip(&mut self, x: Var, dims: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::ints("dims", dims));
        self.op_one(codes::FLIP, &[x], &attrs)
    }

    /// Everything moved along a dimension; what leaves comes in at the other end.
    pub fn roll(&mut self, x: Var, dim: i64, shift: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        attrs.push(attr::int("shift", shift));
        self.op_one(codes::ROLL, &[x], &attrs)
    }

    /// Quarter turns against the clock of the last two dimensions.
    pub fn rotate(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::ROTATE, &[x], &[])
    }

    /// Quarter turns against the clock of the last two dimensions.
    pub fn rotate_with(&mut self, x: Var, options: options::Rotate) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("turns", options.turns));
        self.op_one(codes::ROTATE, &[x], &attrs)
    }

    /// More elements before and after along dimensions.
    pub fn pad(&mut self, x: Var, dims: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::ints("dims", dims));
        self.op_one(codes::PAD, &[x], &attrs)
    }

    /// More elements before and after along dimensions.
    pub fn pad_with(&mut self, x: Var, dims: &[i64], options: options::Pad) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::ints("dims", dims));
        attrs.push(attr::int("before", options.before));
        attrs.push(attr::int("after", options.after));
        attrs.push(attr::text("mode", options.mode));
        attrs.push(attr::float("value", options.value));
        self.op_one(codes::PAD, &[x], &attrs)
    }

    /// x's elements at the index along a dimension; the index has x's sizes elsewhere.
    pub fn gather(&mut self, p: Var, q: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::GATHER, &[p, q], &attrs)
    }

    /// x, index, values → x with the values added at the index along a dimension.
    pub fn scatter_add(&mut self, p: Var, q: Var, r: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::SCATTER_ADD, &[p, q, r], &attrs)
    }

    /// x's slices at the index along a dimension, whose place the index's sizes take.
    pub fn take(&mut self, p: Var, q: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::TAKE, &[p, q], &attrs)
    }

    /// Each sample's own rows: x \[B, N, ..\], index \[B, K\] → \[B, K, ..\].
    pub fn gather_rows(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::GATHER_ROWS, &[p, q], &[])
    }

    /// 1.0 at the index, 0.0 elsewhere: index \[..\] → \[.., n\].
    pub fn one_hot(&mut self, x: Var, n: impl Into<Size>) -> Result<Var> {
        let n = n.into();
        let mut attrs = Vec::new();
        attrs.push(attr::size("n", &n));
        self.op_one(codes::ONE_HOT, &[x], &attrs)
    }

    /// The indices that sort along a dimension; equal elements keep their order.
    pub fn argsort(&mut self, x: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::ARGSORT, &[x], &attrs)
    }

    /// The indices that sort along a dimension; equal elements keep their order.
    pub fn argsort_with(&mut self, x: Var, dim: i64, options: options::Argsort) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        attrs.push(attr::switch("descending", options.descending));
        self.op_one(codes::ARGSORT, &[x], &attrs)
    }

    /// Sorted along a dimension, and the indices: two results.
    pub fn sort(&mut self, x: Var, dim: i64) -> Result<Vec<Var>> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op(codes::SORT, &[x], &attrs)
    }

    /// Sorted along a dimension, and the indices: two results.
    pub fn sort_with(&mut self, x: Var, dim: i64, options: options::Sort) -> Result<Vec<Var>> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        attrs.push(attr::switch("descending", options.descending));
        self.op(codes::SORT, &[x], &attrs)
    }

    /// The k largest along a dimension, largest first, and their indices: two results.
    pub fn topk(&mut self, x: Var, k: i64, dim: i64) -> Result<Vec<Var>> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("k", k));
        attrs.push(attr::int("dim", dim));
        self.op(codes::TOPK, &[x], &attrs)
    }

    /// The largest of each window of \[B, C, H, W\].
    pub fn max_pool(&mut self, x: Var, kernel: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("kernel", kernel));
        self.op_one(codes::MAX_POOL, &[x], &attrs)
    }

    /// The largest of each window of \[B, C, H, W\].
    pub fn max_pool_with(&mut self, x: Var, kernel: i64, options: options::MaxPool) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("kernel", kernel));
        if let Some(value) = options.stride {
            attrs.push(attr::int("stride", value));
        }
        attrs.push(attr::int("padding", options.padding));
        self.op_one(codes::MAX_POOL, &[x], &attrs)
    }

    /// The mean of each window of \[B, C, H, W\], padding counted.
    pub fn avg_pool(&mut self, x: Var, kernel: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("kernel", kernel));
        self.op_one(codes::AVG_POOL, &[x], &attrs)
    }

    /// The mean of each window of \[B, C, H, W\], padding counted.
    pub fn avg_pool_with(&mut self, x: Var, kernel: i64, options: options::AvgPool) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("kernel", kernel));
        if let Some(value) = options.stride {
            attrs.push(attr::int("stride", value));
        }
        attrs.push(attr::int("padding", options.padding));
        self.op_one(codes::AVG_POOL, &[x], &attrs)
    }

    /// The mean over the places of a map: \[B, C, H, W\] → \[B, C\].
    pub fn global_avg_pool(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::GLOBAL_AVG_POOL, &[x], &[])
    }

    /// \[B, C, H, W\] in height × width cells, each the mean of the pixels that it touches.
    pub fn adaptive_avg_pool(&mut self, x: Var, height: i64, width: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("height", height));
        attrs.push(attr::int("width", width));
        self.op_one(codes::ADAPTIVE_AVG_POOL, &[x], &attrs)
    }

    /// \[B, C, H, W\] at another height and width, pixel centres as in PyTorch with align\_corners = False.
    pub fn interpolate(&mut self, x: Var, height: i64, width: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("height", height));
        attrs.push(attr::int("width", width));
        self.op_one(codes::INTERPOLATE, &[x], &attrs)
    }

    /// \[B, C, H, W\] at another height and width, pixel centres as in PyTorch with align\_corners = False.
    pub fn interpolate_with(
        &mut self,
        x: Var,
        height: i64,
        width: i64,
        options: options::Interpolate,
    ) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("height", height));
        attrs.push(attr::int("width", width));
        attrs.push(attr::text("method", options.method));
        self.op_one(codes::INTERPOLATE, &[x], &attrs)
    }

    /// \[B, C, H, W\] → \[B, H/p · W/p, p · p · C\], the channel last.
    pub fn patchify(&mut self, x: Var, patch: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("patch", patch));
        self.op_one(codes::PATCHIFY, &[x], &attrs)
    }

    /// \[B, rows · w, p · p · C\] → \[B, C, rows · p, w · p\].
    pub fn unpatchify(&mut self, x: Var, patch: i64, rows: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("patch", patch));
        attrs.push(attr::int("rows", rows));
        self.op_one(codes::UNPATCHIFY, &[x], &attrs)
    }

    /// The mean of -log softmax(logits)\[target\]: logits \[R, C\], targets \[R\] or soft ones \[R, C\], weights \[R\] or none.
    pub fn cross_entropy(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::CROSS_ENTROPY, &[p, q], &[])
    }

    /// The mean of -log softmax(logits)\[target\]: logits \[R, C\], targets \[R\] or soft ones \[R, C\], weights \[R\] or none.
    pub fn cross_entropy_with(
        &mut self,
        p: Var,
        q: Var,
        r: Option<Var>,
        options: options::CrossEntropy,
    ) -> Result<Var> {
        let mut operands = vec![p, q];
        operands.extend(r);
        let mut attrs = Vec::new();
        attrs.push(attr::float("smoothing", options.smoothing));
        if let Some(value) = options.ignore {
            attrs.push(attr::int("ignore", value));
        }
        self.op_one(codes::CROSS_ENTROPY, &operands, &attrs)
    }

    /// The fraction of rows whose largest score is the target's: logits \[R, C\], targets \[R\].
    pub fn accuracy(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::ACCURACY, &[p, q], &[])
    }

    /// The mean of -t ln σ(x) - (1 - t) ln (1 - σ(x)): logits x, targets t in 0..1, weights or none.
    pub fn bce(&mut self, p: Var, q: Var, r: Option<Var>) -> Result<Var> {
        let mut operands = vec![p, q];
        operands.extend(r);
        self.op_one(codes::BCE, &operands, &[])
    }

    /// The mean of (a - b)²; weights or none.
    pub fn mse(&mut self, p: Var, q: Var, r: Option<Var>) -> Result<Var> {
        let mut operands = vec![p, q];
        operands.extend(r);
        self.op_one(codes::MSE, &operands, &[])
    }

    /// The mean of |a - b|; weights or none.
    pub fn l1(&mut self, p: Var, q: Var, r: Option<Var>) -> Result<Var> {
        let mut operands = vec![p, q];
        operands.extend(r);
        self.op_one(codes::L1, &operands, &[])
    }

    /// The mean of d² / 2β where |d| \< β and |d| - β/2 elsewhere, d = a - b; weights or none.
    pub fn smooth_l1(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::SMOOTH_L1, &[p, q], &[])
    }

    /// The mean of d² / 2β where |d| \< β and |d| - β/2 elsewhere, d = a - b; weights or none.
    pub fn smooth_l1_with(
        &mut self,
        p: Var,
        q: Var,
        r: Option<Var>,
        options: options::SmoothL1,
    ) -> Result<Var> {
        let mut operands = vec![p, q];
        operands.extend(r);
        let mut attrs = Vec::new();
        attrs.push(attr::float("beta", options.beta));
        self.op_one(codes::SMOOTH_L1, &operands, &attrs)
    }

    /// x, weights → Σ w x / Σ w, 0 where all weights are 0.
    pub fn weighted_mean(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::WEIGHTED_MEAN, &[p, q], &[])
    }

    /// cos(a, b) along the last dimension, which goes: \[.., n\] twice → \[..\].
    pub fn cosine_similarity(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::COSINE_SIMILARITY, &[p, q], &[])
    }

    /// The mean of 1 - cos(a, b) over rows.
    pub fn cosine_loss(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::COSINE_LOSS, &[p, q], &[])
    }

    /// Σ (aᵢ - bⱼ)² of all pairs: a \[R, n\], b \[S, n\] → \[R, S\].
    pub fn pairwise_distance(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::PAIRWISE_DISTANCE, &[p, q], &[])
    }

    /// How far apart rows are: \[.., n\] twice → \[..\].
    pub fn distance(&mut self, p: Var, q: Var) -> Result<Var> {
        self.op_one(codes::DISTANCE, &[p, q], &[])
    }

    /// How far apart rows are: \[.., n\] twice → \[..\].
    pub fn distance_with(&mut self, p: Var, q: Var, options: options::Distance) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::text("distance", options.distance));
        self.op_one(codes::DISTANCE, &[p, q], &attrs)
    }

    /// z \[2 R, d\], rows i and i + R of one sample → NT-Xent and how often the other view is nearest: two results.
    pub fn nt_xent(&mut self, x: Var, temperature: f64) -> Result<Vec<Var>> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("temperature", temperature));
        self.op(codes::NT_XENT, &[x], &attrs)
    }

    /// queries \[R, d\], positives \[R, d\], negatives \[K, d\] or none → InfoNCE and how often the positive is nearest: two results.
    pub fn info_nce(&mut self, p: Var, q: Var, temperature: f64) -> Result<Vec<Var>> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("temperature", temperature));
        self.op(codes::INFO_NCE, &[p, q], &attrs)
    }

    /// queries \[R, d\], positives \[R, d\], negatives \[K, d\] or none → InfoNCE and how often the positive is nearest: two results.
    pub fn info_nce_with(
        &mut self,
        p: Var,
        q: Var,
        r: Option<Var>,
        temperature: f64,
        options: options::InfoNce,
    ) -> Result<Vec<Var>> {
        let mut operands = vec![p, q];
        operands.extend(r);
        let mut attrs = Vec::new();
        attrs.push(attr::float("temperature", temperature));
        attrs.push(attr::switch("normalize", options.normalize));
        self.op(codes::INFO_NCE, &operands, &attrs)
    }

    /// The mean of max(0, d(anchor, positive) - d(anchor, negative) + margin), each \[R, n\].
    pub fn triplet(&mut self, p: Var, q: Var, r: Var) -> Result<Var> {
        self.op_one(codes::TRIPLET, &[p, q, r], &[])
    }

    /// The mean of max(0, d(anchor, positive) - d(anchor, negative) + margin), each \[R, n\].
    pub fn triplet_with(
        &mut self,
        p: Var,
        q: Var,
        r: Var,
        options: options::Triplet,
    ) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("margin", options.margin));
        attrs.push(attr::text("distance", options.distance));
        self.op_one(codes::TRIPLET, &[p, q, r], &attrs)
    }

    /// scores \[R, K\] → assignments \[R, K\] that use every column equally often; rows sum to 1, no gradient.
    pub fn sinkhorn(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::SINKHORN, &[x], &[])
    }

    /// scores \[R, K\] → assignments \[R, K\] that use every column equally often; rows sum to 1, no gradient.
    pub fn sinkhorn_with(&mut self, x: Var, options: options::Sinkhorn) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("epsilon", options.epsilon));
        attrs.push(attr::int("iterations", options.iterations));
        self.op_one(codes::SINKHORN, &[x], &attrs)
    }

    /// rows of words x and y \[B, n, d\], of noise z \[B, m, d\], ids \[B, n\] (0: no word) and \[B, m\], reaches \[B, n\] → each text's loss and pairs \[B, 2\].
    pub fn negative_sampling(
        &mut self,
        p: Var,
        q: Var,
        r: Var,
        s: Var,
        t: Var,
        u: Var,
    ) -> Result<Var> {
        self.op_one(codes::NEGATIVE_SAMPLING, &[p, q, r, s, t, u], &[])
    }

    /// rows of words x and y \[B, n, d\], of noise z \[B, m, d\], ids \[B, n\] (0: no word) and \[B, m\], reaches \[B, n\] → each text's loss and pairs \[B, 2\].
    pub fn negative_sampling_with(
        &mut self,
        p: Var,
        q: Var,
        r: Var,
        s: Var,
        t: Var,
        u: Var,
        options: options::NegativeSampling,
    ) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("radius", options.radius));
        attrs.push(attr::int("share", options.share));
        attrs.push(attr::switch("bag", options.bag));
        self.op_one(codes::NEGATIVE_SAMPLING, &[p, q, r, s, t, u], &attrs)
    }

    /// Uniform numbers in 0..1, another draw in each batch.
    pub fn random_uniform(&mut self, shape: &[Size]) -> Var {
        let mut attrs = Vec::new();
        attrs.push(attr::sizes("shape", shape));
        self.op_one(codes::RANDOM_UNIFORM, &[], &attrs)
            .unwrap_or(Var::NONE)
    }

    /// Standard normal numbers, another draw in each batch.
    pub fn random_normal(&mut self, shape: &[Size]) -> Var {
        let mut attrs = Vec::new();
        attrs.push(attr::sizes("shape", shape));
        self.op_one(codes::RANDOM_NORMAL, &[], &attrs)
            .unwrap_or(Var::NONE)
    }

    /// 0..n in a random order, another one in each batch: \[n\] whole numbers.
    pub fn random_order(&mut self, n: impl Into<Size>) -> Var {
        let n = n.into();
        let mut attrs = Vec::new();
        attrs.push(attr::size("n", &n));
        self.op_one(codes::RANDOM_ORDER, &[], &attrs)
            .unwrap_or(Var::NONE)
    }

    /// Where each sample of the batch stands in the split: \[B\] whole numbers.
    pub fn index(&mut self) -> Var {
        self.op_one(codes::INDEX, &[], &[]).unwrap_or(Var::NONE)
    }
}

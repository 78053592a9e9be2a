//! The operations of the vocabulary.
//!
//! Written from Pretext's own table by `PRETEXT_BLESS=1 cargo test --release --test abi`.

use crate::graph as attr;
use crate::graph::{Graph, Var};
use crate::problem::Result;
use crate::size::Size;

/// Numbers of the operations.
pub mod codes {
    /// Ones on the diagonal: \[n, n\].
    pub const EYE: u32 = 100;
    /// 0, 1, …, n - 1, whole numbers: \[n\].
    pub const ARANGE: u32 = 101;
    /// max(x, 0).
    pub const RELU: u32 = 200;
    /// x Φ(x), with the error function.
    pub const GELU: u32 = 201;
    /// eˣ.
    pub const EXP: u32 = 202;
    /// ln x.
    pub const LOG: u32 = 203;
    /// √x.
    pub const SQRT: u32 = 204;
    /// x + c.
    pub const ADD_SCALAR: u32 = 220;
    /// c x.
    pub const MUL_SCALAR: u32 = 221;
    /// x, and no gradient flows back.
    pub const STOP_GRADIENT: u32 = 230;
    /// a + b; sizes of 1 are repeated.
    pub const ADD: u32 = 300;
    /// a - b; sizes of 1 are repeated.
    pub const SUB: u32 = 301;
    /// a b, element by element; sizes of 1 are repeated.
    pub const MUL: u32 = 302;
    /// a / b; sizes of 1 are repeated.
    pub const DIV: u32 = 303;
    /// 1.0 where a = b, 0.0 elsewhere.
    pub const EQUAL: u32 = 310;
    /// \[.., m, k\] × \[.., k, n\] → \[.., m, n\].
    pub const MATMUL: u32 = 400;
    /// x \[.., in\], weight \[in, out\], bias \[out\] or none → \[.., out\].
    pub const LINEAR: u32 = 401;
    /// x \[B, C, H, W\], weight \[out, C / groups, k, k\], bias \[out\] or none → \[B, out, H', W'\].
    pub const CONV2D: u32 = 402;
    /// eˣ / Σ eˣ along a dimension.
    pub const SOFTMAX: u32 = 600;
    /// x - ln Σ eˣ along a dimension.
    pub const LOG_SOFTMAX: u32 = 601;
    /// x / √(Σ x² + 1e-12) over the last dimension.
    pub const L2_NORMALIZE: u32 = 602;
    /// x \[.., n\] normalised over its last dimension, times gamma \[n\], plus beta \[n\].
    pub const LAYER_NORM: u32 = 603;
    /// Zeroes elements while training and scales the rest by 1 / (1 - p).
    pub const DROPOUT: u32 = 610;
    /// The largest of each window of \[B, C, H, W\].
    pub const MAX_POOL: u32 = 900;
    /// The mean of each window of \[B, C, H, W\], padding counted.
    pub const AVG_POOL: u32 = 901;
    /// The mean over the places of a map: \[B, C, H, W\] → \[B, C\].
    pub const GLOBAL_AVG_POOL: u32 = 902;
    /// The sum along dimensions.
    pub const SUM: u32 = 500;
    /// The mean along dimensions.
    pub const MEAN: u32 = 501;
    /// The mean of everything: \[1\].
    pub const MEAN_ALL: u32 = 510;
    /// The index of the largest along a dimension, which stays with size 1; whole numbers.
    pub const ARGMAX: u32 = 511;
    /// The same elements in other sizes.
    pub const RESHAPE: u32 = 700;
    /// \[B, …\] → \[B, n\].
    pub const FLATTEN: u32 = 701;
    /// A new order of dimensions.
    pub const PERMUTE: u32 = 702;
    /// Two dimensions exchanged.
    pub const TRANSPOSE: u32 = 703;
    /// Sizes of 1 repeated.
    pub const EXPAND: u32 = 704;
    /// One after the other along a dimension.
    pub const CONCAT: u32 = 705;
    /// `start .. start + size` along a dimension.
    pub const SLICE: u32 = 706;
    /// x's elements at the index along a dimension; the index has x's sizes elsewhere.
    pub const GATHER: u32 = 800;
    /// The mean of -log softmax(logits)\[target\]: logits \[R, C\], targets \[R\] → \[1\].
    pub const CROSS_ENTROPY: u32 = 1000;
    /// The fraction of rows whose largest score is the target's: logits \[R, C\], targets \[R\] → \[1\].
    pub const ACCURACY: u32 = 1001;
    /// A number that changes with the step, the same for the whole batch: \[1\].
    pub const SCALAR: u32 = 1100;
    /// The value; its gradient flows only while the scalar that the attributes describe is above 0: \[..\] → \[..\].
    pub const WHEN: u32 = 1101;
    /// Uniform numbers in 0..1, another draw in each batch.
    pub const RANDOM_UNIFORM: u32 = 1102;
    /// Standard normal numbers, another draw in each batch.
    pub const RANDOM_NORMAL: u32 = 1103;
    /// 0..n in a random order, another one in each batch: \[n\] whole numbers.
    pub const RANDOM_ORDER: u32 = 1104;
    /// Where each sample of the batch stands in the split: \[B\] whole numbers.
    pub const INDEX: u32 = 1105;
    /// A tensor that lives between steps, as it was when the batch began.
    pub const STATE: u32 = 1110;
    /// What a state is from the next batch on: \[state, value\] → nothing.
    pub const ASSIGN: u32 = 1111;
    /// Rows of a state from the next batch on: \[state, index \[R\], rows \[R, ..\]\] → nothing.
    pub const ASSIGN_ROWS: u32 = 1112;
    /// A number to be made small: \[1\] → nothing.
    pub const OBJECTIVE: u32 = 1120;
    /// A number to be watched: \[1\] → nothing.
    pub const METRIC: u32 = 1121;
    /// Names a value so that probes can read it: \[..\] → \[..\].
    pub const PLACE: u32 = 1122;
}

/// What [`Graph::conv2d`] may be given.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv2d {
    /// Step, in both directions.
    pub stride: i64,
    /// Added on each side.
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

impl Graph {
    /// Ones on the diagonal: \[n, n\].
    #[allow(clippy::too_many_arguments)]
    pub fn eye(&mut self, n: impl Into<Size>) -> Var {
        let n = n.into();
        let mut attrs = Vec::new();
        attrs.push(attr::size("n", &n));
        self.op_one(codes::EYE, &[], &attrs).unwrap_or(Var::NONE)
    }

    /// 0, 1, …, n - 1, whole numbers: \[n\].
    #[allow(clippy::too_many_arguments)]
    pub fn arange(&mut self, n: impl Into<Size>) -> Var {
        let n = n.into();
        let mut attrs = Vec::new();
        attrs.push(attr::size("n", &n));
        self.op_one(codes::ARANGE, &[], &attrs).unwrap_or(Var::NONE)
    }

    /// max(x, 0).
    #[allow(clippy::too_many_arguments)]
    pub fn relu(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::RELU, &[x], &[])
    }

    /// x Φ(x), with the error function.
    #[allow(clippy::too_many_arguments)]
    pub fn gelu(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::GELU, &[x], &[])
    }

    /// eˣ.
    #[allow(clippy::too_many_arguments)]
    pub fn exp(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::EXP, &[x], &[])
    }

    /// ln x.
    #[allow(clippy::too_many_arguments)]
    pub fn log(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::LOG, &[x], &[])
    }

    /// √x.
    #[allow(clippy::too_many_arguments)]
    pub fn sqrt(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::SQRT, &[x], &[])
    }

    /// x + c.
    #[allow(clippy::too_many_arguments)]
    pub fn add_scalar(&mut self, x: Var, c: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("c", c));
        self.op_one(codes::ADD_SCALAR, &[x], &attrs)
    }

    /// c x.
    #[allow(clippy::too_many_arguments)]
    pub fn mul_scalar(&mut self, x: Var, c: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("c", c));
        self.op_one(codes::MUL_SCALAR, &[x], &attrs)
    }

    /// x, and no gradient flows back.
    #[allow(clippy::too_many_arguments)]
    pub fn stop_gradient(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::STOP_GRADIENT, &[x], &[])
    }

    /// a + b; sizes of 1 are repeated.
    #[allow(clippy::too_many_arguments)]
    pub fn add(&mut self, a: Var, b: Var) -> Result<Var> {
        self.op_one(codes::ADD, &[a, b], &[])
    }

    /// a - b; sizes of 1 are repeated.
    #[allow(clippy::too_many_arguments)]
    pub fn sub(&mut self, a: Var, b: Var) -> Result<Var> {
        self.op_one(codes::SUB, &[a, b], &[])
    }

    /// a b, element by element; sizes of 1 are repeated.
    #[allow(clippy::too_many_arguments)]
    pub fn mul(&mut self, a: Var, b: Var) -> Result<Var> {
        self.op_one(codes::MUL, &[a, b], &[])
    }

    /// a / b; sizes of 1 are repeated.
    #[allow(clippy::too_many_arguments)]
    pub fn div(&mut self, a: Var, b: Var) -> Result<Var> {
        self.op_one(codes::DIV, &[a, b], &[])
    }

    /// 1.0 where a = b, 0.0 elsewhere.
    #[allow(clippy::too_many_arguments)]
    pub fn equal(&mut self, a: Var, b: Var) -> Result<Var> {
        self.op_one(codes::EQUAL, &[a, b], &[])
    }

    /// \[.., m, k\] × \[.., k, n\] → \[.., m, n\].
    #[allow(clippy::too_many_arguments)]
    pub fn matmul(&mut self, a: Var, b: Var) -> Result<Var> {
        self.op_one(codes::MATMUL, &[a, b], &[])
    }

    /// x \[.., in\], weight \[in, out\], bias \[out\] or none → \[.., out\].
    #[allow(clippy::too_many_arguments)]
    pub fn linear(&mut self, a: Var, b: Var, c: Option<Var>) -> Result<Var> {
        let mut operands = vec![a, b];
        operands.extend(c);
        self.op_one(codes::LINEAR, &operands, &[])
    }

    /// x \[B, C, H, W\], weight \[out, C / groups, k, k\], bias \[out\] or none → \[B, out, H', W'\].
    #[allow(clippy::too_many_arguments)]
    pub fn conv2d(&mut self, a: Var, b: Var, c: Option<Var>, options: Conv2d) -> Result<Var> {
        let mut operands = vec![a, b];
        operands.extend(c);
        let mut attrs = Vec::new();
        attrs.push(attr::int("stride", options.stride));
        attrs.push(attr::int("padding", options.padding));
        attrs.push(attr::int("groups", options.groups));
        self.op_one(codes::CONV2D, &operands, &attrs)
    }

    /// eˣ / Σ eˣ along a dimension.
    #[allow(clippy::too_many_arguments)]
    pub fn softmax(&mut self, x: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::SOFTMAX, &[x], &attrs)
    }

    /// x - ln Σ eˣ along a dimension.
    #[allow(clippy::too_many_arguments)]
    pub fn log_softmax(&mut self, x: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::LOG_SOFTMAX, &[x], &attrs)
    }

    /// x / √(Σ x² + 1e-12) over the last dimension.
    #[allow(clippy::too_many_arguments)]
    pub fn l2_normalize(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::L2_NORMALIZE, &[x], &[])
    }

    /// x \[.., n\] normalised over its last dimension, times gamma \[n\], plus beta \[n\].
    #[allow(clippy::too_many_arguments)]
    pub fn layer_norm(&mut self, a: Var, b: Var, c: Var, epsilon: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("epsilon", epsilon));
        self.op_one(codes::LAYER_NORM, &[a, b, c], &attrs)
    }

    /// Zeroes elements while training and scales the rest by 1 / (1 - p).
    #[allow(clippy::too_many_arguments)]
    pub fn dropout(&mut self, x: Var, p: f64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::float("p", p));
        self.op_one(codes::DROPOUT, &[x], &attrs)
    }

    /// The largest of each window of \[B, C, H, W\].
    #[allow(clippy::too_many_arguments)]
    pub fn max_pool(
        &mut self,
        x: Var,
        kernel: i64,
        stride: Option<i64>,
        padding: i64,
    ) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("kernel", kernel));
        if let Some(value) = stride {
            attrs.push(attr::int("stride", value));
        }
        attrs.push(attr::int("padding", padding));
        self.op_one(codes::MAX_POOL, &[x], &attrs)
    }

    /// The mean of each window of \[B, C, H, W\], padding counted.
    #[allow(clippy::too_many_arguments)]
    pub fn avg_pool(
        &mut self,
        x: Var,
        kernel: i64,
        stride: Option<i64>,
        padding: i64,
    ) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("kernel", kernel));
        if let Some(value) = stride {
            attrs.push(attr::int("stride", value));
        }
        attrs.push(attr::int("padding", padding));
        self.op_one(codes::AVG_POOL, &[x], &attrs)
    }

    /// The mean over the places of a map: \[B, C, H, W\] → \[B, C\].
    #[allow(clippy::too_many_arguments)]
    pub fn global_avg_pool(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::GLOBAL_AVG_POOL, &[x], &[])
    }

    /// The sum along dimensions.
    #[allow(clippy::too_many_arguments)]
    pub fn sum(&mut self, x: Var, dims: &[i64], keep: bool) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        attrs.push(attr::switch("keep", keep));
        self.op_one(codes::SUM, &[x], &attrs)
    }

    /// The mean along dimensions.
    #[allow(clippy::too_many_arguments)]
    pub fn mean(&mut self, x: Var, dims: &[i64], keep: bool) -> Result<Var> {
        let mut attrs = Vec::new();
        if !dims.is_empty() {
            attrs.push(attr::ints("dims", dims));
        }
        attrs.push(attr::switch("keep", keep));
        self.op_one(codes::MEAN, &[x], &attrs)
    }

    /// The mean of everything: \[1\].
    #[allow(clippy::too_many_arguments)]
    pub fn mean_all(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::MEAN_ALL, &[x], &[])
    }

    /// The index of the largest along a dimension, which stays with size 1; whole numbers.
    #[allow(clippy::too_many_arguments)]
    pub fn argmax(&mut self, x: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::ARGMAX, &[x], &attrs)
    }

    /// The same elements in other sizes.
    #[allow(clippy::too_many_arguments)]
    pub fn reshape(&mut self, x: Var, shape: &[Size]) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::sizes("shape", shape));
        self.op_one(codes::RESHAPE, &[x], &attrs)
    }

    /// \[B, …\] → \[B, n\].
    #[allow(clippy::too_many_arguments)]
    pub fn flatten(&mut self, x: Var) -> Result<Var> {
        self.op_one(codes::FLATTEN, &[x], &[])
    }

    /// A new order of dimensions.
    #[allow(clippy::too_many_arguments)]
    pub fn permute(&mut self, x: Var, order: &[i64]) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::ints("order", order));
        self.op_one(codes::PERMUTE, &[x], &attrs)
    }

    /// Two dimensions exchanged.
    #[allow(clippy::too_many_arguments)]
    pub fn transpose(&mut self, x: Var, a: i64, b: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("a", a));
        attrs.push(attr::int("b", b));
        self.op_one(codes::TRANSPOSE, &[x], &attrs)
    }

    /// Sizes of 1 repeated.
    #[allow(clippy::too_many_arguments)]
    pub fn expand(&mut self, x: Var, shape: &[Size]) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::sizes("shape", shape));
        self.op_one(codes::EXPAND, &[x], &attrs)
    }

    /// One after the other along a dimension.
    #[allow(clippy::too_many_arguments)]
    pub fn concat(&mut self, xs: &[Var], dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::CONCAT, xs, &attrs)
    }

    /// `start .. start + size` along a dimension.
    #[allow(clippy::too_many_arguments)]
    pub fn slice(
        &mut self,
        x: Var,
        dim: i64,
        start: impl Into<Size>,
        size: impl Into<Size>,
    ) -> Result<Var> {
        let start = start.into();
        let size = size.into();
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        attrs.push(attr::size("start", &start));
        attrs.push(attr::size("size", &size));
        self.op_one(codes::SLICE, &[x], &attrs)
    }

    /// x's elements at the index along a dimension; the index has x's sizes elsewhere.
    #[allow(clippy::too_many_arguments)]
    pub fn gather(&mut self, a: Var, b: Var, dim: i64) -> Result<Var> {
        let mut attrs = Vec::new();
        attrs.push(attr::int("dim", dim));
        self.op_one(codes::GATHER, &[a, b], &attrs)
    }

    /// The mean of -log softmax(logits)\[target\]: logits \[R, C\], targets \[R\] → \[1\].
    #[allow(clippy::too_many_arguments)]
    pub fn cross_entropy(&mut self, a: Var, b: Var) -> Result<Var> {
        self.op_one(codes::CROSS_ENTROPY, &[a, b], &[])
    }

    /// The fraction of rows whose largest score is the target's: logits \[R, C\], targets \[R\] → \[1\].
    #[allow(clippy::too_many_arguments)]
    pub fn accuracy(&mut self, a: Var, b: Var) -> Result<Var> {
        self.op_one(codes::ACCURACY, &[a, b], &[])
    }

    /// Uniform numbers in 0..1, another draw in each batch.
    #[allow(clippy::too_many_arguments)]
    pub fn random_uniform(&mut self, shape: &[Size]) -> Var {
        let mut attrs = Vec::new();
        attrs.push(attr::sizes("shape", shape));
        self.op_one(codes::RANDOM_UNIFORM, &[], &attrs)
            .unwrap_or(Var::NONE)
    }

    /// Standard normal numbers, another draw in each batch.
    #[allow(clippy::too_many_arguments)]
    pub fn random_normal(&mut self, shape: &[Size]) -> Var {
        let mut attrs = Vec::new();
        attrs.push(attr::sizes("shape", shape));
        self.op_one(codes::RANDOM_NORMAL, &[], &attrs)
            .unwrap_or(Var::NONE)
    }

    /// 0..n in a random order, another one in each batch: \[n\] whole numbers.
    #[allow(clippy::too_many_arguments)]
    pub fn random_order(&mut self, n: impl Into<Size>) -> Var {
        let n = n.into();
        let mut attrs = Vec::new();
        attrs.push(attr::size("n", &n));
        self.op_one(codes::RANDOM_ORDER, &[], &attrs)
            .unwrap_or(Var::NONE)
    }

    /// Where each sample of the batch stands in the split: \[B\] whole numbers.
    #[allow(clippy::too_many_arguments)]
    pub fn index(&mut self) -> Var {
        self.op_one(codes::INDEX, &[], &[]).unwrap_or(Var::NONE)
    }
}

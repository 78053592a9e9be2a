//! Reductions along dimensions.

use super::super::{DType, Graph, Op, Shape, Size, Var, show};
use crate::catalog::Result;

/// What becomes of the elements along the reduced dimensions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Their variance: divided by n − `correction`.
    Variance {
        /// 1 for the unbiased one, 0 for the mean square.
        correction: usize,
    },
    /// √(variance + ε)
    Std {
        /// 1 for the unbiased one, 0 for the mean square.
        correction: usize,
        /// Keeps the gradient finite where all are equal.
        epsilon: f64,
    },
    /// (Σ |x|ᵖ)^(1/p); for p = 2 √(Σ x² + ε).
    Norm {
        /// 1 and 2 are usual.
        p: f64,
        /// Keeps the gradient finite at zero.
        epsilon: f64,
    },
    /// ln Σ eˣ
    LogSumExp,
}

impl Graph {
    /// One number for all elements along `dims`. They stay with size 1 where `keep`, else they go; what would have no
    /// dimension left is `[1]`.
    pub fn reduce(
        &mut self,
        reduction: Reduction,
        x: Var,
        dims: &[usize],
        keep: bool,
    ) -> Result<Var> {
        let mut dims = dims.to_vec();
        dims.sort_unstable();
        dims.dedup();
        if !keep && dims.len() == self.shape(x).len() {
            // nothing is left: one sum, in a fixed order
            match reduction {
                Reduction::Sum => return self.sum_all(x),
                Reduction::Mean => return self.mean_all(x),
                _ => {}
            }
        }
        let y = self.reduce_kept(reduction, x, &dims)?;
        if keep {
            return Ok(y);
        }
        self.without(y, &dims)
    }

    fn reduce_kept(&mut self, reduction: Reduction, x: Var, dims: &[usize]) -> Result<Var> {
        let mut each = |x: Var, f: fn(&mut Self, Var, usize) -> Result<Var>| {
            dims.iter().try_fold(x, |x, dim| f(self, x, *dim))
        };
        match reduction {
            Reduction::Sum => each(x, Self::sum),
            Reduction::Mean => each(x, Self::mean),
            Reduction::Max => each(x, Self::max),
            Reduction::Min => each(x, Self::min),
            Reduction::Variance { correction } => self.variance(x, dims, correction),
            Reduction::Std {
                correction,
                epsilon,
            } => {
                let variance = self.variance(x, dims, correction)?;
                let variance = self.add_scalar(variance, epsilon)?;
                self.sqrt(variance)
            }
            Reduction::Norm { p, epsilon } => self.norm(x, dims, p, epsilon),
            Reduction::LogSumExp => {
                let largest = each(x, Self::max)?;
                let largest = self.stop_gradient(largest)?;
                let shifted = self.sub(x, largest)?;
                let parts = self.exp(shifted)?;
                let sum = self.reduce_kept(Reduction::Sum, parts, dims)?;
                let log = self.log(sum)?;
                self.add(log, largest)
            }
        }
    }

    /// Σ (x − mean)² / (n − correction)
    fn variance(&mut self, x: Var, dims: &[usize], correction: usize) -> Result<Var> {
        let mean = self.reduce_kept(Reduction::Mean, x, dims)?;
        let centred = self.sub(x, mean)?;
        let square = self.mul(centred, centred)?;
        if correction == 0 {
            return self.reduce_kept(Reduction::Mean, square, dims);
        }
        let sum = self.reduce_kept(Reduction::Sum, square, dims)?;
        let n = dims
            .iter()
            .fold(Size::fixed(1), |n, dim| &n * &self.shape(x)[*dim]);
        let free = &n - &Size::fixed(correction);
        match free.known() {
            Some(0) => Err(self.shape_problem(format!(
                "variance: {n} elements are too few to be divided by n - {correction}"
            ))),
            Some(free) => self.mul_scalar(sum, 1.0 / free as f64),
            None => {
                let free = self.count(free);
                self.div(sum, free)
            }
        }
    }

    fn norm(&mut self, x: Var, dims: &[usize], p: f64, epsilon: f64) -> Result<Var> {
        if p == 2.0 {
            let square = self.mul(x, x)?;
            let sum = self.reduce_kept(Reduction::Sum, square, dims)?;
            let sum = self.add_scalar(sum, epsilon)?;
            return self.sqrt(sum);
        }
        if p.is_nan() || p <= 0.0 {
            return Err(self.shape_problem(format!("norm: p is positive, not {p}")));
        }
        let size = self.abs(x)?;
        if p == 1.0 {
            return self.reduce_kept(Reduction::Sum, size, dims);
        }
        if p.is_infinite() {
            return self.reduce_kept(Reduction::Max, size, dims);
        }
        let power = self.pow(size, p)?;
        let sum = self.reduce_kept(Reduction::Sum, power, dims)?;
        let sum = self.add_scalar(sum, epsilon)?;
        self.pow(sum, 1.0 / p)
    }

    /// The sum along a dimension, which stays with size 1.
    pub fn sum(&mut self, x: Var, dim: usize) -> Result<Var> {
        self.along("sum", Op::Sum(dim), x, dim, DType::F32)
    }

    /// The mean along a dimension, which stays with size 1.
    pub fn mean(&mut self, x: Var, dim: usize) -> Result<Var> {
        self.along("mean", Op::Mean(dim), x, dim, DType::F32)
    }

    /// The largest along a dimension, which stays with size 1.
    pub fn max(&mut self, x: Var, dim: usize) -> Result<Var> {
        self.along("max", Op::Max(dim), x, dim, DType::F32)
    }

    /// The smallest along a dimension, which stays with size 1.
    pub fn min(&mut self, x: Var, dim: usize) -> Result<Var> {
        self.along("min", Op::Min(dim), x, dim, DType::F32)
    }

    /// The sum of everything: `[1]`.
    pub fn sum_all(&mut self, x: Var) -> Result<Var> {
        self.want_float("sum_all", x)?;
        Ok(self.push(Op::SumAll, vec![x], vec![1.into()], DType::F32))
    }

    /// The mean of everything: `[1]`.
    pub fn mean_all(&mut self, x: Var) -> Result<Var> {
        self.want_float("mean_all", x)?;
        Ok(self.push(Op::MeanAll, vec![x], vec![1.into()], DType::F32))
    }

    /// The index of the largest element along a dimension, which stays with size 1.
    pub fn argmax(&mut self, x: Var, dim: usize) -> Result<Var> {
        self.along("argmax", Op::Argmax(dim), x, dim, DType::Int)
    }

    /// The index of the smallest element along a dimension, which stays with size 1.
    pub fn argmin(&mut self, x: Var, dim: usize) -> Result<Var> {
        let negative = self.neg(x)?;
        self.argmax(negative, dim)
    }

    /// The place of a dimension that may be counted from the end: −1 is the last one.
    pub fn dim(&self, name: &str, x: Var, dim: i64) -> Result<usize> {
        let rank = self.shape(x).len() as i64;
        let place = if dim < 0 { dim + rank } else { dim };
        if (0..rank).contains(&place) {
            return Ok(place as usize);
        }
        Err(self.shape_problem(format!(
            "{name}: {} has no dimension {dim}",
            show(self.shape(x))
        )))
    }

    /// Without dimensions whose size is 1.
    fn without(&mut self, x: Var, dims: &[usize]) -> Result<Var> {
        let mut shape: Shape = self
            .shape(x)
            .iter()
            .enumerate()
            .filter(|(dim, _)| !dims.contains(dim))
            .map(|(_, size)| size.clone())
            .collect();
        if shape.is_empty() {
            shape.push(1.into());
        }
        self.reshape(x, shape)
    }

    fn along(&mut self, name: &str, op: Op, x: Var, dim: usize, dtype: DType) -> Result<Var> {
        self.want_float(name, x)?;
        self.want_dim(name, x, dim)?;
        let mut shape = self.shape(x).clone();
        shape[dim] = 1.into();
        Ok(self.push(op, vec![x], shape, dtype))
    }
}

//! Reductions along dimensions.

use super::{DType, Graph, Op, Shape, Var, show};
use crate::catalog::Result;

/// What becomes of the elements along the reduced dimensions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
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
        let mut y = x;
        for dim in &dims {
            y = match reduction {
                Reduction::Sum => self.sum(y, *dim)?,
                Reduction::Mean => self.mean(y, *dim)?,
            };
        }
        if keep {
            return Ok(y);
        }
        self.without(y, &dims)
    }

    /// The sum along a dimension, which stays with size 1.
    pub fn sum(&mut self, x: Var, dim: usize) -> Result<Var> {
        self.along("sum", Op::Sum(dim), x, dim, DType::F32)
    }

    /// The mean along a dimension, which stays with size 1.
    pub fn mean(&mut self, x: Var, dim: usize) -> Result<Var> {
        self.along("mean", Op::Mean(dim), x, dim, DType::F32)
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

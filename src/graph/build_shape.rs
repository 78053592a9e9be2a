//! Methods that move elements without computing, and the checks that the other methods share.

use super::{DType, Graph, Op, Shape, Size, Var, elements, show};
use crate::catalog::{Problem, Result};

impl Graph {
    /// The same elements in other sizes.
    pub fn reshape(&mut self, x: Var, shape: Shape) -> Result<Var> {
        let from = self.shape(x).clone();
        if elements(&from) != elements(&shape) {
            return Err(self.shape_problem(format!(
                "can't give {} the shape {}: {} elements against {}",
                show(&from),
                show(&shape),
                elements(&from),
                elements(&shape)
            )));
        }
        if from == shape {
            return Ok(x);
        }
        let dtype = self.node(x).dtype;
        Ok(self.push(Op::Reshape, vec![x], shape, dtype))
    }

    /// Everything behind the first dimension in one: `[B, …]` → `[B, n]`.
    pub fn flatten(&mut self, x: Var) -> Result<Var> {
        let shape = self.shape(x).clone();
        if shape.is_empty() {
            return Err(self.shape_problem("flatten takes a batch, not a single number"));
        }
        let features = elements(&shape[1..]);
        self.reshape(x, vec![shape[0].clone(), features])
    }

    /// A new order of dimensions.
    pub fn permute(&mut self, x: Var, order: &[usize]) -> Result<Var> {
        let from = self.shape(x).clone();
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..from.len()) {
            return Err(self.shape_problem(format!(
                "{order:?} is not an order of the {} dimensions of {}",
                from.len(),
                show(&from)
            )));
        }
        let shape = order.iter().map(|i| from[*i].clone()).collect();
        let dtype = self.node(x).dtype;
        Ok(self.push(Op::Permute(order.to_vec()), vec![x], shape, dtype))
    }

    /// Two dimensions exchanged.
    pub fn transpose(&mut self, x: Var, a: usize, b: usize) -> Result<Var> {
        self.want_dim("transpose", x, a)?;
        self.want_dim("transpose", x, b)?;
        let mut order: Vec<usize> = (0..self.shape(x).len()).collect();
        order.swap(a, b);
        self.permute(x, &order)
    }

    /// Sizes of 1 repeated up to `shape`.
    pub fn expand(&mut self, x: Var, shape: Shape) -> Result<Var> {
        let from = self.shape(x).clone();
        let one = Size::fixed(1);
        let fits =
            from.len() == shape.len() && from.iter().zip(&shape).all(|(a, b)| a == b || *a == one);
        if !fits {
            return Err(self.shape_problem(format!(
                "can't repeat {} up to {}",
                show(&from),
                show(&shape)
            )));
        }
        let dtype = self.node(x).dtype;
        Ok(self.push(Op::Expand, vec![x], shape, dtype))
    }

    /// One after the other along a dimension; all other sizes are equal.
    pub fn concat(&mut self, parts: &[Var], dim: usize) -> Result<Var> {
        let Some(first) = parts.first().copied() else {
            return Err(self.shape_problem("concat takes at least one tensor"));
        };
        self.want_dim("concat", first, dim)?;
        if parts.len() == 1 {
            return Ok(first);
        }
        let mut shape = self.shape(first).clone();
        let dtype = self.node(first).dtype;
        for part in &parts[1..] {
            let other = self.shape(*part);
            let fits = other.len() == shape.len()
                && (0..shape.len()).all(|i| i == dim || shape[i] == other[i])
                && self.node(*part).dtype == dtype;
            if !fits {
                return Err(self
                    .unequal("concatenate", first, *part)
                    .note(format!("sizes must be equal except along dimension {dim}")));
            }
            shape[dim] = &shape[dim] + &other[dim];
        }
        Ok(self.push(Op::Concat(dim), parts.to_vec(), shape, dtype))
    }

    /// `start..start + size` along a dimension.
    pub fn slice(&mut self, x: Var, dim: usize, start: Size, size: Size) -> Result<Var> {
        self.want_dim("slice", x, dim)?;
        let mut shape = self.shape(x).clone();
        let end = &start + &size;
        // polynomials with whole coefficients: small and large batches tell
        if [1, 2, 1 << 20]
            .iter()
            .any(|b| end.at(*b) > shape[dim].at(*b))
        {
            return Err(self.shape_problem(format!(
                "{} has no elements {start}..{end} along dimension {dim}",
                show(&shape)
            )));
        }
        shape[dim] = size;
        let dtype = self.node(x).dtype;
        Ok(self.push(Op::Slice { dim, start }, vec![x], shape, dtype))
    }

    pub(super) fn want_dim(&self, name: &str, x: Var, dim: usize) -> Result<()> {
        if dim < self.shape(x).len() {
            return Ok(());
        }
        Err(self.shape_problem(format!(
            "{name}: {} has no dimension {dim}",
            show(self.shape(x))
        )))
    }

    pub(super) fn want_float(&self, name: &str, x: Var) -> Result<()> {
        self.want(name, x, DType::F32, "takes numbers, not labels or indices")
    }

    pub(super) fn want_int(&self, name: &str, x: Var) -> Result<()> {
        self.want(
            name,
            x,
            DType::Int,
            "takes labels or indices, not real numbers",
        )
    }

    fn want(&self, name: &str, x: Var, dtype: DType, why: &str) -> Result<()> {
        if self.node(x).dtype == dtype {
            return Ok(());
        }
        Err(self.shape_problem(format!("{name} {why}")))
    }

    /// Two shapes that an operation can't bring together.
    pub(super) fn unequal(&self, verb: &str, a: Var, b: Var) -> Problem {
        self.shape_problem(format!(
            "can't {verb} {} and {}",
            show(self.shape(a)),
            show(self.shape(b))
        ))
    }
}

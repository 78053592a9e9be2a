//! Choices by index, by condition and by order.

use super::super::{Comparison, DType, Graph, Op, Shape, Size, Var, elements, show};
use crate::catalog::Result;

impl Graph {
    /// x's elements at `index` along a dimension; `index` has x's rank and sizes, but along `dim`.
    pub fn gather(&mut self, x: Var, index: Var, dim: usize) -> Result<Var> {
        self.want_int("gather", index)?;
        self.want_dim("gather", x, dim)?;
        self.check_index(x, index, dim)?;
        let (shape, dtype) = (self.shape(index).clone(), self.node(x).dtype);
        Ok(self.push(Op::Gather(dim), vec![x, index], shape, dtype))
    }

    /// x with `values` added at `index` along a dimension; values for one place add up. `index` and `values` have one shape:
    /// x's, but along `dim`.
    pub fn scatter_add(&mut self, x: Var, index: Var, values: Var, dim: usize) -> Result<Var> {
        self.want_int("scatter_add", index)?;
        self.want_dim("scatter_add", x, dim)?;
        self.check_index(x, index, dim)?;
        let dtype = self.node(x).dtype;
        if self.shape(index) != self.shape(values) || self.node(values).dtype != dtype {
            return Err(self
                .unequal("scatter", values, index)
                .note("there is one index for each value, and values are of x's kind"));
        }
        let shape = self.shape(x).clone();
        Ok(self.push(Op::ScatterAdd(dim), vec![x, index, values], shape, dtype))
    }

    /// x's slices at `index` along a dimension, whose place the sizes of `index` take: rows of a table, an embedding.
    pub fn take(&mut self, x: Var, index: Var, dim: usize) -> Result<Var> {
        self.want_int("take", index)?;
        self.want_dim("take", x, dim)?;
        let (from, places) = (self.shape(x).clone(), self.shape(index).clone());
        let flat = self.reshape(index, vec![elements(&places)])?;
        let mut shape = from.clone();
        shape[dim] = elements(&places);
        let dtype = self.node(x).dtype;
        let taken = self.push(Op::Take(dim), vec![x, flat], shape, dtype);
        let mut shape: Shape = from[..dim].to_vec();
        shape.extend(places);
        shape.extend_from_slice(&from[dim + 1..]);
        self.reshape(taken, shape)
    }

    /// `weight [V, D]`, `index [..]` → `[.., D]`
    pub fn embedding(&mut self, weight: Var, index: Var) -> Result<Var> {
        if self.shape(weight).len() != 2 {
            return Err(self.shape_problem(format!(
                "embedding takes a table [V, D], not {}",
                show(self.shape(weight))
            )));
        }
        self.take(weight, index, 0)
    }

    /// Each sample's own rows: `x [B, N, ..]`, `index [B, K]` → `[B, K, ..]`.
    pub fn gather_rows(&mut self, x: Var, index: Var) -> Result<Var> {
        let (from, places) = (self.shape(x).clone(), self.shape(index).clone());
        if from.len() < 2 || places.len() != 2 || from[0] != places[0] {
            return Err(self.shape_problem(format!(
                "gather_rows takes [B, N, ..] and indices [B, K], not {} and {}",
                show(&from),
                show(&places)
            )));
        }
        let Some(rows) = from[1].known() else {
            return Err(self.shape_problem(format!(
                "gather_rows: the number of rows in {} is not fixed",
                show(&from)
            )));
        };
        self.want_int("gather_rows", index)?;
        // row i of sample b is row b N + i of all
        let sample = self.arange(from[0].clone());
        let sample = self.mul_scalar(sample, rows as f64)?;
        let sample = self.unsqueeze(sample, 1)?; // [B, 1]
        let index = self.add(index, sample)?; // [B, K]
        let mut flat = vec![&from[0] * &from[1]];
        flat.extend_from_slice(&from[2..]);
        let flat = self.reshape(x, flat)?; // [B N, ..]
        self.take(flat, index, 0)
    }

    /// 1.0 at the index, 0.0 elsewhere: `index [..]` → `[.., n]`.
    pub fn one_hot(&mut self, index: Var, n: Size) -> Result<Var> {
        self.want_int("one_hot", index)?;
        let rank = self.shape(index).len();
        let index = self.unsqueeze(index, rank)?; // [.., 1]
        let places = self.arange(n); // [n]
        self.compare(Comparison::Equal, index, places)
    }

    /// a where `condition` is not 0, b elsewhere; sizes of 1 are repeated.
    pub fn select(&mut self, condition: Var, a: Var, b: Var) -> Result<Var> {
        let dtype = self.node(a).dtype;
        if dtype != self.node(b).dtype {
            return Err(self
                .unequal("choose between", a, b)
                .note("one holds numbers, the other labels or indices"));
        }
        let both = self.broadcast("choose between", a, b)?;
        let rank = both.len().max(self.shape(condition).len());
        let (condition, a, b) = (
            self.raise(condition, rank)?,
            self.raise(a, rank)?,
            self.raise(b, rank)?,
        );
        let x = self.broadcast("choose by", condition, a)?;
        let y = self.broadcast("choose by", condition, b)?;
        let one = Size::fixed(1);
        let shape: Shape = x
            .into_iter()
            .zip(y)
            .map(|(x, y)| if x == one { y } else { x })
            .collect();
        let inputs = [condition, a, b]
            .into_iter()
            .map(|var| self.expand(var, shape.clone()))
            .collect::<Result<_>>()?;
        Ok(self.push(Op::Where, inputs, shape, dtype))
    }

    /// The indices that sort along a dimension; equal elements keep their order. No gradient flows back.
    pub fn argsort(&mut self, x: Var, dim: usize, descending: bool) -> Result<Var> {
        self.want_dim("argsort", x, dim)?;
        let last = self.shape(x).len() - 1;
        let x = if dim == last {
            x
        } else {
            self.transpose(x, dim, last)?
        };
        let shape = self.shape(x).clone();
        let order = self.push(Op::Argsort { descending }, vec![x], shape, DType::Int);
        if dim == last {
            return Ok(order);
        }
        self.transpose(order, dim, last)
    }

    /// Sorted along a dimension, and where each came from.
    pub fn sort(&mut self, x: Var, dim: usize, descending: bool) -> Result<(Var, Var)> {
        let order = self.argsort(x, dim, descending)?;
        Ok((self.gather(x, order, dim)?, order))
    }

    /// The k largest along a dimension, largest first, and where they stand.
    pub fn topk(&mut self, x: Var, k: usize, dim: usize) -> Result<(Var, Var)> {
        let order = self.argsort(x, dim, true)?;
        let best = self.slice(order, dim, 0.into(), k.into())?;
        Ok((self.gather(x, best, dim)?, best))
    }

    fn check_index(&self, x: Var, index: Var, dim: usize) -> Result<()> {
        let (from, shape) = (self.shape(x), self.shape(index));
        if from.len() == shape.len() && (0..from.len()).all(|i| i == dim || from[i] == shape[i]) {
            return Ok(());
        }
        Err(self.shape_problem(format!(
            "can't choose from {} along dimension {dim} by indices of {}",
            show(from),
            show(shape)
        )))
    }
}

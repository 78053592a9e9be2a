//! Methods that move elements without computing.

use super::super::{DType, Graph, Op, Shape, Size, Var, elements, show};
use crate::catalog::Result;

/// The most pieces that [`Graph::split`] makes: each is a node.
const MAX_PIECES: usize = 4096;

/// What stands beyond the edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Padding {
    /// This number.
    Constant(f64),
    /// The outermost element again.
    Edge,
    /// A mirror at the outermost element, which is not repeated.
    Reflect,
}

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
        self.want_rank("reshape", &shape)?;
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
        if from == shape {
            return Ok(x);
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

    /// A dimension of size 1 before the dimension `dim`; at the end for `dim` = rank.
    pub fn unsqueeze(&mut self, x: Var, dim: usize) -> Result<Var> {
        let mut shape = self.shape(x).clone();
        if dim > shape.len() {
            return Err(self.shape_problem(format!(
                "unsqueeze: {} has no place {dim} for a dimension",
                show(&shape)
            )));
        }
        shape.insert(dim, 1.into());
        self.reshape(x, shape)
    }

    /// Without a dimension of size 1.
    pub fn squeeze(&mut self, x: Var, dim: usize) -> Result<Var> {
        self.want_dim("squeeze", x, dim)?;
        let mut shape = self.shape(x).clone();
        if shape.remove(dim) != Size::fixed(1) || shape.is_empty() {
            return Err(self.shape_problem(format!(
                "squeeze: dimension {dim} of {} can't go",
                show(self.shape(x))
            )));
        }
        self.reshape(x, shape)
    }

    /// Tensors of one shape along a dimension of their own: n times `[..]` → `[.., n, ..]`.
    pub fn stack(&mut self, parts: &[Var], dim: usize) -> Result<Var> {
        let parts: Vec<Var> = parts
            .iter()
            .map(|part| self.unsqueeze(*part, dim))
            .collect::<Result<_>>()?;
        self.concat(&parts, dim)
    }

    /// `parts` equal pieces along a dimension.
    pub fn split(&mut self, x: Var, dim: usize, parts: usize) -> Result<Vec<Var>> {
        self.want_dim("split", x, dim)?;
        if parts > MAX_PIECES {
            return Err(self.shape_problem(format!(
                "split: {parts} parts are more than the {MAX_PIECES} that there may be"
            )));
        }
        let whole = self.shape(x)[dim].clone();
        let Some(size) = whole.divided(parts).filter(|size| size.at(1) > 0) else {
            return Err(self.shape_problem(format!(
                "split: dimension {dim} of {} can't be cut into {parts} equal parts",
                show(self.shape(x))
            )));
        };
        self.split_sizes(x, dim, &vec![size; parts])
    }

    /// Pieces of these sizes along a dimension; together they are the whole.
    pub fn split_sizes(&mut self, x: Var, dim: usize, sizes: &[Size]) -> Result<Vec<Var>> {
        self.want_dim("split", x, dim)?;
        let total = sizes.iter().fold(Size::fixed(0), |sum, size| &sum + size);
        if sizes.is_empty() || total != self.shape(x)[dim] {
            return Err(self.shape_problem(format!(
                "split: {} are not the whole of dimension {dim} of {}",
                show(sizes),
                show(self.shape(x))
            )));
        }
        let mut start = Size::fixed(0);
        let mut pieces = Vec::with_capacity(sizes.len());
        for size in sizes {
            pieces.push(self.slice(x, dim, start.clone(), size.clone())?);
            start = &start + size;
        }
        Ok(pieces)
    }

    /// Every `step`-th of `start..start + size` along a dimension, the first one included.
    pub fn slice_step(
        &mut self,
        x: Var,
        dim: usize,
        start: Size,
        size: usize,
        step: usize,
    ) -> Result<Var> {
        if step == 0 {
            return Err(self.shape_problem("slice: a step of 0 goes nowhere"));
        }
        let x = self.slice(x, dim, start, size.into())?;
        if step == 1 {
            return Ok(x);
        }
        let index = self.arange(size.div_ceil(step).into());
        let index = self.mul_scalar(index, step as f64)?;
        self.take(x, index, dim)
    }

    /// The whole tensor again and again along a dimension.
    pub fn repeat(&mut self, x: Var, dim: usize, times: usize) -> Result<Var> {
        self.want_dim("repeat", x, dim)?;
        if times == 0 {
            return Err(self.shape_problem("repeat: 0 times is nothing"));
        }
        let shape = self.shape(x).clone();
        let mut wide = shape.clone();
        wide.insert(dim, times.into());
        let once = self.unsqueeze(x, dim)?;
        let many = self.expand(once, wide)?;
        let mut flat = shape;
        flat[dim] = &flat[dim] * &Size::fixed(times);
        self.reshape(many, flat)
    }

    /// Backwards along dimensions.
    pub fn flip(&mut self, x: Var, dims: &[usize]) -> Result<Var> {
        for dim in dims {
            self.want_dim("flip", x, *dim)?;
        }
        let mut dims = dims.to_vec();
        dims.sort_unstable();
        dims.dedup();
        if dims.is_empty() {
            return Ok(x);
        }
        let (shape, dtype) = (self.shape(x).clone(), self.node(x).dtype);
        Ok(self.push(Op::Flip(dims), vec![x], shape, dtype))
    }

    /// Everything moved by `shift` places towards larger indices along a dimension; what leaves comes in at the other end.
    pub fn roll(&mut self, x: Var, dim: usize, shift: i64) -> Result<Var> {
        self.want_dim("roll", x, dim)?;
        let whole = self.shape(x)[dim].clone();
        let one = Size::fixed(1);
        // where the last part begins, which goes to the front
        let cut = match (whole.known(), shift) {
            (Some(0), _) | (_, 0) => return Ok(x),
            (Some(n), _) => ((-shift).rem_euclid(n as i64) as usize).into(),
            (None, 1) => &whole - &one,
            (None, -1) => one,
            (None, _) => {
                return Err(self.shape_problem(format!(
                    "roll: dimension {dim} of {} depends on the batch, so it can be moved by 1 or -1 only",
                    show(self.shape(x))
                )));
            }
        };
        if cut == Size::fixed(0) {
            return Ok(x);
        }
        let rest = &whole - &cut;
        let front = self.slice(x, dim, cut.clone(), rest)?;
        let back = self.slice(x, dim, 0.into(), cut)?;
        self.concat(&[front, back], dim)
    }

    /// Quarter turns against the clock of the last two dimensions, rows and columns.
    pub fn rotate(&mut self, x: Var, turns: i64) -> Result<Var> {
        let rank = self.shape(x).len();
        if rank < 2 {
            return Err(self.shape_problem("rotate takes rows and columns in its last dimensions"));
        }
        let (rows, columns) = (rank - 2, rank - 1);
        match turns.rem_euclid(4) {
            0 => Ok(x),
            1 => {
                let x = self.transpose(x, rows, columns)?;
                self.flip(x, &[rows])
            }
            2 => self.flip(x, &[rows, columns]),
            _ => {
                let x = self.transpose(x, rows, columns)?;
                self.flip(x, &[columns])
            }
        }
    }

    /// `before` and `after` elements more along a dimension.
    pub fn pad(
        &mut self,
        x: Var,
        dim: usize,
        before: usize,
        after: usize,
        padding: Padding,
    ) -> Result<Var> {
        self.want_dim("pad", x, dim)?;
        let whole = self.shape(x)[dim].clone();
        if padding == Padding::Reflect && whole.known().is_none_or(|n| n <= before.max(after)) {
            return Err(self.shape_problem(format!(
                "pad: {before} and {after} elements can't be mirrored from dimension {dim} of {}",
                show(self.shape(x))
            )));
        }
        let front = self.padding(x, dim, before, true, padding)?;
        let back = self.padding(x, dim, after, false, padding)?;
        let parts: Vec<Var> = [front, Some(x), back].into_iter().flatten().collect();
        self.concat(&parts, dim)
    }

    /// What `pad` puts on one side.
    fn padding(
        &mut self,
        x: Var,
        dim: usize,
        count: usize,
        front: bool,
        padding: Padding,
    ) -> Result<Option<Var>> {
        if count == 0 {
            return Ok(None);
        }
        let whole = self.shape(x)[dim].clone();
        let mut shape = self.shape(x).clone();
        shape[dim] = count.into();
        Ok(Some(match padding {
            Padding::Constant(c) if self.node(x).dtype == DType::F32 => self.full(shape, c)?,
            Padding::Constant(c) => {
                self.want_whole("pad", c)?;
                let numbers = self.full(shape, c)?;
                self.to_int(numbers)?
            }
            Padding::Edge => {
                let last = &whole - &Size::fixed(1);
                let start = if front { 0.into() } else { last };
                let edge = self.slice(x, dim, start, 1.into())?;
                self.expand(edge, shape)?
            }
            Padding::Reflect => {
                let start = if front {
                    1.into()
                } else {
                    &whole - &Size::fixed(count + 1)
                };
                let inside = self.slice(x, dim, start, count.into())?;
                self.flip(inside, &[dim])?
            }
        }))
    }
}

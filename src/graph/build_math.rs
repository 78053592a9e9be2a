//! Arithmetic and choices. Every method adds one node, two where ranks differ.

use super::{Binary, DType, Graph, Op, Shape, Size, Unary, Var, show};
use crate::catalog::Result;

impl Graph {
    /// A function of each element; `x` is f32.
    pub fn unary(&mut self, function: Unary, x: Var) -> Result<Var> {
        self.want_float(&format!("{function:?}").to_lowercase(), x)?;
        self.same(Op::Unary(function), x)
    }

    /// max(x, 0)
    pub fn relu(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Relu, x)
    }

    /// x Φ(x)
    pub fn gelu(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Gelu, x)
    }

    /// eˣ
    pub fn exp(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Exp, x)
    }

    /// ln x
    pub fn log(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Log, x)
    }

    /// √x
    pub fn sqrt(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Sqrt, x)
    }

    /// A function of two tensors; sizes are equal, or one of them is 1 and is repeated. The tensor of lower rank gets
    /// sizes of 1 in front.
    pub fn binary(&mut self, function: Binary, a: Var, b: Var) -> Result<Var> {
        let name = format!("{function:?}").to_lowercase();
        self.want_float(&name, a)?;
        self.want_float(&name, b)?;
        let shape = self.broadcast(&name, a, b)?;
        let rank = shape.len();
        let a = self.raise(a, rank)?;
        let b = self.raise(b, rank)?;
        Ok(self.push(Op::Binary(function), vec![a, b], shape, DType::F32))
    }

    /// a + b
    pub fn add(&mut self, a: Var, b: Var) -> Result<Var> {
        self.binary(Binary::Add, a, b)
    }

    /// a − b
    pub fn sub(&mut self, a: Var, b: Var) -> Result<Var> {
        self.binary(Binary::Sub, a, b)
    }

    /// a b, element by element
    pub fn mul(&mut self, a: Var, b: Var) -> Result<Var> {
        self.binary(Binary::Mul, a, b)
    }

    /// a / b
    pub fn div(&mut self, a: Var, b: Var) -> Result<Var> {
        self.binary(Binary::Div, a, b)
    }

    /// x + c
    pub fn add_scalar(&mut self, x: Var, c: f64) -> Result<Var> {
        self.want_float("add_scalar", x)?;
        self.same(Op::AddScalar(c), x)
    }

    /// c x
    pub fn mul_scalar(&mut self, x: Var, c: f64) -> Result<Var> {
        self.want_float("mul_scalar", x)?;
        self.same(Op::MulScalar(c), x)
    }

    /// `[.., m, k] × [.., k, n]` → `[.., m, n]`; leading sizes are equal.
    pub fn matmul(&mut self, a: Var, b: Var) -> Result<Var> {
        self.want_float("matmul", a)?;
        self.want_float("matmul", b)?;
        let (left, right) = (self.shape(a).clone(), self.shape(b).clone());
        let rank = left.len();
        let fits = rank >= 2
            && right.len() == rank
            && left[..rank - 2] == right[..rank - 2]
            && left[rank - 1] == right[rank - 2];
        if !fits {
            return Err(self
                .shape_problem(format!(
                    "can't multiply {} by {}",
                    show(&left),
                    show(&right)
                ))
                .note("a product takes [.., m, k] and [.., k, n] with equal leading sizes"));
        }
        let mut shape = left;
        shape[rank - 1] = right[rank - 1].clone();
        Ok(self.push(Op::MatMul, vec![a, b], shape, DType::F32))
    }

    /// eˣ / Σ eˣ along a dimension.
    pub fn softmax(&mut self, x: Var, dim: usize) -> Result<Var> {
        self.want_float("softmax", x)?;
        self.want_dim("softmax", x, dim)?;
        self.same(Op::Softmax(dim), x)
    }

    /// x − ln Σ eˣ along a dimension.
    pub fn log_softmax(&mut self, x: Var, dim: usize) -> Result<Var> {
        self.want_float("log_softmax", x)?;
        self.want_dim("log_softmax", x, dim)?;
        self.same(Op::LogSoftmax(dim), x)
    }

    /// x's elements at `index` along a dimension; `index` has x's rank and sizes, but along `dim`.
    pub fn gather(&mut self, x: Var, index: Var, dim: usize) -> Result<Var> {
        self.want_float("gather", x)?;
        self.want_int("gather", index)?;
        self.want_dim("gather", x, dim)?;
        let (from, shape) = (self.shape(x).clone(), self.shape(index).clone());
        let fits =
            from.len() == shape.len() && (0..from.len()).all(|i| i == dim || from[i] == shape[i]);
        if !fits {
            return Err(self.shape_problem(format!(
                "can't choose from {} along dimension {dim} by indices of {}",
                show(&from),
                show(&shape)
            )));
        }
        Ok(self.push(Op::Gather(dim), vec![x, index], shape, DType::F32))
    }

    /// 1.0 where two tensors of whole numbers agree, 0.0 elsewhere.
    pub fn equal(&mut self, a: Var, b: Var) -> Result<Var> {
        self.want_int("equal", a)?;
        self.want_int("equal", b)?;
        let shape = self.shape(a).clone();
        if &shape != self.shape(b) {
            return Err(self.unequal("compare", a, b));
        }
        Ok(self.push(Op::Equal, vec![a, b], shape, DType::F32))
    }

    /// The value without its gradient.
    pub fn stop_gradient(&mut self, x: Var) -> Result<Var> {
        let dtype = self.node(x).dtype;
        let shape = self.shape(x).clone();
        Ok(self.push(Op::StopGradient, vec![x], shape, dtype))
    }

    /// Ones on the diagonal: `[n, n]`.
    pub fn eye(&mut self, n: Size) -> Var {
        self.push(
            Op::Eye(n.clone()),
            Vec::new(),
            vec![n.clone(), n],
            DType::F32,
        )
    }

    /// `0, 1, …, n-1`, whole numbers: `[n]`.
    pub fn arange(&mut self, n: Size) -> Var {
        self.push(Op::Arange(n.clone()), Vec::new(), vec![n], DType::Int)
    }

    fn same(&mut self, op: Op, x: Var) -> Result<Var> {
        let shape = self.shape(x).clone();
        Ok(self.push(op, vec![x], shape, DType::F32))
    }

    fn broadcast(&self, name: &str, a: Var, b: Var) -> Result<Shape> {
        let (left, right) = (self.shape(a), self.shape(b));
        let one = Size::fixed(1);
        let rank = left.len().max(right.len());
        let size = |shape: &Shape, i: usize| match (i + shape.len()).checked_sub(rank) {
            Some(i) => shape[i].clone(),
            None => one.clone(),
        };
        (0..rank)
            .map(|i| match (size(left, i), size(right, i)) {
                (l, r) if l == r || r == one => Ok(l),
                (l, r) if l == one => Ok(r),
                _ => Err(self
                    .unequal(name, a, b)
                    .note("sizes must be equal, or one of them 1")),
            })
            .collect()
    }

    /// Sizes of 1 in front, up to `rank`.
    fn raise(&mut self, x: Var, rank: usize) -> Result<Var> {
        let shape = self.shape(x).clone();
        if shape.len() == rank {
            return Ok(x);
        }
        let mut raised: Shape = vec![1.into(); rank - shape.len()];
        raised.extend(shape);
        self.reshape(x, raised)
    }
}

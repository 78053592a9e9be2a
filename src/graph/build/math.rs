//! Arithmetic and choices. Every method adds one node, two where ranks differ.

use super::super::{Binary, Comparison, DType, Graph, Op, Shape, Size, Unary, Var, elements, show};
use crate::catalog::{Problem, Result};

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

    /// |x|
    pub fn abs(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Abs, x)
    }

    /// Hyperbolic tangent.
    pub fn tanh(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Tanh, x)
    }

    /// 1 / (1 + e⁻ˣ)
    pub fn sigmoid(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Sigmoid, x)
    }

    /// ln (1 / (1 + e⁻ˣ))
    pub fn log_sigmoid(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::LogSigmoid, x)
    }

    /// ln (1 + eˣ)
    pub fn softplus(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Softplus, x)
    }

    /// x / (1 + e⁻ˣ)
    pub fn silu(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Silu, x)
    }

    /// Sine of radians.
    pub fn sin(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Sin, x)
    }

    /// Cosine of radians.
    pub fn cos(&mut self, x: Var) -> Result<Var> {
        self.unary(Unary::Cos, x)
    }

    /// −x
    pub fn neg(&mut self, x: Var) -> Result<Var> {
        self.mul_scalar(x, -1.0)
    }

    /// x where it is positive, `slope` x elsewhere.
    pub fn leaky_relu(&mut self, x: Var, slope: f64) -> Result<Var> {
        self.want_float("leaky_relu", x)?;
        self.same(Op::LeakyRelu(slope), x)
    }

    /// xᶜ. A negative x needs a whole exponent.
    pub fn pow(&mut self, x: Var, c: f64) -> Result<Var> {
        self.want_float("pow", x)?;
        self.same(Op::Pow(c), x)
    }

    /// x, but at least `min` and at most `max`; either may be infinite. No gradient flows where it is cut.
    pub fn clamp(&mut self, x: Var, min: f64, max: f64) -> Result<Var> {
        self.want_float("clamp", x)?;
        if min.is_nan() || max.is_nan() || min > max {
            return Err(self.shape_problem(format!("clamp: nothing lies between {min} and {max}")));
        }
        self.same(Op::Clamp { min, max }, x)
    }

    /// What is left of x after whole multiples of c, with c's sign.
    pub fn remainder(&mut self, x: Var, c: f64) -> Result<Var> {
        self.whole_scalar("remainder", x, c)?;
        if c == 0.0 {
            return Err(self.shape_problem("remainder: nothing is left after multiples of 0"));
        }
        self.same(Op::Remainder(c), x)
    }

    /// Whole numbers as real ones.
    pub fn to_float(&mut self, x: Var) -> Result<Var> {
        self.cast(Op::ToFloat, x, DType::F32)
    }

    /// Real numbers as whole ones, cut towards zero; no gradient flows back.
    pub fn to_int(&mut self, x: Var) -> Result<Var> {
        self.cast(Op::ToInt, x, DType::Int)
    }

    /// A function of two tensors of one kind; sizes are equal, or one of them is 1 and is repeated. The tensor of lower rank
    /// gets sizes of 1 in front. Whole numbers can't be divided.
    pub fn binary(&mut self, function: Binary, a: Var, b: Var) -> Result<Var> {
        let name = format!("{function:?}").to_lowercase();
        if function == Binary::Div {
            self.want_float(&name, a)?;
            self.want_float(&name, b)?;
        }
        self.pair(&name, Op::Binary(function), a, b)
    }

    /// 1.0 where the comparison holds, 0.0 elsewhere; sizes of 1 are repeated. Two tensors of one kind.
    pub fn compare(&mut self, comparison: Comparison, a: Var, b: Var) -> Result<Var> {
        let result = self.pair("compare", Op::Compare(comparison), a, b)?;
        self.nodes[result.0 as usize].dtype = DType::F32;
        Ok(result)
    }

    fn pair(&mut self, name: &str, op: Op, a: Var, b: Var) -> Result<Var> {
        let dtype = self.node(a).dtype;
        if dtype != self.node(b).dtype {
            return Err(self
                .shape_problem(format!(
                    "{name}: one operand holds numbers, the other indices"
                ))
                .help("`to_float` makes numbers of labels and indices"));
        }
        let shape = self.broadcast(name, a, b)?;
        let rank = shape.len();
        let a = self.raise(a, rank)?;
        let b = self.raise(b, rank)?;
        Ok(self.push(op, vec![a, b], shape, dtype))
    }

    /// The larger one, element by element.
    pub fn maximum(&mut self, a: Var, b: Var) -> Result<Var> {
        self.binary(Binary::Max, a, b)
    }

    /// The smaller one, element by element.
    pub fn minimum(&mut self, a: Var, b: Var) -> Result<Var> {
        self.binary(Binary::Min, a, b)
    }

    /// 1.0 where a = b, 0.0 elsewhere.
    pub fn equal(&mut self, a: Var, b: Var) -> Result<Var> {
        self.compare(Comparison::Equal, a, b)
    }

    /// 1.0 where a < b, 0.0 elsewhere.
    pub fn less(&mut self, a: Var, b: Var) -> Result<Var> {
        self.compare(Comparison::Less, a, b)
    }

    /// 1.0 where a > b, 0.0 elsewhere.
    pub fn greater(&mut self, a: Var, b: Var) -> Result<Var> {
        self.compare(Comparison::Greater, a, b)
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
        self.whole_scalar("add_scalar", x, c)?;
        self.same(Op::AddScalar(c), x)
    }

    /// c x
    pub fn mul_scalar(&mut self, x: Var, c: f64) -> Result<Var> {
        self.whole_scalar("mul_scalar", x, c)?;
        self.same(Op::MulScalar(c), x)
    }

    /// `[.., m, k] × [.., k, n]` → `[.., m, n]`; leading sizes of 1 are repeated, and the lower rank gets them in front.
    pub fn matmul(&mut self, a: Var, b: Var) -> Result<Var> {
        self.want_float("matmul", a)?;
        self.want_float("matmul", b)?;
        let (left, right) = (self.shape(a).clone(), self.shape(b).clone());
        let (m, n) = (left.len(), right.len());
        if m < 2 || n < 2 || left[m - 1] != right[n - 2] {
            return Err(self.no_product(a, b));
        }
        if n == 2 && m > 2 {
            // one large product instead of many
            let rows = elements(&left[..m - 1]);
            let flat = self.reshape(a, vec![rows, left[m - 1].clone()])?;
            let product = self.matmul(flat, b)?;
            let mut shape = left;
            shape[m - 1] = right[1].clone();
            return self.reshape(product, shape);
        }
        let rank = m.max(n);
        let (a, b) = (self.raise(a, rank)?, self.raise(b, rank)?);
        let (left, right) = (self.shape(a).clone(), self.shape(b).clone());
        let mut shape = Vec::with_capacity(rank);
        for (l, r) in left[..rank - 2].iter().zip(&right) {
            shape.push(either(l, r).ok_or_else(|| self.no_product(a, b))?);
        }
        shape.push(left[rank - 2].clone());
        shape.push(right[rank - 1].clone());
        Ok(self.push(Op::MatMul, vec![a, b], shape, DType::F32))
    }

    fn no_product(&self, a: Var, b: Var) -> Problem {
        self.shape_problem(format!(
            "can't multiply {} by {}",
            show(self.shape(a)),
            show(self.shape(b))
        ))
        .note("a product takes [.., m, k] and [.., k, n]; leading sizes are equal or 1")
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

    /// One number everywhere.
    pub fn full(&mut self, shape: Shape, c: f64) -> Result<Var> {
        self.want_rank("full", &shape)?;
        Ok(self.push(Op::Full(c), Vec::new(), shape, DType::F32))
    }

    /// A size as a number: `[1]`. So a sum over the batch can be divided by the batch.
    pub fn count(&mut self, n: Size) -> Var {
        self.push(Op::Count(n), Vec::new(), vec![1.into()], DType::F32)
    }

    fn same(&mut self, op: Op, x: Var) -> Result<Var> {
        let (shape, dtype) = (self.shape(x).clone(), self.node(x).dtype);
        Ok(self.push(op, vec![x], shape, dtype))
    }

    fn cast(&mut self, op: Op, x: Var, dtype: DType) -> Result<Var> {
        if self.node(x).dtype == dtype {
            return Ok(x);
        }
        let shape = self.shape(x).clone();
        Ok(self.push(op, vec![x], shape, dtype))
    }

    /// Indices take whole numbers only.
    fn whole_scalar(&self, name: &str, x: Var, c: f64) -> Result<()> {
        match self.node(x).dtype {
            DType::F32 => Ok(()),
            DType::Int => self.want_whole(name, c),
        }
    }

    pub(in crate::graph) fn broadcast(&self, name: &str, a: Var, b: Var) -> Result<Shape> {
        let (left, right) = (self.shape(a), self.shape(b));
        let one = Size::fixed(1);
        let rank = left.len().max(right.len());
        let size = |shape: &Shape, i: usize| match (i + shape.len()).checked_sub(rank) {
            Some(i) => shape[i].clone(),
            None => one.clone(),
        };
        (0..rank)
            .map(|i| {
                either(&size(left, i), &size(right, i)).ok_or_else(|| {
                    self.unequal(name, a, b)
                        .note("sizes must be equal, or one of them 1")
                })
            })
            .collect()
    }

    /// Sizes of 1 in front, up to `rank`.
    pub(in crate::graph) fn raise(&mut self, x: Var, rank: usize) -> Result<Var> {
        let shape = self.shape(x).clone();
        if shape.len() == rank {
            return Ok(x);
        }
        let mut raised: Shape = vec![1.into(); rank - shape.len()];
        raised.extend(shape);
        self.reshape(x, raised)
    }
}

/// What two sizes are together: equal, or one of them 1.
fn either(a: &Size, b: &Size) -> Option<Size> {
    let one = Size::fixed(1);
    if a == b || *b == one {
        Some(a.clone())
    } else if *a == one {
        Some(b.clone())
    } else {
        None
    }
}

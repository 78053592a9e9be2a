//! Linear layers and matrix products.

use burn_flex::FlexTensor;

use crate::engine::kernels::each;
use crate::engine::kernels::map::{numbers, row_major, shape, tensor};
use crate::engine::kernels::matrix::{self, Matrices};
use crate::engine::kernels::simd::Isa;
use crate::engine::kernels::tape::{Held, Rule, record, record_biased};

pub(super) fn linear(inputs: Vec<Held>) -> Option<Held> {
    let x = row_major(inputs.first()?.plain().clone());
    let weight = row_major(inputs.get(1)?.plain().clone());
    let bias = inputs.get(2).map(|bias| row_major(bias.plain().clone()));
    let [k, n] = <[usize; 2]>::try_from(shape(&weight)).ok()?;
    let mut sizes = shape(&x);
    if k == 0 || *sizes.last()? != k {
        return None;
    }
    let m = numbers(&x).len() / k;
    let bias = bias.as_ref().map(numbers);
    let y = matrix::linear(Isa::best(), m, numbers(&x), numbers(&weight), bias, n);
    *sizes.last_mut()? = n;
    let y = tensor(y, &sizes);
    let rule = Linear { x, weight };
    record_biased(inputs, rule, y)
}

#[derive(Clone, Debug)]
struct Linear {
    x: FlexTensor,
    weight: FlexTensor,
}

impl Linear {
    fn gradients(&self, dy: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let dy = row_major(dy);
        let sizes = shape(&self.weight);
        let [k, n] = [sizes[0], sizes[1]];
        let (x, d) = (numbers(&self.x), numbers(&dy));
        let m = x.len() / k;
        let dx = wanted[0].then(|| {
            let dx = matrix::linear_data(Isa::best(), m, d, numbers(&self.weight), n);
            tensor(dx, &shape(&self.x))
        });
        let dw = wanted[1].then(|| tensor(matrix::linear_weight(Isa::best(), m, x, d, n), &sizes));
        let db = wanted[2].then(|| tensor(each::column_sums(Isa::best(), d, n), &[n]));
        [dx, dw, db]
    }
}

impl Rule<2> for Linear {
    fn backward(self, dy: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let [dx, dw, _] = self.gradients(dy, [wanted[0], wanted[1], false]);
        [dx, dw]
    }
}

impl Rule<3> for Linear {
    fn backward(self, dy: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        self.gradients(dy, wanted)
    }
}

pub(super) fn matmul(inputs: Vec<Held>) -> Option<Held> {
    let inputs = <[Held; 2]>::try_from(inputs).ok()?;
    let (a, b) = (inputs[0].plain().clone(), inputs[1].plain().clone());
    let y = product(&a, &b)?;
    Some(record(inputs, MatMul { a, b }, y))
}

/// `[.., m, k] × [.., k, n]` with equal leading sizes, whatever the strides.
fn product(a: &FlexTensor, b: &FlexTensor) -> Option<FlexTensor> {
    let (left, right) = (shape(a), shape(b));
    let rank = left.len();
    if rank < 2 || rank != right.len() || left[..rank - 2] != right[..rank - 2] {
        return None;
    }
    let [m, k, n] = [left[rank - 2], left[rank - 1], right[rank - 1]];
    let mut sizes = left.clone();
    sizes[rank - 1] = n;
    if k != right[rank - 2] || sizes.contains(&0) || k == 0 {
        return None;
    }
    let a = row_major(a.clone());
    let y = matrix::products(Isa::best(), numbers(&a), &matrices(b), m, k, n);
    Some(tensor(y, &sizes))
}

/// The matrices in the last two dimensions.
fn matrices(tensor: &FlexTensor) -> Matrices<'_> {
    let layout = tensor.layout();
    let (sizes, strides) = (shape(tensor), layout.strides());
    let rank = sizes.len();
    let mut starts = vec![layout.start_offset() as isize];
    for (size, stride) in sizes[..rank - 2].iter().zip(strides) {
        starts = starts
            .iter()
            .flat_map(|start| (0..*size as isize).map(move |i| start + i * stride))
            .collect();
    }
    Matrices {
        data: tensor.storage::<f32>(),
        starts,
        row: strides[rank - 2],
        col: strides[rank - 1],
    }
}

#[derive(Clone, Debug)]
struct MatMul {
    a: FlexTensor,
    b: FlexTensor,
}

impl Rule<2> for MatMul {
    fn backward(self, dy: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let rank = shape(&dy).len();
        let turned = |x: &FlexTensor| x.transpose(rank - 2, rank - 1);
        let da = wanted[0].then(|| product(&dy, &turned(&self.b)));
        let db = wanted[1].then(|| {
            turned_gradient(&self.a, &self.b, &dy).or_else(|| product(&turned(&self.a), &dy))
        });
        [da.flatten(), db.flatten()]
    }
}

/// The gradient of a matrix `b [k, n]` that lies as `[n, k]`, and so does the gradient: who turned it has no numbers to move.
fn turned_gradient(a: &FlexTensor, b: &FlexTensor, dy: &FlexTensor) -> Option<FlexTensor> {
    let [k, n] = <[usize; 2]>::try_from(shape(b)).ok()?;
    if b.layout().strides() != [1, k as isize] || k == 1 || n == 1 {
        return None;
    }
    let (a, dy) = (row_major(a.clone()), row_major(dy.clone()));
    let m = numbers(&a).len() / k;
    let db = matrix::linear_weight(Isa::best(), m, numbers(&dy), numbers(&a), k);
    Some(tensor(db, &[n, k]).transpose(0, 1))
}

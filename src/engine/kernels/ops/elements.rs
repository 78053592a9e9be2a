//! Functions of each element.

use std::sync::Arc;

use burn_flex::FlexTensor;

use crate::engine::kernels::drop::{Draws, drop};
use crate::engine::kernels::each;
use crate::engine::kernels::map::{
    alike, dense, laid_like, numbers, row_major, shape, sum, tensor, tensor_like,
};
use crate::engine::kernels::memory::filled;
use crate::engine::kernels::simd::Isa;
use crate::engine::kernels::tape::{Held, Rule, record};

pub(super) fn relu(inputs: Vec<Held>) -> Option<Held> {
    let inputs = <[Held; 1]>::try_from(inputs).ok()?;
    let x = dense(inputs[0].plain().clone());
    let y = filled(numbers(&x).len(), |y| {
        each::relu(Isa::best(), numbers(&x), y)
    });
    let y = tensor_like(y, &x);
    Some(record(inputs, Relu { y: y.clone() }, y))
}

#[derive(Clone, Debug)]
struct Relu {
    y: FlexTensor,
}

impl Rule<1> for Relu {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dy = laid_like(dy, &self.y);
        let dx = filled(numbers(&dy).len(), |dx| {
            each::keep(Isa::best(), numbers(&self.y), numbers(&dy), dx);
        });
        [Some(tensor_like(dx, &self.y))]
    }
}

pub(super) fn add(inputs: Vec<Held>) -> Option<Held> {
    let inputs = <[Held; 2]>::try_from(inputs).ok()?;
    let (a, b) = (inputs[0].plain().clone(), inputs[1].plain().clone());
    if !alike(&a, &b) {
        return add_row(inputs);
    }
    Some(record(inputs, Added, sum(&a, &b)))
}

/// `[.., c] + [1, .., c]`: one row added to all.
fn add_row(inputs: [Held; 2]) -> Option<Held> {
    let (x, row) = (inputs[0].plain().clone(), inputs[1].plain().clone());
    let (sizes, own) = (shape(&x), shape(&row));
    let from = own.iter().position(|n| *n != 1)?;
    let fits = sizes.len() == own.len() && sizes != own && sizes[from..] == own[from..];
    if !fits || own.contains(&0) || !x.is_contiguous() {
        return None;
    }
    let row = row_major(row);
    let y = filled(numbers(&x).len(), |y| {
        each::add_row(Isa::best(), numbers(&x), numbers(&row), y);
    });
    Some(record(inputs, AddedRow { own }, tensor(y, &sizes)))
}

#[derive(Clone, Debug)]
struct AddedRow {
    /// Sizes of the row.
    own: Vec<usize>,
}

impl Rule<2> for AddedRow {
    fn backward(self, dy: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let dy = row_major(dy);
        let row = wanted[1].then(|| {
            let c = self.own.iter().product();
            tensor(each::column_sums(Isa::best(), numbers(&dy), c), &self.own)
        });
        [wanted[0].then_some(dy), row]
    }
}

/// Each element times what is drawn for it, in row-major order.
pub(super) fn dropout(input: Held, draws: Draws) -> Held {
    let x = row_major(input.plain().clone());
    let y = tensor(drop(Isa::best(), &draws, numbers(&x)), &shape(&x));
    record(
        [input],
        Dropout {
            draws: Arc::new(draws),
        },
        y,
    )
}

#[derive(Clone, Debug)]
struct Dropout {
    draws: Arc<Draws>,
}

impl Rule<1> for Dropout {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dy = row_major(dy);
        let dx = drop(Isa::best(), &self.draws, numbers(&dy));
        [Some(tensor(dx, &shape(&dy)))]
    }
}

#[derive(Clone, Debug)]
struct Added;

impl Rule<2> for Added {
    fn backward(self, dy: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        wanted.map(|wanted| wanted.then(|| dy.clone()))
    }
}

pub(super) fn gelu(inputs: Vec<Held>) -> Option<Held> {
    let inputs = <[Held; 1]>::try_from(inputs).ok()?;
    let x = dense(inputs[0].plain().clone());
    let y = filled(numbers(&x).len(), |y| {
        each::gelu(Isa::best(), numbers(&x), y)
    });
    let y = tensor_like(y, &x);
    Some(record(inputs, Gelu { x }, y))
}

#[derive(Clone, Debug)]
struct Gelu {
    x: FlexTensor,
}

impl Rule<1> for Gelu {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dy = laid_like(dy, &self.x);
        let dx = filled(numbers(&dy).len(), |dx| {
            each::gelu_gradient(Isa::best(), numbers(&self.x), numbers(&dy), dx);
        });
        [Some(tensor_like(dx, &self.x))]
    }
}

//! Functions of each element.

use burn_flex::FlexTensor;

use crate::engine::kernels::each;
use crate::engine::kernels::map::{alike, dense, laid_like, numbers, sum, tensor_like};
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
        return None;
    }
    Some(record(inputs, Added, sum(&a, &b)))
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

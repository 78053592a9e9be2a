//! Layer normalisation, softmax and its logarithm over the last dimension.

use burn_flex::FlexTensor;

use crate::engine::kernels::entropy;
use crate::engine::kernels::map::{numbers, row_major, shape, tensor};
use crate::engine::kernels::rows;
use crate::engine::kernels::simd::Isa;
use crate::engine::kernels::tape::{Held, Rule, record};

pub(super) fn layer_norm(inputs: Vec<Held>, epsilon: f64) -> Option<Held> {
    let x = row_major(inputs.first()?.plain().clone());
    let gamma = row_major(inputs.get(1)?.plain().clone());
    let beta = inputs.get(2).map(|beta| row_major(beta.plain().clone()));
    let sizes = shape(&x);
    let beta = beta.as_ref().map(numbers);
    let (y, moments) = rows::layer_norm(Isa::best(), numbers(&x), numbers(&gamma), beta, epsilon);
    let rows = moments.len() / 2;
    let rule = LayerNorm {
        moments: tensor(moments, &[rows, 2]),
        x,
        gamma,
    };
    let y = tensor(y, &sizes);
    Some(match <[Held; 3]>::try_from(inputs) {
        Ok(inputs) => record(inputs, rule, y),
        Err(inputs) => record(<[Held; 2]>::try_from(inputs).ok()?, rule, y),
    })
}

#[derive(Clone, Debug)]
struct LayerNorm {
    x: FlexTensor,
    gamma: FlexTensor,
    /// Mean and inverse deviation of each row.
    moments: FlexTensor,
}

impl LayerNorm {
    fn gradients(&self, dy: FlexTensor) -> [Option<FlexTensor>; 3] {
        let dy = row_major(dy);
        let [x, gamma, moments] = [&self.x, &self.gamma, &self.moments].map(numbers);
        let (dx, dgamma, dbeta) =
            rows::layer_norm_gradient(Isa::best(), x, numbers(&dy), gamma, moments);
        let c = [dgamma.len()];
        let dx = tensor(dx, &shape(&self.x));
        [Some(dx), Some(tensor(dgamma, &c)), Some(tensor(dbeta, &c))]
    }
}

impl Rule<2> for LayerNorm {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let [x, gamma, _] = self.gradients(dy);
        [x, gamma]
    }
}

impl Rule<3> for LayerNorm {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        self.gradients(dy)
    }
}

pub(super) fn softmax(inputs: Vec<Held>) -> Option<Held> {
    let inputs = <[Held; 1]>::try_from(inputs).ok()?;
    let x = row_major(inputs[0].plain().clone());
    let sizes = shape(&x);
    let y = rows::softmax(Isa::best(), numbers(&x), *sizes.last()?);
    let y = tensor(y, &sizes);
    Some(record(inputs, Softmax { y: y.clone() }, y))
}

#[derive(Clone, Debug)]
struct Softmax {
    y: FlexTensor,
}

impl Rule<1> for Softmax {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let sizes = shape(&self.y);
        let c = sizes.last().copied().unwrap_or(1);
        let dy = row_major(dy);
        let dx = rows::softmax_gradient(Isa::best(), numbers(&self.y), numbers(&dy), c);
        [Some(tensor(dx, &sizes))]
    }
}

pub(super) fn log_softmax(inputs: Vec<Held>) -> Option<Held> {
    let inputs = <[Held; 1]>::try_from(inputs).ok()?;
    let x = row_major(inputs[0].plain().clone());
    let sizes = shape(&x);
    let y = entropy::log_softmax(Isa::best(), numbers(&x), *sizes.last()?);
    let y = tensor(y, &sizes);
    Some(record(inputs, LogSoftmax { y: y.clone() }, y))
}

#[derive(Clone, Debug)]
struct LogSoftmax {
    y: FlexTensor,
}

impl Rule<1> for LogSoftmax {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let sizes = shape(&self.y);
        let c = sizes.last().copied().unwrap_or(1);
        let dy = row_major(dy);
        let dx = entropy::log_softmax_gradient(Isa::best(), numbers(&self.y), numbers(&dy), c);
        [Some(tensor(dx, &sizes))]
    }
}

//! The operations that have kernels, with their gradients.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::conv::{self, Conv};
use super::each;
use super::map::{
    alike, channels_last, dense, is_f32, laid_like, map, numbers, row_major, shape, sides, tensor,
    tensor_like,
};
use super::memory::filled;
use super::norm::{self, Known, Then};
use super::pool::{self, Pooling};
use super::simd::Isa;
use super::tape::{Held, Rule, record};
use crate::engine::value::{Value, on_float};
use crate::graph::{Binary, Op, Unary};

/// Carries out an operation where there is a kernel for it; else gives the inputs back.
pub(crate) fn apply(op: &Op, inputs: Vec<Value>) -> Result<Value, Vec<Value>> {
    let known = match op {
        Op::Conv2d { .. } | Op::MaxPool { .. } | Op::AvgPool { .. } => true,
        Op::Unary(Unary::Relu) => true,
        Op::Binary(Binary::Add) => inputs
            .iter()
            .all(|x| matches!(x, Value::F4(_)) && x.shape() == inputs[0].shape()),
        _ => false,
    };
    if !known {
        return Err(inputs);
    }
    let rank = inputs.first().map_or(0, |x| x.shape().len());
    let held: Option<Vec<Held>> = inputs.iter().cloned().map(held).collect();
    let Some(held) = held.filter(|held| held.iter().all(|x| is_f32(x.plain()))) else {
        return Err(inputs);
    };
    let done = match op {
        Op::Conv2d {
            stride,
            padding,
            groups,
        } => convolve(held, [*stride, *padding, *groups]),
        Op::MaxPool {
            kernel,
            stride,
            padding,
        } => max_pool(held, [*kernel, *stride, *padding]),
        Op::AvgPool {
            kernel,
            stride,
            padding,
        } => average_pool(held, [*kernel, *stride, *padding]),
        Op::Unary(Unary::Relu) => relu(held),
        _ => add(held),
    };
    match done {
        Some(done) => Ok(value(done, rank)),
        None => Err(inputs),
    }
}

fn held(value: Value) -> Option<Held> {
    on_float!(value, t => Held::of(t), _other => None)
}

fn value(held: Held, rank: usize) -> Value {
    match rank {
        1 => held.tensor::<1>().into(),
        2 => held.tensor::<2>().into(),
        3 => held.tensor::<3>().into(),
        4 => held.tensor::<4>().into(),
        5 => held.tensor::<5>().into(),
        _ => held.tensor::<6>().into(),
    }
}

fn convolve(inputs: Vec<Held>, [stride, padding, groups]: [usize; 3]) -> Option<Held> {
    let [n, c, h, w] = sides(inputs.first()?.plain())?;
    let [k, _, kh, kw] = sides(inputs.get(1)?.plain())?;
    let conv = Conv {
        n,
        c,
        h,
        w,
        k,
        kh,
        kw,
        stride,
        padding,
        groups,
    };
    let x = channels_last(inputs[0].plain().clone());
    let weight = row_major(inputs[1].plain().clone());
    let bias = inputs.get(2).map(|bias| row_major(bias.plain().clone()));
    let bias = bias.as_ref().map(numbers);
    let y = filled(conv.output(), |y| {
        conv::forward(Isa::best(), &conv, numbers(&x), numbers(&weight), bias, y);
    });
    let y = map(y, [n, k, conv.oh(), conv.ow()]);
    let rule = Convolution { conv, x, weight };
    Some(match <[Held; 3]>::try_from(inputs) {
        Ok(inputs) => record(inputs, rule, y),
        Err(inputs) => record(<[Held; 2]>::try_from(inputs).ok()?, rule, y),
    })
}

#[derive(Clone, Debug)]
struct Convolution {
    conv: Conv,
    x: FlexTensor,
    weight: FlexTensor,
}

impl Convolution {
    fn gradients(&self, dy: &FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let conv = &self.conv;
        let dx = wanted[0].then(|| {
            let dx = filled(conv.input(), |dx| {
                conv::data_gradient(Isa::best(), conv, numbers(dy), numbers(&self.weight), dx);
            });
            map(dx, [conv.n, conv.c, conv.h, conv.w])
        });
        let dw = wanted[1].then(|| {
            let dw = filled(conv.weight(), |dw| {
                conv::weight_gradient(Isa::best(), conv, numbers(&self.x), numbers(dy), dw);
            });
            tensor(dw, &shape(&self.weight))
        });
        [dx, dw]
    }
}

impl Rule<2> for Convolution {
    fn backward(self, dy: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        self.gradients(&channels_last(dy), wanted)
    }
}

impl Rule<3> for Convolution {
    fn backward(self, dy: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let dy = channels_last(dy);
        let [dx, dw] = self.gradients(&dy, [wanted[0], wanted[1]]);
        let db = wanted[2].then(|| {
            tensor(
                each::column_sums(Isa::best(), numbers(&dy), self.conv.k),
                &[self.conv.k],
            )
        });
        [dx, dw, db]
    }
}

fn pooling(x: &Held, [kernel, stride, padding]: [usize; 3]) -> Option<Pooling> {
    let [n, c, h, w] = sides(x.plain())?;
    let pool = Pooling {
        n,
        c,
        h,
        w,
        kernel,
        stride,
        padding,
    };
    pool.fits().then_some(pool)
}

fn max_pool(inputs: Vec<Held>, window: [usize; 3]) -> Option<Held> {
    let inputs = <[Held; 1]>::try_from(inputs).ok()?;
    let pool = pooling(&inputs[0], window)?;
    let x = channels_last(inputs[0].plain().clone());
    let mut at = Vec::new();
    let y = filled(pool.output(), |y| {
        at = filled(pool.output(), |at| {
            pool::max(Isa::best(), &pool, numbers(&x), y, at)
        });
    });
    let sides = [pool.n, pool.c, pool.oh(), pool.ow()];
    let rule = Pooled {
        pool,
        at: Some(map(at, sides)),
    };
    Some(record(inputs, rule, map(y, sides)))
}

fn average_pool(inputs: Vec<Held>, window: [usize; 3]) -> Option<Held> {
    let inputs = <[Held; 1]>::try_from(inputs).ok()?;
    let pool = pooling(&inputs[0], window)?;
    let x = channels_last(inputs[0].plain().clone());
    let y = filled(pool.output(), |y| {
        pool::average(Isa::best(), &pool, numbers(&x), y)
    });
    let y = map(y, [pool.n, pool.c, pool.oh(), pool.ow()]);
    Some(record(inputs, Pooled { pool, at: None }, y))
}

#[derive(Clone, Debug)]
struct Pooled {
    pool: Pooling,
    /// Places of the largest; none for means.
    at: Option<FlexTensor>,
}

impl Rule<1> for Pooled {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let pool = &self.pool;
        let dy = channels_last(dy);
        let dx = filled(pool.n * pool.c * pool.h * pool.w, |dx| match &self.at {
            Some(at) => pool::max_gradient(Isa::best(), pool, numbers(&dy), numbers(at), dx),
            None => pool::average_gradient(Isa::best(), pool, numbers(&dy), dx),
        });
        [Some(map(dx, [pool.n, pool.c, pool.h, pool.w]))]
    }
}

fn relu(inputs: Vec<Held>) -> Option<Held> {
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

fn add(inputs: Vec<Held>) -> Option<Held> {
    let inputs = <[Held; 2]>::try_from(inputs).ok()?;
    let (a, b) = (inputs[0].plain().clone(), inputs[1].plain().clone());
    if !alike(&a, &b) {
        return None;
    }
    let y = filled(numbers(&a).len(), |y| {
        each::add(Isa::best(), numbers(&a), numbers(&b), y)
    });
    let y = tensor_like(y, &a);
    Some(record(inputs, Added, y))
}

#[derive(Clone, Debug)]
struct Added;

impl Rule<2> for Added {
    fn backward(self, dy: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        wanted.map(|wanted| wanted.then(|| dy.clone()))
    }
}

/// Batch normalisation with what follows it.
pub(crate) struct Normalise {
    /// The map or rows, gamma, beta, and the shortcut that is added, where there is one.
    pub(crate) inputs: Vec<Value>,
    /// Added to the variance.
    pub(crate) epsilon: f64,
    /// Whether a ReLU follows.
    pub(crate) relu: bool,
}

/// Normalises by the batch: the result, and mean and (biased) variance of each channel. Gives the inputs back where there is no
/// kernel for them.
pub(crate) fn batch_norm(of: Normalise) -> Result<(Value, Tensor<1>, Tensor<1>), Normalise> {
    let Some((rows, held)) = rows(&of) else {
        return Err(of);
    };
    let (mean, variance) = norm::statistics(Isa::best(), numbers(&rows[0]), of.channels());
    let statistics = [mean, variance].map(|s| tensor(s, &[of.channels()]));
    let [mean, variance] = statistics.clone().map(|s| Held::Plain(s).tensor::<1>());
    let value = finish(of, rows, held, statistics);
    Ok((value, mean, variance))
}

/// Normalises by given statistics. Gives the inputs back where there is no kernel for them, or a gradient is to flow.
pub(crate) fn normalise(
    of: Normalise,
    mean: Tensor<1>,
    variance: Tensor<1>,
) -> Result<Value, Normalise> {
    let Some((rows, held)) = rows(&of) else {
        return Err(of);
    };
    let given = [mean, variance].map(|s| Held::of(s).map(|s| row_major(s.plain().clone())));
    let [Some(mean), Some(variance)] = given else {
        return Err(of);
    };
    if held.iter().any(Held::is_tracked) {
        return Err(of);
    }
    Ok(finish(of, rows, held, [mean, variance]))
}

impl Normalise {
    fn channels(&self) -> usize {
        self.inputs.first().map_or(1, |x| x.shape()[1])
    }
}

/// The inputs with their channels last.
fn rows(of: &Normalise) -> Option<(Vec<FlexTensor>, Vec<Held>)> {
    let held: Vec<Held> = of.inputs.iter().cloned().map(held).collect::<Option<_>>()?;
    let rank = shape(held.first()?.plain()).len();
    if !matches!(rank, 2 | 4) || held.iter().any(|x| !is_f32(x.plain())) {
        return None;
    }
    let rows = held
        .iter()
        .map(|x| match shape(x.plain()).len() {
            4 => channels_last(x.plain().clone()),
            _ => row_major(x.plain().clone()),
        })
        .collect::<Vec<_>>();
    Some((rows, held))
}

fn finish(
    of: Normalise,
    rows: Vec<FlexTensor>,
    held: Vec<Held>,
    [mean, variance]: [FlexTensor; 2],
) -> Value {
    let then = if of.relu { Then::Relu } else { Then::Nothing };
    let parameters = [&mean, &variance, &rows[1], &rows[2]].map(numbers);
    let shortcut = rows.get(3).map(numbers);
    let y = filled(numbers(&rows[0]).len(), |y| {
        norm::apply(
            Isa::best(),
            numbers(&rows[0]),
            shortcut,
            parameters,
            of.epsilon,
            then,
            y,
        );
    });
    let sizes = shape(&rows[0]);
    let y = match <[usize; 4]>::try_from(sizes.clone()) {
        Ok(sides) => map(y, sides),
        Err(_) => tensor(y, &sizes),
    };
    let rule = Normalised {
        x: rows[0].clone(),
        gamma: rows[1].clone(),
        beta: rows[2].clone(),
        mean,
        variance,
        y: (shortcut.is_some() && of.relu).then(|| y.clone()),
        epsilon: of.epsilon,
        then,
    };
    let done = match <[Held; 4]>::try_from(held) {
        Ok(held) => record(held, rule, y),
        Err(held) => match <[Held; 3]>::try_from(held) {
            Ok(held) => record(held, rule, y),
            Err(_) => Held::Plain(y),
        },
    };
    value(done, sizes.len())
}

#[derive(Clone, Debug)]
struct Normalised {
    x: FlexTensor,
    gamma: FlexTensor,
    beta: FlexTensor,
    mean: FlexTensor,
    variance: FlexTensor,
    /// The result, where a shortcut was added before the ReLU.
    y: Option<FlexTensor>,
    epsilon: f64,
    then: Then,
}

impl Normalised {
    fn gradients(&self, dy: FlexTensor, [x, shortcut]: [bool; 2]) -> [Option<FlexTensor>; 4] {
        let maps = sides(&self.x);
        let dy = match maps {
            Some(_) => channels_last(dy),
            None => row_major(dy),
        };
        let known = Known {
            x: numbers(&self.x),
            y: self.y.as_ref().map(numbers),
            dy: numbers(&dy),
            mean: numbers(&self.mean),
            variance: numbers(&self.variance),
            gamma: numbers(&self.gamma),
            beta: numbers(&self.beta),
            epsilon: self.epsilon,
            then: self.then,
        };
        // without a ReLU between them the shortcut's gradient is the result's
        let masks = shortcut && self.then == Then::Relu;
        let size = known.x.len();
        let (mut dx, mut ds, mut rest) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
        let mut fill = |dx: Option<&mut [f32]>, ds: Option<&mut [f32]>| {
            rest = norm::gradient(Isa::best(), &known, dx, ds);
        };
        match (x, masks) {
            (true, true) => {
                dx = filled(size, |dx| ds = filled(size, |ds| fill(Some(dx), Some(ds))))
            }
            (true, false) => dx = filled(size, |dx| fill(Some(dx), None)),
            (false, true) => ds = filled(size, |ds| fill(None, Some(ds))),
            (false, false) => fill(None, None),
        }
        let sizes = shape(&self.x);
        let whole = |data: Vec<f32>| match maps {
            Some(sides) => map(data, sides),
            None => tensor(data, &sizes),
        };
        let c = self.mean.layout().num_elements();
        [
            x.then(|| whole(dx)),
            Some(tensor(rest.0, &[c])),
            Some(tensor(rest.1, &[c])),
            shortcut.then(|| if masks { whole(ds) } else { dy.clone() }),
        ]
    }
}

impl Rule<3> for Normalised {
    fn backward(self, dy: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let [x, gamma, beta, _] = self.gradients(dy, [wanted[0], false]);
        [x, gamma, beta]
    }
}

impl Rule<4> for Normalised {
    fn backward(self, dy: FlexTensor, wanted: [bool; 4]) -> [Option<FlexTensor>; 4] {
        self.gradients(dy, [wanted[0], wanted[3]])
    }
}

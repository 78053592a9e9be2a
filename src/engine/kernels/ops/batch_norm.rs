//! Batch normalisation, with the shortcut and the ReLU that may follow.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::{held, value};
use crate::engine::kernels::map::{
    channels_last, is_f32, map, numbers, row_major, shape, sides, tensor,
};
use crate::engine::kernels::memory::filled;
use crate::engine::kernels::norm::{self, Known, Then};
use crate::engine::kernels::simd::Isa;
use crate::engine::kernels::tape::{Held, Rule, record};
use crate::engine::value::Value;

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

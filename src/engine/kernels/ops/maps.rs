//! Convolution and pooling of maps.

use burn_flex::FlexTensor;

use crate::engine::kernels::conv::{self, Conv};
use crate::engine::kernels::each;
use crate::engine::kernels::map::{channels_last, map, numbers, row_major, shape, sides, tensor};
use crate::engine::kernels::memory::filled;
use crate::engine::kernels::pool::{self, Pooling};
use crate::engine::kernels::simd::Isa;
use crate::engine::kernels::tape::{Held, Rule, record, record_biased};

pub(super) fn convolve(inputs: Vec<Held>, [stride, padding, groups]: [usize; 3]) -> Option<Held> {
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
    record_biased(inputs, rule, y)
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
        let db = wanted[2].then(|| bias_gradient(&dy, self.conv.k));
        [dx, dw, db]
    }
}

/// A transposed convolution: the way back of a convolution from its result, which is `x` here, to its input.
pub(super) fn convolve_back(
    inputs: Vec<Held>,
    [stride, padding, output_padding, groups]: [usize; 4],
) -> Option<Held> {
    let [n, k, oh, ow] = sides(inputs.first()?.plain())?;
    let [_, each, kh, kw] = sides(inputs.get(1)?.plain())?;
    let side = |side: usize, kernel: usize| {
        let whole =
            (side.checked_sub(1)? * stride + kernel + output_padding).checked_sub(2 * padding)?;
        (whole > 0).then_some(whole)
    };
    let conv = Conv {
        n,
        c: each * groups,
        h: side(oh, kh)?,
        w: side(ow, kw)?,
        k,
        kh,
        kw,
        stride,
        padding,
        groups,
    };
    if output_padding >= stride {
        return None;
    }
    let x = channels_last(inputs[0].plain().clone());
    let weight = row_major(inputs[1].plain().clone());
    let bias = inputs.get(2).map(|bias| row_major(bias.plain().clone()));
    let bias = bias.as_ref().map(numbers);
    let y = filled(conv.input(), |y| {
        conv::transposed(Isa::best(), &conv, numbers(&x), numbers(&weight), bias, y);
    });
    let y = map(y, [n, conv.c, conv.h, conv.w]);
    let rule = Transposed { conv, x, weight };
    record_biased(inputs, rule, y)
}

#[derive(Clone, Debug)]
struct Transposed {
    /// The convolution whose way back this is.
    conv: Conv,
    x: FlexTensor,
    weight: FlexTensor,
}

impl Transposed {
    fn gradients(&self, dy: &FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let conv = &self.conv;
        let dx = wanted[0].then(|| {
            let dx = filled(conv.output(), |dx| {
                conv::forward(
                    Isa::best(),
                    conv,
                    numbers(dy),
                    numbers(&self.weight),
                    None,
                    dx,
                );
            });
            map(dx, [conv.n, conv.k, conv.oh(), conv.ow()])
        });
        let dw = wanted[1].then(|| {
            let dw = filled(conv.weight(), |dw| {
                conv::weight_gradient(Isa::best(), conv, numbers(dy), numbers(&self.x), dw);
            });
            tensor(dw, &shape(&self.weight))
        });
        [dx, dw]
    }
}

impl Rule<2> for Transposed {
    fn backward(self, dy: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        self.gradients(&channels_last(dy), wanted)
    }
}

impl Rule<3> for Transposed {
    fn backward(self, dy: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let dy = channels_last(dy);
        let [dx, dw] = self.gradients(&dy, [wanted[0], wanted[1]]);
        let db = wanted[2].then(|| bias_gradient(&dy, self.conv.c));
        [dx, dw, db]
    }
}

/// `[channels]` of a map with its channels last.
fn bias_gradient(dy: &FlexTensor, channels: usize) -> FlexTensor {
    let sums = each::column_sums(Isa::best(), numbers(dy), channels);
    tensor(sums, &[channels])
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

pub(super) fn max_pool(inputs: Vec<Held>, window: [usize; 3]) -> Option<Held> {
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

pub(super) fn average_pool(inputs: Vec<Held>, window: [usize; 3]) -> Option<Held> {
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

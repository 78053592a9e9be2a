//! Optimiser updates in place.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use crate::engine::kernels::map::{is_f32, numbers, row_major, tensor};
use crate::engine::kernels::memory::filled;
use crate::engine::kernels::simd::Isa;
use crate::engine::kernels::table;
use crate::engine::kernels::tape::Held;
use crate::engine::kernels::update::{self, Adam, Sgd};

/// The rule of an update.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Update {
    Sgd(Sgd),
    Adam(Adam),
}

/// Updates the weight `w` by the gradient `g`, and the moments with it. Gives both back where they are not on `flex`.
#[allow(clippy::result_large_err)]
pub(crate) fn update(
    rule: Update,
    [w, g]: [Tensor<1>; 2],
    [first, second]: [&mut Option<Tensor<1>>; 2],
) -> Result<Tensor<1>, [Tensor<1>; 2]> {
    let (Some(mut weight), Some(gradient)) = (plain(w.clone()), plain(g.clone())) else {
        return Err([w, g]);
    };
    // from here on the weight is held once, so it is changed where it lies
    drop((w, g));
    let n = numbers(&gradient).len();
    let moment = |slot: &mut Option<Tensor<1>>| -> FlexTensor {
        let old = slot.take().and_then(plain);
        old.unwrap_or_else(|| tensor(filled(n, |_| ()), &[n]))
    };
    match rule {
        Update::Sgd(mut of) if of.momentum != 0.0 => {
            of.first = first.is_none();
            let mut velocity = moment(first);
            let (w, v) = (weight.storage_mut(), velocity.storage_mut());
            update::sgd(Isa::best(), of, w, numbers(&gradient), v);
            *first = Some(Held::Plain(velocity).tensor());
        }
        Update::Sgd(of) => {
            update::sgd(
                Isa::best(),
                of,
                weight.storage_mut(),
                numbers(&gradient),
                &mut [],
            );
        }
        Update::Adam(mut of) => {
            of.first = first.is_none();
            let (mut m, mut v) = (moment(first), moment(second));
            let (a, b) = (m.storage_mut(), v.storage_mut());
            update::adam(
                Isa::best(),
                of,
                weight.storage_mut(),
                numbers(&gradient),
                a,
                b,
            );
            *first = Some(Held::Plain(m).tensor());
            *second = Some(Held::Plain(v).tensor());
        }
    }
    Ok(Held::Plain(weight).tensor())
}

/// Updates rows of the table `w`, flat, by their gradients `[R, d]`, which come in parts, and the moments with it: `by` are the rows, each
/// once, and which of them each gradient is of. Gives the table back where it is not on `flex`.
pub(crate) fn update_rows(
    rule: table::Rule,
    by: [&[u32]; 2],
    w: Tensor<1>,
    parts: &[Tensor<2>],
    moments: [&mut Option<Tensor<1>>; 2],
) -> Result<Tensor<1>, Tensor<1>> {
    let flat = |part: &Tensor<2>| {
        plain(
            part.clone()
                .reshape([part.dims().iter().product::<usize>()]),
        )
    };
    let gradients: Option<Vec<FlexTensor>> = parts.iter().map(flat).collect();
    let (Some(mut weight), Some(gradients)) = (plain(w.clone()), gradients) else {
        return Err(w);
    };
    let d = parts.first().map_or(0, |part| part.dims()[1]);
    let gradients: Vec<&[f32]> = gradients.iter().map(numbers).collect();
    // from here on the weight is held once, so it is changed where it lies
    drop(w);
    let [mut first, mut second] = moments.map(|slot| (slot.take().and_then(plain), slot));
    {
        let empty = || -> &mut [f32] { &mut [] };
        let m = first.0.as_mut().map_or_else(empty, |t| t.storage_mut());
        let v = second.0.as_mut().map_or_else(empty, |t| t.storage_mut());
        let w = weight.storage_mut();
        table::update(Isa::best(), rule, by, d, w, &gradients, [m, v]);
    }
    for (moment, slot) in [first, second] {
        *slot = moment.map(|moment| Held::Plain(moment).tensor());
    }
    Ok(Held::Plain(weight).tensor())
}

/// The tensor itself where it is on `flex`, outside autodiff, and all of its memory.
fn plain(tensor: Tensor<1>) -> Option<FlexTensor> {
    match Held::of(tensor)? {
        Held::Plain(tensor) if is_f32(&tensor) => {
            let tensor = row_major(tensor);
            let whole = tensor.bytes().len() == 4 * tensor.layout().num_elements();
            Some(if whole { tensor } else { copied(&tensor) })
        }
        _ => None,
    }
}

fn copied(view: &FlexTensor) -> FlexTensor {
    let data = numbers(view).to_vec();
    let n = data.len();
    tensor(data, &[n])
}

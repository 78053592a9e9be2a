//! Negative sampling over the windows of texts.

use burn_flex::FlexTensor;

use crate::engine::host::HostTensor;
use crate::engine::kernels::map::{numbers, row_major, shape, tensor};
use crate::engine::kernels::simd::Isa;
use crate::engine::kernels::tape::{Held, Rule, record};
use crate::engine::kernels::windows::{Texts, negative_sampling, scale};
use crate::engine::value::Value;

/// `[x, y, z, words, noise, reach]` → `[B, 2]`; `None` where they are not on `flex`. `of`: radius, share, bag.
pub(super) fn windows(inputs: &[Value], of: (usize, usize, bool)) -> Option<Held> {
    let [x, y, z, words, noise, reach] = inputs else {
        return None;
    };
    let ids = |value: &Value| match value.clone().download() {
        Ok(HostTensor::Int { data, .. }) => Some(data),
        _ => None,
    };
    let (words, noise) = (ids(words)?, ids(noise)?);
    let reach = row_major(super::held(reach.clone())?.plain().clone());
    let held: Vec<Held> = [x, y, z]
        .into_iter()
        .map(|value| super::held(value.clone()))
        .collect::<Option<_>>()?;
    let inputs: [Held; 3] = held.try_into().ok()?;
    let rows = inputs
        .each_ref()
        .map(|held| row_major(held.plain().clone()));
    let sizes = rows.each_ref().map(shape);
    let [texts, _, width] = sizes[0][..] else {
        return None;
    };
    let texts = Texts {
        words: &words,
        noise: &noise,
        reach: numbers(&reach),
        texts,
        width,
        radius: of.0,
        share: of.1,
        bag: of.2,
    };
    let wanted = inputs.iter().any(Held::is_tracked);
    let told = negative_sampling(Isa::best(), texts, rows.each_ref().map(numbers), wanted);
    let output = tensor(told.loss, &[texts.texts, 2]);
    let Some(gradients) = told.gradients else {
        return Some(Held::Plain(output));
    };
    let rule = Windows { gradients, sizes };
    Some(record(inputs, rule, output))
}

#[derive(Clone, Debug)]
struct Windows {
    /// By the rows of `x`, `y` and `z`, where the loss counts once.
    gradients: [Vec<f32>; 3],
    sizes: [Vec<usize>; 3],
}

impl Rule<3> for Windows {
    fn backward(self, dy: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let dy = row_major(dy);
        let dy = numbers(&dy);
        let mut wanted = wanted.into_iter();
        let mut sizes = self.sizes.into_iter();
        self.gradients.map(|mut gradient| {
            let (true, Some(sizes)) = (wanted.next()?, sizes.next()) else {
                return None;
            };
            // the loss is the first of a text's two numbers; the second has no gradient
            let by: Vec<f32> = dy.iter().step_by(2).copied().collect();
            scale(Isa::best(), &mut gradient, &by);
            Some(tensor(gradient, &sizes))
        })
    }
}

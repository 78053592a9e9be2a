//! Negative sampling over the windows of texts, by products of whole texts: what the kernel computes window by window.

use burn::tensor::activation;
use burn::tensor::{Int, Tensor};

use super::Operands;
use crate::engine::value::Value;

/// −ln σ(x), without its gradient's overflow.
fn softplus(x: Tensor<3>) -> Tensor<3> {
    activation::softplus(x, 1.0)
}

/// Σ of each text: `[B, n, m]` → `[B, 1]`
fn total(x: Tensor<3>) -> Tensor<2> {
    let [b, n, m] = x.dims();
    x.reshape([b, n * m]).sum_dim(1)
}

/// `[B, 2]`: see [`crate::graph::Op::NegativeSampling`].
pub(super) fn negative_sampling(
    inputs: &mut Operands,
    radius: usize,
    share: usize,
    bag: bool,
) -> Result<Value, String> {
    let (x, y, z) = (
        inputs.tensor::<3>()?,
        inputs.tensor::<3>()?,
        inputs.tensor::<3>()?,
    );
    let words: Tensor<2, Int> = inputs.next()?.try_into()?;
    let noise: Tensor<2, Int> = inputs.next()?.try_into()?;
    let reach: Tensor<2> = inputs.next()?.try_into()?;
    let [b, n, _] = x.dims();
    let [_, m, _] = z.dims();
    let per = m / n.div_ceil(share);
    let device = x.device();

    // window [B, n, n]: 1 where row i has word j in its window
    let place = Tensor::<1, Int>::arange(0..n as i64, &device).float();
    let apart = (place.clone().reshape([n, 1]) - place.clone().reshape([1, n])).abs();
    let apart = apart.reshape([1, n, n]).expand([b, n, n]);
    let reach = reach.clamp(1.0, radius as f64).reshape([b, n, 1]);
    let near = apart.clone().lower_equal(reach.expand([b, n, n])).float();
    let other = apart.greater_elem(0.5).float();
    let real = words.clone().not_equal_elem(0).float();
    let both = real.clone().reshape([b, n, 1]) * real.reshape([b, 1, n]);
    let window = near * other * both;

    // dealt [B, n, m]: 1 where the noise is row i's and is not its word
    let group = |count: usize, each: usize| {
        let of: Vec<i64> = (0..count).map(|at| (at / each) as i64).collect();
        Tensor::<1, Int>::from_data(of.as_slice(), &device)
    };
    let same = group(n, share).reshape([n, 1]).expand([n, m]);
    let same = same.equal(group(m, per).reshape([1, m]).expand([n, m]));
    let differs = words
        .reshape([b, n, 1])
        .expand([b, n, m])
        .not_equal(noise.reshape([b, 1, m]).expand([b, n, m]));
    let dealt = same.float().reshape([1, n, m]) * differs.float();

    let size = window.clone().sum_dim(2); // [B, n, 1]
    let (loss, pairs) = if bag {
        // the mean of each window
        let v = window.matmul(x) / size.clone().clamp_min(1.0); // [B, n, d]
        let there = size.clamp_max(1.0); // [B, n, 1]
        let told = softplus((v.clone() * y).sum_dim(2).neg()) * there.clone();
        let against = softplus(v.matmul(z.swap_dims(1, 2))) * dealt * there.clone();
        (total(told) + total(against), total(there))
    } else {
        let told = softplus(y.matmul(x.clone().swap_dims(1, 2)).neg()) * window.clone();
        // how often word j meets each noise: [B, n, m]
        let meets = window.clone().swap_dims(1, 2).matmul(dealt);
        let against = softplus(x.matmul(z.swap_dims(1, 2))) * meets;
        (total(told) + total(against), total(window))
    };
    Ok(Tensor::cat(vec![loss, pairs], 1).into())
}

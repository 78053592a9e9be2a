//! Three blocks of convolution, batch norm, relu and pooling: small pictures, two CPU cores.

use super::layers::{ConvLayer, batch_norm, conv};
use crate::catalog::{Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Pool, Var};

/// `[B, C, H, W]` → `[B, 4 width]`. Blocks of `width`, `2 width` and `4 width` channels, each halving the map.
pub fn build(g: &mut Graph, width: usize, x: Var) -> Result<Var> {
    let mut x = x;
    for (index, channels) in [width, 2 * width, 4 * width].into_iter().enumerate() {
        let name = format!("conv{}", index + 1);
        x = g.scoped(&name, |g| g.at_depth(index, |g| block(g, channels, x)))?;
        g.place(&name, x);
    }
    g.global_avg_pool(x)
}

/// `[B, C, H, W]` → `[B, channels, H/2, W/2]`
fn block(g: &mut Graph, channels: usize, x: Var) -> Result<Var> {
    let x = g.scoped("conv", |g| conv(g, x, ConvLayer::new(channels, 3)))?;
    let x = g.scoped("bn", |g| batch_norm(g, x, 1e-5, 0.1))?;
    let x = g.relu(x)?;
    let pool = Pool {
        kernel: 2,
        stride: 2,
        padding: 0,
    };
    g.max_pool(x, pool)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "small_cnn",
        Kind::Encoder,
        "Three convolution blocks for small pictures; fast on a CPU.",
        Make::Encoder(|g, args, x| build(g, args.size("width"), x)),
    )
    .takes(SampleType::IMAGE)
    .param(
        Param::with_default(
            "width",
            Type::Integer,
            "32",
            "Channels of the first block; the second has twice, the third four times as many.",
        )
        .within(1.0, 4096.0),
    )
    .doc("Places: `conv1`, `conv2`, `conv3` (each after its pooling). Gives `4 width` features. Takes pictures from 8 px.")
    .example("small_cnn(width = 32)")
}

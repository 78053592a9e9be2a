//! RotNet's Network in Network for 32 px pictures (Gidaris et al., 2018; Lin et al., 2014).

use super::layers::{ConvLayer, batch_norm, conv};
use crate::catalog::{Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Pool, Var};

/// `[B, C, 32, 32]` → `[B, 192]`.
///
/// Block 1: 5×5, 192 → 1×1, 160 → 1×1, 96, max pool to 16×16. Block 2: 5×5, 1×1, 1×1 of 192, average pool to 8×8. Further
/// blocks: 3×3, 1×1, 1×1 of 192, no pool.
pub fn build(g: &mut Graph, blocks: usize, x: Var) -> Result<Var> {
    let pool = Pool {
        kernel: 3,
        stride: 2,
        padding: 1,
    };
    let mut x = x;
    for block in 1..=blocks {
        let name = format!("conv{block}");
        x = g.scoped(&name, |g| {
            g.at_depth(block - 1, |g| match block {
                1 => {
                    let x = convolutions(g, [(192, 5), (160, 1), (96, 1)], x)?; // [B, 96, 32, 32]
                    g.max_pool(x, pool) // [B, 96, 16, 16]
                }
                2 => {
                    let x = convolutions(g, [(192, 5), (192, 1), (192, 1)], x)?; // [B, 192, 16, 16]
                    g.avg_pool(x, pool) // [B, 192, 8, 8]
                }
                _ => convolutions(g, [(192, 3), (192, 1), (192, 1)], x), // [B, 192, 8, 8]
            })
        })?;
        g.place(&name, x);
    }
    g.global_avg_pool(x)
}

/// Three times convolution, batch norm, relu.
fn convolutions(g: &mut Graph, layers: [(usize, usize); 3], x: Var) -> Result<Var> {
    let mut x = x;
    for (index, (channels, kernel)) in layers.into_iter().enumerate() {
        x = g.scoped(&(index + 1).to_string(), |g| {
            let layer = ConvLayer::new(channels, kernel).he_fan_out();
            let x = g.scoped("conv", |g| conv(g, x, layer))?;
            let x = g.scoped("bn", |g| batch_norm(g, x, 1e-5, 0.1))?;
            g.relu(x)
        })?;
    }
    Ok(x)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "nin",
        Kind::Encoder,
        "RotNet's Network in Network for 32 px pictures.",
        Make::Encoder(|g, args, x| build(g, args.size("blocks"), x)),
    )
    .takes(SampleType::IMAGE)
    .param(
        Param::with_default("blocks", Type::Integer, "4", "Convolution blocks.").within(1.0, 16.0),
    )
    .paper(
        "Gidaris et al., 2018",
        "Unsupervised Representation Learning by Predicting Image Rotations",
        "arXiv:1803.07728",
    )
    .doc(
        "Places: `conv1` (96×16×16 for 32 px), `conv2` (192×8×8), `conv3`, … (192×8×8). Gives 192 features. The \
         paper reads `conv2` of a net of 4 blocks.",
    )
    .example("nin(blocks = 4)")
}

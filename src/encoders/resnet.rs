//! Residual networks (He et al., 2016) with torchvision's layout and parameter names.

use super::layers::{ConvLayer, LinearInit, batch_norm, conv, linear};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Pool, Var};

/// The two residual blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// 3×3, 3×3.
    Basic,
    /// 1×1, 3×3, 1×1 with four times the channels.
    Bottleneck,
}

impl Block {
    fn expansion(self) -> usize {
        match self {
            Block::Basic => 1,
            Block::Bottleneck => 4,
        }
    }
}

fn build(g: &mut Graph, block: Block, depth: [usize; 4], args: &Args, x: Var) -> Result<Var> {
    let small = args.word("stem") == "small";
    let mut x = g.at_depth(0, |g| stem(g, small, x))?;
    let mut above = 0;
    g.place("conv1", x);
    for (index, blocks) in depth.into_iter().enumerate() {
        let name = format!("layer{}", index + 1);
        let channels = 64 << index;
        for number in 0..blocks {
            let stride = if index > 0 && number == 0 { 2 } else { 1 };
            above += 1;
            x = g.scoped(&name, |g| {
                g.scoped(&number.to_string(), |g| {
                    g.at_depth(above, |g| residual(g, block, channels, stride, x))
                })
            })?;
        }
        g.place(&name, x);
    }
    let x = g.global_avg_pool(x)?; // [B, 512] or [B, 2048]
    match args.maybe_size("classes") {
        Some(classes) => g.scoped("fc", |g| linear(g, x, classes, true, LinearInit::Uniform)),
        None => Ok(x),
    }
}

/// `imagenet`: 7×7 with stride 2, then max pool; `small`: 3×3 (Chen et al., 2020, for CIFAR).
fn stem(g: &mut Graph, small: bool, x: Var) -> Result<Var> {
    let layer = if small {
        ConvLayer::new(64, 3)
    } else {
        ConvLayer::new(64, 7).stride(2)
    };
    let x = conv_norm(g, "conv1", "bn1", layer, x)?;
    let x = g.relu(x)?;
    if small {
        return Ok(x); // [B, 64, H, W]
    }
    let pool = Pool {
        kernel: 3,
        stride: 2,
        padding: 1,
    };
    g.max_pool(x, pool) // [B, 64, H/4, W/4]
}

/// relu(f(x) + x), where the shortcut is a 1×1 convolution when sizes change.
fn residual(g: &mut Graph, block: Block, channels: usize, stride: usize, x: Var) -> Result<Var> {
    let out = channels * block.expansion();
    let layers: &[ConvLayer] = match block {
        Block::Basic => &[
            ConvLayer::new(channels, 3).stride(stride),
            ConvLayer::new(channels, 3),
        ],
        // the stride sits on the 3×3, as in torchvision ("v1.5")
        Block::Bottleneck => &[
            ConvLayer::new(channels, 1),
            ConvLayer::new(channels, 3).stride(stride),
            ConvLayer::new(out, 1),
        ],
    };
    let mut f = x;
    for (index, layer) in layers.iter().enumerate() {
        if index > 0 {
            f = g.relu(f)?;
        }
        let number = index + 1;
        f = conv_norm(
            g,
            &format!("conv{number}"),
            &format!("bn{number}"),
            *layer,
            f,
        )?;
    }
    let [channels_in, _, _] = g.check_map("resnet", x)?;
    let shortcut = if stride != 1 || channels_in != out {
        let layer = ConvLayer::new(out, 1).stride(stride);
        g.scoped("downsample", |g| conv_norm(g, "0", "1", layer, x))?
    } else {
        x
    };
    let sum = g.add(f, shortcut)?;
    g.relu(sum)
}

fn conv_norm(g: &mut Graph, conv_name: &str, norm: &str, layer: ConvLayer, x: Var) -> Result<Var> {
    let x = g.scoped(conv_name, |g| conv(g, x, layer.he_fan_out()))?;
    g.scoped(norm, |g| batch_norm(g, x, 1e-5, 0.1))
}

fn spec(name: &str, summary: &str, make: Make) -> Spec {
    Spec::new(name, Kind::Encoder, summary, make)
        .takes(SampleType::IMAGE)
        .param(Param::with_default(
            "stem",
            Type::Choice(&["imagenet", "small"]),
            "imagenet",
            "`imagenet`: 7×7 with stride 2 and a max pool. `small`: 3×3, for pictures of about 32 px.",
        ))
        .param(
            Param::optional(
                "classes",
                Type::Integer,
                "Adds torchvision's classifier `fc` with this many outputs.",
            )
            .within(1.0, 1e6),
        )
        .paper(
            "He et al., 2016",
            "Deep Residual Learning for Image Recognition",
            "arXiv:1512.03385",
        )
        .doc(
            "Places: `conv1` (after the stem), `layer1` … `layer4`. Parameters have torchvision's names and start as \
             torchvision's do.",
        )
        .example(&format!("{name}(stem = small)"))
}

pub(super) fn specs() -> Vec<Spec> {
    vec![
        spec(
            "resnet18",
            "An 18-layer residual network; 512 features.",
            Make::Encoder(|g, args, x| build(g, Block::Basic, [2, 2, 2, 2], args, x)),
        ),
        spec(
            "resnet34",
            "A 34-layer residual network; 512 features.",
            Make::Encoder(|g, args, x| build(g, Block::Basic, [3, 4, 6, 3], args, x)),
        ),
        spec(
            "resnet50",
            "A 50-layer residual network; 2048 features.",
            Make::Encoder(|g, args, x| build(g, Block::Bottleneck, [3, 4, 6, 3], args, x)),
        ),
    ]
}

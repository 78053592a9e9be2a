//! `conv_transpose(64, 4, stride = 2, padding = 1)`

use crate::catalog::{Kind, Make, Param, Problem, Result, Spec, Type};
use crate::graph::{ConvTranspose, Graph, Init, Var};
use crate::language::codes::Code;

/// A transposed convolution layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTransposeLayer {
    /// Output channels.
    pub channels: usize,
    /// Window size.
    pub kernel: usize,
    /// Step, paddings and groups.
    pub conv: ConvTranspose,
    /// Adds a learnt constant per channel.
    pub bias: bool,
}

/// `[B, C, H, W]` → `[B, channels, H', W']` with the parameters `weight` and `bias` of the current scope.
pub fn conv_transpose(g: &mut Graph, x: Var, layer: ConvTransposeLayer) -> Result<Var> {
    let [channels, _, _] = g.check_map("conv_transpose", x)?;
    let groups = layer.conv.groups.max(1);
    if !channels.is_multiple_of(groups) || !layer.channels.is_multiple_of(groups) {
        return Err(Problem::argument(
            Code::Shape,
            "groups",
            format!(
                "{channels} channels in and {} out can't be split into {groups} groups",
                layer.channels
            ),
        ));
    }
    let outside = layer.channels / groups;
    // PyTorch counts the fan-in of the transposed weight
    let bound = 1.0 / ((outside * layer.kernel * layer.kernel) as f32).sqrt();
    let shape = [channels, outside, layer.kernel, layer.kernel];
    let weight = g.parameter("weight", &shape, Init::Uniform(bound));
    let bias = layer
        .bias
        .then(|| g.parameter("bias", &[layer.channels], Init::Uniform(bound)));
    g.conv_transpose2d(x, weight, bias, layer.conv)
}

pub(super) fn spec() -> Spec {
    let count = |name, preset, doc| {
        Param::with_default(name, Type::Integer, preset, doc).within(0.0, 65536.0)
    };
    Spec::new(
        "conv_transpose",
        Kind::Layer,
        "A convolution backwards: a larger map from a smaller one.",
        Make::Layer(|g, args, x| {
            let conv = ConvTranspose {
                stride: args.size("stride"),
                padding: args.size("padding"),
                output_padding: args.size("output_padding"),
                groups: args.size("groups"),
            };
            let layer = ConvTransposeLayer {
                channels: args.size("channels"),
                kernel: args.size("kernel"),
                conv,
                bias: args.switch("bias"),
            };
            conv_transpose(g, x, layer)
        }),
    )
    .param(Param::required("channels", Type::Integer, "Output channels.").within(1.0, 65536.0))
    .param(Param::required("kernel", Type::Integer, "Window size.").within(1.0, 255.0))
    .param(Param::with_default("stride", Type::Integer, "1", "Step.").within(1.0, 255.0))
    .param(count("padding", "0", "Taken from each side."))
    .param(count(
        "output_padding",
        "0",
        "Added to the far side; less than the stride.",
    ))
    .param(
        Param::with_default("groups", Type::Integer, "1", "Channel groups.").within(1.0, 65536.0),
    )
    .param(Param::switch("bias", "on", "Adds a learnt constant to each channel."))
    .paper(
        "Zeiler et al., 2010",
        "Deconvolutional Networks",
        "doi:10.1109/CVPR.2010.5539957",
    )
    .doc(
        "`[B, C, H, W]` becomes `[B, channels, H', W']` with `H' = (H - 1) stride - 2 padding + kernel + output_padding`. Weight and \
         bias start uniform in ±1/√(channels/groups kernel²), as in PyTorch.",
    )
    .example("conv_transpose(64, 4, stride = 2, padding = 1)")
}

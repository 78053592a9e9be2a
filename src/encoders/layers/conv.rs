//! `conv(96, 5)`

use crate::catalog::{Kind, Make, Param, Problem, Result, Spec, Type};
use crate::graph::{Conv, Graph, Init, Var};
use crate::language::codes::Code;

/// A convolution layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvLayer {
    /// Output channels.
    pub channels: usize,
    /// Window size.
    pub kernel: usize,
    /// Step.
    pub stride: usize,
    /// Zeros on each side.
    pub padding: usize,
    /// Channel groups.
    pub groups: usize,
    /// Adds a learnt constant per channel.
    pub bias: bool,
    /// How the weight starts; `None`: uniform in ±1/√fan_in as in PyTorch, the bias too.
    pub init: Option<Init>,
}

impl ConvLayer {
    /// Stride 1, half the window as padding, one group, no bias: what stands before a batch norm.
    pub fn new(channels: usize, kernel: usize) -> Self {
        Self {
            channels,
            kernel,
            stride: 1,
            padding: kernel / 2,
            groups: 1,
            bias: false,
            init: None,
        }
    }

    /// With this stride.
    pub fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// The weight normal with variance 2 / (k² channels): He et al. (2015), fan-out.
    pub fn he_fan_out(self) -> Self {
        let fan_out = (self.kernel * self.kernel * self.channels) as f32;
        let init = Some(Init::Normal((2.0 / fan_out).sqrt()));
        Self { init, ..self }
    }
}

/// `[B, C, H, W]` → `[B, channels, H', W']` with the parameters `weight` and `bias` of the current scope.
pub fn conv(g: &mut Graph, x: Var, layer: ConvLayer) -> Result<Var> {
    let [channels, _, _] = g.check_map("conv", x)?;
    let groups = layer.groups.max(1);
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
    let inside = channels / groups;
    let bound = 1.0 / ((inside * layer.kernel * layer.kernel) as f32).sqrt();
    let init = layer.init.unwrap_or(Init::Uniform(bound));
    let shape = [layer.channels, inside, layer.kernel, layer.kernel];
    let weight = g.parameter("weight", &shape, init);
    let bias = layer
        .bias
        .then(|| g.parameter("bias", &[layer.channels], Init::Uniform(bound)));
    let op = Conv {
        stride: layer.stride,
        padding: layer.padding,
        groups,
    };
    g.conv2d(x, weight, bias, op)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "conv",
        Kind::Layer,
        "A convolution over a map.",
        Make::Layer(|g, args, x| {
            let kernel = args.size("kernel");
            let layer = ConvLayer {
                channels: args.size("channels"),
                kernel,
                stride: args.size("stride"),
                padding: args.maybe_size("padding").unwrap_or(kernel / 2),
                groups: args.size("groups"),
                bias: args.switch("bias"),
                init: None,
            };
            conv(g, x, layer)
        }),
    )
    .param(Param::required("channels", Type::Integer, "Output channels.").within(1.0, 65536.0))
    .param(Param::required("kernel", Type::Integer, "Window size.").within(1.0, 255.0))
    .param(Param::with_default("stride", Type::Integer, "1", "Step.").within(1.0, 255.0))
    .param(
        Param::optional(
            "padding",
            Type::Integer,
            "Zeros on each side; half of the window, rounded down, where it is absent.",
        )
        .within(0.0, 255.0),
    )
    .param(
        Param::with_default("groups", Type::Integer, "1", "Channel groups.").within(1.0, 65536.0),
    )
    .param(Param::switch("bias", "on", "Adds a learnt constant to each channel."))
    .doc("`[B, C, H, W]` becomes `[B, channels, H', W']`. Weight and bias start uniform in ±1/√(C/groups kernel²), as in PyTorch.")
    .example("conv(96, 5)")
}

//! `batch_norm()`, `layer_norm()`, `group_norm(8)`, `l2_normalize()`

use crate::catalog::{Kind, Make, Param, Result, Spec, Type};
use crate::graph::{Graph, Init, Running, Var};

/// Normalises each channel by the batch (training) or by the running statistics (evaluation), with the parameters
/// `weight`, `bias` and the buffers `running_mean`, `running_var` of the current scope.
pub fn batch_norm(g: &mut Graph, x: Var, epsilon: f64, momentum: f64) -> Result<Var> {
    let channels = g.check_channels("batch_norm", x)?;
    let gamma = g.parameter("weight", &[channels], Init::Constant(1.0));
    let beta = g.parameter("bias", &[channels], Init::Constant(0.0));
    let running = Running {
        mean: g.buffer("running_mean", &[channels], 0.0),
        variance: g.buffer("running_var", &[channels], 1.0),
        epsilon,
        momentum,
    };
    g.batch_norm(x, gamma, beta, running)
}

/// Normalises the last dimension, with the parameters `weight` and `bias` of the current scope.
pub fn layer_norm(g: &mut Graph, x: Var, epsilon: f64) -> Result<Var> {
    let features = g.check_features("layer_norm", x)?;
    let gamma = g.parameter("weight", &[features], Init::Constant(1.0));
    let beta = g.parameter("bias", &[features], Init::Constant(0.0));
    g.layer_norm(x, gamma, beta, epsilon)
}

/// Normalises groups of channels of each sample, with the parameters `weight` and `bias` of the current scope.
pub fn group_norm(g: &mut Graph, x: Var, groups: usize, epsilon: f64) -> Result<Var> {
    let channels = g.check_channels("group_norm", x)?;
    let gamma = g.parameter("weight", &[channels], Init::Constant(1.0));
    let beta = g.parameter("bias", &[channels], Init::Constant(0.0));
    g.group_norm(x, Some(gamma), Some(beta), groups, epsilon)
}

pub(super) fn specs() -> Vec<Spec> {
    let epsilon = || {
        Param::with_default("epsilon", Type::Number, "1e-5", "Added to the variance.")
            .within(0.0, 1.0)
    };
    vec![
        Spec::new(
            "batch_norm",
            Kind::Layer,
            "Normalises each channel by the batch.",
            Make::Layer(|g, args, x| {
                batch_norm(g, x, args.number("epsilon"), args.number("momentum"))
            }),
        )
        .param(epsilon())
        .param(
            Param::with_default(
                "momentum",
                Type::Number,
                "0.1",
                "Weight of the batch in the running statistics.",
            )
            .within(0.0, 1.0),
        )
        .paper(
            "Ioffe & Szegedy, 2015",
            "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
            "arXiv:1502.03167",
        )
        .doc("Takes `[B, C]` or `[B, C, H, W]`. The running variance is unbiased, as in PyTorch."),
        Spec::new(
            "layer_norm",
            Kind::Layer,
            "Normalises the features of each sample.",
            Make::Layer(|g, args, x| layer_norm(g, x, args.number("epsilon"))),
        )
        .param(epsilon())
        .paper("Ba et al., 2016", "Layer Normalization", "arXiv:1607.06450")
        .doc("Over the last dimension of `[B, D]` or `[B, N, D]`."),
        Spec::new(
            "group_norm",
            Kind::Layer,
            "Normalises groups of channels of each sample.",
            Make::Layer(|g, args, x| {
                group_norm(g, x, args.size("groups"), args.number("epsilon"))
            }),
        )
        .param(
            Param::required(
                "groups",
                Type::Integer,
                "How many; a divisor of the channels. As many as channels: instance norm.",
            )
            .within(1.0, 65536.0),
        )
        .param(epsilon())
        .paper("Wu & He, 2018", "Group Normalization", "arXiv:1803.08494")
        .doc("Takes `[B, C]` or `[B, C, H, W]`; knows nothing of the batch, so it is the same in training and evaluation.")
        .example("group_norm(8)"),
        Spec::new(
            "l2_normalize",
            Kind::Layer,
            "Vectors of length 1.",
            Make::Layer(|g, _, x| g.l2_normalize(x)),
        )
        .doc("Over the last dimension of `[B, D]` or `[B, N, D]`: x / √(Σ x² + 1e-12)."),
    ]
}
